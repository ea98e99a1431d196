"""Types of the layers in ``conf/layer``, by shape; a size is a number or an expression over the model's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from omegaconf import MISSING

from launcher.config.checked import Checked
from launcher.errors import ConfigurationError
from launcher.specification.chain import Columns


class WeightsAre(StrEnum):
    """What stands in the place of a layer's weights: it decides how wide they are."""

    weights = "weights"
    cache = "cache"
    activations = "activations"


@dataclass
class Layer(Checked):
    """What every layer has: the shape of its problem, and how often it runs.

    ``repeats`` is how often in one block (or network), ``blocks`` of how many blocks it is part: none leaves it out.
    ``dimensions`` names the fields that are dimensions of the problem, ``coefficients`` those that are strides and
    dilations: factors in a projection, which no constraint speaks of; ``counts`` are other numbers, of which the
    dimensions follow. ``einsum`` is what a layer computes where no file in ``workloads`` says it.
    """

    group: ClassVar[str] = "layer"
    dimensions: ClassVar[tuple[str, ...]] = ()
    coefficients: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[tuple[str, ...]] = ()
    einsum: ClassVar[str | None] = None

    name: str = MISSING
    shape: str = MISSING
    repeats: Any = 1
    blocks: Any = "blocks"
    weights_are: WeightsAre = WeightsAre.weights

    def extents(self, numbers: Mapping[str, int]) -> dict[str, int]:
        """Extents of the problem's dimensions, from the values of all fields that are numbers.

        Raises:
            ConfigurationError: the numbers do not go together.
        """
        return {name: numbers[name] for name in self.dimensions}


@dataclass
class Matmul(Layer):
    """Outputs[D,L] += Weights[E,D] * Inputs[E,L]."""

    dimensions: ClassVar[tuple[str, ...]] = ("E", "D", "L")

    D: Any = MISSING
    E: Any = MISSING
    L: Any = MISSING


@dataclass
class NormOperation(Layer):
    """D sweeps over L columns of E values, which are the outputs of the layers that it follows.

    ``columns`` says whether it needs whole columns, or pieces will do (``online``).
    """

    dimensions: ClassVar[tuple[str, ...]] = ("E", "D", "L")

    D: Any = MISSING
    E: Any = MISSING
    L: Any = MISSING
    follows: list[str] = field(default_factory=list)
    columns: Columns = Columns.whole


@dataclass
class Elementwise(Layer):
    """Outputs[E,L] from D tensors Inputs[D,E,L], value by value; runs where norm operations do."""

    dimensions: ClassVar[tuple[str, ...]] = ("E", "D", "L")

    D: Any = 1
    E: Any = MISSING
    L: Any = MISSING


@dataclass
class Conv(Layer):
    """Convolution of E input channels with D kernels of R x S; N images of L x Q outputs each.

    The input row of output row l and kernel row r is ``l * Wstride + r * Wdilation``, the column of q and s
    ``q * Hstride + s * Hdilation``. With ``groups``, each has its share of the input channels and of the kernels, and
    which group it is is a dimension G of all three tensors; with as many groups as channels, it is depthwise.
    """

    dimensions: ClassVar[tuple[str, ...]] = ("E", "D", "R", "S", "N", "L", "Q")
    coefficients: ClassVar[tuple[str, ...]] = ("Wstride", "Hstride", "Wdilation", "Hdilation")
    counts: ClassVar[tuple[str, ...]] = ("groups",)

    D: Any = MISSING
    E: Any = MISSING
    R: Any = MISSING
    S: Any = MISSING
    N: Any = 1
    L: Any = MISSING
    Q: Any = MISSING
    Wstride: Any = 1
    Hstride: Any = 1
    Wdilation: Any = 1
    Hdilation: Any = 1
    groups: Any = 1

    def extents(self, numbers: Mapping[str, int]) -> dict[str, int]:
        """Those of one group, and how many groups there are."""
        found, groups = super().extents(numbers), numbers["groups"]
        if groups == 1:
            return found
        for name in ("E", "D"):
            found[name] = _share(name, numbers[name], "groups", groups)
        return {**found, "G": groups}


@dataclass
class TransposedConv(Layer):
    """Transposed convolution: N images of L x Q inputs become (L * Wstride) x (Q * Hstride) outputs.

    It is counted as what it is for each phase of the output (row l * Wstride + u, column q * Hstride + v): a
    convolution with a kernel of R / Wstride x S / Hstride, so that no multiplication with an inserted zero counts. See
    Shi et al., "Is the deconvolution layer the same as a convolutional layer?", 2016.
    """

    dimensions: ClassVar[tuple[str, ...]] = ("E", "D", "R", "S", "N", "L", "Q")
    counts: ClassVar[tuple[str, ...]] = ("Wstride", "Hstride")
    einsum: ClassVar[str | None] = "Outputs[N,L,U,Q,V,D] += Weights[E,R,S,U,V,D] * Inputs[N,L+R,Q+S,E]"

    D: Any = MISSING
    E: Any = MISSING
    R: Any = MISSING
    S: Any = MISSING
    N: Any = 1
    L: Any = MISSING
    Q: Any = MISSING
    Wstride: Any = 1
    Hstride: Any = 1

    def extents(self, numbers: Mapping[str, int]) -> dict[str, int]:
        """Those of a phase, and how many phases there are along rows (U) and columns (V)."""
        found = super().extents(numbers)
        for name, stride in (("R", "Wstride"), ("S", "Hstride")):
            found[name] = _share(name, numbers[name], stride, numbers[stride])
        return {**found, "U": numbers["Wstride"], "V": numbers["Hstride"]}


@dataclass
class BatchedMatmul(Layer):
    """H matrix multiplications, none of which shares anything with another."""

    dimensions: ClassVar[tuple[str, ...]] = ("E", "D", "L", "H")
    einsum: ClassVar[str | None] = "Outputs[H,D,L] += Weights[H,E,D] * Inputs[H,E,L]"

    D: Any = MISSING
    E: Any = MISSING
    L: Any = MISSING
    H: Any = MISSING


@dataclass
class EinsumLayer(Layer):
    """``expression``, a sum of products of two tensors: ``O[b,h,q,d] += P[b,h,q,k] * V[b,h,k,d]``.

    ``sizes`` has the extent of every dimension, and the factors that are called by a name; ``roles`` says which part
    dimensions and tensors play in an architecture's template, where the guess is not what is meant.
    """

    expression: str = MISSING
    sizes: Any = MISSING
    roles: Any = None


SHAPES: Mapping[str, type[Layer]] = {
    "matmul": Matmul,
    "norm_operation": NormOperation,
    "elementwise": Elementwise,
    "conv": Conv,
    "conv_transposed": TransposedConv,
    "bmm": BatchedMatmul,
    "einsum": EinsumLayer,
}
"""Shape -> what a layer of it has."""


def _share(name: str, number: int, divisor_name: str, divisor: int) -> int:
    if number % divisor:
        padded = -(-number // divisor) * divisor
        raise ConfigurationError(
            f"layer.{name}={number} is not a multiple of layer.{divisor_name}={divisor}",
            expected=f"layer.{name}={padded}, or another multiple",
        )
    return number // divisor
