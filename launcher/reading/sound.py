"""Results that were changed after they were written: whether all reports can be made of them."""

from __future__ import annotations

from pathlib import Path

from launcher.errors import LauncherError
from launcher.plain_text import error_line
from launcher.reporting.artifacts import artifact_texts
from launcher.reporting.comparison import comparison_document
from launcher.reporting.console import open_console
from launcher.reporting.show import print_trial, trial_document
from launcher.reporting.summary import summary_document
from launcher.results.files import RESULT_JSON, read_result
from launcher.results.finished import FinishedTrial, Origin, Trials
from launcher.results.result import Result


def read_sound(folder: Path) -> Result:
    """The result in ``folder``, of which all reports can be made.

    Those that are as they were written are known to be sound; of others all is made once, which takes a moment.

    Raises:
        LauncherError: there is none, or it is damaged.
    """
    return read_result(folder, if_changed=lambda result: _try(result, folder))


def _try(result: Result, folder: Path) -> None:
    trial = FinishedTrial(result, Origin(folder=folder))
    try:
        artifact_texts(result)
        trial_document(Trials((), (trial,)))
        print_trial(Trials((), (trial,)), open_console(quiet=True), verbose=True)
        comparison_document([trial, trial])
        summary_document(Trials((), (trial,)))
    except LauncherError:
        raise
    except Exception as error:  # whatever values that do not go together lead to
        raise LauncherError(
            f"a recorded result is damaged, {apart(error)}",
            where=str(folder / RESULT_JSON),
            expected="what a trial left",
        ) from error


def apart(error: Exception) -> str:
    """What to say of a result of which something cannot be made, because its parts contradict each other."""
    return f"its parts do not go together: {error_line(error)}"
