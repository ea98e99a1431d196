"""Figures of a nest inside loops that it shares with other layers: what repeats, what stays, what is met first."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from random import Random

import numpy as np
import pytest
from brute_force import BruteForce
from effort import seeds
from fused_layers import LayerWalk, Shared, loops_of
from fused_walk import TensorWalk
from mapspace_oracle import random_mappings
from random_chains import matmul, random_machine

from launcher.engines.native.batch import BatchEvaluator, MappingBatch, mapping_at
from launcher.engines.native.model import evaluate
from launcher.results.evaluation import DataSpaceStats
from launcher.specification.architecture import StorageLevel
from launcher.specification.chain import ChainLayer
from launcher.specification.constraints import BlockConstraint, Constraints, LevelConstraint
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.repeats import Repeats
from launcher.specification.specification import Specification

Stays = dict[str, frozenset[int]]


def random_layer(random: Random, problem: Problem) -> Specification:
    """A layer's own problem on a machine without limits of capacity; directives on reuse now and then."""
    architecture, energy = random_machine(random, random.choice((2, 3)), tight=False)
    levels = tuple(replace(one, capacity_words=None, min_utilization=0.0) for one in architecture.levels)
    rules = {level.name: LevelConstraint() for level in levels}
    chosen = random.choice(levels).name
    spaces = problem.data_space_names
    draw = random.random()
    if draw < 0.2:
        rules[chosen] = LevelConstraint(temporal=BlockConstraint(no_reuse=frozenset(random.sample(spaces, 1))))
    elif draw < 0.4:
        rules[chosen] = LevelConstraint(spatial=BlockConstraint(no_reuse=frozenset(random.sample(spaces, 1))))
    elif draw < 0.5:
        written = frozenset(space.name for space in problem.data_spaces if space.read_write)
        rules[chosen] = LevelConstraint(temporal=BlockConstraint(rmw_first_update=written))
    return Specification(replace(architecture, levels=levels), problem, Constraints(rules), energy)


def random_shared(random: Random, names: str) -> Shared:
    return tuple((name, random.choice((2, 3))) for name in random.sample(names, random.randint(1, len(names))))


def repeats_of(specification: Specification, mapping: Mapping, shared: Shared, stays: Stays) -> Repeats:
    """How often a nest and its tiles repeat. A tile that own loops move cannot outlast an iteration."""
    times = prod(bound for _, bound in shared)
    fetches: dict[str, dict[str, int]] = {}
    for name, levels in stays.items():
        relevant = specification.problem.data_space(name).relevant
        for level in levels:
            outside = [loop.dimension for one in mapping.levels[level + 1 :] for loop in one.temporal]
            if not relevant & set(outside):
                last = max((n + 1 for n, (one, _) in enumerate(shared) if one in relevant), default=0)
                count = prod(bound for _, bound in shared[:last])
                fetches.setdefault(mapping.levels[level].level, {})[name] = count
    firsts = {
        space.name: prod(bound for name, bound in shared if name in space.relevant)
        for space in specification.problem.data_spaces
    }
    return Repeats(times, fetches, firsts)


def everywhere(specification: Specification, mapping: Mapping) -> Stays:
    """Every tile stays that may: not where reuse over time is off."""
    return {
        name: frozenset(
            number
            for number, level in enumerate(mapping.levels[:-1])
            if name in level.keep and name not in specification.constraints.at(level.level).temporal.no_reuse
        )
        for name in specification.problem.data_space_names
    }


def some_of(random: Random, stays: Stays) -> Stays:
    return {name: frozenset(n for n in levels if random.random() < 0.5) for name, levels in stays.items()}


def mappings_of(specification: Specification, count: int, seed: int) -> list[Mapping]:
    batch = random_mappings(specification, count, seed)
    return [mapping_at(specification, batch, index) for index in range(min(count, len(batch)))]


@pytest.mark.parametrize("seed", seeds(0, 14))
def test_the_walk_and_the_model_agree(seed: int) -> None:
    random = Random(seed)
    specification = random_layer(random, matmul({name: random.choice((1, 2, 2, 3, 4)) for name in "EDL"}))
    for mapping in mappings_of(specification, 6, seed):
        shared = random_shared(random, "EDL")
        stays = some_of(random, everywhere(specification, mapping))
        whole = {name: size * dict(shared).get(name, 1) for name, size in specification.problem.dimensions.items()}
        problem = replace(specification.problem, dimensions=whole)
        walked = LayerWalk(ChainLayer("layer", replace(specification, problem=problem)), shared, {})
        expected = walked.figures(mapping, stays)
        repeats = repeats_of(specification, mapping, shared, stays)
        found = evaluate(replace(specification, repeats=repeats), mapping)
        assert found.energy_pj == pytest.approx(expected.energy_pj, rel=1e-12)
        assert found.cycles == expected.cycles


