"""The files that a Timeloop run starts from."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from pathlib import Path

from launcher.engines.interface import MapperSettings
from launcher.engines.timeloop.settings import TimeloopSettings
from launcher.errors import ConfigurationError, EngineError
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import dump_constraints, dump_mapping, dump_specification
from launcher.timeloop_files.mapspace import widest_remainders
from launcher.timeloop_files.v4_writer import v4_document
from launcher.timeloop_files.writer import to_text

FOR_FRONT_END = "experiment.yaml"
_METRICS = {"edp": "edp", "energy": "energy", "cycles": "delay"}


def write_search(
    folder: Path, specification: Specification, how: Dict[str, object], timeloop: TimeloopSettings
) -> list[str]:
    """Input of ``timeloop-mapper`` itself: the processed form, with everything that it would ask Accelergy for.

    Args:
        folder: takes the file.
        specification: with energies.
        how: the mapper's settings in Timeloop's words.
        timeloop: its mapspace.

    Returns:
        Names of the files.

    Raises:
        EngineError: a constraint that only Timeloop's front end knows.
    """
    for name, level in specification.constraints.levels.items():
        if level.temporal.maximize or level.spatial.maximize:
            raise EngineError(
                f"the constraint maximize_dims of level {name} is one that timeloop-mapper itself does not know",
                where=f"constraints, level {name}",
                expected="factors",
                hint="engine.frontend=timeloopfe resolves it, and so does engine=native",
            )
    constraints = dump_constraints(specification, _remainders(specification, timeloop))
    text = dump_specification(specification) + constraints + to_text(_sections(how, timeloop))
    return [_write(folder / "input.yaml", text)]


def write_evaluation(folder: Path, specification: Specification, mapping: Mapping) -> list[str]:
    """Input of ``timeloop-model`` itself, without the constraints, for which it refuses valid mappings.

    Returns:
        Names of the files.
    """
    return [
        _write(folder / "input.yaml", dump_specification(specification)),
        _write(folder / "mapping.yaml", dump_mapping(mapping, specification)),
    ]


def write_search_for_front_end(
    folder: Path, specification: Specification, how: Dict[str, object], timeloop: TimeloopSettings
) -> list[str]:
    """As :func:`write_search`, as v4 nodes for Timeloop's front end.

    Raises:
        SpecificationError: the architecture cannot be said as nodes.
    """
    document = v4_document(specification, remainders=_remainders(specification, timeloop))
    return [_write(folder / FOR_FRONT_END, to_text({**document, **_sections(how, timeloop)}))]


def write_evaluation_for_front_end(folder: Path, specification: Specification, mapping: Mapping) -> list[str]:
    """As :func:`write_evaluation`, as v4 nodes in which the mapping stands in place of the constraints.

    Raises:
        SpecificationError: the architecture cannot be said as nodes.
    """
    return [_write(folder / FOR_FRONT_END, to_text(v4_document(specification, mapping)))]


def _sections(how: Dict[str, object], timeloop: TimeloopSettings) -> dict[str, object]:
    return {"mapper": {"version": "0.4", **how}, "mapspace": {"version": "0.4", "template": timeloop.template}}


def _remainders(specification: Specification, timeloop: TimeloopSettings) -> dict[str, int]:
    """Bounds on the last iterations of imperfect factors: ruby has such factors only on fan-outs with a bound."""
    if timeloop.template != "ruby" or timeloop.remainders == 0:
        return {}
    widest = widest_remainders(specification.architecture)
    return {name: timeloop.remainders or places for name, places in widest.items()}


def mapper_keys(settings: MapperSettings, timeloop: TimeloopSettings) -> dict[str, object]:
    """The mapper's settings in Timeloop's words: what the user set, and metrics and threads in any case.

    Raises:
        ConfigurationError: Timeloop does not know the objective.
    """
    own = {key: value for key, value in timeloop.mapper.items() if value is not None}
    if "optimization_metrics" not in own:
        own["optimization_metrics"] = [_metric(criterion) for criterion in settings.objective]
    own.setdefault("num_threads", settings.threads)
    if timeloop.live:
        own["live_status"] = True
    return own


def _metric(criterion: str) -> str:
    if criterion not in _METRICS:
        raise ConfigurationError(
            f"{criterion} is no metric of Timeloop's search",
            where="mapper.objective",
            expected=", ".join(_METRICS),
            hint="engine=native finds and proves the best mapping by it",
        )
    return _METRICS[criterion]


def _write(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    return file.name
