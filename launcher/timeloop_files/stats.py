"""The report of a Timeloop run (``stats.txt``): its figures, and how ours compare with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import SpecificationError
from launcher.results.evaluation import Evaluation, LevelStats
from launcher.summing import sum_in_order

_MAX_BYTES = 32 * 2**20
_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?"
_LINE = re.compile(rf"^\s+(\S[^:]*?)\s*:\s*({_NUMBER})(?:\s|$)")
_SUMMARY = re.compile(rf"^(Utilization|Cycles|Energy|EDP\(J\*cycle\)|Computes)\s*[:=]\s*({_NUMBER})\s*(%|uJ)?\s*$")
_PER_COMPUTE = re.compile(r"^([fp]J)/(?:Compute|MACC)\s*$")
_FEMTOJOULES = {"fJ": 1.0, "pJ": 1000.0}
"""Timeloop has printed energies per compute in fJ since September 2023, and in pJ before."""
_NAME = re.compile(r"^=== (.+) ===\s*$")
_DATA_SPACE = re.compile(r"^ {4}(\w+):\s*$")
_SHARE = re.compile(rf"^ {{4}}(\S+)\s+= ({_NUMBER})\s*$")

_DATA_SPACE_FIGURES = {
    "Utilized capacity": "tile words",
    "Utilized instances (max)": "utilized instances",
    "Scalar reads (per-instance)": "reads",
    "Scalar fills (per-instance)": "fills",
    "Scalar updates (per-instance)": "updates",
    "Energy (total)": "energy in pJ",
}
_LEVEL_FIGURES = {"Cycles": "cycles", "Leakage energy (total)": "leakage in pJ"}
_COMPUTE_FIGURES = {"Computes (total)": "computes", "Cycles": "cycles", "Energy (total)": "energy in pJ"}

Key = tuple[str, ...]
"""Where a figure belongs, outermost first: ``("shared_glb", "Inputs", "reads")``."""


@dataclass(frozen=True)
class Printed:
    """A figure as it was printed: rounded to its last digit."""

    value: float
    tolerance: float

    @classmethod
    def of(cls, text: str) -> Printed:
        """Whole numbers were printed exactly; others are good to half a unit of their last digit."""
        mantissa, _, exponent = text.lower().partition("e")
        decimals = len(mantissa.partition(".")[2])
        exact = "." not in mantissa and not exponent
        return cls(float(text), 0.0 if exact else 0.5 * 10.0 ** (int(exponent or 0) - decimals))

    def times(self, factor: float) -> Printed:
        """The same figure in another unit."""
        return Printed(self.value * factor, self.tolerance * factor)

    def agrees(self, value: float) -> bool:
        """Whether ``value`` could have been printed so."""
        return abs(value - self.value) <= self.tolerance * (1 + 1e-6) + 1e-9 * abs(value) * (self.tolerance > 0)


@dataclass(frozen=True)
class Difference:
    """A figure on which we do not agree with the report."""

    key: Key
    ours: float
    theirs: float

    def __str__(self) -> str:
        return f"{' '.join(self.key)}: {self.ours:.12g} here, {self.theirs:.12g} in the report"


@dataclass(frozen=True)
class Comparison:
    """How an evaluation compares with a report.

    Attributes:
        report: the report's file.
        compared: how many of the report's figures were compared.
        differences: those on which the two do not agree.
        older: which rules of earlier versions of Timeloop make all figures agree; the differences are then those
            between its versions.
    """

    report: Path
    compared: int
    differences: tuple[Difference, ...]
    older: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether some version of Timeloop that we reproduce prints exactly this report."""
        return self.older is not None or not self.differences


def compare(evaluation: Evaluation, compute_name: str, report: Path) -> Comparison:
    """Compare an evaluation with a report, figure by figure.

    Args:
        evaluation: a legal one.
        compute_name: of the arithmetic level, under which the report shows it.
        report: the ``stats.txt``.

    Raises:
        SpecificationError: the report cannot be read, or holds no figures.
    """
    ours = dict(_our_figures(evaluation, compute_name))
    theirs = read_report(report)
    shared = [key for key in theirs if key in ours]
    if not shared:
        raise SpecificationError(
            "the report holds none of this mapping's figures", where=str(report), expected="the stats.txt of its run"
        )
    differences = [Difference(key, ours[key], theirs[key].value) for key in shared if not theirs[key].agrees(ours[key])]
    differences += [Difference(key, float("nan"), theirs[key].value) for key in theirs if _missing(key, ours)]
    return Comparison(report, len(shared), tuple(differences))


def _missing(key: Key, ours: dict[Key, float]) -> bool:
    """A level or data space that only the report knows; we do not print data spaces that a level bypasses."""
    return key not in ours and key[-1] in ("reads", "fills", "updates")


def read_report(path: Path) -> dict[Key, Printed]:
    """All figures of a report that we know how to compare."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SpecificationError("the report is too large", where=str(path), expected="a stats.txt of Timeloop")
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise SpecificationError(f"cannot read the report: {error.strerror}", where=str(path)) from None
    return dict(_figures(lines))


def _figures(lines: list[str]) -> Iterator[tuple[Key, Printed]]:
    level, data_space, part = "", "", "levels"
    is_compute = False
    for line in lines:
        if line.startswith(("Networks", "Operational Intensity", "Summary Stats")):
            part = line.split()[0]
        elif match := _PER_COMPUTE.match(line):
            part = match[1]
        elif match := _NAME.match(line):
            level, data_space, is_compute = match[1], "", False
        elif match := _DATA_SPACE.match(line):
            data_space = match[1]
        elif match := _SUMMARY.match(line):
            yield _summary(match[1], match[2], match[3] or "")
        elif part in _FEMTOJOULES and (match := _SHARE.match(line)):
            printed = Printed.of(match[2]).times(_FEMTOJOULES[part])
            yield ("total" if match[1] == "Total" else match[1], "fJ per compute"), printed
        elif part == "levels" and (match := _LINE.match(line)):
            label = match[1].removeprefix("Actual ").replace("Actual scalar", "Scalar").capitalize()
            is_compute = is_compute or label == "Computes (total)"
            name = _label(label, data_space, is_compute=is_compute or label == "Compute energy")
            if name is not None:
                yield ((level, data_space, name) if data_space else (level, name)), Printed.of(match[2])


def _label(label: str, data_space: str, *, is_compute: bool) -> str | None:
    if data_space:
        return _DATA_SPACE_FIGURES.get(label)
    return (_COMPUTE_FIGURES if is_compute else _LEVEL_FIGURES).get(label)


def _summary(name: str, text: str, unit: str) -> tuple[Key, Printed]:
    printed = Printed.of(text)
    if unit == "%":
        printed = Printed(printed.value / 100, printed.tolerance / 100)
    names = {"Energy": "energy in uJ", "EDP(J*cycle)": "EDP in J x cycles"}
    return ("total", names.get(name, name.lower())), printed


def _our_figures(evaluation: Evaluation, compute_name: str) -> Iterator[tuple[Key, float]]:
    yield ("total", "energy in uJ"), evaluation.energy_pj / 1e6
    yield ("total", "cycles"), evaluation.cycles
    yield ("total", "utilization"), evaluation.utilization
    yield ("total", "computes"), evaluation.computes
    yield ("total", "EDP in J x cycles"), evaluation.edp_j_cycles
    per_compute = 1000 / evaluation.computes if evaluation.computes else 0.0
    yield ("total", "fJ per compute"), evaluation.energy_pj * per_compute
    yield (compute_name, "fJ per compute"), evaluation.compute_energy_pj * per_compute
    yield (compute_name, "computes"), evaluation.computes
    yield (compute_name, "energy in pJ"), evaluation.compute_energy_pj
    for name, energy_pj in evaluation.network_energy_pj.items():
        yield (name, "fJ per compute"), energy_pj * per_compute
    for level in evaluation.levels:
        yield (level.level, "fJ per compute"), level.energy_pj * per_compute
        yield from _level_figures(level)


def _level_figures(level: LevelStats) -> Iterator[tuple[Key, float]]:
    yield (level.level, "cycles"), level.cycles
    yield (level.level, "leakage in pJ"), level.leakage_pj
    for name, stats in level.data_spaces.items():
        yield (level.level, name, "tile words"), stats.tile_words
        yield (level.level, name, "reads"), stats.reads
        yield (level.level, name, "fills"), stats.fills
        yield (level.level, name, "updates"), stats.updates
        yield (level.level, name, "utilized instances"), stats.utilized_instances
        yield (level.level, name, "energy in pJ"), sum_in_order(stats.energy_pj.values())
