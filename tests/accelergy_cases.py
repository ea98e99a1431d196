"""Runs of the real Accelergy that were recorded, and the stand-in that replays them.

To record again, where Accelergy and its plug-ins are installed: ``python tests/accelergy_cases.py``.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher.config.compose import compose
from launcher.errors import EstimationError
from launcher.estimation import EstimatorSettings, estimate
from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification
from launcher.trial.steps import specify

RECORDINGS = Path(__file__).resolve().parent / "recordings" / "accelergy"
BROKEN_CLASS = """compound_components:
  version: 0.4
  classes:
  - {name: cam_storage, attributes: {}, actions: []}
"""

# Replays the folder RECORDING: it answers for components that were in the recorded run, described in the same words.
STAND_IN = """#!{python}
import json, os, shutil, subprocess, sys, time
from pathlib import Path
recording = Path({recording!r})
if sys.argv[1:] == ["--help"]:
    sys.exit()
with open({calls!r}, "a") as calls:
    calls.write(os.environ["HOME"] + "\\n")
if len(sys.argv) == 1:  # as Accelergy does without input
    config = Path.home() / ".config/accelergy/accelergy_config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({{"version": 0.4, "estimator_plug_ins": {plug_ins!r}, "primitive_components": []}}))
    sys.exit()
def classes(path):
    return {{json.dumps(one, sort_keys=True) for one in json.loads(path.read_text())["compound_components"]["classes"]}}
def recorded():
    changed = classes(Path("components.yaml")) - classes(recording / "components.yaml")
    if changed:
        sys.exit("this is not what was recorded: " + "; ".join(changed))
    out = Path(sys.argv[sys.argv.index("-o") + 1])
    for file in recording.glob("*.yaml"):
        shutil.copy(file, out)
    return out
{behaviour}
"""
REPLAY = """
recorded()
sys.stderr.write((recording / "stderr.txt").read_text())
sys.exit(int((recording / "status").read_text()))
"""


def stand_in(folder: Path, recording: str = "gemmini", behaviour: str = REPLAY, plug_ins: Sequence[str] = ()) -> Path:
    """A program that behaves like Accelergy; ``folder/calls`` has a line for every start, with its home directory."""
    root = folder / "plug_ins"
    for name in plug_ins:
        (root / name).mkdir(parents=True)
        (root / name / "any.estimator.yaml").write_text("version: 0.4\n")
    text = STAND_IN.format(
        python=sys.executable,
        recording=str(RECORDINGS / recording),
        calls=str(folder / "calls"),
        plug_ins=[str(root)] if plug_ins else [],
        behaviour=behaviour,
    )
    program = folder / "accelergy"
    program.write_text(text)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def machine(arch: str) -> Specification:
    """An architecture of the project's, without energies."""
    return specify(compose(["tracking=none", f"arch={arch}", "layer=KQV", "model=bert_base"]))


def unknown() -> Specification:
    """A machine with a component of a class that nobody knows."""
    attributes = {"technology": "32nm", "global_cycle_seconds": 1.2e-9}
    levels = (StorageLevel("Matcher", "cam_storage", attributes={"width": 64}),)
    architecture = Architecture("test", levels, ComputeLevel("MAC", "free_compute"), {}, attributes)
    return Specification(architecture, Problem("none", {}, ()))


def _record(name: str, specification: Specification, settings: Mapping[str, object]) -> None:
    """Run the real program through a script that keeps its input and output."""
    real = shutil.which("accelergy")
    if real is None:
        sys.exit("accelergy is not on the PATH")
    target = RECORDINGS / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["LAUNCHER_CACHE_DIR"] = scratch
        program = Path(scratch) / "recorder"
        copied = f'cp components.yaml out/*.yaml stderr.txt "{target}" 2>/dev/null'
        keep = f'[ $# -gt 0 ] && {copied}; echo $status > "{target}/status"'
        program.write_text(f'#!/bin/sh\n"{real}" "$@"; status=$?\n{keep}\nexit $status\n')
        program.chmod(0o755)
        try:
            estimate(specification, estimator="accelergy", settings=EstimatorSettings(program=str(program), **settings))  # type: ignore[arg-type]
            (target / "stderr.txt").write_text("")  # long, and of no interest
        except EstimationError as error:
            print(f"{name}: {error}")
            text = (target / "stderr.txt").read_text()
            (target / "stderr.txt").write_text(
                text.replace(scratch, "/cache").replace(str(Path(real).parent.parent), "/venv")
            )


if __name__ == "__main__":
    _record("gemmini", machine("gemmini"), {})
    _record("pim", machine("pim"), {})
    _record("gemmini_plug_ins", machine("gemmini"), {"prefer": "plug_ins"})
    _record("declined", unknown(), {})
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "broken.yaml"
        broken.write_text(BROKEN_CLASS)
        _record("crash", unknown(), {"components": (broken,)})
