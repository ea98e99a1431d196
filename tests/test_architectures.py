"""Every architecture: what it consists of, that all its parameters can be turned, and that every layer maps on it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import pytest

from launcher.config.arch_schema import Arch
from launcher.config.compose import compose
from launcher.config.layer_sizes import LayerSizes
from launcher.config.trial import entry
from launcher.engines.interface import Mapped, MapperSettings
from launcher.engines.native.native_engine import NativeEngine
from launcher.errors import ConfigurationError
from launcher.estimation import estimate
from launcher.specification.architecture import StorageLevel
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.specification import Specification
from launcher.trial.render import render

ARCHITECTURES = ["gemmini", "eyeriss", "simba", "simba_small", "tpu", "pim", "dimc", "aimc"]
LAYERS = ["KQV", "KTQ", "softmax", "VScores", "Out", "layernorm", "FF1", "FF2"]


@cache
def parameters(arch: str) -> Any:
    return compose([f"arch={arch}"]).experiment.arch


@cache
def layer(name: str) -> tuple[str, LayerSizes]:
    """Shape and sizes of a layer of BERT base."""
    trial = compose([f"layer={name}", "model=bert_base"])
    return str(entry(trial.experiment.layer, "shape")), trial.layer


def matmul(d: int, e: int, l: int) -> tuple[str, LayerSizes]:  # noqa: E741
    return "matmul", LayerSizes({"E": e, "D": d, "L": l}, {}, 1)


def conv(stride: int = 1, **sizes: int) -> tuple[str, LayerSizes]:
    strides = {"Wstride": stride, "Hstride": stride, "Wdilation": 1, "Hdilation": 1}
    return "conv", LayerSizes({"N": 1, **sizes}, strides, 1)


def specify(arch: str, problem: tuple[str, LayerSizes], **changes: object) -> Specification:
    """Rendered and estimated, with some of the architecture's parameters changed."""
    shape, sizes = problem
    values = replace(parameters(arch), **changes)
    template = values.norm_template if shape == "norm_operation" else values.template
    return estimate(render(template, shape, values, sizes))


def mapped(arch: str, problem: tuple[str, LayerSizes], **changes: object) -> tuple[Specification, Mapped]:
    specification = specify(arch, problem, **changes)
    result = NativeEngine().map(specification, MapperSettings())
    assert result.optimality.status == "proved"
    assert result.evaluation.legal
    assert result.evaluation.computes == prod(problem[1].dimensions.values())
    assert 0 < result.evaluation.utilization <= 1
    return specification, result


def check_estimates(specification: Specification) -> None:
    """Everything that stores or computes costs energy and area, apart from DRAM's area and what is called free."""
    assert specification.energy is not None and specification.area is not None
    for component in specification.architecture.components:
        if component.component_class in ("dummy_storage", "free_storage", "free_compute"):
            continue
        actions = specification.energy.components[component.name]
        assert all(entry.energy_pj > 0 for name, found in actions.items() if name != "leak" for entry in found)
        no_area = component.component_class in ("DRAM", "memcell_mac")
        assert no_area or specification.area.components[component.name] > 0


def describe(level: StorageLevel) -> tuple[object, ...]:
    bandwidth = level.shared_bandwidth or level.read_bandwidth
    return level.name, level.instances, level.word_bits, level.block_size, level.capacity_words, bandwidth


