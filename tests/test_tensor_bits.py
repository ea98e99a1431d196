"""Bits per tensor, from a model's keys through templates, estimators, engines and sweeps."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import launch_here

import launcher
from launcher import run
from launcher.engines.native.model import evaluate
from launcher.engines.timeloop.widths import in_words
from launcher.errors import ConfigurationError, EngineError
from launcher.results.result import Result
from launcher.specification.architecture import StorageLevel
from launcher.timeloop_files.io import dump_specification, parse_specification

ARCHITECTURES = ("gemmini", "eyeriss", "simba", "tpu", "aimc", "dimc", "pim")
LAYERS = ("KQV", "KTQ", "softmax", "VScores")
SMALL = ["model=bert_base", "model.sequence=64"]
SIZES = {"E": 8, "D": 16, "R": 3, "S": 3, "L": 8, "Q": 8}
CONV = ["layer=conv", *(f"layer.{key}={size}" for key, size in SIZES.items())]


def bits(*, weights: int = 8, activations: int = 8, cache: int = 8, sums: int | None = None) -> list[str]:
    keys = {"weight_bits": weights, "activation_bits": activations, "cache_bits": cache, "sum_bits": sums}
    return [f"model.{key}={value}" for key, value in keys.items() if value is not None]


def figures(result: Result) -> tuple[float, float, float]:
    assert result.ok, result.reason
    return result.energy_pj, float(result.cycles), result.area_um2 or 0.0


def level_of(result: Result, name: str) -> StorageLevel:
    assert result.specification is not None
    return result.specification.architecture.level(name)


@pytest.mark.parametrize("arch", [name for name in ARCHITECTURES if name != "pim"])
def test_the_architecture_s_own_bits_change_nothing(arch: str) -> None:
    for layer in ([f"layer={name}"] for name in LAYERS):
        plain = run([f"arch={arch}", *SMALL, *layer])
        said = run([f"arch={arch}", *SMALL, *layer, *bits()])
        assert figures(plain) == figures(said)
        assert plain.mapping == said.mapping


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_narrower_values_cost_less_everywhere(arch: str) -> None:
    for layer in (["layer=KQV", *SMALL], ["layer=KTQ", *SMALL], CONV):
        wide, narrow = (
            run([f"arch={arch}", *layer, *bits(weights=n, activations=n, cache=n, sums=2 * n)]) for n in (16, 4)
        )
        assert narrow.energy_pj < wide.energy_pj
        assert narrow.cycles <= wide.cycles
        assert narrow.optimality.status == "proved"


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_norm_operations_take_narrower_columns(arch: str) -> None:
    wide, narrow = (run([f"arch={arch}", *SMALL, "layer=softmax", *bits(activations=n, sums=2 * n)]) for n in (16, 8))
    assert narrow.energy_pj < wide.energy_pj


def test_weights_and_a_cache_have_bits_of_their_own() -> None:
    plain = {layer: figures(run(["arch=gemmini", *SMALL, f"layer={layer}"])) for layer in ("KQV", "KTQ", "VScores")}
    for layer, cached in (("KQV", False), ("KTQ", True), ("VScores", True)):
        with_weights = figures(run(["arch=gemmini", *SMALL, f"layer={layer}", "model.weight_bits=4"]))
        with_cache = figures(run(["arch=gemmini", *SMALL, f"layer={layer}", "model.cache_bits=4"]))
        assert (with_weights == plain[layer]) is cached
        assert (with_cache == plain[layer]) is not cached
        assert (with_cache if cached else with_weights)[0] < plain[layer][0]


def test_a_layer_says_what_its_weights_are() -> None:
    sizes = ["layer=gemm", "layer.D=32", "layer.E=64", "layer.L=16", "model.activation_bits=4"]
    result = run([*sizes, "layer.weights_are=activations"])
    assert dict(level_of(result, "Scratchpad").value_bits) == {"Weights": 4, "Inputs": 4, "Outputs": 4}
    assert dict(level_of(run(sizes), "Scratchpad").value_bits) == {"Inputs": 4, "Outputs": 4}
    assert result.parameters["model.activation_bits"] == 4
    assert "model.weight_bits" not in result.parameters


def test_memories_keep_their_rows_and_energies() -> None:
    plain, narrow = (run(["arch=gemmini", *SMALL, "layer=KQV", *more]) for more in ([], bits(weights=4, sums=24)))
    for name in ("DRAM", "Scratchpad", "Accumulator"):
        before, after = level_of(plain, name), level_of(narrow, name)
        assert (before.word_bits, before.block_size, before.capacity_words) == (
            after.word_bits,
            after.block_size,
            after.capacity_words,
        )
        assert plain.specification is not None and plain.specification.energy is not None
        assert narrow.specification is not None and narrow.specification.energy is not None
        energies = [one.specification.energy.components[name] for one in (plain, narrow)]  # type: ignore[union-attr]
        assert energies[0] == energies[1]


def test_a_multiplier_has_two_widths() -> None:
    """Off the table it follows the law of its rows, a b max(a, b): 8 x 8 bits are 2 x of 4 x 8."""
    energies = {}
    for width in (4, 8):
        result = run(["arch=gemmini", *SMALL, "layer=KQV", "arch.accumulator_bits=24", f"model.weight_bits={width}"])
        assert result.specification is not None and result.specification.energy is not None
        energies[width] = result.specification.energy.components["MAC"]["compute"][0].energy_pj
    adder = run(["arch=gemmini", *SMALL, "layer=KQV", "model.sum_bits=8"]).specification
    assert adder is not None and adder.energy is not None
    assert energies[4] < energies[8]
    assert adder.energy.components["MAC"]["compute"][0].energy_pj < energies[8]


def test_an_analog_array_has_fewer_cells_and_input_steps() -> None:
    cells = {}
    for weights, inputs in ((16, 16), (8, 16), (16, 8)):
        result = run(["arch=pim", *SMALL, "layer=KQV", *bits(weights=weights, activations=inputs)])
        assert result.specification is not None and result.specification.energy is not None
        components = result.specification.energy.components
        cells[weights, inputs] = (
            components["scratchpad"]["write"][0].energy_pj,
            components["mac"]["compute"][0].energy_pj,
            components["A2D"]["transfer_Outputs"][0].energy_pj,
        )
    write, compute, _ = cells[16, 16]
    assert cells[8, 16][:2] == pytest.approx((write / 2, compute / 2))
    assert cells[16, 8][:2] == pytest.approx((write, compute / 2))
    assert max(cells[8, 16][2], cells[16, 8][2]) < cells[16, 16][2]


def test_a_specification_of_a_trial_says_the_bits_again() -> None:
    result = run(["arch=gemmini", *SMALL, "layer=KTQ", *bits(weights=4, cache=3, activations=6, sums=20)])
    assert result.specification is not None and result.mapping is not None and result.evaluation is not None
    read = parse_specification(dump_specification(result.specification), "specification.yaml")
    again = evaluate(replace(read, energy=result.specification.energy), result.mapping)
    assert (again.energy_pj, again.cycles) == (result.evaluation.energy_pj, result.evaluation.cycles)


@pytest.mark.parametrize("phase", ["prefill", "decode", "generate"])
def test_every_phase_of_a_model_has_its_bits(phase: str) -> None:
    common = ["layer=[KQV,KTQ]", "model=llama3_2_1b", f"model.phase={phase}", "model.sequence=16"]
    common += ["model.prompt=16", "model.new_tokens=4"]
    plain, narrow = (run([*common, *more]) for more in ([], ["model.weight_bits=4", "model.cache_bits=4"]))
    pairs = list(zip(plain.layers, narrow.layers, strict=True))
    assert len(pairs) >= 2
    assert all(after.result.energy_pj < before.result.energy_pj for before, after in pairs)


@pytest.mark.parametrize("arch", ["gemmini", "pim"])
def test_inputs_that_stay_are_as_wide_as_activations(arch: str) -> None:
    result = run([f"arch={arch}", "arch.dataflow=is", *SMALL, "layer=KQV", *bits(weights=4, activations=6)])
    inner = level_of(result, "Registers" if arch == "gemmini" else "scratchpad")
    assert (inner.word_bits, dict(inner.value_bits)) == (6, {})


def test_fused_layers_map_with_their_own_bits() -> None:
    result = run(["layer=[KTQ,softmax,VScores]", *SMALL, "fusion=optimal", *bits(activations=8, cache=4, sums=32)])
    alone = run(["layer=[KTQ,softmax,VScores]", *SMALL, *bits(activations=8, cache=4, sums=32)])
    assert result.optimality.status == "proved"
    assert result.energy_pj * result.cycles <= alone.energy_pj * alone.cycles


def test_timeloop_gets_words_where_all_values_are_equally_wide() -> None:
    """Rewritten, the machine is the same one: the model gives the same figures."""
    result = run(["arch=eyeriss", *SMALL, "layer=KQV", *bits(weights=4, activations=4, sums=16)])
    assert result.specification is not None and result.mapping is not None and result.evaluation is not None
    words = in_words(result.specification)
    assert [level.word_bits for level in words.architecture.levels if "spad" in level.name] == [16, 4, 4]
    assert not any(level.value_bits for level in words.architecture.levels)
    again = evaluate(words, result.mapping)
    assert (again.energy_pj, again.cycles) == (result.evaluation.energy_pj, result.evaluation.cycles)
    read = parse_specification(dump_specification(words), "written")
    assert [one.word_bits for one in read.architecture.levels] == [one.word_bits for one in words.architecture.levels]


def test_timeloop_is_refused_where_a_level_keeps_several_widths() -> None:
    result = run(["arch=gemmini", *SMALL, "layer=KQV", "model.weight_bits=4"])
    assert result.specification is not None
    with pytest.raises(EngineError, match=r"(Scratchpad|DRAM) keeps values of 4 and 8 bits"):
        in_words(result.specification)
    assert in_words(run(["arch=gemmini", *SMALL, "layer=KQV"]).specification or result.specification) is not None


def test_a_template_that_leaves_bits_out_is_not_taken_for_one_that_follows_them(tmp_path: Path) -> None:
    (tmp_path / "arch").mkdir()
    (tmp_path / "arch_templates").mkdir()
    (tmp_path / "arch" / "mine.yaml").write_text("name: mine\nlabel: mine\ntemplate: mine.yaml.j2\nword_bits: 8\n")
    (tmp_path / "arch_templates" / "mine.yaml.j2").write_text(_PLAIN)
    overrides = ["arch=mine", *SMALL, "layer=KTQ"]
    assert run(overrides, config_dir=tmp_path).ok
    with pytest.raises(ConfigurationError, match="does not say how wide values are"):
        run([*overrides, "model.cache_bits=4"], config_dir=tmp_path)


_PLAIN = """
architecture:
  version: 0.4
  nodes:
  - !Container
    name: system
    attributes: {technology: "32nm", global_cycle_seconds: 1e-9}
  - !Component
    name: DRAM
    class: DRAM
    attributes: {type: LPDDR4, width: 64, datawidth: {{ arch.word_bits }}}
  - !Component
    name: MAC
    class: intmac
    attributes: {multiplier_width: 8, adder_width: 24}
