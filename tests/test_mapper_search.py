"""What the mapper promises beside the optimum: determinism, order of criteria, time limits, progress, clear errors."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from mapper_cases import convolution, exactly, gemmini, keeps, pim, softmax
from mapspace_oracle import random_mappings, violations

from launcher.config.compose import compose
from launcher.engines.interface import MapperSettings, Progress
from launcher.engines.native.batch import BatchEvaluator
from launcher.engines.native.mapper.kernels.branch import explore
from launcher.engines.native.mapper.kernels.completion import complete
from launcher.engines.native.mapper.optima import pareto, search
from launcher.engines.native.mapper.search import solver
from launcher.errors import ConfigurationError, NoValidMappingError, SpecificationError
from launcher.specification.constraints import BlockConstraint, Constraints, Factors, LevelConstraint
from launcher.specification.specification import Specification
from launcher.trial.steps import specify

SMALL = {"E": 256, "D": 512, "L": 384}


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock finds it 0.3 s later, however fast the machine is."""
    seconds = count(0, 0.3)
    monkeypatch.setattr("launcher.engines.native.mapper.search.clock.perf_counter", lambda: next(seconds))


def test_equal_input_gives_an_equal_mapping() -> None:
    first, second = (search(gemmini(SMALL), MapperSettings()) for _ in range(2))
    assert first.mapping == second.mapping
    assert first.search.counters == second.search.counters


@pytest.mark.parametrize("objective", [("edp",), ("energy",), ("cycles",)])
def test_threads_do_not_change_the_result(objective: tuple[str, ...]) -> None:
    for specification in (pim({"D": 96, "E": 96, "L": 60}), convolution("eyeriss", E=8, D=16, R=3, S=3, L=14, Q=14)):
        alone, together = (search(specification, MapperSettings(objective, threads=n)) for n in (1, 2))
        assert alone.mapping == together.mapping
        assert alone.evaluation == together.evaluation
        assert together.optimality.status == "proved"


def test_later_criteria_break_ties() -> None:
    specification = gemmini(SMALL)
    fastest = search(specification, MapperSettings(("cycles",)))
    fast_and_frugal = search(specification, MapperSettings(("cycles", "energy")))
    frugal_and_fast = search(specification, MapperSettings(("energy", "cycles")))
    assert fast_and_frugal.evaluation.cycles == fastest.evaluation.cycles
    assert fast_and_frugal.evaluation.energy_pj <= fastest.evaluation.energy_pj
    assert frugal_and_fast.evaluation.energy_pj <= fast_and_frugal.evaluation.energy_pj
    assert frugal_and_fast.optimality.objective == ("energy", "cycles")


@pytest.mark.parametrize("objective", [("speed",), (), ("edp", "edp")])
def test_an_objective_that_is_none_is_refused(objective: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="objective"):
        search(gemmini(SMALL), MapperSettings(objective))


@pytest.mark.usefixtures("slow_clock")
def test_a_time_limit_leaves_a_mapping_a_bound_and_a_gap() -> None:
    specification = convolution("eyeriss", E=64, D=64, R=3, S=3, L=56, Q=56)
    proved = search(specification, MapperSettings(("edp",)))
    stopped = search(specification, MapperSettings(("energy",), timeout_s=3))
    assert stopped.optimality.status == "bounded"
    assert stopped.optimality.lower_bound is not None
    assert stopped.optimality.gap is not None
    assert stopped.optimality.lower_bound <= proved.evaluation.energy_pj
    assert stopped.optimality.lower_bound < stopped.evaluation.energy_pj
    assert 0 < stopped.optimality.gap < 1
    assert not violations(specification, stopped.mapping)


@pytest.mark.usefixtures("slow_clock")
def test_progress_is_reported_and_ctrl_c_keeps_the_best_so_far() -> None:
    specification = convolution("eyeriss", E=64, D=64, R=3, S=3, L=56, Q=56)
    seen: list[Progress] = []

    def interrupt(progress: Progress) -> None:
        seen.append(progress)
        raise KeyboardInterrupt

    stopped = search(specification, MapperSettings(("energy",)), interrupt)
    assert len(seen) == 1
    assert seen[0].seconds >= 1  # a quicker search says nothing
    assert seen[0].incumbent is not None
    assert seen[0].lower_bound is not None
    assert seen[0].lower_bound <= seen[0].incumbent
    assert stopped.optimality.status == "bounded"


