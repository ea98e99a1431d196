"""The engine that a trial's configuration asks for."""

from __future__ import annotations

from pathlib import Path

from launcher.config.engine_schema import EngineMode, Template
from launcher.config.schema import Experiment
from launcher.engines.interface import Engine
from launcher.engines.run import native_engine
from launcher.engines.timeloop.settings import TimeloopSettings
from launcher.errors import ConfigurationError
from launcher.specification.constraints import Factors

NATIVE, TIMELOOP = "native", "timeloop"


def engine_for(experiment: Experiment, folder: Path | None = None) -> Engine:
    """The engine, with its settings.

    Args:
        experiment: the configuration.
        folder: takes the folders of Timeloop's runs; None keeps nothing of them.

    Raises:
        ConfigurationError: an unknown engine, or settings that it has no use for.
        EngineError: Timeloop is not installed.
    """
    check_mode(experiment)
    name = experiment.engine.name
    if name == NATIVE:
        _refuse_timeloops_settings(experiment)
        return native_engine()
    if name == TIMELOOP:
        _refuse_what_timeloop_lacks(experiment)
        from launcher.engines.timeloop.engine import TimeloopEngine  # noqa: PLC0415 - only who asks for it waits for it

        return TimeloopEngine(timeloop_settings(experiment), folder)
    raise ConfigurationError(f"engine.name={name} is not an engine", expected=f"{NATIVE} or {TIMELOOP}")


def timeloop_settings(experiment: Experiment) -> TimeloopSettings:
    """Where and how Timeloop runs."""
    engine, own, mapspace = experiment.engine, experiment.mapper.timeloop_settings, experiment.mapspace
    return TimeloopSettings(
        bin_dir=Path(engine.bin_dir) if engine.bin_dir is not None else None,
        frontend=str(engine.frontend) if engine.frontend else None,
        container=str(engine.container) if engine.container else None,
        image=engine.image,
        live=engine.live or bool(own.get("live_status")),
        timeout_s=engine.timeout_s,
        mapper=own,
        template=str(Template.uber if mapspace.asked is Factors.perfect else Template.ruby),
        remainders=mapspace.remainders,
    )


def check_mode(experiment: Experiment) -> None:
    """A given mapping and ``engine.mode=evaluate`` belong together.

    Raises:
        ConfigurationError: one is there without the other.
    """
    evaluates = experiment.engine.mode is EngineMode.evaluate
    if evaluates and experiment.mapping is None:
        raise ConfigurationError(
            "engine.mode=evaluate, but no mapping is given",
            where="mapping",
            expected="a YAML file with a mapping in Timeloop's form",
            hint="mapping=outputs/.../mapping.yaml, which every trial leaves behind",
        )
    if experiment.mapping is not None and not evaluates:
        raise ConfigurationError(
            f"mapping={experiment.mapping} is given, but the engine is to search",
            where="engine.mode",
            hint="engine.mode=evaluate",
        )


def _refuse_what_timeloop_lacks(experiment: Experiment) -> None:
    searches = experiment.engine.mode is EngineMode.search
    if searches and experiment.mapspace.asked is Factors.all:
        raise ConfigurationError(
            "mapspace.factors=all has imperfect factors in time, which Timeloop's search does not have",
            expected="mapspace.factors=perfect or spatial: its ruby has imperfect factors on fan-outs only",
            hint="engine=native searches them all",
        )


def _refuse_timeloops_settings(experiment: Experiment) -> None:
    own = experiment.mapper.timeloop_settings
    if own:
        name, value = next(iter(own.items()))
        raise ConfigurationError(
            f"mapper.{name}={value} is a setting of Timeloop's search, which the native engine does not have",
            expected="mapper.objective, mapper.timeout_s and mapper.threads",
            hint="engine=timeloop uses it; without it, the native engine proves its optimum",
        )
    if experiment.mapspace.remainders is not None:
        raise ConfigurationError(
            f"mapspace.remainders={experiment.mapspace.remainders} bounds the last iterations in Timeloop's search, "
            "which the native engine does not do",
            expected="mapspace.factors=perfect, spatial or all",
            hint="mapspace.remainders=null; engine=timeloop uses it",
        )
    if experiment.engine.live:
        raise ConfigurationError(
            "engine.live=true shows Timeloop's status screen, and the native engine has none",
            hint="engine=timeloop; the native engine shows its progress by itself",
        )
