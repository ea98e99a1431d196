"""Commands of ``python -m launcher``: one module each, with ``add_arguments`` and ``run``."""

from __future__ import annotations

COMMANDS = {
    "evaluate": "launcher.commands.evaluate",
    "map": "launcher.commands.map",
    "layers": "launcher.commands.layers",
    "fuse": "launcher.commands.fuse",
    "check": "launcher.commands.check.command",
    "curve": "launcher.commands.curve",
    "show": "launcher.commands.show",
    "compare": "launcher.commands.compare",
    "summary": "launcher.commands.summary",
    "report": "launcher.commands.report",
    "compile": "launcher.commands.compile",
    "doctor": "launcher.commands.doctor.command",
}
"""Command -> its module. A module has a docstring (its first line is the help), ``add_arguments`` and ``run``."""
