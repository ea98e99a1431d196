"""The native engine beside the real Timeloop, which must be on the PATH (or in --bin-dir).

For every architecture and layer: the native engine finds its proven best mapping, and timeloop-model evaluates it;
timeloop-mapper searches, and the native engine evaluates what it found. All figures must agree: cycles, accesses and
tiles exactly, energies to 1e-6 (in fact they agree to the last digits). The last columns say what the searches took and
how far Timeloop's best is above the optimum. Prints a Markdown table.

    python benchmarks/timeloop.py --archs gemmini,pim --seconds 20
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

import launcher
from launcher.config.compose import compose
from launcher.engines.differences import differences
from launcher.engines.native.native_engine import NativeEngine
from launcher.engines.timeloop.engine import TimeloopEngine
from launcher.engines.timeloop.settings import TimeloopSettings
from launcher.results.result import Result

ARCHS = "gemmini,pim,eyeriss,simba,tpu"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archs", default=ARCHS)
    parser.add_argument("--layers", default="all", help="of the model, separated by commas")
    parser.add_argument("--model", default="bert_base")
    parser.add_argument("--seconds", type=float, default=20.0, help="limit on each of Timeloop's searches")
    parser.add_argument("--threads", type=int, default=2, help="of Timeloop's mapper")
    parser.add_argument("--bin-dir", type=Path)
    arguments = parser.parse_args()
    engine = TimeloopEngine(TimeloopSettings(bin_dir=arguments.bin_dir, frontend="direct"))
    console = Console(stderr=True)
    print(f"Timeloop {engine.version}, {arguments.threads} threads, at most {arguments.seconds:g} s per search\n")
    print(
        "| architecture, layer | cycles | energy uJ | native mapping in Timeloop | Timeloop's mapping natively "
        "| native search | Timeloop's search | its EDP over the optimum |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for arch in arguments.archs.split(","):
        everything = compose([f"arch={arch}", f"model={arguments.model}", "layer=all"]).layers
        names = [str(layer.parameters["layer"]) for layer in everything]
        for layer in names if arguments.layers == "all" else arguments.layers.split(","):
            with console.status(f"{arch} {layer}"):
                print(_row(engine, arguments, arch, layer), flush=True)


def _row(engine: TimeloopEngine, arguments: argparse.Namespace, arch: str, layer: str) -> str:
    common = [f"arch={arch}", f"layer={layer}", f"model={arguments.model}", "cache=false", "verify=false"]
    bin_dir = [f"engine.bin_dir={arguments.bin_dir}"] if arguments.bin_dir else []
    launcher.run(common)  # what is measured below is a warm search
    ours = launcher.run(common)
    theirs = launcher.run(
        [
            *(*common, *bin_dir, "engine=timeloop", "engine.frontend=direct", "mapper.algorithm=random_pruned"),
            *(
                "mapper.timeout=100000",
                f"mapper.num_threads={arguments.threads}",
                f"mapper.timeout_s={arguments.seconds}",
            ),
        ]
    )
    assert ours.specification and ours.mapping and ours.evaluation
    there = differences(ours.evaluation, engine.evaluate(ours.specification, ours.mapping))
    cells = [f"{arch} {layer}", f"{ours.cycles:,}", f"{ours.energy_pj * 1e-6:,.2f}", _verdict(there)]
    if not theirs.ok:
        cells += [f"none found: {(theirs.reason or '').splitlines()[0]}", _seconds(ours), "", ""]
    else:
        assert theirs.specification and theirs.mapping and theirs.evaluation and theirs.search
        here = differences(NativeEngine().evaluate(theirs.specification, theirs.mapping), theirs.evaluation)
        above = theirs.edp_j_cycles / ours.edp_j_cycles - 1
        cells += [_verdict(here), _seconds(ours), f"{theirs.search.seconds:.1f} s", f"{above:+.1%}"]
    return f"| {' | '.join(cells)} |"


def _verdict(found: tuple[str, ...]) -> str:
    return "the same" if not found else f"DIFFERS: {found[0]}"


def _seconds(result: Result) -> str:
    return f"{result.search.seconds * 1000:.0f} ms" if result.search else ""


if __name__ == "__main__":
    main()
