"""Why two trials differ: on mappings of which we know what was changed."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from math import prod

import pytest
from golden_cases import load_golden
from sample_results import mapping, ok_result, specification

from launcher import run
from launcher.engines.native.model import evaluate
from launcher.reporting.comparison import (
    Change,
    changes_between,
    comparison_document,
    cycles_between,
    layers_between,
    nests_between,
)
from launcher.results.energy_table import energy_rows
from launcher.results.loop_reuse import reuse_at
from launcher.results.result import Result
from launcher.specification.mapping import LevelMapping, Loop, Mapping

GOLDEN = (
    "gemmini_gemm_small", "gemmini_bert_large_KQV", "pim_bert_large_KTQ", "pim_gemm_small", "simba_gemm_small",
    "eyeriss_gemm_small", "tpu_gemm", "gemmini_norm_softmax",
)  # fmt: skip
SLIDING = ("eyeriss_conv3x3", "gemmini_conv3x3_stride2")


def golden_results(name: str, number: int) -> list[Result]:
    """Mappings of one problem on one machine, at random among those that Timeloop was asked about."""
    golden = load_golden(name)
    legal = [case for case in golden.cases if case.legal]
    chosen = random.Random(name).sample(legal, min(number, len(legal)))
    return [
        replace(
            ok_result(),
            specification=golden.specification,
            mapping=case.mapping,
            evaluation=evaluate(golden.specification, case.mapping),
        )
        for case in chosen
    ]


def with_levels(**levels: LevelMapping) -> Result:
    """The sample with other levels; a name's underscores are those of the level."""
    changed = Mapping(tuple(levels.get(level.level, level) for level in mapping()))
    evaluation = evaluate(specification(), changed)
    assert evaluation.legal, evaluation.reason
    return replace(ok_result(), mapping=changed, evaluation=evaluation)


def change_of(changes: tuple[Change, ...], component: str, data_space: str, action: str) -> Change:
    (found,) = [
        one
        for one in changes
        if (one.component, one.data_space) == (component, data_space) and action in {c.action for c in one.counted}
    ]
    return found


@pytest.mark.parametrize("name", GOLDEN)
def test_the_loops_account_for_every_count_of_the_engine(name: str) -> None:
    checked = 0
    for result in golden_results(name, 12):
        assert result.mapping and result.specification and result.evaluation
        extents = result.specification.problem.dimensions
        for level in result.mapping:
            stats = next(one for one in result.evaluation.levels if one.level == level.level)
            for data_space in level.keep:
                one = stats.data_spaces[data_space]
                for side in ("below", "above"):
                    reuse = reuse_at(result, level.level, data_space, side)  # type: ignore[arg-type]
                    if reuse is None:
                        continue
                    assert reuse.exact
                    counted = one.fills if side == "above" else one.updates if reuse.read_write else one.reads
                    assert counted * one.utilized_instances == pytest.approx(reuse.words * reuse.times)
                    if side == "below" and reuse.read_write:
                        back = reuse.words * (reuse.times - reuse.starts)
                        assert one.reads * one.utilized_instances == pytest.approx(back)
                    again = prod(loop.bound for loop in reuse.loops if loop.effect == "again")
                    assert again == reuse.times + (reuse.starts if side == "above" else 0)
                    for dimension in reuse.dimensions:
                        over = [loop.bound for loop in reuse.loops if loop.dimension == dimension]
                        assert prod(over) == extents[dimension]
                    checked += 1
    assert checked > 20


@pytest.mark.parametrize("name", [*GOLDEN, *SLIDING])
def test_the_changes_sum_to_the_difference(name: str) -> None:
    results = golden_results(name, 8)
    for first, second in pairwise(results):
        changes = changes_between(first, second)
        total = second.energy_pj - first.energy_pj
        assert sum(one.energy_pj for one in changes) == pytest.approx(total, rel=1e-6, abs=1e-6 * first.energy_pj)
        for one in changes:
            parts = sum(counted.by_words_pj + counted.by_cost_pj for counted in one.counted)
            assert parts == pytest.approx(one.energy_pj, abs=1e-9 * first.energy_pj)
            assert one.reasons, one
        sizes = [abs(one.energy_pj) for one in changes]
        assert sizes == sorted(sizes, reverse=True)


def test_where_windows_overlap_the_counts_are_averages() -> None:
    (result,) = golden_results("eyeriss_conv3x3", 1)
    assert result.mapping and result.evaluation
    outer = next(level.level for level in reversed(result.mapping.levels) if "Inputs" in level.keep)
    reuse = reuse_at(result, outer, "Inputs", "below")
    assert reuse is not None
    counted = sum(
        row.words or 0
        for row in energy_rows(result)
        if (row.component, row.data_space, row.action) == (outer, "Inputs", "read")
    )
    assert reuse.words * reuse.times == pytest.approx(counted)


