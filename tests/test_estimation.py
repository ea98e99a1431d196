"""Energy and area from the project's tables, through ``launcher.estimation.estimate``."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.errors import EstimationError
from launcher.estimation import EstimatorSettings, estimate
from launcher.paths import data_folder
from launcher.specification.architecture import (
    Architecture,
    Component,
    ComputeLevel,
    Network,
    StorageLevel,
)
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "golden"
GLOBAL = {"technology": "32nm", "global_cycle_seconds": 1.2e-9}
PIM = {"rows": 128, "cols": 128, "word_bits": 16, "cell_bits": 2, "dac_bits": 1, "adc_bits": 8}
PROBLEM = Problem("none", {}, ())


def memory(component_class: str, name: str = "memory", **attributes: object) -> StorageLevel:
    return StorageLevel(name, component_class, attributes=attributes)


def converters(kind: str, **changes: object) -> Network:
    return Network(
        kind, "SimpleMulticast", attributes={**PIM, "network_kind": kind, **changes}, per_data_space_actions=True
    )


def specification(*components: Component, **attributes: object) -> Specification:
    """An architecture of these components; a free compute level when none is given."""
    levels = tuple(part for part in components if isinstance(part, StorageLevel))
    compute = next((part for part in components if isinstance(part, ComputeLevel)), ComputeLevel("pe", "free_compute"))
    networks = {part.name: part for part in components if isinstance(part, Network)}
    return Specification(Architecture("test", levels, compute, networks, {**GLOBAL, **attributes}), PROBLEM)


class Estimated:
    """What ``estimate`` says about one component."""

    def __init__(self, component: Component, tables: tuple[Path, ...] = (), **attributes: object) -> None:
        filled = estimate(specification(component, **attributes), settings=EstimatorSettings(tables))
        assert filled.energy is not None and filled.area is not None
        self.energy: Mapping[str, float] = {
            action: entries[0].energy_pj for action, entries in filled.energy.components[component.name].items()
        }
        self.area_um2 = filled.area.components[component.name]
        self.flags = filled.flags


# --- Exact figures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("component", "action", "energy_pj"),
    [
        (memory("SRAM", width=128, depth=32768, n_banks=4), "read", 57.039),
        (memory("SRAM", width=128, depth=32768, n_banks=4), "write", 54.0501),
        (memory("SRAM", width=32, depth=4096, n_banks=2), "read", 4.54186),
        (memory("SRAM", width=32, depth=4096, n_banks=2), "leak", 0.00083605 * 1.2),
        (memory("DRAM", type="LPDDR4", width=64), "read", 512.0),
        (memory("DRAM", type="ddr3", width=64), "update", 4480.0),
        (memory("register", width=8, depth=1), "read", 0.0600642),
        (ComputeLevel("mac", "intmac", attributes={"multiplier_width": 8, "adder_width": 32}), "compute", 0.340468),
        (ComputeLevel("mac", "intmac", attributes={"multiplier_width": 16, "adder_width": 16}), "compute", 1.4098436),
        (ComputeLevel("add", "intadder", attributes={"width": 24}), "compute", 0.13139),
        (ComputeLevel("mul", "intmultiplier", attributes={"width_a": 16, "width_b": 8}), "compute", 0.661123),
        (memory("memcell_storage", cell_bits=2, word_bits=16), "read", 8 * 0.0066),
        (memory("memcell_storage", cell_bits=1, datawidth=16), "write", 16 * 0.00165),
        (ComputeLevel("mac", "memcell_mac", attributes=PIM), "compute", 8 * 16 * 1.83e-3),
        (converters("dac"), "transfer_Inputs", 8 * 16 * 0.0033),
        (converters("adc"), "transfer_Outputs", 8 * 16 * (8.13e-6 + 1.66 + 0.0418) + 28 * 0.192),
    ],
)
def test_a_table_row_is_used_as_it_stands_and_not_flagged(component: Component, action: str, energy_pj: float) -> None:
    estimated = Estimated(component)
    assert estimated.energy[action] == pytest.approx(energy_pj, rel=1e-12)
    assert estimated.flags == ()


def test_the_estimator_and_its_version_are_told_and_other_flags_kept() -> None:
    before = Specification(specification().architecture, PROBLEM, flags=("seen before",))
    filled = estimate(before)
    assert filled.estimator == "tables 0.1.0"
    assert filled.flags == ("seen before",)


def test_storage_has_the_four_actions_and_an_update_is_a_write() -> None:
    energy = Estimated(memory("SRAM", width=64, depth=1024)).energy
    assert set(energy) == {"read", "write", "update", "leak"}
    assert energy["update"] == energy["write"]


@pytest.mark.parametrize("component_class", ["dummy_storage", "free_storage"])
def test_what_only_fans_out_costs_nothing(component_class: str) -> None:
    estimated = Estimated(memory(component_class, technology=-1))
    assert set(estimated.energy.values()) == {0.0}
    assert estimated.area_um2 == 0.0


def test_a_free_network_costs_nothing() -> None:
    network = Network("wires", "SimpleMulticast", attributes={"network_kind": "free"}, action_name="move")
    assert Estimated(network).energy == {"move": 0.0}


# --- Against the real Accelergy ----------------------------------------------------------------------------------

# Attributes that the golden files do not carry: banks, and for DRAM its type.
_GOLDEN_ATTRIBUTES = {
    "gemmini_bert_large_KQV": {
        "Registers": {},
        "Accumulator": {"n_banks": 2},
        "Scratchpad": {"n_banks": 4},
        "DRAM": {"type": "LPDDR4"},
    },
    "pim_gemm_small": {"shared_glb": {"n_banks": 4}, "DRAM": {"type": "LPDDR4"}},
    "tpu_gemm": {
        "Registers": {"technology": 28},
        "Accumulator": {"n_banks": 2, "technology": 28},
        "WeightsFIFO": {"n_banks": 4, "technology": 28},
        "DRAM": {"type": "DDR3"},
        "WeightsDRAM": {"type": "DDR3"},
    },
}


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="the golden cases are not beside the repository")
@pytest.mark.parametrize("case", _GOLDEN_ATTRIBUTES)
def test_energies_equal_those_of_accelergy_with_cacti(case: str) -> None:
    with gzip.open(GOLDEN / f"{case}.json.gz", "rt") as file:
        levels: list[dict[str, Any]] = json.load(file)["architecture"]["storage_levels_innermost_first"]
    by_name = {level["name"]: level for level in levels}
    for name, attributes in _GOLDEN_ATTRIBUTES[case].items():
        golden = by_name[name]
        row_bits = golden["word_bits"] * golden["block_size"]
        rows = None if golden["capacity_words"] is None else golden["capacity_words"] // golden["block_size"]
        estimated = Estimated(memory(golden["component_class"], name, width=row_bits, depth=rows, **attributes))
        expected = golden["energy_pj"]
        printed = {"read": expected["read"], "write": expected["fill"], "update": expected["update"]}
        printed["leak"] = expected["leak_per_cycle"]
        # Six digits are printed.
        assert estimated.energy == pytest.approx(printed, rel=5e-6), name


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="the golden cases are not beside the repository")
def test_an_interpolated_memory_is_near_accelergys_and_flagged() -> None:
    # 24 MiB in 128-bit rows at 28 nm: Accelergy reads it for 315.867 pJ, writes it for 298.633 pJ.
    estimated = Estimated(memory("SRAM", "UnifiedBuffer", width=128, depth=1572864, n_banks=4, technology="28nm"))
    assert estimated.energy["read"] == pytest.approx(315.867, rel=0.04)
    assert estimated.energy["write"] == pytest.approx(298.633, rel=0.04)
    assert estimated.flags[0].startswith("UnifiedBuffer: interpolated log-log between 1048576 and 2097152 rows")
    assert "1.6 % median, 11 % p90, 34 % max" in estimated.flags[0]
    assert "linearly between 22 and 32 nm" in estimated.flags[0]


# --- Between, below and beyond the rows ---------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(32, 1024),
    depth=st.integers(256, 1_000_000),
    banks=st.sampled_from([1, 2, 4]),
    technology=st.sampled_from([22, 32, 45, 65, 90]),
)
def test_an_interpolated_memory_lies_between_its_neighbours(
    width: int, depth: int, banks: int, technology: int
) -> None:
    def at(row_bits: int, rows: int) -> Estimated:
        return Estimated(memory("SRAM", width=row_bits, depth=rows, n_banks=banks, technology=technology))

    ends = [
        at(row_bits, rows)
        for row_bits in {1 << (width.bit_length() - 1), 1 << (width - 1).bit_length()}
        for rows in {1 << (depth.bit_length() - 1), 1 << (depth - 1).bit_length()}
    ]
    estimated = at(width, depth)
    for action in ("read", "write", "leak"):
        energies = [end.energy[action] for end in ends]
        assert min(energies) * (1 - 1e-12) <= estimated.energy[action] <= max(energies) * (1 + 1e-12)
    assert min(end.area_um2 for end in ends) <= estimated.area_um2 * (1 + 1e-12)
    assert bool(estimated.flags) == (len(ends) > 1)


def test_the_middle_of_two_rows_in_ratio_is_their_geometric_mean() -> None:
    low, high = (Estimated(memory("SRAM", width=64, depth=rows)) for rows in (1024, 4096))
    middle = Estimated(memory("SRAM", width=64, depth=2048))
    between = Estimated(memory("SRAM", width=64, depth=round(1024 * math.sqrt(2))))
    assert low.energy["read"] < between.energy["read"] < middle.energy["read"] < high.energy["read"]
    assert between.energy["read"] == pytest.approx(math.sqrt(low.energy["read"] * middle.energy["read"]), rel=1e-3)


def test_small_memories_are_scaled_down_from_cactis_least() -> None:
    least, small = (
        Estimated(memory("SRAM", width=32, depth=128, n_banks=2)),
        memory("SRAM", width=8, depth=3, n_banks=2),
    )
    estimated = Estimated(small)
    wide, deep = 8 / 32, 3 / 128
    assert estimated.energy["read"] == pytest.approx(least.energy["read"] * (0.7 * wide + 0.3) * deep**0.78)
    assert estimated.energy["leak"] == pytest.approx(least.energy["leak"] * wide * deep)
    assert estimated.area_um2 == pytest.approx(least.area_um2 * wide * deep)
    assert estimated.flags == ("memory: scaled down to 8 bit x 3 rows from CACTI's least, 32 bit x 128 rows",)


@pytest.mark.parametrize(
    ("technology", "base", "energy", "leak", "area"),
    [
        ("7nm", 22, (7 / 22) ** 0.5, 0.79 * (7 / 22) ** 0.5, 7 / 22),
        (180, 90, 4.0, 4.0, 4.0),
    ],
)
def test_technologies_beyond_the_table(technology: object, base: int, energy: float, leak: float, area: float) -> None:
    attributes = {"width": 64, "depth": 4096, "n_banks": 2}
    known = Estimated(memory("SRAM", technology=base, **attributes))
    scaled = Estimated(memory("SRAM", technology=technology, **attributes))
    assert scaled.energy["read"] == pytest.approx(known.energy["read"] * energy)
    assert scaled.energy["leak"] == pytest.approx(known.energy["leak"] * leak)
    assert scaled.area_um2 == pytest.approx(known.area_um2 * area)
    assert f"scaled from {base} to {str(technology).removesuffix('nm')} nm" in scaled.flags[0]


def test_technologies_between_two_of_the_table_are_interpolated_linearly() -> None:
    low, middle, high = (Estimated(memory("SRAM", width=64, depth=4096, technology=nm)) for nm in (32, 40, 45))
    expected = low.energy["read"] + 8 / 13 * (high.energy["read"] - low.energy["read"])
    assert middle.energy["read"] == pytest.approx(expected)
    assert "interpolated linearly between 32 and 45 nm" in middle.flags[0]


def test_banks_count_as_the_next_power_of_two() -> None:
    three, four = (Estimated(memory("SRAM", width=64, depth=4096, n_banks=banks)) for banks in (3, 4))
    assert three.energy == four.energy
    assert three.flags == ("memory: 3 banks counted as 4",)


def test_rows_wider_than_the_table_are_memories_side_by_side() -> None:
    half, whole = (Estimated(memory("SRAM", width=width, depth=4096)) for width in (1024, 2048))
    assert whole.energy == pytest.approx({action: 2 * energy for action, energy in half.energy.items()})
    assert whole.area_um2 == pytest.approx(2 * half.area_um2)
    assert whole.flags == ("memory: 2 memories of 1024 bits side by side",)


def test_port_attributes_that_change_nothing_are_told() -> None:
    flags = Estimated(memory("SRAM", width=64, depth=4096, n_rdwr_ports=2)).flags
    assert flags == ("memory: n_rdwr_ports=2 has no effect (n_rw_ports sets the ports)",)


def test_multipliers_follow_the_law_of_the_tables_rows() -> None:
    estimated = Estimated(ComputeLevel("mul", "intmultiplier", attributes={"width": 32}))
    assert estimated.energy["compute"] == pytest.approx(64 * 0.165281, rel=1e-4)
    assert estimated.flags == ("mul: multiplier scaled from 16 x 16 to 32 x 32 bits",)


def test_energy_and_area_scales_of_the_architecture_apply() -> None:
    plain = Estimated(memory("SRAM", width=64, depth=1024))
    scaled = Estimated(memory("SRAM", width=64, depth=1024, energy_scale=0.5, area_scale=3))
    assert scaled.energy == pytest.approx({action: energy / 2 for action, energy in plain.energy.items()})
    assert scaled.area_um2 == pytest.approx(3 * plain.area_um2)
    assert scaled.flags == ("memory: energy x 0.5 and area x 3, as the architecture says",)
    with pytest.raises(EstimationError, match="energy_scale of component 'memory' is -1"):
        Estimated(memory("SRAM", width=64, depth=1024, energy_scale=-1))


def test_a_subclass_is_what_is_estimated() -> None:
    size = {"width": 64, "depth": 4096, "n_banks": 8}
    assert (
        Estimated(replace(memory("storage", **size), subclass="smartbuffer_RF")).energy
        == Estimated(memory("smartbuffer_RF", **size)).energy
    )


# --- Compound components ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("component_class", ["smartbuffer_SRAM", "smartbuffer_RF"])
def test_a_smart_buffer_is_a_memory_and_two_address_generators(component_class: str) -> None:
    size = {"width": 64, "depth": 16384, "n_banks": 32}
    buffer, plain = Estimated(memory(component_class, **size)), Estimated(memory("SRAM", **size))
    generator = Estimated(ComputeLevel("adder", "intadder", attributes={"width": 14}))
    for action in ("read", "write", "update"):
        assert buffer.energy[action] == pytest.approx(plain.energy[action] + generator.energy["compute"])
    assert buffer.energy["leak"] == pytest.approx(plain.energy["leak"] + 2 * generator.energy["leak"])
    assert buffer.area_um2 == pytest.approx(plain.area_um2 + 2 * generator.area_um2)
    assert buffer.flags == ("memory: address generators: adder scaled from 16 to 14 bits",)


def test_instances_that_share_a_row_share_its_area() -> None:
    row = StorageLevel("row", "register", attributes={"width": 512, "depth": 1})
    shared = StorageLevel("row", "register", attributes={"width": 512, "depth": 1}, cluster_size=64)
    assert Estimated(shared).area_um2 == pytest.approx(Estimated(row).area_um2 / 64)
    assert Estimated(shared).energy["read"] == Estimated(row).energy["read"]


def test_a_converters_area_follows_the_array() -> None:
    def area(kind: str, rows: int, cols: int) -> float:
        return Estimated(converters(kind, rows=rows, cols=cols)).area_um2

    assert area("dac", 128, 128) == pytest.approx(8 * 128 * 0.166)
    assert area("dac", 128, 256) == pytest.approx(8 * 256 * 0.166)
    assert area("dac", 64, 128) == area("dac", 128, 128)
    assert area("adc", 128, 128) == pytest.approx(8 * 128 * 0.0390625 + 8 * (1200 + 60) + 770)
    assert area("adc", 256, 128) == pytest.approx(2 * area("adc", 128, 128))


@pytest.mark.parametrize(
    ("kind", "changes", "ratio"),
    [
        ("dac", {"word_bits": 8}, 1 / 4),
        ("dac", {"cell_bits": 1}, 2.0),
        ("dac", {"dac_bits": 2}, 3 / 2),
        ("dac", {"cols": 64}, 1.0),
    ],
)
def test_one_value_in_follows_the_widths(kind: str, changes: Mapping[str, int], ratio: float) -> None:
    (usual,), (changed,) = (
        Estimated(converters(kind)).energy.values(),
        Estimated(converters(kind, **changes)).energy.values(),
    )
    assert changed == pytest.approx(ratio * usual)


@pytest.mark.parametrize(
    ("changes", "dearer"),
    [
        ({"adc_bits": 9}, True),
        ({"adc_bits": 6}, False),
        ({"cell_bits": 1}, True),
        ({"word_bits": 8}, False),
        ({"dac_bits": 4}, False),
        ({"rows": 256}, True),
    ],
)
def test_one_value_out_follows_the_widths_and_the_array(changes: Mapping[str, int], dearer: bool) -> None:
    usual = Estimated(converters("adc")).energy["transfer_Outputs"]
    changed = Estimated(converters("adc", **changes)).energy["transfer_Outputs"]
    assert (changed > usual) is dearer


def test_a_network_prices_its_required_actions_once_for_every_multicast_factor() -> None:
    network = Network(
        "D2A",
        "SimpleMulticast",
        attributes={**PIM, "network_kind": "dac"},
        required_actions=("transfer_Inputs",),
        per_data_space_actions=True,
    )
    filled = estimate(specification(network))
    assert filled.energy is not None
    (entry,) = filled.energy.components["D2A"]["transfer_Inputs"]
    assert dict(entry.arguments) == {}


def test_cells_of_three_and_four_bits_are_extrapolated_and_flagged() -> None:
    estimated = Estimated(memory("memcell_storage", cell_bits=4, word_bits=16))
    assert estimated.energy["read"] == pytest.approx(4 * 0.0132)
    assert estimated.flags == ("memory: cell extrapolated log-log from 1 and 2 bits",)


_EVERYTHING = [
    memory("SRAM", width=128, depth=16384, n_banks=4),
    memory("smartbuffer_SRAM", width=256, depth=2048, n_banks=4),
    memory("smartbuffer_RF", width=16, depth=192),
    replace(memory("storage", width=64, depth=4096, n_banks=8), subclass="smartbuffer_RF"),
    memory("regfile", width=24, depth=128),
    memory("register", width=512, depth=1),
    memory("memcell_storage", cell_bits=2, word_bits=16),
    ComputeLevel("mac", "intmac", attributes={"multiplier_width": 8, "adder_width": 16}),
    converters("dac"),
    converters("adc"),
]


@pytest.mark.parametrize("technology", [7, 16, 22, 28, 40, 45, 65, 90, 130, 180])
@pytest.mark.parametrize("component", _EVERYTHING, ids=lambda component: component.component_class)
def test_every_class_at_every_technology_has_positive_figures(component: Component, technology: int) -> None:
    estimated = Estimated(component, technology=technology)
    assert estimated.area_um2 > 0
    assert all(energy > 0 for action, energy in estimated.energy.items() if action != "leak")
    assert all(energy >= 0 for energy in estimated.energy.values())
    assert len(estimated.flags) <= 1


# --- Errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("component", "words"),
    [
        (memory("SRAMM", "glb", width=8), ("glb", "SRAMM", "width=8", "smartbuffer_SRAM", "sram_cacti.csv")),
        (memory("SRAM", "glb", width=8), ("glb", "depth", "missing", "sram_cacti.csv")),
        (memory("SRAM", "glb", width=8, depth="x"), ("glb", "'depth' is 'x'")),
        (memory("SRAM", "glb", width=8.5, depth=8), ("width", "whole number")),
        (memory("SRAM", "glb", width=-8, depth=8), ("width", "greater than 0")),
        (memory("SRAM", "glb", width=True, depth=8), ("width", "greater than 0")),
        (memory("SRAM", "glb", width=32, depth=10**8), ("100000000 rows", "depth up to 2097152 rows")),
        (memory("SRAM", "glb", width=32, depth=4096, n_banks=64), ("64 banks", "n_banks up to 32")),
        (memory("SRAM", "glb", width=32, depth=4096, n_rw_ports=3), ("3 ports", "n_rw_ports 1 or 2")),
        (memory("SRAM", "glb", width=32, depth=64, technology="1nm"), ("technology", "5nm to 250nm")),
        (memory("SRAM", "glb", width=32, depth=64, technology="fast"), ("technology", "'fast'")),
        (memory("SRAM", "glb", width=32, depth=64, global_cycle_seconds=1.2), ("global_cycle_seconds", "1.2e-9")),
        (memory("DRAM", "dram", type="DDR9", width=64), ("dram", "DDR9", "LPDDR4", "dram.csv")),
        (memory("DRAM", "dram", width=64), ("type", "missing", "HBM2")),
        (memory("memcell_storage", "cells", cell_bits=5, word_bits=16), ("5 bits", "1 to 4", "analog_parts.csv")),
        (ComputeLevel("mac", "intmac", attributes={"multiplier_width": 8}), ("adder_width", "missing")),
        (converters("adc", adc_bits=40), ("adc_bits", "1 to 16")),
        (converters("adc", rows=None), ("rows", "missing")),
        (converters("nada"), ("network_kind", "dac, adc, free")),
        (Network("D2A", "SimpleMulticast", attributes={**PIM, "network_kind": "dac"}), ("per_datatype_ERT",)),
    ],
)  # fmt: skip
def test_what_has_no_figure_is_an_error_that_says_what_would_be_accepted(
    component: Component, words: tuple[str, ...]
) -> None:
    with pytest.raises(EstimationError) as caught:
        estimate(specification(component))
    message = str(caught.value)
    assert component.name in message and component.component_class in message
    assert all(word in message for word in words), message
    assert message.count("\n") < 10


def test_a_required_action_without_energy_is_an_error() -> None:
    component = StorageLevel("m", "SRAM", attributes={"width": 64, "depth": 64}, required_actions=("read", "erase"))
    with pytest.raises(EstimationError, match="'erase' of component 'm'"):
        estimate(specification(component))


def test_an_unknown_estimator_is_an_error() -> None:
    with pytest.raises(EstimationError, match="unknown estimator 'guess'"):
        estimate(specification(), estimator="guess")


def test_every_table_of_the_project_says_its_source() -> None:
    for path in data_folder("tables").glob("*.csv"):
        text = path.read_text(encoding="utf-8").lower()
        assert "# source:" in text or ",source" in text, path.name
