"""Every golden case: counts, cycles and legality exactly, energies to the last bit or nearly."""

from __future__ import annotations

import pytest
from golden_cases import differences, golden_names, load_golden

from launcher.engines.native.model import evaluate


@pytest.mark.parametrize("name", golden_names())
def test_every_case_of_a_golden_file_is_met(name: str) -> None:
    golden = load_golden(name)
    wrong = {}
    for number, case in enumerate(golden.cases):
        found = list(differences(case.expected, evaluate(golden.specification, case.mapping), tolerance=1e-12))
        if found:
            wrong[number] = found
    assert not wrong, f"{len(wrong)} of {len(golden.cases)} cases differ, first: {next(iter(wrong.items()))}"