def test_nothing_changed_between_equals() -> None:
    assert changes_between(ok_result(), ok_result()) == ()
    assert nests_between(ok_result(), ok_result()) == ()
    assert all(one.reason == "" for one in cycles_between(ok_result(), ok_result()))


def test_a_loop_moved_outwards_is_named_with_its_tile() -> None:
    tensors = ("Weights", "Inputs", "Outputs")
    inner = LevelMapping("Accumulator", ("Outputs",), temporal=(Loop("L", 64), Loop("E", 4)))
    outer = LevelMapping("DRAM", tensors, temporal=(Loop("D", 256), Loop("L", 4)))
    changes = changes_between(ok_result(), with_levels(Accumulator=inner, DRAM=outer))
    weights = change_of(changes, "DRAM", "Weights", "read")
    assert changes[0] == weights
    assert weights.counted[0].words == (262_144, 4 * 262_144)
    assert weights.counted[0].by_cost_pj == 0
    assert weights.reasons == (
        "each word is read 4 times instead of once (L in DRAM: 4 instead of 1)",
        "a tile of Scratchpad serves 1,024 instead of 4,096 iterations of L (L in Accumulator: 64 instead of 256)",
    )


def test_an_order_of_loops_is_named() -> None:
    tensors = ("Weights", "Inputs", "Outputs")
    inner = LevelMapping("Accumulator", ("Outputs",), temporal=(Loop("L", 64), Loop("E", 4)))
    first, second = (
        with_levels(Accumulator=inner, DRAM=LevelMapping("DRAM", tensors, temporal=loops))
        for loops in ((Loop("D", 256), Loop("L", 4)), (Loop("L", 4), Loop("D", 256)))
    )
    changes = changes_between(first, second)
    weights = change_of(changes, "DRAM", "Weights", "read")
    assert weights.reasons == (
        "each word is read once instead of 4 times (L in DRAM: another order of the loops)",
        "Scratchpad holds a tile of Weights through 4 instead of 1 iterations of L "
        "(L in DRAM: another order of the loops)",
    )
    inputs = change_of(changes, "DRAM", "Inputs", "read")
    assert inputs.reasons[0].startswith("each word is read 256 times instead of once (D in DRAM")


def test_a_fan_out_is_named() -> None:
    tensors = ("Weights", "Inputs", "Outputs")
    narrow = {
        "inter_PERows_spatial": LevelMapping("inter_PERows_spatial", (), spatial_y=(Loop("D", 8),)),
        "DRAM": LevelMapping("DRAM", tensors, temporal=(Loop("D", 512),)),
    }
    second = with_levels(**narrow)
    changes = changes_between(ok_result(), second)
    inputs = change_of(changes, "Scratchpad", "Inputs", "read")
    assert inputs.counted[0].words[1] == 2 * (inputs.counted[0].words[0] or 0)
    assert "one read serves 8 instead of 16 of D at once (D along Y of [PERows]: 8 instead of 16)" in inputs.reasons
    compute = next(one for one in cycles_between(ok_result(), second) if one.resource == "MAC")
    assert compute.reason == "128 instead of 256 compute units in use"


def test_keeping_and_bypassing_is_named() -> None:
    bypass = with_levels(Scratchpad=LevelMapping("Scratchpad", ("Weights",)))
    changes = changes_between(ok_result(), bypass)
    assert change_of(changes, "Scratchpad", "Inputs", "read").reasons == ("Scratchpad no longer keeps Inputs",)
    dram = change_of(changes, "DRAM", "Inputs", "read")
    assert dram.reasons[0] == "DRAM serves the compute units instead of Scratchpad"
    back = changes_between(bypass, ok_result())
    assert change_of(back, "Scratchpad", "Inputs", "fill").reasons == ("Scratchpad now keeps Inputs",)


def test_imperfect_factors_are_shown_as_they_are() -> None:
    levels = list(mapping().levels)
    levels[-1] = replace(levels[-1], temporal=(Loop("D", 256, 200),))
    ragged = replace(ok_result(), mapping=Mapping(tuple(levels)))
    (nest,) = nests_between(ok_result(), ragged)
    assert (nest.level, nest.first, nest.second) == ("DRAM", "D 256", "D 256 (last 200)")


