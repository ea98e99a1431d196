"""Draws the README's picture from real runs: python docs/make_pictures.py"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from launcher import run
from launcher.results.energy_table import energy_by_component_pj

FOLDER = Path(__file__).resolve().parent / "pictures"
LAYERS = ("KQV", "KTQ", "softmax", "VScores", "Out", "layernorm", "FF1", "FF2")
LEVELS = {  # colours are safe for colour-blind readers
    "DRAM": "#0072B2",
    "Scratchpad": "#56B4E9",
    "Accumulator": "#009E73",
    "Registers": "#E69F00",
    "MAC": "#CC79A7",
}
SIDES = {8: "o", 16: "s", 32: "^", 64: "D"}
SCRATCHPADS_KIB = (64, 128, 256, 512, 1024)


def energy_by_level(axis: Axes) -> None:
    """Stacked energy of every layer of a BERT base block on the default gemmini."""
    results = [run(["arch=gemmini", f"layer={layer}", "model=bert_base"]) for layer in LAYERS]
    energy = [energy_by_component_pj(result) for result in results]
    bottom = [0.0] * len(LAYERS)
    for level, colour in LEVELS.items():
        heights = [one.get(level, 0.0) * 1e-6 for one in energy]
        axis.bar(LAYERS, heights, bottom=bottom, color=colour, label=level)
        bottom = [low + high for low, high in zip(bottom, heights, strict=True)]
    for place, (top, result) in enumerate(zip(bottom, results, strict=True)):
        axis.annotate(f"{result.cycles / 1e6:.2g}M", (place, top), ha="center", va="bottom", fontsize=8)
    axis.set_title("gemmini 16x16, BERT base: best EDP of each layer\n(cycles above the bars)", fontsize=10)
    axis.set_ylabel("energy, uJ")
    axis.tick_params(axis="x", rotation=30)
    axis.legend(frameon=False, fontsize=9)


def energy_against_cycles(axis: Axes) -> None:
    """Array sides and scratchpad sizes for one layer."""
    for side, marker in SIDES.items():
        array = [f"arch.rows={side}", f"arch.cols={side}"]
        results = [run(["layer=KQV", "model=bert_base", *array, f"arch.scratchpad_kib={k}"]) for k in SCRATCHPADS_KIB]
        found = [result for result in results if result.ok]
        points = axis.scatter(
            [result.cycles / 1e6 for result in found],
            [result.energy_pj * 1e-6 for result in found],
            c=[
                SCRATCHPADS_KIB.index(int(str(result.parameters["arch.scratchpad_kib"]).partition(".")[0]))
                for result in found
            ],
            cmap="viridis",
            marker=marker,
            label=f"{side}x{side}",
        )
    bar = axis.figure.colorbar(points, ax=axis, label="scratchpad, KiB")
    bar.set_ticks(range(len(SCRATCHPADS_KIB)), labels=[str(size) for size in SCRATCHPADS_KIB])
    axis.set_title("KQV: array side and scratchpad size", fontsize=10)
    axis.set_xlabel("million cycles")
    axis.set_ylabel("energy, uJ")
    axis.set_xscale("log")
    axis.legend(frameon=False, fontsize=9, title="PEs")


def main() -> None:
    """Draw both sides and save them."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.9), layout="constrained")
    energy_by_level(left)
    energy_against_cycles(right)
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    FOLDER.mkdir(exist_ok=True)
    figure.savefig(FOLDER / "bert_base_on_gemmini.png", dpi=110)


if __name__ == "__main__":
    main()
