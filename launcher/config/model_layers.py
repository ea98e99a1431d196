"""Which of the layers that a model may have it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from launcher.config.layer_sizes import runs_of
from launcher.config.model_schema import Model, Phase, Transformer
from launcher.errors import ConfigurationError

Node = TypeVar("Node", bound=Mapping[str, object])


def layers_of(model: Model, layers: Sequence[tuple[str, Node]], *, asked: bool) -> Iterator[tuple[str, Node]]:
    """Those of the layers that run at all.

    Args:
        model: says how often.
        layers: names, and what their files say.
        asked: whether a user listed these layers; then each must be there.

    Raises:
        ConfigurationError: the model has none of the layers, or not one that was asked for.
    """
    phases = [one.names for one in phases_of(model)]
    found = [(name, node) for name, node in layers if any(runs_of(node, names) for names in phases)]
    missing = [name for name, _ in layers if name not in {name for name, _ in found}]
    if asked and missing:
        raise ConfigurationError(
            f"{model.name} has no layer {missing[0]} with these parameters",
            hint=f"its layer.blocks is {dict(layers)[missing[0]].get('blocks')}; layer=all maps the layers that it has",
        )
    if not found:
        raise ConfigurationError(f"{model.name} has no layer that runs")
    yield from found


def phases_of(model: Model) -> list[Model]:
    """The model as it runs: generating is a prefill, then steps from the shortest cache to the longest."""
    if not isinstance(model, Transformer) or model.phase is not Phase.generate:
        return [model]
    lengths = steps_of(model)
    return [prefill_of(model), *(step_of(model, length) for length in sorted({*lengths[:1], *lengths[-1:]}))]


def prefill_of(model: Transformer) -> Transformer:
    """The prefill with which generating begins."""
    return replace(model, sequence=model.prompt or model.sequence, phase=Phase.prefill)


def steps_of(model: Transformer) -> list[int]:
    """The cache's length in each decoding step, its tokens included; the prefill yields the first new token.

    Raises:
        ConfigurationError: the tokens that are left do not make whole steps.
    """
    prompt, left = model.prompt or model.sequence, model.new_tokens - 1
    if left % model.step_tokens:
        raise ConfigurationError(
            f"model.new_tokens={model.new_tokens}: the prefill yields one, and {left} are no whole number of steps of "
            f"{model.step_tokens}",
            hint=f"model.new_tokens={left // model.step_tokens * model.step_tokens + 1}",
        )
    return list(range(prompt + model.step_tokens, prompt + left + 1, model.step_tokens))


def step_of(model: Transformer, length: int) -> Transformer:
    """One decoding step with a cache of this length."""
    return replace(model, cache_length=length, phase=Phase.decode)
