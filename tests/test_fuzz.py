"""A sample of what ``python tests/fuzz.py`` runs by the hundred thousand."""

from __future__ import annotations

import pytest
from fuzz import failures
from fuzz_kinds import KINDS

CASES = {
    "command_lines": 100,
    "configurations": 500,
    "models": 300,
    "timeloop_files": 250,
    "templates": 100,
    "results": 150,
    "studies": 50,
    "kept_results": 250,
    "tables": 300,
}


@pytest.mark.parametrize("kind", CASES)
def test_no_input_of_a_kind_ends_in_a_traceback(kind: str) -> None:
    wrong = [str(one) for one in failures(kind, CASES[kind])]
    assert not wrong, "\n".join(wrong)


def test_every_kind_has_its_cases() -> None:
    assert CASES.keys() == KINDS.keys()
    assert sum(CASES.values()) == 2000
