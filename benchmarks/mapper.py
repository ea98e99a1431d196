"""How fast the mapper finds and proves its optimum: one thread, warm process.

    python benchmarks/mapper.py [--only gemmini,simba] [--objectives edp,energy,cycles] [--csv FILE]
                                [--peers [--accelforge-python PYTHON]]

Every line is one search: how long it took (the median of three runs, one when a run takes over a second), what was
proved, how many nodes of the branch and bound it visited, and the mapping's figures. ``--peers`` adds what other
mappers need for the same work, where they are installed.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from mapper_cases import relaxed_gemmini  # noqa: E402

from launcher.config.compose import compose  # noqa: E402
from launcher.engines.interface import MapperSettings  # noqa: E402
from launcher.engines.native.mapper.optima import pareto, search  # noqa: E402
from launcher.specification.specification import Specification  # noqa: E402
from launcher.trial.steps import specify  # noqa: E402

GEMMS = ("KQV", "KTQ", "VScores", "Out", "FF1", "FF2")
NORMS = ("softmax", "layernorm")
TARGETS_S = {"gemmini": 0.1, "gemmini relaxed": 0.2, "pim": 0.2, "eyeriss": 1.0, "tpu": 1.0, "simba": 5.0}
NORM_TARGET_S, FRONT_TARGET_S, CONVOLUTION_TARGET_S = 0.1, 1.0, 10.0
CONVOLUTION = ("layer=resnet18_2_3x3", "model=resnet18")
OBJECTIVES = ("edp", "energy", "cycles")
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """One search to measure: a title, what to map, and how long it may take."""

    title: str
    layer: str
    specification: Specification
    target_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="parts of the titles to measure, separated by commas")
    parser.add_argument("--objectives", default="edp", help=f"some of {','.join(OBJECTIVES)}")
    parser.add_argument("--csv", type=Path, help="append the figures to this file")
    parser.add_argument("--peers", action="store_true", help="also run other mappers that are installed")
    parser.add_argument("--accelforge-python", metavar="PYTHON", help="an interpreter that has AccelForge")
    arguments = parser.parse_args()
    chosen = arguments.only.split(",") if arguments.only else [""]
    rows = []
    print(
        f"{'architecture':<18}{'layer':<16}{'objective':<10}{'ms':>9}{'target':>9}  {'status':<9}{'nodes':>9}  figures"
    )
    for case in cases():
        if not any(part in case.title for part in chosen):
            continue
        for objective in arguments.objectives.split(","):
            rows.append(measure(case, objective))
    if any(part in "front" for part in chosen):
        rows.append(measure_front())
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    if arguments.csv:
        with arguments.csv.open("a", newline="") as file:
            csv.writer(file).writerows(rows)
    if arguments.peers:
        from mapper_peers import run_peers  # noqa: PLC0415

        run_peers(relaxed(), arguments.accelforge_python)


def cases() -> Iterator[Case]:
    """Everything that is measured; titles are architectures."""
    for title in ("gemmini", "pim", "eyeriss", "tpu", "simba"):
        for layer in GEMMS:
            yield Case(title, layer, composed(f"arch={title}", f"layer={layer}", "model=bert_large"), TARGETS_S[title])
        for layer in NORMS:
            yield Case(title, layer, composed(f"arch={title}", f"layer={layer}", "model=bert_large"), NORM_TARGET_S)
    for layer, specification in relaxed().items():
        yield Case("gemmini relaxed", layer, specification, TARGETS_S["gemmini relaxed"])
    for title in ("gemmini", "eyeriss"):
        yield Case(title, "conv 3x3 64 56", composed(f"arch={title}", *CONVOLUTION), CONVOLUTION_TARGET_S)


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


def measure(case: Case, objective: str) -> list[object]:
    """Search, print a line, and return it as a row."""
    settings = MapperSettings((objective,), timeout_s=60)
    search(case.specification, settings)  # loads what is compiled
    seconds, found = timed(lambda: search(case.specification, settings))
    status = found.optimality.status if found.optimality.status == "proved" else f"gap {found.optimality.gap:.1%}"
    evaluation = found.evaluation
    print(
        f"{case.title:<18}{case.layer:<16}{objective:<10}{seconds * 1e3:>9.1f}{case.target_s * 1e3:>9.0f}  {status:<9}"
        f"{found.search.counters['nodes']:>9}  {evaluation.energy_pj / 1e6:,.1f} uJ, {evaluation.cycles:,} cycles",
        flush=True,
    )
    return [case.title, case.layer, objective, seconds, status, evaluation.energy_pj, evaluation.cycles]


def measure_front() -> list[object]:
    """The whole energy and cycles front of gemmini's largest layer."""
    specification = composed("arch=gemmini", "layer=KQV", "model=bert_large")
    seconds, front = timed(lambda: pareto(specification, MapperSettings()))
    print(
        f"{'gemmini':<18}{'KQV':<16}{'front':<10}{seconds * 1e3:>9.1f}{FRONT_TARGET_S * 1e3:>9.0f}  "
        f"{'proved':<9}{front[-1].search.counters['nodes']:>9}  {len(front)} points"
    )
    return ["gemmini", "KQV", "front", seconds, "proved", len(front), 0]


if __name__ == "__main__":
    main()
