"""How fast fused mappings are found and proved: one thread, warm process.

    python benchmarks/fusion.py [--only attention,block,matmuls,gpt3,curve] [--timeout SECONDS] [--csv FILE]
                                [--peers [--accelforge-python PYTHON]]

Every line is one search of all ways to fuse a network: wall-clock and processor seconds (the median of three runs, one
when a run takes over a second), the goal, what was proved, how many classes of fused nests were told apart and how many
own nests were searched, and the EDP without fusing and with it. Searches and a run of AccelForge can be compared within
one run only: the load of the machine is shown.

``--peers`` adds AccelForge on the same machine (fusion_peers.py says what is the same, and what is not).
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TypeVar

import yaml

import launcher
from launcher.commands.inputs import with_energies
from launcher.config.compose import compose
from launcher.engines.fuse import FusedNetwork, find_fused
from launcher.specification.chain import Unit
from launcher.timeloop_files.chain import read_chain
from launcher.timeloop_files.load import Document
from launcher.trial.network.chains import units_of
from launcher.trial.steps import specify

ATTENTION = "layer=[KTQ,softmax,VScores]"
ARCHITECTURES = ("gemmini", "eyeriss", "tpu", "pim")
GPT3 = (
    "model=gpt2", "model.embedding=4096", "model.heads=32", "model.feed_forward=16384", "model.sequence=2048",
    "model.blocks=1", "layer=all",
)  # fmt: skip
"""One block of GPT-3 6.7B, prefill of 2,048 tokens."""

MACHINE = Path(__file__).resolve().parent / "tpu_v4i.yaml"
MATMUL, COUNTS = 4096, (2, 3)

T = TypeVar("T")
Make = Callable[[], Sequence[Unit]]


@dataclass(frozen=True)
class Case:
    """One network to fuse: titles, how its chains are made, and how long the search may take."""

    title: str
    machine: str
    units: Make
    goal_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="parts of the titles to measure, separated by commas")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="of one search")
    parser.add_argument("--csv", type=Path, help="append the figures to this file")
    parser.add_argument("--peers", action="store_true", help="also run AccelForge, where it is installed")
    parser.add_argument("--accelforge-python", metavar="PYTHON", help="an interpreter that has AccelForge")
    arguments = parser.parse_args()
    parts = arguments.only.split(",") if arguments.only else [""]
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(
        f"{'network':<24}{'machine':<9}{'s':>7}{'cpu s':>7}{'goal':>6}  {'status':<10}{'classes':>8}{'searches':>9}"
        "  EDP"
    )
    chosen = [case for case in cases() if any(part in f"{case.title} {case.machine}" for part in parts)]
    if chosen:
        find_fused(tiny(), "edp")
    rows = [measure(case, arguments.timeout) for case in chosen]
    if any(part in "capacity curve of attention" for part in parts):
        rows.append(measure_curve())
    if arguments.csv:
        with arguments.csv.open("a", newline="") as file:
            csv.writer(file).writerows(rows)
    if arguments.peers:
        from fusion_peers import run_accelforge  # noqa: PLC0415

        run_accelforge(matmuls(2, MATMUL)[0].chain.layers[0].specification, COUNTS, arguments.accelforge_python)


def cases() -> Iterator[Case]:
    """Everything that is measured, but for the curve."""
    for model in ("bert_base", "bert_large"):
        for arch in ARCHITECTURES:
            yield Case(f"attention {model}", arch, composed(f"arch={arch}", f"model={model}", ATTENTION), 5)
    for arch in ARCHITECTURES:
        block = composed(f"arch={arch}", "model=bert_base", "layer=all", "model.blocks=1")
        yield Case("block bert_base", arch, block, 15)
    for count in COUNTS:
        yield Case(f"{count} matmuls of {MATMUL}", "tpu_v4i", lambda count=count: matmuls(count, MATMUL), 5)
    yield Case("gpt3 6.7B, 2048 tokens", "tpu", composed("arch=tpu", *GPT3), 30)


def composed(*overrides: str) -> Make:
    """The chains of a network of the project; they are specified when the case's turn comes."""

    def make() -> Sequence[Unit]:
        trial = compose(["fusion=optimal", *overrides])
        layers = [(one, specify(one)) for one in trial.layers]
        return units_of(layers, trial.experiment.model.flows, trial.experiment.fusion.groups)

    return make


