"""How wide the values of a layer's tensors are, where the model says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from launcher.config.layer_schema import WeightsAre
from launcher.errors import ConfigurationError

BITS_OF = {
    WeightsAre.weights: "weight_bits",
    WeightsAre.cache: "cache_bits",
    WeightsAre.activations: "activation_bits",
}
"""What a layer's weights are -> the model's key with their bits."""

KEYS = (*BITS_OF.values(), "sum_bits")
"""The model's keys."""


@dataclass(frozen=True)
class TensorBits:
    """Bits of one value, ``bits`` in the templates; None is what the architecture has.

    Attributes:
        Weights, Inputs, Outputs: in the memories that are not accumulators.
        sums: of the outputs in accumulators, and of adders.
    """

    Weights: int | None = None
    Inputs: int | None = None
    Outputs: int | None = None
    sums: int | None = None


AS_THE_ARCHITECTURE = TensorBits()


def tensor_bits(weights_are: object, model: Mapping[str, object]) -> TensorBits:
    """Those of a layer.

    Args:
        weights_are: what its weights are: the model's own, keys or values of a cache, or activations; None is the
            first.
        model: the model's parameters.

    Raises:
        ConfigurationError: they are something else.
    """
    is_what = str(weights_are or WeightsAre.weights)
    if is_what not in [one.value for one in WeightsAre]:
        raise ConfigurationError(f"layer.weights_are={is_what} is unknown", expected=", ".join(WeightsAre))
    found = {key: value if isinstance(value := model.get(key), int) else None for key in KEYS}
    activations = found["activation_bits"]
    weights = found[BITS_OF[WeightsAre(is_what)]]
    return TensorBits(weights, activations, activations, found["sum_bits"])


def widths(word_bits: int, **bits: int | None) -> str:
    """``{Weights: 4}``: the data spaces whose values are not as wide as a level's words; empty where all are."""
    own = {name: width for name, width in bits.items() if width not in (None, word_bits)}
    return f"{{{', '.join(f'{name}: {width}' for name, width in own.items())}}}" if own else ""
