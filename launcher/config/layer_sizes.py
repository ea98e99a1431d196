"""From a layer's expressions and a model's parameters to the sizes of a problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from launcher.config.layer_schema import Layer
from launcher.errors import ConfigurationError, LauncherError
from launcher.specification.expressions import evaluate_expression, names_in

_LARGEST = 2**31
_NOT_A_SIZE = ("name", "shape", "repeats", "blocks")


@dataclass(frozen=True)
class LayerSizes:
    """Everything about a layer that is a number.

    Attributes:
        dimensions: extent of every dimension of the problem.
        coefficients: strides and dilations; no constraint speaks of them.
        repeats: how often the layer runs in one block of its model.
        names: the model's parameters that these sizes depend on.
        blocks: of how many blocks of its model the layer is part.
    """

    dimensions: dict[str, int]
    coefficients: dict[str, int]
    repeats: int
    names: frozenset[str] = frozenset()
    blocks: int = 1


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
        blocks=blocks_of(values, model),
    )


def blocks_of(layer: Mapping[str, object], model: Mapping[str, object]) -> int:
    """Of how many blocks of its model a layer is part; none when it is not in the model.

    Raises:
        ConfigurationError: the expression is broken, or its value is no number of blocks.
    """
    written = layer.get("blocks", "blocks" if "blocks" in model else 1)
    return _integer("layer.blocks", written, model, least=0)


def runs_of(layer: Mapping[str, object], model: Mapping[str, object]) -> int:
    """How often a layer runs in its model; its sizes need not make sense where it does not."""
    blocks = blocks_of(layer, model)
    return blocks and blocks * _integer("layer.repeats", layer.get("repeats", 1), model, least=0)


def _mentioned(written: Iterable[object]) -> frozenset[str]:
    return frozenset[str]().union(*(names_in(value) for value in written if isinstance(value, str)))


def _sizes_of(layer: Layer | Mapping[str, object]) -> tuple[Sequence[str], Sequence[str]]:
    """Names of the dimensions and of the coefficients."""
    if not isinstance(layer, Mapping):
        return layer.dimensions, layer.coefficients
    sizes = [key for key in layer if key not in _NOT_A_SIZE]
    return [key for key in sizes if len(key) == 1], [key for key in sizes if len(key) > 1]


def _positive_integer(key: str, written: object, names: Mapping[str, object]) -> int:
    return _integer(key, written, names, least=1)


def _integer(key: str, written: object, names: Mapping[str, object], least: int) -> int:
    value = _evaluated(key, written, names) if isinstance(written, str) else written
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _LARGEST:
        shown = f"{key}={written}" if value == written else f"{key}={written} gives {value}, which"
        kind = "a positive integer" if least else "a number of blocks"
        raise ConfigurationError(f"{shown} is not {kind}", expected=f"an integer from {least} to {_LARGEST}")
    return value


def _evaluated(key: str, written: str, names: Mapping[str, object]) -> object:
    try:
        return evaluate_expression(written, names)
    except LauncherError as error:
        unset = next((name for name in sorted(names_in(written)) if name in names and names[name] is None), None)
        if unset:
            raise ConfigurationError(f"{key}={written}: model.{unset} is not set", hint=f"model.{unset}=...") from error
        raise ConfigurationError(
            f"{key}={written}: {error.what}", expected="a number, or an expression over the model's parameters"
        ) from error
