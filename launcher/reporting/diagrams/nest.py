"""The loop nest as a diagram: levels top to bottom, what they keep, how full they are, and their loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from launcher.reporting.diagrams.energy import component_styles
from launcher.reporting.diagrams.palette import data_space_slots
from launcher.reporting.diagrams.svg import draw, text_width
from launcher.reporting.loop_nest import container_label, last_iteration
from launcher.reporting.numbers import count, percent, short_count
from launcher.results.parameters import ABSENT
from launcher.results.result import Result
from launcher.specification.architecture import StorageLevel
from launcher.specification.mapping import LevelMapping, Loop
from launcher.specification.specification import Specification

_WIDTH = 520
_INDENT = 12
_METER = 104
_LEVEL_HEIGHT = 46
_PILL_HEIGHT = 27
_COMPUTE_HEIGHT = 28
_GAP = 5


@dataclass(frozen=True)
class Tile:
    """What a level keeps of a data space, in words per instance; ``mark`` says what else is to be known of it."""

    data_space: str
    css_class: str
    words: int
    mark: str = ""


@dataclass(frozen=True)
class NestLoop:
    """A loop; ``axis`` is ``X`` or ``Y`` when it is unrolled in space, else empty; ``residual`` as in a mapping's."""

    dimension: str
    bound: int
    axis: str = ""
    residual: int | None = None


@dataclass(frozen=True)
class NestLevel:
    """A storage level of the nest, or a container that only fans out (``capacity_words`` and tiles are then empty).

    Attributes:
        name: as people call it.
        css_class: its colour; empty for a container.
        instances: how many there are.
        tiles: what one instance keeps.
        capacity_words: what one instance holds; None means unlimited.
        loops: outermost first, temporal ones before spatial ones.
        fan_out: of a container, e.g. ``16 of 16 along Y``.
    """

    name: str
    css_class: str
    instances: int
    tiles: tuple[Tile, ...]
    capacity_words: int | None
    loops: tuple[NestLoop, ...]
    fan_out: str = ""


def nest_levels(result: Result) -> tuple[NestLevel, ...]:
    """The nest of a layer's mapping, outermost level first; empty without a mapping."""
    if result.mapping is None or result.specification is None:
        return ()
    return tuple(_levels(result, result.specification))


def loop_nest_svg(result: Result, *, standalone: bool = False) -> str:
    """The loop nest: per level its name, its tiles, how full that makes it, and its loops; empty without a mapping."""
    levels = nest_levels(result)
    if not levels or result.specification is None or result.mapping is None:
        return ""
    nest = placed(result, levels, _WIDTH, _INDENT)
    return draw("nest.svg.j2", standalone=standalone, title=f"loop nest of {result.name}", nest=nest)


@dataclass(frozen=True)
class PlacedNest:
    """A nest as it is drawn, in whole units.

    Attributes:
        width, height: of the picture.
        meter, meter_x: width and place of the bars that show how full something is.
        rows: the levels.
        compute: of the compute units: place, name, how many are in use as text and as part of the bar.
    """

    width: int
    height: int
    meter: int
    meter_x: int
    rows: list[_Row]
    compute: tuple[int, int, str, str, float]

    def middle(self, level: str) -> int:
        """Where a level's tiles are listed, from the top."""
        return next(row.y for row in self.rows if row.name == level) + _LEVEL_HEIGHT - 13


def placed(result: Result, levels: Sequence[NestLevel], width: int, indent: int) -> PlacedNest:
    """The levels of a layer's mapping in a picture of some width, wider where what is written needs it."""
    assert result.mapping is not None and result.specification is not None
    places = [depth * indent for depth in range(len(levels) + 1)]
    width = max([width, *(_needs(level, x + 13) for level, x in zip(levels, places, strict=False))])
    y, rows = 2, []
    for x, level in zip(places, levels, strict=False):
        row = _row(level, x, y, width)
        rows.append(row)
        y = row.end
    compute = result.specification.architecture.compute
    used = prod(loop.bound for level in result.mapping for loop in level.spatial)
    use = f"{count(used)} of {count(compute.instances)} units"
    drawn = places[-1], y, compute.name, use, round(_METER * used / compute.instances, 1)
    return PlacedNest(width, y + _COMPUTE_HEIGHT + 4, _METER, width - _METER - 8, rows, drawn)


def _levels(result: Result, specification: Specification) -> Iterator[NestLevel]:
    assert result.mapping is not None
    architecture, problem = specification.architecture, specification.problem
    slots = data_space_slots(problem.data_space_names)
    styles = component_styles(result)
    for index in reversed(range(len(result.mapping.levels))):
        level = result.mapping.levels[index]
        storage = architecture.level(level.level)
        loops = tuple(_loops(level))
        if storage.is_dummy and not loops:
            continue
        extents = result.mapping.tile_extents(index, problem)
        tiles = [
            Tile(name, f"d{slots[name]}", storage.words_of(name, problem.data_space(name).size(extents)))
            for name in level.keep
        ]
        yield NestLevel(
            name=container_label(level.level)[1:-1] if storage.is_dummy else level.level,
            css_class="" if storage.is_dummy else styles.get(level.level, "do"),
            instances=storage.instances,
            tiles=() if storage.is_dummy else tuple(tiles),
            capacity_words=None if storage.is_dummy else storage.effective_capacity_words,
            loops=loops,
            fan_out=_fan_out(level, storage, architecture.fanout(index)) if storage.is_dummy else "",
        )


