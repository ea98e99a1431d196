"""Terminals of 80 and 120 columns, and pipes: no number is split or cut, and what does not fit is named."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import Outcome, command_here, launch_here
from rich.table import Table
from sample_results import ok_result

from launcher.reporting.console import FittingConsole
from launcher.reporting.headline import title_of

QUICK = ("tracking=none", "verify=false", "model=bert_base")
ONE = ("hydra.run.dir=one", "layer=KQV", *QUICK)
GRID = ("-m", "hydra.sweep.dir=grid", "sweep.pictures=false", "sweep.restart=true", *QUICK)
COMMANDS = (
    ONE,
    ("-v", "arch=pim", "hydra.run.dir=two", "layer=KTQ", *QUICK),
    ("hydra.run.dir=net", "arch=pim", "layer=[KTQ,softmax]", "model.blocks=1", *QUICK),
    ("hydra.run.dir=front", "layer=KTQ", "mapper=pareto", *QUICK),
    (*GRID, "layer=KQV", "arch.rows=8,16"),
    ("show", "one"),
    ("show", "net"),
    ("show", "front"),
    ("summary", "grid"),
    ("compare", "one", "two"),
    ("layers", "model=bert_base"),
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_VARYING = re.compile(r"[\d.]+ (?:ms|s)\b|\S*[/:]\S*|left out at \d+|.*trials/s.*|compiling.*")


def said(folder: Path, command: tuple[str, ...], *, columns: int, terminal: bool) -> str:
    run = launch_here if "=" in command[-1] and command[0] != "layers" else command_here
    found: Outcome = run(folder, *command, columns=columns, terminal=terminal)
    return _ESCAPES.sub("", found.must_succeed().out)


def numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(_VARYING.sub("", text)))


def cut_lines(text: str, columns: int) -> list[str]:
    """Lines that a terminal of this width breaks within a number; addresses and folders are single words."""
    words = (word for line in text.splitlines() if len(line) > columns for word in re.finditer(r"\S+", line))
    return [word[0] for word in words if word.start() < columns < word.end() and not re.search("[/:]", word[0])]


def test_no_number_is_split(tmp_path: Path) -> None:
    for command in COMMANDS:
        narrow, wide = (said(tmp_path, command, columns=columns, terminal=True) for columns in (80, 120))
        assert numbers(narrow) and numbers(narrow) <= numbers(wide), (command, numbers(narrow) - numbers(wide), narrow)
        for text, columns in ((narrow, 80), (wide, 120)):
            assert "…" not in text, (command, columns, text)
            assert not cut_lines(text, columns), (command, columns, text)


def test_a_line_that_just_fits_is_followed_by_no_empty_one(capsys: pytest.CaptureFixture[str]) -> None:
    for length in range(8, 13):
        FittingConsole(width=10, force_terminal=True).print(f"{'a' * length} then more of it", soft_wrap=True)
        lines = capsys.readouterr().out.rstrip("\n").split("\n")
        assert [line for line in lines if line != line.rstrip() or not line] == [], (length, lines)


def test_columns_that_do_not_fit_are_left_out_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    for width, kept in ((80, 6), (30, 2), (10, 2)):
        table = Table("name", *(f"figure {n}" for n in range(5)))
        for column in table.columns[1:]:
            column.justify, column.no_wrap = "right", True
        table.add_row("a layer of a long name", *("123,456,789" for _ in range(5)))
        FittingConsole(width=width if kept < 6 else 120).print(table)
        text = capsys.readouterr().out
        assert text.count("123,456,789") == kept - 1, text
        assert ("left out" in text) == (kept < 6), text


def test_a_title_names_hardware_model_layer_and_sizes() -> None:
    result = ok_result()
    named = replace(result, name="pim 8x8 KTQ", parameters={"layer": "KTQ", "model": "bert_large"})
    assert title_of(named).startswith("pim 8x8, bert_large KTQ: ")
    assert all(f"{name} {size}" in title_of(named) for name, size in named.specification.problem.dimensions.items())  # type: ignore[union-attr]
    assert title_of(replace(named, parameters={}, specification=None)) == "pim 8x8 KTQ"
