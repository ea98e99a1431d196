"""The architecture as a block diagram, with how much of it the mapping uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose, prod
from typing import Any

from launcher.reporting.diagrams.energy import component_styles
from launcher.reporting.diagrams.svg import draw
from launcher.reporting.loop_nest import container_label
from launcher.reporting.numbers import count, percent, significant
from launcher.results.cycle_limits import bandwidth_use, cycle_limits
from launcher.results.evaluation import LevelStats
from launcher.results.result import Result
from launcher.specification.architecture import Architecture, StorageLevel
from launcher.specification.mapping import LevelMapping

_WIDTH = 520
_BOX = 236
_BAR = 92
_HEAD = 44
_METER_ROW = 19
_LINK = 28
_CELL, _LEAST_CELL = 7, 4
_LONGEST, _HIGHEST, _THINNEST = 500.0, 168.0, 8.0
_GAP, _NOTE = 10, 260
"""Between an array and the note beside it, which takes so much; below an array that leaves it less."""


@dataclass(frozen=True)
class Meter:
    """A utilization, 0 to 1, and what it is a share of."""

    label: str
    share: float


@dataclass(frozen=True)
class Block:
    """A storage level or the compute units.

    Attributes:
        name, css_class: as everywhere.
        instances, used: how many there are, and how many the mapping uses.
        size: of one instance, e.g. ``512 KiB, 8-bit words``.
        meters: its utilizations.
        link: what connects it to the level outside it: fan-outs, and networks with a name.
    """

    name: str
    css_class: str
    instances: int
    used: float
    size: str
    meters: tuple[Meter, ...]
    link: str = ""


def machine_blocks(result: Result) -> tuple[Block, ...]:
    """The architecture's blocks, outermost first, the compute units last; empty when it is not known."""
    if result.specification is None:
        return ()
    return tuple(_blocks(result, result.specification.architecture))


def architecture_svg(result: Result, *, standalone: bool = False) -> str:
    """The architecture as blocks, with the utilization of capacities, bandwidths and instances.

    Without a mapping only the blocks are drawn; empty when there is no specification.
    """
    blocks = machine_blocks(result)
    if not blocks or result.specification is None:
        return ""
    y, rows = 2, []
    for number, block in enumerate(blocks):
        y += _LINK if number else 0
        height = max(_HEAD, _METER_ROW * len(block.meters) + 6)
        meters = [
            (y + 5 + n * _METER_ROW, round(_BAR * min(meter.share, 1.0), 1), percent(meter.share), meter.label)
            for n, meter in enumerate(block.meters)
        ]
        rows.append(
            (block.name, block.css_class, block.instances > 1, block.size, block.link, _note(block), meters, y, height)
        )
        y += height
    grid = _grid(result)
    return draw(
        "machine.svg.j2",
        standalone=standalone,
        title=f"architecture of {result.name}",
        width=_WIDTH,
        box=_BOX,
        bar=_BAR,
        height=y + (grid["whole_height"] + 14 if grid else 6),
        rows=rows,
        link=_LINK,
        grid=grid,
        grid_y=y + 10,
    )


def _blocks(result: Result, architecture: Architecture) -> Iterator[Block]:
    styles = component_styles(result)
    stats = {level.level: level for level in (result.evaluation.levels if result.evaluation else ())}
    limits = cycle_limits(result)
    link: list[str] = []
    for index in reversed(range(len(architecture.levels))):
        level = architecture.levels[index]
        if not level.is_dummy:
            use = bandwidth_use(limits, level.name, result.cycles)
            bandwidths = [Meter(_bandwidth_label(level, str(kind)), share) for kind, share in use.items()]
            meters = (*_capacity(level, stats.get(level.name)), *bandwidths)
            used = _used(stats.get(level.name))
            style = styles.get(level.name, "do")
            yield Block(level.name, style, level.instances, used, _size(level), meters, ", ".join(link))
            link = []
        link += _connection(architecture, index)
    compute = architecture.compute
    units = prod(loop.bound for one in result.mapping for loop in one.spatial) if result.mapping else 0
    busy = (Meter("cycles busy", result.utilization),) if result.mapping else ()
    size = f"{compute.word_bits}-bit words"
    yield Block(compute.name, "lc", compute.instances, units, size, busy, ", ".join(link))


