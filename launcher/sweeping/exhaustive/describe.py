"""Designs as structures and slots, without building the whole specification of each.

An architecture's text is a list of nodes. What a component's node says of capacities, bandwidths and energies depends
on its own text and on the attributes of the containers around it; so each pair of both is read once. The rest of the
text, with the problem's, is the structure: designs that have it in common form a family (see ``designs.slots``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan

import numpy as np

from launcher.config.trial import Trial
from launcher.engines.native.arrays import FloatArray
from launcher.engines.native.designs.slots import COLUMNS, comparable, component_structure, is_separable, slots_of
from launcher.errors import SpecificationError
from launcher.specification.architecture import Component
from launcher.specification.constraints import Factors
from launcher.specification.specification import Specification
from launcher.timeloop_files.load import Document
from launcher.timeloop_files.load_types import YamlMap
from launcher.trial.steps import factors_rendered, rendered, specify, texts_of

AREA = len(COLUMNS)
"""Column of a component's row, behind its slots: area of one instance in um^2; NaN where there is none."""

ROW = len(COLUMNS) + 1

_NODE = re.compile(r"^(?=[ ]*- !)", re.MULTILINE)
_CONTAINER, _COMPONENT = "!Container", "!Component"

Place = tuple[Factors, str, str]
"""Where a node stands: the mapspace, what the containers around hand to it, its text."""


@dataclass(frozen=True)
class DesignFamily:
    """What the designs of one structure have in common.

    Attributes:
        key: tells structures apart, in every process alike.
        names: of the components: storage levels, innermost first, the compute units, and explicit networks.
        instances: of each component.
        units: compute units.
        area_order: numbers of the components in the order in which their areas are summed.
        separable: whether designs may be compared slot by slot; others have nothing in common but equal text.
    """

    key: bytes
    names: tuple[str, ...]
    instances: tuple[int, ...]
    units: int
    area_order: tuple[int, ...]
    separable: bool


@dataclass(frozen=True)
class LayerDesign:
    """One design for one layer.

    Attributes:
        family: its structure.
        rows: (components, 9) its slots, and areas in um^2.
        cycle_seconds: length of a cycle; NaN when the architecture does not say it.
    """

    family: DesignFamily
    rows: FloatArray
    cycle_seconds: float


@dataclass(frozen=True)
class NodeMeaning:
    """What was read of one node: its structure, and the rows of the components that it makes."""

    structure: bytes
    rows: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """A trial's texts, node by node.

    Attributes:
        texts: by mapspace: the wanted one, and those with fewer imperfect loops.
        problems: of each mapspace.
        around: what containers hand to the components inside.
    """

    texts: Mapping[Factors, Sequence[str]]
    problems: tuple[str, ...]
    around: str

    @property
    def places(self) -> list[Place]:
        return [(factors, self.around, node) for factors, nodes in self.texts.items() for node in nodes]


