"""Run Timeloop through its Python front end: ``python front_end.py mapper|model FILE``, in the folder of the run.

A program of its own that uses nothing else of this package, so that any Python that has the front end can run it, also
one in a container.
"""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType
from typing import Any

FRONT_ENDS = ("timeloopfe.v4", "pytimeloop.timeloopfe.v4")
MISSING = 97
"""Exit status when no front end is installed."""


def main(kind: str, file: str) -> int:
    """Exit status of Timeloop's program; what it and the front end say goes to the standard output."""
    v4 = _front_end()
    if v4 is None:
        print(f"none of {', '.join(FRONT_ENDS)} is installed", file=sys.stderr)
        return MISSING
    specification = v4.Specification.from_yaml_files(file)
    call = v4.call_mapper if kind == "mapper" else v4.call_model
    process = call(specification, output_dir=".", log_to=sys.stdout, return_proc=True)

    def stop(number: int, frame: FrameType | None) -> None:
        # The front end starts a shell, which would keep the signal for itself; a second one makes Timeloop lose all.
        psutil: Any = importlib.import_module("psutil")
        for child in psutil.Process(process.pid).children(recursive=True):
            if child.name().startswith("timeloop-"):
                child.send_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, stop)
    return int(process.wait())


def _front_end() -> Any:
    for name in FRONT_ENDS:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name):
                raise  # it is there, and lacks something
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