def _connection(architecture: Architecture, index: int) -> list[str]:
    """What lies between a level and the next one inside it."""
    level = architecture.levels[index]
    columns, rows = architecture.fanout(index)
    name = f"{container_label(level.name)[1:-1]} " if level.is_dummy else ""
    fans = [f"{name}{number} along {axis}" for axis, number in (("X", columns), ("Y", rows)) if number > 1]
    networks = [network for network in (level.read_network, level.update_network) if network]
    return [*fans, *dict.fromkeys(networks)]


def _used(stats: LevelStats | None) -> float:
    return max((space.utilized_instances for space in stats.data_spaces.values()), default=0.0) if stats else 0.0


def _capacity(level: StorageLevel, stats: LevelStats | None) -> tuple[Meter, ...]:
    capacity = level.effective_capacity_words
    if not capacity or stats is None:
        return ()
    words = sum(level.words_of(name, space.tile_words) for name, space in stats.data_spaces.items())
    return (Meter("capacity", words / capacity),)


def _bandwidth_label(level: StorageLevel, kind: str) -> str:
    of = {"read": level.read_bandwidth, "write": level.write_bandwidth, "shared": level.shared_bandwidth}[kind]
    return f"{kind} ({of:g}/cycle)"


def _size(level: StorageLevel) -> str:
    words = ", ".join([f"{level.word_bits}-bit words", *(f"{name} {bits}" for name, bits in level.value_bits.items())])
    if level.capacity_words is None:
        return words
    return f"{_bytes(level.capacity_words * level.word_bits / 8)}, {words}"


def _bytes(size: float) -> str:
    for unit, scale in (("MiB", 2**20), ("KiB", 2**10)):
        if size >= scale:
            return f"{count(size / scale) if size % scale == 0 else significant(size / scale, 3)} {unit}"
    return f"{size:g} B"


def _note(block: Block) -> str:
    if block.instances == 1:
        return ""
    return f"{count(block.used)} of {count(block.instances)}" if block.used else f"x{count(block.instances)}"


def _grid(result: Result) -> dict[str, Any] | None:
    """The array of compute units to scale; each cell stands for an equal share of it, as in :func:`_cells`."""
    assert result.specification is not None
    compute = result.specification.architecture.compute
    if compute.instances == 1 or result.mapping is None:
        return None
    across, down = _drawn_size(compute.mesh_x, compute.mesh_y)
    columns, rows = _cells(compute.mesh_x, across), _cells(compute.mesh_y, down)
    used_x = _side(result.mapping.levels, x=True) / compute.mesh_x
    used_y = _side(result.mapping.levels, x=False) / compute.mesh_y
    lines = "".join(f"M{n * across / columns:g} 0v{down:g}" for n in range(1, columns))
    lines += "".join(f"M0 {n * down / rows:g}h{across:g}" for n in range(1, rows))
    distorted = "" if isclose(across / down, compute.mesh_x / compute.mesh_y) else " (not to scale)"
    shape = f"{_number_of(compute.mesh_y, 'row')} × {_number_of(compute.mesh_x, 'column')}"
    beside = across + _GAP + _NOTE <= _WIDTH
    return {
        "lines": lines,
        "width": round(across, 2),
        "height": round(down, 2),
        "used_width": round(used_x * across, 2),
        "used_height": round(used_y * down, 2),
        "note": f"{shape}, those in use filled{distorted}",
        "text_x": round(across + _GAP if beside else 0),
        "text_y": round(10 if beside else down + 16),
        "whole_height": round(max(down, 14) if beside else down + 22),
    }


def _number_of(units: int, what: str) -> str:
    return f"{count(units)} {what}{'' if units == 1 else 's'}"


def _drawn_size(columns: int, rows: int) -> tuple[float, float]:
    """Width and height of the array, a unit as wide as it is high, as large as there is room.

    A side that would be too thin to be seen is as thick as the least: then the array is not to scale.
    """
    unit = min(_CELL, _LONGEST / columns, _HIGHEST / rows)
    return max(unit * columns, _THINNEST), max(unit * rows, _THINNEST)


def _cells(units: int, length: float) -> int:
    """How many cells are drawn along a side: a unit each, else so many units that a cell can be seen."""
    most = max(1, int(length / _LEAST_CELL))
    together = next(n for n in range(1, units + 1) if units % n == 0 and units // n <= most)
    return units // together


def _side(levels: tuple[LevelMapping, ...], *, x: bool) -> int:
    return prod(loop.bound for level in levels for loop in (level.spatial_x if x else level.spatial_y))
