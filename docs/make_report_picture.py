"""Draws the report page's picture from real runs, with Chromium: python docs/make_report_picture.py"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from itertools import product
from pathlib import Path

from PIL import Image

from launcher import run
from launcher.reading import load_trials
from launcher.reporting.page import report_page

PICTURE = Path(__file__).resolve().parent / "pictures" / "report.png"
SIDES = (8, 16, 32, 64)
SCRATCHPADS_KIB = (64, 128, 256, 512, 1024)
ACCUMULATORS_KIB = (0.5, 64, 256)
_COLOURS = 256
_SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1280,3540",
    "--virtual-time-budget=20000",  # until everything is drawn
)


def sweep(folder: Path) -> None:
    """Array sides, scratchpad and accumulator sizes for one layer; some of these machines have no mapping."""
    for number, (side, scratchpad, accumulator) in enumerate(product(SIDES, SCRATCHPADS_KIB, ACCUMULATORS_KIB)):
        array = [f"arch.rows={side}", f"arch.cols={side}"]
        memories = [f"arch.scratchpad_kib={scratchpad}", f"arch.accumulator_kib={accumulator}"]
        run(["layer=KQV", "model=bert_base", *array, *memories], output=folder / "sides_and_memories" / str(number))


def photograph(page: Path) -> None:
    """What a browser without a window shows."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("needs chromium (Debian: apt install chromium)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        subprocess.run(  # noqa: S603
            [program, *_SWITCHES, f"--user-data-dir={profile}", f"--screenshot={PICTURE}", page.as_uri()],
            check=True,
            capture_output=True,
            timeout=120,
        )
    with Image.open(PICTURE) as picture:
        picture.convert("RGB").quantize(_COLOURS).save(PICTURE, optimize=True)


def main() -> None:
    """Run, report, photograph."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sweep(folder)
        page = folder / "report.html"
        page.write_text(report_page(load_trials(["sides_and_memories"], directory=folder)), encoding="utf-8")
        photograph(page)


if __name__ == "__main__":
    main()
