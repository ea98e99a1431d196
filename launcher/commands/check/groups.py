"""Whether fused groups keep the rules of fused mapping, and what they share and hold is what their layers run under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import fsum, isclose

from launcher.commands.check.nests import SAME
from launcher.engines.native.fusion.classes import FusedClass, shared_bounds, waiting_levels
from launcher.engines.native.fusion.group import part_of
from launcher.engines.native.fusion.own_nest import OwnNest
from launcher.engines.native.fusion.parts import LayerPart, repeats_of
from launcher.engines.native.fusion.rescaling import rescaling_of
from launcher.engines.native.fusion.room import has_room, held_for_others
from launcher.errors import LauncherError
from launcher.results.fused import FusedLayers
from launcher.results.layers import layer_name
from launcher.results.proof import BoundedChain, Proof
from launcher.results.result import LayerRun, Result
from launcher.specification.chain import Chain, ChainLayer, SharedLoop, bounds_of, check_chain
from launcher.specification.repeats import ONCE

Members = Mapping[str, tuple[FusedLayers, LayerRun]]
"""Layer -> its group, and what it runs."""


def check_groups(result: Result) -> list[str]:
    """What is wrong with a result's groups; nothing for a result without any."""
    if not result.groups:
        return []
    runs = {layer_name(run): run for run in result.layers}
    names = sorted(name for group in result.groups for name in group.layers)
    if names != sorted(runs) or len(runs) != len(result.layers):
        return [f"the groups have the layers {', '.join(names)}, the network has {', '.join(sorted(runs))}"]
    members = {name: (group, runs[name]) for group in result.groups for name in group.layers}
    bounded = {
        name: one for line in (result.proof.lines if result.proof else ()) for one in line.chains for name in one.layers
    }
    problems = []
    for group in result.groups:
        try:
            found = list(_check_group(group, [runs[name] for name in group.layers], members, bounded))
        except (LauncherError, StopIteration, ValueError, KeyError, IndexError) as error:
            found = [f"the group does not go with its layers ({error})"]
        problems += [f"{'+'.join(group.layers)}: {one}" for one in found]
    return problems + check_cover(result.proof, members)


def check_cover(proof: Proof | None, members: Members) -> list[str]:
    """Shared loops for which a proof has no bound."""
    problems = []
    for number, line in enumerate(proof.lines if proof else ()):
        for chain in line.chains:
            try:
                whole = whole_chain(members, chain)
                check_chain(whole)
                problems += [f"line {number} of the proof: {one}" for one in _uncovered(whole, chain)]
            except (LauncherError, ValueError, KeyError, IndexError) as error:
                problems.append(f"line {number} of the proof does not go with the layers ({error})")
    return problems


def _uncovered(whole: Chain, chain: BoundedChain) -> Iterator[str]:
    """Of every group's levels and shared loops, at least one class must be bounded."""
    for group in chain.groups:
        title = "+".join(chain.layers[group.first : group.last])
        part = whole.part(group.first, group.last)
        known = {(one.waits, _key(one.shared)) for one in group.classes}
        if not group.classes and all(waiting_levels(part)):
            yield f"{title}: there is no bound"
        for waits in {one.waits for one in group.classes}:
            missing = sum((waits, _key(shared)) not in known for shared in shared_bounds(part))
            if missing:
                yield f"{title}: {missing} choices of shared loops have no bound"


def _key(shared: Sequence[SharedLoop]) -> frozenset[tuple[tuple[str, ...], int]]:
    return frozenset((loop.names, loop.bound) for loop in shared)