# name, instances, bits per word, words per access, words, words per cycle; outermost first, without fan-outs
FIGURES: dict[str, list[tuple[object, ...]]] = {
    "gemmini": [
        ("DRAM", 1, 8, 8, None, 4),
        ("Scratchpad", 1, 8, 16, 2**19, 16),
        ("Accumulator", 16, 32, 1, 4096, 4),
        ("Registers", 256, 8, 1, 1, None),
    ],
    "eyeriss": [
        ("DRAM", 1, 8, 8, None, None),
        ("shared_glb", 1, 8, 8, 2**17, 16),
        ("ifmap_spad", 168, 8, 2, 24, 2),
        ("weights_spad", 168, 8, 2, 384, 2),
        ("psum_spad", 168, 16, 1, 16, 2),
    ],
    "simba": [
        ("DRAM", 1, 8, 8, None, None),
        ("GlobalBuffer", 1, 8, 32, 2**16, None),
        ("PEInputBuffer", 16, 8, 8, 2**16, None),
        ("PEWeightBuffer", 64, 8, 8, 2**15, None),
        ("PEAccuBuffer", 64, 24, 1, 128, None),
        ("PEWeightRegs", 256, 8, 1, 1, None),
    ],
    "simba_small": [
        ("DRAM", 1, 8, 8, None, None),
        ("GlobalBuffer", 1, 8, 32, 2**16, None),
        ("PEInputBuffer", 16, 8, 8, 2**13, None),
        ("PEWeightBuffer", 64, 8, 8, 2**15, None),
        ("PEAccuBuffer", 64, 24, 1, 1024, None),
        ("PEWeightRegs", 256, 8, 1, 1, None),
    ],
    "tpu": [
        ("DRAM", 1, 8, 8, None, 4),
        ("WeightsDRAM", 1, 8, 8, None, 4),
        ("UnifiedBuffer", 1, 8, 16, 24 * 2**20, 16),
        ("WeightsFIFO", 1, 8, 16, 2**18, 4),
        ("Accumulator", 256, 32, 1, 2048, 4),
        ("Registers", 65536, 8, 1, 2, None),
    ],
    "pim": [
        ("DRAM", 1, 16, 4, None, None),
        ("shared_glb", 1, 8, 16, 2**18, 16),
        ("scratchpad", 16384, 16, 1, 1, None),
    ],
    "dimc": [
        ("DRAM", 1, 8, 64, None, 8),
        ("Scratchpad", 1, 8, 16, 2**18, None),
        ("Cells", 1024, 8, 1, 1, None),
    ],
    "aimc": [
        ("DRAM", 1, 8, 64, None, 8),
        ("Scratchpad", 1, 8, 16, 2**18, None),
        ("InputBuffer", 1, 8, 32, 32, None),
        ("OutputBuffer", 1, 8, 32, 32, None),
        ("Cells", 1024, 8, 1, 1, None),
    ],
}


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_an_architecture_consists_of_these_levels(arch: str) -> None:
    specification = specify(arch, layer("KQV"))
    levels = [level for level in reversed(specification.architecture.levels) if not level.is_dummy]
    assert [describe(level) for level in levels] == FIGURES[arch]
    check_estimates(specification)


STRUCTURE = (
    *("name", "instances", "mesh_x", "mesh_y", "word_bits", "block_size", "cluster_size", "capacity_words"),
    *("read_bandwidth", "write_bandwidth", "shared_bandwidth", "network_fill_latency", "network_drain_latency"),
)


@pytest.mark.parametrize(
    ("arch", "name", "file"),
    [
        ("gemmini", "KQV", "gemmini_gemm_small"),
        ("gemmini", "softmax", "gemmini_norm_softmax"),
        ("eyeriss", "KQV", "eyeriss_gemm_small"),
        ("simba", "KQV", "simba_gemm_small"),
        ("tpu", "KQV", "tpu_gemm"),
    ],
)
def test_timeloop_sees_the_same_machine(arch: str, name: str, file: str) -> None:
    """The architecture that Timeloop's own front end made of such a description."""
    path = Path(__file__).parent / "golden" / f"{file}.json.gz"
    golden = json.loads(gzip.decompress(path.read_bytes()))["architecture"]["storage_levels_innermost_first"]
    levels = specify(arch, layer(name)).architecture.levels
    assert [[getattr(level, key) for key in STRUCTURE] for level in levels] == [
        [level[key] for key in STRUCTURE] for level in golden
    ]


def other_values(arch: Arch) -> Iterator[tuple[str, object]]:
    """Each number of an architecture doubled, and halved; each unlimited bandwidth limited."""
    for item in fields(arch):
        if "least" not in item.metadata:
            continue
        value = getattr(arch, item.name)
        for changed in (8.0,) if value is None else (value * 2, value / 2):
            whole = "int" in str(item.type)
            if item.metadata["least"] <= changed <= item.metadata["most"] and (not whole or changed >= 1):
                yield item.name, int(changed) if whole else changed


BEYOND_THE_TABLES = {("eyeriss", "glb_banks", 64), ("tpu", "unified_buffer_kib", 49152.0)} | {
    ("tpu", "unified_buffer_width_bits", 64)
}


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_parameter_can_be_turned_and_leaves_hardware_that_works(arch: str) -> None:
    before, norm_before = specify(arch, layer("KTQ")), specify(arch, layer("softmax"))
    for name, value in other_values(parameters(arch)):
        if (arch, name, value) in BEYOND_THE_TABLES:
            continue
        specification, _ = mapped(arch, layer("KTQ"), **{name: value})
        check_estimates(specification)
        if specification == before:  # then it is a parameter of the norm operations
            norm, _ = mapped(arch, layer("softmax"), **{name: value})
            assert norm != norm_before, name


