"""Fused groups as a diagram: shared loops on top, a column for each layer, and where tensors wait and stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from launcher.reporting.diagrams.nest import NestLevel, PlacedNest, Tile, nest_levels, placed
from launcher.reporting.diagrams.svg import draw, text_width
from launcher.reporting.fused_nest import rescaling_text, rooms, shared_name
from launcher.results.fused import FusedLayers
from launcher.results.layers import layer_name
from launcher.results.result import Result

_COLUMN = 400
_INDENT = 8
_BETWEEN = 40
_TITLE = 24
_PILL = 30
_HEADING = 26
_NOTE = 20
_MARGIN = 12


@dataclass(frozen=True)
class _Column:
    """A layer's part, from ``x`` on."""

    name: str
    x: int
    nest: PlacedNest


@dataclass(frozen=True)
class _Arrow:
    """A tensor on its way to the next layer: from where to where, and the words of a tooltip."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True)
class _Group:
    """A group as it is placed; places are from its own top. A page has its title elsewhere."""

    title: str
    top: int
    loops_y: int
    loops: list[tuple[str, int, int]]
    columns_y: int
    columns: list[_Column]
    arrows: list[_Arrow]
    notes: list[tuple[str, int]]
    width: int
    height: int


def fused_svg(result: Result, groups: Sequence[FusedLayers], *, standalone: bool = False) -> str:
    """Fused groups of a network, one below the other; empty without any."""
    placed_groups: list[_Group] = []
    top = 2
    for group in groups:
        placed_groups.append(_placed(result, group, top, titled=standalone))
        top += placed_groups[-1].height + _MARGIN
    if not placed_groups:
        return ""
    return draw(
        "fused.svg.j2",
        standalone=standalone,
        title=f"fused groups of {result.name}",
        width=max(group.width for group in placed_groups),
        height=top - _MARGIN,
        groups=placed_groups,
    )


def fused_levels(result: Result, group: FusedLayers) -> Iterator[tuple[str, Result, tuple[NestLevel, ...]]]:
    """Every layer of a group with its result and its nest: tiles that wait or stay say so, and what is held for other
    layers is a tile of its own."""
    results = {layer_name(run): run.result for run in result.layers}
    held = {(room.layer, room.level): room.held for room in rooms(result, group)}
    waits = list(group.waits.values())
    for number, name in enumerate(group.layers):
        one = results[name]
        marks = {(level, space): "stays" for level, at in group.persistent.get(name, {}).items() for space in at}
        marks |= _waiting(one, waits[number - 1] if number else "", waits[number] if number < len(waits) else "")
        levels = (_marked(level, marks, held.get((name, level.name), 0)) for level in nest_levels(one))
        yield name, one, tuple(levels)


def _waiting(result: Result, before: str, behind: str) -> dict[tuple[str, str], str]:
    """Marks of a layer's tensors that flow: what it takes from one level, and what it leaves at another."""
    assert result.specification is not None
    spaces = result.specification.problem.data_spaces
    marks = {(behind, space.name): "waits" for space in spaces if space.read_write}
    return marks | {(before, space): "waited" for space in _taken(result, before)}


def _taken(result: Result, level: str) -> list[str]:
    """The tensor that waited: nothing outside of that level keeps it."""
    if not level or result.mapping is None or result.specification is None:
        return []
    outside = [one.level for one in result.mapping.levels].index(level) + 1
    kept = {space for one in result.mapping.levels[outside:] for space in one.keep}
    reads = (space.name for space in result.specification.problem.data_spaces if not space.read_write)
    return [name for name in reads if name not in kept and name in result.mapping.levels[outside - 1].keep]


def _marked(level: NestLevel, marks: dict[tuple[str, str], str], held: int) -> NestLevel:
    tiles = [replace(tile, mark=marks.get((level.name, tile.data_space), "")) for tile in level.tiles]
    return replace(level, tiles=(*tiles, Tile("held for others", "do", held)) if held else tuple(tiles))


def _placed(result: Result, group: FusedLayers, top: int, *, titled: bool) -> _Group:
    loops, loops_y = _loops(group), _MARGIN + (_TITLE - 4 if titled else 0)
    columns_y = loops_y + (_PILL if loops else 0) + _HEADING
    columns: list[_Column] = []
    x = _MARGIN
    for name, one, levels in fused_levels(result, group):
        nest = placed(one, levels, _COLUMN, _INDENT)
        columns.append(_Column(name, x, nest))
        x += nest.width + _BETWEEN
    bottom = columns_y + max(column.nest.height for column in columns)
    texts = [rescaling_text(group.rescaling)] if group.rescaling.words else []
    notes = [(text, bottom + _NOTE * (number + 1)) for number, text in enumerate(texts)]
    return _Group(
        title=f"{' + '.join(group.layers)} as one nest" if titled else "",
        top=top,
        loops_y=loops_y,
        loops=loops,
        columns_y=columns_y,
        columns=columns,
        arrows=list(_arrows(group, columns)),
        notes=notes,
        width=x - _BETWEEN + _MARGIN,
        height=bottom + _NOTE * len(texts) + _MARGIN,
    )


def _loops(group: FusedLayers) -> list[tuple[str, int, int]]:
    """Text, place and width of the shared loops, outermost first."""
    found, x = [], _MARGIN
    for loop in group.shared:
        text = f"for {shared_name(loop.names)} in 0:{loop.bound}"
        width = round(text_width(text, 12)) + 18
        found.append((text, x, width))
        x += width + 6
    return found


def _arrows(group: FusedLayers, columns: Sequence[_Column]) -> Iterator[_Arrow]:
    for (tensor, level), before, behind in zip(group.waits.items(), columns, columns[1:], strict=False):
        start = before.x + before.nest.width + 3, before.nest.middle(level)
        end = behind.x - 3, behind.nest.middle(level)
        yield _Arrow(start, end, f"{tensor} waits at {level}")
