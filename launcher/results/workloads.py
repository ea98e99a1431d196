"""Trials that may be ranked against each other: those that run the same work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from launcher.results.parameters import plain
from launcher.results.result import Result


@dataclass(frozen=True)
class Workload:
    """Trials of the same model, layer and number of operations.

    Attributes:
        name: e.g. ``bert_base KQV``; with the number of operations where others have the same model and layer.
        results: its trials, those without a mapping too as far as it can be told that they are of this work.
    """

    name: str
    results: tuple[Result, ...]


def workloads_of(results: Sequence[Result]) -> list[Workload]:
    """The trials by workload, in the order in which they first appear.

    Trials without a mapping do not know how many operations they would have had: they go to the first workload of
    their model and layer.
    """
    groups: dict[tuple[str, str, int], list[Result]] = {}
    for one in results:
        if one.ok:
            groups.setdefault(workload_of(one), []).append(one)
    for one in results:
        if not one.ok:
            key = workload_of(one)
            like = next((known for known in groups if known[:2] == key[:2]), key)
            groups.setdefault(like, []).append(one)
    names = [_name(key) for key in groups]
    places = {id(one): index for index, one in enumerate(results)}
    found = []
    for name, (key, members) in zip(names, groups.items(), strict=True):
        ordered = tuple(sorted(members, key=lambda one: places[id(one)]))
        operations = f", {plain(key[2])} operations" if names.count(name) > 1 else ""
        found.append(Workload(f"{name}{operations}", ordered))
    return found


def _name(key: tuple[str, str, int]) -> str:
    return " ".join(text for text in key[:2] if text != plain(None)) or "all trials"


def workload_of(result: Result) -> tuple[str, str, int]:
    """Trials with the same workload may be compared: model, layer, and how many operations that is."""
    computes = result.evaluation.computes if result.evaluation else 0
    return plain(result.parameters.get("model")), plain(result.parameters.get("layer")), computes
