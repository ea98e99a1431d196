"""Problems: dimensions and data spaces from Timeloop's ``problem`` key, and back."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

from launcher.specification.problem import DataSpace, Problem, Rank, Term
from launcher.timeloop_files.dense import DENSE_HINT
from launcher.timeloop_files.load import Quoted
from launcher.timeloop_files.node import YamlNode
from launcher.timeloop_files.notes import note
from launcher.timeloop_files.shapes import ASSUMED_SHAPE, SHAPES, is_assumed, named_shape

_PROBLEM_KEYS = ("version", "shape", "instance", "name")
_INSTANCE_KEYS = ("densities", "commonDensity")
_SHAPE_KEYS = ("version", "name", "dimensions", "data_spaces", "coefficients", "flatten", "ranks")
_DIMENSION = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
"""Timeloop's own are single letters; its Python front end and its successors have longer ones."""

_SPACE_KEYS = ("name", "projection", "read_write", "ranks")


def read_problem(node: YamlNode) -> Problem:
    """The problem under ``problem``: a shape, and an instance that may stand beside the shape or under ``instance``.

    Raises:
        SpecificationError: a name that is no shape's, an unknown or missing dimension, an extent that is not
            positive, a density other than 1, flattened dimensions.
    """
    if not node.is_map:
        raise node.wrong("a mapping with 'shape' and 'instance'")
    shape = _shape(node)
    shape.check_keys(_SHAPE_KEYS, "the problem's shape")
    shape.refuse("flatten", "flattened dimensions")
    instance = node.get("instance")
    if instance is not None:
        node.check_keys(_PROBLEM_KEYS, "the problem")
    instance = instance or node
    _note_without_effect(instance, shape)
    dimensions = _dimensions(shape, instance)
    coefficients = _coefficients(shape, instance)
    _check_dense(instance)
    spaces = _data_spaces(shape, dimensions, coefficients)
    name = shape.get("name")
    return Problem(name.text() if name else "problem", dimensions, spaces)


def front_end_names(variables: Mapping[str, object], node: YamlNode) -> dict[str, object]:
    """What names in expressions stand for: the variables, and as in Timeloop's front end the whole input, ``spec``.

    Args:
        variables: of the input.
        node: the ``problem`` key; its instance is ``spec.problem.instance``.
    """
    instance = node.get("instance") or node
    values = {
        key: child.number() if isinstance(child.value, str) and not isinstance(child.value, Quoted) else child.value
        for key, child in instance.items()
        if isinstance(child.value, str | int | float) and key not in _PROBLEM_KEYS
    }
    spec = {"problem": {"instance": values}, "variables": dict(variables)}
    return {"spec": spec, "variables": dict(variables), **variables}


def _shape(node: YamlNode) -> YamlNode:
    """The problem's shape: as written, by its name, or what Timeloop assumes where there is none."""
    shape = node.get("shape")
    if shape is None:
        instance = (node.get("instance") or node).value
        if not (isinstance(instance, dict) and is_assumed(instance)):
            return node.require("shape")
        note(f"the problem has no shape: {ASSUMED_SHAPE}, as Timeloop assumes")
        return YamlNode(SHAPES[ASSUMED_SHAPE], node.place)
    if shape.is_map:
        return shape
    found = named_shape(shape.text())
    if found is None:
        raise shape.error(
            f"unknown shape '{shape.text()}'", f"{', '.join(SHAPES)}, or the shape itself: dimensions, data_spaces, ..."
        )
    return YamlNode(found, shape.place)


def _dimensions(shape: YamlNode, instance: YamlNode) -> dict[str, int]:
    result: dict[str, int] = {}
    for item in shape.require("dimensions").list():
        name = item.text()
        if not _DIMENSION.fullmatch(name):
            raise item.error(f"dimension '{name[:40]}' is not a word", "letters, digits and underscores")
        if name in result:
            raise item.error(f"dimension '{name}' is named twice")
        extent = instance.get(name)
        if extent is None:
            raise instance.error(f"dimension '{name}' has no extent in the problem's instance", f"{name}: <extent>")
        result[name] = extent.integer(minimum=1)
    if not result:
        raise shape.error("the shape has no dimensions")
    return result


def _coefficients(shape: YamlNode, instance: YamlNode) -> dict[str, int]:
    result: dict[str, int] = {}
    entries = shape.get("coefficients")
    for item in entries.list() if entries else ():
        item.check_keys(("name", "default"), "a coefficient")
        name = item.require("name").text()
        value = instance.get(name) or item.require("default")
        if instance.get(name) is None:
            _refuse_misspelt(instance, name, _instance_keys(shape))
        result[name] = value.integer(minimum=1)
    return result


def _note_without_effect(instance: YamlNode, shape: YamlNode) -> None:
    """Keys of an instance that nothing reads: a fork of Timeloop may, or they are meant for people."""
    known = _instance_keys(shape)
    spellings = {name.lower(): name for name in known}
    for key, _ in instance.items():
        if key not in known:
            meant = spellings.get(key.lower())
            reason = f": the coefficient is called '{meant}'" if meant else ""
            note(f"'{key}' in the problem's instance has no effect{reason}")


