"""Why two trials take different numbers of cycles: what each of them waits for."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.reporting.numbers import count, short_count, significant
from launcher.results.cycle_limits import CycleLimit, cycle_limits
from launcher.results.result import Result

_LAST = ("compute", "latency")
_Pair = tuple[CycleLimit | None, CycleLimit | None]


@dataclass(frozen=True)
class CyclesChange:
    """What one resource alone would need in both trials, and what changed of it.

    Attributes:
        resource: e.g. ``MAC`` or ``Scratchpad read``.
        cycles: in the first and in the second trial; None where the trial has no such resource, or does not use it.
        limiting: whether the trial waits for it.
        reason: empty when nothing changed.
    """

    resource: str
    cycles: tuple[int | None, int | None]
    limiting: tuple[bool, bool]
    reason: str = ""


def cycles_between(first: Result, second: Result) -> tuple[CyclesChange, ...]:
    """Every resource of two layers, levels first, outermost first."""
    limits = [{_key(one): one for one in cycle_limits(result)} for result in (first, second)]
    keys = sorted(
        dict.fromkeys([*limits[0], *limits[1]]), key=lambda key: _LAST.index(key[1]) if key[1] in _LAST else -1
    )
    return tuple(_change((limits[0].get(key), limits[1].get(key))) for key in keys)


def waits(changes: tuple[CyclesChange, ...], index: int) -> str:
    """What the first (0) or the second (1) trial waits for; empty when that is not known."""
    return next((one.resource for one in changes if one.limiting[index]), "")


def _key(limit: CycleLimit) -> tuple[str, str]:
    return ("" if limit.kind == "compute" else limit.component, limit.kind)


def _change(pair: _Pair) -> CyclesChange:
    first, second = pair
    last = second or first
    assert last is not None
    return CyclesChange(
        resource=last.label,
        cycles=(first.cycles if first else None, second.cycles if second else None),
        limiting=(bool(first and first.limiting), bool(second and second.limiting)),
        reason=_reason(first, second) if first and second else "",
    )


def _reason(first: CycleLimit, second: CycleLimit) -> str:
    if first.cycles == second.cycles:
        return ""
    if second.kind == "latency":
        return "fill and drain of the networks"
    things = ("operations", "compute units in use") if second.kind == "compute" else ("words", "words per cycle")
    parts = []
    if first.words != second.words:
        parts.append(f"{short_count(second.words)} instead of {short_count(first.words)} {things[0]}")
    if first.per_cycle != second.per_cycle:
        rates = [significant(one, 3) if one < 1000 else count(one) for one in (second.per_cycle, first.per_cycle)]
        parts.append(f"{rates[0]} instead of {rates[1]} {things[1]}")
    return ", ".join(parts)