def tiny() -> Sequence[Unit]:
    """A network whose search only loads what is compiled."""
    return composed("arch=eyeriss", "model=bert_base", "model.sequence=16", ATTENTION)()


def matmuls(count: int, size: int) -> Sequence[Unit]:
    """A chain of square matmuls, read as ``python -m launcher fuse`` reads its files."""
    text = yaml.safe_dump(chain_of(count, size))
    chain = read_chain([Document.from_file(MACHINE)], Document.from_text(text, f"{count} matmuls"))
    layers = (replace(layer, specification=with_energies(layer.specification)) for layer in chain.layers)
    return [Unit(replace(chain, layers=tuple(layers)))]


def chain_of(count: int, size: int) -> dict[str, object]:
    """The file with the chain: outputs D of a matmul are reduced, as E, by the next one."""
    spaces = [
        {"name": "Weights", "projection": [[["D"]], [["E"]]]},
        {"name": "Inputs", "projection": [[["E"]], [["L"]]]},
        {"name": "Outputs", "projection": [[["D"]], [["L"]]], "read_write": True},
    ]
    problem = {
        "version": "0.4",
        "instance": dict.fromkeys("DEL", size),
        "shape": {"name": "matmul", "dimensions": ["D", "E", "L"], "data_spaces": spaces},
    }
    layers = [{"name": f"Matmul{number}", "problem": problem} for number in range(count)]
    flows = [
        {"from": f"Matmul{n}.Outputs", "to": f"Matmul{n + 1}.Inputs", "dimensions": {"D": "E", "L": "L"}}
        for n in range(count - 1)
    ]
    return {"chain": {"layers": layers, "flows": flows}}


def timed(run: Callable[[], T]) -> tuple[float, float, T]:
    """Median wall-clock and processor seconds of a call, and its result."""
    walls: list[float] = []
    processor: list[float] = []
    while len(walls) < 3 and sum(walls) < 1:
        started, used = time.perf_counter(), time.process_time()
        result = run()
        walls.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    return median(walls), median(processor), result


def measure(case: Case, timeout_s: float) -> list[object]:
    """Search, print a line, and return it as a row."""
    print(f"{case.title:<24}{case.machine:<9}", end="", flush=True)
    units = case.units()
    wall, processor, found = timed(lambda: find_fused(units, "edp", timeout_s))
    known = found.optimality
    status = known.status if known.status == "proved" else f"gap {known.gap or 0:.1%}"
    counters = found.search.counters
    before, after = unfused_edp(units, timeout_s), edp(found)
    print(
        f"{wall:>7.2f}{processor:>7.2f}{case.goal_s:>6.0f}  {status:<10}{counters.get('classes', 0):>8}"
        f"{counters.get('searches', 0):>9}  {before:.4g} -> {after:.4g} J*cycles ({after / before - 1:+.1%})",
        flush=True,
    )
    return [case.title, case.machine, wall, processor, status, before, after]


def edp(found: FusedNetwork) -> float:
    """Total energy x total cycles, in J x cycles."""
    return (
        sum(one.energy_pj * one.runs for one in found.groups)
        * sum(one.cycles * one.runs for one in found.groups)
        / 1e12
    )


def unfused_edp(units: Sequence[Unit], timeout_s: float) -> float:
    """The same of the best mapping of the network in which no layers are fused."""
    return edp(find_fused([replace(unit, groups=()) for unit in units], "edp", timeout_s))


def measure_curve() -> list[object]:
    """The least traffic for every capacity, of attention fused beside the same layers apart."""
    overrides = ["arch=gemmini", "model=bert_base", ATTENTION]
    wall, processor, study = timed(lambda: launcher.curve(overrides))
    print(
        f"{'capacity curve':<24}{'attention':<9}{wall:>7.2f}{processor:>7.2f}{5:>6}  {'exact':<10}"
        f"{'':>17}  {len(study.curve.points)} capacities"
    )
    return ["capacity curve", "attention", wall, processor, "exact", "", ""]


if __name__ == "__main__":
    main()
