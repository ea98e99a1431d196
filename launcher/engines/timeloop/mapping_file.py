"""The mapping that a Timeloop run found."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from launcher.engines.timeloop.xml_file import incomplete
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import Document, read_mapping

_LEVEL = re.compile(r"^(\S+) \[ .*\] *$")
_LOOP = re.compile(r"^[| ]*for (\w+) in \[0:(\d+),(\d+)\)( \(Spatial-[XY]\))?")

Residuals = dict[tuple[str, str, str], int]
"""(level, ``temporal`` or ``spatial``, dimension) -> bound in the last iteration."""


def read_found(specification: Specification, map_yaml: Path, map_txt: Path) -> Mapping:
    """The mapping in Timeloop's ``map.yaml``, which lacks the residuals of imperfect factors; ``map.txt`` has them.

    Raises:
        EngineError: a file is missing or truncated.
        SpecificationError: the mapping does not fit the specification.
    """
    try:
        text = map_yaml.read_text(encoding="utf-8")
        residuals = _residuals(map_txt.read_text(encoding="utf-8"))
    except OSError as error:
        raise incomplete(Path(error.filename), f"it cannot be read: {error.strerror}") from None
    if residuals:
        text = _with_residuals(text, residuals)
    return read_mapping([Document.from_text(text, str(map_yaml))], specification)


def _residuals(text: str) -> Residuals:
    found: Residuals = {}
    level = ""
    for line in text.splitlines():
        if match := _LEVEL.match(line):
            level = match[1]  # of several in a row, the loops belong to the last
        elif match := _LOOP.match(line):
            kind = "spatial" if match[4] else "temporal"
            found[level, kind, match[1]] = int(match[3])
    return found


def _with_residuals(text: str, residuals: Residuals) -> str:
    content = yaml.safe_load(text)
    for directive in content["mapping"]:
        if "factors" not in directive:
            continue
        factors = []
        for factor in str(directive["factors"]).split():
            dimension = re.match(r"[A-Za-z]+", factor)
            assert dimension is not None  # Timeloop wrote it
            last = residuals.get((directive["target"], directive["type"], dimension[0]))
            factors.append(factor if last is None else f"{factor},{last}")
        directive["factors"] = " ".join(factors)
    return yaml.safe_dump(content)
