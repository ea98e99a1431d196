"""Values in Timeloop files that no hardware has, and words that nobody reads: refused, or told, by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import command_here
from test_yaml_files import swapped

CYCLE = '{version: 0.4, technology: "45nm"}'
REFUSED = {
    **{
        f"cycles of {value}": (CYCLE, CYCLE.replace("}", f", global_cycle_seconds: {value}}}"), "global_cycle_seconds")
        for value in ("-1", "0", ".nan", ".inf", "1e-320", "1e300", "fast")
    },
    **{
        f"bandwidth of {value}": ("sizeKB: 2, ", f"sizeKB: 2, read_bandwidth: {value}, ", "read_bandwidth")
        for value in ("-1", "0", ".nan", "1e-320", "1e300")
    },
    **{
        f"energy of {value}": ("energy: 1.5", f"energy: {value}", "energy")
        for value in ("-1", ".nan", ".inf", "1e-320")
    },
    "a word of an action": ("arguments: {n: 1}, energy", "argments: {n: 1}, energy", "did you mean 'arguments'"),
    "two tables": (
        '  - {name: "system.chip[0..3].mac[1..16]", actions: [{name: compute, energy: 0.25}]}',
        '  - {name: "system.chip[0..3].mac[1..16]", actions: [{name: compute, energy: 0.25}]}\n'
        '  - {name: "system.chip[0..3].mac[1..16]", actions: [{name: compute, energy: 1000}]}',
        "two tables for 'mac'",
    ),
}
TOLD = {
    "an extent of no dimension": ("H: 224", "Q: 5", "'Q' in the problem's instance has no effect"),
    "nothing is written": (", read_write: True", "", "no data space of the problem is 'read_write'"),
}


def written(folder: Path, old: str, new: str) -> str:
    (folder / "in.yaml").write_text(swapped(old, new))
    return "in.yaml"


@pytest.mark.parametrize("case", REFUSED)
def test_a_value_that_makes_no_sense_is_refused_with_its_place(tmp_path: Path, case: str) -> None:
    old, new, named = REFUSED[case]
    command_here(tmp_path, "map", written(tmp_path, old, new)).must_explain("in.yaml:", named)


@pytest.mark.parametrize("case", TOLD)
def test_what_has_no_effect_is_told(tmp_path: Path, case: str) -> None:
    old, new, words = TOLD[case]
    assert words in command_here(tmp_path, "map", written(tmp_path, old, new)).must_succeed().out
