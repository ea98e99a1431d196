"""List the trials of an earlier exploration, best first, and the best by each metric.

Names are what report takes: the folder of a sweep, a study, an MLflow experiment, or several of them; without one, the
newest run or sweep in the current folder.

exit status: 0 listed, 1 a name stands for nothing or cannot be read, 2 wrong command line
"""

from __future__ import annotations

import argparse

from launcher.commands.output import add_format_arguments, chosen_format, console_of, write_document
from launcher.reading import load_trials
from launcher.reporting.summary import print_summary, summary_document


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("names", nargs="*", metavar="FOLDER|STUDY|EXPERIMENT", help="what to list (default: newest)")
    add_format_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the trials and list them.

    Raises:
        LauncherError: a name stands for nothing, or the file cannot be written.
    """
    form = chosen_format(arguments)
    trials = load_trials(arguments.names, tracking_uri=arguments.tracking_uri)
    if form is not None:
        write_document(summary_document(trials), form, arguments.output)
    else:
        print_summary(trials, console_of(arguments), verbose=arguments.verbose)
    return 0
