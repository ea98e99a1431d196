"""Constraints: what stands inside Timeloop v4's nodes and in its lists of targets, merged level by level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from launcher.specification.architecture import Architecture
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, LevelConstraint
from launcher.specification.problem import Problem
from launcher.timeloop_files.factors import read_factors, read_permutation
from launcher.timeloop_files.fan_outs import fan_out_level
from launcher.timeloop_files.mapspace import check_remainders
from launcher.timeloop_files.node import YamlNode

_HEAD = ("type", "target", "name")
_SHARED = (
    *("factors", "permutation", "default_max_factor", "default_min_factor", "remainders", "no_reuse"),
    *("factors_only", "no_iteration_over_dataspaces", "must_iterate_over_dataspaces"),
    *("maximize_dims", "maximize_dims_capacity"),
)
_KNOWN: dict[str, tuple[str, ...]] = {
    "temporal": (*_SHARED, "no_temporal_reuse", "rmw_first_update"),
    "spatial": (*_SHARED, "no_multicast_no_reduction", "no_link_transfer", "split"),
    "dataspace": ("keep", "bypass", "keep_only", "bypass_only", "no_coalesce"),
    "max_overbooked_proportion": ("proportion",),
    "utilization": ("min",),
}
_TYPES = {
    **{kind: kind for kind in _KNOWN},
    **dict.fromkeys(("datatype", "bypass", "bypassing"), "dataspace"),
    "parallelism": "utilization",
}


@dataclass(frozen=True)
class Directive:
    """One constraint: its kind (``temporal``, ``spatial``, ``dataspace``, ...), the level it binds, and its keys."""

    kind: str
    level: str
    node: YamlNode


@dataclass
class ConstraintReader:
    """Merges directives into ``Constraints``.

    Attributes:
        problem, architecture: what the directives talk about.
        flags: remarks for the user, appended while reading.
    """

    problem: Problem
    architecture: Architecture
    flags: list[str] = field(default_factory=list)

    def read(self, directives: Sequence[Directive]) -> Constraints:
        """All constraints; levels without any are left out.

        Raises:
            SpecificationError: an unknown level, dimension, data space or key; two constraints that contradict.
        """
        by_level: dict[str, dict[str, list[YamlNode]]] = {}
        for directive in directives:
            by_level.setdefault(self._level(directive), {}).setdefault(directive.kind, []).append(directive.node)
        levels: dict[str, LevelConstraint] = {}
        for level in reversed(self.architecture.levels):
            kinds = by_level.get(level.name, {})
            constraint = self._data_spaces(kinds.get("dataspace", []))
            temporal = self._block("temporal", level.name, kinds.get("temporal", []))
            spatial = self._block("spatial", level.name, kinds.get("spatial", []))
            constraint = replace(constraint, temporal=temporal, spatial=self._usable(spatial, level.name, kinds))
            if constraint != LevelConstraint():
                levels[level.name] = constraint
        return Constraints(levels, self._least_parallelism(by_level))

    def _least_parallelism(self, by_level: Mapping[str, Mapping[str, list[YamlNode]]]) -> float:
        """The share of all fan-outs together, which Timeloop wants to hear at the innermost level."""
        innermost = self.architecture.levels[0].name
        least = 0.0
        for name, kinds in by_level.items():
            for node in kinds.get("utilization", []):
                share = node.require("min").number(minimum=0)
                if share > 1:
                    raise node.require("min").wrong("a share of the fan-outs, at most 1")
                if share and name != innermost:
                    raise node.error(
                        f"parallelism is constrained at '{name}', but it is the share of all fan-outs together",
                        f"target: {innermost}, the innermost level",
                    )
                least = max(least, float(share))
        return least

    def _level(self, directive: Directive) -> str:
        """The level that a directive binds; what names a container or a component's own fan-out binds its level."""
        self._check(directive)
        names = [level.name for level in self.architecture.levels]
        fan_out = fan_out_level(directive.level, self.architecture)
        if fan_out is not None and (directive.kind == "spatial" or directive.level not in names):
            return fan_out
        if directive.level not in names:
            raise directive.node.error(f"no storage level is named '{directive.level}'", f"one of: {', '.join(names)}")
        return directive.level

    def _check(self, directive: Directive) -> None:
        node = directive.node
        node.check_keys((*_HEAD, *_KNOWN[directive.kind]), f"a {directive.kind} constraint")
        proportion = node.get("proportion")
        if proportion is not None and proportion.number() != 0:
            raise proportion.error("overbooked buffers ('max_overbooked_proportion') are not supported")

    def _usable(self, spatial: BlockConstraint, level: str, kinds: Mapping[str, list[YamlNode]]) -> BlockConstraint:
        """A level without fan-out has no spatial block: its constraint may only ask for factors of 1."""
        x, y = self.architecture.fanout(self.architecture.level_index(level))
        if x * y > 1:
            return spatial
        for dimension, bounds in spatial.factors.items():
            if not bounds.allows(1):
                raise kinds["spatial"][0].error(
                    f"level '{level}' has no fan-out, but its spatial constraint demands more than 1 of '{dimension}'"
                )
        return BlockConstraint()

    # -- data spaces ----------------------------------------------------------------------------------------------

    def _data_spaces(self, nodes: Sequence[YamlNode]) -> LevelConstraint:
        keep: set[str] = set()
        bypass: set[str] = set()
        no_coalesce: set[str] = set()
        everything = frozenset(self.problem.data_space_names)
        for node in nodes:
            keep |= self._spaces(node, "keep") | self._spaces(node, "keep_only")
            bypass |= self._spaces(node, "bypass") | self._spaces(node, "bypass_only")
            no_coalesce |= self._spaces(node, "no_coalesce")
            if node.get("keep_only") is not None:
                bypass |= everything - self._spaces(node, "keep_only")
            if node.get("bypass_only") is not None:
                keep |= everything - self._spaces(node, "bypass_only")
            both = keep & bypass
            if both:
                raise node.error(f"data space '{min(both)}' is both kept and bypassed here", "one of them")
        return LevelConstraint(frozenset(keep), frozenset(bypass), frozenset(no_coalesce))

    def _spaces(self, node: YamlNode, *keys: str) -> frozenset[str]:
        return read_data_spaces(node.get(*keys), self.problem)

    # -- loops ----------------------------------------------------------------------------------------------------

    def _block(self, kind: str, level: str, nodes: Sequence[YamlNode]) -> BlockConstraint:
        result = BlockConstraint()
        for node in nodes:
            block = self._one_block(kind, level, node)
            result = self._merged(result, block, node)
        return result

    def _one_block(self, kind: str, level: str, node: YamlNode) -> BlockConstraint:
        check_remainders(kind, level, node, self.architecture)
        permutation, split = node.get("permutation"), node.get("split")
        most, capacity = node.get("default_max_factor"), node.get("maximize_dims_capacity")
        reuse_alias = "no_temporal_reuse" if kind == "temporal" else "no_multicast_no_reduction"
        return BlockConstraint(
            factors=self._factors(level, node),
            permutation=self._permutation(permutation) if permutation else (),
            default_max_factor=most.integer(minimum=1) if most else None,
            maximize=self._maximize(node),
            maximize_capacity_words=capacity.integer(minimum=1) if capacity else None,
            no_reuse=self._spaces(node, "no_reuse", reuse_alias),
            rmw_first_update=self._spaces(node, "rmw_first_update"),
            no_link_transfer=self._spaces(node, "no_link_transfer"),
            split=split.integer() if split else None,
        )

    def _factors(self, level: str, node: YamlNode) -> dict[str, FactorBounds]:
        bounds: dict[str, FactorBounds] = {}
        for key in ("factors", "factors_only"):
            child = node.get(key)
            for dimension, operator, value in read_factors(child, self._known) if child else ():
                if dimension not in self.problem.dimensions:
                    continue
                bound = self._bound(level, dimension, operator, value, node)
                if bound is not None:
                    bounds[dimension] = _intersect(bounds.get(dimension, FactorBounds()), bound, dimension, node)
                elif key == "factors_only":
                    bounds.setdefault(dimension, FactorBounds())
        for dimension in self._ones(node, bounds):
            bounds[dimension] = _intersect(bounds.get(dimension, FactorBounds()), FactorBounds(1), dimension, node)
        least = node.get("default_min_factor")
        for dimension in self.problem.dimensions if least else ():
            if bounds.get(dimension, FactorBounds()).least is None:
                bound = FactorBounds(least=least.integer(minimum=1) if least else None)
                bounds[dimension] = _intersect(bounds.get(dimension, FactorBounds()), bound, dimension, node)
        return {dimension: bound for dimension, bound in bounds.items() if bound != FactorBounds()}

    def _bound(self, level: str, dimension: str, operator: str, value: int, node: YamlNode) -> FactorBounds | None:
        extent = self.problem.dimensions[dimension]
        if operator == "=":
            if value > extent:
                # Timeloop warns and ignores such a factor; so do we, and the reader of the result is told.
                self.flags.append(
                    f"constraint {dimension}={value} at {level} exceeds the problem's {dimension}={extent}: ignored"
                )
                return None
            return FactorBounds(exact=value or extent)
        if value < 1:
            raise node.error(f"'{dimension}{operator}{value}' is not positive", f"{dimension}{operator}1 or more")
        return FactorBounds(least=value) if operator == ">=" else FactorBounds(most=value)

    def _ones(self, node: YamlNode, bounds: Mapping[str, FactorBounds]) -> Iterable[str]:
        """Dimensions that macros fix at 1."""
        dimensions = self.problem.dimensions
        ones: list[str] = []
        if isinstance(node.value, dict) and node.value.get("factors_only") is not None:
            ones += [dimension for dimension in dimensions if dimension not in bounds]
        if node.get("no_iteration_over_dataspaces") is not None:
            relevant = self._relevant(node, "no_iteration_over_dataspaces")
            ones += [dimension for dimension in dimensions if dimension in relevant]
        if node.get("must_iterate_over_dataspaces") is not None:
            relevant = self._relevant(node, "must_iterate_over_dataspaces")
            ones += [dimension for dimension in dimensions if dimension not in relevant]
        return dict.fromkeys(ones)

    def _relevant(self, node: YamlNode, key: str) -> frozenset[str]:
        return frozenset[str]().union(*(self.problem.data_space(name).relevant for name in self._spaces(node, key)))

    def _maximize(self, node: YamlNode) -> tuple[str, ...]:
        child = node.get("maximize_dims")
        if child is None:
            return ()
        names = [part for item in child.list() for part in (item.list() if item.is_list else [item])]
        for name in names:
            if name.text() not in self._known:
                raise name.error(f"unknown dimension '{name.text()}'", f"one of: {', '.join(self.problem.dimensions)}")
        return tuple(name.text() for name in names if name.text() in self.problem.dimensions)

    def _permutation(self, node: YamlNode) -> tuple[str, ...]:
        return tuple(name for name in read_permutation(node, self._known) if name in self.problem.dimensions)

    @property
    def _known(self) -> dict[str, int]:
        """Dimensions that may be named; those of other layers are skipped."""
        return {**dict.fromkeys(self.problem.elsewhere, 1), **self.problem.dimensions}

    def _merged(self, first: BlockConstraint, second: BlockConstraint, node: YamlNode) -> BlockConstraint:
        factors = dict(first.factors)
        for dimension, bound in second.factors.items():
            factors[dimension] = _intersect(factors.get(dimension, FactorBounds()), bound, dimension, node)

        once: dict[str, Any] = {}
        for name in ("permutation", "default_max_factor", "maximize", "maximize_capacity_words", "split"):
            a, b = getattr(first, name), getattr(second, name)
            if a not in (None, ()) and b not in (None, ()) and a != b:
                raise node.error(f"'{name}' is given twice for this level, and differently", "one of them")
            once[name] = a if b in (None, ()) else b
        return BlockConstraint(
            factors=factors,
            no_reuse=first.no_reuse | second.no_reuse,
            rmw_first_update=first.rmw_first_update | second.rmw_first_update,
            no_link_transfer=first.no_link_transfer | second.no_link_transfer,
            **once,
        )


