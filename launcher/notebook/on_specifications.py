"""Hangs on specifications, and their parts, how they are read from Timeloop's files.

They do not know it: what they are made of is independent of any file.
"""

from __future__ import annotations

from pathlib import Path

from launcher.specification.architecture import Architecture
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import read_mapping, read_problem_of, read_specification
from launcher.timeloop_files.load import Document

__all__ = ["Architecture", "DataSpace", "LevelMapping", "Loop", "Mapping", "Problem", "Specification", "Term"]

_ANY_PROBLEM = """
problem:
  shape:
    name: matmul
    dimensions: [L, D, E]
    data_spaces:
      - {name: Weights, projection: [[[E]], [[D]]]}
      - {name: Inputs, projection: [[[L]], [[E]]]}
      - {name: Outputs, projection: [[[L]], [[D]]], read_write: true}
  instance: {L: 1, D: 1, E: 1}
"""


def _architecture(*files: str | Path) -> Architecture:
    """The architecture in Timeloop files; what they constrain belongs to a specification.

    Raises:
        SpecificationError: names file, line, key and value.
    """
    documents = [Document.from_file(Path(file)) for file in files]
    if not any("problem" in one.root for one in documents):
        documents.append(Document.from_text(_ANY_PROBLEM, "a matmul"))
    return read_specification(documents, partial=True).architecture


def _specification(*files: str | Path) -> Specification:
    """The specification in Timeloop files; an ERT may lack what nobody knows.

    Raises:
        SpecificationError: names file, line, key and value.
    """
    return read_specification([Path(file) for file in files], partial=True)


def _problem(file: str | Path) -> Problem:
    """The problem in a Timeloop file; errors as of a specification."""
    return read_problem_of([Path(file)])


def _mapping(file: str | Path, specification: Specification) -> Mapping:
    """The mapping in a Timeloop file, of this specification."""
    return read_mapping([Path(file)], specification)


Architecture.from_yaml = staticmethod(_architecture)  # type: ignore[attr-defined]
Specification.from_yaml = staticmethod(_specification)  # type: ignore[attr-defined]
Problem.from_yaml = staticmethod(_problem)  # type: ignore[attr-defined]
Mapping.from_yaml = staticmethod(_mapping)  # type: ignore[attr-defined]