@pytest.mark.parametrize("seed", seeds(0, 8))
def test_a_batch_counts_as_the_plain_model_does(seed: int) -> None:
    random = Random(seed)
    own = random_layer(random, matmul({name: random.choice((1, 2, 3, 4)) for name in "EDL"}))
    batch = random_mappings(own, 10, seed)
    kept = Mapping(mapping_at(own, batch, 0).levels)
    stays = some_of(random, everywhere(own, kept))
    specification = replace(own, repeats=repeats_of(own, kept, random_shared(random, "EDL"), stays))
    assert_alike(specification, batch)


def assert_alike(specification: Specification, batch: MappingBatch) -> None:
    result = BatchEvaluator(specification).evaluate(batch)
    for index in range(len(batch)):
        single = evaluate(specification, mapping_at(specification, batch, index))
        assert result.legal[index] == single.legal
        assert result.cycles[index] == single.cycles
        assert result.energy_pj[index] == pytest.approx(single.energy_pj, rel=1e-12)


@pytest.mark.parametrize("seed", seeds(0, 10))
def test_where_nothing_stays_every_iteration_costs_the_same(seed: int) -> None:
    """All shared loops move the outputs, so none of them is accumulated over; blocks and bandwidths round nothing."""
    random = Random(seed)
    specification = smooth(random_layer(random, matmul({name: random.choice((1, 2, 3, 4)) for name in "EDL"})))
    for mapping in mappings_of(specification, 6, seed):
        shared = random_shared(random, "DL")
        repeats = repeats_of(specification, mapping, shared, {})
        once, often = evaluate(specification, mapping), evaluate(replace(specification, repeats=repeats), mapping)
        assert often.energy_pj == pytest.approx(repeats.times * once.energy_pj, rel=1e-12)
        assert often.cycles == repeats.times * once.cycles
        assert often.computes == repeats.times * once.computes


@pytest.mark.parametrize("seed", seeds(0, 8))
def test_what_is_accumulated_over_shared_loops_is_read_back_from_the_second_iteration_on(seed: int) -> None:
    random = Random(seed)
    specification = smooth(random_layer(random, matmul({name: random.choice((1, 2, 3, 4)) for name in "EDL"})))
    for mapping in mappings_of(specification, 4, seed):
        repeats = repeats_of(specification, mapping, (("D", 2), ("E", 3)), {})
        once, often = evaluate(specification, mapping), evaluate(replace(specification, repeats=repeats), mapping)
        backing = max(n for n, level in enumerate(mapping.levels) if "O" in level.keep)
        for number, (level, before) in enumerate(zip(often.levels, once.levels, strict=True)):
            written = "O" in specification.constraints.at(level.level).temporal.rmw_first_update
            spread = [loop for one in mapping.levels[number + 1 :] for loop in one.spatial if loop.dimension in "DL"]
            share = specification.problem.data_space("O").size(specification.problem.dimensions)
            again = 0 if written else (6 - 2) * share // prod(loop.bound for loop in spread)
            assert_counts(level.data_spaces["W"], before.data_spaces["W"], 6)
            outputs, own = level.data_spaces["O"], before.data_spaces["O"]
            if "O" in mapping.levels[number].keep:
                assert outputs.updates == 6 * own.updates
                assert outputs.reads == 6 * own.reads + again
                assert outputs.fills == (0 if number == backing else 6 * own.fills + again)


def assert_counts(found: DataSpaceStats, once: DataSpaceStats, times: int) -> None:
    assert (found.reads, found.fills, found.updates) == tuple(
        times * words for words in (once.reads, once.fills, once.updates)
    )


