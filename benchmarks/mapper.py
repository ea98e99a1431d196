"""Time to find and prove the best mapping: one thread, warm process.

    python benchmarks/mapper.py [--repeat 3]

Prints the median of the searches' wall times. Results of earlier runs are not used.
"""

from __future__ import annotations

import argparse
from statistics import median

from launcher import Result, run

GEMMS = ("KQV", "KTQ", "VScores", "Out", "FF1", "FF2")
NORMS = ("softmax", "layernorm")
ARCHITECTURES = ("gemmini", "pim", "eyeriss", "tpu", "simba", "dimc", "aimc")


def searched(overrides: list[str], repeat: int) -> tuple[Result, float]:
    """A result, and the median of its search times in seconds."""
    results = [run([*overrides, "cache=false"]) for _ in range(repeat)]
    return results[0], median(result.search.seconds for result in results if result.search)


def line(name: str, overrides: list[str], repeat: int) -> None:
    """One search: time, and how good the mapping is known to be."""
    result, seconds = searched(overrides, repeat)
    known = result.optimality.status if result.optimality else result.status
    print(f"{name:28} {seconds * 1e3:9.1f} ms  {known}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    for layer in ("KTQ", "resnet18_2_3x3"):  # compiles, or loads what was compiled
        run([f"layer={layer}", "cache=false"])
    for arch in ARCHITECTURES:
        for layer in (*GEMMS, *NORMS):
            line(f"{arch} {layer}", [f"arch={arch}", f"layer={layer}", "model=bert_large"], repeat)
    line("gemmini KQV, whole front", ["layer=KQV", "mapper=pareto"], repeat)
    for arch in ("gemmini", "eyeriss"):
        line(f"{arch} 3x3, 64 to 64, 56x56", [f"arch={arch}", "layer=resnet18_2_3x3"], repeat)


if __name__ == "__main__":
    main()