@pytest.mark.usefixtures("slow_clock")
def test_ctrl_c_ends_the_search_of_imperfect_factors_before_it_begins() -> None:
    specification = convolution("eyeriss", E=7, D=11, R=3, S=3, L=14, Q=14)
    seen: list[Progress] = []

    def interrupt(progress: Progress) -> None:
        seen.append(progress)
        raise KeyboardInterrupt

    stopped = search(specification, MapperSettings(("energy",), factors=Factors.all), interrupt)
    best = search(specification, MapperSettings(("energy",), factors=Factors.all))
    assert len(seen) == 1
    assert stopped.optimality.status == "bounded"
    assert stopped.optimality.lower_bound is not None
    assert stopped.optimality.lower_bound < best.evaluation.energy_pj < stopped.evaluation.energy_pj
    assert not best.mapping.is_perfect


def _composed(*overrides: str) -> Specification:
    return specify(compose(overrides))


@pytest.mark.usefixtures("slow_clock")
def test_a_mapspace_without_constraints_is_searched_within_the_time_limit() -> None:
    """Twenty thousand spatial assignments with 32,768 choices each of what is kept where."""
    free = replace(_composed("arch=tpu", "layer=KTQ", "model=bert_base"), constraints=Constraints())
    seen: list[Progress] = []
    stopped = search(free, MapperSettings(timeout_s=6), seen.append)
    assert stopped.search.counters["spatial_assignments"] > 10_000
    assert stopped.optimality.status == "bounded"
    assert len(seen) > 3
    assert not violations(free, stopped.mapping)


@pytest.mark.usefixtures("slow_clock")
def test_a_search_that_is_stopped_is_no_worse_than_random_mappings() -> None:
    specification = _composed("arch=aimc", "layer=vgg16_2_2", "model=vgg16")
    stopped = search(specification, MapperSettings(("energy",), timeout_s=15))
    assert stopped.optimality.status == "bounded"
    others = BatchEvaluator(specification).evaluate(random_mappings(specification, 4000, seed=0))
    assert others.legal.sum() > 50
    assert stopped.evaluation.energy_pj <= others.energy_pj[others.legal].min()


def test_choices_that_were_forgotten_are_listed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    free = replace(gemmini({"E": 12, "D": 16, "L": 8}), constraints=Constraints())
    settings = MapperSettings(("energy",))
    remembered = search(free, settings)
    monkeypatch.setattr("launcher.engines.native.mapper.search.candidates.REMEMBERED_BYTES", 0)
    forgotten = search(free, settings)
    assert forgotten.mapping == remembered.mapping
    assert forgotten.search.counters == remembered.search.counters


