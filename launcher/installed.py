"""What is installed: versions of packages, our own among them, and how an extra is added."""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from launcher.paths import data_folder

DISTRIBUTION = "timeloop-launcher"
OLDEST_PYTHON_OF_HWCOMPONENTS = (3, 12)


@cache
def package_version(package: str) -> str:
    """The version of an installed package; empty when it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def own_version() -> str:
    """The launcher's version; ``unknown`` when it runs from a source tree that was not installed."""
    return package_version(DISTRIBUTION) or "unknown"


def install_command(extra: str) -> str:
    """The command that installs an extra: of the checkout that runs, or of the distribution."""
    root = data_folder("conf").parent
    checkout = (root / "pyproject.toml").is_file()
    command = "pip install " + (f"-e '{root}[{extra}]'" if checkout else f"'{DISTRIBUTION}[{extra}]'")
    if extra == "hwcomponents" and sys.version_info < OLDEST_PYTHON_OF_HWCOMPONENTS:
        return f"python3.12 -m {command}"  # on an older Python pip would install nothing, and say nothing
    return command
