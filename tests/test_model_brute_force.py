"""The model against a reference that runs every loop and counts words, on random tiny cases."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from brute_force import BruteForce, Counts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from launcher.engines.native.batch import BatchEvaluator, batch_of
from launcher.engines.native.model import evaluate
from launcher.results.evaluation import Evaluation
from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.constraints import BlockConstraint, Constraints, LevelConstraint
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification

MOST_ITERATIONS = 300
DETERMINISTIC = settings(
    max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@dataclass(frozen=True)
class Case:
    """A tiny specification with one mapping."""

    specification: Specification
    mapping: Mapping


def rank(*terms: str | tuple[str, int]) -> tuple[Term, ...]:
    return tuple(Term(term) if isinstance(term, str) else Term(*term) for term in terms)


def gemm(extents: dict[str, int]) -> Problem:
    return Problem(
        "gemm",
        extents,
        (
            DataSpace("Weights", (rank("E"), rank("D"))),
            DataSpace("Inputs", (rank("E"), rank("L"))),
            DataSpace("Outputs", (rank("D"), rank("L")), read_write=True),
        ),
    )


def convolution(extents: dict[str, int], stride: int, dilation: int) -> Problem:
    return Problem(
        "convolution",
        extents,
        (
            DataSpace("Weights", (rank("E"), rank("D"), rank("R"), rank("S"))),
            DataSpace("Inputs", (rank("E"), rank(("L", stride), ("R", dilation)), rank("Q", "S"))),
            DataSpace("Outputs", (rank("D"), rank("L"), rank("Q")), read_write=True),
        ),
    )


def grouped_convolution(extents: dict[str, int], stride: int, dilation: int) -> Problem:
    """All three tensors have the dimension G."""
    inputs = (rank("G"), rank("E"), rank(("L", stride), ("R", dilation)))
    return Problem(
        "grouped",
        extents,
        (
            DataSpace("Weights", (rank("G"), rank("E"), rank("D"), rank("R"))),
            DataSpace("Inputs", inputs),
            DataSpace("Outputs", (rank("G"), rank("D"), rank("L")), read_write=True),
        ),
    )


@st.composite
def mappings(draw: st.DrawFn, dimensions: str, bounds: tuple[int, ...], *, fan_at_0: bool) -> tuple[Mapping, int]:
    """A mapping on 2 to 4 levels of some of the loops drawn, and the number of levels."""
    levels = draw(st.integers(2, 4))
    blocks: dict[tuple[int, str], list[Loop]] = {}
    iterations = 1
    for _ in range(draw(st.integers(1, 8))):
        level = draw(st.integers(0, levels - 1))
        kinds = ("x", "y", "t", "t") if level or fan_at_0 else ("t",)
        block = blocks.setdefault((level, draw(st.sampled_from(kinds))), [])
        loop = Loop(draw(st.sampled_from(dimensions)), draw(st.sampled_from(bounds)))
        if loop.dimension not in {other.dimension for other in block} and iterations * loop.bound <= MOST_ITERATIONS:
            block.append(loop)
            iterations *= loop.bound
    spaces = ("Weights", "Inputs", "Outputs")
    keeps = [
        spaces if level == levels - 1 else tuple(space for space in spaces if draw(st.booleans()))
        for level in range(levels)
    ]
    listed = tuple(
        LevelMapping(
            f"L{level}",
            keeps[level],
            tuple(blocks.get((level, "x"), ())),
            tuple(blocks.get((level, "y"), ())),
            tuple(blocks.get((level, "t"), ())),
        )
        for level in range(levels)
    )
    return Mapping(listed), levels


def architecture_for(mapping: Mapping, slack: list[int]) -> Architecture:
    """Levels that fit a mapping: unlimited capacity, and ``slack`` times the columns that it uses."""
    meshes: list[tuple[int, int]] = []
    across = down = 1
    for level, spare in zip(reversed(mapping.levels), slack, strict=False):
        meshes.append((across, down))
        across *= spare * prod(loop.bound for loop in level.spatial_x)
        down *= prod(loop.bound for loop in level.spatial_y)
    levels = tuple(
        StorageLevel(f"L{n}", "SRAM", x * y, mesh_x=x, mesh_y=y) for n, (x, y) in enumerate(reversed(meshes))
    )
    return Architecture("tiny", levels, ComputeLevel("mac", "intmac", across * down, mesh_x=across, mesh_y=down))


def case_of(problem: Problem, mapping: Mapping, slack: list[int], *, links: bool) -> Case:
    architecture = architecture_for(mapping, slack)
    actions = {"read": 1.0, "write": 2.0, "update": 3.0, "leak": 0.1, "compute": 5.0}
    entry = {name: (ActionEnergy(energy),) for name, energy in actions.items()}
    table = EnergyTable(dict.fromkeys([level.name for level in architecture.levels] + ["mac"], entry))
    none = BlockConstraint(no_link_transfer=frozenset(problem.data_space_names))
    constraints = Constraints({} if links else {"L0": LevelConstraint(spatial=none)})
    return Case(Specification(architecture, problem, constraints, table), mapping)


@st.composite
def gemm_cases(draw: st.DrawFn, *, links: bool = False) -> Case:
    mapping, levels = draw(mappings("EDL", (2, 2, 3, 4), fan_at_0=True))
    extents = {dimension: mapping.factor(dimension) for dimension in "EDL"}
    slack = draw(st.lists(st.integers(1, 2), min_size=levels, max_size=levels))
    return case_of(gemm(extents), mapping, slack, links=links)


@st.composite
def convolution_cases(draw: st.DrawFn, bounds: tuple[int, ...], *, grouped: bool = False) -> Case:
    dimensions, problem_of = ("GEDLR", grouped_convolution) if grouped else ("EDLRQS", convolution)
    mapping, levels = draw(mappings(dimensions, bounds, fan_at_0=True))
    extents = {dimension: mapping.factor(dimension) for dimension in dimensions}
    problem = problem_of(extents, draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    slack = draw(st.lists(st.integers(1, 2), min_size=levels, max_size=levels))
    return case_of(problem, mapping, slack, links=True)


def assert_counts(evaluation: Evaluation, space: str, expected: dict[str, Counts]) -> None:
    assert evaluation.legal, evaluation.reason
    for level in evaluation.levels:
        stats = level.data_spaces[space]
        found = Counts(stats.reads, stats.fills, stats.updates)
        assert expected[level.level].agrees(found), (space, level.level, found, expected[level.level])


def assert_batch_agrees(case: Case, evaluation: Evaluation) -> None:
    result = BatchEvaluator(case.specification).evaluate(batch_of(case.specification, [case.mapping]))
    assert (result.legal[0], result.cycles[0]) == (evaluation.legal, evaluation.cycles)
    assert abs(result.energy_pj[0] - evaluation.energy_pj) <= 1e-12 * evaluation.energy_pj


@DETERMINISTIC
@given(gemm_cases())
def test_gemm_counts_follow_from_the_definition_of_reuse(case: Case) -> None:
    reference = BruteForce(case.specification.problem, case.specification.architecture, case.mapping)
    evaluation = evaluate(case.specification, case.mapping)
    for space in case.specification.problem.data_spaces:
        assert_counts(evaluation, space.name, reference.between_kept_levels(space))
    assert_batch_agrees(case, evaluation)


@DETERMINISTIC
@given(gemm_cases(links=True))
def test_compute_units_pass_words_on_to_their_neighbours(case: Case) -> None:
    specification = case.specification
    reference = BruteForce(specification.problem, specification.architecture, case.mapping, abridged=True, links=True)
    evaluation = evaluate(specification, case.mapping)
    for space in specification.problem.data_spaces:
        assert_counts(evaluation, space.name, reference.level_by_level(space))
    assert_batch_agrees(case, evaluation)


@DETERMINISTIC
@given(st.one_of(convolution_cases((2,)), convolution_cases((2,), grouped=True)))
def test_convolution_counts_follow_from_running_every_iteration(case: Case) -> None:
    specification = case.specification
    reference = BruteForce(specification.problem, specification.architecture, case.mapping, steady=True, links=True)
    evaluation = evaluate(specification, case.mapping)
    for space in specification.problem.data_spaces:
        assert_counts(evaluation, space.name, reference.level_by_level(space))
    assert_batch_agrees(case, evaluation)


@DETERMINISTIC
@given(st.one_of(convolution_cases((2, 3, 3, 4)), convolution_cases((2, 3, 3, 4), grouped=True)))
def test_convolution_counts_follow_from_two_iterations_of_each_loop(case: Case) -> None:
    specification = case.specification
    reference = BruteForce(
        specification.problem, specification.architecture, case.mapping, steady=True, abridged=True, links=True
    )
    evaluation = evaluate(specification, case.mapping)
    for space in specification.problem.data_spaces:
        assert_counts(evaluation, space.name, reference.level_by_level(space))
    assert_batch_agrees(case, evaluation)


@DETERMINISTIC
@given(convolution_cases((2, 3, 3, 4)))
def test_convolution_counts_of_older_versions(case: Case) -> None:
    specification = case.specification
    reference = BruteForce(
        specification.problem,
        specification.architecture,
        case.mapping,
        steady=True,
        pause_is_turn=True,
        abridged=True,
        links=True,
    )
    evaluation = evaluate(specification, case.mapping, before_2025=True)
    for space in specification.problem.data_spaces:
        assert_counts(evaluation, space.name, reference.level_by_level(space))
