"""Values of a Hugging Face ``config.json``, each checked as it is read, and what nobody read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from launcher.errors import ConfigurationError

_MOST_ENTRIES = 2**16

_COSTS: Mapping[str, str] = {
    "vision_config": "another part of the model",
    "audio_config": "another part of the model",
    "text_config": "another part of the model",
    "cross_attention_layers": "attention to images, counted as attention of its own",
    "num_nextn_predict_layers": "layers that predict further tokens",
    "quantization_config": "other widths of words",
    "add_cross_attention": "cross attention",
    "word_embed_proj_dim": "projections beside the embedding",
    "attn_logit_softcapping": "a function of every score",
    "final_logit_softcapping": "a function of every logit",
    "relative_attention_num_buckets": "a term added to every score",
    "alibi": "a term added to every score",
}
"""Keys of which it is known that they cost something that the layers do not have."""

_FREE = re.compile(
    r".*_token_ids?|.*_token_index|image_token.*|video_token.*|.*drop(out|path|_path)?(_.*|layer)?|drop_.*|_.*|.*_eps(ilon)?|eps"
    r"|.*_std|.*_init(ial)?(_.*|izer.*)?|init.*|.*_factor|.*_coef|.*_alpha|.*_bias|bias|rope.*|rotary.*|.*rope_.*|mrope.*|partial_rotary.*"
    r"|model_type|architectures|auto_map|transformers_version|torch_dtype|dtype|use_cache|tie_.*|hidden_act|hidden_activation"
    r"|.*activation.*|.*_act(_fn)?|is_encoder_decoder|is_decoder|id2label|label2id|problem_type|task_specific.*|finetuning_task|output_.*"
    r"|return_.*|summary_.*|position_embedding_type|type_vocab_size|use_bfloat16|attn_implementation|pretraining_tp|.*_loss.*"
    r"|layer_norm.*|.*layernorm.*|.*layer_norm.*|scale_.*|reorder_.*|chunk_size.*|norm_topk_prob|topk_.*|n_group|scoring_func|routed_.*"
    r"|seq_aux|ep_size|aux_.*|max_length|min_length|num_beams|length_penalty|no_repeat.*|early_stopping|forced_.*|begin_.*|suppress.*"
    r"|apply_spec.*|mask_.*|median_.*|use_weighted.*|classifier_proj_size|num_labels|logit_scale.*|projection_dim|projector_.*"
    r"|vision_feature.*|image_seq_length|query_pre_attn_scalar|cache_implementation|attention_bias|attention_scaling.*|qkv_bias|n_ctx|prefix"
    r"|max_source_positions|original_max.*|relative_attention_max_distance|feed_forward_proj|dense_act_fn|model_parallel|n_special|predict_special.*"
    r"|encoder_no.*|gradient_check.*|use_parallel_residual|static_position.*|normalize_.*|add_final_layer_norm|do_layer_norm_before|add_bias_logits"
    r"|sliding_window_size|mm_tokens.*|d_kv|vocab_size|num_hidden_layers|max_position_embeddings|n_head|layer_types|moe_layer_freq|first_k_dense_replace|qk_nope_head_dim"
)
"""Keys of which it is known that they cost nothing, or what is counted anyway."""


@dataclass
class FileValues:
    """One object of the file.

    Attributes:
        where: the file, and the object in it.
        content: key -> value.
        defaults: what stands for keys that are not there.
        read: the keys that somebody asked for.
        assumed: those of them that only the defaults have.
        in_part: whether this is a part of a larger model; such parts leave out what the library takes anyway.
    """

    where: str
    content: Mapping[str, Any]
    defaults: Mapping[str, int] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    assumed: dict[str, int] = field(default_factory=dict)
    in_part: bool = False

    def whole(self, *keys: str, least: int = 1) -> int | None:
        """The value of the first key that is there; None where none is.

        Raises:
            ConfigurationError: it is no integer of at least ``least``.
        """
        self.read.update(keys)
        key = next((key for key in keys if self.content.get(key) is not None), None)
        if key is None:
            assumed = next((key for key in keys if key in self.defaults and key not in self.content), None)
            if assumed is not None:
                self.assumed[assumed] = self.defaults[assumed]
            return self.defaults[assumed] if assumed is not None else None
        return self._number(key, self.content[key], least)

    def required(self, *keys: str) -> int:
        """As :meth:`whole`.

        Raises:
            ConfigurationError: none of the keys is there.
        """
        value = self.whole(*keys)
        if value is None:
            raise ConfigurationError(f"there is no {keys[0]}", where=f"{self.where}, key {keys[0]}")
        return value

    def flag(self, key: str) -> bool | None:
        """Whether a key is true; None where it is not there."""
        value = self._of_kind(key, bool, "true or false")
        return None if value is None else bool(value)

    def word(self, key: str) -> str | None:
        value = self._of_kind(key, str, "a word")
        return None if value is None else str(value)

    def words(self, key: str) -> Sequence[str]:
        """A list; empty where the key is not there."""
        return [str(one) for one in self._of_kind(key, list, "a list") or ()]

    def numbers(self, key: str) -> Sequence[int]:
        """A list of places; empty where the key is not there."""
        return [self._number(key, one, 0) for one in self._of_kind(key, list, "a list") or ()]

    def entries(self, key: str) -> int:
        """How many entries an object has; none where the key is not there."""
        return len(self._of_kind(key, dict, "an object") or ())

    def number_of(self, found: Mapping[str, object], name: str) -> int:
        """A parameter that was found before."""
        value = found[name]
        assert isinstance(value, int)
        return value

    def unread(self) -> list[str]:
        """What costs something, or may, and was not asked for."""
        return [self._described(key, value) for key, value in self.content.items() if self._counts(key, value)]

    def _counts(self, key: str, value: object) -> bool:
        if key == "word_embed_proj_dim" and value == self.content.get("hidden_size"):
            return False
        if key in _COSTS and key not in self.read:
            return value not in (None, False, 0)
        if key in self.read or _FREE.fullmatch(key):
            return False
        return (
            value is True or (isinstance(value, int) and value > 0) or (isinstance(value, dict | list) and bool(value))
        )

    def _described(self, key: str, value: object) -> str:
        shown = f"{key[:40]}={value}" if isinstance(value, int | float) and abs(value) < 2**53 else key[:40]
        return f"{shown} ({_COSTS.get(key, 'not known here')})"

    def _number(self, key: str, value: object, least: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigurationError(
                f"{key} is {str(value)[:60] if not isinstance(value, str) else repr(value[:60])}",
                where=f"{self.where}, key {key}",
                expected="a positive integer" if least else "an integer of at least 0",
            )
        return value

    def _of_kind(self, key: str, kind: type, expected: str) -> Any:
        self.read.add(key)
        value = self.content.get(key)
        if value is None:
            return None
        if not isinstance(value, kind) or (isinstance(value, list | dict) and len(value) > _MOST_ENTRIES):
            raise ConfigurationError(f"{key} is {str(value)[:60]}", where=f"{self.where}, key {key}", expected=expected)
        return value
