"""From a layer's expressions and a model's parameters to the sizes of a problem."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.errors import ConfigurationError, LauncherError
from launcher.specification.expressions import evaluate_expression

_LARGEST = 2**31


def layer_sizes(layer: Mapping[str, object], model: Mapping[str, object]) -> dict[str, int]:
    """Extent of every dimension of a layer.

    Args:
        layer: dimension -> number, or expression over the model's parameters such as ``embedding / heads``.
        model: the parameters' values.

    Raises:
        ConfigurationError: an expression is broken, or a size is not a positive integer.
    """
    return {name: _positive_integer(f"layer.{name}", value, model) for name, value in layer.items()}


def repeats(value: object, model: Mapping[str, object]) -> int:
    """How often a layer runs in one block of its model; raises like :func:`layer_sizes`."""
    return _positive_integer("layer.repeats", value, model)


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
