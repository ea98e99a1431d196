"""Say what is installed and usable here, and how to get what is not.

It uses no network, unless runs are recorded on a server or in a database elsewhere (--tracking-uri or
MLFLOW_TRACKING_URI), which is asked whether it answers.

exit status: 0 all that is required is there, 1 something required is broken, 2 wrong command line
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from launcher.commands.doctor import Finding, examine
from launcher.reporting.console import open_console

_STYLES = {"ok": "green", "missing": "dim", "broken": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="write JSON to the standard output")
    parser.add_argument("--bin-dir", type=Path, metavar="FOLDER", help="where Timeloop's programs lie (engine.bin_dir)")
    parser.add_argument("--accelergy", default="accelergy", metavar="PROGRAM", help="Accelergy (estimator.program)")
    parser.add_argument("--tracking-uri", metavar="URI", help="the MLflow store (default: as launch.py does)")


def run(arguments: argparse.Namespace) -> int:
    """Examine and report.

    Returns:
        0, or 1 when something required is broken.
    """
    findings = examine(arguments.bin_dir, arguments.accelergy, arguments.tracking_uri)
    if arguments.json:
        print(json.dumps([asdict(one) for one in findings], indent=1))
    else:
        console = open_console(quiet=arguments.quiet)
        _show(findings, console, everything=arguments.verbose)
    return 1 if any(one.is_fatal for one in findings) else 0


def _show(findings: Sequence[Finding], console: Console, *, everything: bool) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading, share in (("", None), ("", None), ("found", 1), ("without it", 1)):
        table.add_column(heading, ratio=share, no_wrap=share is None, overflow="fold")
    for one in findings:
        status = Text(one.status, style=_STYLES[one.status])
        without = one.without if everything or one.status != "ok" else ""
        table.add_row(Text(one.name), status, Text(one.found), Text(without))
    console.print(table)
    commands: dict[str, list[str]] = {}
    for one in findings:
        if one.status != "ok" and one.install:
            commands.setdefault(one.install, []).append(one.name.strip())
    if commands:
        console.print("\nto get what is missing or mend what is broken", style="bold")
    for command, names in commands.items():
        # One line each, whatever the width: they are there to be copied.
        console.print(f"{', '.join(names)}:\n    {command}", markup=False, highlight=False, soft_wrap=True)
