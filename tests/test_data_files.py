"""A file of data describes hardware, models and layers; it names no program, opens no file and reads no environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import command_here, launch_here

from launcher.errors import LauncherError
from launcher.sweeping.exhaustive.study_file import read_study

REFUSED = {
    "estimator.program": "./evil",
    "estimator.components": "[./evil.yaml]",
    "estimator.tables": "[/etc]",
    "engine.bin_dir": "/usr/evil",
    "engine.container": "evil:latest",
    "tracking.uri": "http://elsewhere",
    "sweep.storage": "/somewhere",
    "hydra.run.dir": "/somewhere",
    "model.path": "/etc/passwd",
    "model": "torch",
    "arch.template": "mine.yaml.j2",
    "mapping": "/etc/passwd",
    "arch.label": "${oc.env:SECRET}",
    "layer": "../arch/gemmini",
}


@pytest.mark.parametrize("key", REFUSED)
def test_configurations_set_nothing_that_is_run_opened_or_read(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "seventeen apples")
    (tmp_path / "hw.json").write_text(json.dumps([{"rows": 8, key: REFUSED[key]}, {"rows": 16, key: REFUSED[key]}]))
    told = launch_here(tmp_path, "-m", "configs=hw.json", "layer=KTQ", "tracking=none")
    told.must_explain("hw.json", key)
    assert "apples" not in told.out + told.err
    assert not list(tmp_path.glob("multirun/*/*/*/result.json"))


@pytest.mark.parametrize("key", REFUSED)
@pytest.mark.parametrize("swept", [False, True], ids=["common", "swept"])
def test_studies_set_nothing_that_is_run_opened_or_read(tmp_path: Path, key: str, swept: bool) -> None:
    keys = {"arch.rows": [8], **({key: [REFUSED[key]]} if swept else {})}
    overrides = ["layer=KTQ", *([] if swept else [f"{key}={REFUSED[key]}"])]
    (tmp_path / "study.json").write_text(json.dumps({"overrides": overrides, "keys": keys}))
    with pytest.raises(LauncherError, match=key):
        read_study(tmp_path)
    command_here(tmp_path, "show", ".", "0").must_explain("study.json", key)


def test_what_describes_hardware_is_set_as_before(tmp_path: Path) -> None:
    entries = [{"rows": 8, "layer": "KTQ", "mapper": "energy", "model.sequence": 128}]
    (tmp_path / "hw.json").write_text(json.dumps(entries))
    launch_here(tmp_path, "-m", "configs=hw.json", "model=bert_base", "tracking=none").must_succeed()
