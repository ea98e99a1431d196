"""Values of several widths that share a memory: capacities, bandwidths and energies count bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from random import Random

import numpy as np
import pytest
from brute_force import BruteForce
from fused_oracle import FusedOracle
from imperfect_cases import random_case
from imperfect_walk import Walk, energy_and_cycles
from mapspace_oracle import enumerate_mappings
from random_chains import random_chain
from random_specifications import random_specification, with_widths

from launcher.engines.fuse import find_fused
from launcher.engines.interface import MapperSettings
from launcher.engines.native.batch import BatchEvaluator, MappingBatch, mapping_at
from launcher.engines.native.mapper.optima import search
from launcher.engines.native.model import evaluate
from launcher.engines.native.network_costs import network_latency_cycles
from launcher.errors import NoValidMappingError
from launcher.figures import CRITERIA
from launcher.results.evaluation import Evaluation
from launcher.specification.architecture import StorageLevel
from launcher.specification.chain import Chain, Unit
from launcher.specification.constraints import Factors
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import dump_specification, parse_specification

OBJECTIVES = tuple((name,) for name in CRITERIA)
MOST_MAPPINGS = 4000


def specifications(kind: str, seeds: range, rare: float = 1.0) -> Iterator[tuple[Random, Specification]]:
    for seed in seeds:
        random = Random(f"{kind} {seed}")
        yield random, with_widths(random, random_specification(random, kind, rare=rare))


def some_of(random: Random, specification: Specification, count: int = 8) -> MappingBatch:
    """Some of a specification's mappings, legal or not; none where there are too many to list."""
    batch = enumerate_mappings(specification, MOST_MAPPINGS)
    if batch is None or not len(batch):
        return MappingBatch(*(np.zeros(0, np.int64),) * 3)
    return batch[np.array(sorted(random.sample(range(len(batch)), min(count, len(batch)))))]


def mappings_of(random: Random, specification: Specification) -> list[Mapping]:
    batch = some_of(random, specification)
    return [mapping_at(specification, batch, index) for index in range(len(batch))]


def without_networks(specification: Specification) -> Specification:
    """The same with nothing that charges a network, and with compute units that do not help each other."""
    names = frozenset(specification.problem.data_space_names)
    levels = tuple(replace(level, attributes={}, read_network=None) for level in specification.architecture.levels)
    rules = {level.name: specification.constraints.at(level.name) for level in levels}
    rules = {name: replace(one, spatial=replace(one.spatial, no_link_transfer=names)) for name, one in rules.items()}
    return replace(
        specification,
        architecture=replace(specification.architecture, levels=levels, networks={}),
        constraints=replace(specification.constraints, levels=rules),
    )


def bits_kept(specification: Specification, mapping: Mapping, index: int) -> int:
    level, extents = specification.architecture.levels[index], mapping.tile_extents(index, specification.problem)
    spaces = [specification.problem.data_space(name) for name in mapping.levels[index].keep]
    return sum(space.size(extents) * level.value_bits.get(space.name, level.word_bits) for space in spaces)


@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv", "strided"])
def test_a_tile_fits_where_its_bits_do(kind: str) -> None:
    fits = too_large = 0
    for random, specification in specifications(kind, range(60)):
        for mapping in mappings_of(random, without_networks(specification)):
            evaluation = evaluate(without_networks(specification), mapping)
            for index, level in enumerate(specification.architecture.levels):
                if level.capacity_words is None or not level.value_bits:
                    continue
                room = level.capacity_words * level.word_bits / level.multiple_buffering
                if bits_kept(specification, mapping, index) > room:
                    assert not evaluation.legal
                    too_large += 1
                else:
                    assert (
                        evaluation.legal
                        or f"{level.name}: tiles of" not in str(evaluation.reason)
                        or ("short of" in str(evaluation.reason))
                    )
                    fits += 1
    assert min(fits, too_large) > 20


@pytest.mark.parametrize("kind", ["gemm", "elementwise"])
def test_accesses_move_bits(kind: str) -> None:
    """Counts by running all loops; an access moves a block of words, whatever lies in it."""
    seen = 0
    for random, one in specifications(kind, range(80)):
        specification = without_networks(one)
        for mapping in mappings_of(random, specification):
            evaluation = evaluate(specification, mapping)
            if evaluation.legal and not any(_special(specification)):
                seen += 1
                assert evaluation.energy_pj == pytest.approx(_walked_pj(specification, mapping, evaluation), rel=1e-9)
    assert seen > 30


def _special(specification: Specification) -> Iterator[bool]:
    """Rules of reuse that the walk does not know."""
    for one in specification.constraints.levels.values():
        yield bool(one.temporal.no_reuse or one.spatial.no_reuse or one.temporal.rmw_first_update or one.no_coalesce)


