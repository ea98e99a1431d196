"""Hugging Face's ``config.json``: public files of thirty models, what they cost and what is not modelled; bad files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from launcher import run
from launcher.config.compose import compose
from launcher.config.trial import Trial
from launcher.errors import ConfigurationError

FILES = Path(__file__).parent / "model_configs"


def layers(path: Path, *overrides: str) -> dict[str, Trial]:
    given = ["layer=all", "model=from_config", f"model.path={path}", *overrides]
    return {str(one.parameters["layer"]): one for one in compose(given).layers}


def of_file(name: str, *overrides: str) -> dict[str, Trial]:
    return layers(FILES / f"{name}.json", *overrides)


def weights(found: dict[str, Trial]) -> int:
    """Weights that multiply; of experts those that a token takes."""
    scores = ("KTQ", "VScores")
    matmuls = [one for one in found.values() if one.experiment.layer.shape == "matmul"]
    return sum(
        one.layer.dimensions["D"] * one.layer.dimensions["E"] * one.runs
        for one in matmuls
        if not any(word in str(one.parameters["layer"]) for word in scores)
    )


def attention(size: int, heads: int, kv_heads: int, head: int) -> int:
    return size * head * 2 * (heads + kv_heads)


DEEPSEEK_V3 = 7168 * 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 * 128 * 256 + 128 * 128 * 7168
DEEPSEEK_V2_LITE = 2048 * 16 * 192 + 2048 * 576 + 512 * 16 * 256 + 16 * 128 * 2048
DECODERS = {
    "gpt2": 12 * 12 * 768**2 + 768 * 50257,
    "pythia-1.4b": 24 * 12 * 2048**2 + 2048 * 50304,
    "opt-350m": 24 * 12 * 1024**2 + 1024 * 50272,
    "Llama-3.1-8B": 32 * (attention(4096, 32, 8, 128) + 3 * 4096 * 14336) + 4096 * 128256,
    "Llama-3.2-1B": 16 * (attention(2048, 32, 8, 64) + 3 * 2048 * 8192) + 2048 * 128256,
    "Mistral-7B-v0.1": 32 * (attention(4096, 32, 8, 128) + 3 * 4096 * 14336) + 4096 * 32000,
    "Mixtral-8x7B-v0.1": 32 * (attention(4096, 32, 8, 128) + 2 * 3 * 4096 * 14336 + 4096 * 8) + 4096 * 32000,
    "Qwen2.5-7B": 28 * (attention(3584, 28, 4, 128) + 3 * 3584 * 18944) + 3584 * 152064,
    "Qwen3-8B": 36 * (attention(4096, 32, 8, 128) + 3 * 4096 * 12288) + 4096 * 151936,
    "Qwen1.5-MoE-A2.7B": 24 * (attention(2048, 16, 16, 128) + 3 * 2048 * (4 * 1408 + 5632) + 2048 * 60) + 2048 * 151936,
    "Qwen3-30B-A3B": 48 * (attention(2048, 32, 4, 128) + 3 * 2048 * 8 * 768 + 2048 * 128) + 2048 * 151936,
    "gemma-7b": 28 * (attention(3072, 16, 16, 256) + 3 * 3072 * 24576) + 3072 * 256000,
    "gemma-2-9b": 42 * (attention(3584, 16, 8, 256) + 3 * 3584 * 14336) + 3584 * 256000,
    "gemma-3-4b-pt": 34 * (attention(2560, 8, 4, 256) + 3 * 2560 * 10240) + 2560 * 262208,
    "phi-2": 32 * (attention(2560, 32, 32, 80) + 2 * 2560 * 10240) + 2560 * 51200,
    "Phi-3-mini-4k-instruct": 32 * (attention(3072, 32, 32, 96) + 3 * 3072 * 8192) + 3072 * 32064,
    "DeepSeek-V2-Lite": (
        27 * DEEPSEEK_V2_LITE + 3 * 2048 * 10944 + 26 * (3 * 2048 * 1408 * (6 + 2) + 2048 * 64) + 2048 * 102400
    ),
    "DeepSeek-V3": (61 * DEEPSEEK_V3 + 3 * 3 * 7168 * 18432 + 58 * (3 * 7168 * 2048 * 9 + 7168 * 256) + 7168 * 129280),
    "falcon-7b": 32 * (attention(4544, 71, 1, 64) + 2 * 4544 * 4 * 4544) + 4544 * 65024,
    "t5-base": 12 * (6 * 768**2 + 2 * 768 * 3072) + 768 * 32128,
    "flan-t5-base": 12 * (6 * 768**2 + 3 * 768 * 2048) + 768 * 32128,
    "whisper-small": 12 * (6 * 768**2 + 2 * 768 * 3072) + 768 * 51865,
    "bart-large": 12 * (6 * 1024**2 + 2 * 1024 * 4096) + 1024 * 50265,
    "llava-1.5-7b-hf": 32 * (attention(4096, 32, 32, 128) + 3 * 4096 * 11008) + 4096 * 32064,
    "Llama-3.2-11B-Vision": 40 * (attention(4096, 32, 8, 128) + 3 * 4096 * 14336) + 4096 * 128256,
}
ENCODERS = {
    "bert-base-uncased": 12 * 12 * 768**2,
    "roberta-base": 12 * 12 * 768**2,
    "vit-base-patch16-224": 12 * 12 * 768**2 + 1000 * 768,
    "clip-vit-base-patch32": 12 * 12 * 768**2,
    "siglip-base-patch16-224": 12 * 12 * 768**2,
}


def test_every_file_is_looked_at() -> None:
    assert {file.stem for file in FILES.glob("*.json")} == {*DECODERS, *ENCODERS}


@pytest.mark.parametrize("name", DECODERS)
def test_a_step_multiplies_with_the_weights_of_the_model(name: str) -> None:
    """Cross attention's keys and values are those of the prefill; its other two projections are among the six."""
    assert weights(of_file(name, "model.phase=decode")) == DECODERS[name]


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders_have_the_weights_of_the_model(name: str) -> None:
    assert weights(of_file(name)) == ENCODERS[name]


