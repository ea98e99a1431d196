"""Mappings as Timeloop prints them for people, in ``*.map.txt``: all that most public results say of theirs.

DRAM [ Weights:864 (864) Inputs:151875 (151875) ]
-------------------------------------------------
| for P in [0:8)
|   for M in [0:4,3) (Spatial-X)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from launcher.errors import SpecificationError
from launcher.specification.architecture import Architecture
from launcher.specification.mapping import LevelMapping, Loop, Mapping, find_factor_mistake
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification

MAX_BYTES = 4 * 2**20
"""Largest file that is read."""

_LEVEL = re.compile(r"^\s*(\S.*?) \[ (.*)\]\s*$")
_KEPT = re.compile(r"([A-Za-z_]\w*)(?::\d+)?(?: \(\d+\))?")
_LOOP = re.compile(r"^[|\s]*for (\w+) in \[0:(\d+)(?:,(\d+))?\)(?: \(Spatial-([XY])\))?\s*$")


@dataclass
class _Level:
    """What is said of a level, loops outermost first."""

    line: int
    keep: tuple[str, ...]
    loops: dict[str | None, list[Loop]] = field(default_factory=dict)

    def inner_first(self, where: str | None) -> tuple[Loop, ...]:
        return tuple(reversed(self.loops.get(where, [])))


def read_map_text(path: Path, specification: Specification) -> Mapping:
    """The mapping that a run of Timeloop printed.

    Args:
        path: the file.
        specification: of the run.

    Raises:
        SpecificationError: the file cannot be read, or does not fit the specification.
    """
    levels = _levels(_lines(path), str(path))
    architecture, problem = specification.architecture, specification.problem
    _check_names(levels, architecture, problem, path)
    found = tuple(_level(level.name, levels[level.name]) for level in architecture.levels)
    mapping = Mapping(found)
    mistake = find_factor_mistake(mapping, problem, may_exceed=True)
    if mistake is not None:
        raise SpecificationError(mistake.what, where=str(path), expected=mistake.expected)
    return mapping


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SpecificationError("the mapping is too large", where=str(path), expected="a map.txt of Timeloop")
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise SpecificationError(f"cannot read the mapping: {error.strerror}", where=str(path)) from None


def _levels(lines: list[str], source: str) -> dict[str, _Level]:
    levels: dict[str, _Level] = {}
    latest: _Level | None = None
    for number, line in enumerate(lines, 1):
        if loop := _LOOP.match(line):
            if latest is None:
                raise SpecificationError("a loop stands before the first level", where=f"{source}:{number}")
            dimension, bound, residual, where = loop.groups()
            if int(bound) > 1:
                one = Loop(dimension, int(bound), int(residual) if residual else None)
                latest.loops.setdefault(where, []).append(one)
        elif level := _LEVEL.match(line):
            latest = levels[level[1]] = _Level(number, tuple(match[1] for match in _KEPT.finditer(level[2])))
    if not levels:
        raise SpecificationError("there is no mapping in the file", where=source, expected="a map.txt of Timeloop")
    return levels


def _check_names(levels: dict[str, _Level], architecture: Architecture, problem: Problem, path: Path) -> None:
    names = [level.name for level in architecture.levels]
    if {*levels} != {*names}:
        lacking = min({*names} ^ {*levels})
        said = "is not in the mapping" if lacking in names else "is not in the architecture"
        raise SpecificationError(
            f"level '{lacking}' {said}",
            where=str(path),
            expected=f"the levels {', '.join(reversed(names))}",
            hint="name the architecture and the problem of this run",
        )
    for name, level in levels.items():
        unknown = [one for one in level.keep if one not in problem.data_space_names]
        unknown += [
            x.dimension for loops in level.loops.values() for x in loops if x.dimension not in problem.dimensions
        ]
        if unknown:
            raise SpecificationError(
                f"level '{name}' speaks of '{unknown[0]}', which the problem does not have",
                where=f"{path}:{level.line}",
                expected=f"one of: {', '.join((*problem.data_space_names, *problem.dimensions))}",
                hint="name the problem of this run",
            )


def _level(name: str, level: _Level) -> LevelMapping:
    across, down, temporal = (level.inner_first(where) for where in ("X", "Y", None))
    return LevelMapping(name, level.keep, across, down, temporal)
