"""Where the commands that show results write: the terminal, or one of the formats for programs and papers.

One rule for all: ``--csv``, ``--json``, ``--markdown`` and ``--latex`` choose the format, ``-o FILE`` writes it to a
file instead of the standard output.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from launcher.errors import LauncherError
from launcher.reporting.console import open_console
from launcher.reporting.formats import FORMATS
from launcher.reporting.sheets import ReportDocument
from launcher.whole_files import write_text

ENDINGS = {".csv": "csv", ".json": "json", ".md": "markdown", ".tex": "latex"}
_HELP = {
    "csv": "the table, exact, with one row of headings",
    "json": "everything, exact",
    "markdown": "tables with units, three significant digits",
    "latex": "the same for LaTeX, with booktabs",
}


def add_format_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say where to read from, in which format to write, and where to."""
    add_formats(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help=f"write to a file; without a format, its ending chooses one ({', '.join(ENDINGS)})",
    )  # fmt: skip
    parser.add_argument("--tracking-uri", metavar="URI", help="the MLflow store (default: as launch.py does)")


def add_formats(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say in which format to write."""
    chosen = parser.add_mutually_exclusive_group()
    for name, text in _HELP.items():
        chosen.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=f"write {name}: {text}")


def chosen_format(arguments: argparse.Namespace, *others: str) -> str | None:
    """The format that was asked for; None means the terminal.

    Args:
        arguments: with what ``add_formats`` declares, and ``-o``.
        others: endings that the command itself knows what to do with.

    Raises:
        LauncherError: a file was named whose ending says no format.
    """
    if arguments.format is not None or arguments.output is None:
        return None if arguments.format is None else str(arguments.format)
    ending = arguments.output.suffix.lower()
    if ending not in ENDINGS:
        raise LauncherError(
            f"-o {arguments.output}: the ending says no format",
            expected=f"one of {', '.join([*ENDINGS, *others])}",
            hint="or name the format: --csv, --json, --markdown or --latex",
        )
    return ENDINGS[ending]


def write_document(document: ReportDocument, name: str, file: Path | None) -> None:
    """Write a document in the format ``name`` to a file, or to the standard output.

    Raises:
        LauncherError: the file cannot be written.
    """
    text = FORMATS[name](document)
    if file is None:
        sys.stdout.write(text)
    else:
        write_file(file, text)


def write_file(file: Path, text: str) -> None:
    """Write a file that is complete or absent.

    Raises:
        LauncherError: it cannot be written.
    """
    try:
        write_text(file, text)
    except OSError as error:
        raise LauncherError(
            f"cannot write {file.name}: {error.strerror or error}", where=str(file), hint="name another file"
        ) from error


def console_of(arguments: argparse.Namespace) -> Console:
    """Where a command shows its tables; what is piped is wide enough for all their columns."""
    return open_console(quiet=arguments.quiet)