NAMED = {
    "llama3_8b": "Llama-3.1-8B",
    "llama3_2_1b": "Llama-3.2-1B",
    "mistral_7b": "Mistral-7B-v0.1",
    "mixtral_8x7b": "Mixtral-8x7B-v0.1",
    "qwen2_5_7b": "Qwen2.5-7B",
    "qwen3_8b": "Qwen3-8B",
    "gemma2_9b": "gemma-2-9b",
    "t5_base": "t5-base",
    "whisper_small": "whisper-small",
    "vit_b16": "vit-base-patch16-224",
}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_model_is_what_its_file_says(name: str) -> None:
    long = [] if name in ("t5_base", "whisper_small", "vit_b16") else ["model.sequence=6000"]
    file = of_file(NAMED[name], "model.elementwise=true", *long)
    named = compose(["layer=all", f"model={name}", "model.elementwise=true", *long]).layers
    assert {key: (one.layer.dimensions, one.runs) for key, one in file.items() if key != "token_lookup"} == {
        str(one.parameters["layer"]): (one.layer.dimensions, one.runs)
        for one in named
        if one.parameters["layer"] != "token_lookup"
    }


def test_windows_of_files() -> None:
    def runs(name: str) -> tuple[int, int]:
        found = of_file(name, "model.phase=decode", "model.cache_length=8000")
        everywhere, near = (found[key].layer.blocks if key in found else 0 for key in ("KTQ", "KTQ_local"))
        return everywhere, near

    assert runs("gemma-2-9b") == (21, 21)
    assert runs("gemma-3-4b-pt") == (5, 29)
    assert runs("Mistral-7B-v0.1") == (0, 32)
    assert runs("Qwen2.5-7B") == (28, 0)
    assert of_file("gemma-2-9b")["layernorm"].layer.repeats == 4
    assert of_file("falcon-7b")["layernorm"].layer.repeats == 1


UNMODELLED = {
    "DeepSeek-V3": ["num_nextn_predict_layers=1", "quantization_config"],
    "gemma-2-9b": ["attn_logit_softcapping=50.0", "final_logit_softcapping=30.0"],
    "gemma-3-4b-pt": ["vision_config", "num_attention_heads=8", "head_dim=256"],
    "Llama-3.2-11B-Vision": ["vision_config", "cross_attention_layers"],
    "llava-1.5-7b-hf": ["vision_config", "hidden_size=4096", "intermediate_size=11008"],
    "clip-vit-base-patch32": ["text_config", "hidden_size=768"],
    "opt-350m": ["word_embed_proj_dim=512"],
    "t5-base": ["relative_attention_num_buckets=32"],
}
COMPLETE = ["bert-base-uncased", "gpt2", "Llama-3.1-8B", "Mixtral-8x7B-v0.1", "Qwen3-30B-A3B", "DeepSeek-V2-Lite"]
COMPLETE += ["falcon-7b", "phi-2", "whisper-small", "bart-large", "vit-base-patch16-224", "pythia-1.4b", "roberta-base"]


