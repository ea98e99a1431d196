"""Show one finished trial: figures, where the energy and the cycles go, the loop nest, how it was made.

RUN is an output folder, an MLflow run (its name, or the start of its identifier) or anything else that report takes;
without it, the newest run in the current folder. Of a sweep the best trial is shown. Of the folder of a study that
settled a whole space, POINT is the number of a point: it is mapped again, and its files are left in RUN/POINT. Of
another sweep, POINT is the number of a trial.

exit status: 0 shown, 1 RUN stands for nothing or cannot be read, 2 wrong command line
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from rich.markup import escape

from launcher.commands.output import add_format_arguments, chosen_format, console_of, write_document
from launcher.errors import LauncherError
from launcher.reading import load_trials
from launcher.reading.choose import best_of, chosen_words
from launcher.reporting.console import warnings_console
from launcher.reporting.show import print_trial, trial_document
from launcher.results.files import RESULT_JSON, STUDY_JSON


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", nargs="?", metavar="RUN", help="what to show (default: the newest run)")
    parser.add_argument(
        "point", nargs="?", metavar="POINT", help="which point of an exhaustive study, or which trial of another sweep"
    )
    parser.add_argument(
        "--config-dir", type=Path, metavar="FOLDER", help="groups of your own with which the study was made"
    )
    add_format_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the trial and show it.

    Raises:
        LauncherError: the name stands for nothing, or the file cannot be written.
    """
    form = chosen_format(arguments)
    names = [arguments.name] if arguments.name else []
    if arguments.point is not None:
        names = [_folder_of_point(arguments)]
    found = load_trials(names, tracking_uri=arguments.tracking_uri)
    trial = best_of(found)
    if form is not None:
        write_document(trial_document(trial), form, arguments.output)
        return 0
    console = console_of(arguments)
    if len(found) > 1:
        listing = shlex.join(["python", "-m", "launcher", "summary", *found.names])
        words = f"{chosen_words(found)}; {listing} lists them"
        console.print(words, style="dim", highlight=False, soft_wrap=True)
    print_trial(trial, console, verbose=arguments.verbose)
    return 0


def _folder_of_point(arguments: argparse.Namespace) -> str:
    """Where the files of a study's point are, once it is mapped."""
    from launcher.sweeping.exhaustive.again import trial_of_point  # noqa: PLC0415 - nothing else waits for it

    number = arguments.point.replace(",", "").replace("_", "")
    if not number.isdecimal():
        raise LauncherError(f"{arguments.point} is no point's number", expected="python -m launcher show STUDY 4711")
    sweep = Path(arguments.name).expanduser()
    own = sweep / str(int(number))
    if (own / RESULT_JSON).is_file() and not (sweep / STUDY_JSON).is_file():  # a trial of a grid, or of Optuna's
        return str(own)
    folder, remarks = trial_of_point(sweep, int(number), arguments.config_dir)
    for remark in remarks:
        warnings_console().print(f"[yellow]{escape(remark)}[/]", soft_wrap=True)
    return str(folder)
