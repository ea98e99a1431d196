"""The best class of a group and its best own nests, in one direction: classes by bound, the best first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain as chained
from itertools import count, product
from math import inf, prod

from launcher.engines.native.fusion.classes import (
    FusedClass,
    orders,
    shared_bounds,
    stay_options,
    waiting_levels,
)
from launcher.engines.native.fusion.group import FusedGroup, in_layer_order, part_of, waiting
from launcher.engines.native.fusion.layer_search import LayerSearch
from launcher.engines.native.fusion.own_nest import OwnNest
from launcher.engines.native.fusion.parts import LayerPart, own_specification
from launcher.engines.native.fusion.rescaling import rescaling_of
from launcher.engines.native.fusion.room import has_room, pin_choices, pooled_levels, reserved_bits
from launcher.engines.native.fusion.supports import EXACT, Direction
from launcher.engines.native.mapper.search.clock import Clock
from launcher.results.fused import Rescaling
from launcher.results.proof import BoundedClass
from launcher.specification.chain import Chain, SharedLoop
from launcher.summing import sum_in_order


@dataclass(frozen=True)
class ClassNode:
    """Classes that are bounded together, or a single one.

    Attributes:
        waits: where tensors wait.
        shared: the shared loops, in order once the class is settled.
        parts: what each layer's own nest is searched under.
        rescaling: what an online softmax costs at least, or exactly.
        fused: the class; None while the order of loops and what stays is open.
        fits: whether the parts know of the room that other layers' persistent tiles take.
    """

    waits: tuple[str, ...]
    shared: tuple[SharedLoop, ...]
    parts: tuple[LayerPart, ...]
    rescaling: Rescaling
    fused: FusedClass | None = None
    fits: bool = False


class GroupSearch:
    """Searches of one group, from any direction.

    Args:
        chain: the group: every layer hands something to the next one.
        clock: when to stop.
        parts: searches of parts, which groups of one chain have in common.

    Attributes:
        classes: how many were told apart.
        leaves: direction -> classes that together are all of them, each with its bound.
    """

    def __init__(self, chain: Chain, clock: Clock, parts: dict[LayerPart, LayerSearch]) -> None:
        self.chain, self._clock, self._searches = chain, clock, parts
        self._quiet = clock.quiet()
        self._relaxed: dict[tuple[object, ...], LayerPart] = {}
        self.classes = 0
        self.leaves: dict[Direction, tuple[BoundedClass, ...]] = {}
        self._roots = list(self._open_nodes())
        self._children: dict[ClassNode, list[ClassNode]] = {}

    def best(self, direction: Direction, most: float) -> tuple[float, FusedGroup | None]:
        """The least value, and a group that has it; or a bound of at least ``most`` when nothing is below that.

        When time is up, the bound may be less, and the group not the best.
        """
        serial = count()
        heap: list[tuple[float, int, int, ClassNode]] = []

        def push(node: ClassNode, floor: float = 0.0) -> None:
            # Of classes with equal bounds, the one in which fewer tiles stay.
            stays = 0 if node.fused is None else sum(map(len, node.fused.stays))
            heapq.heappush(heap, (max(floor, self._lower(node, direction)), stays, next(serial), node))

        for node in self._roots:
            push(node)
        done: list[tuple[float, ClassNode]] = []
        found: FusedGroup | None = None
        while heap and heap[0][0] < most * (1 - EXACT) and not self._clock.expired:
            bound, _, _, node = heapq.heappop(heap)
            self._clock.tick(most, partial(float, bound))
            if self._lower(node, direction) > bound * (1 + EXACT):
                push(node)  # what was found for other nodes since says more
            elif self._tighten(node, direction, most):
                push(node, bound)
            elif node.fits:
                group = self._group(node, direction)
                value = direction.value(group.energy_pj, group.cycles)
                done.append((value, node))
                if value < most:
                    most, found = value, group
            else:
                for child in self._expand(node, direction):
                    push(child, bound)
        leaves = [*done, *((bound, node) for bound, _, _, node in heap)]
        self.leaves[direction] = tuple(self._record(node, bound, direction) for bound, node in leaves)
        return min((bound for bound, _ in leaves), default=inf), found

    def lower(self, direction: Direction) -> float:
        """A bound that needs no search."""
        for node in self._roots:
            for part in node.parts:
                # Once time is up nothing is better than no bound.
                if not self._search(part).supports.bounds and not self._clock.expired:
                    self._search(part).root(direction)
        leaves = tuple(self._record(node, self._lower(node, direction), direction) for node in self._roots)
        self.leaves.setdefault(direction, leaves)
        return min((leaf.bound for leaf in leaves), default=inf)

    def _lower(self, node: ClassNode, direction: Direction) -> float:
        beside = direction.value(node.rescaling.energy_pj, node.rescaling.cycles)
        return beside + sum_in_order(self._part_lower(part, direction) for part in node.parts)

    def _part_lower(self, part: LayerPart, direction: Direction) -> float:
        """A bound of a part: its own, or that of the same with fewer demands."""
        own = self._search(part).lower(direction)
        easier = self._easier(part)
        return own if easier is None else max(own, self._part_lower(easier, direction))

    def _easier(self, part: LayerPart) -> LayerPart | None:
        """The same part with all room and free fan-outs; without these, the one whose tiles need not stay."""
        if part.relaxed:
            return None
        if part.reserved or part.pins:
            return replace(part, reserved=(), pins=())
        return self._relaxed.get((part.layer, part.bounds, part.waits))

    def _tighten(self, node: ClassNode, direction: Direction, most: float) -> bool:
        """Improve the bound of one of the node's parts; whether there was anything to improve."""
        searches = [self._search(part) for part in node.parts]
        for search in searches:
            if not search.is_rooted(direction):
                search.root(direction)
                return True
        for part, search in zip(node.parts, searches, strict=True):
            if search.settled(direction) is None:
                others = self._lower(node, direction) - self._part_lower(part, direction)
                search.search(direction, most - others)
                return True
        return False

    def _search(self, part: LayerPart) -> LayerSearch:
        if part not in self._searches:
            layer = self.chain.layers[part.layer - self.chain.first]
            self._searches[part] = LayerSearch(partial(own_specification, layer, part), self._quiet)
        return self._searches[part]

    def _nest(self, part: LayerPart, direction: Direction) -> OwnNest:
        nest = self._search(part).settled(direction)
        assert nest is not None
        return nest

    def _group(self, node: ClassNode, direction: Direction) -> FusedGroup:
        assert node.fused is not None
        names = tuple(layer.name for layer in self.chain.layers)
        nests = tuple(self._nest(part, direction) for part in node.parts)
        return FusedGroup(names, node.fused, nests, node.rescaling)

    def _open_nodes(self) -> Iterator[ClassNode]:
        for waits in product(*waiting_levels(self.chain)):
            for shared in shared_bounds(self.chain):
                parts = tuple(self._open_part(waits, shared, layer) for layer in range(len(self.chain.layers)))
                yield ClassNode(waits, shared, parts, rescaling_of(self.chain, waits, shared, None))

    def _open_part(self, waits: tuple[str, ...], shared: tuple[SharedLoop, ...], layer: int) -> LayerPart:
        """A layer's part while order and what stays are open: whatever can stay somewhere costs as if it did."""
        one = self.chain.layers[layer]
        relevant = {space.name: space.relevant for space in one.problem.data_spaces}
        least: dict[tuple[str, str], int] = {}
        for order in orders(shared):
            for stay in set(chained.from_iterable(stay_options(self.chain, layer, order))):
                least[stay] = prod(loop.bound for loop in shared if loop.names[layer] in relevant[stay[1]])
        stays = tuple(sorted((level, space, times) for (level, space), times in least.items()))
        bounds, held = in_layer_order(self.chain, shared, layer), waiting(self.chain, waits, layer)
        part = LayerPart(self.chain.first + layer, bounds, held, stays, relaxed=True)
        self._relaxed[part.layer, bounds, held] = part
        return part

    def _expand(self, node: ClassNode, direction: Direction) -> list[ClassNode]:
        """The classes of a node; of a class, the same with the room that other layers' tiles leave."""
        if node.fused is not None:
            return [replace(node, parts=parts, fits=fits) for parts, fits in self._with_room(node, direction)]
        if node not in self._children:
            self._children[node] = list(self._classes(node))
            self.classes += len(self._children[node])
        return self._children[node]

    def _classes(self, node: ClassNode) -> Iterator[ClassNode]:
        seen: set[tuple[LayerPart, ...]] = set()
        layers = range(len(self.chain.layers))
        for order in orders(node.shared):
            options = [stay_options(self.chain, layer, order) for layer in layers]
            for stays in product(*options):
                fused = FusedClass(node.waits, order, stays)
                parts = tuple(part_of(self.chain, fused, layer) for layer in layers)
                # Orders that bring in the same tiles equally often are the same.
                if parts not in seen:
                    seen.add(parts)
                    yield ClassNode(node.waits, order, parts, rescaling_of(self.chain, node.waits, order, stays), fused)

    def _with_room(self, node: ClassNode, direction: Direction) -> Iterator[tuple[tuple[LayerPart, ...], bool]]:
        """Parts that leave room for other layers' persistent tiles, and whether that is settled.

        Where such a tile is spread over instances, it is as large as the fan-outs further out make it: when the best
        nests do not fit as they are, these are fixed, in every way there is.
        """
        nests = tuple(self._nest(part, direction) for part in node.parts)
        reserved = reserved_bits(node.parts, nests)
        if all(has_room(nest, dict(taken)) for nest, taken in zip(nests, reserved, strict=True)):
            yield node.parts, True
            return
        for number, (part, nest) in enumerate(zip(node.parts, nests, strict=True)):
            choices = None if part.pins else list(pin_choices(nest.specification, part, pooled_levels(nests)))
            if choices:
                for pins in choices:
                    pinned = replace(part, pins=pins)
                    yield (*node.parts[:number], pinned, *node.parts[number + 1 :]), False
                return
        pairs = zip(node.parts, reserved, strict=True)
        yield tuple(replace(part, reserved=taken) for part, taken in pairs), True

    def _record(self, node: ClassNode, bound: float, direction: Direction) -> BoundedClass:
        """A node's classes and their bound."""
        stays = node.fused.stays if node.fused is not None else None
        pins = tuple((number, *pin) for number, part in enumerate(node.parts) for pin in part.pins)
        searched = all(self._search(part).settled(direction) is not None for part in node.parts)
        return BoundedClass(node.waits, node.shared, bound, stays, searched, pins)
