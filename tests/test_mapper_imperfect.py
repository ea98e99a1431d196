"""The search with imperfect factors on the project's architectures: never worse, whatever it is compared with."""

from __future__ import annotations

from dataclasses import replace
from math import inf, prod
from pathlib import Path
from random import Random

import pytest
from golden_cases import GoldenCase, golden_from_json, load_json
from mapspace_oracle import violations

from launcher.config.compose import compose
from launcher.engines.interface import Mapped, MapperSettings
from launcher.engines.native.mapper.optima import search
from launcher.errors import NoValidMappingError
from launcher.figures import CRITERIA
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, Factors, LevelConstraint
from launcher.specification.mapping import Loop
from launcher.specification.specification import Specification
from launcher.trial.steps import specify

ARCHITECTURES = {
    "gemmini": ("arch=gemmini",),
    "pim": ("arch=pim", "arch.rows=12", "arch.cols=20"),
    "eyeriss": ("arch=eyeriss",),
    "simba": ("arch=simba_small",),
    "tpu": ("arch=tpu", "arch.rows=14", "arch.cols=14"),
}
"""With arrays that are smaller than the layers."""

GOLDEN = Path(__file__).parent / "golden_imperfect"


def layer(random: Random, arch: str, most: int = 60) -> Specification:
    """A random small GEMM on an architecture, with what its template fixes left open."""
    sizes = {name: random.randint(2, most) for name in "DEL"}
    written = [f"layer.{name}={size}" for name, size in sizes.items()]
    return loosened(specify(compose([*ARCHITECTURES[arch], "layer=gemm", *written, "tracking=none"])))


def loosened(specification: Specification) -> Specification:
    """Factors that are exactly 1 stay, all others may be anything, and no level must be filled."""
    levels = {
        name: replace(level, temporal=_loosened(level.temporal), spatial=_loosened(level.spatial))
        for name, level in specification.constraints.levels.items()
    }
    architecture = specification.architecture
    empty = tuple(replace(level, min_utilization=0.0) for level in architecture.levels)
    return replace(
        specification, constraints=Constraints(levels), architecture=replace(architecture, levels=empty)
    )  # fmt: skip


def _loosened(block: BlockConstraint) -> BlockConstraint:
    ones = {name: bounds for name, bounds in block.factors.items() if bounds.exact == 1}
    return replace(block, factors=ones, maximize=())


def resized(specification: Specification, **sizes: int) -> Specification:
    problem = specification.problem
    return replace(specification, problem=replace(problem, dimensions={**problem.dimensions, **sizes}))


def best(specification: Specification, objective: str, factors: Factors) -> Mapped | None:
    try:
        return search(specification, MapperSettings((objective,), factors=factors))
    except NoValidMappingError:
        return None


def value(found: Mapped | None, objective: str) -> float:
    if found is None:
        return inf
    criterion, evaluation = CRITERIA[objective], found.evaluation
    return float(evaluation.energy_pj**criterion.energy * float(evaluation.cycles) ** criterion.cycles)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_more_freedom_is_never_worse(arch: str) -> None:
    random = Random(f"freedom {arch}")
    better = {Factors.spatial: 0, Factors.all: 0}
    objectives = list(CRITERIA)
    for number in range(8):
        specification = layer(random, arch)
        objective = objectives[number % len(objectives)]
        last = inf
        for factors in Factors:
            found = best(specification, objective, factors)
            assert found is not None
            assert found.optimality.status == "proved"
            assert not violations(specification, found.mapping, factors)
            now = value(found, objective)
            assert now <= last * (1 + 1e-9), (objective, factors, specification.problem.dimensions)
            if factors in better:
                better[factors] += now < last * (1 - 1e-9)
            last = now
    assert better[Factors.spatial] > 1
    # The sides of the other arrays lie along different dimensions: filling them is most of what there is to gain.
    assert better[Factors.all] or arch != "eyeriss"


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_padding_a_layer_is_never_better(arch: str) -> None:
    random = Random(f"padding {arch}")
    for _ in range(3):
        specification = layer(random, arch)
        name = random.choice("DEL")
        padded = resized(specification, **{name: specification.problem.dimensions[name] + random.randint(1, 8)})
        own = value(best(specification, "edp", Factors.all), "edp")
        assert own <= value(best(padded, "edp", Factors.perfect), "edp") * (1 + 1e-9), (name, padded.problem.dimensions)