@pytest.mark.parametrize("objective", ["energy", "edp"])
def test_sliding_loops_cost_the_same_when_nothing_of_them_is_remembered(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    specification = convolution("eyeriss", D=16, E=16)
    found = search(specification, MapperSettings((objective,)))
    monkeypatch.setattr(solver, "_MOST_SLID", 0)
    again = search(specification, MapperSettings((objective,)))
    assert (again.mapping, again.search.counters) == (found.mapping, found.search.counters)


def test_a_quick_search_reports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.engines.native.mapper.search.clock.perf_counter", lambda: 0.0)
    seen: list[Progress] = []
    search(gemmini(SMALL), MapperSettings(), seen.append)
    assert not seen


def test_the_front_goes_from_the_least_energy_to_the_fewest_cycles() -> None:
    specification = gemmini({"E": 1024, "D": 3072, "L": 4096})
    front = pareto(specification, MapperSettings())
    energies = [point.evaluation.energy_pj for point in front]
    cycles = [point.evaluation.cycles for point in front]
    assert len(front) > 2
    assert energies == sorted(energies)
    assert cycles == sorted(cycles, reverse=True)
    assert energies[0] == search(specification, MapperSettings(("energy",))).evaluation.energy_pj
    assert cycles[-1] == search(specification, MapperSettings(("cycles",))).evaluation.cycles
    best_edp = search(specification, MapperSettings(("edp",))).evaluation.edp_j_cycles
    assert min(point.evaluation.edp_j_cycles for point in front) == best_edp
    assert all(point.optimality.status == "proved" for point in front)


def test_nothing_to_tile_is_mapped() -> None:
    free = replace(pim({"D": 1, "E": 1, "L": 1}), constraints=Constraints())
    found = search(free, MapperSettings())
    assert found.evaluation.computes == 1
    assert all(not level.temporal and not level.spatial for level in found.mapping)


def test_an_unconstrained_architecture_is_searched() -> None:
    specification = gemmini({"E": 64, "D": 96, "L": 64})
    free = replace(specification, constraints=Constraints())
    found = search(free, MapperSettings())
    fixed = search(specification, MapperSettings())
    assert found.evaluation.edp_j_cycles <= fixed.evaluation.edp_j_cycles
    assert not violations(free, found.mapping)


@pytest.mark.parametrize(
    ("constraint", "match"),
    [
        (LevelConstraint(no_coalesce=frozenset({"Outputs"})), "no_coalesce"),
        (LevelConstraint(keep=frozenset({"Nothing"})), "Nothing"),
        (LevelConstraint(keep=frozenset({"Inputs"}), bypass=frozenset({"Inputs"})), "both keep and bypass"),
        (LevelConstraint(temporal=exactly(X=2)), "'X'"),
        (LevelConstraint(temporal=BlockConstraint(permutation=("Z",))), "'Z'"),
        (LevelConstraint(temporal=BlockConstraint(exactly(E=2).factors, maximize=("E",))), "maximize"),
    ],
)
def test_constraints_that_make_no_sense_are_errors_by_name(constraint: LevelConstraint, match: str) -> None:
    with pytest.raises(SpecificationError, match=match):
        search(gemmini(SMALL, Scratchpad=constraint), MapperSettings())


def test_a_constraint_on_an_unknown_level_is_an_error() -> None:
    with pytest.raises(SpecificationError, match="Scratchpd"):
        search(gemmini(SMALL, Scratchpd=LevelConstraint()), MapperSettings())


def _maximized(capacity: int | None = None) -> Specification:
    block = BlockConstraint(maximize=("L",), maximize_capacity_words=capacity)
    return gemmini({"E": 1024, "D": 64, "L": 8192}, Accumulator=keeps("Outputs", temporal=block))


def test_maximize_fills_a_capacity_or_the_level() -> None:
    filled = search(_maximized(), MapperSettings()).mapping.level("Accumulator")
    assert filled.factor("L") == 256  # 16 columns already wait in the registers, and 4096 words fit
    given = search(_maximized(64), MapperSettings()).mapping.level("Accumulator")
    assert given.factor("L") == 64


def test_a_permutation_fixes_the_innermost_loops() -> None:
    free = search(gemmini(SMALL), MapperSettings(("energy",)))
    for order in (("L",), ("E", "L"), ("D",)):
        dram = keeps("Weights", "Inputs", "Outputs", temporal=BlockConstraint(permutation=order))
        specification = gemmini(SMALL, DRAM=dram)
        found = search(specification, MapperSettings(("energy",)))
        assert not violations(specification, found.mapping)
        assert found.evaluation.energy_pj >= free.evaluation.energy_pj


def test_everything_is_compiled_before_the_clock_starts() -> None:
    unlimited = softmax(columns=4, rows=4)
    levels = tuple(
        replace(level, read_bandwidth=None, write_bandwidth=None, shared_bandwidth=None)
        for level in unlimited.architecture.levels
    )
    search(replace(unlimited, architecture=replace(unlimited.architecture, levels=levels)), MapperSettings())
    pareto(gemmini(SMALL), MapperSettings())
    assert len(explore.signatures) == 1
    assert len(complete.signatures) == 1


def test_no_time_for_any_mapping_says_so() -> None:
    specification = pim({"D": 64, "E": 64, "L": 32})
    with pytest.raises(NoValidMappingError, match="time limit"):
        search(specification, MapperSettings(timeout_s=0.0))
