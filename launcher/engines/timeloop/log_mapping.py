"""The best mapping in a search's log: what is left of one that died."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from launcher.figures import CRITERIA
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.specification import Specification

_FOUND = re.compile(
    r"^\[ *\d+\] Utilization = .*?\| pJ/Compute = *(?P<energy>[0-9.eE+-]+) *\| (?P<nest>L\d+\[.*?) *"
    r"\| Cycles = (?P<cycles>\d+)",
    re.MULTILINE,
)
_LEVEL = re.compile(r"L(\d+)\[(\w*)\]([^\[]*?)(?=(?:- L\d+\[)|$)")


@dataclass(frozen=True)
class Logged:
    """The best mapping of a log, and how many it has."""

    mapping: Mapping
    count: int


def best_logged(log: str, specification: Specification, objective: Sequence[str]) -> Logged | None:
    """The best mapping that a log shows; None when it shows none, or none that can be read with certainty.

    Args:
        log: of ``timeloop-mapper``, which has a line for every improvement.
        specification: that was searched.
        objective: criteria; the first decides.
    """
    found = []
    for one in _FOUND.finditer(log):
        energy_pj = float(one["energy"]) * specification.problem.computes
        mapping = _mapping(one["nest"], specification)
        if mapping is not None:
            found.append((CRITERIA[objective[0]].value(energy_pj, float(one["cycles"])), mapping))
    if not found:
        return None
    # Of equal figures, which the log rounds, the last was better.
    return Logged(min(reversed(found), key=lambda one: one[0])[1], len(found))


def _mapping(nest: str, specification: Specification) -> Mapping | None:
    """``L1[WIO] D4 E4 - L0[W] E16X L16``: outermost level first, and in it the outermost loop."""
    parts = {int(number): (kept, loops) for number, kept, loops in _LEVEL.findall(nest)}
    levels = specification.architecture.levels
    if parts.keys() != set(range(len(levels))):
        return None
    made = []
    for number, level in enumerate(levels):
        kept, written = parts[number]
        keep, loops = _kept(kept, specification), list(_loops(written, specification))
        if keep is None or None in loops:
            return None
        nests = {
            where: tuple(one[1] for one in loops if one and one[0] == where and one[1].bound > 1) for where in "XYT"
        }
        made.append(LevelMapping(level.name, keep, nests["X"][::-1], nests["Y"][::-1], nests["T"][::-1]))
    return Mapping(tuple(made))


def _kept(letters: str, specification: Specification) -> tuple[str, ...] | None:
    """The data spaces that begin with these letters, in their order; None where several choices do."""
    names = [space.name for space in specification.problem.data_spaces]
    fitting = [some for some in combinations(names, len(letters)) if "".join(name[0] for name in some) == letters]
    return fitting[0] if len(fitting) == 1 else None


def _loops(text: str, specification: Specification) -> Iterator[tuple[str, Loop] | None]:
    """``X``, ``Y`` or ``T`` (in time), and the loop; None of what is no loop over a dimension of the problem."""
    names = "|".join(sorted(map(re.escape, specification.problem.dimensions), key=len, reverse=True))
    for word in text.strip(" -").split():
        loop = re.fullmatch(rf"({names})(\d+)(?:;(\d+))?([XY]?)", word)
        if loop is None:
            yield None
        elif int(loop[2]) > 1:
            yield loop[4] or "T", Loop(loop[1], int(loop[2]), int(loop[3]) if loop[3] else None)
