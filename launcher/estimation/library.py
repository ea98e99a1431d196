"""All figures of the ``tables`` estimator, loaded once from one or several folders of CSV files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from launcher.errors import EstimationError
from launcher.estimation.analog import PARTS, AnalogTable, PartRow
from launcher.estimation.csv_files import Layout, Row, read_csv
from launcher.estimation.logic import LogicFigures, LogicTable
from launcher.estimation.sram import Key, SramGrid, Values

SRAM_FILE = "sram_cacti.csv"
LOGIC_FILE = "digital_logic.csv"
DRAM_FILE = "dram.csv"
ANALOG_FILE = "analog_parts.csv"
COMPONENTS_FILE = "components.csv"

_LAYOUTS = {
    SRAM_FILE: Layout(
        (),
        (
            "technology_nm", "width_bits", "depth", "n_banks", "n_rw_ports",
            "read_pJ", "write_pJ", "leak_mW", "area_um2",
        ),
    ),
    LOGIC_FILE: Layout(
        ("component",),
        (
            "technology_nm", "width_a_bits", "width_b_bits",
            "energy_per_operation_pJ", "leakage_per_1ns_cycle_pJ", "area_um2",
        ),
        frozenset({"width_b_bits"}),
    ),
    DRAM_FILE: Layout(("type",), ("pj_per_bit",)),
    ANALOG_FILE: Layout(
        ("part", "action"), ("technology_nm", "bits", "energy_pj", "area_um2"), frozenset({"technology_nm"})
    ),
    COMPONENTS_FILE: Layout(("component_class", "attributes", "figure"), ("value",), frozenset({"attributes"})),
}  # fmt: skip


@dataclass(frozen=True)
class OwnFigures:
    """A user's own figures of a component class, for components whose attributes match.

    Attributes:
        figures: ``<action>_pj``, ``leak_mw`` and ``area_um2`` by name.
        source: the file they stand in.
    """

    component_class: str
    attributes: Mapping[str, str]
    figures: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class Library:
    """Figures by kind, and the files they came from."""

    sram: SramGrid
    logic: LogicTable
    dram_pj_per_bit: Mapping[str, float]
    analog: AnalogTable
    own: tuple[OwnFigures, ...]
    files: Mapping[str, tuple[str, ...]]

    def looked_at(self, *names: str) -> tuple[str, ...]:
        """The files of these names in all folders."""
        return tuple(file for name in names for file in self.files.get(name, ()))


def load_library(folders: Sequence[Path]) -> Library:
    """Read the tables of all folders. A later folder's row beats an earlier one's; other rows add to it.

    Files are read again only when they changed.

    Raises:
        EstimationError: a folder is missing or holds no table, or a table is malformed (file and line).
    """
    files = [path for folder in folders for path in _tables_in(folder)]
    return _load(tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


def _tables_in(folder: Path) -> list[Path]:
    expected = f"a folder with some of {', '.join(_LAYOUTS)}"
    if not folder.is_dir():
        raise EstimationError("the folder of tables does not exist", where=str(folder), expected=expected)
    found = sorted(folder.glob("*.csv"))
    strangers = [path.name for path in found if path.name not in _LAYOUTS]
    if strangers:
        raise EstimationError(
            f"the folder of tables holds a file that nothing reads: {', '.join(strangers)}",
            where=str(folder),
            expected=expected,
            hint="rename it, or move it elsewhere",
        )
    if not found:
        raise EstimationError("the folder of tables holds no table", where=str(folder), expected=expected)
    return found


def fingerprint(folders: Sequence[Path]) -> str:
    """Eight hexadecimal digits that change with the content of the folders' tables."""
    digest = sha256()
    for path in (path for folder in folders for path in _tables_in(folder)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:8]


@lru_cache(maxsize=8)
def _load(files: tuple[tuple[Path, int, int], ...]) -> Library:
    by_name: dict[str, list[Path]] = {}
    for path, _, _ in files:
        by_name.setdefault(path.name, []).append(path)
    return Library(
        sram=SramGrid(_merged(by_name, SRAM_FILE, _sram_row)),
        logic=LogicTable(_merged(by_name, LOGIC_FILE, _logic_row)),
        dram_pj_per_bit=_merged(by_name, DRAM_FILE, lambda path, row: (row.texts[0], row.numbers[0] or 0.0)),
        analog=AnalogTable(_analog_parts(_merged(by_name, ANALOG_FILE, _analog_row))),
        own=_own_figures(_merged(by_name, COMPONENTS_FILE, _own_row)),
        files={name: tuple(str(path) for path in paths) for name, paths in by_name.items()},
    )


_K = TypeVar("_K")
_V = TypeVar("_V")