def _check_group(
    group: FusedLayers, runs: list[LayerRun], members: Members, bounded: Mapping[str, BoundedChain]
) -> Iterator[str]:
    if any(run.runs != group.runs for run in runs):
        yield f"it runs {group.runs} times, its layers do not"
    energy = fsum([*(run.result.energy_pj for run in runs), group.rescaling.energy_pj])
    cycles = sum(run.result.cycles for run in runs) + group.rescaling.cycles
    if not isclose(energy, group.energy_pj, rel_tol=SAME) or cycles != group.cycles:
        yield f"its layers add up to {energy:.9g} pJ in {cycles:,} cycles, not to its {group.energy_pj:.9g} pJ"
    if not group.is_fused:
        if group.shared or group.waits or group.persistent or _nest(runs[0]).specification.repeats != ONCE:
            yield "a layer by itself shares nothing"
        return
    if set(group.persistent) - set(group.layers):
        yield "tiles of other layers stay"
    chain = bounded[group.layers[0]]
    first = chain.layers.index(group.layers[0])
    whole = whole_chain(members, chain).part(first, first + len(runs))
    check_chain(whole)
    if list(group.waits) != [whole.tensor(number) for number in range(len(whole.flowing))]:
        yield "the tensors that wait are not those that flow"
        return
    stays = tuple(_stays(group, name) for name in group.layers)
    fused = FusedClass(tuple(group.waits.values()), group.shared, stays)
    for number, run in enumerate(runs):
        part = part_of(whole, fused, number)
        yield from (f"{group.layers[number]}: {one}" for one in _check_layer(part, _nest(run)))
    yield from _check_room(group, runs)
    if rescaling_of(whole, fused.waits, fused.shared, fused.stays) != group.rescaling:
        yield "the online softmax costs something else"
    if len(_key(group.shared)) < len(group.shared) or _key(group.shared) not in map(_key, shared_bounds(whole)):
        yield "its shared loops are none that all its layers can share"


def whole_chain(layers: Mapping[str, tuple[FusedLayers, LayerRun]], chain: BoundedChain) -> Chain:
    """A chain as it is before shared loops divide its layers."""
    found = []
    for name, (columns, reduction) in zip(chain.layers, chain.columns, strict=True):
        group, run = layers[name]
        own = _nest(run).specification
        bounds = bounds_of(group.shared, group.layers.index(name))
        dimensions = {one: extent * bounds.get(one, 1) for one, extent in own.problem.dimensions.items()}
        specification = replace(own, problem=replace(own.problem, dimensions=dimensions), repeats=ONCE)
        found.append(ChainLayer(name, specification, columns=columns, reduction=reduction))
    return Chain(tuple(found), chain.flows)


def _check_layer(part: LayerPart, nest: OwnNest) -> Iterator[str]:
    """What a class asks of a layer, and its nest does not keep."""
    for level, space, _ in part.stays:
        if space in dict(part.waits):
            yield f"{space} cannot both wait and stay"
        yield from _held(nest, space, level, bypassed=False)
    if nest.specification.repeats != repeats_of(nest.specification.problem, dict(part.bounds), part.stays):
        yield "it does not run as often as the shared loops say"
    for space, level in part.waits:
        yield from _held(nest, space, level, bypassed=True)


def _held(nest: OwnNest, space: str, level: str, *, bypassed: bool) -> Iterator[str]:
    """A tile that waits or stays is kept there, and nothing further out moves it."""
    names = [one.level for one in nest.mapping]
    place = names.index(level)
    if space not in nest.mapping.levels[place].keep:
        yield f"{space} is not kept at {level}"
    relevant = nest.specification.problem.data_space(space).relevant
    for one in nest.mapping.levels[place + 1 :]:
        if bypassed and space in one.keep:
            yield f"{space} waits at {level}, and is kept at {one.level} as well"
        if any(loop.dimension in relevant for loop in one.temporal):
            yield f"{space} is held at {level}, and a loop at {one.level} moves it"


def _check_room(group: FusedLayers, runs: list[LayerRun]) -> Iterator[str]:
    nests = [_nest(run) for run in runs]
    stays = [group.persistent.get(name, {}) for name in group.layers]
    for name, nest, held in zip(group.layers, nests, held_for_others(nests, stays), strict=True):
        if not has_room(nest, held):
            yield f"{name} has no room beside the tiles of other layers that stay"


def _stays(group: FusedLayers, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((level, space) for level, spaces in group.persistent.get(name, {}).items() for space in spaces))


def _nest(run: LayerRun) -> OwnNest:
    one = run.result
    if one.specification is None or one.mapping is None or one.evaluation is None:
        raise ValueError("a layer has no mapping")
    return OwnNest(one.specification, one.mapping, one.energy_pj, int(one.cycles))