@pytest.mark.parametrize("seed", seeds(0, 14))
def test_where_everything_stays_shared_loops_are_ordinary_ones(seed: int) -> None:
    """They are those of a further level that holds nothing and costs nothing, around the nest."""
    random = Random(seed)
    specification = random_layer(random, matmul({name: random.choice((1, 2, 3, 4)) for name in "EDL"}))
    for mapping in mappings_of(specification, 6, seed):
        shared = random_shared(random, "EDL")
        repeats = repeats_of(specification, mapping, shared, everywhere(specification, mapping))
        found = evaluate(replace(specification, repeats=repeats), mapping)
        ordinary, nest = inside(specification, mapping, shared)
        expected = evaluate(ordinary, nest)
        assert found.energy_pj == pytest.approx(expected.energy_pj, rel=1e-12)
        assert found.cycles == expected.cycles
        for level, other in zip(found.levels, expected.levels, strict=False):
            for name, stats in level.data_spaces.items():
                assert_counts(stats, other.data_spaces[name], 1)


def inside(specification: Specification, mapping: Mapping, shared: Shared) -> tuple[Specification, Mapping]:
    """The whole problem, with the shared loops as those of a level outside all others."""
    outside = StorageLevel("outside", "SRAM")
    architecture = specification.architecture
    assert specification.energy is not None
    free = {action: (ActionEnergy(0.0),) for action in ("read", "write", "update", "leak")}
    whole = {name: size * dict(shared).get(name, 1) for name, size in specification.problem.dimensions.items()}
    loops = LevelMapping("outside", (), temporal=tuple(Loop(name, bound) for name, bound in reversed(shared)))
    ordinary = replace(
        specification,
        architecture=replace(architecture, levels=(*architecture.levels, outside)),
        problem=replace(specification.problem, dimensions=whole),
        energy=EnergyTable({**specification.energy.components, "outside": free}),
    )
    return ordinary, Mapping((*mapping.levels, loops))


def smooth(specification: Specification) -> Specification:
    """Without what rounds, and without what is paid once whatever the iterations."""
    levels = tuple(
        replace(
            level,
            block_size=1,
            read_bandwidth=None,
            write_bandwidth=None,
            shared_bandwidth=None,
            network_fill_latency=0,
            network_drain_latency=0,
        )
        for level in specification.architecture.levels
    )
    return replace(specification, architecture=replace(specification.architecture, levels=levels))


def convolution(window: int) -> Problem:
    """Convolution along one axis."""
    extents = {"E": 2, "D": 2, "P": 4, "R": window}
    spaces = (
        DataSpace("W", ((Term("E"),), (Term("D"),), (Term("R"),))),
        DataSpace("I", ((Term("E"),), (Term("P"), Term("R")))),
        DataSpace("O", ((Term("D"),), (Term("P"),)), read_write=True),
    )
    return Problem("conv", extents, spaces)


@pytest.mark.parametrize("window", [3, 1])
@pytest.mark.parametrize("seed", seeds(0, 4))
def test_windows_come_anew_while_weights_stay(window: int, seed: int) -> None:
    """Of a layer with a window of 3 before one with 1: inputs cross in every iteration, weights once."""
    random = Random(seed)
    specification = smooth(random_layer(random, convolution(window)))
    specification = replace(specification, constraints=Constraints())
    batch = random_mappings(specification, 5, seed)
    shared: Shared = (("D", 2), ("P", 3))
    for index in range(len(batch)):
        mapping = mapping_at(specification, batch, index)
        stays = {"W": everywhere(specification, mapping)["W"]}
        repeats = repeats_of(specification, mapping, shared, stays)
        often, once = evaluate(replace(specification, repeats=repeats), mapping), evaluate(specification, mapping)
        inputs = BruteForce(
            specification.problem, specification.architecture, mapping, steady=True, abridged=True, links=True
        ).level_by_level(specification.problem.data_space("I"))
        weights = specification.problem.data_space("W")
        view = loops_of(mapping).view(weights.relevant, shared)
        kept = [number for number, level in enumerate(mapping.levels) if "W" in level.keep]
        walked = TensorWalk(specification, weights, view, stays["W"]).counts(kept)
        for number, (level, own) in enumerate(zip(often.levels, once.levels, strict=True)):
            assert_counts(level.data_spaces["I"], own.data_spaces["I"], 6)
            assert_counts(level.data_spaces["O"], own.data_spaces["O"], 6)
            counted = inputs[level.level]
            stats = own.data_spaces["I"]
            assert stats.reads == counted.reads and abs(stats.fills - counted.fills) <= counted.averaged
            stats = level.data_spaces["W"]
            assert (stats.reads, stats.fills, stats.updates) == walked.get(number, (0, 0, 0))
        assert_alike(replace(specification, repeats=repeats), batch[np.array([index])])
