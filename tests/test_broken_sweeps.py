"""Sweeps that are killed, or find the disk full, at any moment: nothing is lost or doubled."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from broken_sweeps import KINDS
from command_line import python

SCRIPT = str(Path(__file__).with_name("broken_sweeps.py"))
FULL = (130,)


@pytest.mark.skipif(sys.platform != "linux", reason="it forks processes that are ready to run")
def test_what_is_killed_or_finds_no_room_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """``python tests/broken_sweeps.py FOLDER`` tries every moment, which takes minutes."""
    seed = os.environ.get("SWEEP_KILL_SEED", "1")
    told = python(tmp_path, SCRIPT, "broken", "--chain", seed, "--full", *map(str, FULL)).must_succeed().out
    assert all(f"{kind}: killed " in told for kind in KINDS) and "killed 0" not in told
    for at in FULL:
        said = (tmp_path / "broken" / f"grid-full-{at}" / "out.txt").read_text()
        assert "error: " in said and "the disk is full (" in said, said
