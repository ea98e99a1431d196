"""Check a finished result from its files alone.

Of a trial every mapping is evaluated again by the model, every sum added up again, every file made again from what
result.json says; for networks that were mapped as a whole, the groups are checked against the rules of fused mapping,
and the proof's bounds are added up again. Nothing is searched, so it takes a moment. That the bounds of single classes
are right is the search's word; that nothing was changed since, and that the bounds prove what is said, is checked here.

Of a study that settled a whole space (hydra/sweeper=exhaustive) the table of all points is held against the
certificate: every point has a status, the best is the best of those searched, every bound and limit excludes what it
is said to. The best designs are composed and evaluated again, a sample of all points is composed again, and a few
points are mapped again. That the bounds of the other boxes are right is the search's word.

FOLDER may also be one that holds folders of trials, as that of a sweep does: then each is checked. Without one, the
newest run or sweep in the current folder is.

exit status: 0 all right, 1 something is not, 2 wrong command line
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from launcher.commands.check.files import read_all
from launcher.commands.check.trial import check, summary_of
from launcher.commands.output import console_of
from launcher.defects import shown
from launcher.errors import LauncherError
from launcher.paths import shown_path
from launcher.reading.find import newest_name
from launcher.reading.folders import folders_to_check
from launcher.reporting.console import open_console
from launcher.results.files import CERTIFICATE_JSON, STUDY_JSON


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "folders", nargs="*", metavar="FOLDER", help="of a finished trial, a sweep or a study (default: newest)"
    )
    of_studies = parser.add_argument_group("of a study")
    of_studies.add_argument(
        "--sample", type=_count, default=200, metavar="N", help="points that are composed again (default: 200)"
    )
    of_studies.add_argument(
        "--search",
        type=_count,
        default=5,
        metavar="N",
        help="points that are mapped again, of those that were excluded and of those whose files were not kept, "
        "each (default: 5)",
    )
    of_studies.add_argument(
        "--config-dir", type=Path, metavar="FOLDER", help="the groups of your own with which the study was made"
    )
    of_studies.add_argument("--seed", type=_count, default=0, metavar="N", help="draws other points (default: 0)")


def run(arguments: argparse.Namespace) -> int:
    """Check and report.

    Returns:
        0, or 1 when something is wrong.
    """
    wrong, console = False, console_of(arguments)
    for name in arguments.folders or [newest_name(Path.cwd())]:
        try:
            for folder in folders_to_check(name, Path.cwd()):
                problems, summary = _checked(folder, arguments)
                for problem in problems:
                    _say(open_console(), f"wrong: {shown_path(folder)}: {problem}")
                wrong = wrong or bool(problems)
                if not problems:
                    _say(console, f"{shown_path(folder)}: {summary}")
        except LauncherError as error:
            print(f"error: {shown(error)}", file=sys.stderr)
            wrong = True
    return int(wrong)


def _say(console: Console, text: str) -> None:
    console.print(shown(text), highlight=False, markup=False, soft_wrap=True)


def _checked(folder: Path, arguments: argparse.Namespace) -> tuple[Sequence[str], str]:
    """What is wrong, and what to say when nothing is."""
    if any((folder / file).is_file() for file in (STUDY_JSON, CERTIFICATE_JSON)):
        # What composes and maps is loaded for those who ask.
        from launcher.commands.check.study.whole import Effort, check_study  # noqa: PLC0415

        effort = Effort(arguments.sample, arguments.search, arguments.seed)
        return check_study(folder, effort, arguments.config_dir)
    result = read_all(folder)
    problems = check(result, folder)
    return problems, "" if problems else summary_of(result)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return number
