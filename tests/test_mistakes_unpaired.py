"""Quotes and brackets without a partner, and numbers that are none: what is told can be typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from command_line import launch_here

from launcher import run
from launcher.errors import LauncherError

SMALL = ("tracking=none", "model=bert_base", "layer=KTQ", "sweep.pictures=false", "verbosity=quiet")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("layer=[KTQ,softmax", "layer=[KTQ,softmax]"),
        ("layer=KTQ,softmax]", "layer=[KTQ,softmax]"),
        ("arch.rows='8", "arch.rows=8"),
        ("arch.rows=8)", "arch.rows=8"),
        ("arch.rows=choice(8,16", "arch.rows=choice(8,16)"),
        ("+note='a b", "+note=a b"),
    ],
)
def test_what_lacks_a_partner_gets_one(tmp_path: Path, wrong: str, right: str) -> None:
    first = ("-m",) if "choice" in wrong else ()
    told = launch_here(tmp_path, *first, *SMALL, wrong).must_explain("has no partner", status=2).err
    hint = shlex.split(told.partition("try: ")[2])
    assert hint == ["python", "launch.py", *first, *SMALL, right]
    if "note" not in right:
        launch_here(tmp_path, *hint[2:]).must_succeed()


def test_two_arguments_in_one_are_parted(tmp_path: Path) -> None:
    told = launch_here(tmp_path, "arch.rows=8 layer=KTQ").must_explain("cannot read", status=2).err
    assert told.rstrip().endswith("python launch.py arch.rows=8 layer=KTQ")


def test_the_beginning_of_a_key_is_enough_to_find_it(tmp_path: Path) -> None:
    for typed, meant in (("scratchpad=256", "arch.scratchpad_kib=256"), ("technology=7nm", "arch.technology_nm")):
        launch_here(tmp_path, typed).must_explain("there is no key", f"did you mean {meant}?")


@pytest.mark.parametrize("wrong", ["arch.rows=[8,(9", "arch.rows=8]9]", "model.path=\"a'b"])
def test_what_nobody_understands_is_told_without_a_guess(tmp_path: Path, wrong: str) -> None:
    told = launch_here(tmp_path, wrong).must_explain("expected: group=choice", status=2).err
    assert "Lexer" not in told and "viable" not in told


@pytest.mark.parametrize(
    ("typed", "what", "hint"),
    [
        ("1e9", "arch.rows=1000000000 is out of range", "arch.rows=4096"),
        ("-1e9", "arch.rows=-1000000000 is out of range", "arch.rows=1"),
        ("8.5", "arch.rows=8.5 is no whole number", "arch.rows=8"),
        ("1e2", "arch.rows=100.0 is no whole number", "arch.rows=100"),
        ("abc", "arch.rows=abc is no whole number", "arch.rows=16"),
        ("", "arch.rows= is no whole number", "arch.rows=16"),
        ("null", "arch.rows=null is no whole number", "arch.rows=16"),
        ("true", "arch.rows=true is no whole number", "arch.rows=16"),
        ("nan", "arch.rows=nan is no whole number", "arch.rows=16"),
    ],
)
def test_a_number_that_does_not_fit_is_told_as_typed(typed: str, what: str, hint: str) -> None:
    with pytest.raises(LauncherError) as told:
        run(f"arch=gemmini arch.rows={typed}")
    assert told.value.what == what
    assert told.value.hint == hint


def test_options_of_the_command_line_are_none_of_python() -> None:
    with pytest.raises(LauncherError, match="option of the command line") as told:
        run(["layer=KTQ", "-m"])
    assert "launcher.sweep" in str(told.value.hint)
