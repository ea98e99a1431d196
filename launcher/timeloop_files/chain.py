"""Chains of layers: several problems on one architecture, and what flows from one to the next.

chain:
  layers:
  - {name: A, problem: {...}}
  - {name: B, problem: {...}, constraints: [...]}
  flows:
  - {from: A.Outputs, to: B.Inputs, dimensions: {D: E, L: L}}
"""

from __future__ import annotations

from collections.abc import Sequence

from launcher.specification.chain import Chain, ChainLayer, Flow, check_chain
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import Source, read_specification
from launcher.timeloop_files.load import Document
from launcher.timeloop_files.load_types import YamlMap
from launcher.timeloop_files.node import YamlNode
from launcher.timeloop_files.problem import read_problem

_CHAIN = "chain"


def is_chain(document: Document) -> bool:
    """Whether a file describes a chain."""
    return _CHAIN in document.root


def read_chain(sources: Sequence[Source], chain: Document) -> Chain:
    """The chain in a file, each layer with its own specification.

    Args:
        sources: the architecture, and what belongs to it (constraints, ERT, ART); its constraints hold for every layer
            that has the data spaces and dimensions they name.
        chain: the layers and flows.

    Raises:
        SpecificationError: names file, line, key and value.
    """
    node = YamlNode.of(chain).require(_CHAIN)
    node.check_keys(("layers", "flows", "version"), "a chain", strict=True)
    layers = node.require("layers").list()
    if not layers:
        raise node.error("the chain has no layers", "layers: [{name: A, problem: {...}}, ...]")
    for layer in layers:
        layer.check_keys(("name", "problem", "constraints"), "a layer of a chain", strict=True)
    names = [layer.require("name").text() for layer in layers]
    for number, name in enumerate(names):
        if name in names[:number] or "." in name or not name:
            raise layers[number].error(f"'{name}' cannot be a layer's name here", "a name without dots, once")
    problems = [read_problem(layer.require("problem")) for layer in layers]
    elsewhere = frozenset(name for one in problems for name in (*one.dimensions, *one.data_space_names))
    read = [
        ChainLayer(name, _specification(sources, layer, chain.source, elsewhere))
        for name, layer in zip(names, layers, strict=True)
    ]
    flows = _flows(node.get("flows"), names, problems)
    result = Chain(tuple(read), tuple(flows.get(number) for number in range(len(names) - 1)))
    check_chain(result)
    return result


def _specification(sources: Sequence[Source], layer: YamlNode, source: str, elsewhere: frozenset[str]) -> Specification:
    own = YamlMap(layer.place.line or 0, None)
    own["problem"] = layer.require("problem").value
    constraints = layer.get("constraints")
    if constraints is not None:
        own["constraints"] = constraints.value
    read = read_specification([*sources, Document(source, own)], elsewhere)
    if read.constraints.least_parallelism:
        raise layer.error(
            "a least parallelism of layers in a chain is not supported", hint="remove 'type: parallelism'"
        )
    return read


def _flows(node: YamlNode | None, names: Sequence[str], problems: Sequence[Problem]) -> dict[int, Flow]:
    """Flows by the number of the layer that they come from."""
    flows: dict[int, Flow] = {}
    for item in node.list() if node else []:
        item.check_keys(("from", "to", "dimensions"), "a flow", strict=True)
        before, output = _end(item.require("from"), names)
        behind, taken = _end(item.require("to"), names)
        if behind != before + 1:
            raise item.error(
                f"the flow goes from '{names[before]}' to '{names[behind]}'",
                "a flow from a layer to the next one in the list",
                "list the layers in the order in which they run",
            )
        if before in flows:
            raise item.error(f"there are two flows from '{names[before]}' to '{names[behind]}'", "one of them")
        flows[before] = Flow(output, taken, _dimensions(item.require("dimensions"), problems[before], problems[behind]))
    return flows


def _end(node: YamlNode, names: Sequence[str]) -> tuple[int, str]:
    name, dot, space = node.text().partition(".")
    if not dot or name not in names:
        raise node.error(f"'{node.text()}' is no data space of a layer", f"LAYER.DATASPACE; layers: {', '.join(names)}")
    return names.index(name), space


def _dimensions(node: YamlNode, before: Problem, behind: Problem) -> dict[str, str]:
    pairs = {key: child.text() for key, child in node.items()}
    for key, child in node.items():
        if key not in before.dimensions or child.text() not in behind.dimensions:
            raise child.error(
                f"'{key}: {child.text()}' joins no two dimensions",
                f"one of {', '.join(before.dimensions)}, then one of {', '.join(behind.dimensions)}",
            )
    return pairs
