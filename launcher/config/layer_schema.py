"""Types of the layers in ``conf/layer``, by shape; a size is a number or an expression over the model's parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from omegaconf import MISSING

from launcher.config.checked import Checked
from launcher.specification.chain import Columns


class WeightsAre(StrEnum):
    """What stands in the place of a layer's weights: it decides how wide they are."""

    weights = "weights"
    cache = "cache"
    activations = "activations"


@dataclass
class Layer(Checked):
    """What every layer has: the shape of its problem, and how often it runs in one block (or network).

    ``dimensions`` names the fields that are dimensions of the problem, ``coefficients`` those that are strides and
    dilations: factors in a projection, which no constraint speaks of.
    """

    group: ClassVar[str] = "layer"
    dimensions: ClassVar[tuple[str, ...]] = ()
    coefficients: ClassVar[tuple[str, ...]] = ()

    name: str = MISSING
    shape: str = MISSING
    repeats: Any = 1
    weights_are: WeightsAre = WeightsAre.weights


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
class Conv(Layer):
    """Convolution of E input channels with D kernels of R x S; N images of L x Q outputs each.

    The input row of output row l and kernel row r is ``l * Wstride + r * Wdilation``, the column of q and s
    ``q * Hstride + s * Hdilation``.
    """

    dimensions: ClassVar[tuple[str, ...]] = ("E", "D", "R", "S", "N", "L", "Q")
    coefficients: ClassVar[tuple[str, ...]] = ("Wstride", "Hstride", "Wdilation", "Hdilation")

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
