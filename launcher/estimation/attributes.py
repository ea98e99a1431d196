"""Reads a component's attributes, and says which component lacks what."""

from __future__ import annotations

import re
from math import isfinite
from typing import NoReturn

from launcher.errors import EstimationError
from launcher.specification.architecture import Component, StorageLevel

SMALLEST_TECHNOLOGY_NM = 5.0
LARGEST_TECHNOLOGY_NM = 250.0
LONGEST_CYCLE_S = 1e-3


class Attributes:
    """Attributes of one component, checked as they are asked for.

    Args:
        component: whose attributes.
        tables: the files in which its figures are looked up, named in every error.
    """

    def __init__(self, component: Component, tables: tuple[str, ...] = ()) -> None:
        self.component = component
        self.tables = tables

    def fail(self, why: str, expected: str, hint: str | None = None) -> NoReturn:
        """Raise the error that names the component, its class and attributes, and the tables looked at."""
        component = self.component
        shown = ", ".join(f"{key}={value}" for key, value in sorted(component.attributes.items())) or "none"
        kind = f"class {component.component_class!r}"
        if component.subclass:
            kind += f" (subclass {component.subclass!r})"
        looked_at = f"; looked in {', '.join(self.tables)}" if self.tables else ""
        raise EstimationError(
            f"no energy and area for component {component.name!r} of {kind}: {why}",
            where=f"attributes {shown}{looked_at}",
            expected=expected,
            hint=hint,
        )

    def has(self, name: str) -> bool:
        return self.component.attributes.get(name) is not None

    def number(self, name: str, what: str) -> float:
        """A positive number; ``what`` says for the error message what the attribute means."""
        raw = self.component.attributes.get(name)
        if raw is None:
            self.fail(f"attribute {name!r} is missing", f"{name}: {what}")
        try:
            value = float(raw) if isinstance(raw, int | float | str) and not isinstance(raw, bool) else -1.0
        except ValueError:
            value = -1.0
        if not isfinite(value) or value <= 0:
            self.fail(f"attribute {name!r} is {raw!r}", f"{name}: {what}, greater than 0")
        return value

    def integer(self, name: str, what: str, default: int | None = None) -> int:
        """A positive integer."""
        if default is not None and not self.has(name):
            return default
        value = self.number(name, what)
        if value != int(value):
            self.fail(f"attribute {name!r} is {value:g}", f"{name}: {what}, a whole number")
        return int(value)

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        """One of ``options``, whatever its case."""
        accepted = f"{name}: one of {', '.join(options)}"
        raw = self.component.attributes.get(name)
        if raw is None:
            self.fail(f"attribute {name!r} is missing", accepted)
        chosen = next((option for option in options if str(raw).strip().lower() == option.lower()), None)
        if chosen is None:
            self.fail(f"attribute {name!r} is {raw!r}", accepted)
        return chosen

    def technology_nm(self) -> float:
        """``technology``: ``"32nm"`` or ``32``, in nanometres."""
        accepted = (
            f"technology: {SMALLEST_TECHNOLOGY_NM:g}nm to {LARGEST_TECHNOLOGY_NM:g}nm, on the component, one of its "
            "containers or the architecture"
        )
        raw = self.component.attributes.get("technology")
        if raw is None:
            self.fail("attribute 'technology' is missing", accepted)
        match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(nm)?\s*", str(raw))
        value = float(match.group(1)) if match else 0.0
        if not SMALLEST_TECHNOLOGY_NM <= value <= LARGEST_TECHNOLOGY_NM:
            self.fail(f"attribute 'technology' is {raw!r}", accepted)
        return value

    def technology_attribute(self) -> dict[str, str]:
        """``technology`` as other estimators read it: ``"32nm"``."""
        return {"technology": f"{self.technology_nm():g}nm"}

    def cycle_ns(self) -> float:
        """``global_cycle_seconds`` in nanoseconds: leakage is per cycle."""
        what = "length of a clock cycle in seconds, e.g. 1.2e-9"
        seconds = self.number("global_cycle_seconds", what)
        if seconds > LONGEST_CYCLE_S:
            self.fail(f"attribute 'global_cycle_seconds' is {seconds:g}", f"global_cycle_seconds: {what}")
        return seconds * 1e9

    def word_bits(self) -> int:
        """Bits of one value: ``word_bits`` or ``datawidth``."""
        name = "datawidth" if not self.has("word_bits") and self.has("datawidth") else "word_bits"
        return self.integer(name, "bits of one value")

    def row_bits(self) -> int:
        """``width``: bits of one row, which is what one access moves. A storage level's block is the default."""
        level = self.component
        if not self.has("width") and isinstance(level, StorageLevel):
            return level.word_bits * level.block_size * level.cluster_size
        return self.integer("width", "bits of one row")

    def row_count(self) -> int:
        """``depth``: rows of all banks together. A storage level's capacity is the default."""
        level = self.component
        if not self.has("depth") and isinstance(level, StorageLevel) and level.capacity_words:
            return -(-level.capacity_words // level.block_size)
        return self.integer("depth", "rows of all banks together")

    def cluster_size(self) -> int:
        """Instances that share one physical row."""
        return self.component.cluster_size if isinstance(self.component, StorageLevel) else 1
