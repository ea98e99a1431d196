"""Named models: their multiply-accumulates, phase by phase, against counts by hand and public numbers of parameters."""

from __future__ import annotations

from math import prod

import pytest

from launcher import run
from launcher.config.compose import compose, composition
from launcher.config.model_names import attended_pairs
from launcher.config.trial import Trial
from launcher.errors import ConfigurationError

MULTIPLIES = ("matmul", "conv")


def layers(*overrides: str) -> dict[str, Trial]:
    return {str(one.parameters["layer"]): one for one in compose(["layer=all", *overrides]).layers}


def macs(*overrides: str) -> int:
    """Multiply-accumulates of all runs of all layers."""
    found = layers(*overrides).values()
    return sum(
        prod(one.layer.dimensions.values()) * one.runs for one in found if one.experiment.layer.shape in MULTIPLIES
    )


# -- decoders ---------------------------------------------------------------------------------------------------------

# hidden, blocks, heads, key-value heads, values per head, hidden layer, matrices of it, vocabulary; parameters in all,
# and those that multiply nothing: embedding, positions, norms, biases.
DECODERS = {
    "llama3_2_1b": (2048, 16, 32, 8, 64, 8192, 3, 128256, 1_235_814_400, 2048 * (2 * 16 + 1)),
    "llama3_8b": (4096, 32, 32, 8, 128, 14336, 3, 128256, 8_030_261_248, 4096 * (128256 + 2 * 32 + 1)),
    "llama3_70b": (8192, 80, 64, 8, 128, 28672, 3, 128256, 70_553_706_496, 8192 * (128256 + 2 * 80 + 1)),
    "mistral_7b": (4096, 32, 32, 8, 128, 14336, 3, 32000, 7_241_732_096, 4096 * (32000 + 2 * 32 + 1)),
    "qwen2_5_7b": (
        *(3584, 28, 28, 4, 128, 18944, 3, 152064, 7_615_616_512),
        3584 * (152064 + 2 * 28 + 1) + 28 * (28 + 2 * 4) * 128,
    ),
    "qwen3_8b": (
        *(4096, 36, 32, 8, 128, 12288, 3, 151936, 8_190_735_360),
        4096 * (151936 + 2 * 36 + 1) + 36 * 2 * 128,
    ),
    "gemma2_9b": (3584, 42, 16, 8, 256, 14336, 3, 256000, 9_241_705_984, 3584 * (4 * 42 + 1)),
    "phi3_mini": (3072, 32, 32, 32, 96, 8192, 3, 32064, 3_821_079_552, 3072 * (32064 + 2 * 32 + 1)),
    "opt_1_3b": (
        *(2048, 24, 32, 32, 64, 8192, 2, 50272, 1_315_758_080),
        2048 * 2050 + 24 * (2048 * 4 + 8192 + 2048 + 2 * 2 * 2048) + 2 * 2048,
    ),
    "gpt3_6_7b": (4096, 32, 32, 32, 128, 16384, 2, 50257, None, None),
    "gpt3_175b": (12288, 96, 96, 96, 128, 49152, 2, 50257, None, None),
}


def projections(name: str) -> int:
    """Weights of all blocks that multiply every token."""
    hidden, blocks, heads, kv_heads, head, feed_forward, matrices, *_ = DECODERS[name]
    attention = hidden * head * (2 * heads + 2 * kv_heads)
    return int(blocks * (attention + matrices * hidden * feed_forward))


@pytest.mark.parametrize("name", [name for name, row in DECODERS.items() if row[8]])
def test_weights_are_the_published_number_of_parameters(name: str) -> None:
    hidden, _, _, _, _, _, _, vocabulary, parameters, others = DECODERS[name]
    assert others is not None
    assert projections(name) + hidden * vocabulary + others == parameters
    found = layers(f"model={name}", "model.window=null")
    weights = {
        key: prod(one.layer.dimensions[size] for size in "DE") * one.runs
        for key, one in found.items()
        if key in ("KQV", "Out", "FF1", "FF2", "lm_head")
    }
    assert sum(weights.values()) == projections(name) + hidden * vocabulary


