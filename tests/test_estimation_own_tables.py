"""A user's own tables: they add figures, override some, and are told where they are malformed."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.errors import EstimationError
from launcher.estimation import EstimatorSettings, estimate
from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification

SRAM_HEADER = "technology_nm,width_bits,depth,n_banks,n_rw_ports,read_pJ,write_pJ,leak_mW,area_um2\n"
OWN_HEADER = "component_class,attributes,figure,value,source\n"


def filled(folder: Path, component_class: str, **attributes: object) -> Specification:
    level = StorageLevel("memory", component_class, attributes=attributes)
    shared = {"technology": 32, "global_cycle_seconds": 1e-9}
    architecture = Architecture("test", (level,), ComputeLevel("pe", "free_compute"), {}, shared)
    return estimate(Specification(architecture, Problem("none", {}, ())), settings=EstimatorSettings((folder,)))


def energy(specification: Specification, action: str = "read") -> float:
    assert specification.energy is not None
    return specification.energy.components["memory"][action][0].energy_pj


def test_rows_of_a_users_folder_add_to_the_projects_and_beat_them(tmp_path: Path) -> None:
    (tmp_path / "dram.csv").write_text("type,pj_per_bit,source\nLPDDR4,9,own\nHBM3,3.5,own\n")
    assert energy(filled(tmp_path, "DRAM", type="LPDDR4", width=64)) == 576
    assert energy(filled(tmp_path, "DRAM", type="HBM3", width=64)) == 224
    assert energy(filled(tmp_path, "DRAM", type="DDR3", width=64)) == 4480


def test_a_users_memory_off_the_grid_is_exact(tmp_path: Path) -> None:
    (tmp_path / "sram_cacti.csv").write_text(SRAM_HEADER + "32,128,20000,4,1,50,49,0.01,600000\n")
    found = filled(tmp_path, "SRAM", width=128, depth=20000, n_banks=4)
    assert (energy(found), energy(found, "leak"), found.flags) == (50, pytest.approx(0.01), ())
    assert energy(filled(tmp_path, "SRAM", width=128, depth=32768, n_banks=4)) == 57.039


def test_a_lone_memory_at_another_technology_does_not_disturb_the_others(tmp_path: Path) -> None:
    (tmp_path / "sram_cacti.csv").write_text(SRAM_HEADER + "28,64,512,1,1,5,5,0.01,6000\n")
    found = filled(tmp_path, "SRAM", width=64, depth=4096, technology=30)
    assert "between 22 and 32 nm" in found.flags[0]


def test_the_version_tells_own_tables_apart(tmp_path: Path) -> None:
    table = tmp_path / "dram.csv"
    table.write_text("type,pj_per_bit\nLPDDR4,9\n")
    first = filled(tmp_path, "DRAM", type="LPDDR4", width=64)
    table.write_text("type,pj_per_bit\nLPDDR4,10.5\n")
    second = filled(tmp_path, "DRAM", type="LPDDR4", width=64)
    assert energy(second) == 672  # a changed table is read again
    assert first.estimator and first.estimator.startswith("tables 0.1.0+")
    assert first.estimator != second.estimator


def test_a_class_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "components.csv").write_text(
        OWN_HEADER
        + "cam_storage,,read_pj,1.5,measured\n"
        + "cam_storage,,write_pj,2.5,measured\n"
        + "cam_storage,,leak_mw,0.5,measured\n"
        + "cam_storage,,area_um2,80,measured\n"
        + "cam_storage,width=64 technology=32nm,read_pj,3.5,measured\n"
        + "cam_storage,width=64 technology=32nm,write_pj,4.5,measured\n"
        + "cam_storage,width=64 technology=32nm,leak_pj,0,measured\n"
        + "cam_storage,width=64 technology=32nm,area_um2,90,measured\n"
    )
    general, wide = filled(tmp_path, "cam_storage", width=32), filled(tmp_path, "cam_storage", width=64)
    assert (energy(general), energy(general, "update"), energy(general, "leak")) == (1.5, 2.5, 0.5)
    assert (energy(wide), energy(wide, "leak")) == (3.5, 0.0)
    assert general.area is not None and general.area.components["memory"] == 80
    assert "components.csv" in general.flags[0]


def test_own_figures_of_one_component_beat_its_class(tmp_path: Path) -> None:
    rows = "".join(f"SRAM,name=memory,{figure},7,own\n" for figure in ("read_pj", "write_pj", "leak_pj", "area_um2"))
    (tmp_path / "components.csv").write_text(OWN_HEADER + rows)
    assert energy(filled(tmp_path, "SRAM", width=32, depth=64)) == 7


def test_own_figures_that_lack_something_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "components.csv").write_text(OWN_HEADER + "cam,,read_pj,1.5,measured\n")
    with pytest.raises(EstimationError, match="lack write_pj, leak_pj, area_um2"):
        filled(tmp_path, "cam")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("dram.csv", "type\nLPDDR4\n", ("no column 'pj_per_bit'", "line 1", "columns type, pj_per_bit")),
        ("dram.csv", "# c\ntype,pj_per_bit\n\nLPDDR4,cheap\n", ("'cheap'", "line 4", "0 or more")),
        ("dram.csv", "type,pj_per_bit\nLPDDR4,-1\n", ("'-1'", "line 2")),
        ("dram.csv", "type,pj_per_bit\nLPDDR4,nan\n", ("'nan'", "line 2")),
        ("dram.csv", "type,pj_per_bit\nLPDDR4\n", ("'pj_per_bit' is empty", "line 2")),
        ("dram.csv", "type,pj_per_bit\nA,1\nA,2\n", ("second row", "line 3")),
        ("dram.csv", 'type,pj_per_bit\n"A,1\n', ("not a CSV file",)),
        ("dram.csv", "", ("empty", "dram.csv")),
        ("sram_cacti.csv", SRAM_HEADER + "32,128,20000,4.5,1,1,1,1,1\n", ("n_banks", "4.5", "line 2")),
        ("sram_cacti.csv", SRAM_HEADER + "0,128,20000,4,1,1,1,1,1\n", ("technology_nm", "line 2")),
        ("digital_logic.csv",
         "component,technology_nm,width_a_bits,energy_per_operation_pJ,leakage_per_1ns_cycle_pJ,area_um2\nxor,32,8,1,1,1\n",
         ("'xor'", "adder, multiplier, register", "line 2")),
        ("analog_parts.csv", "part,action,bits,energy_pj,area_um2\ntia,read,8,1,1\n", ("'tia'", "sample_and_hold")),
        ("components.csv", OWN_HEADER + "a,,read,1,x\n", ("'read'", "<action>_pj", "line 2")),
        ("components.csv", OWN_HEADER + "a,width,read_pj,1,x\n", ("'width'", "width=64", "line 2")),
        ("sram.csv", "a\n", ("sram.csv", "sram_cacti.csv")),
        ("notes.txt", "a\n", ("holds no table",)),
    ],
)  # fmt: skip
def test_a_malformed_table_is_told_with_file_and_line(
    tmp_path: Path, name: str, text: str, words: tuple[str, ...]
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(EstimationError) as caught:
        filled(tmp_path, "DRAM", type="LPDDR4", width=64)
    assert str(tmp_path) in str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_missing_folder_and_a_binary_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(EstimationError, match="does not exist"):
        filled(tmp_path / "nowhere", "DRAM", type="LPDDR4", width=64)
    (tmp_path / "dram.csv").write_bytes(b"type,pj_per_bit\n\xff\xfe,1\n")
    with pytest.raises(EstimationError, match="not UTF-8"):
        filled(tmp_path, "DRAM", type="LPDDR4", width=64)