@pytest.mark.parametrize("factors", [Factors.spatial, Factors.all])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_mapping_does_not_depend_on_threads(arch: str, factors: Factors) -> None:
    random = Random(f"threads {arch}")
    imperfect = 0
    for _ in range(2):
        specification = layer(random, arch)
        one, two = (search(specification, MapperSettings(factors=factors, threads=threads)) for threads in (1, 2))
        assert one.mapping == two.mapping
        assert one.evaluation == two.evaluation
        imperfect += not one.mapping.is_perfect
    assert imperfect


@pytest.mark.parametrize("objective", ["edp", "energy", "cycles"])
def test_a_search_that_is_stopped_says_how_far_the_optimum_can_be(objective: str) -> None:
    random = Random(7)
    specification = layer(random, "eyeriss", most=300)
    found = search(specification, MapperSettings((objective,), factors=Factors.all, timeout_s=0.2))
    whole = search(specification, MapperSettings((objective,), factors=Factors.all))
    assert whole.optimality.status == "proved"
    assert found.optimality.lower_bound <= whole.optimality.lower_bound * (1 + 1e-9)
    assert value(whole, objective) <= value(found, objective) * (1 + 1e-9)


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json.gz")), ids=lambda file: file.name.split(".")[0])
def test_no_golden_mapping_is_better_than_the_optimum(file: Path) -> None:
    golden = golden_from_json(load_json(file), file.name)
    compared = 0
    for case in [case for case in golden.cases if case.legal and _lies_along_one_axis(case)]:
        specification = replace(golden.specification, constraints=_as_spread(case))
        found = search(specification, MapperSettings(("edp",), factors=Factors.all))
        expected = case.expected["energy_pj"] * case.expected["cycles"]
        assert found.optimality.status == "proved"
        assert value(found, "edp") <= expected * (1 + 1e-9)
        compared += 1
    assert compared > 20


def _lies_along_one_axis(case: GoldenCase) -> bool:
    """Whether no dimension has loops along X and Y at the same level: the mapper lays it along one of them."""
    return all(
        not {loop.dimension for loop in level.spatial_x} & {loop.dimension for loop in level.spatial_y}
        for level in case.mapping
    )


def _as_spread(case: GoldenCase) -> Constraints:
    """The mapping's fan-outs, keep and bypass; its loops in time are free at the outermost levels only."""
    dimensions = {loop.dimension for level in case.mapping for loop in level.spatial + level.temporal}
    levels = {}
    spaces = frozenset(("Weights", "Inputs", "Outputs"))
    for index, level in enumerate(case.mapping):
        blocks = [
            BlockConstraint({name: FactorBounds(exact=prod(_ends(loops, name))) for name in dimensions})
            for loops in (level.temporal, level.spatial)
        ]
        free = index >= len(case.mapping.levels) - 3
        levels[level.level] = LevelConstraint(
            keep=frozenset(level.keep),
            bypass=spaces - set(level.keep),
            temporal=BlockConstraint() if free else blocks[0],
            spatial=blocks[1],
        )
    return Constraints(levels)


def _ends(loops: tuple[Loop, ...], name: str) -> list[int]:
    return [loop.bound for loop in loops if loop.dimension == name]


def test_only_dimensions_that_move_no_windows_are_imperfect() -> None:
    sizes = ["layer.D=22", "layer.E=19", "layer.R=3", "layer.S=3", "layer.L=7", "layer.Q=7"]
    specification = specify(compose(["arch=eyeriss", "layer=conv", *sizes, "tracking=none"]))
    found = {factors: best(specification, "edp", factors) for factors in Factors}
    values = [value(mapped, "edp") for mapped in found.values()]
    assert values[0] > 1.05 * values[1] >= 1.05 * values[2]
    for mapped in found.values():
        assert mapped is not None
        assert mapped.optimality.status == "proved"
        loops = [loop for level in mapped.mapping for loop in (*level.spatial, *level.temporal)]
        assert all(loop.is_perfect for loop in loops if loop.dimension in "RSLQ")
