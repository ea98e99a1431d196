"""A side of the array that idles because nothing divides is told, with what to type."""

from __future__ import annotations

import io
from math import ceil, prod
from pathlib import Path
from random import Random

import pytest
from command_line import command_here
from rich.console import Console

from launcher import run
from launcher.notebook.on_results import Result
from launcher.reporting.page.trial_page import trial_page
from launcher.reporting.summary import print_summary
from launcher.reporting.terminal import print_result
from launcher.results.finished import FinishedTrial, Origin, Trials
from launcher.results.idle_places import idle_sides, indivisible

SWITCH = "mapspace.factors=spatial uses them"


def gemm(*overrides: str, **sizes: int) -> Result:
    extents = {"D": 64, "E": 64, "L": 64, **sizes}
    return run(["layer=gemm", *(f"layer.{name}={extent}" for name, extent in extents.items()), *overrides])


def told(result: Result) -> list[str]:
    return [flag for flag in result.flags if "idle" in flag]


def printed(result: Result) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    print_result(result, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_template_that_fills_a_side_says_when_it_cannot() -> None:
    result = gemm(D=197, E=50)
    assert told(result) == [
        f"[PECols] 6 of 16 places along X idle: E = 50 has no divisor from 11 to 16; {SWITCH}",
        f"[PERows] 15 of 16 places along Y idle: D = 197 has no divisor from 2 to 16; {SWITCH}",
    ]
    for flag in told(result):
        assert f"note: {flag}" in printed(result) and flag in trial_page(result)


def test_so_does_a_mapper_that_may_choose() -> None:
    (remark,) = told(gemm("arch=dimc", D=197, E=64))
    assert remark == f"[Columns] 31 of 32 places along X idle: D = 197 has no divisor from 2 to 32; {SWITCH}"


@pytest.mark.parametrize(
    ("sizes", "overrides"),
    [
        pytest.param({}, (), id="everything divides"),
        pytest.param({"D": 26}, (), id="less than a quarter idles: 13 of 16"),
        pytest.param({"D": 5}, (), id="there is no more"),
        pytest.param({"L": 197}, (), id="not on a side"),
        pytest.param({"D": 20}, (), id="16 places would take two steps, too"),
        pytest.param({"D": 197, "E": 50}, ("mapspace.factors=spatial", "arch=eyeriss"), id="already asked for"),
    ],
)
def test_otherwise_nothing_is_said(sizes: dict[str, int], overrides: tuple[str, ...]) -> None:
    assert told(gemm(*overrides, **sizes)) == []


def test_windows_that_slide_have_no_such_remedy() -> None:
    conv = ["layer=resnet18_2_3x3", "model=resnet18", "arch.dataflow=os", "arch.cols=13"]
    result = run(conv)  # 8 of 13 columns are used by the 56 outputs of a row
    assert result.specification and result.mapping
    sides = idle_sides(result.specification, result.mapping)
    assert [(side.used, side.places) for side in sides] == [(8, 13)]
    assert told(result) == []


def test_norm_operations_have_sides_too() -> None:
    result = run(["layer=layernorm", "model=bert_base", "model.sequence=197", "arch.norm_lanes=16"])
    assert told(result) == [f"[Lanes] 15 of 16 places along X idle: L = 197 has no divisor from 2 to 16; {SWITCH}"]


def test_a_network_tells_what_its_layers_do() -> None:
    result = run(["layer=[KTQ,VScores]", "model=bert_base", "model.sequence=197"])
    assert told(result) and set(told(result)) == {flag for run_ in result.layers for flag in told(run_.result)}


@pytest.mark.parametrize("arch", ["eyeriss", "simba", "dimc"])
def test_what_is_told_is_true_and_nothing_true_is_left_out(arch: str) -> None:
    random = Random(5)
    seen = 0
    for _ in range(12):
        result = gemm(f"arch={arch}", **{name: random.randint(1, 220) for name in "DEL"})
        specification, mapping = result.specification, result.mapping
        assert specification is not None and mapping is not None
        reasons = {reason.side: reason for reason in indivisible(specification, mapping)}
        assert len(told(result)) == len(reasons)
        for side in idle_sides(specification, mapping):
            assert side.places - side.used > side.places / 4
            helped = False
            for name, extent in specification.problem.dimensions.items():
                bounds = specification.constraints.at(side.level).spatial.factors.get(name)
                if bounds is not None and bounds.exact == 1:
                    continue
                left = extent
                for level in mapping:
                    left //= prod(loop.bound for loop in level.spatial if loop.dimension == name)
                rest = left * side.factor(name)
                room = min(side.places * side.factor(name) // side.used, rest)
                divisors = [n for n in range(1, room + 1) if rest % n == 0]
                helped |= side.factor(name) == divisors[-1] and ceil(rest / room) < rest // divisors[-1]
            assert helped == (side in reasons)
            seen += helped
    assert seen


def test_many_trials_say_it_once() -> None:
    results = [gemm(f"arch.rows={rows}", D=197) for rows in range(11, 17)]
    trials = Trials(("here",), tuple(FinishedTrial(one, Origin()) for one in results))
    console = Console(file=io.StringIO(), width=200, color_system=None)
    print_summary(trials, console)
    assert isinstance(console.file, io.StringIO)
    lines = [line for line in console.file.getvalue().splitlines() if "idle" in line]
    assert lines == [
        f"note: [PERows] 10 of 11 places along Y idle: D = 197 has no divisor from 2 to 11; {SWITCH} (and alike)"
    ]


def test_files_get_the_switch_of_their_command(tmp_path: Path) -> None:
    run(["arch=dimc", "layer=gemm", "layer.D=197", "layer.E=64", "layer.L=64"], output=tmp_path)
    files = ["specification.yaml", "constraints.yaml"]
    done = command_here(tmp_path, "map", *files).must_succeed()
    assert "D = 197 has no divisor from 2 to 32; --factors spatial uses them" in done.out
    assert "idle" not in command_here(tmp_path, "map", *files, "--factors", "spatial").must_succeed().out
