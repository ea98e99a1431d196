"""How this package's optional dependencies are installed."""

from __future__ import annotations

import sys

from launcher.paths import data_folder

DISTRIBUTION = "timeloop-launcher"
OLDEST_PYTHON_OF_HWCOMPONENTS = (3, 12)


def install_command(extra: str) -> str:
    """The command that installs an extra: of the checkout that runs, or of the distribution."""
    root = data_folder("conf").parent
    checkout = (root / "pyproject.toml").is_file()
    command = "pip install " + (f"-e '{root}[{extra}]'" if checkout else f"'{DISTRIBUTION}[{extra}]'")
    if extra == "hwcomponents" and sys.version_info < OLDEST_PYTHON_OF_HWCOMPONENTS:
        return f"python3.12 -m {command}"  # on an older Python pip would install nothing, and say nothing
    return command
