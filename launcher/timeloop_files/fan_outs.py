"""Storage levels that stand for the fan-outs of v4's containers and components, by the names of these."""

from __future__ import annotations

from launcher.specification.architecture import Architecture


def fan_out_name(node: str) -> str:
    """Name of the level that stands for a node's fan-out, as Timeloop's front end chooses it."""
    return f"inter_{node}_spatial"


def fan_out_level(node: str, architecture: Architecture) -> str | None:
    """The level with the spatial loops of a container, or of a component that itself is there several times.

    None where there is no such level, or where a level of this name has spatial loops of its own.
    """
    levels = [level.name for level in architecture.levels]
    if fan_out_name(node) not in levels:
        return None
    x, y = architecture.fanout(levels.index(node)) if node in levels else (1, 1)
    return fan_out_name(node) if x * y == 1 else None
