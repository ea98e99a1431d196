"""A Transformer's parameters from the ``config.json`` that Hugging Face models come with."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from launcher.errors import ConfigurationError

_LARGEST_FILE_BYTES = 2**20


@dataclass(frozen=True)
class Family:
    """How a family of models names its parameters.

    Attributes:
        keys: parameter -> keys of the file, the first that is there counts.
        optional: the same, for parameters that may be absent or null; then the model's own rule gives them.
        gated, rms_norm: as in ``launcher.config.model_schema.Transformer``.
    """

    keys: Mapping[str, tuple[str, ...]]
    optional: Mapping[str, tuple[str, ...]]
    gated: bool
    rms_norm: bool


_BERT = Family(
    keys={
        "embedding": ("hidden_size",),
        "sequence": ("max_position_embeddings",),
        "heads": ("num_attention_heads",),
        "feed_forward": ("intermediate_size",),
        "blocks": ("num_hidden_layers",),
    },
    optional={},
    gated=False,
    rms_norm=False,
)
_GPT2 = Family(
    keys={
        "embedding": ("n_embd",),
        "sequence": ("n_positions", "n_ctx"),
        "heads": ("n_head",),
        "blocks": ("n_layer",),
    },
    optional={"feed_forward": ("n_inner",)},
    gated=False,
    rms_norm=False,
)
_LLAMA = Family(
    keys=_BERT.keys,
    optional={"kv_heads": ("num_key_value_heads",), "head_size": ("head_dim",)},
    gated=True,
    rms_norm=True,
)
FAMILIES: Mapping[str, Family] = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta"), _BERT),
    "gpt2": _GPT2,
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3", "gemma"), _LLAMA),
}
"""``model_type`` -> how its file is read."""


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
    if "path" not in model:
        return
    wanted = [str(key) for key in model if OmegaConf.is_missing(model, key) or model[key] is None]
    for key, value in parameters_of_file(Path(str(model.path)).expanduser(), wanted).items():
        model[key] = value


def parameters_of_file(path: Path, wanted: Collection[str]) -> dict[str, object]:
    """Those of the ``wanted`` parameters of ``launcher.config.model_schema.Transformer`` that a ``config.json`` gives.

    Raises:
        ConfigurationError: the file cannot be read, is of no known family, or a key is missing or wrong.
    """
    content = _read(path)
    family = FAMILIES.get(str(content.get("model_type")))
    if family is None:
        raise ConfigurationError(
            f"model_type is {content.get('model_type')!r}" if "model_type" in content else "there is no model_type",
            where=f"{path}, key model_type",
            expected=f"one of {', '.join(FAMILIES)}",
            hint="or give the parameters themselves: model=bert_base model.embedding=...",
        )
    take = _reader(path, content)
    found: dict[str, object] = {"gated": family.gated, "rms_norm": family.rms_norm}
    found |= {name: take(keys, True) for name, keys in family.optional.items() if name in wanted}
    found |= {name: take(keys, False) for name, keys in family.keys.items() if name in wanted}
    if family is _GPT2 and "feed_forward" in wanted and found["feed_forward"] is None:
        found["feed_forward"] = 4 * (take(("n_embd",), False) or 0)
    return {name: value for name, value in found.items() if name in wanted and value is not None}


def _read(path: Path) -> Mapping[str, Any]:
    try:
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


def _reader(path: Path, content: Mapping[str, Any]) -> Callable[[tuple[str, ...], bool], int | None]:
    def take(keys: tuple[str, ...], optional: bool) -> int | None:
        key = next((key for key in keys if content.get(key) is not None), None)
        if key is None:
            if optional:
                return None
            raise ConfigurationError(f"there is no {keys[0]}", where=f"{path}, key {keys[0]}")
        value = content[key]
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigurationError(f"{key} is {value!r}", where=f"{path}, key {key}", expected="a positive integer")
        return value

    return take
