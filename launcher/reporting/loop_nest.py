"""The mapping as a loop nest, the way people read it: outermost level first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from launcher.reporting.numbers import count, percent
from launcher.results.result import Result
from launcher.specification.architecture import StorageLevel
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.specification import Specification

_INDENT = "  "


def loop_nest(result: Result) -> str:
    """The loop nest of a result.

    Each storage level is a line with its name, what it keeps (tile sizes in words per instance) and how full that
    makes it; below it stand its loops, temporal ones first, then the ones that fan out in space, marked with their
    axis; ``, last 3`` is the bound of an imperfect factor in the last iteration of the loops around it over the same
    dimension. A container that only fans out is shown as such, not as a memory. The compute units close the nest.

    Returns:
        Lines ending in a newline; one line that says why there is no mapping when there is none.
    """
    if result.mapping is None:
        return f"no mapping: {result.reason or result.status}\n"
    return "\n".join(_Printer(result.mapping, result.specification).lines()) + "\n"


def container_label(level: str) -> str:
    """What people call the level that stands for a container's fan-out: ``inter_PERows_spatial`` -> ``[PERows]``."""
    return f"[{level.removeprefix('inter_').removesuffix('_spatial')}]"


def last_iteration(bound: int, residual: int | None) -> str:
    """What follows a loop's bound where its last iteration has another one: ``, last 3``; nothing where it has not."""
    return "" if residual in (None, bound) else f", last {count(residual)}"


@dataclass(frozen=True)
class _Printer:
    mapping: Mapping
    specification: Specification | None

    def lines(self) -> Iterator[str]:
        depth = 0
        for index in reversed(range(len(self.mapping.levels))):
            level = self.mapping.levels[index]
            storage = self._storage(level.level)
            loops = list(_loops_outermost_first(level))
            is_container = storage is not None and storage.is_dummy
            if is_container and not loops:
                continue
            yield _INDENT * depth + (self._container(index) if is_container else self._memory(index, storage))
            for text in loops:
                depth += 1
                yield _INDENT * depth + text
            depth += 1
        yield _INDENT * depth + self._compute()

    def _storage(self, name: str) -> StorageLevel | None:
        return self.specification.architecture.level(name) if self.specification else None

    def _memory(self, index: int, storage: StorageLevel | None) -> str:
        level = self.mapping.levels[index]
        instances = f" x{count(storage.instances)}" if storage and storage.instances > 1 else ""
        return f"{level.level}{instances}: {self._kept(index, storage)}"

    def _kept(self, index: int, storage: StorageLevel | None) -> str:
        keep = self.mapping.levels[index].keep
        if not keep:
            return "keeps nothing"
        if storage is None or self.specification is None:
            return f"keeps {', '.join(keep)}"
        problem = self.specification.problem
        extents = self.mapping.tile_extents(index, problem)
        tiles = {name: storage.words_of(name, problem.data_space(name).size(extents)) for name in keep}
        kept = " + ".join(f"{name} {count(words)}" for name, words in tiles.items())
        return f"keeps {kept} {_fullness(sum(tiles.values()), storage)}"

    def _container(self, index: int) -> str:
        level = self.mapping.levels[index]
        return f"{container_label(level.level)} {self._fan_out(index, level)}"

    def _fan_out(self, index: int, level: LevelMapping) -> str:
        assert self.specification is not None
        offered = self.specification.architecture.fanout(index)
        axes = [
            f"{_used(loops)} of {children} along {axis}"
            for axis, loops, children in zip("XY", (level.spatial_x, level.spatial_y), offered, strict=True)
            if children > 1
        ]
        return f"fan-out {', '.join(axes)}" if axes else "no fan-out"

    def _compute(self) -> str:
        used = prod(_used(level.spatial) for level in self.mapping.levels)
        if self.specification is None:
            return f"compute: {count(used)} units in use"
        compute = self.specification.architecture.compute
        return f"{compute.name}: {count(used)} of {count(compute.instances)} units in use"


def _used(loops: tuple[Loop, ...]) -> int:
    return prod(loop.bound for loop in loops)


def _loops_outermost_first(level: LevelMapping) -> Iterator[str]:
    blocks = ((level.temporal, ""), (level.spatial_y, "  (Spatial-Y)"), (level.spatial_x, "  (Spatial-X)"))
    for loops, mark in blocks:
        for loop in reversed(loops):
            yield f"for {loop.dimension} in [0:{loop.bound}){last_iteration(loop.bound, loop.residual)}{mark}"


def _fullness(words: int, storage: StorageLevel) -> str:
    capacity = storage.effective_capacity_words
    if capacity is None:
        return "words"
    if capacity == 0:
        return "words of 0"
    return f"of {count(capacity)} words ({percent(words / capacity)})"
