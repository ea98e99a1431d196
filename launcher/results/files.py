"""The files of a trial: their names, and reading a result back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from launcher.errors import LauncherError
from launcher.results.result import Result
from launcher.results.result_json import is_unchanged, result_from_dict

SWEEP_JSON = "sweep.json"
"""In a sweep's folder, for every worker to read: the tracking store's identifier of the sweep's own run (``parent``),
what differs between its trials (``swept``), what it is after (``goals``), its study, and how many run at a time
(``workers``)."""

STUDY_JSON = "study.json"
CERTIFICATE_JSON = "certificate.json"
"""Beside it, of an exhaustive search: what was asked, and what was proved."""

MULTIRUN_YAML = "multirun.yaml"
"""Beside it: the sweep's configuration, as Hydra's own sweeper leaves it."""

TRIALS_CSV = "trials.csv"
"""Beside it, when the sweep ends: all its trials."""

STUDY_HTML = "study.html"
"""Beside it, of an exhaustive search: what it found, to look at."""

OVERRIDES_YAML = ".hydra/overrides.yaml"
"""In a trial's folder: what it was told."""

CONFIG_YAML = ".hydra/config.yaml"
"""Beside it: all its values, as they were composed."""

RESULT_JSON = "result.json"
MAPPING_YAML = "mapping.yaml"
MAPPING_TXT = "mapping.txt"
SPECIFICATION_YAML = "specification.yaml"
CONSTRAINTS_YAML = "constraints.yaml"
ENERGY_CSV = "energy.csv"
ENERGY_SVG = "energy.svg"
MAPPING_SVG = "mapping.svg"
REPORT_HTML = "report.html"
LAYERS_CSV = "layers.csv"
FRONT_CSV = "front.csv"
GENERATION_CSV = "generation.csv"
GENERATION_SVG = "generation.svg"
PROOF_JSON = "proof.json"
LAYERS_FOLDER = "layers"
ARTIFACT_NAMES = (
    RESULT_JSON,
    MAPPING_YAML,
    MAPPING_TXT,
    MAPPING_SVG,
    SPECIFICATION_YAML,
    CONSTRAINTS_YAML,
    ENERGY_CSV,
    ENERGY_SVG,
    REPORT_HTML,
)
"""Every file that :func:`write_artifacts` may write for a single layer."""
NETWORK_ARTIFACT_NAMES = (
    RESULT_JSON,
    PROOF_JSON,
    MAPPING_TXT,
    MAPPING_SVG,
    ENERGY_CSV,
    ENERGY_SVG,
    LAYERS_CSV,
    FRONT_CSV,
    GENERATION_CSV,
    GENERATION_SVG,
    REPORT_HTML,
)
"""What it writes for a network, beside a folder for each of its layers in ``layers/``, or for a front."""


def read_result(folder: Path, *, if_changed: Callable[[Result], None] | None = None) -> Result:
    """The result that :func:`write_artifacts` left in ``folder``.

    Args:
        folder: of the trial.
        if_changed: looks at a result whose digest is not that of its content.

    Raises:
        LauncherError: there is no ``result.json``, or it was not written by this version of the launcher.
    """
    file = folder / RESULT_JSON
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        result = result_from_dict(content)
        changed = if_changed is not None and not is_unchanged(content)
    except RecursionError as error:
        raise LauncherError("cannot read a result: nested too deeply", where=str(file)) from error
    except (OSError, ValueError) as error:
        raise LauncherError(f"cannot read a result: {error}", where=str(file)) from error
    except LauncherError as error:
        error.where = str(file)
        raise
    if changed and if_changed is not None:
        if_changed(result)
    return result


def sweep_file(folder: Path) -> dict[str, Any]:
    """What a sweep wrote about itself into its folder; empty when ``folder`` is none of a sweep."""
    try:
        content = json.loads((folder / SWEEP_JSON).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
