"""What looking at many finished trials costs: seconds and bytes.

    python benchmarks/report.py [--trials 2000]

The trials are those of the tests: real evaluations of machines that differ in memories and bandwidths, some without a
mapping. Every row is a whole command, started anew, as a user waits for it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from report_cases import many, write_results  # noqa: E402

from launcher.reading import load_trials  # noqa: E402
from launcher.reporting.page import report_page, trial_page  # noqa: E402
from launcher.results.result import Result  # noqa: E402

DIFFERENT = 250
MIB = 2**20


def trials(number: int) -> list[Result]:
    """``number`` trials; every 250 of them are the same but for one more parameter."""
    return [
        replace(one, parameters={**one.parameters, "arch.seed": n // DIFFERENT})
        for n, one in zip(range(number), (many(DIFFERENT)) * (number // DIFFERENT + 1), strict=False)
    ]


def seconds_of(*command: str, folder: Path) -> float:
    """How long one command of the launcher takes."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    before = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "launcher", *command], cwd=folder, env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return time.perf_counter() - before


def measure(number: int, folder: Path) -> None:
    """Write, read, report, list and compare."""
    results = trials(number)
    write_results(folder / "sweep", *results)
    before = time.perf_counter()
    found = load_trials(["sweep"], directory=folder)
    read = time.perf_counter() - before
    report_page(found)
    made = time.perf_counter() - before - read
    print(f"{number:,} trials, {sum(not one.ok for one in results):,} without a mapping")
    print(f"  in this process: reading {read:.2f} s, the page {made:.2f} s")
    report = seconds_of("report", "sweep", folder=folder)
    size = (folder / "report.html").stat().st_size
    print(f"  report           {report:.2f} s, {size / MIB:.2f} MiB")
    print(f"  summary          {seconds_of('summary', 'sweep', folder=folder):.2f} s")
    print(f"  summary --json   {seconds_of('summary', 'sweep', '--json', folder=folder):.2f} s")
    print(f"  show             {seconds_of('show', 'sweep/0', folder=folder):.2f} s")
    print(f"  compare          {seconds_of('compare', 'sweep/0', 'sweep/1', folder=folder):.2f} s")
    before = time.perf_counter()
    size = len(trial_page(results[0]).encode())
    print(f"  a trial's page   {(time.perf_counter() - before) * 1000:.0f} ms, {size / 1024:.0f} KiB")


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measure(arguments.trials, Path(scratch))


if __name__ == "__main__":
    main()
