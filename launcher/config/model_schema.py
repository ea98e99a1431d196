"""Types and ranges of the models in ``conf/model``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from omegaconf import MISSING

from launcher.config.checked import Checked, between


class Phase(StrEnum):
    """What a Transformer does: read a whole sequence, or generate one token with a cache of keys and values."""

    prefill = "prefill"
    decode = "decode"


def tensor_bits() -> Any:
    """Bits of one value; None is what the architecture has. It is recorded only where it is given."""
    return field(default=None, metadata={"least": 1, "most": 128, "quiet": True})


@dataclass
class Model(Checked):
    """A network of layers.

    ``layers`` names the files of ``conf/layer`` that it consists of, in the order in which they run. ``flows`` says
    which tensor of a layer is which tensor of another, and which of their dimensions are the same:
    ``{from: KTQ.Outputs, to: softmax.Inputs, dimensions: {D: E, L: L}}``. ``weight_bits`` and the others say how wide
    values are, where that is not what the architecture has.
    """

    group: ClassVar[str] = "model"

    name: str = MISSING
    layers: list[str] = MISSING
    flows: list[Any] = field(default_factory=list)
    batch: int = field(default=1, metadata={"least": 1, "most": 2**20})
    blocks: int = between(1, 2**16)
    weight_bits: int | None = tensor_bits()
    activation_bits: int | None = tensor_bits()
    cache_bits: int | None = tensor_bits()
    sum_bits: int | None = tensor_bits()

    @property
    def names(self) -> dict[str, object]:
        """What a layer's expressions may use."""
        return {key: value for key, value in vars(self).items() if key not in ("name", "layers", "flows")}


def flow(before: str, behind: str, **dimensions: str) -> dict[str, object]:
    """A layer's outputs that are another layer's inputs, as ``flows`` has it."""
    return {"from": f"{before}.Outputs", "to": f"{behind}.Inputs", "dimensions": dimensions}


USUAL_LAYERS = ("KQV", "KTQ", "softmax", "VScores", "Out", "layernorm", "FF1", "FF2")
"""Of a Transformer whose file lists none of its own."""


@dataclass
class Transformer(Model):
    """A Transformer, as far as its layers' sizes depend on it."""

    layers: list[str] = field(default_factory=lambda: list(USUAL_LAYERS))
    flows: list[Any] = field(
        default_factory=lambda: [
            flow("KTQ", "softmax", D="E", L="L"),
            flow("softmax", "VScores", E="E", L="L"),
            flow("Out", "layernorm", D="E", L="L"),
            flow("FF1", "FF2", D="E", L="L"),
            flow("FF2", "layernorm", D="E", L="L"),
        ]
    )
    embedding: int = between(1, 2**24)
    sequence: int = between(1, 2**24)
    heads: int = between(1, 2**16)
    kv_heads: int | None = field(default=None, metadata={"least": 1, "most": 2**16})
    head_size: int | None = field(default=None, metadata={"least": 1, "most": 2**24})
    feed_forward: int = between(1, 2**24)
    gated: bool = False
    rms_norm: bool = False
    phase: Phase = Phase.prefill
    cache_length: int | None = field(default=None, metadata={"least": 1, "most": 2**24})

    @property
    def names(self) -> dict[str, object]:
        """The parameters, those that were left open, and what follows from them.

        ``tokens`` are the positions that are computed, ``context`` those that they attend to.
        """
        decode = self.phase is Phase.decode
        context = self.cache_length or self.sequence
        size = self.embedding / self.heads
        return {
            **super().names,
            "kv_heads": self.kv_heads or self.heads,
            "head_size": self.head_size or (int(size) if size.is_integer() else size),
            "cache_length": context,
            "tokens": 1 if decode else self.sequence,
            "context": context if decode else self.sequence,
        }


@dataclass
class ModelFile(Transformer):
    """A Transformer whose parameters stand in a file; what is given beside the file wins."""

    path: str = MISSING
    gated: bool = MISSING
    rms_norm: bool = MISSING
