"""Find the proven best mapping of Timeloop files.

Takes what timeloop-mapper takes: architecture (v4 nodes, or the processed form), problem, constraints, ERT and ART,
spread over any number of files. Without an ERT, energies come from the project's tables; what they do
not know is named, and a search by energy needs --allow-unknown-energy then. The mapspace is searched
whole, so settings of a random search (victory condition, timeout, algorithm, ...) are not needed and not looked at;
optimization_metrics is, when --objective is not given, and so is the mapspace's template (ruby: imperfect factors on
fan-outs), when --factors is not given.

exit status: 0 mapped, 1 the input cannot be used or admits no mapping, 2 wrong command line
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from launcher.commands.energies import add_energy_arguments, assumed_to_json, refuse_unknown, with_energies
from launcher.commands.golden_form import levels_of
from launcher.commands.inputs import (
    Input,
    add_data_argument,
    add_dense_argument,
    read_inputs,
    seconds,
    write_json,
)
from launcher.engines.run import PARETO, find_best, must_compile, native_engine, settings_of
from launcher.errors import NoValidMappingError, SpecificationError
from launcher.figures import CRITERIA, FRONT
from launcher.interrupts import first_asks, stop_asked
from launcher.reporting.artifacts import write_artifacts
from launcher.reporting.console import open_console
from launcher.reporting.progress import search_progress
from launcher.reporting.terminal import print_effort, print_result
from launcher.results.idle_places import indivisible
from launcher.results.result import Result
from launcher.specification.constraints import Factors
from launcher.timeloop_files.dense import DENSE_NOTE
from launcher.timeloop_files.io import read_mapspace, read_specification
from launcher.timeloop_files.node import YamlNode

_TIMELOOP_METRICS = {"edp": "edp", "energy": "energy", "delay": "cycles"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="YAML files, or one folder of a run")
    add_data_argument(parser)
    parser.add_argument(
        "--objective", metavar="NAME[,NAME]", help=f"one or several of {', '.join(CRITERIA)}, in order; or {PARETO}"
    )
    parser.add_argument(
        "--factors", choices=[str(one) for one in Factors],
        help="which loops may be imperfect: none, those of fan-outs, or all (default: as the files' mapspace says)",
    )  # fmt: skip
    add_dense_argument(parser)
    add_energy_arguments(parser, search=True)
    parser.add_argument("--timeout", type=seconds, metavar="S", help="stop after S seconds with the best so far")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="cores the search may use")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the result to this file")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="write the files of a trial to this folder")


def run(arguments: argparse.Namespace) -> int:
    """Search, show, and write what was asked for.

    Raises:
        LauncherError: the input cannot be used, or admits no mapping.
    """
    inputs = read_inputs(arguments.files, mapspace=True, data=arguments.data, dense=arguments.dense)
    if len(inputs) != 1:
        raise SpecificationError(
            f"{len(inputs)} inputs were named", expected="files that belong together, or one folder of a run"
        )
    (source,) = inputs
    specification = with_energies(
        read_specification(source.documents, partial=True), arguments.energy, arguments.tables
    )
    objective = arguments.objective.split(",") if arguments.objective else _metrics(source)
    factors = Factors(arguments.factors) if arguments.factors else read_mapspace(source.documents)
    settings = settings_of(objective, "--objective", arguments.timeout, arguments.threads, factors)
    refuse_unknown(specification, settings.objective, front=settings.front, allowed=arguments.allow_unknown_energy)
    console = open_console(quiet=arguments.quiet)
    sliding = not all(space.is_simple for space in specification.problem.data_spaces)
    compiles = must_compile("native", sliding=sliding, factors=factors)
    with (
        first_asks("the best mapping so far is kept"),
        search_progress(console, source.title, compiles=compiles, verbose=arguments.verbose) as on_progress,
    ):
        result = find_best(
            native_engine(), specification, settings, name=source.title, parameters={}, on_progress=on_progress
        )
    if stop_asked() and not result.ok:
        raise KeyboardInterrupt
    result = _advised(result)
    if arguments.dense:
        result = replace(result, flags=(*result.flags, DENSE_NOTE))
    print_result(result, console)
    if arguments.verbose:
        print_effort(result, console)
    if arguments.json is not None:
        write_json(arguments.json, to_json(result, dense=arguments.dense))
    if arguments.output is not None:
        write_artifacts(result, arguments.output)
    if not result.ok:
        raise NoValidMappingError(result.reason or "no mapping exists", where=source.name)
    return 130 if stop_asked() else 0


def _advised(result: Result) -> Result:
    """The result with a remark on fan-outs that idle because nothing divides."""
    if result.factors is not Factors.perfect or result.specification is None or result.mapping is None:
        return result
    remarks = (reason.sentence("--factors spatial") for reason in indivisible(result.specification, result.mapping))
    return replace(result, flags=(*result.flags, *remarks))


def to_json(result: Result, *, dense: bool = False) -> dict[str, Any]:
    """Plain values: the figures, how good they are known to be, and the mapping; or why there is none."""
    if result.evaluation is None or result.mapping is None or result.optimality is None or result.search is None:
        return {"infeasible": result.reason}
    return {
        **{figure.key: figure.exact(result) for figure in FRONT},
        "optimality": result.optimality.status,
        "objective": list(result.optimality.objective),
        "factors": str(result.factors),
        "lower_bound": result.optimality.lower_bound,
        "gap": result.optimality.gap,
        "search_seconds": result.search.seconds,
        "mapping": levels_of(result.mapping),
        **_assumed(result),
        **({"dense_part_only": True} if dense else {}),
        **({"front": [_point(point) for point in result.front_results]} if result.front else {}),
    }


def _assumed(result: Result) -> dict[str, Any]:
    assumed = result.specification.assumed if result.specification else ()
    return {"assumed_energies": assumed_to_json(assumed)} if assumed else {}


def _point(point: Result) -> dict[str, Any]:
    figures = {figure.key: figure.exact(point) for figure in FRONT}
    return {**figures, "mapping": levels_of(point.mapping) if point.mapping else []}


def _metrics(source: Input) -> tuple[str, ...]:
    """The objective that the files' own mapper settings ask for; EDP when they ask for nothing."""
    for document in source.documents:
        mapper = YamlNode.of(document).get("mapper")
        metrics = mapper.get("optimization_metrics", "optimization_metric", "optimization-metrics") if mapper else None
        if metrics is None:
            continue
        names = [str(name) for name in metrics.value] if isinstance(metrics.value, list) else [str(metrics.value)]
        unknown = [name for name in names if name not in _TIMELOOP_METRICS]
        if unknown:
            raise metrics.error(
                f"the metric {unknown[0]!r} is not supported",
                expected=f"some of {', '.join(_TIMELOOP_METRICS)}",
                hint="--objective on the command line wins over the file",
            )
        if names:
            return tuple(_TIMELOOP_METRICS[name] for name in names)
    return ("edp",)