COUNTS = {
    "simba": [{"pes": 3}, {"pes": 8, "vector_macs": 8, "vector_width": 2}, {"vector_width": 1}],
    "simba_small": [{"word_bits": 16}],
    "aimc": [{"rows": 128, "cols": 16}, {"rows": 7, "cols": 33}],
}
ARRAYS = [{"rows": 8, "cols": 24}, {"rows": 13, "cols": 7, "word_bits": 12}, {"rows": 1, "cols": 1}]


@pytest.mark.parametrize(
    ("arch", "changes"), [(arch, changes) for arch in ARCHITECTURES for changes in COUNTS.get(arch, ARRAYS)]
)
def test_arrays_of_any_size_are_mapped(arch: str, changes: dict[str, int]) -> None:
    specification, result = mapped(arch, layer("KTQ"), **changes)
    units = specification.architecture.compute.instances
    if "rows" in changes:
        assert units == changes["rows"] * changes["cols"]
    used = prod(loop.bound for level in result.mapping for loop in level.spatial)
    assert used <= units
    check_estimates(specification)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_mapped_and_proved(arch: str, name: str) -> None:
    mapped(arch, layer(name))


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_one_column_is_mapped(arch: str) -> None:
    """Decoding one token: no column to stream, and nothing to share weights with."""
    mapped(arch, matmul(d=100, e=768, l=1))
    mapped(arch, ("norm_operation", LayerSizes({"E": 768, "D": 3, "L": 1}, {}, 1)))


@pytest.mark.parametrize(("arch", "share"), [("tpu", 2), ("pim", 4)])
@pytest.mark.parametrize("extent", [1, 3, 64, 100, 200, 768])
def test_the_least_use_of_a_side_is_what_the_layer_has(arch: str, share: int, extent: int) -> None:
    values = parameters(arch)
    _, result = mapped(arch, matmul(extent, extent, 8))
    for level, side, dimension in (("PERows", values.rows, "D"), ("PECols", values.cols, "E")):
        largest = max(n for n in range(1, side + 1) if extent % n == 0)
        used = result.mapping.level(f"inter_{level}_spatial").factor(dimension)
        assert used >= min(side // share, largest)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("changes", [{"norm_lanes": 7}, {"norm_lanes": 64, "norm_registers": 4096}])
def test_norm_operations_follow_their_engine(arch: str, changes: dict[str, int]) -> None:
    specification, _ = mapped(arch, layer("softmax"), **changes)
    assert specification.architecture.compute.instances == changes["norm_lanes"]


@pytest.mark.parametrize(
    ("arch", "small"),
    [
        ("gemmini", {"accumulator_kib": 1.0}),
        ("gemmini", {"scratchpad_kib": 4.0}),
        ("tpu", {"unified_buffer_kib": 4.0}),
        ("eyeriss", {"glb_kib": 1.0}),
        ("simba", {"global_buffer_kib": 1.0}),
        ("pim", {"glb_kib": 1.0}),
        ("dimc", {"scratchpad_kib": 1.0}),
    ],
)
def test_norm_operations_fit_small_buffers(arch: str, small: dict[str, float]) -> None:
    mapped(arch, layer("layernorm"), **small)


def test_rows_hold_whole_words() -> None:
    level = specify("eyeriss", layer("KTQ"), word_bits=12).architecture.level("weights_spad")
    assert (level.block_size, level.capacity_words) == (1, 256)  # 12 of 16 bits in each row, 0.375 KiB
    level = specify("eyeriss", layer("KTQ"), word_bits=32).architecture.level("weights_spad")
    assert (level.block_size, level.capacity_words) == (1, 96)


def test_a_memory_without_a_single_row_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="KiB"):
        specify("eyeriss", layer("KTQ"), psum_spad_kib=2**-10)


def test_buffers_of_aimc_are_as_wide_as_the_array() -> None:
    architecture = specify("aimc", layer("KTQ"), rows=64, cols=16).architecture
    assert architecture.level("InputBuffer").capacity_words == 64
    assert architecture.level("OutputBuffer").capacity_words == 16


def test_weights_come_from_a_memory_of_their_own() -> None:
    _, result = mapped("tpu", layer("KQV"))
    dram, weights = result.evaluation.levels[-1], result.evaluation.levels[-2]
    assert "Weights" not in result.mapping.level("DRAM").keep
    assert weights.data_spaces["Weights"].tile_words == 2304 * 768
    assert dram.data_spaces["Inputs"].tile_words == 512 * 768


# -- convolutions -----------------------------------------------------------------------------------------------------

