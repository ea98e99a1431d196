"""Wall time of one whole command in a fresh process, with and without MLflow.

    python benchmarks/cold_start.py [--repeat 3]

The first run of all compiles the hot loops once; it is printed apart.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {
    "gemmini KTQ, tracking=none": ["arch=gemmini", "layer=KTQ", "tracking=none"],
    "gemmini KTQ, MLflow (sqlite)": ["arch=gemmini", "layer=KTQ"],
    "gemmini KQV, tracking=none": ["arch=gemmini", "layer=KQV", "tracking=none"],
    "pim KTQ, tracking=none": ["arch=pim", "layer=KTQ", "tracking=none"],
    "gemmini softmax, tracking=none": ["arch=gemmini", "layer=softmax", "tracking=none"],
}


def seconds(arguments: list[str], folder: Path, cache: Path) -> float:
    """Wall time of ``python launch.py ARGUMENTS`` in ``folder``."""
    environment = {**os.environ, "LAUNCHER_CACHE_DIR": str(cache), "LAUNCHER_CACHE": "false"}
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, str(ROOT / "launch.py"), *arguments],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as scratch:
        folder, cache = Path(scratch) / "runs", Path(scratch) / "cache"
        folder.mkdir()
        first = seconds(COMMANDS["gemmini KTQ, tracking=none"], folder, cache)
        print(f"{'first run ever (compiles)':32} {first:6.2f} s")
        for name, arguments in COMMANDS.items():
            times = sorted(seconds(arguments, folder, cache) for _ in range(repeat))
            print(f"{name:32} {times[len(times) // 2]:6.2f} s  (best {times[0]:.2f}, worst {times[-1]:.2f})")


if __name__ == "__main__":
    main()
