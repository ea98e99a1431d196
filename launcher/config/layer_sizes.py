"""From a layer's expressions and a model's parameters to the sizes of a problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from launcher.config.layer_schema import Layer
from launcher.config.tensor_bits import AS_THE_ARCHITECTURE, TensorBits
from launcher.errors import ConfigurationError, LauncherError
from launcher.specification.expressions import evaluate_expression, names_in

_LARGEST = 2**31
_NOT_A_SIZE = ("name", "shape", "repeats", "weights_are")


@dataclass(frozen=True)
class LayerSizes:
    """Everything about a layer that is a number.

    Attributes:
        dimensions: extent of every dimension of the problem.
        coefficients: strides and dilations; no constraint speaks of them.
        repeats: how often the layer runs in one block of its model.
        names: the model's parameters that these sizes depend on.
        bits: how wide its values are.
    """

    dimensions: dict[str, int]
    coefficients: dict[str, int]
    repeats: int
    names: frozenset[str] = frozenset()
    bits: TensorBits = AS_THE_ARCHITECTURE


def layer_sizes(layer: Layer | Mapping[str, object], model: Mapping[str, object]) -> LayerSizes:
    """The sizes of a layer.

    Args:
        layer: a layer of ``launcher.config.layer_schema``, which names its dimensions; or what a user wrote for
            a shape of their own, where single letters are dimensions, as in Timeloop, and other keys coefficients.
            A size is a number or an expression over the model's parameters such as ``embedding / heads``.
        model: the parameters' values.

    Raises:
        ConfigurationError: an expression is broken, or a size is not a positive integer.
    """
    values = layer if isinstance(layer, Mapping) else vars(layer)
    dimensions, coefficients = _sizes_of(layer)
    repeats = values.get("repeats", 1)
    return LayerSizes(
        dimensions={name: _positive_integer(f"layer.{name}", values[name], model) for name in dimensions},
        coefficients={name: _positive_integer(f"layer.{name}", values[name], model) for name in coefficients},
        repeats=_positive_integer("layer.repeats", repeats, model),
        names=_mentioned([*(values[name] for name in (*dimensions, *coefficients)), repeats]),
    )


def _mentioned(written: Iterable[object]) -> frozenset[str]:
    return frozenset[str]().union(*(names_in(value) for value in written if isinstance(value, str)))


def _sizes_of(layer: Layer | Mapping[str, object]) -> tuple[Sequence[str], Sequence[str]]:
    """Names of the dimensions and of the coefficients."""
    if not isinstance(layer, Mapping):
        return layer.dimensions, layer.coefficients
    sizes = [key for key in layer if key not in _NOT_A_SIZE]
    return [key for key in sizes if len(key) == 1], [key for key in sizes if len(key) > 1]


def _positive_integer(key: str, written: object, names: Mapping[str, object]) -> int:
    value: object = written
    if isinstance(written, str):
        try:
            value = evaluate_expression(written, names)
        except LauncherError as error:
            raise ConfigurationError(
                f"{key}={written}: {error.what}", expected=f"a number, or an expression over {', '.join(names)}"
            ) from error
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LARGEST:
        shown = f"{key}={written}" if value == written else f"{key}={written} gives {value}, which"
        raise ConfigurationError(f"{shown} is not a positive integer", expected=f"an integer from 1 to {_LARGEST}")
    return value
