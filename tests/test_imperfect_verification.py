"""Imperfect factors and the real Timeloop, whose counts of them do not add up: both figures, and why they differ."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console
from timeloop_cases import engine, mapping_of, specification_of, stand_in

from launcher.engines.differences import approximate_counts
from launcher.engines.native.model import evaluate
from launcher.engines.timeloop.engine import TimeloopEngine
from launcher.engines.verify import second_opinion, verified
from launcher.errors import SpecificationError
from launcher.reporting.artifacts import write_artifacts
from launcher.reporting.origins import verification_summary
from launcher.reporting.show import trial_document
from launcher.reporting.terminal import print_result
from launcher.results.evaluation import Evaluation
from launcher.results.files import read_result
from launcher.results.finished import FinishedTrial, Origin, Trials
from launcher.results.result import Optimality, Result
from launcher.results.trial_rows import remark_of
from launcher.tracking.records import tags_of

COMPUTES = 14 * 8 * 8
WHY = "whose counts of imperfect factors are approximate"


class Says:
    """An engine that says the same of every mapping."""

    name, version = "timeloop", "e33ffece"

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    def evaluate(self, *_: object) -> Evaluation:
        return self.evaluation


def timeloops(folder: Path) -> Evaluation:
    """What the real one said of 14 rows of outputs on 4 rows of an array: 128 reads of 112 weights."""
    specification = specification_of("imperfect")
    return engine(stand_in(folder, "imperfect")).evaluate(specification, mapping_of("imperfect", specification))


def reals(folder: Path, recording: str) -> tuple[Result, Evaluation]:
    """The native model's result for the mapping of a recording, and what the real program said of it."""
    specification = specification_of(recording)
    mapping = mapping_of(recording, specification)
    theirs = engine(stand_in(folder, recording)).evaluate(specification, mapping)
    ours = evaluate(specification, mapping)
    return replace(found(ours), specification=specification, mapping=mapping), theirs


def counted() -> Evaluation:
    """What the native model says of it, which reads every weight once."""
    specification = specification_of("imperfect")
    return evaluate(specification, mapping_of("imperfect", specification))


def found(evaluation: Evaluation) -> Result:
    specification = specification_of("imperfect")
    return Result(
        name="gemmini 4x4 gemm",
        status="ok",
        parameters={},
        engine="native 1",
        estimator="tables 1",
        specification=specification,
        mapping=mapping_of("imperfect", specification),
        evaluation=evaluation,
        optimality=Optimality("given"),
    )


