"""Mistakes on the command line of ``python -m launcher``, and its help on terminals of both widths."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import command_here, launch_here

from launcher.commands import COMMANDS


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ((), ("python -m launcher lacks COMMAND", "try:      python -m launcher --help")),
        (("shwo",), ("there is no command shwo", "try:      python -m launcher show")),
        (("zzz",), ("there is no command zzz", "expected: one of evaluate, map", "python -m launcher --help")),
        (("arch=pim", "layer=KTQ"), ("arch=pim is an override", "try:      python launch.py arch=pim")),
        (("shwo", "a b", "2"), ("try:      python -m launcher show 'a b' 2",)),
        (("show", "x", "--jsno=y"), ("try:      python -m launcher show x --json=y",)),
        (("map",), ("python -m launcher map lacks FILE", "python -m launcher map --help")),
        (("show", "--jsn"), ("there is no option --jsn", "try:      python -m launcher show --json")),
        (("show", "--foo"), ("there is no option --foo", "expected: python -m launcher show [-h]")),
        (("show", "a", "1", "c"), ("there is no place for c", "python -m launcher show --help")),
        (
            ("map", "x.yaml", "--factors", "spatal"),
            ("--factors spatal: there is no such", "try:      python -m launcher map x.yaml --factors spatial"),
        ),
        (("summary", "--json", "--csv"), ("--csv: not allowed with argument --json",)),
        (("curve", "--at"), ("argument --at: expected one argument",)),
    ],
)
def test_a_wrong_command_line_is_told_as_other_mistakes(
    tmp_path: Path, typed: tuple[str, ...], words: tuple[str, ...]
) -> None:
    told = command_here(tmp_path, *typed).must_explain(*words, status=2).err
    assert told.startswith("error: ") and "  expected: " in told and "  try:      " in told


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_the_terminal(tmp_path: Path, command: str) -> None:
    for columns in (80, 120):
        text = command_here(tmp_path, *filter(None, [command]), "--help", columns=columns).must_succeed().out
        assert [line for line in text.splitlines() if len(line) > columns] == []
        assert not command or "exit status: 0 " in text


def test_what_has_no_effect_is_told(tmp_path: Path) -> None:
    common = ["layer=KTQ", "model=bert_base", "tracking=none", "sweep.n_trials=2"]
    single = launch_here(tmp_path, *common, "sweep.objectives=[cycles]").must_succeed()
    assert "sweep.n_trials=2, sweep.objectives=[cycles] has no effect: without -m" in single.err
    grid = launch_here(tmp_path, "-m", *common, "arch.rows=8,16", "sweep.pictures=false").must_succeed()
    assert "note: sweep.n_trials=2 has no effect: a grid tries all of its points" in grid.err
    study = launch_here(tmp_path, "-m", *common, "arch.rows=8,16", "hydra/sweeper=optuna", "sweep.pictures=false")
    assert "has no effect" not in study.must_succeed().err
