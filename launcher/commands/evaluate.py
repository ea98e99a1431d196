"""Evaluate mappings given as Timeloop files: energy, cycles, utilization and EDP.

Files that are named together form one input; its top-level keys (architecture, problem, ERT, ART, mapping or a list
under mappings, ...) may stand in any of them. A folder that a Timeloop run wrote is an input of its own: its figures
are compared with those of its stats.txt. Without an ERT, energies come from the project's tables; components that
they do not know are named, with what was taken for them. --counts needs no energies.

exit status: 0 evaluated (illegal mappings are reported, not errors), 1 the input cannot be used or disagrees with
its stats.txt, 2 wrong command line
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from launcher.commands.energies import add_energy_arguments, with_energies
from launcher.commands.evaluation_report import Evaluated, print_evaluations, to_json
from launcher.commands.inputs import Input, add_data_argument, add_dense_argument, read_inputs, write_json
from launcher.errors import SpecificationError
from launcher.reporting.console import open_console
from launcher.results.evaluation import Evaluation
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.timeloop_files.dense import DENSE_NOTE
from launcher.timeloop_files.io import read_mapped, read_specification
from launcher.timeloop_files.map_text import read_map_text
from launcher.timeloop_files.stats import Comparison, compare


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="YAML files, or folders of Timeloop runs")
    add_dense_argument(parser)
    add_data_argument(parser)
    add_energy_arguments(parser)
    parser.add_argument("--counts", action="store_true", help="accesses, cycles and utilization alone, no energies")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and report.

    Returns:
        0, or 1 when figures disagree with a report.

    Raises:
        LauncherError: the input cannot be used.
    """
    console = open_console(quiet=arguments.quiet)
    results: list[Evaluated] = []
    for one in read_inputs(arguments.files, data=arguments.data, dense=arguments.dense):
        specification = read_specification(one.documents, partial=True)
        notes = [*specification.flags, *([DENSE_NOTE] if arguments.dense else [])]
        has_table = specification.energy is not None
        specification = with_energies(specification, arguments.energy, arguments.tables)
        evaluated = _evaluate(one, specification)
        print_evaluations(one.name, evaluated, console, verbose=arguments.verbose, counts=arguments.counts)
        if not arguments.counts:
            notes = [*specification.flags, *([DENSE_NOTE] if arguments.dense else [])]
        if not has_table and not arguments.counts:
            notes.insert(0, f"there is no ERT: energies are those of {specification.estimator}")
        for note in dict.fromkeys((*notes, *(note for each in evaluated for note in each.notes))):
            console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
        results += evaluated
    if arguments.json is not None:
        write_json(arguments.json, [to_json(one, counts=arguments.counts, dense=arguments.dense) for one in results])
    return 1 if any(one.comparison is not None and not one.comparison.agrees for one in results) else 0


def _evaluate(one: Input, specification: Specification) -> list[Evaluated]:
    from launcher.engines.native.model import evaluate  # noqa: PLC0415 - `--help` should not wait for numba

    mapped = read_mapped(one.documents, specification)
    if one.map_text is not None and one.map_text.is_file():
        mapped = [(specification, read_map_text(one.map_text, specification))]
    if not mapped:
        raise SpecificationError(
            "there is no mapping", where=one.name, expected="a top-level key 'mapping', or a list under 'mappings'"
        )
    results = []
    for specific, mapping in mapped:
        own = tuple(flag for flag in specific.flags if flag not in specification.flags)
        evaluation = evaluate(specific, mapping)
        comparison = None
        if one.stats is not None and evaluation.legal:
            comparison = compare_report(specific, mapping, evaluation, one.stats)
        results.append(Evaluated(evaluation, comparison, specific.assumed, own))
    return results


def compare_report(specification: Specification, mapping: Mapping, evaluation: Evaluation, report: Path) -> Comparison:
    """Compare with a report; where the figures differ, by the rules of earlier versions of Timeloop, too."""
    from launcher.engines.native.older import older_evaluations  # noqa: PLC0415 - as above

    compute = specification.architecture.compute.name
    comparison = compare(evaluation, compute, report)
    if comparison.agrees:
        return comparison
    for rules, older in older_evaluations(specification, mapping):
        if compare(older, compute, report).agrees:
            return replace(comparison, older=str(rules))
    return comparison