"""


def test_a_curve_needs_values_of_one_width() -> None:
    layer = ["layer=KTQ", *SMALL]
    with pytest.raises(ConfigurationError, match="4 and 8 bits"):
        launcher.curve([*layer, "model.cache_bits=4"])
    assert launcher.curve([*layer, *bits(cache=4, activations=4)]).word_bits == 4


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model.weight_bits=0", ("model.weight_bits=0", "1 to 128")),
        ("model.cache_bits=129", ("model.cache_bits=129", "1 to 128")),
        ("model.sum_bits=2.5", ("model.sum_bits",)),
        ("layer.weights_are=keys", ("layer.weights_are",)),
    ],
)
def test_mistakes_are_explained(override: str, words: tuple[str, ...], tmp_path: Path) -> None:
    launch_here(tmp_path, "layer=KTQ", "tracking=none", override).must_explain(*words)


def test_bits_are_swept_beside_the_hardware(tmp_path: Path) -> None:
    """The proved best of all is the best of a grid over the same points."""
    keys = ["model.cache_bits=4,8", "model.activation_bits=4,8,12", "arch.rows=8,16"]
    common = ["tracking=none", "layer=KTQ", *SMALL]
    out = launch_here(tmp_path, "-m", "hydra/sweeper=exhaustive", *common, *keys).must_succeed()
    assert "all 12 points settled" in out.out
    best = min(
        (
            run([*common, f"model.cache_bits={cache}", f"model.activation_bits={activations}", f"arch.rows={rows}"])
            for cache in (4, 8)
            for activations in (4, 8, 12)
            for rows in (8, 16)
        ),
        key=lambda result: result.energy_pj * result.cycles,
    )
    asked = " ".join(
        f"{key}={best.parameters[key]}" for key in ("model.cache_bits", "model.activation_bits", "arch.rows")
    )
    assert asked in out.out


def test_what_does_not_fit_is_said_in_bits() -> None:
    result = run(["arch=gemmini", *SMALL, "layer=KTQ", "arch.accumulator_kib=0.0625", "model.sum_bits=48"])
    assert result.status == "infeasible"
    assert "Accumulator must hold at least 48 bits of Outputs but has 32" in str(result.reason)
    mapped = run(["arch=gemmini", *SMALL, "layer=KTQ", "model.cache_bits=4"])
    assert mapped.specification is not None and mapped.mapping is not None
    levels = tuple(
        replace(level, capacity_words=1) if level.name == "Scratchpad" else level
        for level in mapped.specification.architecture.levels
    )
    small = replace(mapped.specification, architecture=replace(mapped.specification.architecture, levels=levels))
    assert re.search(
        r"Scratchpad: tiles of \d+ bits \(Weights \d+ \+ Inputs \d+\) exceed the capacity of 8 bits by \d+",
        str(evaluate(small, mapped.mapping).reason),
    )
