"""A network's layers as chains: who hands what to whom, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from launcher.config.trial import Trial, entry
from launcher.errors import ConfigurationError
from launcher.specification.chain import Chain, ChainLayer, Columns, Flow, Unit, check_chain
from launcher.specification.specification import Specification
from launcher.trial.network.narrowing import Narrowing

REDUCTION = "E"
"""The dimension along which norm operations need whole columns."""

Request = tuple[Trial, Specification]


@dataclass(frozen=True)
class _Edge:
    """A flow between two layers of the network that are called so."""

    before: str
    behind: str
    flow: Flow


def units_of(layers: Sequence[Request], flows: Sequence[object], groups: Sequence[object] | None = None) -> list[Unit]:
    """The chains of a network: runs of layers that hand on tensors, each as often as all of them run.

    A layer that runs more often than its chain (layer normalisation follows two layers) takes part in others, or is
    a chain of its own.

    Args:
        layers: in the order in which they run.
        flows: of the model; those between layers that are not there, or whose sizes differ, do not count.
        groups: names of layers that must be fused; None leaves the partition open.

    Raises:
        ConfigurationError: a flow or a group that makes no sense.
    """
    edges = {edge.before: edge for edge in _edges(layers, flows)}
    paths = list(_paths({_name(trial): trial.runs for trial, _ in layers}, edges))
    shared = Counter(name for path, _ in paths for name in path)
    wanted = _groups(groups)
    made = {_name(trial): _layer(trial, specification) for trial, specification in layers}
    units = []
    for path, runs in paths:
        names = [_called(path, place, shared) for place in range(len(path))]
        own = tuple(replace(made[one], name=name) for one, name in zip(path, names, strict=True))
        chain = Chain(own, tuple(edges[one].flow for one in path[:-1]))
        check_chain(chain)
        units.append(Unit(chain, runs, _runs_of(path, wanted)))
    _check_groups(wanted, [path for path, _ in paths])
    return units


def without_flows(layers: Sequence[Request]) -> list[Unit]:
    """Every layer as a chain of its own."""
    return [Unit(Chain((_layer(trial, specification),), ()), trial.runs) for trial, specification in layers]


def _layer(trial: Trial, specification: Specification) -> ChainLayer:
    columns = entry(trial.experiment.layer, "columns") or Columns.any
    reduction = None if columns is Columns.any else REDUCTION
    return ChainLayer(_name(trial), specification, Narrowing(trial), columns, reduction)


def _name(trial: Trial) -> str:
    return str(trial.parameters["layer"])


def _called(path: Sequence[str], place: int, shared: Mapping[str, int]) -> str:
    """A layer that takes part in several chains is told apart by the one that it follows."""
    return f"{path[place]}_after_{path[place - 1]}" if place and shared[path[place]] > 1 else path[place]


def _paths(runs: dict[str, int], edges: Mapping[str, _Edge]) -> Iterator[tuple[list[str], int]]:
    """Chains of names with how often they run, until every layer has all its runs."""
    left = dict(runs)
    while any(left.values()):
        fed = {edge.behind for edge in edges.values() if left[edge.before]}
        name = next((one for one in left if left[one] and one not in fed), None)
        name = name or next(one for one in left if left[one])
        path = [name]
        while name in edges and left[edges[name].behind] and edges[name].behind not in path:
            name = edges[name].behind
            path.append(name)
        times = min(left[one] for one in path)
        for one in path:
            left[one] -= times
        yield path, times


def _edges(layers: Sequence[Request], flows: Sequence[object]) -> Iterator[_Edge]:
    problems = {_name(trial): specification.problem for trial, specification in layers}
    seen: set[str] = set()
    for number, given in enumerate(flows):
        edge = _read(given, f"model.flows[{number}]")
        if edge.before in seen:
            raise ConfigurationError(
                f"model.flows[{number}]: a second flow from {edge.before}",
                expected="one: a tensor that two layers take must be written out",
            )
        seen.add(edge.before)
        if edge.before in problems and edge.behind in problems:
            before, behind = problems[edge.before].dimensions, problems[edge.behind].dimensions
            if all(before.get(one) == behind.get(other) for one, other in edge.flow.dimensions.items()):
                yield edge


def _read(given: object, where: str) -> _Edge:
    wanted = "{from: KTQ.Outputs, to: softmax.Inputs, dimensions: {D: E, L: L}}"
    if not isinstance(given, Mapping) or set(given) != {"from", "to", "dimensions"}:
        raise ConfigurationError(f"{where}={given} is no flow", expected=wanted)
    before, output = str(given["from"]).partition(".")[::2]
    behind, taken = str(given["to"]).partition(".")[::2]
    dimensions = given["dimensions"]
    if not output or not taken or not isinstance(dimensions, Mapping):
        raise ConfigurationError(f"{where}={given} is no flow", expected=wanted)
    pairs = {str(one): str(other) for one, other in dimensions.items()}
    return _Edge(before, behind, Flow(output, taken, pairs))


def _groups(groups: Sequence[object] | None) -> list[list[str]] | None:
    if groups is None:
        return None
    listed = [list(one) if isinstance(one, list | tuple) else [] for one in groups]
    if any(len(one) < 2 for one in listed):
        raise ConfigurationError(
            f"fusion.groups={groups} is no list of groups", expected="fusion.groups=[[KTQ,softmax,VScores],[FF1,FF2]]"
        )
    return [[str(name) for name in one] for one in listed]


def _runs_of(path: Sequence[str], groups: Sequence[Sequence[str]] | None) -> tuple[tuple[int, int], ...] | None:
    """Which layers of a chain the wanted groups are."""
    if groups is None:
        return None
    places = [(path.index(one[0]), list(one)) for one in groups if one[0] in path]
    return tuple((first, first + len(one)) for first, one in places if list(path[first : first + len(one)]) == one)


def _check_groups(groups: Sequence[Sequence[str]] | None, paths: Sequence[Sequence[str]]) -> None:
    for one in groups or ():
        if not any(_runs_of(path, [one]) for path in paths):
            chains = " or ".join(",".join(path) for path in paths if len(path) > 1)
            raise ConfigurationError(
                f"fusion.groups: nothing flows through {','.join(one)}",
                expected=f"consecutive layers of {chains}" if chains else "layers of which one hands on to the next",
            )