@pytest.mark.parametrize("name", DECODERS)
def test_prefill_of_a_decoder(name: str) -> None:
    hidden, blocks, heads, _, head, _, _, vocabulary, *_ = DECODERS[name]
    tokens, batch = 1536, 2
    scores = 2 * blocks * heads * head * tokens * tokens
    expected = batch * (tokens * projections(name) + scores + hidden * vocabulary)
    assert macs(f"model={name}", f"model.sequence={tokens}", f"model.batch={batch}") == expected
    all_logits = expected + batch * (tokens - 1) * hidden * vocabulary
    given = [f"model={name}", f"model.sequence={tokens}", f"model.batch={batch}"]
    assert macs(*given, "model.head_positions=all") == all_logits


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("step", [1, 4])
def test_a_decoding_step(name: str, step: int) -> None:
    hidden, blocks, heads, _, head, _, _, vocabulary, *_ = DECODERS[name]
    cache, batch = 1000, 3
    scores = 2 * blocks * heads * head * step * cache
    expected = batch * (step * (projections(name) + hidden * vocabulary) + scores)
    given = [f"model={name}", "model.phase=decode", f"model.cache_length={cache}", f"model.batch={batch}"]
    assert macs(*given, f"model.step_tokens={step}") == expected


def test_what_a_causal_mask_hides_can_be_skipped() -> None:
    """A query and itself and all before it: n (n + 1) / 2 pairs; an even n leaves out half a key a query."""
    for tokens, pairs in ((511, 511 * 512 // 2), (512, 512 * 512 // 2)):
        found = layers("model=llama3_8b", f"model.sequence={tokens}", "model.causal=skip")
        for name in ("KTQ", "VScores"):
            assert prod(found[name].layer.dimensions.values()) * found[name].runs == 32 * 32 * 128 * pairs
        assert found["softmax"].layer.dimensions["E"] * tokens == pairs
        assert pairs <= tokens * (tokens + 1) // 2 < pairs + tokens


def test_a_window_limits_local_blocks_only() -> None:
    found = layers("model=gemma2_9b", "model.sequence=8192")
    assert found["KTQ"].layer.dimensions["D"] == 8192
    assert found["KTQ_local"].layer.dimensions["D"] == 4096
    assert (found["KTQ"].runs, found["KTQ_local"].runs) == (21 * 8, 21 * 8)
    by_hand = sum(min(query + 1, 4096) for query in range(8192))
    skipped = layers("model=gemma2_9b", "model.sequence=8192", "model.causal=skip")
    assert skipped["KTQ_local"].layer.dimensions["D"] == by_hand // 8192
    decode = layers("model=mistral_7b", "model.phase=decode", "model.cache_length=6000")
    assert "KTQ" not in decode
    assert decode["VScores_local"].layer.dimensions["E"] == 4096
    short = layers("model=mistral_7b", "model.phase=decode", "model.cache_length=4096")
    assert "KTQ_local" not in short


@pytest.mark.parametrize(("queries", "context", "window"), [(7, 7, 3), (4, 9, 8), (5, 9, 6), (1, 5, 9), (6, 6, 100)])
def test_pairs_under_a_mask_are_those_of_a_walk(queries: int, context: int, window: int) -> None:
    walked = sum(min(position + 1, window) for position in range(context - queries, context))
    assert attended_pairs(queries, context, window, skips_masked=True) == walked


# -- experts ----------------------------------------------------------------------------------------------------------

MIXTRAL_EXPERT = 3 * 4096 * 14336
MIXTRAL_ATTENTION = 4096 * 128 * (2 * 32 + 2 * 8)


def test_weights_of_mixtral() -> None:
    every_block = MIXTRAL_ATTENTION + 8 * (MIXTRAL_EXPERT + 4096)
    assert 32 * (every_block + 2 * 4096) + 4096 * (2 * 32000 + 1) == 46_702_792_704


@pytest.mark.parametrize(
    ("tokens", "used", "balance"), [(64, 8, "even"), (13, 8, "even"), (3, 6, "even"), (64, 2, "worst")]
)
def test_each_token_takes_its_experts(tokens: int, used: int, balance: str) -> None:
    given = ["model=mixtral_8x7b", f"model.sequence={tokens}", f"model.expert_balance={balance}"]
    scores = 2 * 32 * 32 * 128 * tokens * tokens
    each_token = 32 * (MIXTRAL_ATTENTION + 8 * 4096 + 2 * MIXTRAL_EXPERT)
    assert macs(*given) == tokens * each_token + scores + 4096 * 32000
    found = layers(*given)
    experts = [found[name].layer for name in ("expert_FF1", "expert_FF1_more") if name in found]
    assert sum(one.repeats for one in experts) == used
    assert max(one.dimensions["L"] for one in experts) - min(one.dimensions["L"] for one in experts) <= 1


def test_latent_attention_and_shared_experts_of_deepseek_v3() -> None:
    """671 thousand million parameters, of which 37 thousand million multiply a token (public figures)."""
    size, heads, blocks, dense = 7168, 128, 61, 3
    given = ["model=llama3_8b", f"model.embedding={size}", f"model.heads={heads}", "model.kv_heads=null"]
    given += ["model.head_size=192", "model.value_size=128", "model.rotated_size=64", "model.q_rank=1536"]
    given += ["model.kv_rank=512", "model.feed_forward=18432", f"model.blocks={blocks}", "model.vocabulary=129280"]
    given += ["model.experts=256", "model.experts_per_token=8", "model.expert_feed_forward=2048"]
    given += ["model.shared_feed_forward=2048", f"model.dense_blocks={dense}", "model.phase=decode"]
    latent = size * 1536 + 1536 * heads * 192 + size * (512 + 64) + 512 * heads * (128 + 128) + heads * 128 * size
    expert = 3 * size * 2048
    weights = blocks * latent + dense * 3 * size * 18432 + (blocks - dense) * (9 * expert + 256 * size)
    scores = blocks * heads * (192 + 128) * 1000
    assert macs(*given, "model.cache_length=1000") == weights + scores + size * 129280
    everything = weights + (blocks - dense) * (256 - 8) * expert + 2 * size * 129280
    assert everything == pytest.approx(671e9, rel=1e-3)
    assert weights + size * 129280 == pytest.approx(37e9, rel=2e-2)


# -- encoders and decoders, images and sound --------------------------------------------------------------------------


def test_vision_transformers() -> None:
    for name, size, blocks, parameters in (("vit_b16", 768, 12, 86_567_656), ("vit_l16", 1024, 24, 304_326_632)):
        patches, block, classifier = 16 * 16 * 3 * size, 12 * size * size, 1000 * size
        others = size * (1 + 1 + 197) + blocks * (4 + 4 + 1 + 4) * size + 2 * size + 1000
        assert patches + blocks * block + classifier + others == parameters
        expected = 196 * patches + blocks * (197 * block + 2 * 197 * 197 * size) + classifier
        assert macs(f"model={name}") == expected
        assert macs(f"model={name}", "model.batch=4") == 4 * expected


def decoder_macs(size: int, feed_forward: int, tokens: int, context: int, encoded: int, projects: bool) -> int:
    """One block of a decoder with cross attention."""
    own = 4 * size * size * tokens + 2 * tokens * context * size
    cross = 2 * size * size * tokens + 2 * size * size * encoded * projects + 2 * tokens * encoded * size
    return own + cross + 2 * size * feed_forward * tokens


@pytest.mark.parametrize(
    ("name", "tokens", "encoded", "vocabulary", "front"),
    [
        ("t5_base", 512, 512, 32128, 0),
        ("whisper_small", 448, 1500, 51865, 3 * 80 * 768 * 3000 + 3 * 768 * 768 * 1500),
    ],
)
def test_encoders_with_decoders(name: str, tokens: int, encoded: int, vocabulary: int, front: int) -> None:
    size, feed_forward = 768, 3072
    encoder = 4 * size * size * encoded + 2 * encoded * encoded * size + 2 * size * feed_forward * encoded
    blocks = encoder + decoder_macs(size, feed_forward, tokens, tokens, encoded, projects=True)
    assert macs(f"model={name}") == 12 * blocks + front + size * vocabulary
    step = ["model.phase=decode", "model.cache_length=100"]
    block = decoder_macs(size, feed_forward, 1, 100, encoded, projects=False)
    assert macs(f"model={name}", *step) == 12 * block + size * vocabulary


def test_weights_of_t5_and_whisper() -> None:
    block = 4 * 768**2 + 2 * 768 * 3072
    cross = 4 * 768**2
    norms = 768 * (12 * 2 + 1 + 12 * 3 + 1)
    assert 12 * (2 * block + cross) + 32128 * 768 + norms + 2 * 32 * 12 == 222_903_552
    biases = 12 * (2 * (3 * 768 + 3072 + 768) + 3 * 768)
    layer_norms = 2 * 768 * (12 * 2 + 1 + 12 * 3 + 1)
    front = 768 * (3 * 80 + 1) + 768 * (3 * 768 + 1) + 768 * (1500 + 448)
    assert 12 * (2 * block + cross) + 51865 * 768 + biases + layer_norms + front == 241_734_912


# -- what is optional -------------------------------------------------------------------------------------------------


def test_older_models_keep_their_layers_and_take_a_head_when_asked() -> None:
    block = ["KQV", "KTQ", "softmax", "VScores", "Out", "layernorm", "FF1", "FF2"]
    assert list(layers("model=gpt2")) == list(layers("model=bert_base")) == block
    head = layers("model=gpt2", "model.head=true")["lm_head"]
    assert head.layer.dimensions == {"D": 50257, "E": 768, "L": 1}
    assert layers("model=bert_base", "model.head=true")["lm_head"].layer.dimensions["L"] == 512


def test_elementwise_layers_move_what_they_read_and_write() -> None:
    found = layers("model=llama3_8b", "model.elementwise=true", "model.sequence=64")
    sizes = {name: (one.layer.dimensions, one.runs) for name, one in found.items()}
    assert sizes["token_lookup"] == ({"D": 1, "E": 4096, "L": 64}, 1)
    assert sizes["residual"] == ({"D": 2, "E": 4096, "L": 64}, 64)
    assert sizes["activation"] == ({"D": 2, "E": 14336, "L": 64}, 32)
    assert sizes["rotation"] == ({"D": 1, "E": 128, "L": 64 * 40}, 32)
    assert not {"residual", "activation", "rotation", "token_lookup"} & set(layers("model=llama3_8b"))


def test_a_residual_reads_two_tensors_and_writes_one() -> None:
    result = run(["layer=residual", "model=llama3_2_1b", "model.sequence=64", "model.elementwise=true"])
    assert result.ok and result.evaluation is not None
    assert result.optimality is not None and result.optimality.status == "proved"
    dram = result.evaluation.levels[-1].data_spaces
    assert (dram["Inputs"].reads, dram["Outputs"].updates) == (2 * 2048 * 64, 2048 * 64)


def test_layers_come_and_go_with_values() -> None:
    one = composition(["layer=all", "model=llama3_2_1b"])
    for elementwise, head in ((True, True), (False, True), (False, False), (True, False)):
        values = {"model.elementwise": elementwise, "model.head": head}
        names = [str(layer.parameters["layer"]) for layer in one.at(values).layers]
        assert ("residual" in names, "lm_head" in names) == (elementwise, head)
        told = compose(["layer=all", "model=llama3_2_1b", *(f"{key}={value}" for key, value in values.items())])
        assert names == [str(layer.parameters["layer"]) for layer in told.layers]


def test_a_layer_that_a_model_does_not_have_is_named() -> None:
    with pytest.raises(ConfigurationError, match="bert_base has no layer router"):
        compose(["layer=[KQV,router]", "model=bert_base"])
    with pytest.raises(ConfigurationError, match=r"model\.vocabulary is not set"):
        compose(["layer=lm_head", "model=vit_b16"])
    with pytest.raises(ConfigurationError, match="step_tokens=8"):
        compose(["layer=all", "model=gpt2", "model.phase=decode", "model.cache_length=4", "model.step_tokens=8"])
