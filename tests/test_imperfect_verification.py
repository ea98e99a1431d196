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

from launcher.engines.timeloop.engine import TimeloopEngine
from launcher.engines.verify import approximate_counts, second_opinion, verified
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


def counted(evaluation: Evaluation) -> Evaluation:
    """The same with every weight read once from DRAM."""
    dram = evaluation.levels[-1]
    spaces = {**dram.data_spaces, "Weights": replace(dram.data_spaces["Weights"], reads=112)}
    return replace(evaluation, energy_pj=23271.0, levels=(*evaluation.levels[:-1], replace(dram, data_spaces=spaces)))


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
    result = checked(counted(theirs), theirs)
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
        "DRAM: reads of Weights: 112 here, 128 there"
        in (json.loads((tmp_path / "out/result.json").read_text())["verification"]["differences"])
    )
    assert read_result(tmp_path / "out").verification == result.verification
    trials = Trials(("here",), (FinishedTrial(result, Origin()),))
    assert any(expected in note for note in trial_document(trials).notes)
    assert verification_summary(trials) == "1 with other counts of imperfect factors by timeloop e33ffece"


def test_computes_that_do_not_add_up_are_the_reason(tmp_path: Path) -> None:
    theirs = replace(timeloops(tmp_path), computes=900)
    assert f"it has 900 multiply-accumulates instead of {COMPUTES}" in printed(checked(counted(theirs), theirs))


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
    problem = specification_of("imperfect").problem
    said = second_opinion(result, cast(Any, Says(counted(theirs))))
    assert said.evaluation == theirs  # its own figures stay
    assert said.flags == (approximate_counts(counted(theirs), theirs, problem),)
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
