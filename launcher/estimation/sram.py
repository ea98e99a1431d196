"""SRAM figures from a grid of CACTI runs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from launcher.estimation.technology import TechnologyPlan, plan_technology
from launcher.summing import sum_in_order

FLOOR_WIDTH_BITS = 32
FLOOR_ROWS_PER_BANK = 64
INTERPOLATION_ACCURACY = "read energy differs from CACTI by 1.6 % median, 11 % p90, 34 % max"


@dataclass(frozen=True)
class SramFigures:
    """One memory: energy of one row read and written, leakage of all banks, area; ``notes`` empty when exact."""

    read_pj: float
    write_pj: float
    leak_mw: float
    area_um2: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SramSize:
    """What is asked for: ``rows`` of all banks together, ``banks`` any number, ``ports`` for reading and writing."""

    width_bits: int
    rows: int
    banks: int = 1
    ports: int = 1


# (read pJ, write pJ, leakage mW, area um^2)
Values = tuple[float, float, float, float]
# technology nm, width bits, rows, banks, ports
Key = tuple[float, int, int, int, int]


class SramGrid:
    """The grid, indexed for exact look-up and for interpolation along width and rows."""

    def __init__(self, points: Mapping[Key, Values]) -> None:
        self._points = points
        rows_of: dict[tuple[float, int, int], dict[int, list[int]]] = {}
        for technology, width, rows, banks, ports in points:
            rows_of.setdefault((technology, banks, ports), {}).setdefault(width, []).append(rows)
        # (technology, banks, ports) -> width -> ascending rows
        self._axes = {
            key: {width: sorted(axis) for width, axis in sorted(widths.items())} for key, widths in rows_of.items()
        }

    def estimate(self, technology_nm: float, size: SramSize) -> SramFigures | None:
        """Figures of one memory; None when no technology's part of the grid covers its size.

        On a grid point this is the table's row. Narrower than 32 bits or shallower than 64 rows per bank (the
        least CACTI accepts) it is scaled down from that floor: with ws and ds the fractions of the floor that the
        memory has, energies x (0.7 ws + 0.3) ds^0.78, leakage and area x ws ds. Banks that are no power of two
        count as the next one.
        """
        banks = 1 << (size.banks - 1).bit_length()
        floor_rows = FLOOR_ROWS_PER_BANK * banks
        width, rows = max(size.width_bits, FLOOR_WIDTH_BITS), max(size.rows, floor_rows)
        found = {
            technology: values
            for technology, grid_banks, ports in self._axes
            if (grid_banks, ports) == (banks, size.ports)
            and (values := self._at(technology, width, rows, banks, ports)) is not None
        }
        if not found:
            return None
        plan = plan_technology(technology_nm, list(found))
        read, write, leak, area = _weighted(found, plan)
        width_share = min(1.0, size.width_bits / FLOOR_WIDTH_BITS)
        rows_share = min(1.0, size.rows / floor_rows)
        energy_scale = (0.7 * width_share + 0.3) * rows_share**0.78
        size_scale = width_share * rows_share
        notes = [*self._grid_notes(plan.shares[0].technology_nm, width, rows, banks, size.ports)]
        if size_scale < 1:
            notes.append(
                f"scaled down to {size.width_bits} bit x {size.rows} rows from CACTI's least, {width} bit x {rows} rows"
            )
        if banks != size.banks:
            notes.append(f"{size.banks} banks counted as {banks}")
        if plan.note:
            notes.append(plan.note)
        return SramFigures(
            read * energy_scale, write * energy_scale, leak * size_scale, area * size_scale, tuple(notes)
        )

    def coverage(self) -> str:
        """What the grid holds, for error messages."""
        widths = sorted({width for _, width, _, _, _ in self._points})
        rows = [rows for _, _, rows, _, _ in self._points]
        banks = sorted({banks for _, _, _, banks, _ in self._points})
        ports = sorted({ports for _, _, _, _, ports in self._points})
        return (
            f"width up to {widths[-1]} bits, depth up to {max(rows)} rows, n_banks up to {banks[-1]}, "
            f"n_rw_ports {' or '.join(str(port) for port in ports)}"
        )

    def _at(self, technology: float, width: int, rows: int, banks: int, ports: int) -> Values | None:
        """Figures at one technology of the grid, interpolated log-log where it has no point."""
        exact = self._points.get((technology, width, rows, banks, ports))
        if exact is not None:
            return exact
        axes = self._axes[technology, banks, ports]
        ends = []
        for end in _bracket(width, list(axes)):
            depth_ends = _bracket(rows, axes[end])
            if not depth_ends:
                return None
            ends.append(
                (end, _log_log(rows, [(at, self._points[technology, end, at, banks, ports]) for at in depth_ends]))
            )
        return _log_log(width, ends) if ends else None

    def _grid_notes(self, technology: float, width: int, rows: int, banks: int, ports: int) -> Iterable[str]:
        if (technology, width, rows, banks, ports) in self._points:
            return
        axes = self._axes[technology, banks, ports]
        widths = _bracket(width, list(axes))
        parts = []
        if len(widths) > 1:
            parts.append(f"{widths[0]} and {widths[1]} bits")
        depths = _bracket(rows, axes[widths[0]])
        if len(depths) > 1:
            parts.append(f"{depths[0]} and {depths[1]} rows")
        yield f"interpolated log-log between {', '.join(parts)} ({INTERPOLATION_ACCURACY})"


def _bracket(value: int, axis: Sequence[int]) -> tuple[int, ...]:
    """The axis' own value, or its neighbours on both sides, or nothing when it lies outside."""
    at = bisect_left(axis, value)
    if at < len(axis) and axis[at] == value:
        return (value,)
    return (axis[at - 1], axis[at]) if 0 < at < len(axis) else ()


def _log_log(value: int, ends: Sequence[tuple[int, Values]]) -> Values:
    if len(ends) == 1:
        return ends[0][1]
    (low, at_low), (high, at_high) = ends
    weight = log(value / low) / log(high / low)
    read, write, leak, area = (_between(a, b, weight) for a, b in zip(at_low, at_high, strict=True))
    return read, write, leak, area


def _between(low: float, high: float, weight: float) -> float:
    if low <= 0 or high <= 0:  # a user's table may hold zeros, which have no logarithm
        return low + (high - low) * weight
    return exp(log(low) + (log(high) - log(low)) * weight)


def _weighted(found: Mapping[float, Values], plan: TechnologyPlan) -> Values:
    read = sum_in_order(share.energy * found[share.technology_nm][0] for share in plan.shares)
    write = sum_in_order(share.energy * found[share.technology_nm][1] for share in plan.shares)
    leak = sum_in_order(share.leakage * found[share.technology_nm][2] for share in plan.shares)
    area = sum_in_order(share.area * found[share.technology_nm][3] for share in plan.shares)
    return read, write, leak, area