def _intersect(first: FactorBounds, second: FactorBounds, dimension: str, node: YamlNode) -> FactorBounds:
    """Both bounds at once; different exact values contradict."""
    if first.exact is not None and second.exact is not None and first.exact != second.exact:
        raise node.error(f"'{dimension}' must be both {first.exact} and {second.exact} here", "one of them")
    least = max((b.least for b in (first, second) if b.least is not None), default=None)
    most = min((b.most for b in (first, second) if b.most is not None), default=None)
    exact = first.exact if first.exact is not None else second.exact
    if least is not None and most is not None and least > most:
        raise node.error(f"'{dimension}' must be at least {least} and at most {most} here", "bounds that can be met")
    return FactorBounds(exact, least, most)


def read_data_spaces(node: YamlNode | None, problem: Problem) -> frozenset[str]:
    """Names of data spaces; ``*`` means all. Those of other layers are skipped."""
    if node is None:
        return frozenset()
    names = [name for name in node.words() if name not in problem.elsewhere or name in problem.data_space_names]
    for name in names:
        if name != "*" and name not in problem.data_space_names:
            raise node.error(f"unknown data space '{name}'", f"one of: {', '.join(problem.data_space_names)}")
    return frozenset(problem.data_space_names) if "*" in names else frozenset(names)


def read_targets(node: YamlNode) -> list[tuple[str, str, YamlNode]]:
    """(kind, target, keys) of a list of constraints, also under ``targets`` or ``constraints``."""
    items = node
    if node.is_map:
        node.check_keys(("version", "targets", "constraints"), "the constraints")
        found = node.get("targets", "constraints")
        if found is None:
            return []
        items = found
    result: list[tuple[str, str, YamlNode]] = []
    for item in items.list():
        target = item.require("target", "name").text()
        inner = item.get("constraints")
        for constraint in inner.list() if inner else [item]:
            kind = constraint.require("type")
            if kind.text() not in _TYPES:
                raise kind.error(f"unknown constraint type '{kind.text()}'", ", ".join(_TYPES))
            result.append((_TYPES[kind.text()], target, constraint.get("attributes") or constraint))
    return result


def group_directives(node: YamlNode) -> list[tuple[str, YamlNode]]:
    """(kind, keys) of the ``constraints`` inside a v4 node."""
    node.check_keys((*_TYPES, "dataspaces", "version"), "a node's constraints")
    return [
        (_TYPES.get(key, "dataspace"), child) for key, child in node.items() if key != "version" and child.value != {}
    ]
