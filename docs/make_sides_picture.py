"""Draws EDP and utilization over the side of an array, with perfect and with imperfect fan-outs.

python docs/make_sides_picture.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, PercentFormatter, StrMethodFormatter

from launcher import run
from launcher.notebook.on_results import Result

FILE = Path(__file__).resolve().parent / "pictures" / "edp_over_sides.png"
SIDES = range(8, 65)
LINES = {  # colours are safe for colour-blind readers
    "perfect": ("#D55E00", "perfect factors: only divisors of 768 and 2304"),
    "spatial": ("#0072B2", "imperfect fan-outs: any side is used"),
}


def trials(factors: str) -> list[Result]:
    """The best mapping on every side of the preset's array."""
    preset = ["+experiment=sides_gemmini", f"mapspace.factors={factors}"]
    return [run([*preset, f"arch.rows={side}"]) for side in SIDES]


def draw(axis: Axes, results: dict[str, list[Result]], figure: str) -> None:
    """One figure over the side, a line for each kind of mapspace; a side without a mapping is a gap."""
    for factors, (colour, label) in LINES.items():
        values = [getattr(one, figure) for one in results[factors]]
        axis.plot(SIDES, values, color=colour, label=label, linewidth=1.6, marker="o", markersize=2.8)
    axis.set_xlabel("side of the array, PEs")
    axis.set_xlim(min(SIDES) - 1, max(SIDES) + 1)
    axis.xaxis.set_major_locator(FixedLocator(range(min(SIDES), max(SIDES) + 1, 8)))
    axis.grid(color="#e0e0e0", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)


def draw_edp(axis: Axes, results: dict[str, list[Result]]) -> None:
    """EDP, smaller is better: over two powers of ten, so on a logarithmic scale."""
    draw(axis, results, "edp_j_cycles")
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(FixedLocator([20, 50, 100, 200, 500, 1000, 2000, 5000]))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.set_ylabel("EDP, J x cycles")
    axis.legend(frameon=False, fontsize=9)


def draw_utilization(axis: Axes, results: dict[str, list[Result]]) -> None:
    """Utilization, from nothing to all."""
    draw(axis, results, "utilization")
    axis.set_ylim(0, 1.03)
    axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.set_ylabel("utilization of the PEs")


def main() -> None:
    """Search, draw, save, and print the figures."""
    results = {factors: trials(factors) for factors in LINES}
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.9), layout="constrained")
    draw_edp(left, results)
    draw_utilization(right, results)
    figure.suptitle("gemmini, KQV of BERT base on 197 tokens (768 x 2304 x 197): best EDP of every side", fontsize=10)
    FILE.parent.mkdir(exist_ok=True)
    figure.savefig(FILE, dpi=110)
    for side, *pair in zip(SIDES, *results.values(), strict=True):
        print(side, *(f"{one.edp_j_cycles:.6g} J*cycles, {one.utilization:.1%}" for one in pair), sep="\t")


if __name__ == "__main__":
    main()
