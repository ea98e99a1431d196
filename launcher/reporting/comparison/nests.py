"""How two loop nests differ, level by level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from launcher.reporting.diagrams.nest import NestLevel, NestLoop, nest_levels
from launcher.reporting.loop_nest import last_iteration
from launcher.reporting.numbers import count
from launcher.results.parameters import ABSENT
from launcher.results.result import Result


@dataclass(frozen=True)
class NestChange:
    """What differs at one level.

    Attributes:
        level: as people call it; a container's fan-out stands in brackets.
        what: ``keeps``, ``loops in time``, ``loops along X``, ``loops along Y``, or ``instances``.
        first, second: as text, loops outermost first; ``-`` for none.
    """

    level: str
    what: str
    first: str
    second: str


def nests_between(first: Result, second: Result) -> tuple[NestChange, ...]:
    """Everything that differs between two loop nests, outermost level first; a level of one only has all its lines."""
    nests = [{_name(one): one for one in nest_levels(result)} for result in (first, second)]
    names = list(dict.fromkeys([*nests[0], *nests[1]]))
    return tuple(change for name in names for change in _level(name, nests[0].get(name), nests[1].get(name)))


def _level(name: str, first: NestLevel | None, second: NestLevel | None) -> Iterator[NestChange]:
    before, after = (_lines(one) for one in (first, second))
    for what in dict.fromkeys([*before, *after]):
        texts = before.get(what, ABSENT), after.get(what, ABSENT)
        if texts[0] != texts[1]:
            yield NestChange(name, what, *texts)


def _lines(level: NestLevel | None) -> dict[str, str]:
    if level is None:
        return {}
    lines = {"instances": count(level.instances)} if level.instances > 1 and not level.fan_out else {}
    if level.tiles:
        lines["keeps"] = " + ".join(f"{tile.data_space} {count(tile.words)}" for tile in level.tiles)
    for axis, what in (("", "loops in time"), ("Y", "loops along Y"), ("X", "loops along X")):
        loops = [_factor(loop) for loop in level.loops if loop.axis == axis]
        if loops:
            lines[what] = ", ".join(loops)
    return lines


def _factor(loop: NestLoop) -> str:
    """``D 16``; ``D 16 (last 4)`` when the last iteration has a bound of its own."""
    last = last_iteration(loop.bound, loop.residual).removeprefix(", ")
    return f"{loop.dimension} {count(loop.bound)}" + (f" ({last})" if last else "")


def _name(level: NestLevel) -> str:
    return level.name if level.css_class else f"[{level.name}]"