@pytest.mark.parametrize("name", UNMODELLED)
def test_what_is_not_modelled_or_not_said_is_named(name: str) -> None:
    notes = " ".join(
        compose(["layer=KTQ", "model=from_config", f"model.path={FILES / name}.json"]).experiment.model.notes
    )
    for words in UNMODELLED[name]:
        assert words in notes
    assert "not known here" not in notes


@pytest.mark.parametrize("name", COMPLETE)
def test_a_file_of_which_all_is_modelled_needs_no_remark(name: str) -> None:
    assert compose(["layer=FF2", "model=from_config", f"model.path={FILES / name}.json"]).experiment.model.notes == []


def test_remarks_are_part_of_the_result() -> None:
    path = FILES / "DeepSeek-V3.json"
    given = ["model=from_config", f"model.path={path}", "model.phase=decode", "model.cache_length=64"]
    for layer in ("layer=router", "layer=[router,KTQ]"):
        assert any("num_nextn_predict_layers=1" in flag for flag in run([layer, *given]).flags)


def test_another_part_of_a_file() -> None:
    vision = of_file("gemma-3-4b-pt", "model.part=vision_config")
    assert vision["FF1"].layer.dimensions == {"E": 1152, "D": 4304, "L": 64 * 64}
    text = of_file("clip-vit-base-patch32", "model.part=text_config")
    assert text["KQV"].layer.dimensions == {"E": 512, "D": 1536, "L": 77}
    with pytest.raises(ConfigurationError, match=r"no object audio_config.*\n.*key audio_config") as caught:
        of_file("clip-vit-base-patch32", "model.part=audio_config")
    assert "text_config, vision_config" in str(caught.value)


# -- files of families that nobody knows, and bad ones ----------------------------------------------------------------

LLAMA = json.loads((FILES / "Llama-3.2-1B.json").read_text())


def changed(folder: Path, **values: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({key: value for key, value in {**LLAMA, **values}.items() if value != "absent"}))
    return path


def test_an_unknown_family_can_be_read_like_another(tmp_path: Path) -> None:
    path = changed(tmp_path, model_type="brand_new", num_memory_slots=12, use_convolutions=True, plan={"a": 1})
    with pytest.raises(ConfigurationError, match=r"brand_new") as caught:
        layers(path)
    assert "model.like=llama" in str(caught.value)
    found = layers(path, "model.like=llama", "model.sequence=100")
    assert weights(found) == DECODERS["Llama-3.2-1B"]
    notes = next(iter(found.values())).experiment.model.notes
    assert notes == [
        "config.json: not modelled: num_memory_slots=12 (not known here), use_convolutions=True (not known here), "
        "plan (not known here)"
    ]
    with pytest.raises(ConfigurationError, match=r"model\.like=lama") as caught:
        layers(path, "model.like=lama")
    assert "model.like=llama" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"hidden_size": 10**30}, "model.embedding"),
        ({"num_hidden_layers": 10**9}, "model.blocks"),
        ({"hidden_size": 2048.0}, "hidden_size is 2048.0"),
        ({"hidden_size": [2048]}, "hidden_size is [2048]"),
        ({"num_key_value_heads": -8}, "num_key_value_heads is -8"),
        ({"num_attention_heads": True}, "num_attention_heads is True"),
        ({"model_type": {"a": 1}}, "model_type is"),
        ({"model_type": "x" * 10_000}, "model_type is"),
        ({"model_type": "qwen2_moe", "mlp_only_layers": "all"}, "mlp_only_layers is all"),
        ({"model_type": "qwen2_moe", "num_experts": 8, "num_experts_per_tok": 9}, "experts_per_token=9"),
        ({"sliding_window": 64, "layer_types": {"a": 1}}, "layer_types is"),
        ({"sliding_window": 64, "use_sliding_window": "no"}, "use_sliding_window is no"),
        ({"model_type": "container", "text_config": {"model_type": "container", "text_config": {}}}, "model_type is"),
        ({"model_type": "container", "text_config": [1]}, "no object text_config"),
        ({"model_type": "vit", "image_size": 8, "patch_size": 16}, "layer."),
    ],
)
def test_a_hostile_file_gets_one_message(tmp_path: Path, values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        layers(changed(tmp_path, **values))
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1500


def test_a_file_that_is_none(tmp_path: Path) -> None:
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)
    for path in (loop, tmp_path):
        with pytest.raises(ConfigurationError, match=r"model\.path="):
            layers(path)
    nested = tmp_path / "deep.json"
    nested.write_text('{"text_config":' * 5000 + "1" + "}" * 5000)
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (2**20 + 1))
    digits = tmp_path / "digits.json"
    digits.write_text('{"hidden_size": ' + "9" * 10_000 + "}")
    for path in (nested, large, digits):
        with pytest.raises(ConfigurationError, match=path.name):
            layers(path)
