"""``model.phase=generate``: a prefill and all steps, against runs of each by itself."""

from __future__ import annotations

import csv
from math import fsum
from pathlib import Path

import pytest

from launcher import run, sweep
from launcher.commands.check.nests import check_nests, check_sums
from launcher.config.compose import compose
from launcher.errors import ConfigurationError
from launcher.results.files import read_result
from launcher.results.metrics import recorded_metrics
from launcher.results.result import Result

SMALL = ["layer=all", "model=mistral_7b", "model.embedding=64", "model.heads=4", "model.kv_heads=2", "model.blocks=2"]
SMALL += ["model.head_size=16", "model.feed_forward=96", "model.vocabulary=320", "arch=dimc", "model.window=32"]
GENERATE = [*SMALL, "model.phase=generate", "model.prompt=24", "model.new_tokens=21", "model.batch=2"]


def step(length: int, *more: str) -> Result:
    return run([*SMALL, "model.phase=decode", f"model.cache_length={length}", "model.batch=2", *more])


@pytest.fixture(scope="module")
def exact() -> Result:
    return run([*GENERATE, "model.cache_block=1"])


def test_the_whole_is_the_prompt_and_every_step(exact: Result) -> None:
    """The prefill yields the first token; each step's cache holds the token that it computes with."""
    first = run([*SMALL, "model.sequence=24", "model.batch=2"])
    steps = [step(length) for length in range(25, 45)]
    assert exact.energy_pj == pytest.approx(fsum(one.energy_pj for one in (first, *steps)), rel=1e-12)
    assert exact.cycles == sum(one.cycles for one in (first, *steps))
    generation = exact.generation
    assert generation is not None
    assert (generation.first_cycles, generation.padded_share) == (first.cycles, 0.0)
    assert [(one.cache_length, one.steps, one.cycles) for one in generation.steps] == [
        (length, 1, one.cycles) for length, one in zip(range(25, 45), steps, strict=True)
    ]


def test_caches_in_blocks_are_mapped_once_each() -> None:
    result = run([*GENERATE, "model.cache_block=8"])
    generation = result.generation
    assert generation is not None
    assert [(one.cache_length, one.steps) for one in generation.steps] == [(32, 8), (40, 8), (48, 4)]
    assert [one.cycles for one in generation.steps] == [step(length).cycles for length in (32, 40, 48)]
    lengths = range(25, 45)
    padded = [8 * ((length + 7) // 8) for length in lengths]
    assert generation.padded_share == (sum(padded) - sum(lengths)) / sum(lengths)


def test_several_tokens_at_a_step() -> None:
    result = run([*GENERATE, "model.cache_block=1", "model.step_tokens=4"])
    generation = result.generation
    assert generation is not None
    assert [one.cache_length for one in generation.steps] == [28, 32, 36, 40, 44]
    assert generation.steps[2].cycles == step(36, "model.step_tokens=4").cycles
    with pytest.raises(ConfigurationError, match="20 are no whole number of steps of 3") as caught:
        run([*GENERATE, "model.step_tokens=3"])
    assert "model.new_tokens=19" in str(caught.value)


def test_figures_of_generating(exact: Result) -> None:
    metrics, generation = recorded_metrics(exact), exact.generation
    assert generation is not None
    second = exact.cycle_seconds
    assert metrics["generation.time_to_first_token_s"] == pytest.approx(generation.first_cycles * second)
    later = (exact.cycles - generation.first_cycles) * second / 20
    assert metrics["generation.time_per_later_token_s"] == pytest.approx(later)
    assert metrics["generation.tokens_per_second"] == pytest.approx(42 / exact.latency_s)
    assert metrics["generation.energy_per_token_uj"] == pytest.approx(exact.energy_pj * 1e-6 / 42)


def test_files_of_generating(exact: Result, tmp_path: Path) -> None:
    result = run([*GENERATE, "model.cache_block=4"], output=tmp_path)
    assert read_result(tmp_path) == result
    with (tmp_path / "generation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["cache_length"] for row in rows] == ["28", "32", "36", "40", "44"]
    generation = result.generation
    assert generation is not None
    energy = fsum(float(row["energy_uj_per_token"]) * float(row["steps"]) * 2 for row in rows)
    assert energy + generation.first_energy_pj * 1e-6 == pytest.approx(result.energy_pj * 1e-6)
    assert "<polyline" in (tmp_path / "generation.svg").read_text()
    assert check_nests(result) == check_sums(result) == []
    names = {path.name for path in (tmp_path / "layers").iterdir()}
    assert {"prefill_KQV", "KQV", "KTQ_at_28", "lm_head"} <= names
    assert "KTQ_local_at_36" not in names
    assert check_sums(exact) == []


def test_an_encoder_runs_with_the_prompt_only() -> None:
    small = ["layer=all", "model=t5_base", "model.embedding=64", "model.heads=4", "model.feed_forward=96", "arch=dimc"]
    small += ["model.head_size=16", "model.vocabulary=320", "model.encoder_sequence=40", "model.blocks=1"]
    small += ["model.encoder_blocks=1", "model.phase=generate", "model.prompt=1", "model.new_tokens=3"]
    names = [str(one.result.parameters["layer"]) for one in run(small).layers]
    assert "prefill_encoder_KQV" in names and "prefill_cross_KV" in names
    assert not {"encoder_KQV", "cross_KV"} & set(names)
    assert {"cross_Q", "cross_KTQ", "cross_VScores"} <= set(names)


def test_experts_that_only_steps_use_unevenly() -> None:
    """Five tokens of two experts each leave two of eight with one more; the prompt divides."""
    given = ["layer=all", "model=mixtral_8x7b", "model.phase=generate", "model.prompt=64", "model.batch=5"]
    names = [str(one.parameters["layer"]) for one in compose(given).layers]
    assert {"expert_FF1", "expert_FF1_more"} <= set(names)


def test_a_proof_over_hardware_takes_one_phase() -> None:
    given = ["hydra/sweeper=exhaustive", "layer=all", "model=gpt2", "model.phase=generate", "arch.rows=4,8"]
    with pytest.raises(ConfigurationError, match="one phase at a time"):
        sweep([*given, "tracking=none"])


def test_one_new_token_is_the_prompt_alone() -> None:
    result = run([*SMALL, "model.phase=generate", "model.prompt=24", "model.new_tokens=1"])
    assert result.cycles == run([*SMALL, "model.sequence=24"]).cycles
    assert result.generation is not None and result.generation.steps == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["layer=KTQ"], "whole networks"),
        (["fusion=optimal"], "one by one"),
        (["network.objective=total"], "one by one"),
        (["count_repeats=false"], "counts every run"),
    ],
)
def test_what_generating_does_not_do_is_said(more: list[str], words: str) -> None:
    given = [*(GENERATE[1:] if "layer=KTQ" in more else GENERATE), *more]
    with pytest.raises(ConfigurationError, match=words):
        run(given)


def test_a_step_without_a_mapping_is_named() -> None:
    result = run(
        [*GENERATE[:-3], "model.phase=generate", "model.prompt=24", "arch=gemmini", "arch.accumulator_kib=0.0625"]
    )
    assert result.status == "infeasible"
    assert "KQV" in (result.reason or "")
