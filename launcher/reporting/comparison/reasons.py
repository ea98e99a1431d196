"""What did it, in words: each sentence states what the two loop nests or machines say, the second's value first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isclose

from launcher.reporting.loop_nest import container_label
from launcher.reporting.numbers import count, short_count, significant
from launcher.results.loop_reuse import Effect, PlacedLoop, Reuse, Side, reuse_at
from launcher.results.result import Result
from launcher.specification.architecture import StorageLevel

_DIGITS = 3
_COST_MATTERS = 1e-3
_SAME = 1e-9
_Pair = tuple[Result, Result]


def why_words(component: str, data_space: str, side: str, results: _Pair) -> Iterator[str]:
    """Why a level moves another number of words of a data space, or the compute units do other work."""
    if side == "compute":
        computes = [one.evaluation.computes if one.evaluation else 0 for one in results]
        if computes[0] != computes[1]:
            yield f"the layer has {count(computes[1])} instead of {count(computes[0])} operations"
        return
    if side not in ("below", "above"):
        return
    place: Side = "below" if side == "below" else "above"
    first, second = (reuse_at(one, component, data_space, place) for one in results)
    if first is None or second is None:
        yield from _only_one(component, data_space, place, results)
    else:
        yield from _recount(component, data_space, place, first, second)


def why_cost(
    component: str,
    counted: Sequence[tuple[str, tuple[int | None, int | None], tuple[float, float]]],
    results: _Pair,
) -> Iterator[str]:
    """Why the same words cost another energy."""
    for action, words, energies in counted:
        if action == "transfer":
            yield from _crossing(component, results)
        if action == "leak":
            yield from _leakage(results, energies)
            continue
        if not words[0] or not words[1]:
            continue
        costs = (energies[0] / words[0], energies[1] / words[1])
        if not isclose(*costs, rel_tol=_COST_MATTERS):
            what = "an operation" if action == "compute" else f"a word's {action}"
            yield f"{what} costs {_figure(costs[1])} instead of {_figure(costs[0])} pJ{_machine(component, results)}"


def _crossing(network: str, results: _Pair) -> Iterator[str]:
    """Which level a network lies below, and what of the words that the levels around it move differs."""
    specification = results[1].specification
    if specification is None:
        return
    levels = specification.architecture.levels
    named = (one.name for one in levels if network in (one.read_network, one.update_network))
    level = next(named, network.partition(" <==> ")[0])
    yield f"it carries what crosses below {level}"
    for space in specification.problem.data_spaces:
        first, second = (_moved_across(one, level, space.name) for one in results)
        carried = _carries(network, level, results[1], updates=space.read_write)
        if carried and first and second and first[1] != second[1]:
            words = f"{short_count(second[1])} instead of {short_count(first[1])} words"
            yield f"{second[0]} moves {words} of {space.name} there"


def _carries(network: str, name: str, result: Result, *, updates: bool) -> bool:
    """Whether results, or what is read, cross this network of a level; an inferred one may carry both."""
    level = level_of(result, name)
    if level is None or level.update_network is None or level.update_network == level.read_network:
        return True
    return (network == level.update_network) == updates


def _moved_across(result: Result, level: str, data_space: str) -> tuple[str, float] | None:
    """The level that keeps the data space at or above ``level``, and the words that it gives or takes in all."""
    names = [one.level for one in result.mapping.levels] if result.mapping else []
    outer = names[names.index(level) :] if level in names else []
    keeper = next((name for name in outer if _keeps(result, name, data_space)), None)
    reuse = reuse_at(result, keeper, data_space, "below") if keeper else None
    return (keeper, reuse.words * reuse.times) if keeper and reuse else None


def level_of(result: Result, name: str) -> StorageLevel | None:
    """A storage level of a trial's machine, if it has one of that name."""
    levels = result.specification.architecture.levels if result.specification else ()
    return next((one for one in levels if one.name == name), None)


