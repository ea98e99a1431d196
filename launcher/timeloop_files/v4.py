"""Timeloop v4's ``nodes``: containers, components and parallel branches, flattened the way Timeloop's front end does.

A container (or component) with a fan-out becomes a storage level ``inter_<name>_spatial`` at its own position: it keeps
nothing, loops nothing in time, and its spatial loops spread work over everything below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from launcher.specification.architecture import DUMMY_CLASS, Architecture
from launcher.specification.compound import CompoundClass
from launcher.specification.problem import Problem
from launcher.timeloop_files.attributes import evaluate_attributes
from launcher.timeloop_files.constraints import Directive, group_directives, read_data_spaces
from launcher.timeloop_files.dense import DENSE_HINT
from launcher.timeloop_files.factors import read_factors, read_permutation
from launcher.timeloop_files.fan_outs import fan_out_name
from launcher.timeloop_files.levels import BLOCK_SIZE, DEPTH, WIDTH, WORD_BITS, kind_of
from launcher.timeloop_files.node import YamlNode
from launcher.timeloop_files.processed import Parts

_TAGS = ("!Container", "!Component", "!Parallel", "!Hierarchical", "!Pipelined", "!Nothing")
_LEAF_KEYS = (
    *("name", "attributes", "spatial", "constraints", "sparse_optimizations", "enabled", "tag"),
    *("class", "subclass", "required_actions", "area_scale", "energy_scale"),
)
_KEYS: dict[str, tuple[str, ...]] = {
    "!Container": (
        "name",
        "attributes",
        "spatial",
        "constraints",
        "sparse_optimizations",
        "networks",
        "enabled",
        "tag",
    ),
    "!Component": _LEAF_KEYS,
    "!Nothing": _LEAF_KEYS,
    **dict.fromkeys(("!Parallel", "!Hierarchical", "!Pipelined"), ("nodes", "name", "enabled", "tag", "version")),
}
_STORAGE_DEFAULTS: Mapping[str, object] = {"n_banks": 2, "cluster_size": 1, "reduction_supported": True}
_STORAGE_ACTIONS = ("read", "write", "update", "leak")
_DUMMY_ATTRIBUTES: Mapping[str, object] = {
    "width": 1,
    "depth": 1,
    "datawidth": 1,
    "technology": -1,
    **_STORAGE_DEFAULTS,
}
_NOT_FOR_DUMMIES = frozenset(
    (
        *(*WORD_BITS, *BLOCK_SIZE, *WIDTH, *DEPTH, "cluster_size", "entries", "sizeKB", "technology", "n_banks"),
        *("multiple_buffering", "min_utilization"),
        *("bandwidth", "read_bandwidth", "write_bandwidth", "shared_bandwidth"),
    )
)


def read_v4(
    node: YamlNode,
    problem: Problem,
    variables: Mapping[str, object],
    targets: Sequence[tuple[str, str, YamlNode]] = (),
    compounds: Mapping[str, CompoundClass] = MappingProxyType({}),
) -> tuple[Architecture, list[Directive]]:
    """The machine, and the constraints that stand in its nodes or name one of them.

    Args:
        node: the ``architecture`` key, with ``nodes``.
        problem: its data spaces decide which parallel branch holds what.
        variables: the architecture's global attributes.
        targets: constraints from outside the architecture: (kind, name of a node or level, keys).
        compounds: component classes that the input defines; their actions say whether they store or compute.

    Raises:
        SpecificationError: an unknown tag, a fan-out inside parallel branches, a data space without a branch.
    """
    walk = _Walk(problem, node.names, targets, compounds)
    walk.nodes(node.require("nodes"))
    name = walk.top_name or "system"
    architecture = walk.parts.architecture(name, {**variables, **walk.top_attributes}, node)
    return architecture, [*walk.directives, *walk.outside()]


@dataclass
class _Walk:
    problem: Problem
    outer_names: Mapping[str, object]
    targets: Sequence[tuple[str, str, YamlNode]]
    compounds: Mapping[str, CompoundClass]
    parts: Parts = field(default_factory=Parts)
    directives: list[Directive] = field(default_factory=list)
    inherited: dict[str, object] = field(default_factory=dict)
    mesh_x: int = 1
    mesh_y: int = 1
    top_name: str | None = None
    top_attributes: dict[str, object] = field(default_factory=dict)
    spatial_level: dict[str, str] = field(default_factory=dict)
    branch_bypass: frozenset[str] | None = None
    seen: set[str] = field(default_factory=set)

    # -- the tree -------------------------------------------------------------------------------------------------

    def nodes(self, node: YamlNode) -> None:
        for item in node.list():
            tag, child = _tagged(item)
            if not _enabled(child):
                continue
            if tag == "!Parallel":
                self.parallel(child)
            elif tag in ("!Hierarchical", "!Pipelined"):
                self.nodes(child.require("nodes"))
            elif tag == "!Container":
                self.container(child)
            elif tag == "!Component":
                self.component(child)

    def parallel(self, node: YamlNode) -> None:
        """Each branch bypasses what the other branches keep; every data space has exactly one branch."""
        if self.branch_bypass is not None:
            raise node.error("a !Parallel inside a !Parallel is not supported")
        branches = [(tag, child) for tag, child in map(_tagged, node.require("nodes").list()) if _enabled(child)]
        everything = frozenset(self.problem.data_space_names)
        kept: set[str] = set()
        for tag, child in branches:
            keep = self.kept_in(tag, child)
            if kept & keep:
                raise child.error(f"data space '{min(kept & keep)}' is kept in two branches of this !Parallel")
            kept |= keep
            self.branch_bypass = everything - keep
            if tag == "!Component":
                self.component(child)
            elif tag in ("!Hierarchical", "!Pipelined"):
                self.nodes(child.require("nodes"))
            elif tag == "!Container":
                self.container(child)
            elif tag == "!Parallel":
                raise child.error("a !Parallel inside a !Parallel is not supported")
        self.branch_bypass = None
        if kept != everything:
            raise node.error(
                f"no branch of this !Parallel keeps '{min(everything - kept)}'",
                "a branch for each data space; '!Nothing' for those that pass by",
            )

    def kept_in(self, tag: str, node: YamlNode) -> frozenset[str]:
        """Data spaces that a branch keeps, by the constraints in it and those that name its components."""
        if tag in ("!Hierarchical", "!Pipelined", "!Parallel"):
            inner = [pair for pair in map(_tagged, node.require("nodes").list()) if _enabled(pair[1])]
            return frozenset[str]().union(*(self.kept_in(*pair) for pair in inner))
        constraints, name = node.get("constraints"), node.get("name")
        nodes = [child for kind, child in group_directives(constraints) if kind == "dataspace"] if constraints else []
        nodes += [
            child for kind, target, child in self.targets if name and target == name.text() and kind == "dataspace"
        ]
        kept: frozenset[str] = frozenset()
        for child in nodes:
            kept |= read_data_spaces(child.get("keep"), self.problem)
            kept |= read_data_spaces(child.get("keep_only"), self.problem)
            if child.get("bypass_only") is not None:
                bypassed = read_data_spaces(child.get("bypass_only"), self.problem)
                kept |= frozenset(self.problem.data_space_names) - bypassed
        return kept

    # -- leaves ---------------------------------------------------------------------------------------------------

    def container(self, node: YamlNode) -> None:
        node.check_keys(_KEYS["!Container"], "a !Container")
        node.refuse("sparse_optimizations", "sparse optimizations", DENSE_HINT)
        node.refuse("networks", "networks inside a container")
        name = self.name(node)
        own = self.own_attributes(node)
        if self.top_name is None and not self.parts.places:
            self.top_name, self.top_attributes = name, own
        self.inherited.update(own)
        self.fan_out(node, name)
        for kind, child in self.constraints(node):
            if kind != "spatial" or name not in self.spatial_level:
                self.check_trivial(kind, child, name)

    def check_trivial(self, kind: str, node: YamlNode, name: str) -> None:
        """A container holds nothing, loops nothing in time, and without fan-out nothing in space.

        Raises:
            SpecificationError: a constraint that demands more, which cannot be met.
        """
        kept = read_data_spaces(node.get("keep", "keep_only"), self.problem) if kind == "dataspace" else ()
        if kept and self.branch_bypass is None:
            raise node.error(f"container '{name}' cannot keep '{min(kept)}': it holds nothing", "a component below it")
        factors = node.get("factors", "factors_only")
        known = {**dict.fromkeys(self.problem.elsewhere, 1), **self.problem.dimensions}
        for dimension, operator, value in read_factors(factors, known) if factors else ():
            if dimension in self.problem.dimensions and operator != "<=" and (value or known[dimension]) > 1:
                lacks = "has no fan-out" if kind == "spatial" else "has no loops in time"
                raise node.error(
                    f"container '{name}' {lacks}, but its constraint demands {dimension}{operator}{value}",
                    "a fan-out under 'spatial', or a factor of 1" if kind == "spatial" else "a component below it",
                )

    def component(self, node: YamlNode) -> None:
        node.check_keys(_KEYS["!Component"], "a !Component")
        node.refuse("sparse_optimizations", "sparse optimizations", DENSE_HINT)
        node = self.by_its_kind(node)
        component_class = node.require("class").text()
        kind = kind_of(component_class)
        if "nothing" in component_class:
            return
        if kind is None:
            raise node.require("class").error(
                f"unknown class '{component_class}'",
                "a name that contains DRAM, SRAM, regfile, smartbuffer, storage, mac, compute or SimpleMulticast",
            )
        name = self.name(node)
        own = {**self.inherited, **self.own_attributes(node)}
        self.fan_out(node, name)
        if kind == "storage":
            own = {**_STORAGE_DEFAULTS, **own}
        actions = _STORAGE_ACTIONS if kind == "storage" else ("compute",) if kind == "compute" else ()
        self.place(node, name, own, 1 if kind == "network" else None, actions)
        for constraint, child in self.constraints(node):
            if constraint != "spatial" or name not in self.spatial_level:
                self.directives.append(Directive(constraint, name, child))
        if kind == "storage" and self.branch_bypass:
            self.directives.append(_made(node, "dataspace", name, {"bypass": sorted(self.branch_bypass)}))

    def by_its_kind(self, node: YamlNode) -> YamlNode:
        """A component of a class that only the input knows, as storage or compute of that subclass."""
        component_class = node.require("class").text()
        compound = self.compounds.get(component_class)
        if compound is None or kind_of(component_class) is not None or "nothing" in component_class:
            return node
        value = dict(node.value) if isinstance(node.value, dict) else {}
        kind = "compute" if compound.computes else "storage"
        return node.with_values({**value, "class": kind, "subclass": component_class})

    def fan_out(self, node: YamlNode, name: str) -> None:
        """Put the level that stands for a fan-out, and multiply the instances of everything below."""
        spatial = node.get("spatial")
        if spatial is None:
            return
        spatial = spatial.with_names(self.names)
        spatial.check_keys(("meshX", "meshY"), "a fan-out")
        mesh_x, mesh_y = spatial.get("meshX"), spatial.get("meshY")
        x = mesh_x.integer(minimum=1) if mesh_x else 1
        y = mesh_y.integer(minimum=1) if mesh_y else 1
        if x * y == 1:
            return
        if self.branch_bypass is not None:
            raise spatial.error(f"'{name}' fans out inside !Parallel, which is not supported")
        dummy = fan_out_name(name)
        passed = {key: value for key, value in self.inherited.items() if key not in _NOT_FOR_DUMMIES}
        made = YamlNode({"class": DUMMY_CLASS}, node.place)
        self.place(made, dummy, {**passed, **_DUMMY_ATTRIBUTES}, None, ())
        self.directives.append(_made(node, "temporal", dummy, {"factors_only": []}))
        self.directives.append(_made(node, "dataspace", dummy, {"bypass": ["*"]}))
        for kind, child in self.constraints(node):
            if kind == "spatial":
                self.directives.append(Directive("spatial", dummy, self.counted(child)))
        self.spatial_level[name] = dummy
        self.mesh_x *= x
        self.mesh_y *= y

    def counted(self, node: YamlNode) -> YamlNode:
        """A spatial constraint with the permutation that its ``split`` counts.

        Timeloop's front end puts dimensions that are fixed at 1 in front of the permutation, and the split counts
        them; without this, ``permutation: [C, M], split: 1`` would mean something else here than there.
        """
        if node.get("split") is None or not isinstance(node.value, dict):
            return node
        dimensions = self.problem.dimensions
        given = node.get("permutation")
        permutation = list(read_permutation(given, dimensions)) if given else []
        for key in ("factors", "factors_only"):
            factors = node.get(key)
            for dimension, _, value in read_factors(factors, dimensions) if factors else ():
                if value == 1 and dimension not in permutation:
                    permutation.insert(0, dimension)
        for dimension, extent in dimensions.items():
            if extent == 1 and dimension not in permutation:
                permutation.insert(0, dimension)
        return YamlNode({**node.value, "permutation": permutation}, node.place, node.names)

    # -- helpers --------------------------------------------------------------------------------------------------

    @property
    def names(self) -> dict[str, object]:
        """What names in expressions stand for at this place of the tree."""
        return {**self.outer_names, **self.inherited}

    def place(
        self, node: YamlNode, name: str, own: Mapping[str, object], instances: int | None, actions: Sequence[str]
    ) -> None:
        count = instances or self.mesh_x * self.mesh_y
        given = node.get("required_actions")
        named = given.words() if given else ()
        merged = [*named, *(action for action in actions if action not in named)]
        value = dict(node.value) if isinstance(node.value, dict) else {}
        attributes = {**own, "meshX": self.mesh_x, "meshY": self.mesh_y} if instances is None else own
        component = node.with_values({**value, "required_actions": merged})
        component = component.with_names(self.names)
        self.parts.add(component, name, attributes, {}, count)

    def name(self, node: YamlNode) -> str:
        text = node.require("name").text()
        if "[" in text:
            raise node.require("name").error(f"'{text}' has a range", "a plain name; the fan-out goes under 'spatial'")
        if text in self.seen:
            raise node.require("name").error(f"'{text}' is named twice in the architecture", "a name for each node")
        self.seen.add(text)
        return text

    def own_attributes(self, node: YamlNode) -> dict[str, object]:
        attributes = node.get("attributes")
        return evaluate_attributes(attributes, self.names) if attributes else {}

    def constraints(self, node: YamlNode) -> list[tuple[str, YamlNode]]:
        constraints = node.get("constraints")
        return group_directives(constraints) if constraints else []

    def outside(self) -> list[Directive]:
        """Constraints from outside, with names of fanned-out nodes replaced by their spatial levels."""
        result = []
        for kind, target, node in self.targets:
            if target in self.seen and target not in self.parts.places and target not in self.spatial_level:
                self.check_trivial(kind, node, target)
                continue
            spatial = kind == "spatial" and target in self.spatial_level
            level = self.spatial_level[target] if spatial else target
            result.append(Directive(kind, level, self.counted(node) if kind == "spatial" else node))
        return result


def _made(node: YamlNode, kind: str, level: str, keys: dict[str, object]) -> Directive:
    """A constraint that no file holds but that follows from the node."""
    return Directive(kind, level, YamlNode(keys, node.place))


def _enabled(node: YamlNode) -> bool:
    enabled = node.get("enabled")
    return enabled is None or enabled.boolean()


def _tagged(node: YamlNode) -> tuple[str, YamlNode]:
    """(tag, mapping) of a node; the tag may be YAML's, a ``tag`` key, or the only key of the mapping."""
    if not node.is_map:
        raise node.wrong(f"a node with one of the tags {', '.join(_TAGS)}")
    tag, child = node.tag, node
    if tag is None and (key := node.get("tag")) is not None:
        tag = key.text()
    elif tag is None and isinstance(node.value, dict) and len(node.value) == 1:
        tag = next(iter(node.value))
        child = node.get(tag) or YamlNode({}, node.place, node.names)
    tag = tag if tag is None or tag.startswith("!") else f"!{tag}"
    if tag not in _TAGS or not child.is_map:
        raise node.error(f"a node has {f'the tag {tag!r}' if tag else 'no tag'}", f"one of: {', '.join(_TAGS)}")
    if tag in ("!Parallel", "!Hierarchical", "!Pipelined"):
        child.check_keys(_KEYS[tag], f"a {tag}")
    return tag, child
