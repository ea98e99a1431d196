"""A sweep from Python: the same sweepers as on the command line, with their results in memory."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from launcher.config.compose import spelled_out
from launcher.config.explain import explain
from launcher.config.schema import register
from launcher.errors import LauncherError
from launcher.jobs import run_swept
from launcher.notebook.results import Results, results_of
from launcher.paths import data_folder
from launcher.reporting.artifacts import read_result
from launcher.result import Result

_PLUGINS = Path(__file__).resolve().parent.parent / "_ext"
_JOURNAL = "study.journal"


def run_sweep_here(overrides: Sequence[str], config_dir: Path | None, output: Path | None) -> Results:
    """Run a multirun in this process; see :func:`launcher.sweep`."""
    asked = spelled_out(overrides)
    with ExitStack() as stack:
        folder = output or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="timeloop-launcher-")))
        trials = tuple(_multirun([*_defaults(asked, folder.absolute()), *asked], config_dir))
    return results_of(trials)


def _defaults(overrides: Sequence[str], folder: Path) -> list[str]:
    """What Python's defaults are where the overrides say nothing: nothing is recorded, all files in one folder."""
    defaults = {
        "tracking": "none",
        "hydra.sweep.dir": str(folder),
        "sweep.storage": str(folder / _JOURNAL),
        "sweep.pictures": "false",
        "verbosity": "quiet",
    }
    named = {override.lstrip("+").partition("=")[0] for override in overrides}
    return [f"{key}={_quoted(value)}" for key, value in defaults.items() if key not in named]


def _quoted(value: str) -> str:
    return f"'{value}'" if "/" in value else value


def _multirun(overrides: Sequence[str], config_dir: Path | None) -> Iterator[Result]:
    register()
    _find_sweepers()
    extra = [f"hydra.searchpath=[file://{config_dir.resolve()}]"] if config_dir else []
    try:
        with initialize_config_dir(str(data_folder("conf")), version_base="1.3", job_name="launch"):
            hydra: Any = GlobalHydra.instance().hydra
            returned = hydra.multirun("config", run_swept, [*extra, *overrides], with_log_configuration=False)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise explain(error) from error
    yield from _results(returned)


def _results(returned: Iterable[Any]) -> Iterator[Result]:
    """Of the grid, batches of jobs; of Optuna, the study's rows, where a point that was tried twice counts once."""
    for item in returned:
        if isinstance(item, list | tuple):
            yield from (_result(job) for job in item)
        elif item.same_as is None and item.folder and item.state != "running":
            yield read_result(Path(item.folder))


def _result(job: JobReturn) -> Result:
    if isinstance(job._return_value, Result):
        return job._return_value
    raise LauncherError(f"a trial was lost: {job._return_value}")


def _find_sweepers() -> None:
    """Our sweepers are plugins that Hydra finds when it starts, which may have been long ago in a notebook."""
    if str(_PLUGINS) not in sys.path:
        sys.path.insert(0, str(_PLUGINS))
    from hydra_plugins.launcher_sweepers.grid import GridSweeper  # noqa: PLC0415
    from hydra_plugins.launcher_sweepers.optuna_sweeper import OptunaSweeper  # noqa: PLC0415

    known = Plugins.instance().class_name_to_class
    for sweeper in (GridSweeper, OptunaSweeper):
        if f"{sweeper.__module__}.{sweeper.__qualname__}" not in known:
            Plugins.instance().register(sweeper)
