"""Designs of a whole space at once: block by block of their texts, each for the few values that it depends on.

A block is a run of lines of an architecture's text that begins with a node. What it says depends on the keys that its
parts of the template read; the components in it also on the attributes of the containers. So it is enough to look at
each combination of those keys once, and the designs of all points are combinations of what was seen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, pairwise, product
from math import nan, prod

import numpy as np

from launcher.config.tensor_bits import TensorBits
from launcher.config.trial import Trial
from launcher.engines.native.arrays import AnyInts, FloatArray
from launcher.errors import LauncherError
from launcher.specification.constraints import Factors
from launcher.sweeping.exhaustive.describe import Describer, NodeMeaning, Place, nodes_of
from launcher.sweeping.points.interface import Value
from launcher.trial.render import parts_of_text
from launcher.trial.steps import factors_rendered, template_of, texts_of
from launcher.trial.template_client import PartsOfTemplate
from launcher.trial.template_parts import PartError

MOST_COMBINATIONS = 20_000
"""Of the values that one block depends on; where there are more, every point is described by itself."""

NO_TEXT = -1
"""A combination with which the template cannot be rendered."""


@dataclass(frozen=True)
class TextBlock:
    """A block of text.

    Attributes:
        keys: what it depends on.
        structure: (combinations of the keys' values, the last changing fastest) number of what it is; -1 without text.
        rows: component -> (combinations,) number of its row; -1 where it is not there.
    """

    keys: tuple[str, ...]
    structure: AnyInts
    rows: Mapping[str, AnyInts]


@dataclass(frozen=True)
class NoDesign:
    """Values with which a template cannot be rendered, and why."""

    values: tuple[tuple[str, Value], ...]
    reason: str


@dataclass(frozen=True)
class FactoredLayer:
    """All designs for one layer.

    Attributes:
        blocks: in the order of the text.
        rows: distinct rows of components.
        seconds_keys: what the length of a cycle depends on.
        cycle_seconds: (combinations,) of those.
        failures: where there is no design.
    """

    blocks: Sequence[TextBlock]
    rows: FloatArray
    seconds_keys: tuple[str, ...]
    cycle_seconds: FloatArray
    failures: Sequence[NoDesign]


class NotFactoredError(Exception):
    """Every point has to be described by itself."""


@dataclass(frozen=True)
class _Cut:
    """Where the text of one mapspace is cut into blocks.

    Attributes:
        parts: the template.
        texts: makes the parts' texts from an architecture and the widths of values.
        problem: text of the problem.
        places: (part, offset in its text) at which blocks begin and the last one ends.
    """

    parts: PartsOfTemplate
    texts: Callable[[object, TensorBits], list[str]]
    problem: str
    places: Sequence[tuple[int, int]]

    def blocks(self, trial: Trial) -> list[str]:
        """The blocks of a trial's architecture's text."""
        texts = [*self.texts(trial.experiment.arch, trial.layer.bits), ""]
        return [_between(texts, first, last) for first, last in pairwise(self.places)]

    @property
    def reads(self) -> list[Sequence[frozenset[str]]]:
        """What the parts of each block read. It is cut inside of parts that are text alone."""
        return [self.parts.reads[first : last + 1] for (first, _), (last, _) in pairwise(self.places)]


@dataclass(frozen=True)
class _Seen:
    """A point that was looked at: its blocks, and what their nodes say; nothing where it has no text."""

    blocks: Mapping[Factors, Sequence[str]]
    nodes: Mapping[Place, NodeMeaning]
    around: str
    cycle_seconds: float


_NOTHING = _Seen({}, {}, "", nan)


@dataclass
class Factoring:
    """Describes a space for one layer.

    Attributes:
        values: swept key -> its values.
        trial: makes the layer's trial from a value for each key.
        keys_of: name of an architecture's parameter, as templates read it, or ``bits`` -> swept keys on which it
            depends.
    """

    values: Mapping[str, Sequence[Value]]
    trial: Callable[[Mapping[str, Value]], Trial]
    keys_of: Callable[[str], Collection[str]]
    describer: Describer = field(default_factory=Describer)

    def __post_init__(self) -> None:
        self._rows: dict[bytes, int] = {}
        self._structures: dict[tuple[bytes, ...], int] = {}
        self._failures: dict[NoDesign, None] = {}
        self._seen: dict[tuple[Value, ...], _Seen] = {}
        self._cuts: dict[Factors, _Cut] = {}

    def run(self) -> FactoredLayer:
        """Look at every combination that some block depends on.

        Raises:
            NotFactoredError: a block depends on too much, or on what cannot be told.
        """
        base = self._base()
        trial = self.trial(base)
        self._cuts = {factors: _cut(trial, factors) for factors in factors_rendered(trial)}
        handed = self._handed_on(base)
        blocks = [block for factors in self._cuts for block in self._blocks(base, factors, handed)]
        seconds = np.array([self._look(point).cycle_seconds for point in self._points(base, handed)])
        rows = np.frombuffer(b"".join(self._rows)).reshape(len(self._rows), -1)
        return FactoredLayer(blocks, rows, handed, seconds, list(self._failures))

    def _base(self) -> dict[str, Value]:
        """A point that has a design: the first, the last, or one in between."""
        for share in (0.0, 0.999, 0.5, 0.25, 0.75):
            point = {key: values[int(len(values) * share)] for key, values in self.values.items()}
            with suppress(LauncherError):
                self.describer.describe(self.trial(point))
                return point
        raise NotFactoredError

    def _keys(self, reads: Iterable[frozenset[str]]) -> tuple[str, ...]:
        swept = {key for read in reads for name in read for key in self.keys_of(name)}
        return tuple(key for key in self.values if key in swept)

    def _handed_on(self, base: Mapping[str, Value]) -> tuple[str, ...]:
        """Keys that decide what containers hand to the components inside."""
        asked = next(iter(self._cuts))
        handed: set[str] = set()
        for place, reads in enumerate(self._cuts[asked].reads):
            keys = self._keys(reads)
            seen = [self._look(point) for point in self._points(base, keys)]
            if any(self.describer.around(nodes_of(one.blocks[asked][place])) for one in seen if one.blocks):
                handed |= {*keys}
        return tuple(key for key in self.values if key in handed)

    def _blocks(self, base: Mapping[str, Value], factors: Factors, handed: tuple[str, ...]) -> Iterator[TextBlock]:
        for place, reads in enumerate(self._cuts[factors].reads):
            own = self._keys(reads)
            keys = tuple(key for key in self.values if key in own or key in handed)
            said = [self._said(self._look(point), factors, place) for point in self._points(base, keys)]
            names = dict.fromkeys(name for nodes in said for node in nodes or () for name in node.rows)
            structure = [self._structure(nodes) for nodes in said]
            rows = {name: np.array([self._row(nodes, name) for nodes in said], np.int32) for name in names}
            yield TextBlock(keys, np.array(structure, np.int32), rows)

    def _points(self, base: Mapping[str, Value], keys: Sequence[str]) -> Iterator[dict[str, Value]]:
        """All combinations of some keys' values, the last changing fastest, the others as in the base."""
        if prod(len(self.values[key]) for key in keys) > MOST_COMBINATIONS:
            raise NotFactoredError
        for values in product(*(self.values[key] for key in keys)):
            yield {**base, **dict(zip(keys, values, strict=True))}

    def _look(self, point: Mapping[str, Value]) -> _Seen:
        """What a point's text says; a failure is noted where it has none."""
        known = tuple(point.values())
        if known not in self._seen:
            try:
                self._seen[known] = self._looked(self.trial(point))
            except PartError as error:
                reads = [cut.parts.reads[error.place] for cut in self._cuts.values()]
                self._note_failure(point, self._keys(reads))
                self._seen[known] = _NOTHING
            except LauncherError as error:  # of a value by itself, of a table, or of several nodes together
                raise NotFactoredError from error
        return self._seen[known]

    def _looked(self, trial: Trial) -> _Seen:
        blocks = {factors: cut.blocks(trial) for factors, cut in self._cuts.items()}
        texts = {factors: ("".join(own), self._cuts[factors].problem) for factors, own in blocks.items()}
        reading = self.describer.reading(texts)
        design = self.describer.described(trial, reading)
        return _Seen(blocks, self.describer.nodes(trial, reading), reading.around, design.cycle_seconds)

    def _note_failure(self, point: Mapping[str, Value], keys: Sequence[str]) -> None:
        try:
            self.describer.describe(self.trial(point))
        except LauncherError as error:
            self._failures.setdefault(NoDesign(tuple((key, point[key]) for key in keys), str(error)))

    def _said(self, seen: _Seen, factors: Factors, place: int) -> list[NodeMeaning] | None:
        """What the nodes of one block say."""
        if not seen.blocks:
            return None
        return [seen.nodes[factors, seen.around, node] for node in nodes_of(seen.blocks[factors][place])]

    def _structure(self, nodes: Sequence[NodeMeaning] | None) -> int:
        if nodes is None:
            return NO_TEXT
        return self._structures.setdefault(tuple(node.structure for node in nodes), len(self._structures))

    def _row(self, nodes: Sequence[NodeMeaning] | None, name: str) -> int:
        rows = [node.rows[name] for node in nodes or () if name in node.rows]
        return self._rows.setdefault(rows[0].tobytes(), len(self._rows)) if rows else -1


def _cut(trial: Trial, factors: Factors) -> _Cut:
    architecture, problem = texts_of(trial, factors)
    template, _ = template_of(trial)
    found = parts_of_text(template, trial.layer, trial.template_folders, factors, problem)
    if found is None:
        raise NotFactoredError
    parts, make = found
    texts = make(trial.experiment.arch, trial.layer.bits)
    if "".join(texts) != architecture:
        raise NotFactoredError
    return _Cut(parts, make, problem, [(0, 0), *_places(texts, parts.constant), (len(texts), 0)])


def _places(texts: Sequence[str], constant: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where nodes begin on a new line whose break is the template's own: it is there whatever the values are."""
    starts = [0, *accumulate(map(len, texts))]
    for at in accumulate(map(len, nodes_of("".join(texts))[:-1])):
        part = bisect_right(starts, at - 1) - 1  # holds the line break
        if constant[part]:
            yield part, at - starts[part]


def _between(texts: Sequence[str], first: tuple[int, int], last: tuple[int, int]) -> str:
    (part, offset), (end, place) = first, last
    if part == end:
        return texts[part][offset:place]
    return "".join((texts[part][offset:], *texts[part + 1 : end], texts[end][:place]))