def _only_one(component: str, data_space: str, side: Side, results: _Pair) -> Iterator[str]:
    kept = [_keeps(one, component, data_space) for one in results]
    if None in kept:
        yield f"there was no {component} before" if kept[0] is None else f"there is no {component} any more"
        return
    if kept[0] != kept[1]:
        yield f"{component} {'now keeps' if kept[1] else 'no longer keeps'} {data_space}"
    elif side == "above":
        outermost = _outermost(results[0], data_space), _outermost(results[1], data_space)
        yield f"the outermost level that keeps {data_space} is {outermost[1]} instead of {outermost[0]}"


def _recount(component: str, data_space: str, side: Side, first: Reuse, second: Reuse) -> Iterator[str]:
    """Why a level that keeps the data space in both trials moves another number of its words."""
    if first.words != second.words:
        yield f"{data_space} has {count(second.words)} instead of {count(first.words)} words"
    children = [one.child or "the compute units" for one in (first, second)]
    if side == "below" and children[0] != children[1]:
        yield f"{component} serves {children[1]} instead of {children[0]}"
    if not isclose(first.times, second.times, rel_tol=_SAME):
        yield from _retimed(data_space, side, first, second)
    if first.starts != second.starts:
        places = _listed(
            one for name in _dimensions(first, second) for one in _places(name, "again", first, second, "XY")
        )
        sums = f"{count(second.starts)} instead of {count(first.starts)}"
        yield f"the number of places that sum a word up is {sums}{places}; each starts without reading it"
    if first.spans != second.spans and children[0] == children[1]:
        before = dict(first.spans)
        spans = [
            f"{count(now)} instead of {count(before.get(name, 1))} of {name}"
            for name, now in second.spans
            if before.get(name, 1) != now
        ]
        yield f"a tile of {children[1]} spans {' and '.join(spans)}; neighbouring tiles overlap"


def _retimed(data_space: str, side: Side, first: Reuse, second: Reuse) -> Iterator[str]:
    dimensions = [
        one for one in _dimensions(first, second) if first.factor(one, "again") != second.factor(one, "again")
    ]
    verb = "filled in" if side == "above" else "updated" if second.read_write else "read"
    loops = _listed(one for name in dimensions for one in _places(name, "again", first, second))
    yield f"each word is {verb} {_instead(_often(second), _often(first))}{loops}"
    for dimension in dimensions:
        yield from _dimension(dimension, data_space, first, second)


def _often(reuse: Reuse) -> str:
    if not reuse.exact:
        return f"{significant(reuse.times, _DIGITS)} times on average"
    return {0: "never", 1: "once", 2: "twice"}.get(int(reuse.times), f"{count(reuse.times)} times")


def _instead(now: str, before: str) -> str:
    """``14 times instead of once``, ``14 instead of 7 times``."""
    number, _, unit = now.partition(" ")
    return f"{number} instead of {before}" if unit and before.endswith(f" {unit}") else f"{now} instead of {before}"


def _dimensions(first: Reuse, second: Reuse) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first.dimensions, *second.dimensions)))


def _dimension(dimension: str, data_space: str, first: Reuse, second: Reuse) -> Iterator[str]:
    """Which loops over a dimension spare more or fewer of the times that it would move each word."""
    extents = first.extents.get(dimension, 1), second.extents.get(dimension, 1)
    if extents[0] != extents[1]:
        yield f"{dimension} is {count(extents[1])} instead of {count(extents[0])}"
    child = (second.child or "the compute units") if second.child == first.child else "the level below"
    phrases: dict[Effect, str] = {
        "shared": f"{{}} sums over {dimension} arrive as one"
        if second.read_write
        else f"one read serves {{}} of {dimension} at once",
        "held": f"{child} holds a tile of {data_space} through {{}} iterations of {dimension}",
        "inside": f"a tile of {child} serves {{}} iterations of {dimension}",
    }
    for effect, phrase in phrases.items():
        factors = first.factor(dimension, effect), second.factor(dimension, effect)
        if factors[0] != factors[1]:
            places = "; ".join(_places(dimension, effect, first, second))
            yield phrase.format(f"{count(factors[1])} instead of {count(factors[0])}") + (
                f" ({places})" if places else ""
            )


