"""Parts of analog in-memory computing: converters, sample-and-hold, shift-and-add, output buffer, memory cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, log

from launcher.estimation.technology import plan_technology

PARTS = ("adc", "dac", "sample_and_hold", "shift_and_add", "output_buffer_128_words", "memory_cell")
LARGEST_CELL_BITS = 4
LARGEST_CONVERTER_BITS = 16


@dataclass(frozen=True)
class PartFigures:
    """One part: energy per action by name, area; ``notes`` empty when a table row was used as it stands."""

    energy_pj: Mapping[str, float]
    area_um2: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartRow:
    """One size of a part in the table. ``technology_nm`` None: its figures do not follow the technology."""

    technology_nm: float | None
    energy_pj: Mapping[str, float]
    area_um2: float


class AnalogTable:
    """Parts by name and bits. A method returns None where the table has no row to start from."""

    def __init__(self, parts: Mapping[str, Mapping[int, PartRow]]) -> None:
        self._parts = parts

    def adc(self, technology_nm: float, bits: int) -> PartFigures | None:
        """A successive-approximation ADC: x 2 per bit in energy (constant energy per step) and in area (capacitors)."""
        return self._scaled("adc", technology_nm, bits, lambda n: 2.0**n)

    def dac(self, technology_nm: float, bits: int) -> PartFigures | None:
        """A DAC of 2^bits - 1 unit elements."""
        return self._scaled("dac", technology_nm, bits, lambda n: 2.0**n - 1)

    def shift_and_add(self, technology_nm: float, bits: int) -> PartFigures | None:
        """A shift-and-add unit: linear in width."""
        return self._scaled("shift_and_add", technology_nm, bits, float)

    def sample_and_hold(self, technology_nm: float) -> PartFigures | None:
        """A sample-and-hold circuit, of any precision."""
        return self._scaled("sample_and_hold", technology_nm, 1, lambda _: 1.0)

    def output_buffer(self, technology_nm: float, bits: int, words: int) -> PartFigures | None:
        """The buffer that collects sums of ``words`` outputs: the rule of small SRAMs, from the row's 128 words.

        Energies x (0.7 w + 0.3) d^0.78, area x w d, with w and d the ratios of width and depth.
        """
        rows = self._parts.get("output_buffer_128_words")
        if not rows:
            return None
        row_bits = bits if bits in rows else min(rows, key=lambda n: max(n / bits, bits / n))
        wide, deep = bits / row_bits, words / 128
        note = "" if wide == deep == 1 else f"output buffer scaled from 128 x {row_bits} to {words} x {bits} bits"
        energy_scale = (0.7 * wide + 0.3) * deep**0.78
        return _at_technology("output buffer", rows[row_bits], technology_nm, (energy_scale, wide * deep), note)

    def cell(self, bits: int) -> PartFigures | None:
        """A memory cell; beyond the table's cells log-log in its bits, up to 4. None beyond that."""
        rows = self._parts.get("memory_cell")
        if not rows:
            return None
        if bits in rows:
            return PartFigures(rows[bits].energy_pj, rows[bits].area_um2)
        known = sorted(rows)
        if len(known) < 2 or not known[0] < bits <= max(LARGEST_CELL_BITS, known[-1]):
            return None
        high = next((at for at in range(1, len(known)) if known[at] > bits), len(known) - 1)
        low_bits, high_bits = known[high - 1], known[high]
        weight = log(bits / low_bits) / log(high_bits / low_bits)
        low, top = rows[low_bits], rows[high_bits]
        energies = {
            action: _geometric(energy, top.energy_pj[action], weight)
            for action, energy in low.energy_pj.items()
            if action in top.energy_pj
        }
        how = "extrapolated" if bits > high_bits else "interpolated"
        note = f"cell {how} log-log from {low_bits} and {high_bits} bits"
        return PartFigures(energies, _geometric(low.area_um2, top.area_um2, weight), (note,))

    def _scaled(self, part: str, technology_nm: float, bits: int, law: Callable[[int], float]) -> PartFigures | None:
        rows = self._parts.get(part)
        if not rows:
            return None
        row_bits = bits if bits in rows else min(rows, key=lambda n: max(law(n) / law(bits), law(bits) / law(n)))
        factor = law(bits) / law(row_bits)
        label = part.replace("_", "-")
        note = "" if row_bits == bits else f"{label} scaled from {row_bits} to {bits} bits"
        return _at_technology(label, rows[row_bits], technology_nm, (factor, factor), note)


def _at_technology(
    label: str, row: PartRow, technology_nm: float, scales: tuple[float, float], note: str
) -> PartFigures:
    """A row times the scales of energy and area, brought to a technology."""
    energy_scale, area_scale = scales
    notes = [note] if note else []
    if row.technology_nm is not None:
        plan = plan_technology(technology_nm, [row.technology_nm])
        energy_scale *= plan.shares[0].energy
        area_scale *= plan.shares[0].area
        if plan.note:
            notes.append(f"{label} {plan.note}")
    energies = {action: energy * energy_scale for action, energy in row.energy_pj.items()}
    return PartFigures(energies, row.area_um2 * area_scale, tuple(notes))


def _geometric(low: float, high: float, weight: float) -> float:
    if low <= 0 or high <= 0:
        return max(0.0, low + (high - low) * weight)
    return exp(log(low) + (log(high) - log(low)) * weight)
