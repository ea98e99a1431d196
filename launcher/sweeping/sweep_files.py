"""What a sweep of any kind leaves in its folder before its first trial, and how it calls folders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from launcher.plain_text import without_passwords
from launcher.results.files import MULTIRUN_YAML, SWEEP_JSON
from launcher.results.goals import Goals
from launcher.whole_files import write_text


def write_sweep_files(
    folder: Path,
    config: DictConfig,
    *,
    parent: str | None,
    swept: Sequence[str],
    goals: Goals,
    overrides: Sequence[str],
    study: str,
    workers: int,
) -> None:
    """Say what is swept, and with which configuration; passwords of addresses are left out.

    Args:
        folder: the sweep's.
        config: the sweep's, Hydra's part included.
        parent: identifier of its run in the tracking store, where it has one.
        swept: keys and groups.
        goals: what it is after, for whoever reads its trials.
        overrides: the arguments of the command line.
        study: its name.
        workers: trials at a time.
    """
    own = {
        "parent": parent,
        "swept": [*swept],
        "goals": goals.recorded,
        "overrides": [*overrides],
        "study": study,
        "workers": workers,
    }
    write_text(folder / SWEEP_JSON, without_passwords(json.dumps(own)) + "\n")
    write_text(folder / MULTIRUN_YAML, without_passwords(OmegaConf.to_yaml(config)))
