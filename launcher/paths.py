"""Where the project's data folders lie: in a checkout, an editable install or a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent

TIMELOOP_FOLDER = "timeloop"
"""In a trial's folder: the runs of the real Timeloop, with their logs."""


@cache
def data_folder(name: str) -> Path:
    """The folder ``conf``, ``arch_templates``, ``workloads`` or ``tables``.

    A wheel carries them inside the package; a checkout (and an editable install of one) beside it.

    Raises:
        FileNotFoundError: neither place has it, so the installation is broken.
    """
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"data folder {name!r} is missing from {_PACKAGE / '_data'} and {_PACKAGE.parent}")


def plugin_folder() -> Path:
    """What must be on the path for Hydra to find our sweepers, which it takes only from a package hydra_plugins."""
    return _PACKAGE / "_ext"


def shown_path(path: Path) -> str:
    """A path as short as it can be typed here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
