"""A fused group as one nest that splits: shared loops, each layer's part, what waits where, and who fills a level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from launcher.engines.native.fusion.own_nest import OwnNest
from launcher.engines.native.fusion.room import held_for_others
from launcher.reporting.loop_nest import loop_nest
from launcher.reporting.numbers import count
from launcher.results.fused import FusedLayers, Rescaling
from launcher.results.fused_savings import fused_groups
from launcher.results.layers import layer_name
from launcher.results.result import Result

_INDENT = "  "


@dataclass(frozen=True)
class Room:
    """How full a level is while one layer of a group runs, in words of one instance.

    Attributes:
        level, layer: which level, and who runs.
        own: the layer's own tiles.
        held: persistent tiles of the other layers.
        capacity: None where nothing limits it.
    """

    level: str
    layer: str
    own: int
    held: int
    capacity: int | None

    @property
    def share(self) -> float:
        return (self.own + self.held) / self.capacity if self.capacity else 0.0


def fused_nests(result: Result) -> str:
    """The fused groups of a network, one nest after the other; empty where nothing is fused."""
    return "\n".join("\n".join(fused_nest(result, group)) + "\n" for group in fused_groups(result))


def fused_nest(result: Result, group: FusedLayers) -> Iterator[str]:
    """Lines of one group: its shared loops outermost, then the layers one after the other."""
    yield f"{' + '.join(group.layers)} as one nest"
    depth = 0
    for loop in group.shared:
        yield f"{_INDENT * depth}for {shared_name(loop.names)} in [0:{loop.bound})  (shared)"
        depth += 1
    results = {layer_name(run): run.result for run in result.layers}
    waits = list(group.waits.items())
    for number, name in enumerate(group.layers):
        yield f"{_INDENT * depth}{name}"
        for line in loop_nest(results[name]).rstrip().splitlines():
            yield f"{_INDENT * (depth + 1)}{line}"
        for level, spaces in group.persistent.get(name, {}).items():
            yield from (f"{_INDENT * depth}{name}.{space} stays at {level}" for space in spaces)
        if number < len(waits):
            tensor, level = waits[number]
            yield f"{_INDENT * depth}{tensor} waits at {level}"
    if group.rescaling.words:
        yield f"{_INDENT * depth}{rescaling_text(group.rescaling)}"


def rescaling_text(one: Rescaling) -> str:
    """What an online softmax does beside the nests."""
    return (
        f"online softmax: {count(one.words)} words scaled anew at {one.level}, "
        f"{count(one.running_words)} running values at {one.running_level}, {count(one.cycles)} cycles"
    )


def shared_name(names: tuple[str, ...]) -> str:
    """A shared dimension by its names in the layers: ``L``, or ``D/E/E`` where they differ."""
    return names[0] if len(set(names)) == 1 else "/".join(names)


def rooms(result: Result, group: FusedLayers) -> list[Room]:
    """How full each level is at which something waits or stays, while each layer of a group runs; outermost first."""
    results = {layer_name(run): run.result for run in result.layers}
    nests, evaluations = [], []
    for one in (results[name] for name in group.layers):
        if one.specification is None or one.mapping is None or one.evaluation is None:
            return []
        nests.append(OwnNest(one.specification, one.mapping, one.energy_pj, int(one.cycles)))
        evaluations.append(one.evaluation)
    architectures = {name: nest.specification.architecture for name, nest in zip(group.layers, nests, strict=True)}
    stays = [group.persistent.get(name, {}) for name in group.layers]
    shared = {*group.waits.values(), *(level for at in stays for level in at)}
    found = []
    for name, evaluation, held in zip(group.layers, evaluations, held_for_others(nests, stays), strict=True):
        for stats in evaluation.levels:
            level = architectures[name].level(stats.level)
            own = sum(level.words_of(space, one.tile_words) for space, one in stats.data_spaces.items())
            kept = -(-held.get(stats.level, 0) // level.word_bits)
            if stats.level in shared and stats.capacity_words and (own or kept):
                found.append(Room(stats.level, name, own, kept, stats.capacity_words))
    order = list(dict.fromkeys(room.level for room in reversed(found)))
    return sorted(found, key=lambda room: (order.index(room.level), group.layers.index(room.layer)))


def room_text(room: Room) -> str:
    """``49,152 + 16,384 of 131,072``: a layer's own words, and those held for other layers."""
    held = f" + {count(room.held)}" if room.held else ""
    return f"{count(room.own)}{held} of {count(room.capacity or 0)}"
