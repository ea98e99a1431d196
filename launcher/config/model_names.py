"""What follows from a Transformer's parameters: how many positions, keys, experts and blocks its layers have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launcher.errors import ConfigurationError


def attended_pairs(queries: int, context: int, window: int | None, skips_masked: bool) -> int:
    """Pairs of a query and a key whose scores are computed.

    The queries are the last of the context's positions. A query attends to itself and to what stands before it, a
    window's length at most; what the mask hides is computed all the same unless it is skipped.

    Args:
        queries: positions that are computed.
        context: positions in all, at least as many.
        window: keys that a query attends to at most; None is no limit.
        skips_masked: whether scores that a causal mask hides are left out.
    """
    most = min(window or context, context)
    if not skips_masked:
        return queries * most
    shorter = max(0, min(queries, most - (context - queries) - 1))  # queries with fewer than ``most`` keys
    first = context - queries + 1
    return shorter * first + shorter * (shorter - 1) // 2 + (queries - shorter) * most


def derived_names(given: Mapping[str, Any]) -> dict[str, object]:
    """The parameters of a Transformer, those that were left open, and what follows from them.

    ``tokens`` are the positions that are computed, ``context`` those that each attends to (on average, a fraction left
    out, where masked scores are skipped), ``local_context`` the same in blocks with a window.
    """
    size = given["embedding"] / given["heads"]
    head_size = given["head_size"] or (int(size) if size.is_integer() else size)
    return {
        **given,
        "kv_heads": given["kv_heads"] or given["heads"],
        "head_size": head_size,
        "value_size": given["value_size"] or head_size,
        **_positions(given),
        **_experts(given),
        **_encoder(given),
        **_parts(given),
    }


def _parts(given: Mapping[str, Any]) -> dict[str, object]:
    """Of how many blocks the parts that few models have are part, and some of their sizes."""
    blocks, latent = given["blocks"], given["kv_rank"]
    once = 0 if given["phase"] == "decode" else 1
    return {
        "projected_blocks": 0 if latent else blocks,
        "latent_blocks": blocks if latent else 0,
        "low_rank_query_blocks": blocks if latent and given["q_rank"] else 0,
        "query_rank": given["q_rank"] or given["embedding"],
        "rotated_size": given["rotated_size"] or 0,
        "rotated_values": given["rotated_size"] or given["head_size"] or given["embedding"] // given["heads"],
        "rotated_heads": given["heads"] + (1 if latent else given["kv_heads"] or given["heads"]),
        "lookup_runs": 1 if given["elementwise"] and given["vocabulary"] else 0,
        "classifier_runs": once if given["classes"] else 0,
        "patch_runs": once if given["image"] and given["patch"] else 0,
        "audio_runs": once if given["mel_bins"] else 0,
    }


def _positions(given: Mapping[str, Any]) -> dict[str, object]:
    decode = given["phase"] == "decode"
    length = given["cache_length"] or given["sequence"]
    tokens = given["step_tokens"] if decode else given["sequence"]
    keys = length if decode else given["sequence"]
    if tokens > keys:
        raise ConfigurationError(
            f"model.step_tokens={tokens} is more than model.cache_length={keys}",
            expected="a cache with the tokens of the step in it",
        )
    local = given["blocks"] if given["local_blocks"] is None else given["local_blocks"]
    local = min(local, given["blocks"]) if given["window"] and given["window"] < keys else 0
    skips = given["causal"] == "skip"
    all_logits = decode or given["head_positions"] == "all"
    return {
        "cache_length": length,
        "tokens": tokens,
        "context": attended_pairs(tokens, keys, None, skips) // tokens,
        "local_context": attended_pairs(tokens, keys, given["window"], skips) // tokens,
        "local_blocks": local,
        "global_blocks": given["blocks"] - local,
        "head_tokens": tokens if all_logits else 1,
    }


def _experts(given: Mapping[str, Any]) -> dict[str, object]:
    """Each expert that is used gets ``expert_tokens``; ``experts_more`` of them one token more."""
    blocks, experts = given["blocks"], given["experts"]
    if not experts:
        return {"feed_forward_blocks": blocks, "expert_blocks": 0, "shared_blocks": 0, "experts_more": 0}
    each = given["experts_per_token"] or 1
    if each > experts:
        raise ConfigurationError(f"model.experts_per_token={each} is more than model.experts={experts}")
    decode = given["phase"] == "decode"
    tokens = given["batch"] * (given["step_tokens"] if decode else given["sequence"])
    worst = given["expert_balance"] == "worst"
    touched = each if worst else min(experts, tokens * each)
    share, more = divmod(tokens * each, touched)
    dense = min(given["dense_blocks"], blocks)
    return {
        "experts_per_token": each,
        "expert_feed_forward": given["expert_feed_forward"] or given["feed_forward"],
        "feed_forward_blocks": dense,
        "expert_blocks": blocks - dense,
        "shared_blocks": blocks - dense if given["shared_feed_forward"] else 0,
        "expert_tokens": share,
        "experts_used": touched - more,
        "experts_more": more,
    }


def _encoder(given: Mapping[str, Any]) -> dict[str, object]:
    """The encoder runs with the prompt; later steps use its keys and values again."""
    blocks = given["encoder_blocks"] or 0
    decode = given["phase"] == "decode"
    heads = given["encoder_heads"] or given["heads"]
    size = given["head_size"] or given["embedding"] / heads
    return {
        "encoder_runs": 0 if decode else blocks,
        "encoder_sequence": given["encoder_sequence"] or given["sequence"],
        "encoder_heads": heads,
        "encoder_head_size": int(size) if float(size).is_integer() else size,
        "encoder_feed_forward": given["encoder_feed_forward"] or given["feed_forward"],
        "cross_blocks": given["blocks"] if blocks else 0,
        "cross_projections": 0 if decode or not blocks else given["blocks"],
    }
