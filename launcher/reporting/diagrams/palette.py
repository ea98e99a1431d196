"""One colour per storage level and per data space, in every picture: safe for colour-blind readers, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from launcher.results.energy_table import COMPUTE


@dataclass(frozen=True)
class Colour:
    """A colour as hexadecimal sRGB, on a light page and on a dark one."""

    light: str
    dark: str


LEVELS = (
    Colour("#0072B2", "#3495DA"),
    Colour("#56B4E9", "#A3DCFF"),
    Colour("#009E73", "#2EB68A"),
    Colour("#E69F00", "#F2B233"),
    Colour("#8C2D04", "#CE4C27"),
    Colour("#E3D34A", "#F7F08A"),
    Colour("#4B2E83", "#865EAF"),
    Colour("#687436", "#7E8F4A"),
)
"""Of storage levels. Which one has which colour says :func:`level_slots`."""

COMPUTE_COLOUR = Colour("#CC79A7", "#DC92BC")
NETWORK_COLOUR = Colour("#4A525C", "#D5D9DE")

DATA_SPACES = (
    Colour("#332288", "#8F84E8"),
    Colour("#A3A02B", "#CFCB63"),
    Colour("#CC6677", "#F0909F"),
    Colour("#117733", "#4FAF70"),
    Colour("#44AA99", "#7FD6C8"),
)
"""Of data spaces; the usual ones have theirs by name, others by their place in the problem."""

OTHER_COLOUR = Colour("#C9CDD3", "#6A7079")
"""Of what belongs to no data space: leakage, networks, arithmetic."""

# The levels of the shipped architectures, by what they are for.
_SLOTS = {
    "DRAM": 0,
    **dict.fromkeys(("Scratchpad", "shared_glb", "GlobalBuffer", "UnifiedBuffer"), 1),
    **dict.fromkeys(("Accumulator", "psum_spad", "PEAccuBuffer", "OutputBuffer"), 2),
    **dict.fromkeys(("Registers", "PEWeightRegs", "Cells", "scratchpad"), 3),
    **dict.fromkeys(("WeightsDRAM", "Registers_Outputs"), 4),
    **dict.fromkeys(("ifmap_spad", "PEInputBuffer", "InputBuffer", "Registers_Inputs"), 5),
    **dict.fromkeys(("weights_spad", "PEWeightBuffer", "WeightsFIFO"), 6),
}
_SPACE_SLOTS = {"Weights": 0, "Inputs": 1, "Outputs": 2}


def level_slots(levels: Iterable[str]) -> dict[str, int]:
    """Index into :data:`LEVELS` of each level.

    Args:
        levels: names of storage levels, outermost first. Levels of the shipped architectures have fixed colours; any
            other takes the first that is free, so that the same architecture looks the same everywhere.
    """
    names = list(dict.fromkeys(levels))
    slots = {name: _SLOTS[name] for name in names if name in _SLOTS}
    free = [slot for slot in range(len(LEVELS)) if slot not in slots.values()]
    others = (name for name in names if name not in slots)
    return slots | {name: free[n % len(free)] if free else n % len(LEVELS) for n, name in enumerate(others)}


def data_space_slots(names: Iterable[str]) -> dict[str, int]:
    """Index into :data:`DATA_SPACES` of each data space."""
    return {name: _SPACE_SLOTS.get(name, n % len(DATA_SPACES)) for n, name in enumerate(names)}


def classes() -> Iterator[tuple[str, Colour]]:
    """CSS class and colour: ``l0``... of levels, ``d0``... of data spaces, ``lc`` compute, ``ln`` network, ``do``."""
    yield from ((f"l{n}", colour) for n, colour in enumerate(LEVELS))
    yield from ((f"d{n}", colour) for n, colour in enumerate(DATA_SPACES))
    yield from (("lc", COMPUTE_COLOUR), ("ln", NETWORK_COLOUR), ("do", OTHER_COLOUR))


def component_classes(levels: Iterable[str], networks: Iterable[str] = (), compute: str = COMPUTE) -> dict[str, str]:
    """CSS class of every storage level (outermost first), network, and of the compute units."""
    found = {name: f"l{slot}" for name, slot in level_slots(levels).items()}
    return found | dict.fromkeys(networks, "ln") | {compute: "lc"}


INK = {
    "ink": Colour("#1B1F24", "#E8EAED"),
    "soft": Colour("#5A626D", "#A6AEB8"),
    "line": Colour("#D3D8DE", "#3A4149"),
    "wash": Colour("#F2F4F6", "#22272D"),
    "paper": Colour("#FFFFFF", "#171B20"),
    "page": Colour("#F2F4F6", "#0E1114"),
    "warn": Colour("#B3261E", "#FF8A80"),
}
"""Text, secondary text, lines, filled areas, what they lie on, the page around that, warnings."""


def css(selector: str, *, dark: bool) -> str:
    """A rule that sets all colours as custom properties (``--l0``, ``--ink``, ...)."""
    values = ((name, colour.dark if dark else colour.light) for name, colour in [*classes(), *INK.items()])
    return f"{selector}{{{''.join(f'--{name}:{value};' for name, value in values)}}}"


def class_rules() -> str:
    """Rules that give the classes their colours; shapes take them as ``currentColor``."""
    return "".join(f".{name}{{color:var(--{name})}}" for name in [name for name, _ in classes()] + list(INK))
