"""Reads, fills and updates of every level under an imperfect mapping: in total, and of the busiest instance."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from launcher.engines.native.formulas import elide_first_touch
from launcher.engines.native.imperfect.loops import DigitNest, digit_nest
from launcher.engines.native.imperfect.traffic import Crossing, TensorTraffic
from launcher.engines.native.imperfect.windows import check_windows, windowed_dimensions
from launcher.engines.native.lowering import Nest
from launcher.engines.native.reuse_rules import ReuseRules, reuse_rules
from launcher.engines.native.tiles import Tensor
from launcher.errors import SpecificationError
from launcher.results.evaluation import AccessTotals
from launcher.specification.specification import Specification

_NONE = AccessTotals(0, 0, 0)


@dataclass(frozen=True)
class SharedAccesses:
    """One tensor at one level.

    Attributes:
        read_write: whether the tensor is accumulated into.
        tile_words: the tile kept here, a full one; 0 when it bypasses the level.
        totals: words over all instances.
        busiest: words of the instance that has most to do.
        instances: the most that are in use at a time.
        first_words: words that all instances touch for the first time, each counted once per instance that has it.
    """

    read_write: bool
    tile_words: int = 0
    totals: AccessTotals = _NONE
    busiest: AccessTotals = _NONE
    instances: int = 1
    first_words: int = 0

    @property
    def reads(self) -> Fraction:
        """Words per instance in use."""
        return Fraction(self.totals.reads, self.instances)

    @property
    def fills(self) -> Fraction:
        return Fraction(self.totals.fills, self.instances)

    @property
    def updates(self) -> Fraction:
        return Fraction(self.totals.updates, self.instances)


@dataclass(frozen=True)
class CountedTensor:
    """A tensor's accesses, innermost level first, and what crosses the boundary below each level.

    Attributes:
        accesses: per level.
        crossings: per level the boundary below it; None where nothing crosses, outside all that keep the tensor.
        traffic: counts what crosses a boundary.
    """

    accesses: tuple[SharedAccesses, ...]
    crossings: tuple[Crossing | None, ...]
    traffic: TensorTraffic


def count_tensors(
    specification: Specification, tensors: tuple[Tensor, ...], nest: Nest, *, pause_is_turn: bool = False
) -> tuple[CountedTensor, ...]:
    """Accesses of every tensor.

    Raises:
        SpecificationError: windows slide along imperfect factors, coalescing is switched off, or the projection of a
            read-write tensor leaves gaps.
    """
    check_windows(specification.problem, nest)
    loops = digit_nest(specification.problem, nest)
    return tuple(
        _counted(specification, number, tensor, nest, loops, pause_is_turn) for number, tensor in enumerate(tensors)
    )


def _counted(
    specification: Specification, number: int, tensor: Tensor, nest: Nest, loops: DigitNest, pause_is_turn: bool
) -> CountedTensor:
    rules = reuse_rules(specification, tensor.name)
    _check_coalescing(specification, tensor, rules)
    windowed = windowed_dimensions(specification.problem, tensor.name)
    traffic = TensorTraffic(tensor, rules, nest, loops, windowed, pause_is_turn=pause_is_turn)
    kept = [index for index, level in enumerate(nest.levels) if level.keep[number]]
    crossings = tuple(
        Crossing(max((inner for inner in kept if inner < index), default=-1), index) if index <= kept[-1] else None
        for index in range(len(nest.levels))
    )
    accesses = []
    for index, crossing in enumerate(crossings):
        if crossing is None or index not in kept:
            accesses.append(SharedAccesses(tensor.read_write, instances=nest.levels[index].instances))
        else:
            accesses.append(_level(tensor, traffic, nest, rules[index], crossing, backing=index == kept[-1]))
    return CountedTensor(tuple(accesses), crossings, traffic)


def _level(
    tensor: Tensor, traffic: TensorTraffic, nest: Nest, rules: ReuseRules, crossing: Crossing, *, backing: bool
) -> SharedAccesses:
    index = crossing.outer
    totals, busiest = (
        _split(
            traffic.words(Crossing(crossing.inner, index, busy)),
            None if backing else traffic.words(Crossing(index, index, busy)),
            traffic.first_touches(index, busiest=busy) if tensor.read_write else 0,
            rules,
            read_write=tensor.read_write,
        )
        for busy in (False, True)
    )
    return SharedAccesses(
        tensor.read_write,
        tensor.words(nest.levels[index].extents),
        totals,
        busiest,
        nest.levels[index].instances,
        traffic.first_touches(index),
    )


def _split(taken: int, given: int | None, untouched: int, rules: ReuseRules, *, read_write: bool) -> AccessTotals:
    """Tell reads, fills and updates apart, as for perfect mappings; nothing is ``given`` to the outermost level."""
    if not read_write:
        return AccessTotals(taken, given or 0, 0)
    if taken < untouched:
        raise SpecificationError(
            "fewer words of a read-write data space are updated than it has: its projection leaves gaps",
            expected="a projection without gaps, such as [[[D]], [[L]]]",
        )
    elided = 0 if rules.first_update_reads else untouched
    fills = 0 if given is None else int(elide_first_touch(given, elided))
    return AccessTotals(int(elide_first_touch(taken, elided)), fills, taken)


def _check_coalescing(specification: Specification, tensor: Tensor, rules: tuple[ReuseRules, ...]) -> None:
    for level, rule in zip(specification.architecture.levels, rules, strict=True):
        if not rule.coalesced:
            raise SpecificationError(
                f"level {level.name!r} does not coalesce accesses of {tensor.name!r} (no_coalesce),"
                " which is not supported with imperfect factors",
                where=f"level {level.name}, no_coalesce",
                expected="perfect factors, or no no_coalesce",
            )
