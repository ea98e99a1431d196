"""Types and ranges of the models in ``conf/model``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from omegaconf import MISSING

from launcher.config.checked import Checked, between


class Phase(StrEnum):
    """What a Transformer does: read a whole sequence, or generate one token with a cache of keys and values."""

    prefill = "prefill"
    decode = "decode"


@dataclass
class Model(Checked):
    """A network of layers.

    ``layers`` names the files of ``conf/layer`` that it consists of, in the order in which they run.
    """

    group: ClassVar[str] = "model"

    name: str = MISSING
    layers: list[str] = MISSING
    batch: int = field(default=1, metadata={"least": 1, "most": 2**20})
    blocks: int = between(1, 2**16)

    @property
    def names(self) -> dict[str, object]:
        """What a layer's expressions may use."""
        return {key: value for key, value in vars(self).items() if key not in ("name", "layers")}


@dataclass
class Transformer(Model):
    """A Transformer, as far as its layers' sizes depend on it."""

    layers: list[str] = field(
        default_factory=lambda: ["KQV", "KTQ", "softmax", "VScores", "Out", "layernorm", "FF1", "FF2"]
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
