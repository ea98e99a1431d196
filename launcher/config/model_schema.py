"""Types and ranges of the models in ``conf/model``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from omegaconf import MISSING

from launcher.config.checked import Checked, between
from launcher.config.model_names import derived_names

QUIET = "quiet"
"""Of a field's metadata: a parameter that is recorded only where it differs from its default."""


class Phase(StrEnum):
    """What a Transformer does: read a whole sequence, or generate with a cache of keys and values."""

    prefill = "prefill"
    decode = "decode"
    generate = "generate"


class Causal(StrEnum):
    """Whether scores that a causal mask hides are computed all the same."""

    full = "full"
    skip = "skip"


class HeadPositions(StrEnum):
    """Of which positions a prefill computes logits."""

    last = "last"
    all = "all"


class ExpertBalance(StrEnum):
    """How tokens spread over experts: as evenly as they can, or all to the same ones."""

    even = "even"
    worst = "worst"


_NOT_NAMES = ("name", "layers", "flows", "notes", "parts", "importer", "path", "dims")


def tensor_bits() -> Any:
    """Bits of one value; None is what the architecture has. It is recorded only where it is given."""
    return field(default=None, metadata={"least": 1, "most": 128, QUIET: True})


@dataclass
class Model(Checked):
    """A network of layers.

    ``layers`` names the files of ``conf/layer`` that it may consist of, in the order in which they run; a layer whose
    ``blocks`` are none is not part of it. ``parts`` are layers of the model's own, by name, which need no file.
    ``flows`` says which tensor of a layer is which tensor of another, and which of their dimensions are the same:
    ``{from: KTQ.Outputs, to: softmax.Inputs, dimensions: {D: E, L: L}}``. ``notes`` are remarks that belong to every
    result. ``weight_bits`` and the others say how wide values are, where that is not what the architecture has.
    """

    group: ClassVar[str] = "model"

    name: str = MISSING
    layers: list[str] = MISSING
    flows: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parts: dict[str, Any] = field(default_factory=dict)
    batch: int = field(default=1, metadata={"least": 1, "most": 2**20})
    blocks: int = between(1, 2**16)
    weight_bits: int | None = tensor_bits()
    activation_bits: int | None = tensor_bits()
    cache_bits: int | None = tensor_bits()
    sum_bits: int | None = tensor_bits()

    @property
    def names(self) -> dict[str, object]:
        """What a layer's expressions may use."""
        return {key: value for key, value in vars(self).items() if key not in _NOT_NAMES}


def flow(before: str, behind: str, **dimensions: str) -> dict[str, object]:
    """A layer's outputs that are another layer's inputs, as ``flows`` has it."""
    return {"from": f"{before}.Outputs", "to": f"{behind}.Inputs", "dimensions": dimensions}


def attention_flows(prefix: str = "", suffix: str = "") -> list[Any]:
    """The flows of one kind of attention, whose layers are called so."""
    scores, softmax, values = (f"{prefix}{name}{suffix}" for name in ("KTQ", "softmax", "VScores"))
    return [flow(scores, softmax, D="E", L="L"), flow(softmax, values, E="E", L="L")]


def block_flows(prefix: str = "") -> list[Any]:
    """The flows behind the attention of one kind of block."""
    out, norm, first, second = (f"{prefix}{name}" for name in ("Out", "layernorm", "FF1", "FF2"))
    return [flow(out, norm, D="E", L="L"), flow(first, second, D="E", L="L"), flow(second, norm, D="E", L="L")]


USUAL_LAYERS = (
    *("patch_embedding", "audio_conv1", "audio_conv2", "encoder_KQV", "encoder_KTQ"),
    *("encoder_softmax", "encoder_VScores", "encoder_Out", "encoder_layernorm", "encoder_FF1", "encoder_activation"),
    *("encoder_FF2", "encoder_residual", "token_lookup"),
    *("KQV", "mla_Q_down", "mla_Q_up", "mla_KV_down", "mla_KV_up", "qk_norm", "rotation"),
    *("KTQ", "softmax", "VScores", "KTQ_local", "softmax_local", "VScores_local", "Out"),
    *("cross_Q", "cross_KV", "cross_KTQ", "cross_softmax", "cross_VScores", "cross_Out", "layernorm"),
    *("FF1", "activation", "FF2", "router", "expert_FF1", "expert_FF1_more", "expert_activation"),
    *("expert_FF2", "expert_FF2_more", "shared_FF1", "shared_activation", "shared_FF2", "residual"),
    *("final_norm", "lm_head", "classifier"),
)
"""What a Transformer may consist of; each layer's file says of how many blocks it is part."""


