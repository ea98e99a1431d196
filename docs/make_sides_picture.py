"""Draws EDP over the side of an array, with perfect and with imperfect fan-outs: python docs/make_sides_picture.py"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from launcher import run
from launcher.notebook.on_results import Result

FILE = Path(__file__).resolve().parent / "pictures" / "edp_over_sides.png"
SIDES = range(8, 65)
LINES = {  # colours are safe for colour-blind readers
    "perfect": ("#D55E00", "perfect factors: a side takes the largest divisor"),
    "spatial": ("#0072B2", "imperfect fan-outs: a side takes all places"),
}


def trials(factors: str) -> list[Result]:
    """The best mapping on a square gemmini array of each side, of a layer with 768 channels and 197 tokens."""
    preset = ["+experiment=sides_gemmini", f"mapspace.factors={factors}"]
    return [run([*preset, f"arch.rows={side}"]) for side in SIDES]


def draw(axis: Axes, results: dict[str, list[Result]], figure: str) -> None:
    """One figure over the side, a line for each kind of mapspace; a side without a mapping is a gap."""
    for factors, (colour, label) in LINES.items():
        axis.plot(SIDES, [getattr(one, figure) for one in results[factors]], color=colour, label=label, linewidth=1.5)
    axis.set_xlabel("side of the array, PEs")
    axis.set_xlim(min(SIDES), max(SIDES))
    axis.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Search, draw, save, and print the figures."""
    results = {factors: trials(factors) for factors in LINES}
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.9), layout="constrained")
    draw(left, results, "edp_j_cycles")
    left.set_yscale("log")
    left.set_title("EDP, J x cycles", fontsize=10)
    left.legend(frameon=False, fontsize=9)
    draw(right, results, "utilization")
    right.set_ylim(0, 1.02)
    right.set_title("utilization", fontsize=10)
    figure.suptitle("gemmini, BERT base KQV on 197 tokens: best EDP of every side", fontsize=10)
    FILE.parent.mkdir(exist_ok=True)
    figure.savefig(FILE, dpi=110)
    for side, *pair in zip(SIDES, *results.values(), strict=True):
        print(side, *(f"{one.edp_j_cycles:.6g} J*cycles, {one.utilization:.1%}" for one in pair), sep="\t")


if __name__ == "__main__":
    main()