def test_sums_in_several_places_start_empty() -> None:
    results = [run(["arch=eyeriss", "layer=KQV", "model=bert_base", f"mapper={goal}"]) for goal in ("cycles", "energy")]
    changes = changes_between(*results)
    fills = change_of(changes, "psum_spad", "Outputs", "fill")
    places = [
        prod(loop.bound for level in result.mapping or () for loop in level.spatial if loop.dimension == "E")
        for result in results
    ]
    assert places[0] != places[1]
    assert any(
        reason.startswith(f"the number of places that sum a word up is {places[1]} instead of {places[0]}")
        for reason in fills.reasons
    )


class TestRealTrials:
    """The README's sweep: what a designer asks first."""

    def test_half_the_scratchpad(self) -> None:
        first, second = (run(["layer=KQV", "model=bert_base", f"arch.scratchpad_kib={size}"]) for size in (512, 256))
        changes = changes_between(first, second)
        outputs = changes[0]
        assert (outputs.component, outputs.data_space) == ("DRAM", "Outputs")
        assert {one.action: one.words for one in outputs.counted} == {
            "update": (1_179_648, 2_359_296),
            "read": (0, 1_179_648),
        }
        assert outputs.reasons == (
            "each word is updated twice instead of once (E in DRAM: 2 instead of 1)",
            "Accumulator holds a tile of Outputs through 24 instead of 48 iterations of E "
            "(E in Scratchpad: 24 instead of 48)",
        )
        inputs = change_of(changes, "Scratchpad", "Inputs", "read")
        assert inputs.counted[0].by_words_pj == 0
        (reason,) = inputs.reasons
        assert reason.startswith("a word's read costs")
        assert reason.endswith("it holds 262,144 instead of 524,288 words")

    def test_more_rows_and_their_cycles(self) -> None:
        first, second = (run(["layer=KQV", "model=bert_base", f"arch.rows={rows}"]) for rows in (16, 32))
        limit = next(one for one in cycles_between(first, second) if all(one.limiting))
        assert limit.resource == "Scratchpad read"
        assert limit.cycles == (3_649_536, 1_880_064)
        assert limit.reason == "30.1M instead of 58.4M words"

    def test_another_machine(self) -> None:
        first, second = (run(["layer=KQV", "model=bert_base", f"arch={arch}"]) for arch in ("gemmini", "eyeriss"))
        changes = changes_between(first, second)
        assert change_of(changes, "Accumulator", "Outputs", "read").reasons == ("there is no Accumulator any more",)
        assert change_of(changes, "psum_spad", "Outputs", "read").reasons == ("there was no psum_spad before",)
        compute = change_of(changes, "MAC", "", "compute")
        assert compute.counted[0].words[0] == compute.counted[0].words[1]
        assert compute.reasons[0].startswith("an operation costs")

    def test_networks_are_compared_layer_by_layer(self) -> None:
        first, second = (
            run(["layer=[KTQ,softmax,VScores]", "model=bert_base", f"fusion={mode}"]) for mode in ("none", "best")
        )
        layers = layers_between(first, second)
        assert {one.layer for one in layers} == {"KTQ", "softmax", "VScores"}
        assert sum(one.energy_pj[1] - one.energy_pj[0] for one in layers) == pytest.approx(
            second.energy_pj - first.energy_pj
        )
        assert layers[-1].layer == "VScores"
        assert layers[-1].changes == ()
        softmax = next(one for one in layers if one.layer == "softmax")
        assert sum(one.energy_pj for one in softmax.changes) == pytest.approx(
            softmax.energy_pj[1] - softmax.energy_pj[0]
        )
        assert change_of(softmax.changes, "DRAM", "Inputs", "read").reasons == ("DRAM no longer keeps Inputs",)

    def test_a_network_and_one_of_its_layers(self) -> None:
        network, layer = (run([f"layer={name}", "model=bert_base"]) for name in ("[KTQ,VScores]", "KTQ"))
        shared, gone = sorted(layers_between(network, layer), key=lambda one: one.layer)
        assert (gone.layer, gone.runs[1], gone.changes) == ("VScores", None, ())
        assert shared.energy_pj == pytest.approx((144 * layer.energy_pj, layer.energy_pj))
        assert all(change.reasons[0] == "1 instead of 144 runs" for change in shared.changes if change.data_space)


def test_a_trial_without_a_mapping_is_compared_as_far_as_that_goes() -> None:
    from report_cases import trials_of  # noqa: PLC0415
    from sample_results import failed_result  # noqa: PLC0415

    document = comparison_document(trials_of(ok_result(), failed_result(), ok_result()).trials)
    assert "2 has no mapping, so there is nothing to compare: no valid mapping" in document.sentences[0]
    assert document.sentences[1] == "3 takes the same energy and cycles as 1."
    trials = document.sheets[0].records()
    assert [one["energy_pj"] for one in trials] == [ok_result().energy_pj, None, ok_result().energy_pj]
    assert trials[2]["energy_pj_ratio"] == 1