SMALL_CONV = {"E": 8, "D": 32, "R": 3, "S": 3, "L": 14, "Q": 14}


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize(
    "problem",
    [
        conv(**SMALL_CONV),
        conv(stride=2, **SMALL_CONV),
        conv(stride=2, E=3, D=64, R=7, S=7, L=112, Q=112),
        conv(E=64, D=128, R=1, S=1, L=28, Q=28),
        conv(E=16, D=16, R=3, S=3, L=7, Q=7, N=4),
    ],
)
def test_convolutions_are_specified(arch: str, problem: tuple[str, LayerSizes]) -> None:
    specification = specify(arch, problem)
    assert dict(specification.problem.dimensions) == problem[1].dimensions
    for level in specification.constraints.levels.values():
        for block in (level.temporal, level.spatial):
            assert set(block.factors) <= set(problem[1].dimensions)


def nest(specification: Specification, loops: dict[str, dict[str, int]]) -> Mapping:
    """A mapping that keeps what the constraints say, from factors by level; fan-outs lie where their level says."""
    names = specification.problem.data_space_names
    levels = []
    for level in specification.architecture.levels:
        bypass = specification.constraints.at(level.name).bypass
        given = tuple(Loop(name, bound) for name, bound in loops.get(level.name, {}).items())
        x, _ = specification.architecture.fanout(specification.architecture.level_index(level.name))
        spatial = {"spatial_x" if x > 1 else "spatial_y": given} if level.is_dummy else {"temporal": given}
        levels.append(LevelMapping(level.name, tuple(n for n in names if n not in bypass), **spatial))
    return Mapping(tuple(levels))


@pytest.mark.parametrize(("stride", "side"), [(1, 16), (2, 29)])
def test_a_convolution_on_eyeriss_reads_every_input_once(stride: int, side: int) -> None:
    specification = specify("eyeriss", conv(stride=stride, **SMALL_CONV))
    loops = {
        "psum_spad": {"D": 16},
        "weights_spad": {"R": 3, "E": 8},
        "inter_PE_spatial": {"S": 3, "D": 2},
        "inter_PE_column_spatial": {"Q": 14},
        "shared_glb": {"L": 14},
    }
    evaluation = NativeEngine().evaluate(specification, nest(specification, loops))
    assert evaluation.legal, evaluation.reason
    levels = {level.level: level.data_spaces for level in evaluation.levels}
    assert levels["DRAM"]["Inputs"].reads == 8 * side * side
    assert levels["DRAM"]["Weights"].reads == 32 * 8 * 3 * 3
    assert levels["DRAM"]["Outputs"].updates == 32 * 14 * 14
    assert levels["psum_spad"]["Outputs"].tile_words == 16
    assert evaluation.cycles == 16 * 24 * 14


def test_a_convolution_on_gemmini_streams_its_columns() -> None:
    specification = specify("gemmini", conv(E=32, D=32, R=3, S=3, L=7, Q=8))
    constraints = specification.constraints
    streamed = constraints.at("Registers").temporal.factors
    assert {name: bounds.exact for name, bounds in streamed.items()} == {
        **dict.fromkeys("EDRSN", 1),
        "L": 7,
        "Q": 2,
    }
    columns = constraints.at("inter_PECols_spatial").spatial.factors
    assert columns["E"].exact == 16 and columns["R"].exact == 1


def test_few_input_channels_share_the_columns_with_the_kernel() -> None:
    specification = specify("gemmini", conv(E=3, D=64, R=3, S=3, L=16, Q=16))
    columns = specification.constraints.at("inter_PECols_spatial").spatial.factors
    assert {name: columns[name].exact for name in "ERS"} == {"E": 3, "R": 3, "S": 1}


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_is_mapped_and_proved(arch: str, stride: int) -> None:
    mapped(arch, conv(stride=stride, **SMALL_CONV))


@pytest.mark.parametrize("arch", ["gemmini", "eyeriss"])
def test_a_layer_of_resnet_keeps_the_array_busy_and_the_dram_quiet(arch: str) -> None:
    specification, result = mapped(arch, conv(E=64, D=64, R=3, S=3, L=56, Q=56))
    assert result.evaluation.utilization > 0.99
    extents = specification.problem.dimensions
    inputs, outputs = (specification.problem.data_space(name).size(extents) for name in ("Inputs", "Outputs"))
    dram = result.evaluation.levels[-1].data_spaces
    assert (inputs, outputs) == (64 * 58 * 58, 64 * 56 * 56)
    assert dram["Outputs"].updates == outputs
    assert inputs <= dram["Inputs"].reads < 1.1 * inputs
