"""How fast the mapper finds and proves its optimum: one thread, warm process.

    python benchmarks/mapper.py [--only gemmini,simba] [--objectives edp,energy,cycles] [--csv FILE]
                                [--factors perfect,spatial,all] [--timeout SECONDS]
                                [--peers [--accelforge-python PYTHON]]

Every line is one search: how long it took (the median of three runs, one when a run takes over a second), what was
proved, how many nodes of the branch and bound it visited, and the mapping's figures. ``--factors`` chooses the
mapspaces (docs/mapper.md): imperfect ones have cases of their own, and may also be refused or cut short, which their
lines say. ``--peers`` adds what other mappers need for the same work, where they are installed.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from mapper_cases import relaxed_gemmini  # noqa: E402

from launcher.config.compose import compose  # noqa: E402
from launcher.engines.interface import Mapped, MapperSettings  # noqa: E402
from launcher.engines.native.mapper.optima import pareto, search  # noqa: E402
from launcher.errors import LauncherError  # noqa: E402
from launcher.specification.constraints import Factors  # noqa: E402
from launcher.specification.specification import Specification  # noqa: E402
from launcher.trial.steps import specify  # noqa: E402

GEMMS = ("KQV", "KTQ", "VScores", "Out", "FF1", "FF2")
NORMS = ("softmax", "layernorm")
TARGETS_S = {"gemmini": 0.1, "gemmini relaxed": 0.2, "pim": 0.2, "eyeriss": 1.0, "tpu": 1.0, "simba": 5.0}
NORM_TARGET_S, FRONT_TARGET_S, CONVOLUTION_TARGET_S = 0.1, 1.0, 10.0
CONVOLUTION = ("layer=resnet18_2_3x3", "model=resnet18")
OBJECTIVES = ("edp", "energy", "cycles")
ARCHITECTURES = ("gemmini", "pim", "eyeriss", "tpu", "simba")
TOKENS, PADDED = (197, 64, 197), (208, 64, 208)  # attention of a vision transformer, and its sizes rounded up to 16
INDIVISIBLE = (TOKENS, (30522, 768, 512), (50257, 768, 1))  # and the vocabularies of BERT and GPT-2
INDIVISIBLE_CONVOLUTION = ("layer.D=64", "layer.E=64", "layer.R=3", "layer.S=3", "layer.L=55", "layer.Q=55")
IMPERFECT_TARGETS_S = {
    Factors.spatial: {"gemmini": 0.02, "pim": 0.02, "eyeriss": 0.1, "tpu": 0.1, "simba": 0.2, "conv": 0.5},
    Factors.all: {"gemmini": 0.5, "pim": 0.5, "eyeriss": 3.0, "tpu": 3.0, "simba": 10.0, "conv": 10.0},
}
WARM_S = 1.0
"""Most seconds of a search that is run only to load what is compiled."""

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """One search to measure: a title, what to map, and how long it may take."""

    title: str
    layer: str
    specification: Specification
    target_s: float
    factors: Factors = Factors.perfect


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="parts of the titles to measure, separated by commas")
    parser.add_argument("--objectives", default="edp", help=f"some of {','.join(OBJECTIVES)}")
    parser.add_argument("--factors", default="perfect", help=f"some of {','.join(Factors)}")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS", help="of one search")
    parser.add_argument("--csv", type=Path, help="append the figures to this file")
    parser.add_argument("--peers", action="store_true", help="also run other mappers that are installed")
    parser.add_argument("--accelforge-python", metavar="PYTHON", help="an interpreter that has AccelForge")
    arguments = parser.parse_args()
    chosen = arguments.only.split(",") if arguments.only else [""]
    rows: list[list[object]] = []
    for factors in map(Factors, arguments.factors.split(",")):
        rows += measure_all(factors, chosen, arguments.objectives.split(","), arguments.timeout)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    if arguments.csv:
        with arguments.csv.open("a", newline="") as file:
            csv.writer(file).writerows(rows)
    if arguments.peers:
        from mapper_peers import run_peers  # noqa: PLC0415

        run_peers(relaxed(), arguments.accelforge_python)


def measure_all(factors: Factors, parts: list[str], objectives: list[str], timeout_s: float) -> list[list[object]]:
    """All searches of one kind of mapspace whose titles have one of the parts."""
    print(
        f"{'architecture':<18}{'layer':<18}{'objective':<10}{'ms':>9}{'target':>9}  {'status':<11}{'nodes':>10}  "
        f"figures, factors={factors}"
    )
    rows = []
    warm: set[str] = set()
    for case in cases() if factors is Factors.perfect else imperfect_cases(factors):
        if any(part in case.title for part in parts):
            warm_up(case, warm)
            rows += [measure(case, objective, timeout_s) for objective in objectives]
    if factors is Factors.perfect and any(part in "front" for part in parts):
        rows.append(measure_front())
    return rows


def cases() -> Iterator[Case]:
    """Everything that is measured; titles are architectures."""
    for title in ARCHITECTURES:
        for layer in GEMMS:
            yield Case(title, layer, composed(f"arch={title}", f"layer={layer}", "model=bert_large"), TARGETS_S[title])
        for layer in NORMS:
            yield Case(title, layer, composed(f"arch={title}", f"layer={layer}", "model=bert_large"), NORM_TARGET_S)
    for layer, specification in relaxed().items():
        yield Case("gemmini relaxed", layer, specification, TARGETS_S["gemmini relaxed"])
    for title in ("gemmini", "eyeriss"):
        yield Case(title, "conv 3x3 64 56", composed(f"arch={title}", *CONVOLUTION), CONVOLUTION_TARGET_S)


def imperfect_cases(factors: Factors) -> Iterator[Case]:
    """What is measured where factors may be imperfect: layers that divide well, and layers that do not."""
    targets_s = IMPERFECT_TARGETS_S[factors]
    asked = f"mapspace.factors={factors}"
    for title in ARCHITECTURES:
        for layer in GEMMS:
            specification = composed(f"arch={title}", f"layer={layer}", "model=bert_large", asked)
            yield Case(title, layer, specification, targets_s[title], factors)
        for sizes in INDIVISIBLE:
            yield Case(title, "x".join(map(str, sizes)), gemm(title, sizes, factors), targets_s[title], factors)
    specification = composed("arch=eyeriss", "layer=conv", *INDIVISIBLE_CONVOLUTION, asked)
    yield Case("eyeriss", "conv 3x3 64 55", specification, targets_s["conv"], factors)


def gemm(architecture: str, sizes: tuple[int, int, int], factors: Factors = Factors.perfect) -> Specification:
    """A matrix multiplication with D, E, L of its own."""
    written = [f"layer.{name}={size}" for name, size in zip("DEL", sizes, strict=True)]
    return composed(f"arch={architecture}", "layer=gemm", *written, f"mapspace.factors={factors}")


def relaxed() -> dict[str, Specification]:
    """The six GEMMs on the gemmini whose temporal factors are free, with the energies of the known optima."""
    sizes = {layer: composed(f"layer={layer}", "model=bert_large").problem.dimensions for layer in GEMMS}
    return {layer: relaxed_gemmini(sizes[layer]) for layer in GEMMS}


def composed(*overrides: str) -> Specification:
    """The specification of one experiment of the project."""
    return specify(compose(overrides))


def timed(run: Callable[[], T]) -> tuple[float, T]:
    """Median seconds of a call and its result."""
    seconds: list[float] = []
    while len(seconds) < 3 and sum(seconds) < 1:
        started = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - started)
    return median(seconds), result


def warm_up(case: Case, warm: set[str]) -> None:
    """Load what a kind of search needs; ``warm`` has the kinds that did. Perfect ones are warmed one by one."""
    kind = f"{case.title} {case.specification.problem.name}"
    if case.factors is Factors.perfect or kind not in warm:
        warm.add(kind)
        with suppress(LauncherError):
            search(case.specification, MapperSettings(timeout_s=WARM_S, factors=case.factors))


def measure(case: Case, objective: str, timeout_s: float) -> list[object]:
    """Search, print a line, and return it as a row."""
    settings = MapperSettings((objective,), timeout_s, factors=case.factors)
    print(f"{case.title:<18}{case.layer:<18}{objective:<10}", end="", flush=True)
    try:
        seconds, found = timed(lambda: search(case.specification, settings))
    except LauncherError as error:
        print(f"{'':>9}{case.target_s * 1e3:>9.0f}  refused: {error.what}")
        return [case.title, case.layer, objective, "", "refused", "", ""]
    status = found.optimality.status if found.optimality.status == "proved" else f"gap {found.optimality.gap:.2%}"
    energy_pj, cycles = found.evaluation.energy_pj, found.evaluation.cycles
    print(
        f"{seconds * 1e3:>9.1f}{case.target_s * 1e3:>9.0f}  {status:<11}{found.search.counters['nodes']:>10}  "
        f"{energy_pj / 1e6:,.1f} uJ, {cycles:,} cycles{against_others(case, objective, found)}",
        flush=True,
    )
    return [case.title, case.layer, objective, seconds, status, energy_pj, cycles]


def against_others(case: Case, objective: str, found: Mapped) -> str:
    """How far the EDP of an imperfect mapping of 197 tokens is from that of perfect ones, padded or not."""
    if case.factors is Factors.perfect or objective != "edp" or case.layer != "x".join(map(str, TOKENS)):
        return ""
    whole, padded = (edp(search(gemm(case.title, sizes), MapperSettings())) for sizes in (TOKENS, PADDED))
    return f"; EDP is {edp(found) / whole:.3f} of perfect, {edp(found) / padded:.3f} of padded to {PADDED[0]}"


def edp(found: Mapped) -> float:
    """Energy delay product, pJ x cycles."""
    return found.evaluation.energy_pj * found.evaluation.cycles


def measure_front() -> list[object]:
    """The whole energy and cycles front of gemmini's largest layer."""
    specification = composed("arch=gemmini", "layer=KQV", "model=bert_large")
    seconds, front = timed(lambda: pareto(specification, MapperSettings()))
    print(
        f"{'gemmini':<18}{'KQV':<18}{'front':<10}{seconds * 1e3:>9.1f}{FRONT_TARGET_S * 1e3:>9.0f}  "
        f"{'proved':<11}{front[-1].search.counters['nodes']:>10}  {len(front)} points"
    )
    return ["gemmini", "KQV", "front", seconds, "proved", len(front), 0]


if __name__ == "__main__":
    main()
