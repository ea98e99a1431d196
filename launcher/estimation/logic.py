"""Adders, multipliers and registers from synthesised figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from launcher.estimation.technology import plan_technology

# (bits of a, bits of b; 0 for a unit with one width)
Widths = tuple[int, int]


@dataclass(frozen=True)
class LogicFigures:
    """One unit: energy per operation, leakage, area; ``notes`` empty when a table row was used as it stands."""

    energy_pj: float
    leak_mw: float
    area_um2: float
    notes: tuple[str, ...] = ()


class LogicTable:
    """Units by name, technology and width."""

    def __init__(self, rows: Mapping[tuple[str, float, Widths], LogicFigures]) -> None:
        self._units: dict[str, dict[float, dict[Widths, LogicFigures]]] = {}
        for (unit, technology, widths), figures in rows.items():
            self._units.setdefault(unit, {}).setdefault(technology, {})[widths] = figures

    def adder(self, technology_nm: float, width_bits: int) -> LogicFigures | None:
        """An adder: linear in width, as all rows of the table are. None when the table has no adder."""
        return self._estimate("adder", technology_nm, (width_bits, 0), _linear)

    def register(self, technology_nm: float, width_bits: int) -> LogicFigures | None:
        """A register: linear in width, as all rows of the table are. None when the table has no register."""
        return self._estimate("register", technology_nm, (width_bits, 0), _linear)

    def multiplier(self, technology_nm: float, a_bits: int, b_bits: int) -> LogicFigures | None:
        """A multiplier: off the table a b max(a, b), the law that all rows follow. None without a multiplier."""
        return self._estimate("multiplier", technology_nm, (min(a_bits, b_bits), max(a_bits, b_bits)), _product)

    def _estimate(
        self, unit: str, technology_nm: float, widths: Widths, law: Callable[[Widths], float]
    ) -> LogicFigures | None:
        by_technology = self._units.get(unit)
        if not by_technology:
            return None
        plan = plan_technology(technology_nm, list(by_technology))
        energy = leak = area = 0.0
        notes = []
        for share in plan.shares:
            row_widths, figures = _nearest(by_technology[share.technology_nm], widths, law)
            factor = law(widths) / law(row_widths)
            energy += share.energy * factor * figures.energy_pj
            leak += share.leakage * factor * figures.leak_mw
            area += share.area * factor * figures.area_um2
            if row_widths != widths:
                notes.append(f"{unit} scaled from {_shown(row_widths)} to {_shown(widths)} bits")
        if plan.note:
            notes.append(f"{unit} {plan.note}")
        return LogicFigures(energy, leak, area, tuple(dict.fromkeys(notes)))


def _linear(widths: Widths) -> float:
    return float(widths[0])


def _product(widths: Widths) -> float:
    return float(widths[0] * widths[1] * max(widths))


def _nearest(
    rows: Mapping[Widths, LogicFigures], widths: Widths, law: Callable[[Widths], float]
) -> tuple[Widths, LogicFigures]:
    """The row itself, or the one whose size is closest in ratio."""
    if widths in rows:
        return widths, rows[widths]
    wanted = law(widths)
    best = min(rows, key=lambda row: (max(wanted / law(row), law(row) / wanted), row))
    return best, rows[best]


def _shown(widths: Widths) -> str:
    return f"{widths[0]} x {widths[1]}" if widths[1] else str(widths[0])