class Describer:
    """Describes the layers of designs; what nodes say is remembered."""

    def __init__(self) -> None:
        self._nodes: dict[Place, NodeMeaning] = {}
        self._attributes: dict[str, str] = {}
        self._families: dict[bytes, DesignFamily] = {}
        self._seconds: dict[str, float] = {}

    def describe(self, trial: Trial) -> LayerDesign:
        """The design of a trial of one layer.

        Raises:
            LauncherError: a template or a table is wrong, or has no place for these values.
        """
        pairs = {factors: texts_of(trial, factors) for factors in factors_rendered(trial)}
        return self.described(trial, self.reading(pairs))

    def reading(self, texts: Mapping[Factors, tuple[str, str]]) -> Reading:
        """Texts of the architecture and the problem, by mapspace, the wanted one first."""
        nodes = {factors: nodes_of(architecture) for factors, (architecture, _) in texts.items()}
        problems = tuple(problem for _, problem in texts.values())
        # A problem's text may name values for all nodes, too.
        named = [problem for problem in problems[:1] if "variables" in problem or "globals" in problem]
        return Reading(nodes, problems, self.around([*next(iter(nodes.values())), *named]))

    def described(self, trial: Trial, reading: Reading) -> LayerDesign:
        """The design of a trial whose texts were read; raises as :meth:`describe` does."""
        known = [self._nodes.get(place) for place in reading.places]
        read = [node for node in known if node is not None]
        family = self._families.get(_key(read, reading.problems)) if len(read) == len(known) else None
        rows = {name: row for node in read for name, row in node.rows.items()}
        if family is None or not rows.keys() >= set(family.names):
            return self._read(trial, reading)
        return LayerDesign(family, np.array([rows[name] for name in family.names]), self._seconds[reading.around])

    def nodes(self, trial: Trial, reading: Reading) -> dict[Place, NodeMeaning]:
        """What each node of a trial's texts says; raises as :meth:`describe` does."""
        if any(place not in self._nodes for place in reading.places):
            self._read(trial, reading)
        return {place: self._nodes[place] for place in reading.places}

    def _read(self, trial: Trial, reading: Reading) -> LayerDesign:
        """Build the specification, and remember what its nodes say."""
        specification = specify(trial)
        slots, separable = _rows(specification), is_separable(specification)
        architecture = specification.architecture
        components = _components(specification)
        rows = dict(zip((one.name for one in components), slots, strict=True))
        asked = next(iter(reading.texts))
        for place in reading.places:
            if place not in self._nodes:
                own = place[0] is asked
                meaning = specification if own else rendered(trial, place[0])
                self._nodes[place] = _node(place, meaning, rows if own else {}, separable=separable)
        key = _key([self._nodes[place] for place in reading.places], reading.problems)
        self._families[key] = DesignFamily(
            key,
            tuple(one.name for one in components),
            tuple(one.instances for one in components),
            architecture.compute.instances,
            tuple(components.index(one) for one in architecture.components),
            separable,
        )
        seconds = architecture.cycle_seconds
        self._seconds[reading.around] = nan if seconds is None else seconds
        return LayerDesign(self._families[key], slots, self._seconds[reading.around])

    def around(self, nodes: Sequence[str]) -> str:
        """What containers hand to the components inside; each is taken to be around all of them."""
        return "\n".join(filter(None, map(self.attributes_of, nodes)))

    def attributes_of(self, node: str) -> str:
        """What a node hands on: a container its attributes, a component nothing; other text may name values for all."""
        if node not in self._attributes:
            tree = _tree(node)
            if tree is None or (tree.tag not in (_CONTAINER, _COMPONENT) and any(tree.values())):
                self._attributes[node] = node
            else:
                attributes = tree.get("attributes") if tree.tag == _CONTAINER else None
                self._attributes[node] = repr(comparable(attributes)) if attributes else ""
        return self._attributes[node]


def nodes_of(text: str) -> list[str]:
    """An architecture's text, cut where a node begins; what stands before the first one comes first."""
    return [node for node in _NODE.split(text) if node]


def _components(specification: Specification) -> tuple[Component, ...]:
    architecture = specification.architecture
    return (*architecture.levels, architecture.compute, *architecture.networks.values())


def _rows(specification: Specification) -> FloatArray:
    components = _components(specification)
    areas = specification.area.components if specification.area else {}
    slots = slots_of(specification)
    rows = np.zeros((len(components), ROW))
    rows[: len(slots), :AREA] = slots
    rows[:, AREA] = [areas.get(one.name, nan) for one in components]
    return rows


def _node(
    place: Place, specification: Specification, rows: Mapping[str, FloatArray], *, separable: bool
) -> NodeMeaning:
    """What one node of a specification's text says.

    Whatever is not plainly a container or a component of its own has its text for a structure, and so has everything
    where designs cannot be compared.
    """
    _, around, text = place
    tree, whole = _tree(text), _digest(text.encode())
    name = str(tree.get("name", "")) if tree is not None else ""
    made = {one: rows[one] for one in (name, f"inter_{name}_spatial") if one in rows}
    if tree is None or not separable:
        return NodeMeaning(whole, made)
    if tree.tag == _CONTAINER:
        return NodeMeaning(_digest(repr(comparable({**tree, "attributes": None})).encode()), made)
    architecture = specification.architecture
    components = {one.name: one for one in (*architecture.levels, architecture.compute)}
    if name in architecture.networks:  # whose energies belong to the structure
        return NodeMeaning(_digest(around.encode(), text.encode()), made)
    if tree.tag != _COMPONENT or name not in components or "spatial" in tree:
        return NodeMeaning(whole, made)
    return NodeMeaning(_digest(repr(component_structure(specification, components[name])).encode()), made)


def _tree(text: str) -> YamlMap | None:
    """A node's own text as data; None where it is more or less than one node."""
    try:
        root = Document.from_text(f"nodes:\n{text}", "a node").root
    except SpecificationError:
        return None
    nodes = root["nodes"] if len(root) == 1 else None
    return nodes[0] if isinstance(nodes, list) and len(nodes) == 1 and isinstance(nodes[0], YamlMap) else None


def _key(nodes: Sequence[NodeMeaning], problems: Sequence[str]) -> bytes:
    return _digest(*(node.structure for node in nodes), *(problem.encode() for problem in problems))


def _digest(*parts: bytes) -> bytes:
    summary = hashlib.blake2b(digest_size=16)
    for part in parts:
        summary.update(len(part).to_bytes(4, "little") + part)
    return summary.digest()