def _listed(texts: Iterable[str]) -> str:
    found = list(dict.fromkeys(texts))
    return f" ({'; '.join(found)})" if found else ""


def _places(dimension: str, effect: Effect, first: Reuse, second: Reuse, axes: str | None = None) -> list[str]:
    """The loops that make the difference: ``D along Y of [PERows]: 32 instead of 16``.

    Args:
        dimension, effect: of the loops.
        first, second: what is compared.
        axes: only loops along these; None means all, those in time too.
    """
    chosen = [
        [one for one in reuse.loops if axes is None or (one.axis and one.axis in axes)] for reuse in (first, second)
    ]
    bounds = [_bounds(loops, dimension, effect) for loops in chosen]
    places = [
        place for place in dict.fromkeys((*bounds[1], *bounds[0])) if bounds[0].get(place) != bounds[1].get(place)
    ]
    every = [_bounds(one.loops, dimension) for one in (first, second)]
    texts = []
    for place in places:
        before, after = (one.get(place, 1) for one in bounds)
        if every[0].get(place) == every[1].get(place):
            # The loop is there in both, only elsewhere among the others; or the tile below is another level's.
            moved = first.child == second.child
            texts.append(f"{place}: {'another order of the loops' if moved else 'another level below'}")
        else:
            texts.append(f"{place}: {count(after)} instead of {count(before)}")
    return list(dict.fromkeys(texts))


def _bounds(loops: Sequence[PlacedLoop], dimension: str, effect: Effect | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in loops:
        if one.dimension == dimension and effect in (None, one.effect):
            place = _place(one)
            found[place] = found.get(place, 1) * one.bound
    return found


def _place(loop: PlacedLoop) -> str:
    level = container_label(loop.level) if loop.level.startswith("inter_") else loop.level
    return f"{loop.dimension} along {loop.axis} of {level}" if loop.axis else f"{loop.dimension} in {level}"


def _leakage(results: _Pair, energies: tuple[float, float]) -> Iterator[str]:
    cycles = [one.evaluation.cycles if one.evaluation else 0 for one in results]
    if cycles[0] != cycles[1]:
        yield f"it leaks for {count(cycles[1])} instead of {count(cycles[0])} cycles"
    if not all(energies) or not all(cycles):
        return
    rates = energies[0] / cycles[0], energies[1] / cycles[1]
    if not isclose(*rates, rel_tol=0.01):  # network latencies do not leak
        yield f"it leaks {_figure(rates[1])} instead of {_figure(rates[0])} pJ per cycle"


def _machine(component: str, results: _Pair) -> str:
    """What of a level's hardware differs."""
    first, second = (level_of(one, component) for one in results)
    if first is None or second is None:
        return ""
    facts = (
        ("holds {} words", first.capacity_words, second.capacity_words),
        ("has words of {} bits", first.word_bits, second.word_bits),
        ("moves {} words at once", first.block_size, second.block_size),
        *(
            (f"has {name} of {{}} bits", first.bits_of(name), second.bits_of(name))
            for name in sorted({*first.value_bits, *second.value_bits})
        ),
    )
    texts = [
        phrase.format(f"{_whole(after)} instead of {_whole(before)}")
        for phrase, before, after in facts
        if before != after
    ]
    return f": it {' and '.join(texts)}" if texts else ""


def _whole(value: int | None) -> str:
    return "any number of" if value is None else count(value)


def _keeps(result: Result, level: str, data_space: str) -> bool | None:
    levels = result.mapping.levels if result.mapping else ()
    found = next((one for one in levels if one.level == level), None)
    return None if found is None else data_space in found.keep


def _outermost(result: Result, data_space: str) -> str:
    levels = result.mapping.levels if result.mapping else ()
    return next((one.level for one in reversed(levels) if data_space in one.keep), "none")


def _figure(value: float) -> str:
    return significant(value, _DIGITS)
