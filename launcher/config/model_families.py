"""How families of models name their parameters in a Hugging Face ``config.json``, as the library transformers does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from launcher.config.model_values import FileValues

Found = dict[str, object]
"""Parameters of ``launcher.config.model_schema.Transformer``."""


@dataclass(frozen=True)
class Family:
    """How a family of models names its parameters.

    Attributes:
        keys: parameter -> keys of the file, the first that is there counts.
        optional: the same, for parameters that may be absent or null; then the model's own rule gives them.
        fixed: parameters that all models of the family share.
        rules: what gives further parameters, later ones from all before.
        defaults: what the library takes where a part of a larger model does not say it.
    """

    keys: Mapping[str, tuple[str, ...]]
    optional: Mapping[str, tuple[str, ...]]
    fixed: Mapping[str, object]
    rules: tuple[Callable[[FileValues, Found], Found], ...] = ()
    defaults: Mapping[str, int] = field(default_factory=dict)


def _windows(values: FileValues, found: Found) -> Found:
    """Sliding windows, of as many blocks as the file says, or of all."""
    window = values.whole("sliding_window")
    kinds = values.words("layer_types")
    first = values.whole("max_window_layers", least=0)
    pattern = values.whole("sliding_window_pattern")
    blocks = values.number_of(found, "blocks")
    if window is None or values.flag("use_sliding_window") is False:
        return {}
    if kinds:
        return {"window": window, "local_blocks": sum(kind == "sliding_attention" for kind in kinds)}
    if pattern:
        return {"window": window, "local_blocks": blocks - blocks // pattern}
    return {"window": window, "local_blocks": max(blocks - (first or 0), 0)}


def _every_other(values: FileValues, found: Found) -> Found:
    """As Gemma 2 does where its file does not list the layers."""
    stated = _windows(values, found)
    blocks = values.number_of(found, "blocks")
    return stated if not stated or values.words("layer_types") else {**stated, "local_blocks": (blocks + 1) // 2}


def _gemma3_windows(values: FileValues, found: Found) -> Found:
    """Five of six blocks, unless the file says otherwise."""
    stated = _windows(values, found)
    blocks = values.number_of(found, "blocks")
    silent = not values.words("layer_types") and values.whole("sliding_window_pattern") is None
    return {**stated, "local_blocks": blocks - blocks // 6} if stated and silent else stated


def _qwen_experts(values: FileValues, found: Found) -> Found:
    blocks = values.number_of(found, "blocks")
    step, dense = values.whole("decoder_sparse_step") or 1, set(values.numbers("mlp_only_layers"))
    sparse = sum((place + 1) % step == 0 and place not in dense for place in range(min(blocks, 2**16)))
    return {"dense_blocks": blocks - sparse}


def _deepseek(values: FileValues, found: Found) -> Found:
    """Multi-head latent attention, and dense blocks before those with experts."""
    shared, size = values.whole("n_shared_experts", least=0), values.whole("moe_intermediate_size")
    rotated, rest = values.whole("qk_rope_head_dim"), values.whole("qk_nope_head_dim")
    blocks, first = values.number_of(found, "blocks"), values.whole("first_k_dense_replace", least=0) or 0
    every = values.whole("moe_layer_freq") or 1
    sparse = sum(place >= first and place % every == 0 for place in range(min(blocks, 2**16)))
    return {
        "kv_heads": found["heads"],
        "head_size": None if rotated is None or rest is None else rotated + rest,
        "shared_feed_forward": shared * size if shared and size else None,
        "dense_blocks": blocks - sparse if found.get("experts") else 0,
    }


def _falcon(values: FileValues, found: Found) -> Found:
    newer = values.flag("new_decoder_architecture")
    heads, size = values.number_of(found, "heads"), values.number_of(found, "embedding")
    several = values.whole("num_kv_heads") or heads
    parallel = values.flag("parallel_attn") is not False
    return {
        "kv_heads": several if newer else 1 if values.flag("multi_query") is not False else heads,
        "feed_forward": values.whole("ffn_hidden_size") or 4 * size,
        "norms": 1 if parallel and not newer else 2,
        "rotary": values.flag("alibi") is not True,
    }


def _gpt2(values: FileValues, found: Found) -> Found:
    return {"feed_forward": values.whole("n_inner") or 4 * values.number_of(found, "embedding")}


def _t5(values: FileValues, found: Found) -> Found:
    kind = values.word("feed_forward_proj") or "relu"
    blocks = values.number_of(found, "encoder_blocks")
    return {
        "gated": kind.startswith("gated"),
        "blocks": values.whole("num_decoder_layers") or blocks,
        "encoder_sequence": found["sequence"],
    }


def _bart(values: FileValues, found: Found) -> Found:
    return {"encoder_sequence": found["sequence"]}


def _image_classes(values: FileValues, found: Found) -> Found:
    return {"classes": values.entries("id2label") or None}


def _patches(more: int) -> Callable[[FileValues, Found], Found]:
    """As many positions as an image has patches, and ``more``."""

    def rule(values: FileValues, found: Found) -> Found:
        side = values.number_of(found, "image") // values.number_of(found, "patch")
        return {"sequence": side * side + more}

    return rule


_BERT = Family(
    keys={
        "embedding": ("hidden_size",),
        "sequence": ("max_position_embeddings",),
        "heads": ("num_attention_heads",),
        "feed_forward": ("intermediate_size",),
        "blocks": ("num_hidden_layers",),
    },
    optional={"vocabulary": ("vocab_size",)},
    fixed={},
)
_DECODER = replace(_BERT, fixed={"head": True})
_LLAMA = Family(
    keys=_BERT.keys,
    optional={**_BERT.optional, "kv_heads": ("num_key_value_heads",), "head_size": ("head_dim",)},
    fixed={"gated": True, "rms_norm": True, "rotary": True, "head": True},
    rules=(_windows,),
    defaults={
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "max_position_embeddings": 2048,
        "vocab_size": 32000,
    },
)
_QWEN3 = replace(_LLAMA, fixed={**_LLAMA.fixed, "qk_norm": True})
_EXPERTS = {
    "experts": ("num_experts", "num_local_experts"),
    "experts_per_token": ("num_experts_per_tok",),
    "expert_feed_forward": ("moe_intermediate_size",),
    "shared_feed_forward": ("shared_expert_intermediate_size",),
}
_GEMMA3 = replace(
    _QWEN3,
    fixed={**_QWEN3.fixed, "norms": 4},
    rules=(_gemma3_windows,),
    defaults={
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "max_position_embeddings": 131072,
        "vocab_size": 262208,
        "sliding_window": 4096,
    },
)
_DEEPSEEK = replace(
    _LLAMA,
    optional={
        **_LLAMA.optional,
        **_EXPERTS,
        "experts": ("n_routed_experts",),
        "q_rank": ("q_lora_rank",),
        "kv_rank": ("kv_lora_rank",),
        "rotated_size": ("qk_rope_head_dim",),
        "value_size": ("v_head_dim",),
    },
    rules=(_deepseek,),
)
_VISION = Family(
    keys={
        **{name: keys for name, keys in _BERT.keys.items() if name != "sequence"},
        "image": ("image_size",),
        "patch": ("patch_size",),
    },
    optional={"channels": ("num_channels",)},
    fixed={},
    defaults={
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "image_size": 224,
        "patch_size": 16,
    },
)
_BOTH = Family(
    keys={
        "embedding": ("d_model",),
        "heads": ("decoder_attention_heads",),
        "feed_forward": ("decoder_ffn_dim",),
        "blocks": ("decoder_layers",),
        "encoder_heads": ("encoder_attention_heads",),
        "encoder_feed_forward": ("encoder_ffn_dim",),
        "encoder_blocks": ("encoder_layers",),
    },
    optional={"vocabulary": ("vocab_size",)},
    fixed={"head": True, "norms": 3},
)
FAMILIES: Mapping[str, Family] = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta"), _BERT),
    "gpt2": replace(
        _DECODER,
        keys={
            "embedding": ("n_embd",),
            "sequence": ("n_positions", "n_ctx"),
            "heads": ("n_head",),
            "blocks": ("n_layer",),
        },
        rules=(_gpt2,),
    ),
    "gpt_neox": replace(_DECODER, fixed={"head": True, "rotary": True}),
    "opt": replace(_DECODER, keys={**_BERT.keys, "feed_forward": ("ffn_dim",)}),
    **dict.fromkeys(("llama", "mistral", "qwen2", "phi3", "gemma"), _LLAMA),
    **dict.fromkeys(("qwen2_vl", "qwen2_5_vl", "mllama_text_model"), _LLAMA),
    "qwen3": _QWEN3,
    "mixtral": replace(_LLAMA, optional={**_LLAMA.optional, **_EXPERTS}),
    "qwen2_moe": replace(_LLAMA, optional={**_LLAMA.optional, **_EXPERTS}, rules=(_windows, _qwen_experts)),
    "qwen3_moe": replace(_QWEN3, optional={**_LLAMA.optional, **_EXPERTS}, rules=(_windows, _qwen_experts)),
    "gemma2": replace(_LLAMA, fixed={**_LLAMA.fixed, "norms": 4}, rules=(_every_other,)),
    **dict.fromkeys(("gemma3_text", "gemma3"), _GEMMA3),
    "phi": replace(_LLAMA, fixed={"rotary": True, "head": True, "norms": 1}, rules=()),
    **dict.fromkeys(("deepseek_v2", "deepseek_v3"), _DEEPSEEK),
    "falcon": replace(
        _DECODER,
        keys={name: keys for name, keys in _BERT.keys.items() if name != "feed_forward"},
        rules=(_falcon,),
    ),
    "vit": replace(_VISION, rules=(_patches(1), _image_classes)),
    "clip_vision_model": replace(_VISION, rules=(_patches(1),), defaults={**_VISION.defaults, "patch_size": 32}),
    "siglip_vision_model": replace(_VISION, rules=(_patches(0),)),
    **dict.fromkeys(("clip_text_model", "siglip_text_model"), _BERT),
    **dict.fromkeys(
        ("t5", "mt5"),
        Family(
            keys={
                "embedding": ("d_model",),
                "sequence": ("n_positions",),
                "heads": ("num_heads",),
                "head_size": ("d_kv",),
                "feed_forward": ("d_ff",),
                "encoder_blocks": ("num_layers",),
            },
            optional={"vocabulary": ("vocab_size",)},
            fixed={"head": True, "norms": 3, "rms_norm": True},
            rules=(_t5,),
        ),
    ),
    "whisper": replace(
        _BOTH,
        keys={
            **_BOTH.keys,
            "sequence": ("max_target_positions",),
            "encoder_sequence": ("max_source_positions",),
            "mel_bins": ("num_mel_bins",),
        },
    ),
    **dict.fromkeys(
        ("bart", "mbart"),
        replace(_BOTH, keys={**_BOTH.keys, "sequence": ("max_position_embeddings",)}, rules=(_bart,)),
    ),
}
"""``model_type`` -> how its file is read."""

PARTS: Mapping[str, str] = {"clip": "vision_config", "siglip": "vision_config"}
"""``model_type`` of models of several parts -> the part that is read unless one is asked for; others: the text's."""

TEXT = "text_config"
