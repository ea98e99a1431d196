"""From Python: one trial, a sweep, trials that were run before, and the traffic over the capacity of a buffer."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from launcher.commands.energies import refuse_unknown, with_energies
from launcher.config.compose import spelled_out
from launcher.config.explain import explain
from launcher.config.recompose import recompose
from launcher.config.schema import register
from launcher.config.spoken import spoken
from launcher.engines.interface import OnProgress
from launcher.engines.run import evaluate_given, find_best, native_engine, settings_of
from launcher.errors import ConfigurationError
from launcher.jobs import run_swept
from launcher.notebook.on_results import Result, Results
from launcher.notebook.results import results_of
from launcher.paths import data_folder, plugin_folder
from launcher.reading.folders import read_trial
from launcher.reporting.artifacts import write_artifacts
from launcher.results.finished import FinishedTrial, common_goals
from launcher.results.traffic_curve import CurveStudy
from launcher.specification.constraints import Factors
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.tracking import tracker_of
from launcher.trial.network.curve import study_curve
from launcher.trial.run import run_trial

_JOURNAL = "study.journal"


def run(
    overrides: str | Sequence[str] = (),
    *,
    config_dir: str | Path | None = None,
    output: str | Path | None = None,
    on_progress: OnProgress | None = None,
    **values: object,
) -> Result:
    """Find the best mapping of one composed experiment.

    Args:
        overrides: what stands behind ``python launch.py``: ``"arch=gemmini layer=KQV"``, or a list of such texts.
        config_dir: a folder with groups and templates of your own, as ``--config-dir`` takes it.
        output: a folder for the files a run on the command line leaves behind; None writes none.
        on_progress: called now and then during a long search.
        values: more of them by name: ``arch="gemmini", **{"arch.rows": 32}``.

    Returns:
        The result; its status is ``infeasible`` when the hardware admits no mapping. It is recorded only when the
        overrides choose a tracking, e.g. ``tracking=mlflow``.

    Raises:
        LauncherError: the configuration is wrong, or the result could not be written or recorded.
    """
    overrides = spoken(overrides, values)
    asked = any(override.startswith("tracking=") for override in overrides)
    trial = recompose(
        overrides if asked else ["tracking=none", *overrides], Path(config_dir) if config_dir is not None else None
    )
    result = run_trial(trial, on_progress, Path(output) if output is not None else None)
    records = asked and trial.experiment.tracking.kind != "none"
    if output is None and not records:
        return result
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch if output is None else output)
        write_artifacts(result, folder)
        if records:
            tracker = tracker_of(trial.experiment.tracking)
            tracker.prepare()
            tracker.record(result, folder)
    return result


def curve(overrides: str | Sequence[str] = (), *, config_dir: str | Path | None = None, **values: object) -> CurveStudy:
    """The least traffic of the outermost memory for every capacity of one buffer.

    Args:
        overrides: what stands behind ``python launch.py``: ``["arch=gemmini", "layer=KTQ"]``, or layers of which each
            hands a tensor to the next, ``["layer=[KTQ,softmax,VScores]"]``.
        config_dir: a folder with groups and templates of your own, as ``--config-dir`` takes it.
        values: more of them by name, as of :func:`run`.

    Raises:
        LauncherError: the configuration is wrong, or nothing flows through the layers.
    """
    asked = ["tracking=none", *spoken(overrides, values)]
    return study_curve(recompose(asked, Path(config_dir) if config_dir is not None else None))


def evaluate(specification: Specification, mapping: Mapping) -> Result:
    """What a mapping of one's own costs; its status is ``infeasible``, with the reason, where it is not legal.

    Args:
        specification: without energies it gets those of the project's tables.
        mapping: one level for each storage level of the architecture.

    Raises:
        LauncherError: the two do not fit together.
    """
    name = _name(specification)
    return evaluate_given(native_engine(), with_energies(specification), mapping, name=name, parameters={})


def map(
    specification: Specification,
    objective: str | Sequence[str] = "edp",
    *,
    factors: str = "perfect",
    timeout_s: float | None = None,
    threads: int = 1,
) -> Result:
    """Find the best mapping of an architecture and a problem that are at hand as objects.

    Args:
        specification: without energies it gets those of the project's tables.
        objective: one or several of ``edp``, ``energy``, ``cycles``, ``ed2p``, in order; or ``pareto``.
        factors: ``perfect``, ``spatial`` or ``all``: which loops may be imperfect.
        timeout_s: stop with the best so far; None means that it goes on until nothing better can exist.
        threads: cores that the search may use.

    Returns:
        The result; its status is ``infeasible`` when there is no mapping.

    Raises:
        LauncherError: an objective that is none, energies that nobody knows, an architecture that cannot be searched.
    """
    if factors not in list(Factors):
        raise ConfigurationError(f"factors={factors!r} is unknown", expected=f"one of {', '.join(Factors)}")
    settings = settings_of(objective, "objective", timeout_s, threads, Factors(factors))
    whole = with_energies(specification)
    refuse_unknown(whole, settings.objective, front=settings.front, allowed=False)
    return find_best(native_engine(), whole, settings, name=_name(specification), parameters={})


def sweep(
    overrides: str | Sequence[str] = (),
    *,
    config_dir: str | Path | None = None,
    output: str | Path | None = None,
    **values: object,
) -> Results:
    """Run a sweep, as ``python launch.py -m`` does, and wait for it.

    It says nothing, records nothing and leaves no files, unless it is asked to: with ``verbosity=normal``,
    ``tracking=mlflow`` and ``output``. It takes the first trial about a second to start, and the process's own
    working directory is where relative paths begin.

    Args:
        overrides: what stands behind ``python launch.py -m``: all combinations of
            ``["arch.rows=8,16,32", "layer=KQV"]``, or a search when they hold ``hydra/sweeper=optuna``.
        config_dir: a folder with groups and templates of your own, as ``--config-dir`` takes it.
        output: the sweep's folder. A search that is given the same folder again goes on from where it was.
        values: more of them by name; a list has a trial for each: ``**{"arch.rows": [8, 16, 32]}``.

    Returns:
        All trials, failed ones included, in order; of a search that goes on, the earlier ones too.

    Raises:
        LauncherError: the configuration is wrong, or no trial found a mapping.
    """
    asked = spelled_out(spoken(overrides, values, swept=True))
    with ExitStack() as stack:
        scratch = output or stack.enter_context(tempfile.TemporaryDirectory(prefix="timeloop-launcher-"))
        defaults = _defaults(asked, Path(scratch).absolute())
        found = tuple(_multirun([*defaults, *asked], Path(config_dir) if config_dir is not None else None))
    return results_of((one.result for one in found), goals=common_goals(found))


def load(*names: str | Path, tracking_uri: str | None = None, directory: str | Path | None = None) -> Results:
    """Finished trials, read back from where they are kept.

    Args:
        names: each a folder (of a trial, a sweep, or any that holds such folders), an MLflow experiment, a run's name
            or identifier, or a study; none means the newest run or sweep in ``directory``.
        tracking_uri: of the MLflow store; None means ``MLFLOW_TRACKING_URI``, else ``mlflow.db`` in ``directory``.
        directory: what relative paths refer to; None means the current one.

    Returns:
        The trials; ``skipped`` names those that could not be read, and why.

    Raises:
        LauncherError: a name stands for nothing, or the store cannot be used.
    """
    from launcher.reading import load_trials  # noqa: PLC0415 - only who loads waits for it

    found = load_trials(
        [str(name) for name in names],
        tracking_uri=tracking_uri,
        directory=Path(directory) if directory is not None else None,
    )
    return results_of(found.results, (f"{one.place}: {one.reason}" for one in found.skipped), found.goals)


def _name(specification: Specification) -> str:
    return f"{specification.architecture.name} {specification.problem.name}"


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


def _multirun(overrides: Sequence[str], config_dir: Path | None) -> Iterator[FinishedTrial]:
    """Finished trials in order; a point that was tried twice counts once."""
    register()
    _find_sweeper()
    extra = [f"hydra.searchpath=[file://{config_dir.resolve()}]"] if config_dir else []
    try:
        with initialize_config_dir(str(data_folder("conf")), version_base="1.3", job_name="launch"):
            hydra: Any = GlobalHydra.instance().hydra
            rows = hydra.multirun("config", run_swept, [*extra, *overrides], with_log_configuration=False)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise explain(error) from error
    for row in rows:
        if row.same_as is None and row.folder and row.state != "running":
            yield read_trial(Path(row.folder))


def _find_sweeper() -> None:
    """Our sweeper is a plugin that Hydra finds when it starts, which may have been long ago in a notebook."""
    if str(plugin_folder()) not in sys.path:
        sys.path.insert(0, str(plugin_folder()))
    from hydra_plugins.launcher_sweepers.sweeper import LauncherSweeper  # noqa: PLC0415

    name = f"{LauncherSweeper.__module__}.{LauncherSweeper.__qualname__}"
    if name not in Plugins.instance().class_name_to_class:
        Plugins.instance().register(LauncherSweeper)
