"""Make one HTML page of finished trials, to look at and to send.

Names are output folders (of a run, of a multirun, or any folder above such), studies, MLflow experiments, or MLflow
runs (by name or identifier). Without a name it takes the newest run or sweep in the current folder. The page needs no
network: everything it shows is in the file.

exit status: 0 written, 1 a name stands for nothing or cannot be read, 2 wrong command line
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from launcher.commands.output import write_file
from launcher.reading import load_trials
from launcher.reporting.console import open_console
from launcher.reporting.page import report_page
from launcher.tracking.mlflow_import import without_garbage_collection


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("names", nargs="*", metavar="RUN|STUDY|EXPERIMENT|FOLDER", help="what to report on")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("report.html"), metavar="FILE", help="the page (default: report.html)"
    )
    parser.add_argument("--tracking-uri", metavar="URI", help="the MLflow store (default: as launch.py does)")


def run(arguments: argparse.Namespace) -> int:
    """Read the trials and write the page.

    Raises:
        LauncherError: a name stands for nothing, or the page cannot be written.
    """
    console = open_console(quiet=arguments.quiet)
    with without_garbage_collection():  # what was read stays until the page is written
        trials = load_trials(arguments.names, tracking_uri=arguments.tracking_uri)
        command = shlex.join(["python", "-m", "launcher", "report", *trials.names])
        write_file(arguments.output, report_page(trials, made_by=command))
    failed = sum(not result.ok for result in trials.results)
    without = f", {failed:,} without a mapping" if failed else ""
    unread = f", {len(trials.skipped):,} more could not be read" if trials.skipped else ""
    console.print(
        f"{len(trials):,} trial{'' if len(trials) == 1 else 's'}{without}{unread}; page: {arguments.output}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
    return 0
