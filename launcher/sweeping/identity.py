"""What makes the trials of an earlier sweep valid for this one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from launcher.config.compose import own_folders
from launcher.errors import ConfigurationError
from launcher.fingerprint import fingerprint
from launcher.paths import data_folder
from launcher.results.goals import Goals
from launcher.sweeping.points.interface import Points

_CODE = "launcher.trial.run"
_DATA = ("arch_templates", "tables", "workloads")
_IGNORED = ("hydra", "sweep", "tracking", "cache", "verbosity", "configs", "mixup")
_EFFORT = ("mapper.threads",)
"""Settings that change how long a trial takes, not what it finds."""

_NAMED = ("arch", "model", "layer", "engine", "estimator")
_OBJECTIVE = "mapper.objective"
_SHOWN = 8


def identity(config: DictConfig, points: Points, goals: Goals) -> dict[str, Any]:
    """Everything that the trials of a study have in common; studies with equal identities may share trials.

    Args:
        config: the multirun's configuration, swept values left out.
        points: what is swept.
        goals: what is optimised.
    """
    return {
        "space": dict(points.identity),
        "goals": str(goals),
        "fixed": _fixed(config, points),
        "code": fingerprint(_CODE),
        "data": _digest_of_data(config),
    }


def digest(identity_: Mapping[str, Any]) -> str:
    """Eight characters that differ when the identity does."""
    return hashlib.sha256(json.dumps(identity_, sort_keys=True).encode()).hexdigest()[:8]


def what_changed(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What changed, a phrase each."""
    before, after = _flat(earlier), _flat(now)
    changed = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    phrases = [f"{name}: {before.get(name, 'absent')} -> {after.get(name, 'absent')}" for name in changed]
    return phrases[:_SHOWN] + ([f"and {len(phrases) - _SHOWN} more"] if len(phrases) > _SHOWN else [])


def check_same(name: str, earlier: Mapping[str, Any], now: Mapping[str, Any], where: str) -> None:
    """Refuse to go on with the study called ``name``, kept at ``where``, when it was made for something else.

    Raises:
        ConfigurationError: the identities differ; it says in what.
    """
    if earlier != now:
        raise ConfigurationError(
            f"the study {name} was made for something else: {'; '.join(what_changed(earlier, now))}",
            where=where,
            hint="sweep.restart=true forgets its trials, sweep.study=ANOTHER_NAME leaves them alone",
        )


def chosen_parameters(config: DictConfig, identity_: Mapping[str, Any], points: Points) -> dict[str, object]:
    """What was chosen for all trials: the groups, what the mapper is after, and every value that was asked for.

    Defaults would bury them; each trial's run has its own.
    """
    swept, asked = set(points.names), {item.partition("=")[0].lstrip("+") for item in points.fixed}
    choices = config.hydra.runtime.choices
    named = {group: str(choices[group]) for group in _NAMED if choices.get(group) and group not in swept}
    values = {
        key: value
        for key, value in identity_["fixed"].items()
        if key in asked | {_OBJECTIVE} and value not in (None, "???")
    }
    return {**values, **named}


def _fixed(config: DictConfig, points: Points) -> dict[str, Any]:
    """The composed values, without what is swept: of a swept group only what was given for all trials."""
    names = set(points.names)
    groups = {name for name in names if "." not in name}
    plain = OmegaConf.to_container(config, resolve=False, enum_to_str=True)
    assert isinstance(plain, dict)
    flat = _flat({str(key): value for key, value in plain.items() if key not in _IGNORED})
    swept = tuple(f"{group}." for group in groups)
    kept = {
        key: value
        for key, value in flat.items()
        if key not in names and key not in _EFFORT and key not in groups and not (swept and key.startswith(swept))
    }
    given = [text for text in points.fixed if text.lstrip("+~").startswith(swept)] if swept else []
    return kept | ({"overrides": " ".join(given)} if given else {})


def _digest_of_data(config: DictConfig) -> str:
    """Of the templates and tables that decide what a trial finds, the user's own included."""
    folders = [data_folder(name) for name in _DATA]
    folders += [path / "arch_templates" for path in own_folders(config.hydra)]
    folders += [Path(str(folder)).expanduser() for folder in (OmegaConf.select(config, "estimator.tables") or ())]
    summary = hashlib.sha256()
    model_file = OmegaConf.select(config, "model.path", throw_on_missing=False)
    if model_file and (file := Path(str(model_file)).expanduser()).is_file():
        summary.update(file.read_bytes())
    for folder in folders:
        for file in _files(folder):
            summary.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return summary.hexdigest()[:12]


def _files(folder: Path) -> Iterable[Path]:
    suffixes = {".j2", ".csv", ".yaml"}
    return sorted(path for path in folder.rglob("*") if path.suffix in suffixes and path.is_file())


def _flat(node: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in node.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat
