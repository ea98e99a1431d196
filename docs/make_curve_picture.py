"""Draws the least traffic over the capacity of a buffer, of attention fused and unfused.

python docs/make_curve_picture.py
"""

from __future__ import annotations

from pathlib import Path

from launcher import curve
from launcher.reporting.diagrams import curve_svg

FILE = Path(__file__).resolve().parent / "pictures" / "traffic_over_capacity.svg"


def main() -> None:
    """Count, draw, save, and print the corners of both stairs."""
    study = curve(["arch=gemmini", "layer=[KTQ,softmax,VScores]", "model=bert_base"])
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(curve_svg(study, standalone=True))
    for name, one in (("fused", study.curve), ("unfused", study.apart)):
        for point in one.points if one else ():
            print(name, f"{study.kib(point.capacity_words):g} KiB", f"{point.traffic_words:,} words", sep="\t")


if __name__ == "__main__":
    main()
