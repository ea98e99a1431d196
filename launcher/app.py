"""The command line: one Hydra job is one trial."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from launcher.commands import COMMANDS
from launcher.config.choices import check_typed
from launcher.config.compose import spelled_out
from launcher.config.explain import CommandLineError, explain
from launcher.config.help import print_help
from launcher.config.schema import register
from launcher.config.typed_line import arranged
from launcher.defects import shown, told_defect
from launcher.disks import system_error
from launcher.errors import LauncherError
from launcher.installed import DISTRIBUTION, own_version
from launcher.interrupts import stop_asked
from launcher.jobs import run_single, run_swept
from launcher.paths import data_folder, plugin_folder
from launcher.reporting.console import open_console
from launcher.results.result import Result
from launcher.verbosity import without_options

_FULL_ERROR = "HYDRA_FULL_ERROR"


_told: list[Exception] = []
"""What ended a single trial: Hydra would print a line of its own about an exception that leaves a job."""


@hydra.main(version_base="1.3", config_path=str(data_folder("conf")), config_name="config")
def _job(config: DictConfig) -> Result | None:
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        return run_swept(config)
    try:
        return run_single(config)
    except Exception as error:
        _told.append(error)
        return None


def main() -> None:
    """Run ``launch.py``. Exit status: 0 done, 1 the experiment cannot be run, 2 wrong command line, 130 Ctrl-C."""
    if {"--help", "-h"} & set(sys.argv[1:]):
        print_help(open_console(), COMMANDS)
        return
    if {"--version", "-V"} & set(sys.argv[1:]):
        print(f"{DISTRIBUTION} {own_version()}")
        return
    sys.path.insert(0, str(plugin_folder()))
    register()
    _told.clear()
    wants_traceback = os.environ.get(_FULL_ERROR) == "1"
    os.environ[_FULL_ERROR] = "1"  # Hydra then hands exceptions to us instead of printing them
    typed = sys.argv[1:]
    try:
        check_typed(typed)
        typed = arranged(typed, COMMANDS)
        sys.argv[1:] = without_options(spelled_out(typed))
        _job()
        if _told:
            raise _told[0]
        if stop_asked():
            sys.exit(130)
    except (LauncherError, HydraException, OmegaConfBaseException, YAMLError, OSError) as error:
        if wants_traceback:
            raise
        sys.exit(_report(error, typed))
    except Exception as error:
        if wants_traceback:
            raise
        sys.exit(_report_other(error))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


def _report_other(error: Exception) -> int:
    """The same for errors that may be defects of ours."""
    if str(error).startswith("Only one of --"):
        return _report(CommandLineError(str(error), hint="leave -m out to see a configuration with --cfg"))
    print(told_defect(error, sys.argv), file=sys.stderr)
    return 1


def _report(error: Exception, typed: Sequence[str] = ()) -> int:
    """Print what went wrong; the exit status."""
    if isinstance(error, OSError) and not isinstance(error, HydraException):
        print(f"error: {shown(system_error(error))}", file=sys.stderr)
        return 1
    try:
        told = explain(error, typed)
    except Exception as other:
        return _report_other(other)
    print(f"error: {shown(told)}", file=sys.stderr)
    return 2 if isinstance(told, CommandLineError) else 1
