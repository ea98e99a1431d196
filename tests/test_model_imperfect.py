"""Imperfect mappings: golden counts, a walk over every index, and the model for perfect factors as a special case."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from golden_cases import golden_from_json, load_json
from imperfect_cases import random_case
from imperfect_walk import Walk, energy_and_cycles
from mapspace_oracle import random_mappings
from random_specifications import random_specification

from launcher.engines.native.batch import BatchEvaluator, MappingBatch, batch_of, mapping_at
from launcher.engines.native.imperfect.counts import count_tensors
from launcher.engines.native.imperfect.networks import imperfect_network_energies_pj
from launcher.engines.native.legality import find_violation
from launcher.engines.native.lowering import lower
from launcher.engines.native.model import evaluate
from launcher.engines.native.network_costs import counts_hops, network_latency_cycles, transfer_prices
from launcher.engines.native.tiles import tensors_of
from launcher.errors import SpecificationError
from launcher.results.evaluation import Evaluation
from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.constraints import Constraints, LevelConstraint
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.mapping import LevelMapping, Loop, Mapping, with_residuals
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification

FOLDER = Path(__file__).parent / "golden_imperfect"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json.gz")), ids=lambda file: file.name.split(".")[0])
def test_every_imperfect_golden_case_is_met(file: Path) -> None:
    golden = golden_from_json(load_json(file), file.name)
    wrong = {}
    for number, case in enumerate(golden.cases):
        assert case.mapping.iterations(golden.specification.problem) == case.expected["iterations"]
        found = _differences(evaluate(golden.specification, case.mapping), case.expected)
        if found:
            wrong[number] = found
    assert not wrong, f"{len(wrong)} of {len(golden.cases)} cases differ, first: {next(iter(wrong.items()))}"


def _differences(evaluation: Evaluation, expected: dict[str, Any]) -> list[str]:
    found = [
        f"{key}: {getattr(evaluation, name)}, expected {expected[key]}"
        for key, name in (
            ("legal", "legal"),
            ("cycles", "cycles"),
            ("utilization", "utilization"),
            ("macs", "computes"),
        )
        if getattr(evaluation, name) != expected[key]
    ]
    energies = [("total", evaluation.energy_pj, expected["energy_pj"])]
    for level, wanted in zip(evaluation.levels, expected["levels"], strict=True):
        energies.append((level.level, level.energy_pj, wanted["energy_pj"]))
        if level.instances != wanted["instances"]:
            found.append(f"{level.level}: {level.instances} instances, expected {wanted['instances']}")
        for name, counts in wanted["data_spaces"].items():
            stats = level.data_spaces[name]
            mine = {"tile_words": stats.tile_words, "reads": stats.total_reads}
            mine |= {"fills": stats.total_fills, "updates": stats.total_updates}
            if mine != counts:
                found.append(f"{level.level} {name}: {mine}, expected {counts}")
    return found + [f"energy of {n}: {a}, expected {b}" for n, a, b in energies if abs(a - b) > 1e-12 * b]


@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv", "strided", "batched", "grouped"])
@pytest.mark.parametrize("seed", range(3))
def test_every_count_is_that_of_a_walk_over_all_indices(kind: str, seed: int) -> None:
    random = Random(f"{kind} {seed}")
    imperfect = 0
    for _ in range(25 if kind in ("gemm", "elementwise") else 12):
        specification, mapping = random_case(random, kind)
        imperfect += not mapping.is_perfect
        _check_against_walk(specification, mapping)
    assert imperfect > 3


def _check_against_walk(specification: Specification, mapping: Mapping) -> None:
    walk = Walk(specification, mapping)
    nest = lower(specification, mapping)
    assert nest.iterations == walk.steps
    counted = count_tensors(specification, tensors_of(specification.problem), nest)
    for space, one in zip(specification.problem.data_spaces, counted, strict=True):
        for index in walk.kept(space):
            access = one.accesses[index]
            for totals, busiest in ((access.totals, False), (access.busiest, True)):
                expected = walk.counts(space, index, busiest=busiest)
                assert (totals.reads, totals.fills, totals.updates) == expected, (mapping, space.name, index, busiest)
    networks = _walked_networks(specification, walk)
    assert imperfect_network_energies_pj(specification, counted) == pytest.approx(networks, rel=1e-12)
    if not mapping.is_perfect:
        energy, cycles = energy_and_cycles(walk)
        evaluation = evaluate(specification, mapping)
        assert evaluation.cycles == cycles + network_latency_cycles(specification.architecture)
        assert evaluation.energy_pj == pytest.approx(energy + sum(networks.values()), rel=1e-12)


def _walked_networks(specification: Specification, walk: Walk) -> dict[str, float]:
    """Energies of explicit networks, transfer by transfer, and of words that enter a mesh."""
    energies: dict[str, float] = {}
    architecture = specification.architecture
    for index, level in enumerate(architecture.levels):
        ingress_pj = level.attributes.get("energy-per-ingress")
        if level.read_network is None and not ingress_pj:
            continue
        inner = architecture.levels[index - 1].name if index else architecture.compute.name
        name = level.read_network or f"{level.name} <==> {inner}"
        energies[name] = 0.0
        for space in specification.problem.data_spaces:
            if index > walk.kept(space)[-1]:
                continue
            words = walk.crossing(space, walk.inner(space, index), index)
            if level.read_network:
                prices = transfer_prices(specification, architecture.networks[name], space.name)
                for destinations, number in words.items():
                    price = [pj for count, pj in prices if count in (None, destinations)]
                    energies[name] += number * (price[-1] if price else 0.0)
                continue
            entered = sum(words.values())
            if space.read_write and not level.reduction_supported:
                entered += entered - (walk.first_touches(space, index) if index in walk.kept(space) else 0)
            energies[name] += entered * ingress_pj * level.value_bits.get(space.name, level.word_bits) / level.word_bits
    return energies


@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv", "strided", "batched", "grouped"])
def test_perfect_mappings_have_the_figures_of_the_perfect_model_without_links(kind: str) -> None:
    random = Random(kind)
    seen = 0
    while seen < 150:
        specification = random_specification(random, kind)
        names = frozenset(specification.problem.data_space_names)
        levels = {
            level.name: replace(at, spatial=replace(at.spatial, no_link_transfer=names))
            for level in specification.architecture.levels
            for at in [specification.constraints.at(level.name)]
        }
        specification = replace(specification, constraints=replace(specification.constraints, levels=levels))
        try:
            batch = random_mappings(specification, 5, seen)
        except (ValueError, IndexError):
            continue  # the constraints leave nothing
        for index in range(len(batch)):
            seen += _check_perfect(specification, mapping_at(specification, batch, index))


def _check_perfect(specification: Specification, mapping: Mapping) -> bool:
    nest, tensors = lower(specification, mapping), tensors_of(specification.problem)
    if find_violation(specification, tensors, nest) is not None:
        return False
    evaluation = evaluate(specification, mapping)
    counted = count_tensors(specification, tensors, nest)
    for number, space in enumerate(specification.problem.data_spaces):
        for level, access in zip(evaluation.levels, counted[number].accesses, strict=True):
            stats = level.data_spaces[space.name]
            assert (stats.tile_words, stats.utilized_instances) == (access.tile_words, access.instances)
            assert stats.reads == _nearest(access.reads), (mapping, level.level, space.name)
            assert stats.updates == _nearest(access.updates)
            # Averages of fills are rounded down there, after sums in floating point.
            assert stats.fills in {floor(access.fills), floor(access.fills + Fraction(1, 10**6)) - 1}
            assert access.busiest == access.totals or access.instances > 1
    if not any(tensor.sliding for tensor in tensors) and not counts_hops(specification):
        networks = imperfect_network_energies_pj(specification, counted)
        assert networks == pytest.approx(evaluation.network_energy_pj, rel=1e-12)
    return True


def _nearest(words: Fraction) -> int:
    return floor(words + Fraction(1, 2))


def two_levels(*loops: Loop, outer: tuple[Loop, ...] = (), **extents: int) -> tuple[Specification, Mapping]:
    """A gemm on a buffer with a fan-out to four units, below a DRAM: loops of both levels in time."""
    problem = Problem(
        "gemm",
        {"E": 1, "D": 1, "L": 1, **extents},
        tuple(
            DataSpace(name, tuple((Term(dimension),) for dimension in ranks), read_write=name == "Outputs")
            for name, ranks in (("Weights", "ED"), ("Inputs", "EL"), ("Outputs", "DL"))
        ),
    )
    levels = (StorageLevel("Buffer", "SRAM", 1, capacity_words=40), StorageLevel("DRAM", "DRAM", 1))
    entry = {action: (ActionEnergy(1.0),) for action in ("read", "write", "compute")}
    architecture = Architecture("tiny", levels, ComputeLevel("mac", "intmac", 4, mesh_x=4))
    table = EnergyTable(dict.fromkeys(("Buffer", "DRAM", "mac"), entry))
    names = problem.data_space_names
    mapping = Mapping(
        (LevelMapping("Buffer", names, temporal=tuple(loops)), LevelMapping("DRAM", names, temporal=outer))
    )
    return Specification(architecture, problem, energy=table), mapping


@pytest.mark.parametrize(
    ("inner", "outer", "what"),
    [
        (Loop("D", 7, 3), Loop("D", 3), "the residual of D=7,3 at level 'Buffer' .* expected D=7,6"),
        (Loop("D", 7), Loop("D", 3), "the residual of D=7 at level 'Buffer' .* expected D=7,6"),
        (Loop("D", 5), Loop("D", 4, 2), "the residual of D=4,2 at level 'DRAM' .* expected D=4"),
        (Loop("D", 7, 6), Loop("D", 2), "multiply to 14, but its extent is 20: 2 remains"),
        (Loop("D", 7, 6), Loop("D", 4, 3), "multiply to 28, .*: only 3 remains for D=4 at level 'DRAM'"),
    ],
)
def test_residuals_and_factors_must_follow_from_the_extent(inner: Loop, outer: Loop, what: str) -> None:
    with pytest.raises(SpecificationError, match=what):
        evaluate(*two_levels(inner, outer=(outer,), D=20))


def test_residuals_that_follow_are_written_down() -> None:
    specification, mapping = two_levels(Loop("D", 7, 3), Loop("E", 2), outer=(Loop("D", 3), Loop("E", 2, 1)), D=20, E=4)
    right = with_residuals(mapping, specification.problem)
    assert right.levels[0].temporal == (Loop("D", 7, 6), Loop("E", 2))
    assert right.levels[1].temporal == (Loop("D", 3), Loop("E", 2))
    assert evaluate(specification, right).computes == 20 * 4


def test_a_tile_ends_where_the_problem_does() -> None:
    # 7 x 3 = 21 of 20 rows: the buffer holds 20 words of weights and outputs each, and no more.
    specification, mapping = two_levels(Loop("D", 7, 6), Loop("D", 3), D=20)
    evaluation = evaluate(specification, mapping)
    assert (
        evaluation.reason == "Buffer: tiles of 41 words (Weights 20 + Inputs 1 + Outputs 20) exceed the capacity "
        "of 40 words by 1"
    )


def test_what_is_not_counted_for_imperfect_mappings_is_refused_by_name() -> None:
    specification, mapping = two_levels(Loop("D", 7, 6), outer=(Loop("D", 3),), D=20)
    assert evaluate(specification, mapping).legal
    merged = Constraints({"Buffer": LevelConstraint(no_coalesce=frozenset({"Outputs"}))})
    with pytest.raises(SpecificationError, match="'Buffer' does not coalesce accesses of 'Outputs'"):
        evaluate(replace(specification, constraints=merged), mapping)
    hops = replace(specification.architecture.levels[1], attributes={"router_energy": 0.5})
    wired = replace(specification.architecture, levels=(specification.architecture.levels[0], hops))
    with pytest.raises(SpecificationError, match="hops of imperfect mappings are not counted, but network 'DRAM <==> "):
        evaluate(replace(specification, architecture=wired), mapping)


def test_a_sum_with_a_dimension_of_extent_1_moves_no_window() -> None:
    golden = golden_from_json(load_json(FOLDER / "imperfect_gemmini.json.gz"), "gemmini")
    problem = golden.specification.problem  # Inputs have the ranks L + R and Q + S
    assert problem.sliding == frozenset()
    assert replace(problem, dimensions={**problem.dimensions, "R": 3}).sliding == {"L", "R"}


def test_windows_need_perfect_factors() -> None:
    specification, mapping = two_levels(
        Loop("L", 4, 3), outer=(Loop("L", 2), Loop("D", 2), Loop("E", 3)), L=7, D=2, E=3
    )
    sliding = DataSpace("Inputs", ((Term("E"),), (Term("L"), Term("D"))))
    weights, _, outputs = specification.problem.data_spaces
    problem = replace(specification.problem, data_spaces=(weights, sliding, outputs))
    with pytest.raises(SpecificationError) as caught:
        evaluate(replace(specification, problem=problem), mapping)
    assert "dimension 'L' has imperfect factors, but the windows of 'Inputs' move along it" in str(caught.value)
    assert "only E may have imperfect factors" in str(caught.value)
    even = two_levels(Loop("L", 7), Loop("E", 2), outer=(Loop("D", 2), Loop("E", 2)), L=7, D=2, E=3)[1]
    assert evaluate(replace(specification, problem=problem), with_residuals(even, problem)).computes == 42


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json.gz")), ids=lambda file: file.name.split(".")[0])
def test_a_batch_may_mix_perfect_and_imperfect_mappings(file: Path) -> None:
    golden = golden_from_json(load_json(file), file.name)
    problem = golden.specification.problem
    outermost = golden.cases[0].mapping.levels[-1]
    whole = replace(
        outermost, temporal=tuple(Loop(name, size) for name, size in problem.dimensions.items() if size > 1)
    )
    levels = [replace(one, spatial_x=(), spatial_y=(), temporal=()) for one in golden.cases[0].mapping.levels[:-1]]
    perfect = Mapping((*levels, whole))
    mappings = [perfect, *(case.mapping for case in golden.cases[:10]), perfect]
    batch = batch_of(golden.specification, mappings)
    assert [mapping_at(golden.specification, batch, n).is_perfect for n in (0, 1, 11)] == [True, False, True]
    assert sorted_loops(mapping_at(golden.specification, batch, 3)) == sorted_loops(mappings[3])
    result = BatchEvaluator(golden.specification).evaluate(batch)
    singles = [evaluate(golden.specification, mapping) for mapping in mappings]
    assert result.legal.tolist() == [one.legal for one in singles]
    assert result.cycles.tolist() == [one.cycles for one in singles]
    assert result.energy_pj.tolist() == pytest.approx([one.energy_pj for one in singles], rel=1e-12)
    broken = MappingBatch(batch.factors.copy(), batch.orders, batch.keep)
    broken.factors[5, -1, 2, 0] += 300
    with pytest.raises(SpecificationError, match="of dimension 'E' multiply to"):
        BatchEvaluator(golden.specification).evaluate(broken)


def sorted_loops(mapping: Mapping) -> list[tuple[str, str]]:
    return sorted((level.level, str(loop)) for level in mapping for loop in level.spatial + level.temporal)
