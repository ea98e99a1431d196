"""Compare finished trials with the first one, and explain the difference.

RUN is what show takes. Of several names each stands for its best trial; a single name stands for all its trials. The
explanation says which level's accesses of which data space changed, by how much, and which loop, tile, fan-out or
memory did it; the largest effect on the energy comes first.

exit status: 0 compared, 1 a name stands for nothing or cannot be read, 2 wrong command line
"""

from __future__ import annotations

import argparse

from launcher.commands.output import add_format_arguments, chosen_format, console_of, write_document
from launcher.reading.choose import to_compare
from launcher.reporting.comparison import comparison_document, print_comparison


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("names", nargs="+", metavar="RUN", help="what to compare; the first one is the measure")
    add_format_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the trials and compare them.

    Raises:
        LauncherError: a name stands for nothing, or the file cannot be written.
    """
    form = chosen_format(arguments)
    trials = to_compare(arguments.names, tracking_uri=arguments.tracking_uri)
    if form is not None:
        write_document(comparison_document(trials), form, arguments.output)
    else:
        print_comparison(trials, console_of(arguments), verbose=arguments.verbose)
    return 0
