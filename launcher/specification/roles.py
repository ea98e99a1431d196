"""Which dimension of a layer plays which part in an architecture's template, and which tensor.

Templates speak of the dimensions of matrix multiplication and convolution. A layer with other names says, or lets
guess, what its own stand for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from launcher.errors import SpecificationError
from launcher.specification.einsum import Einsum, EinsumTensor

ROLES = ("E", "D", "R", "S", "N", "L", "Q", "G")
"""Parts that the project's templates know: the reduction, rows of the weights, kernel positions, images, columns,
further columns, and what all three tensors share."""

WEIGHTS, INPUTS, OUTPUTS = "Weights", "Inputs", "Outputs"
TENSORS = (WEIGHTS, INPUTS, OUTPUTS)

_ALWAYS = ("E", "D", "L")
"""Templates ask for the extents of these; a layer without one has 1."""

_SHORT = {"Weights": WEIGHTS, "W": WEIGHTS, "Inputs": INPUTS, "I": INPUTS}


@dataclass(frozen=True)
class Roles:
    """Who plays which part.

    Attributes:
        dimensions: part -> the layer's own dimensions, those that fill an array first in front. A name that is no
            part here is a dimension itself; so a layer whose dimensions are called as in the templates needs none.
        tensors: ``Weights``, ``Inputs`` and ``Outputs`` -> the layer's own names.
    """

    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tensors: Mapping[str, str] = field(default_factory=dict)

    def own(self, name: str) -> tuple[str, ...]:
        """The layer's dimensions that a template means."""
        return self.dimensions.get(name, (name,))

    def extents(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """What a template sees of a layer's sizes: the extent of every part, that of all its dimensions together."""
        if not self.dimensions:
            return dict(sizes)
        played = {dimension for own in self.dimensions.values() for dimension in own}
        found = {name: prod(sizes[one] for one in own) for name, own in self.dimensions.items() if own}
        rest = {name: size for name, size in sizes.items() if name not in played and name not in self.dimensions}
        return {**dict.fromkeys(_ALWAYS, 1), **found, **rest}

    @property
    def text(self) -> str:
        """``E: k; D: d; L: q; G: h, b; Weights: V; Inputs: P; Outputs: O``; what is called as its part is left out."""
        parts = [f"{name}: {', '.join(own)}" for name, own in self.dimensions.items() if own not in ((), (name,))]
        return "; ".join(parts + [f"{name}: {own}" for name, own in self.tensors.items() if own != name])


def roles_of(einsum: Einsum, given: Mapping[str, object]) -> Roles:
    """The parts of a sum of products: what is given, and of the others what is guessed.

    The input that is called ``Weights`` or ``W`` holds the weights, else the one along which no windows slide, else
    the second. Of the dimensions, what the output lacks is the reduction (E; kernel positions R and S where windows
    slide), what only weights and output have is D, what only inputs and output have is L (along windows L and Q,
    and what else there is N), and what all have is G. Of several, the last axis stands in front.

    Args:
        given: part -> its dimension, or a list of them; ``Weights`` or ``Inputs`` -> a tensor.

    Raises:
        SpecificationError: an unknown part, dimension or tensor, or a dimension with two parts.
    """
    tensors = _tensors(einsum, given)
    stated = stated_roles(given, einsum.places, ROLES)
    taken = {one for own in stated.values() for one in own}
    guessed = _guessed(tensors)
    found = {
        role: stated.get(role, ()) + tuple(one for one in guessed if guessed[one] == role and one not in taken)
        for role in ROLES
    }
    return Roles(found, {name: tensor.name for name, tensor in tensors.items()})


def stated_roles(
    given: Mapping[str, object], dimensions: Iterable[str], known: Sequence[str] = ROLES
) -> dict[str, tuple[str, ...]]:
    """The dimensions of each part that a user gave, checked; tensors left out."""
    listed = [*dimensions]
    found: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    for role, value in given.items():
        if role in TENSORS:
            continue
        if role not in known:
            expected = f"one of {', '.join((*known, WEIGHTS, INPUTS))}"
            raise SpecificationError(f"there is no part {role}", expected=expected)
        found[role] = tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)
        for one in found[role]:
            if one not in listed:
                raise SpecificationError(f"{role}: there is no dimension {one}", expected=f"of {', '.join(listed)}")
            if one in seen:
                raise SpecificationError(f"dimension {one} is given two parts", expected="one for each dimension")
            seen.add(one)
    return found


def _tensors(einsum: Einsum, given: Mapping[str, object]) -> dict[str, EinsumTensor]:
    inputs = {tensor.name: tensor for tensor in (einsum.first, einsum.second)}
    said = {role: str(name) for role, name in given.items() if role in (WEIGHTS, INPUTS)}
    for role, name in said.items():
        if name not in inputs:
            raise SpecificationError(f"{role}: there is no input {name}", expected=" or ".join(inputs))
    if OUTPUTS in given and str(given[OUTPUTS]) != einsum.output.name:
        raise SpecificationError(f"the output is {einsum.output.name}", expected=f"{OUTPUTS}: {einsum.output.name}")
    said = said or {_SHORT[name]: name for name in inputs if name in _SHORT}
    weights = inputs[said[WEIGHTS]] if WEIGHTS in said else None
    if weights is None:
        others = [one for one in inputs.values() if one.name != said.get(INPUTS)]
        weights = next((one for one in reversed(others) if not one.slides), others[-1])
    data = next(one for one in inputs.values() if one is not weights)
    if said.get(INPUTS, data.name) != data.name:
        raise SpecificationError(f"{weights.name} is given two parts", expected="one input for each")
    return {WEIGHTS: weights, INPUTS: data, OUTPUTS: einsum.output}


def _guessed(tensors: Mapping[str, EinsumTensor]) -> dict[str, str]:
    """Dimension -> part; those of the last axes first."""
    axes = [rank for name in (INPUTS, WEIGHTS) for rank in tensors[name].ranks if len(rank) > 1]
    along = {term.dimension: number for number, rank in reversed([*enumerate(axes)]) for term in rank}
    found: dict[str, str] = {}
    for name in (OUTPUTS, WEIGHTS, INPUTS):
        for dimension in reversed(tensors[name].dimensions):
            found.setdefault(dimension, _guess(dimension, tensors, along))
    return found


def _guess(dimension: str, tensors: Mapping[str, EinsumTensor], along: Mapping[str, int]) -> str:
    weights, inputs, outputs = (dimension in tensors[name].dimensions for name in TENSORS)
    first = along.get(dimension) == 0
    if not outputs:
        return "E" if dimension not in along else "R" if first else "S"
    if weights:
        return "G" if inputs else "D"
    if dimension in along:
        return "L" if first else "Q"
    return "N" if along else "L"
