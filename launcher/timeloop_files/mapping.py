"""Mappings in Timeloop's form: a list of directives (``datatype``, ``temporal``, ``spatial``), read and written."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import replace

from launcher.errors import SpecificationError
from launcher.specification.architecture import Architecture, StorageLevel
from launcher.specification.constraints import BlockConstraint, Constraints, LevelConstraint
from launcher.specification.mapping import LevelMapping, Loop, Mapping, find_factor_mistake
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification
from launcher.timeloop_files.constraints import read_data_spaces
from launcher.timeloop_files.factors import permutation_text, read_imperfect_factors, read_permutation
from launcher.timeloop_files.fan_outs import fan_out_level, fan_out_name
from launcher.timeloop_files.node import YamlNode

_KEYS: Dict[str, tuple[str, ...]] = {
    "datatype": ("keep", "bypass", "no_coalesce"),
    "temporal": ("factors", "permutation", "no_reuse", "no_temporal_reuse", "rmw_first_update"),
    "spatial": ("factors", "permutation", "split", "no_reuse", "no_link_transfer"),
}
_TYPES = {**{kind: kind for kind in _KEYS}, "bypass": "datatype", "dataspace": "datatype"}

Directives = dict[tuple[str, str], YamlNode]
"""(level, kind) -> the directive."""


def read_mapping_node(node: YamlNode, specification: Specification) -> tuple[Specification, Mapping]:
    """One mapping, and the specification with the mapping's own directives added to its constraints.

    A mapping may switch off reuse (``no_reuse``, ``no_link_transfer``), first-read elision (``rmw_first_update``) or
    coalescing (``no_coalesce``); the model looks for these in the constraints. A data space that a level does not
    mention is KEPT there, and an unmentioned factor is 1, as in Timeloop. A level that only stands for a fan-out keeps
    what its directive says, and nothing without one.

    Raises:
        SpecificationError: an unknown level, dimension or data space; factors that do not make up the problem, or
            residuals that do not follow from them; a skew; spatial loops where there is no fan-out.
    """
    architecture, problem = specification.architecture, specification.problem
    directives = _directives(node, architecture)
    levels = tuple(_level(level.name, directives, architecture, problem) for level in architecture.levels)
    mapping = Mapping(levels)
    _check_factors(node, mapping, problem)
    return replace(specification, constraints=_with_switches(specification, directives)), mapping


def _directives(node: YamlNode, architecture: Architecture) -> Directives:
    result: Directives = {}
    items = node.list()
    spatial = {str(item.require("target").value) for item in items if item.require("type").value == "spatial"}
    for item in items:
        kind = item.require("type")
        if kind.text() == "skew":
            raise kind.error("skewed mappings ('type: skew') are not supported")
        if kind.text() not in _TYPES:
            raise kind.error(f"unknown mapping directive '{kind.text()}'", ", ".join(_TYPES))
        name = _TYPES[kind.text()]
        item.check_keys(("type", "target", *_KEYS[name]), f"a {name} directive")
        level = _target(item.require("target"), architecture)
        fan_out = fan_out_level(level, architecture) if name == "spatial" else None
        key = (level if fan_out is None or fan_out in spatial else fan_out, name)
        if key in result:
            raise item.error(f"level '{key[0]}' has two {name} directives", "one of each type per level")
        result[key] = item
    return result


def _target(node: YamlNode, architecture: Architecture) -> str:
    """A level by its name, or by its number from the innermost; a fan-out also by the name of its container."""
    names = [level.name for level in architecture.levels]
    if isinstance(node.value, int) and not isinstance(node.value, bool) and 0 <= node.value < len(names):
        return names[node.value]
    if node.value not in names:
        if isinstance(node.value, str) and fan_out_name(node.value) in names:
            return fan_out_name(node.value)  # whatever is said of a container is said of its fan-out
        raise node.error(f"no storage level is named '{node.value}'", f"one of: {', '.join(names)}")
    return node.text()


def _level(name: str, directives: Directives, architecture: Architecture, problem: Problem) -> LevelMapping:
    temporal = _loops(directives.get((name, "temporal")), problem)
    spatial_node = directives.get((name, "spatial"))
    spatial = _loops(spatial_node, problem)
    split = len(spatial)
    if spatial_node is not None:
        x, y = architecture.fanout(architecture.level_index(name))
        if x * y == 1 and any(loop.bound > 1 for loop in spatial):
            raise spatial_node.error(
                f"level '{name}' has spatial loops, but no fan-out to the level below", "temporal loops"
            )
        given = spatial_node.get("split")
        split = given.integer() if given else split
    return LevelMapping(
        level=name,
        keep=_kept(directives.get((name, "datatype")), architecture.level(name), problem),
        spatial_x=_real_loops(spatial[:split]),
        spatial_y=_real_loops(spatial[split:]),
        temporal=_real_loops(temporal),
    )


def _kept(node: YamlNode | None, level: StorageLevel, problem: Problem) -> tuple[str, ...]:
    if node is None:
        return () if level.is_dummy else problem.data_space_names
    keep, bypass = read_data_spaces(node.get("keep"), problem), read_data_spaces(node.get("bypass"), problem)
    if keep & bypass:
        raise node.error(f"data space '{min(keep & bypass)}' is both kept and bypassed", "one of them")
    return tuple(name for name in problem.data_space_names if name not in bypass)


def _loops(node: YamlNode | None, problem: Problem) -> tuple[Loop, ...]:
    """Loops over every dimension, bounds of 1 included: a spatial split counts those too."""
    if node is None:
        return ()
    bounds: dict[str, int] = {}
    residuals: dict[str, int] = {}
    factors, permutation = node.get("factors"), node.get("permutation")
    for dimension, operator, value, residual in read_imperfect_factors(factors, problem.dimensions) if factors else ():
        if operator != "=":
            raise node.error(f"'{dimension}{operator}{value}' is a bound, not a factor", f"{dimension}={value}")
        if dimension in bounds:
            raise node.error(f"dimension '{dimension}' has two factors here", "one factor per dimension")
        bounds[dimension] = value or problem.dimensions[dimension]
        if residual != value:
            residuals[dimension] = residual
        if not 1 <= residuals.get(dimension, 1) <= bounds[dimension]:
            raise node.error(f"the residual of {dimension}={value},{residual} lies outside its factor", f"1 to {value}")
    order = list(read_permutation(permutation, problem.dimensions)) if permutation else []
    order += [dimension for dimension in problem.dimensions if dimension not in order]
    return tuple(Loop(dimension, bounds.get(dimension, 1), residuals.get(dimension)) for dimension in order)


def _real_loops(loops: Sequence[Loop]) -> tuple[Loop, ...]:
    return tuple(loop for loop in loops if loop.bound > 1)


def _check_factors(node: YamlNode, mapping: Mapping, problem: Problem) -> None:
    # Timeloop's own mapper writes factors beyond what remains; the native engine refuses them.
    mistake = find_factor_mistake(mapping, problem, may_exceed=True)
    if mistake is not None:
        shares = ", ".join(f"{level.level} {level.factor(mistake.dimension)}" for level in mapping)
        raise node.error(mistake.what, f"{mistake.expected}; factors by level: {shares}")


def _with_switches(specification: Specification, directives: Directives) -> Constraints:
    """The constraints plus what the mapping itself switches off."""
    problem = specification.problem
    levels = dict(specification.constraints.levels)
    for (name, kind), node in directives.items():
        level = levels.get(name, LevelConstraint())
        no_coalesce = read_data_spaces(node.get("no_coalesce"), problem) if kind == "datatype" else frozenset()
        block = BlockConstraint(
            no_reuse=read_data_spaces(node.get("no_reuse", "no_temporal_reuse"), problem),
            rmw_first_update=read_data_spaces(node.get("rmw_first_update"), problem),
            no_link_transfer=read_data_spaces(node.get("no_link_transfer"), problem),
        )
        if block != BlockConstraint() or no_coalesce:
            levels[name] = _switched(level, kind, block, no_coalesce)
    return replace(specification.constraints, levels=levels)


def _switched(
    level: LevelConstraint, kind: str, block: BlockConstraint, no_coalesce: frozenset[str]
) -> LevelConstraint:
    if kind == "datatype":
        return replace(level, no_coalesce=level.no_coalesce | no_coalesce)
    old = level.temporal if kind == "temporal" else level.spatial
    new = replace(
        old,
        no_reuse=old.no_reuse | block.no_reuse,
        rmw_first_update=old.rmw_first_update | block.rmw_first_update,
        no_link_transfer=old.no_link_transfer | block.no_link_transfer,
    )
    return replace(level, temporal=new) if kind == "temporal" else replace(level, spatial=new)


def mapping_to_yaml(mapping: Mapping, specification: Specification) -> list[dict[str, object]]:
    """The mapping as Timeloop reads it, with what the constraints switch off (Timeloop takes that from the mapping)."""
    problem, architecture = specification.problem, specification.architecture
    result: list[dict[str, object]] = []
    for index, level in enumerate(mapping):
        switches = specification.constraints.at(level.level)
        result.append(
            {
                "target": level.level,
                "type": "datatype",
                "keep": problem.in_order(level.keep),
                "bypass": [name for name in problem.data_space_names if name not in level.keep],
                **_listed(problem, no_coalesce=switches.no_coalesce),
            }
        )
        x, y = architecture.fanout(index)
        if level.spatial and x * y == 1:
            raise SpecificationError(f"level '{level.level}' has spatial loops, but no fan-out to the level below")
        if x * y > 1:
            spatial = _block_to_yaml(level.level, "spatial", level.spatial, problem)
            spatial["split"] = len(level.spatial_x)
            block = switches.spatial
            spatial |= _listed(problem, no_reuse=block.no_reuse, no_link_transfer=block.no_link_transfer)
            result.append(spatial)
        temporal = _block_to_yaml(level.level, "temporal", level.temporal, problem)
        block = switches.temporal
        temporal |= _listed(problem, no_reuse=block.no_reuse, rmw_first_update=block.rmw_first_update)
        result.append(temporal)
    return result


def _block_to_yaml(level: str, kind: str, loops: Sequence[Loop], problem: Problem) -> dict[str, object]:
    bounds = {loop.dimension: str(loop) for loop in loops}
    if len(bounds) < len(loops):
        raise SpecificationError(
            f"level '{level}' has two {kind} loops over one dimension, which Timeloop's mappings cannot say"
        )
    order = [loop.dimension for loop in loops]
    order += [dimension for dimension in problem.dimensions if dimension not in order]
    return {
        "target": level,
        "type": kind,
        "factors": " ".join(bounds.get(dimension, f"{dimension}1") for dimension in problem.dimensions),
        "permutation": permutation_text(order),
    }


def _listed(problem: Problem, **switches: frozenset[str]) -> dict[str, object]:
    """Only what is switched off, in the problem's order."""
    return {key: problem.in_order(names) for key, names in switches.items() if names}
