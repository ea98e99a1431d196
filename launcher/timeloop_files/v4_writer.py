"""Writing specifications as Timeloop v4's ``nodes``, which its Python front end reads."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from math import ceil

from launcher.errors import SpecificationError
from launcher.specification.architecture import Component, StorageLevel
from launcher.specification.constraints import BlockConstraint
from launcher.specification.mapping import Loop, Mapping
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification
from launcher.timeloop_files.problem import problem_to_yaml
from launcher.timeloop_files.tables import area_to_yaml, energy_to_yaml
from launcher.timeloop_files.writer import (
    Tagged,
    block_to_yaml,
    component_to_yaml,
    level_attributes,
    name_networks,
    network_attributes,
    quoted,
)

_SWITCHES = ("no_reuse", "rmw_first_update", "no_link_transfer")


def v4_document(
    specification: Specification, mapping: Mapping | None = None, remainders: Dict[str, int] | None = None
) -> dict[str, object]:
    """The whole input of the front end: architecture, constraints, problem, ERT and ART.

    Read back, it means the same to the mapper; levels without a limit have one that holds the whole problem.

    Args:
        specification: every fan-out must be that of a container, as in all architectures written as v4 nodes.
        mapping: stands in place of the constraints, as the front end takes it for ``timeloop-model``.
        remainders: level -> largest last iteration of an imperfect spatial factor there, for Timeloop's ruby mapspace.

    Raises:
        SpecificationError: a storage level fans out by itself, which nodes cannot say.
    """
    architecture = specification.architecture
    document: dict[str, object] = {
        "architecture": {"version": "0.4", "nodes": _nodes(specification, mapping, remainders or {})},
        "problem": problem_to_yaml(specification.problem),
    }
    if specification.energy is not None and specification.area is not None:
        # The front end passes the one on only if the other is there.
        document["ERT"] = energy_to_yaml(specification.energy, architecture)
        document["ART"] = area_to_yaml(specification.area, architecture)
    return document


def _nodes(specification: Specification, mapping: Mapping | None, remainders: Dict[str, int]) -> list[Tagged]:
    architecture = specification.architecture
    nodes = [Tagged("!Container", {"name": architecture.name, "attributes": quoted(architecture.attributes)})]
    nodes += [_component(one, network_attributes(one), {}) for one in architecture.networks.values()]
    outer: StorageLevel | None = None
    inherited: dict[str, None] = {}
    for level in reversed(architecture.levels):
        given = _constraints(specification, level) if mapping is None else _fixed(specification, mapping, level)
        if level.name in remainders:
            given.setdefault("spatial", {})["remainders"] = remainders[level.name]
        # Timeloop stops at a level that names a network which the level above it does not name.
        networks: dict[str, object] = {}
        name_networks(networks, level, outer)
        nodes.append(_level(specification, level, {**inherited, **networks}, given))
        if level.is_dummy:
            inherited |= dict.fromkeys(networks)
        outer = level
    attributes = level_attributes(architecture.compute)
    name_networks(attributes, architecture.compute, outer)
    nodes.append(_component(architecture.compute, {**inherited, **attributes}, {}))
    return nodes


def _level(
    specification: Specification, level: StorageLevel, networks: Dict[str, object], constraints: Dict[str, object]
) -> Tagged:
    architecture, problem = specification.architecture, specification.problem
    x, y = architecture.fanout(architecture.level_index(level.name))
    if level.is_dummy:
        return _container(level, networks, (x, y), constraints.get("spatial"))
    if x * y > 1:
        raise SpecificationError(
            f"level '{level.name}' fans out by itself, which Timeloop's front end cannot say",
            expected="a container with a fan-out below it",
            hint="engine.frontend=direct",
        )
    attributes = {**level_attributes(level), **networks}
    attributes.setdefault("width", level.word_bits * level.block_size * level.cluster_size)
    if level.capacity_words is None:
        # Newer front ends ask for a depth everywhere; one that holds the whole problem is as good as none.
        words = sum(space.size(problem.dimensions) for space in problem.data_spaces)
        attributes["depth"] = ceil(words * level.multiple_buffering / level.block_size)
    return _component(level, attributes, constraints)


def _container(
    level: StorageLevel, networks: Dict[str, object], fan_out: tuple[int, int], constraint: object
) -> Tagged:
    """A fan-out, with the names of the networks above it, which everything inside inherits."""
    content: dict[str, object] = {"name": level.name.removeprefix("inter_").removesuffix("_spatial")}
    if networks:
        content["attributes"] = quoted(networks)
    content["spatial"] = dict(zip(("meshX", "meshY"), fan_out, strict=True))
    if constraint is not None:
        content["constraints"] = {"spatial": constraint}
    return Tagged("!Container", content)


def _component(component: Component, attributes: Dict[str, object], constraints: Dict[str, object]) -> Tagged:
    own = {key: value for key, value in attributes.items() if key not in ("meshX", "meshY")}
    content = component_to_yaml(component, component.name, own)
    return Tagged("!Component", {**content, **({"constraints": constraints} if constraints else {})})


def _constraints(specification: Specification, level: StorageLevel) -> dict[str, dict[str, object]]:
    found, problem = specification.constraints.at(level.name), specification.problem
    spaces: dict[str, object] = {
        key: problem.in_order(getattr(found, key)) for key in ("keep", "bypass", "no_coalesce") if getattr(found, key)
    }
    blocks = {"spatial": found.spatial, "temporal": found.temporal}
    return {
        **({"dataspace": spaces} if spaces else {}),
        **{kind: _block(block, problem) for kind, block in blocks.items() if block != BlockConstraint()},
    }


def _block(block: BlockConstraint, problem: Problem) -> dict[str, object]:
    """As in the processed form, but factors and permutations are lists there."""
    written = block_to_yaml(block, problem)
    if "factors" in written:
        written["factors"] = str(written["factors"]).split(",")
    if "permutation" in written:
        written["permutation"] = list(block.permutation)
    return written


def _fixed(specification: Specification, mapping: Mapping, level: StorageLevel) -> dict[str, dict[str, object]]:
    """What the mapping does at a level, as constraints that leave nothing open."""
    problem, chosen = specification.problem, mapping.level(level.name)
    found = specification.constraints.at(level.name)
    x, y = specification.architecture.fanout(specification.architecture.level_index(level.name))
    spaces: dict[str, object] = {
        "keep": list(chosen.keep),
        "bypass": [name for name in problem.data_space_names if name not in chosen.keep],
        **({"no_coalesce": problem.in_order(found.no_coalesce)} if found.no_coalesce else {}),
    }
    result: dict[str, dict[str, object]] = {
        "dataspace": spaces,
        "temporal": _loops(problem, chosen.temporal, found.temporal),
    }
    if x * y > 1:
        result["spatial"] = {**_loops(problem, chosen.spatial, found.spatial), "split": len(chosen.spatial_x)}
    return result


def _loops(problem: Problem, loops: Sequence[Loop], block: BlockConstraint) -> dict[str, object]:
    bounds = {loop.dimension: loop.bound for loop in loops}
    order = [*bounds, *(dimension for dimension in problem.dimensions if dimension not in bounds)]
    switches = {key: problem.in_order(getattr(block, key)) for key in _SWITCHES if getattr(block, key)}
    return {
        "factors": [f"{dimension}={bounds.get(dimension, 1)}" for dimension in problem.dimensions],
        "permutation": order,
        **switches,
    }
