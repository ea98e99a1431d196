"""From a layer's expressions and a model's parameters to the sizes of a problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from launcher.config.layer_schema import Layer
from launcher.config.tensor_bits import AS_THE_ARCHITECTURE, TensorBits, tensor_bits
from launcher.errors import ConfigurationError, LauncherError, SpecificationError
from launcher.specification.einsum import Einsum, at, parse_einsum
from launcher.specification.expressions import evaluate_expression, names_in
from launcher.specification.roles import Roles, roles_of, stated_roles

_LARGEST = 2**31
_NOT_A_SIZE = ("name", "shape", "repeats", "blocks", "roles", "weights_are")
_EINSUM = "einsum"


@dataclass(frozen=True)
class LayerSizes:
    """Everything about a layer that is a number, and what it computes.

    Attributes:
        dimensions: extent of every dimension of the problem.
        coefficients: strides and dilations; no constraint speaks of them.
        repeats: how often the layer runs in one block of its model.
        names: the model's parameters that these sizes depend on.
        given: the layer's keys with their values, as a person would give them.
        roles: which part its dimensions play in an architecture's template.
        einsum: what it computes, where no file in ``workloads`` says it.
        blocks: of how many blocks of its model the layer is part.
        bits: how wide its values are.
    """

    dimensions: dict[str, int]
    coefficients: dict[str, int]
    repeats: int
    names: frozenset[str] = frozenset()
    given: Mapping[str, object] = field(default_factory=dict)
    roles: Roles = field(default_factory=Roles)
    einsum: Einsum | None = None
    blocks: int = 1
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
    is_expression = values.get("shape") == _EINSUM
    sizes = _of_expression(values, model) if is_expression else _of_shape(layer, values, model)
    return replace(sizes, bits=tensor_bits(values.get("weights_are"), model))


def _of_shape(
    layer: Layer | Mapping[str, object], values: Mapping[str, object], model: Mapping[str, object]
) -> LayerSizes:
    """The sizes of a layer whose shape says what it computes."""
    keys = _sizes_of(layer)
    repeats = values.get("repeats", 1)
    numbers = {name: _positive_integer(f"layer.{name}", values[name], model) for listed in keys for name in listed}
    dimensions = {name: numbers[name] for name in keys[0]} if isinstance(layer, Mapping) else layer.extents(numbers)
    einsum = parse_einsum(layer.einsum) if isinstance(layer, Layer) and layer.einsum else None
    roles = roles_of(einsum, {}) if einsum else _stated(values, dimensions)
    return LayerSizes(
        dimensions=_in_order(dimensions, roles) if einsum else dimensions,
        coefficients={name: numbers[name] for name in keys[1]},
        repeats=_positive_integer("layer.repeats", repeats, model),
        names=_mentioned([*(values[name] for name in numbers), repeats]),
        given={**numbers, **_shown(roles)},
        roles=roles,
        einsum=einsum,
        blocks=blocks_of(values, model),
    )


def _of_expression(values: Mapping[str, object], model: Mapping[str, object]) -> LayerSizes:
    """The sizes of a layer whose expression says what it computes."""
    expression, repeats = str(values.get("expression")), values.get("repeats", 1)
    einsum = _parsed(expression)
    sizes = _written_sizes(values.get("sizes"), einsum)
    numbers = {name: _positive_integer(f"layer.sizes.{name}", value, model) for name, value in sizes.items()}
    roles = _with_roles(einsum, values)
    return LayerSizes(
        dimensions=_in_order(numbers, roles),
        coefficients={name: numbers[name] for name in einsum.factors},
        repeats=_positive_integer("layer.repeats", repeats, model),
        names=_mentioned([*sizes.values(), repeats]),
        given={"expression": expression, **{f"sizes.{name}": one for name, one in numbers.items()}, **_shown(roles)},
        roles=roles,
        einsum=einsum,
        blocks=blocks_of(values, model),
    )


def _parsed(expression: str) -> Einsum:
    try:
        return parse_einsum(expression)
    except SpecificationError as error:
        where = f"layer.expression='{expression}'" + (f", {error.where}" if error.where else "")
        raise ConfigurationError(error.what, where=where, expected=error.expected, hint=error.hint) from error


def _written_sizes(written: object, einsum: Einsum) -> dict[str, object]:
    """Every dimension and named factor of an expression with its size, as it is written."""
    needed = {**einsum.places, **einsum.factors}
    if not isinstance(written, Mapping):
        wanted = f"'layer.sizes={{{', '.join(f'{name}: 8' for name in needed)}}}'"
        raise ConfigurationError(
            f"layer.sizes={written} is no list of sizes", expected=f"{wanted}, with the quotes, which the shell needs"
        )
    sizes = {str(key): value for key, value in written.items()}
    for name, place in needed.items():
        if name not in sizes:
            raise ConfigurationError(
                f"layer.sizes has no {name}, which stands in layer.expression at {at(place)}",
                hint=f"+layer.sizes.{name}=..., or {name}: ... in layer.sizes",
            )
    for name in sizes:
        if name not in needed:
            raise ConfigurationError(
                f"layer.sizes.{name}: layer.expression has no {name}", expected=f"sizes of {', '.join(needed)}"
            )
    return sizes


def _given_roles(values: Mapping[str, object]) -> dict[str, object]:
    roles = values.get("roles") or {}
    if not isinstance(roles, Mapping):
        raise ConfigurationError(f"layer.roles={roles} is no list of parts", expected="layer.roles={E: k, L: [q, h]}")
    return {str(name): value for name, value in roles.items()}


def _with_roles(einsum: Einsum, values: Mapping[str, object]) -> Roles:
    try:
        return roles_of(einsum, _given_roles(values))
    except SpecificationError as error:
        raise ConfigurationError(error.what, where="layer.roles", expected=error.expected, hint=error.hint) from error


def _stated(values: Mapping[str, object], dimensions: Iterable[str]) -> Roles:
    """The parts that a user gave to the dimensions of a shape of their own; others keep their names."""
    try:
        return Roles(stated_roles(_given_roles(values), dimensions))
    except SpecificationError as error:
        raise ConfigurationError(error.what, where="layer.roles", expected=error.expected, hint=error.hint) from error


def _in_order(sizes: Mapping[str, int], roles: Roles) -> dict[str, int]:
    """Dimensions in the order of their parts: as those of matrix multiplication and convolution stand."""
    return {name: sizes[name] for own in roles.dimensions.values() for name in own}


def _shown(roles: Roles) -> dict[str, object]:
    return {"roles": roles.text} if roles.text else {}


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


def _sizes_of(layer: Layer | Mapping[str, object]) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Names of the dimensions, of the coefficients, and of other numbers."""
    if not isinstance(layer, Mapping):
        return layer.dimensions, layer.coefficients, layer.counts
    sizes = [key for key in layer if key not in _NOT_A_SIZE]
    return [key for key in sizes if len(key) == 1], [key for key in sizes if len(key) > 1], []


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