def _loops(level: LevelMapping) -> Iterator[NestLoop]:
    for loops, axis in ((level.temporal, ""), (level.spatial_y, "Y"), (level.spatial_x, "X")):
        yield from (NestLoop(loop.dimension, loop.bound, axis, loop.residual) for loop in reversed(loops))


def _fan_out(level: LevelMapping, storage: StorageLevel, offered: tuple[int, int]) -> str:
    axes = zip("XY", (level.spatial_x, level.spatial_y), offered, strict=True)
    return ", ".join(f"{_used(loops)} of {most} along {axis}" for axis, loops, most in axes if most > 1)


def _used(loops: tuple[Loop, ...]) -> int:
    return prod(loop.bound for loop in loops)


@dataclass(frozen=True)
class _Row:
    """A level as it is placed: whole units, and texts that are ready to be written."""

    name: str
    css_class: str
    instances: str
    x: int
    y: int
    fill: str
    has_meter: bool
    chips: list[tuple[str, str, int]]
    meter: list[tuple[str, float, float]]
    pills: list[tuple[str, bool, int, int, int]]
    end: int


def _row(level: NestLevel, x: int, y: int, most: int) -> _Row:
    words = sum(tile.words for tile in level.tiles)
    label = f"{level.name}: {level.fan_out}" if level.fan_out else level.name
    below = y + _LEVEL_HEIGHT + _GAP if level.css_class else y
    beside = 0 if level.css_class else round(text_width(label, 12)) + 16
    pills = _pills(level, (x + 12, most), beside, below)
    lowest = max((pill[3] + _PILL_HEIGHT for pill in pills), default=below)
    return _Row(
        name=level.name if level.css_class else label,
        css_class=level.css_class,
        instances=_instances(level),
        x=x,
        y=y,
        fill=_fill(words, level.capacity_words) if level.css_class else "",
        has_meter=bool(level.capacity_words),
        chips=_chips(level, x + 13),
        meter=_meter(level, words),
        pills=pills,
        end=max(lowest, below + (0 if level.css_class else _PILL_HEIGHT)),
    )


def _fill(words: int, capacity: int | None) -> str:
    if capacity is None:
        return f"{short_count(words)} words"
    return f"{percent(words / capacity) if capacity else ABSENT} of {short_count(capacity)} words"


def _chips(level: NestLevel, x: int) -> list[tuple[str, str, int]]:
    placed = []
    for tile in level.tiles:
        text = _tile_text(tile)
        placed.append((text, tile.css_class, x))
        x += round(text_width(text, 12)) + 28
    return placed


def _tile_text(tile: Tile) -> str:
    text = f"{tile.data_space} {short_count(tile.words)}"
    return f"{text} {tile.mark}" if tile.mark else text


def _needs(level: NestLevel, x: int) -> int:
    """Where what is written of a level and its tiles ends."""
    chips = sum(round(text_width(_tile_text(tile), 12)) + 28 for tile in level.tiles)
    if not level.css_class:
        return x + chips
    words = sum(tile.words for tile in level.tiles)
    name = text_width(level.name, 14) + text_width(_instances(level), 13)
    fill = text_width(_fill(words, level.capacity_words), 12)
    return x + max(chips, round(name + fill) + 40 + (_METER if level.capacity_words else 0))


def _instances(level: NestLevel) -> str:
    return f"×{count(level.instances)}" if level.instances > 1 else ""


def _meter(level: NestLevel, words: int) -> list[tuple[str, float, float]]:
    """Parts of the capacity's bar: class, start and width; an unlimited level has none."""
    if not level.capacity_words:
        return []
    placed, x = [], 0.0
    for tile in level.tiles:
        width = _METER * tile.words / max(level.capacity_words, words)
        placed.append((tile.css_class, round(x, 1), round(width, 1)))
        x += width
    return placed


def _pills(level: NestLevel, ends: tuple[int, int], beside: int, y: int) -> list[tuple[str, bool, int, int, int]]:
    """Text, whether in space, place and width of each loop; as many lines as they need between two ends."""
    left, right = ends
    placed = []
    x = left + beside
    for loop in level.loops:
        text = f"for {loop.dimension} in 0:{count(loop.bound)}{last_iteration(loop.bound, loop.residual)}"
        text = f"{text} along {loop.axis}" if loop.axis else text
        width = round(text_width(text, 12)) + (32 if loop.axis else 18)
        if x + width > right and x > left:
            x, y = left, y + _PILL_HEIGHT
        placed.append((text, bool(loop.axis), x, y, width))
        x += width + 6
    return placed