def _instance_keys(shape: YamlNode) -> set[str]:
    """Everything that an instance of the shape may say."""
    known = {*_INSTANCE_KEYS, *_PROBLEM_KEYS, *(item.text() for item in shape.require("dimensions").list())}
    coefficients = shape.get("coefficients")
    return known | ({item.require("name").text() for item in coefficients.list()} if coefficients else set())


def _refuse_misspelt(instance: YamlNode, name: str, known: Collection[str]) -> None:
    """A misspelt coefficient would silently take its default."""
    for key, child in instance.items():
        if key not in known and key.lower() != name.lower() and get_close_matches(key, [name], cutoff=0.85):
            raise child.error(f"unknown key '{key}' in the problem's instance", hint=f"did you mean '{name}'?")


def _check_dense(instance: YamlNode) -> None:
    common, each = instance.get("commonDensity"), instance.get("densities")
    densities = [common] if common else []
    densities += [child for _, child in each.items()] if each else []
    for density in densities:
        value = density.require("density") if density.is_map else density
        # A density that is no number, for example a file's name, is one of sparse data, too.
        if not isinstance(value.value, int | float) or value.number() != 1:
            raise value.error(
                f"sparse data (a density of {value.value}) are not supported",
                "1, or no densities at all",
                DENSE_HINT,
            )


def _data_spaces(
    shape: YamlNode, dimensions: Mapping[str, int], coefficients: Mapping[str, int]
) -> tuple[DataSpace, ...]:
    spaces: list[DataSpace] = []
    for item in shape.require("data_spaces").list():
        item.check_keys(_SPACE_KEYS, "a data space")
        name = item.require("name")
        if any(space.name == name.text() for space in spaces):
            raise name.error(f"data space '{name.text()}' is named twice")
        projection = tuple(_rank(rank, dimensions, coefficients) for rank in item.require("projection").list())
        read_write = item.get("read_write")
        spaces.append(DataSpace(name.text(), projection, read_write.boolean() if read_write else False))
    if not spaces:
        raise shape.error("the shape has no data spaces")
    if not any(space.read_write for space in spaces):
        note("no data space of the problem is 'read_write': nothing is written, results cost nothing")
    return tuple(spaces)


def _rank(node: YamlNode, dimensions: Mapping[str, int], coefficients: Mapping[str, int]) -> Rank:
    """A rank is a dimension, or a list of terms; a term is ``[dimension]`` or ``[dimension, coefficient]``."""
    if not node.is_list:
        return (Term(_dimension(node, dimensions)),)
    terms = node.list()
    if len(terms) == 1 and not terms[0].is_list:
        return (Term(_dimension(terms[0], dimensions)),)
    if not terms:
        raise node.error("a rank of the projection is empty", "[[dimension], [dimension, coefficient], ...]")
    return tuple(_term(term, dimensions, coefficients) for term in terms)


def _term(node: YamlNode, dimensions: Mapping[str, int], coefficients: Mapping[str, int]) -> Term:
    parts = node.list()
    if not 1 <= len(parts) <= 2:
        raise node.error(f"a term of the projection has {len(parts)} parts", "[dimension] or [dimension, coefficient]")
    dimension = _dimension(parts[0], dimensions)
    if len(parts) == 1:
        return Term(dimension)
    factor = parts[1]
    if isinstance(factor.value, int):
        return Term(dimension, factor.integer(minimum=1))
    name = factor.text()
    if name not in coefficients:
        raise factor.error(f"coefficient '{name}' is not declared", f"one of: {', '.join(coefficients) or 'none'}")
    return Term(dimension, coefficients[name])


def _dimension(node: YamlNode, dimensions: Mapping[str, int]) -> str:
    name = node.text()
    if name not in dimensions:
        raise node.error(f"unknown dimension '{name}'", f"one of: {', '.join(dimensions)}")
    return name


def problem_to_yaml(problem: Problem) -> dict[str, object]:
    """The problem in Timeloop's form: coefficients other than 1 get names of their own."""
    instance: dict[str, object] = dict(problem.dimensions)
    coefficients: list[dict[str, object]] = []
    spaces: list[dict[str, object]] = []
    for space in problem.data_spaces:
        projection = [[_term_to_yaml(term, instance, coefficients) for term in rank] for rank in space.projection]
        entry: dict[str, object] = {"name": space.name, "projection": projection}
        if space.read_write:
            entry["read_write"] = True
        spaces.append(entry)
    shape: dict[str, object] = {"name": problem.name, "dimensions": list(problem.dimensions)}
    if coefficients:
        shape["coefficients"] = coefficients
    shape["data_spaces"] = spaces
    return {"version": "0.4", "instance": instance, "shape": shape}


def _term_to_yaml(term: Term, instance: dict[str, object], coefficients: list[dict[str, object]]) -> list[str]:
    if term.coefficient == 1:
        return [term.dimension]
    name = f"times_{term.coefficient}"
    if name not in instance:
        instance[name] = term.coefficient
        coefficients.append({"name": name, "default": 1})
    return [term.dimension, name]
