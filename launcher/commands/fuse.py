"""Find the proven best way to fuse a chain of layers.

Takes the files, or the folder, that `map` takes (architecture, constraints, ERT and ART), and one file with the chain:

    chain:
      layers:
      - {name: A, problem: {...}}
      - {name: B, problem: {...}}
      flows:
      - {from: A.Outputs, to: B.Inputs, dimensions: {D: E, L: L}}

Constraints of the architecture hold for every layer that has the data spaces and dimensions that they name; a layer may
bring constraints of its own. The answer says which layers share outer loops, where the tensors between them wait, which
tiles stay on chip meanwhile, and the mapping of every layer inside the shared loops.

exit status: 0 mapped, 1 the input cannot be used or admits no mapping, 2 wrong command line
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from launcher.commands.energies import add_energy_arguments, refuse_unknown, with_energies
from launcher.commands.golden_form import levels_of
from launcher.commands.inputs import add_data_argument, read_inputs, seconds, write_json
from launcher.engines.fuse import find_fused
from launcher.engines.run import must_compile
from launcher.errors import SpecificationError
from launcher.figures import CRITERIA, FRONT
from launcher.interrupts import first_asks, stop_asked
from launcher.reporting.artifacts import write_artifacts
from launcher.reporting.console import open_console
from launcher.reporting.progress import search_progress
from launcher.reporting.terminal import print_result
from launcher.results.fused import FusedLayers
from launcher.results.result import LayerRun, Result
from launcher.specification.chain import Chain, Unit
from launcher.timeloop_files.chain import is_chain, read_chain
from launcher.timeloop_files.load import Document
from launcher.timeloop_files.load_types import YamlMap
from launcher.trial.network.totals import total


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="YAML files; one of them has the chain")
    add_data_argument(parser)
    parser.add_argument("--objective", choices=list(CRITERIA), default="edp", help="over the whole chain (edp)")
    add_energy_arguments(parser, search=True)
    parser.add_argument("--timeout", type=seconds, metavar="S", help="stop after S seconds with the best so far")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the result to this file")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="write the result's files to this folder")


def run(arguments: argparse.Namespace) -> int:
    """Search, show, and write what was asked for.

    Raises:
        LauncherError: the input cannot be used, or admits no mapping.
    """
    chain = _chain(arguments.files, arguments)
    console = open_console(quiet=arguments.quiet)
    sliding = not all(space.is_simple for layer in chain.layers for space in layer.problem.data_spaces)
    name = "+".join(layer.name for layer in chain.layers)
    started = time.perf_counter()
    with (
        first_asks("the best partition so far is kept"),
        search_progress(
            console, name, compiles=must_compile("native", sliding=sliding), verbose=arguments.verbose
        ) as on_progress,
    ):
        found = find_fused([Unit(chain)], arguments.objective, arguments.timeout, on_progress)
    result = total(name, {}, found.layers, time.perf_counter() - started, fused=found)
    print_result(result, console)
    if arguments.json is not None:
        write_json(arguments.json, to_json(result))
    if arguments.output is not None:
        write_artifacts(result, arguments.output)
    return 130 if stop_asked() else 0


def to_json(result: Result) -> dict[str, Any]:
    """Plain values: the figures, how good they are known to be, and the groups with every layer's own loops."""
    layers = iter(result.layers)
    return {
        **{figure.key: figure.exact(result) for figure in FRONT},
        "optimality": result.optimality.status if result.optimality else None,
        "objective": list(result.optimality.objective) if result.optimality else [],
        "lower_bound": result.optimality.lower_bound if result.optimality else None,
        "gap": result.gap,
        "search_seconds": result.search_seconds,
        "groups": [_group(group, [next(layers) for _ in group.layers]) for group in result.groups],
    }


def _group(group: FusedLayers, layers: Sequence[LayerRun]) -> dict[str, Any]:
    own = [one.result for one in layers]
    return {
        "layers": [
            {"name": name, "mapping": levels_of(one.mapping) if one.mapping else []}
            for name, one in zip(group.layers, own, strict=True)
        ],
        "shared": [{**dict(zip(group.layers, loop.names, strict=True)), "bound": loop.bound} for loop in group.shared],
        "waits": dict(group.waits),
        "persistent": {
            name: {level: list(spaces) for level, spaces in at.items()} for name, at in group.persistent.items()
        },
        "energy_pj": group.energy_pj,
        "cycles": group.cycles,
    }


def _chain(files: Sequence[Path], arguments: argparse.Namespace) -> Chain:
    """The chain that the files describe, with energies.

    Of the files, or a folder, that describe the machine, a problem does not count: the chain has problems of its own.
    """
    documents = [
        document for one in read_inputs(files, mapspace=True, data=arguments.data) for document in one.documents
    ]
    chains = [one for one in documents if is_chain(one)]
    if len(chains) != 1:
        raise SpecificationError(
            f"{len(chains)} of the files have a chain",
            where=", ".join(str(path) for path in files),
            expected="one file with the top-level key 'chain', beside those of the architecture",
            hint="docs/fusion.md shows one",
        )
    machine = [_without_problem(one) for one in documents if one is not chains[0]]
    chain = read_chain(machine, chains[0])
    layers = tuple(
        replace(layer, specification=with_energies(layer.specification, arguments.energy, arguments.tables))
        for layer in chain.layers
    )
    for layer in layers:
        refuse_unknown(layer.specification, (arguments.objective,), front=False, allowed=arguments.allow_unknown_energy)
    return replace(chain, layers=layers)


def _without_problem(document: Document) -> Document:
    root = YamlMap(document.root.line, document.root.tag)
    root.update({key: value for key, value in document.root.items() if key != "problem"})
    root.lines.update(document.root.lines)
    return Document(document.source, root)
