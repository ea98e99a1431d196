"""What the mapper proposes when there is no mapping does admit one, read as a person would read it."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import TypeVar

import pytest
from mapper_cases import exactly, gemmini, keeps
from random_specifications import random_specification

from launcher.engines.interface import MapperSettings
from launcher.engines.native.mapper.optima import search
from launcher.errors import NoValidMappingError
from launcher.specification.architecture import ComputeLevel, StorageLevel
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds
from launcher.specification.specification import Specification

Level = TypeVar("Level", StorageLevel, ComputeLevel)

_FORMS = {
    "fill": re.compile(r"min_utilization = (?P<value>[\d.e-]+) at (?P<level>\w+)"),
    "factor": re.compile(r"(?P<item>\w+) = (?P<value>\d+) at (?P<level>[\w ]+?)(?P<block> \(spatial\)| \(temporal\))?"),
    "capacity": re.compile(r"(?P<level>\w+) with (?P<value>\d+) words"),
    "children": re.compile(r"(?P<level>\w+) with (?P<value>\d+) children along (?P<item>[XY])"),
    "bypass": re.compile(r"let (?P<item>\w+) bypass (?P<level>\w+)"),
    "keep": re.compile(r"keep (?P<item>\w+) at (?P<level>\w+)"),
}


def _reason(specification: Specification) -> NoValidMappingError | None:
    try:
        search(specification, MapperSettings())
    except NoValidMappingError as error:
        return error
    return None


def _applied(specification: Specification, hint: str) -> Specification:
    """The specification with the changes of a proposal made."""
    _, _, changes = hint.partition(": ")
    for words in changes.split(" and "):
        form, match = next((name, m) for name, regex in _FORMS.items() if (m := regex.fullmatch(words)))
        specification = _changed(specification, form, match.groupdict())
    return specification


def _changed(specification: Specification, form: str, what: dict[str, str]) -> Specification:
    names = [level.name for level in specification.architecture.levels]
    name = what["level"] if what["level"] in names else f"inter_{what['level']}_spatial"
    if form in {"factor", "bypass", "keep"}:
        return _constrained(specification, name, form, what)
    index = names.index(name)
    levels = list(specification.architecture.levels)
    compute = specification.architecture.compute
    if form == "fill":
        levels[index] = replace(levels[index], min_utilization=float(what["value"]))
    elif form == "capacity":
        buffering = levels[index].multiple_buffering
        levels[index] = replace(levels[index], capacity_words=round(int(what["value"]) * buffering))
    else:
        along_x = what["item"] == "X"
        old, new = specification.architecture.fanout(index)[0 if along_x else 1], int(what["value"])
        levels[:index] = [_wider(level, old, new, along_x=along_x) for level in levels[:index]]
        compute = _wider(compute, old, new, along_x=along_x)
    architecture = replace(specification.architecture, levels=tuple(levels), compute=compute)
    return replace(specification, architecture=architecture)


def _wider(level: Level, old: int, new: int, *, along_x: bool) -> Level:
    x, y = (level.mesh_x // old * new, level.mesh_y) if along_x else (level.mesh_x, level.mesh_y // old * new)
    changes = {"mesh_x": x, "mesh_y": y, "instances": x * y}
    return replace(level, **changes, **({"cluster_size": 1} if isinstance(level, StorageLevel) else {}))


def _constrained(specification: Specification, name: str, form: str, what: dict[str, str]) -> Specification:
    constraint = specification.constraints.at(name)
    if form == "factor":
        fans_out = name.startswith("inter_") or (what["block"] or "").strip() == "(spatial)"
        kind = "spatial" if fans_out and (what["block"] or "").strip() != "(temporal)" else "temporal"
        block: BlockConstraint = getattr(constraint, kind)
        factors = {**block.factors, what["item"]: FactorBounds(exact=int(what["value"]))}
        constraint = replace(constraint, **{kind: replace(block, factors=factors)})
    else:
        item = frozenset({what["item"]})
        keep, bypass = (constraint.keep - item, constraint.bypass | item)
        if form == "keep":
            keep, bypass = (constraint.keep | item, constraint.bypass - item)
        constraint = replace(constraint, keep=keep, bypass=bypass)
    return replace(specification, constraints=Constraints({**specification.constraints.levels, name: constraint}))


@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv"])
def test_the_nearest_change_admits_a_mapping(kind: str) -> None:
    tried = 0
    for seed in range(1000, 1040):
        specification = random_specification(Random(seed), kind, rare=2)
        error = _reason(specification)
        if error is None:
            continue
        tried += 1
        assert error.hint is not None, (seed, error.what)
        assert error.hint.startswith("the nearest change"), (seed, error.hint)
        assert _reason(_applied(specification, error.hint)) is None, (seed, error.what, error.hint)
        if tried > 5:
            break
    assert tried > 5


def test_several_conflicts_take_several_changes() -> None:
    accumulator = keeps("Outputs", temporal=exactly(E=3))
    specification = gemmini({"E": 1024, "D": 24, "L": 256}, Accumulator=accumulator)
    error = _reason(specification)
    assert error is not None
    assert error.hint is not None
    assert "together admit a mapping" in error.hint
    assert _reason(_applied(specification, error.hint)) is None
