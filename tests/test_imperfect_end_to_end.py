"""Imperfect mappings in the real programs and in the native model, through whole trials."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import launch_here
from timeloop_cases import BERT, RAGGED, RECORDINGS, RUBY, UNEVEN, stand_in

from launcher.config.compose import compose
from launcher.results.result import Result
from launcher.trial.run import run_trial

GIVEN = ("engine.mode=evaluate", f"mapping={RECORDINGS / 'imperfect' / 'mapping.yaml'}")
WHY = "whose counts of imperfect factors are approximate: it has 128 reads of Weights at DRAM instead of 112"


@pytest.fixture(autouse=True)
def no_timeloop(monkeypatch: pytest.MonkeyPatch) -> None:
    """None on the PATH, whatever is installed."""
    monkeypatch.setenv("PATH", f"/usr/bin{os.pathsep}/bin")


def run(*overrides: str) -> Result:
    return run_trial(compose([*BERT, *overrides]))


def test_verifying_a_mapping_tells_both_figures_and_the_reason(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "imperfect")
    result = run(*RAGGED, *GIVEN, f"engine.bin_dir={programs}", "verify=true")
    assert result.verification and not result.verification.disputed and not result.verification.agrees
    assert WHY in (result.verification.explanation or "")
    done = launch_here(tmp_path, "tracking=none", "model=bert_base", *RAGGED, *GIVEN, f"engine.bin_dir={programs}")
    said = " ".join(done.must_succeed().out.split())
    assert WHY in said and "disagrees" not in said


def test_timeloops_own_figures_stand_beside_the_native_ones(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "imperfect")
    native = run(*RAGGED, *GIVEN)
    theirs = run(*RAGGED, *GIVEN, "engine=timeloop", f"engine.bin_dir={programs}", "engine.frontend=direct")
    assert theirs.energy_pj > native.energy_pj
    (remark,) = [flag for flag in theirs.flags if "natively" in flag]
    assert remark.startswith(f"{native.energy_pj * 1e-6:.5g} uJ and 68 cycles natively, ") and WHY in remark


def test_a_search_of_timeloops_has_the_remark_too(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "ruby", behaviour="replay(recordings[0])")
    asked = [f"mapper.{name}={value}".replace("'", "").replace(" ", "") for name, value in RUBY.items()]
    timeloop = ("engine=timeloop", f"engine.bin_dir={programs}", "engine.frontend=direct", "mapspace.factors=spatial")
    result = run(*UNEVEN, *timeloop, *asked)
    assert result.ok and result.mapping and not result.mapping.is_perfect
    assert any("in Timeloop, whose counts of imperfect factors are approximate" in flag for flag in result.flags)
