"""Figures are the same under every Python to the last bit, whose ``sum`` adds floats in one way before 3.12 and in
another one since."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterable
from math import fsum
from pathlib import Path
from typing import Any

import pytest
from exact_figures import exact, exact_figures, trials

from launcher.summing import sum_in_order

_EVERY = 13


def _one_after_the_other(values: Iterable[Any], start: Any = 0) -> Any:
    for value in values:
        start = start + value
    return start


def _corrected(values: Iterable[Any], start: Any = 0) -> Any:
    found = [start, *values]
    if any(isinstance(value, float) for value in found) and all(isinstance(value, int | float) for value in found):
        return fsum(found)
    return _one_after_the_other(found[1:], start)


def test_floats_are_added_from_left_to_right() -> None:
    assert sum_in_order([1e100, 1.0, -1e100]) == 0.0 and sum_in_order([0.1] * 10) == 0.9999999999999999


def test_figures_do_not_depend_on_how_python_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for add in (_one_after_the_other, _corrected):
        monkeypatch.setattr(builtins, "sum", add)
        found.append([f"{told}: {exact(result)}" for told, result in trials(_EVERY)])
        monkeypatch.undo()
    assert len(found[0]) == 5 and found[0] == found[1]


@pytest.mark.skipif("EXACT_FIGURES" not in os.environ, reason="no figures of another Python")
def test_figures_are_those_of_another_python() -> None:
    """``.ci/run`` names a file with what ``tests/exact_figures.py`` printed under the oldest version."""
    others = Path(os.environ["EXACT_FIGURES"]).read_text(encoding="utf-8").splitlines()
    own = exact_figures()
    assert len(own) == len(others) == 60
    differing = [f"{mine}\n{other}" for mine, other in zip(own, others, strict=True) if mine != other]
    assert not differing, "\n\n".join(differing)