def _walked_pj(specification: Specification, mapping: Mapping, evaluation: Evaluation) -> float:
    assert specification.energy is not None
    table = {name: {a: e[0].energy_pj for a, e in one.items()} for name, one in specification.energy.components.items()}
    architecture, problem = specification.architecture, specification.problem
    walk = BruteForce(problem, architecture, mapping)
    total = sum(level.leakage_pj for level in evaluation.levels) + table["mac"]["compute"] * problem.computes
    for space in problem.data_spaces:
        for name, counts in walk.between_kept_levels(space).items():
            index = architecture.level_index(name)
            level = architecture.levels[index]
            used = prod(loop.bound for one in mapping.levels[index + 1 :] for loop in one.spatial)
            clusters = min(used, level.instances // level.cluster_size)
            bits, access = level.value_bits.get(space.name, level.word_bits), level.block_size * level.word_bits
            prices = zip((counts.reads, counts.fills, counts.updates), ("read", "write", "update"), strict=True)
            total += sum(-(-values * bits // access) * table[name][action] for values, action in prices) * clusters
            addresses = counts.fills + (counts.updates if space.read_write else counts.reads)
            total += addresses * (level.addr_gen_energy_pj or 0.0) * clusters
    return total


@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv", "strided"])
def test_both_models_agree_in_every_figure(kind: str) -> None:
    seen = 0
    for random, specification in specifications(kind, range(100, 160), rare=2.0):
        batch = some_of(random, specification)
        found = BatchEvaluator(specification).evaluate(batch)
        for index in range(len(batch)):
            single = evaluate(specification, mapping_at(specification, batch, index))
            assert found.legal[index] == single.legal
            assert found.cycles[index] == single.cycles
            assert found.energy_pj[index] == pytest.approx(single.energy_pj, rel=1e-12)
            seen += single.legal
    assert seen > 50


@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv"])
def test_imperfect_mappings_cost_what_the_walk_counts(kind: str) -> None:
    random, seen = Random(kind), 0
    for _ in range(20):
        specification, mapping = random_case(random, kind)
        if mapping.is_perfect:
            continue
        specification = without_networks(with_widths(random, specification))
        levels = tuple(
            replace(one, capacity_words=None, min_utilization=0.0) for one in specification.architecture.levels
        )
        specification = replace(specification, architecture=replace(specification.architecture, levels=levels))
        energy, cycles = energy_and_cycles(Walk(specification, mapping))
        evaluation = evaluate(specification, mapping)
        assert evaluation.cycles == cycles + network_latency_cycles(specification.architecture)
        assert evaluation.energy_pj == pytest.approx(energy, rel=1e-12)
        seen += 1
    assert seen > 3


@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv", "strided"])
def test_words_of_another_width_are_values_of_that_width(kind: str) -> None:
    """A level whose values all are b bits wide is one whose words are: half the block size, half the capacity ..."""
    seen = 0
    for random, specification in specifications(kind, range(200, 260)):
        levels = [_uniform(random, level) for level in without_networks(specification).architecture.levels]
        names = specification.problem.data_space_names
        plain, wide = (
            replace(
                without_networks(specification),
                architecture=replace(specification.architecture, levels=tuple(chosen), networks={}),
            )
            for chosen in (
                [one for one, _ in levels],
                [replace(other, value_bits=dict.fromkeys(names, one.word_bits)) for one, other in levels],
            )
        )
        for mapping in mappings_of(random, plain):
            ours, theirs = evaluate(wide, mapping), evaluate(plain, mapping)
            assert (ours.legal, ours.energy_pj, ours.cycles) == (theirs.legal, theirs.energy_pj, theirs.cycles)
            seen += ours.legal
    assert seen > 40


def _uniform(random: Random, level: StorageLevel) -> tuple[StorageLevel, StorageLevel]:
    """A level, and the same with words that are 2 or 4 times as wide, of which it has so many fewer."""
    ratio = random.choice((1, 2, 4))
    capacity = level.capacity_words
    level = replace(
        level,
        value_bits={},
        min_utilization=0.0,
        word_bits=8,
        block_size=level.block_size * 4,
        capacity_words=None if capacity is None else -(-capacity // 4) * 4,
    )
    bandwidths = {
        name: None if getattr(level, name) is None else getattr(level, name) / ratio
        for name in ("read_bandwidth", "write_bandwidth", "shared_bandwidth")
    }
    wider = replace(
        level,
        word_bits=8 * ratio,
        block_size=level.block_size // ratio,
        capacity_words=None if level.capacity_words is None else level.capacity_words // ratio,
        **bandwidths,
    )
    return level, wider


@pytest.mark.parametrize("kind", ["gemm", "conv"])
def test_values_as_wide_as_words_change_nothing(kind: str) -> None:
    for random, specification in specifications(kind, range(300, 340), rare=2.0):
        names = specification.problem.data_space_names
        plain, said = (
            replace(
                specification,
                architecture=replace(
                    specification.architecture,
                    levels=tuple(
                        replace(level, value_bits=dict.fromkeys(names, level.word_bits) if say else {})
                        for level in specification.architecture.levels
                    ),
                ),
            )
            for say in (False, True)
        )
        for mapping in mappings_of(random, plain):
            ours, theirs = evaluate(said, mapping), evaluate(plain, mapping)
            assert (ours.legal, ours.energy_pj, ours.cycles) == (theirs.legal, theirs.energy_pj, theirs.cycles)


@pytest.mark.parametrize("factors", [Factors.perfect, Factors.all])
@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv", "strided"])
def test_the_optimum_is_the_best_of_all_mappings(kind: str, factors: Factors) -> None:
    seen = changed = 0
    for random, one in specifications(kind, range(400, 460)):
        specification = without_networks(one)
        if factors is Factors.all and kind in ("gemm", "elementwise"):
            extents = {name: random.choice((1, 2, 3, 5, 7)) for name in specification.problem.dimensions}
            specification = replace(specification, problem=replace(specification.problem, dimensions=extents))
        mappings = enumerate_mappings(specification, MOST_MAPPINGS, factors)
        if mappings is None:
            continue
        result = BatchEvaluator(specification).evaluate(mappings)
        objective = random.choice(OBJECTIVES)
        if not result.legal.any():
            with pytest.raises(NoValidMappingError, match=r"\w"):
                search(specification, MapperSettings(objective, factors=factors))
            continue
        found = search(specification, MapperSettings(objective, factors=factors))
        criterion = CRITERIA[objective[0]]
        values = result.energy_pj**criterion.energy * result.cycles.astype(float) ** criterion.cycles
        best = float(values[result.legal].min())
        own = criterion.value(found.evaluation.energy_pj, found.evaluation.cycles)
        assert own == pytest.approx(best, rel=1e-9)
        assert found.optimality.status == "proved"
        seen += 1
        changed += _plain_differs(specification, mappings, result.legal)
    assert seen > 5
    assert changed > 0


def _plain_differs(specification: Specification, mappings: MappingBatch, legal: np.ndarray) -> bool:
    """Whether other mappings fit when all values are words."""
    levels = tuple(replace(level, value_bits={}) for level in specification.architecture.levels)
    plain = replace(specification, architecture=replace(specification.architecture, levels=levels))
    return bool((BatchEvaluator(plain).evaluate(mappings).legal != legal).any())


@pytest.mark.parametrize(("first", "kind"), [(0, "any"), (10, "any"), (40, "tight"), (50, "tight"), (0, "pooled")])
def test_fused_layers_share_memories_by_their_bits(first: int, kind: str) -> None:
    for seed in range(first, first + 5):
        random = Random(seed)
        chain = random_chain(random, tight=kind != "any", pooled=kind == "pooled")
        chain = _widened(random, chain)
        oracle = FusedOracle(chain, 1500)
        front = oracle.front()
        assert not oracle.too_large, seed
        criterion = CRITERIA[list(CRITERIA)[seed % 4]]
        if not front:
            with pytest.raises(NoValidMappingError, match=r"\w"):
                find_fused([Unit(chain)], criterion.name)
            continue
        found = find_fused([Unit(chain)], criterion.name)
        value = criterion.value(sum(one.energy_pj for one in found.groups), sum(one.cycles for one in found.groups))
        assert value == pytest.approx(min(criterion.value(*one) for one in front), rel=1e-9), (seed, criterion.name)
        assert found.optimality.status == "proved", seed


def _widened(random: Random, chain: Chain) -> Chain:
    layers = (replace(one, specification=with_widths(random, one.specification)) for one in chain.layers)
    return replace(chain, layers=tuple(layers))


@pytest.mark.parametrize("kind", ["gemm", "conv"])
def test_a_specification_that_is_written_and_read_is_the_same(kind: str) -> None:
    for _, one in specifications(kind, range(500, 520)):
        levels = tuple(replace(level, min_utilization=0.0) for level in one.architecture.levels)
        specification = replace(one, architecture=replace(one.architecture, levels=levels))
        read = parse_specification(dump_specification(specification), "written")
        for own, again in zip(specification.architecture.levels, read.architecture.levels, strict=True):
            assert dict(again.value_bits) == dict(own.value_bits)
            assert (again.word_bits, again.block_size, again.capacity_words) == (
                own.word_bits,
                own.block_size,
                own.capacity_words,
            )
