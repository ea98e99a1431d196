"""A Transformer's parameters from the ``config.json`` that Hugging Face models come with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from launcher.config.data_only import as_it_is
from launcher.config.model_families import FAMILIES, PARTS, TEXT, Family
from launcher.config.model_values import FileValues
from launcher.errors import ConfigurationError

_LARGEST_FILE_BYTES = 2**20
_MOST_NAMED = 8

_UNLESS_SAID: Mapping[str, object] = {
    **dict.fromkeys(("gated", "rms_norm", "head", "qk_norm", "rotary"), False),
    "norms": 2,
    "dense_blocks": 0,
    "channels": 3,
}


_MAY_BE_NONE = ("experts", "shared_feed_forward", "q_rank")
"""Parameters whose keys may say 0 for none."""


@dataclass(frozen=True)
class FileModel:
    """What a file says.

    Attributes:
        parameters: of ``launcher.config.model_schema.Transformer``, those that were given included.
        notes: what costs something and is not among them.
    """

    parameters: dict[str, object]
    notes: list[str]


def read_model_file(model: DictConfig) -> None:
    """Fill in, from the file at ``model.path``, what the model leaves open; values that are given stay.

    Raises:
        ConfigurationError: ``model.path`` is wanted and missing; the file cannot be read; a key is missing or wrong.
    """
    if OmegaConf.is_missing(model, "path"):
        raise ConfigurationError(
            f"model={model.name} has no model.path",
            expected="a Hugging Face config.json",
            hint="model.path=config.json",
        )
    if "path" not in model or not OmegaConf.is_missing(model, "notes"):
        return  # there is no file, or it was read
    given = {str(key): model[key] for key in model if not OmegaConf.is_missing(model, key) and model[key] is not None}
    file = model_of_file(Path(str(model.path)).expanduser(), given)
    for key, value in file.parameters.items():
        if key not in given:
            model[key] = as_it_is(value)
    model.notes = [as_it_is(note) for note in file.notes]


def model_of_file(path: Path, given: Mapping[str, object]) -> FileModel:
    """What a ``config.json`` says, and what a user gave beside it.

    Args:
        path: the file.
        given: parameters whose keys nobody needs to read; ``like`` is the family whose keys the file has, if not that
            of its ``model_type``, and ``part`` the object in the file that is read, if not the usual one.

    Raises:
        ConfigurationError: the file cannot be read, is of no known family, or a key is missing or wrong.
    """
    whole = FileValues(str(path), _read(path))
    part = given.get("part") or _usual_part(whole)
    values = whole if part is None else _part(whole, str(part))
    family = _family(values, given.get("like"))
    found = _stated(values, family, given)
    for rule in family.rules:
        found |= {key: value for key, value in rule(values, found).items() if key not in given}
    return FileModel({key: value for key, value in found.items() if value is not None}, _notes(whole, values))


def _usual_part(whole: FileValues) -> str | None:
    """The object that is read of a model of several parts: the text's, unless it is a model of images."""
    kind = str(whole.content.get("model_type"))
    usual = PARTS.get(kind, TEXT)
    return usual if usual in whole.content and (kind in PARTS or kind not in FAMILIES or kind == "gemma3") else None


def _part(whole: FileValues, part: str) -> FileValues:
    content = whole.content.get(part)
    if not isinstance(content, dict):
        parts = [key for key, value in whole.content.items() if isinstance(value, dict) and "model_type" in value]
        raise ConfigurationError(
            f"there is no object {part}",
            where=f"{whole.where}, key {part}",
            expected=f"one of {', '.join(parts)}" if parts else None,
            hint="model.part=null reads the file itself",
        )
    whole.read.add(part)
    return FileValues(f"{whole.where}, {part}", content, in_part=True)


def _family(values: FileValues, like: object) -> Family:
    kind = like if like is not None else values.content.get("model_type")
    family = FAMILIES.get(kind) if isinstance(kind, str) else None
    if family is not None:
        values.defaults = family.defaults if values.in_part else {}
        return family
    known = f"one of {', '.join(FAMILIES)}"
    if like is not None:
        close = get_close_matches(str(like), FAMILIES, 1)
        raise ConfigurationError(
            f"model.like={like} is no known family", expected=known, hint=f"model.like={(close or ['llama'])[0]}"
        )
    raise ConfigurationError(
        f"model_type is {str(kind)[:60]!r}" if "model_type" in values.content else "there is no model_type",
        where=f"{values.where}, key model_type",
        expected=known,
        hint="model.like=llama reads its keys as those of a family that there is",
    )


def _stated(values: FileValues, family: Family, given: Mapping[str, object]) -> dict[str, object]:
    """Parameters that stand in the file under a key of their own, and those of all models of the family."""
    found: dict[str, object] = {**_UNLESS_SAID, **family.fixed}
    for name, keys in (*family.keys.items(), *family.optional.items()):
        if name in given:
            values.read.update(keys)
        elif name in family.keys:
            found[name] = values.required(*keys)
        elif stated := values.whole(*keys, least=0 if name in _MAY_BE_NONE else 1):
            found[name] = stated
    return {**found, **{key: value for key, value in given.items() if key not in ("like", "part", "path")}}


def _notes(whole: FileValues, values: FileValues) -> list[str]:
    """What costs something and is not modelled, and what the file does not say; one line each."""
    unread = list(dict.fromkeys([*(whole.unread() if whole is not values else ()), *values.unread()]))
    shown = unread[:_MOST_NAMED] + [f"and {len(unread) - _MOST_NAMED} more"] * (len(unread) > _MOST_NAMED)
    assumed = [f"{key}={value}" for key, value in values.assumed.items()]
    notes = [f"{Path(whole.where).name}: not modelled: {', '.join(shown)}"] if shown else []
    if assumed:
        notes.append(f"{values.where.rpartition('/')[2]}: not said, so as transformers has it: {', '.join(assumed)}")
    return notes


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.exists() and not path.is_file():
            raise ConfigurationError(f"model.path={path} is no file", expected="a Hugging Face config.json")
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise ConfigurationError("the file is too large for a model's configuration", where=str(path))
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"model.path={path} cannot be read: {error.strerror}", expected="a Hugging Face config.json"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"not JSON: {error}", where=str(path)) from error
    if not isinstance(content, dict):
        raise ConfigurationError("the file does not hold one JSON object", where=str(path))
    return content