def _merged(
    by_name: Mapping[str, Sequence[Path]], name: str, parse: Callable[[Path, Row], tuple[_K, _V]]
) -> dict[_K, _V]:
    merged: dict[_K, _V] = {}
    for path in by_name.get(name, ()):
        of_file: dict[_K, _V] = {}
        for row in read_csv(path, _LAYOUTS[name]):
            key, value = parse(path, row)
            if key in of_file:
                raise EstimationError(
                    f"a second row for the same thing: {key}", where=f"{path}, line {row.line}", expected="one row each"
                )
            of_file[key] = value
        # What overrides goes last, so that where rows are summed up the last word is the later folder's.
        merged = {**{key: value for key, value in merged.items() if key not in of_file}, **of_file}
    return merged


def _whole(path: Path, row: Row, column: str, value: float | None) -> int:
    if value is None or value != int(value) or value < 1:
        shown = "empty" if value is None else f"{value:g}"
        raise EstimationError(
            f"column {column!r} is {shown}", where=f"{path}, line {row.line}", expected="a whole number, 1 or more"
        )
    return int(value)


def _positive(path: Path, row: Row, column: str, value: float | None) -> float:
    if not value:
        raise EstimationError(
            f"column {column!r} is 0 or empty", where=f"{path}, line {row.line}", expected="a number greater than 0"
        )
    return value


def _sram_row(path: Path, row: Row) -> tuple[Key, Values]:
    technology, width, depth, banks, ports, read, write, leak, area = row.numbers
    key = (
        _positive(path, row, "technology_nm", technology),
        _whole(path, row, "width_bits", width),
        _whole(path, row, "depth", depth),
        _whole(path, row, "n_banks", banks),
        _whole(path, row, "n_rw_ports", ports),
    )
    return key, (read or 0.0, write or 0.0, leak or 0.0, area or 0.0)


def _logic_row(path: Path, row: Row) -> tuple[tuple[str, float, tuple[int, int]], LogicFigures]:
    technology, a_bits, b_bits, energy, leak, area = row.numbers
    unit = row.texts[0]
    units = ("adder", "multiplier", "register")
    if unit not in units:
        raise EstimationError(
            f"column 'component' holds {unit!r}",
            where=f"{path}, line {row.line}",
            expected=f"one of {', '.join(units)}",
        )
    widths = [_whole(path, row, "width_a_bits", a_bits)]
    if unit == "multiplier":
        widths.append(_whole(path, row, "width_b_bits", b_bits))
    key = (min(widths), max(widths) if unit == "multiplier" else 0)
    # Energy per 1 ns cycle in pJ is the same number as power in mW.
    return (unit, _positive(path, row, "technology_nm", technology), key), LogicFigures(
        energy or 0.0, leak or 0.0, area or 0.0
    )


def _analog_row(path: Path, row: Row) -> tuple[tuple[str, int, str], PartRow]:
    technology, bits, energy, area = row.numbers
    part, action = row.texts
    if part not in PARTS:
        raise EstimationError(
            f"column 'part' holds {part!r}", where=f"{path}, line {row.line}", expected=f"one of {', '.join(PARTS)}"
        )
    figures = PartRow(technology, {action: energy or 0.0}, area or 0.0)
    return (part, _whole(path, row, "bits", bits), action), figures


def _analog_parts(rows: Mapping[tuple[str, int, str], PartRow]) -> dict[str, dict[int, PartRow]]:
    parts: dict[str, dict[int, PartRow]] = {}
    for (part, bits, _), row in rows.items():
        of_part = parts.setdefault(part, {})
        known = of_part.get(bits)
        if known and known.technology_nm != row.technology_nm:
            raise EstimationError(
                f"rows of {part!r}, {bits} bits, stand at different technologies",
                where=ANALOG_FILE,
                expected="one technology for all actions of a part of the same bits, or none for all",
            )
        energies = {**(known.energy_pj if known else {}), **row.energy_pj}
        of_part[bits] = PartRow(row.technology_nm, energies, row.area_um2)
    return parts


def _own_row(path: Path, row: Row) -> tuple[tuple[str, str, str], tuple[float, str]]:
    component_class, attributes, figure = row.texts
    where = f"{path}, line {row.line}"
    if figure not in ("leak_mw", "area_um2") and not (figure.endswith("_pj") and figure.removesuffix("_pj")):
        raise EstimationError(
            f"column 'figure' holds {figure!r}", where=where, expected="<action>_pj, leak_mw or area_um2"
        )
    for pair in attributes.split():
        if not all(pair.partition("=")):
            raise EstimationError(
                f"column 'attributes' holds {pair!r}",
                where=where,
                expected="pairs like width=64 depth=1024, or nothing",
            )
    key = (component_class, " ".join(sorted(attributes.split())), figure)
    return key, (row.numbers[0] or 0.0, str(path))


def _own_figures(rows: Mapping[tuple[str, str, str], tuple[float, str]]) -> tuple[OwnFigures, ...]:
    groups: dict[tuple[str, str], tuple[dict[str, float], str]] = {}
    for (component_class, attributes, figure), (value, source) in rows.items():
        groups.setdefault((component_class, attributes), ({}, source))[0][figure] = value
    return tuple(
        OwnFigures(component_class, dict(pair.split("=", 1) for pair in attributes.split()), figures, source)
        for (component_class, attributes), (figures, source) in groups.items()
    )
