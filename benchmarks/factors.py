"""What imperfect factors gain where nothing divides: EDP, cycles and utilization, as a table in Markdown.

    python benchmarks/factors.py [--only gemmini] [--timeout SECONDS]

Four layers, mapped with perfect factors, with imperfect fan-outs, with any loop imperfect, and padded: perfect factors
on sizes that are rounded up. Padding is given every chance: of all combinations of sizes as they are and rounded up to
multiples of 12, 14 and 16, the one with the best EDP counts (no line where that is none). Utilization is that of the
layer's own multiply-accumulates. Every line is a proved optimum unless it says otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import ceil, prod

from launcher.config.compose import compose
from launcher.engines.interface import Mapped, MapperSettings
from launcher.engines.native.mapper.optima import search
from launcher.specification.constraints import Factors
from launcher.trial.steps import specify

Sizes = tuple[int, int, int]
LAYERS: dict[str, Sizes] = {
    "attention scores of a vision transformer": (197, 64, 197),
    "vocabulary of BERT": (30522, 768, 512),
    "vocabulary of GPT-2, one token": (50257, 768, 1),
    "feed-forward layer of Llama 7B": (11008, 4096, 512),
}
"""Extents of D, E, L."""

ARCHITECTURES = ("gemmini", "eyeriss")
PADS = (12, 14, 16)


@dataclass(frozen=True)
class Row:
    """One way to map a layer: its name, the optimum, and the share of its multiply-accumulates that are the layer's."""

    way: str
    found: Mapped
    own: float = 1.0

    @property
    def edp_j_cycles(self) -> float:
        return edp_j_cycles(self.found)

    @property
    def utilization(self) -> float:
        """Of the layer's own work; what padding adds is not work."""
        return self.found.evaluation.utilization * self.own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=ARCHITECTURES, help="one architecture")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS", help="of one search")
    arguments = parser.parse_args()
    print("| layer, D x E x L | on | factors | EDP, J x cycles | of perfect | cycles | utilization |")
    print("|---|---|---|---|---|---|---|")
    for layer, sizes in LAYERS.items():
        for architecture in [arguments.only] if arguments.only else ARCHITECTURES:
            show(f"{layer}, {written(sizes)}", architecture, rows(architecture, sizes, arguments.timeout))


def written(sizes: Sizes) -> str:
    return " x ".join(f"{size:,}" for size in sizes)


def rows(architecture: str, sizes: Sizes, timeout_s: float) -> Iterator[Row]:
    """The ways to map a layer, perfect factors first."""
    for factors in Factors:
        yield Row(str(factors), best(architecture, sizes, factors, timeout_s))
    padded = {choice: best(architecture, choice, Factors.perfect, timeout_s) for choice in paddings(sizes)}
    choice = min(padded, key=lambda sizes: edp_j_cycles(padded[sizes]))
    if choice != sizes:
        yield Row(f"perfect, padded to {written(choice)}", padded[choice], prod(sizes) / prod(choice))


def paddings(sizes: Sizes) -> list[Sizes]:
    """Sizes rounded up in every combination, the smallest first; an extent of 1 stays."""
    choices = [sorted({size, *(ceil(size / pad) * pad for pad in PADS if size > 1)}) for size in sizes]
    return [(depth, reduction, columns) for depth, reduction, columns in product(*choices)]


def best(architecture: str, sizes: Sizes, factors: Factors, timeout_s: float) -> Mapped:
    """The best mapping by EDP."""
    layer = ["layer=gemm", *(f"layer.{name}={size}" for name, size in zip("DEL", sizes, strict=True))]
    trial = compose([f"arch={architecture}", *layer, f"mapspace.factors={factors}"])
    return search(specify(trial), MapperSettings(timeout_s=timeout_s, factors=factors))


def edp_j_cycles(found: Mapped) -> float:
    """Energy delay product, J x cycles."""
    return found.evaluation.energy_pj * 1e-12 * found.evaluation.cycles


def show(layer: str, architecture: str, ways: Iterator[Row]) -> None:
    """A layer's rows of the table, its name in the first."""
    perfect = None
    for row in ways:
        perfect = perfect or row.edp_j_cycles
        optimality = row.found.optimality
        doubt = "" if optimality.status == "proved" else f" ({optimality.status}, gap {optimality.gap:.1%})"
        edp = f"{row.edp_j_cycles:,.0f}" if row.edp_j_cycles >= 1000 else f"{row.edp_j_cycles:.4g}"
        figures = f"{edp} | {row.edp_j_cycles / perfect:.3f} | {row.found.evaluation.cycles:,} | {row.utilization:.1%}"
        print(f"| {layer} | {architecture} | {row.way}{doubt} | {figures} |", flush=True)
        layer = architecture = ""


if __name__ == "__main__":
    main()