def count(least: int = 1, most: int = 2**24) -> Any:
    """A whole number that most models do not have."""
    return field(default=None, metadata={"least": least, "most": most, QUIET: True})


def whole(default: int, least: int, most: int = 2**24) -> Any:
    """A whole number that most models do not change."""
    return field(default=default, metadata={"least": least, "most": most, QUIET: True})


def option(default: object) -> Any:
    """A choice that most models do not change."""
    return field(default=default, metadata={QUIET: True})


@dataclass
class Transformer(Model):
    """A Transformer, as far as its layers' sizes depend on it; the meaning of each is in ``docs/networks.md``."""

    layers: list[str] = field(default_factory=lambda: list(USUAL_LAYERS))
    flows: list[Any] = field(
        default_factory=lambda: [
            *attention_flows(),
            *block_flows(),
            *attention_flows(suffix="_local"),
            *attention_flows(prefix="cross_"),
            *attention_flows(prefix="encoder_"),
            *block_flows(prefix="encoder_"),
            flow("expert_FF1", "expert_FF2", D="E", L="L"),
            flow("shared_FF1", "shared_FF2", D="E", L="L"),
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
    step_tokens: int = whole(1, 1)
    prompt: int | None = count()
    new_tokens: int = whole(128, 1)
    cache_block: int = whole(16, 1)

    vocabulary: int | None = count()
    head: bool = option(False)
    head_positions: HeadPositions = field(default=HeadPositions.last, metadata={QUIET: True})
    classes: int | None = count()
    norms: int = whole(2, 1, 16)
    qk_norm: bool = option(False)
    elementwise: bool = option(False)
    rotary: bool = option(False)

    causal: Causal = field(default=Causal.full, metadata={QUIET: True})
    window: int | None = count()
    local_blocks: int | None = count(least=0, most=2**16)

    experts: int | None = count(most=2**16)
    experts_per_token: int | None = count(most=2**16)
    expert_balance: ExpertBalance = field(default=ExpertBalance.even, metadata={QUIET: True})
    expert_feed_forward: int | None = count()
    shared_feed_forward: int | None = count()
    dense_blocks: int = whole(0, 0, 2**16)

    q_rank: int | None = count()
    kv_rank: int | None = count()
    rotated_size: int | None = count()
    value_size: int | None = count()

    encoder_blocks: int | None = count(most=2**16)
    encoder_sequence: int | None = count()
    encoder_heads: int | None = count(most=2**16)
    encoder_feed_forward: int | None = count()
    mel_bins: int | None = count()
    image: int | None = count()
    patch: int | None = count()
    channels: int = whole(3, 1)

    @property
    def names(self) -> dict[str, object]:
        """The parameters, those that were left open, and what follows from them."""
        given = super().names
        if self.phase is Phase.generate:
            given = {**given, "sequence": self.prompt or self.sequence}
        return derived_names(given)


def stated(least: int = 0, most: int = 2**24) -> Any:
    """A value that the model's file gives."""
    return field(default=MISSING, metadata={"least": least, "most": most})


@dataclass
class ModelFile(Transformer):
    """A Transformer whose parameters stand in a file; what is given beside the file wins."""

    path: str = MISSING
    notes: list[str] = MISSING
    like: str | None = option(None)
    part: str | None = option(None)
    gated: bool = MISSING
    rms_norm: bool = MISSING
    head: bool = stated()
    qk_norm: bool = stated()
    rotary: bool = stated()
    norms: int = stated(1, 16)
    dense_blocks: int = stated(0, 2**16)
    channels: int = stated(1)


class Importer(StrEnum):
    """Who made the file of an imported model."""

    onnx = "onnx"
    torch = "torch"


@dataclass
class ImportedModel(Model):
    """A network whose layers stand in a file of another program, which also says their sizes."""

    layers: list[str] = field(default_factory=list)
    importer: Importer = MISSING
    path: str = MISSING
    dims: Any = None
    elementwise: bool = False