def printed(result: Result) -> str:
    console = Console(file=io.StringIO(), width=300, color_system=None)
    print_result(result, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def checked(ours: Evaluation, theirs: Evaluation) -> Result:
    return verified(found(ours), cast(TimeloopEngine, Says(theirs)), strict=True)


def test_another_count_is_told_with_its_reason_and_is_no_alarm(tmp_path: Path) -> None:
    theirs = timeloops(tmp_path)
    result = checked(counted(), theirs)
    expected = (
        f"0.023271 uJ and 68 cycles natively, 0.024318 uJ and 68 cycles in Timeloop, {WHY}: "
        "it has 128 reads of Weights at DRAM instead of 112"
    )
    assert f"compared with timeloop e33ffece on gemmini 4x4 gemm: {expected}" in printed(result)
    assert "disagrees" not in printed(result) and "verified by" not in printed(result)
    tags = tags_of(result, tmp_path, None)
    assert tags["compared_with"] == f"timeloop e33ffece: {expected}"
    assert "disagreement" not in tags and "verified_by" not in tags
    assert remark_of(result) == ""
    write_artifacts(result, tmp_path / "out")
    assert (
        "Registers: fills of Weights: 7 here, 8 there"
        in (json.loads((tmp_path / "out/result.json").read_text())["verification"]["differences"])
    )
    assert read_result(tmp_path / "out").verification == result.verification
    trials = Trials(("here",), (FinishedTrial(result, Origin()),))
    assert any(expected in note for note in trial_document(trials).notes)
    assert verification_summary(trials) == "1 with other counts of imperfect factors by timeloop e33ffece"


def test_computes_that_do_not_add_up_are_the_reason(tmp_path: Path) -> None:
    theirs = replace(timeloops(tmp_path), computes=900)
    assert f"it has 900 multiply-accumulates instead of {COMPUTES}" in printed(checked(counted(), theirs))


def test_the_real_programs_reads_of_what_is_read_once_are_too_many(tmp_path: Path) -> None:
    result, theirs = reals(tmp_path, "imperfect")
    said = printed(verified(result, cast(TimeloopEngine, Says(theirs)), strict=True))
    assert "it has 128 reads of Weights at DRAM instead of 112" in said and "disagrees" not in said
    assert theirs.computes == COMPUTES


def test_the_real_programs_steps_are_the_product_of_all_factors(tmp_path: Path) -> None:
    result, theirs = reals(tmp_path, "steps")
    said = printed(verified(result, cast(TimeloopEngine, Says(theirs)), strict=True))
    assert f"15 cycles both natively and in Timeloop, {WHY}: it takes 8 steps instead of 7, as if every" in said
    assert "disagrees" not in said and len(said.splitlines()[-1]) < 250


def test_a_difference_that_no_approximate_count_accounts_for_is_not_excused(tmp_path: Path) -> None:
    """Whatever else differs with a reason: the multiply-accumulates, or nothing at all."""
    for recording in ("imperfect", "steps"):
        result, theirs = reals(tmp_path / recording, recording)
        dram = theirs.levels[-1]
        space = dram.data_spaces["Weights"]
        spaces = {**dram.data_spaces, "Weights": replace(space, tile_words=space.tile_words + 1)}
        others = {
            "energy of computing in pJ": replace(theirs, compute_energy_pj=theirs.compute_energy_pj * 1.01),
            "DRAM: tile words of Weights": replace(
                theirs, levels=(*theirs.levels[:-1], replace(dram, data_spaces=spaces))
            ),
        }
        for name, other in others.items():
            checked = verified(result, cast(TimeloopEngine, Says(other)), strict=True)
            assert checked.verification and checked.verification.disputed
            assert checked.verification.differences[0].startswith(name)
            assert f"disagrees on gemmini 4x4 gemm: {name}" in printed(checked)
            assert remark_of(checked).startswith(f"timeloop e33ffece disagrees: {name}")
            (flag,) = second_opinion(replace(result, evaluation=other), cast(Any, Says(_of(result)))).flags
            assert flag.startswith(f"the native model disagrees: {name}")


def _of(result: Result) -> Evaluation:
    assert result.evaluation is not None
    return result.evaluation


@pytest.mark.parametrize("level", range(6))
def test_an_energy_differs_for_a_reason_only_where_a_count_does(level: int, tmp_path: Path) -> None:
    result, theirs = reals(tmp_path, "imperfect")
    ours = _of(result)
    changed = [replace(one, energy_pj=one.energy_pj + 1) if n == level else one for n, one in enumerate(theirs.levels)]
    checked = verified(result, cast(TimeloopEngine, Says(replace(theirs, levels=tuple(changed)))), strict=True)
    assert checked.verification is not None
    counts = [
        (stats.reads, stats.fills, stats.updates, stats.utilized_instances)
        == (other.reads, other.fills, other.updates, other.utilized_instances)
        for one, two in ((ours.levels[level], theirs.levels[level]),)
        for stats, other in zip(one.data_spaces.values(), two.data_spaces.values(), strict=True)
    ]
    assert checked.verification.disputed == all(counts)


def test_transfers_of_networks_are_a_reason_where_fan_outs_are_imperfect(tmp_path: Path) -> None:
    for recording, excused in (("imperfect", True), ("steps", False)):
        result, theirs = reals(tmp_path / recording, recording)
        ours = replace(theirs, network_energy_pj={"bus": 21.5})
        other = Says(replace(theirs, network_energy_pj={"bus": 19.5}))
        checked = verified(replace(result, evaluation=ours), cast(TimeloopEngine, other), strict=True)
        assert checked.verification is not None and checked.verification.disputed != excused
        expected = "it charges 19.5 pJ for the transfers of bus instead of 21.5 pJ" if excused else "disagrees"
        assert expected in printed(checked)


def test_the_same_figures_verify_an_imperfect_mapping_too(tmp_path: Path) -> None:
    theirs = timeloops(tmp_path)
    result = checked(theirs, theirs)
    assert "verified by timeloop e33ffece" in printed(result) and "compared with" not in printed(result)


def test_a_perfect_mapping_has_no_such_excuse(tmp_path: Path) -> None:
    specification = specification_of("KTQ")
    mapping = mapping_of("KTQ", specification)
    theirs = engine(stand_in(tmp_path, "KTQ")).evaluate(specification, mapping)
    ours = replace(found(theirs), specification=specification, mapping=mapping)
    other = Says(replace(theirs, cycles=theirs.cycles + 1))
    result = verified(ours, cast(TimeloopEngine, other), strict=True)
    assert result.verification and result.verification.disputed
    assert "disagrees" in printed(result) and remark_of(result).startswith("timeloop e33ffece disagrees")


def test_nor_has_a_mapping_that_is_illegal_there(tmp_path: Path) -> None:
    result = checked(timeloops(tmp_path), Evaluation(legal=False, reason="too large"))
    assert result.verification and result.verification.disputed


def test_timeloops_own_result_says_what_the_native_model_thinks(tmp_path: Path) -> None:
    theirs = timeloops(tmp_path)
    result = found(theirs)
    specification = specification_of("imperfect")
    mapping = mapping_of("imperfect", specification)
    said = second_opinion(result, cast(Any, Says(counted())))
    assert said.evaluation == theirs  # its own figures stay
    assert said.flags == (approximate_counts(counted(), theirs, mapping, specification.problem),)
    assert f"note: {said.flags[0]}" in printed(said)
    same = second_opinion(result, cast(Any, Says(theirs)))
    assert same.flags == ("the native model gives this mapping the same figures",)
    illegal = second_opinion(result, cast(Any, Says(Evaluation(legal=False, reason="too large"))))
    assert illegal.flags == ("to the native model this mapping is illegal: too large",)


def test_a_mapping_that_the_native_model_refuses_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Evaluation:
        raise SpecificationError("dimension 'L' has imperfect factors", expected="perfect ones")

    theirs = timeloops(tmp_path)
    native = Says(theirs)
    monkeypatch.setattr(native, "evaluate", refuse)
    said = second_opinion(found(theirs), cast(Any, native))
    assert said.flags == ("the native model does not evaluate this mapping: dimension 'L' has imperfect factors",)


def test_a_perfect_mapping_needs_no_second_opinion(tmp_path: Path) -> None:
    specification = specification_of("KTQ")
    result = replace(found(timeloops(tmp_path)), specification=specification, mapping=mapping_of("KTQ", specification))
    assert second_opinion(result, cast(Any, None)) == result
