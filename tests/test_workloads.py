"""Layers and models: sizes, repeats, phases, model files, and problems of any shape."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

import pytest

from launcher.config.compose import compose
from launcher.config.layer_sizes import layer_sizes
from launcher.errors import ConfigurationError
from launcher.paths import data_folder
from launcher.trial.steps import specify

BLOCK = ["KQV", "KTQ", "softmax", "VScores", "Out", "layernorm", "FF1", "FF2"]


def sizes(*overrides: str) -> tuple[int, int, int, int]:
    """D, E, L and repeats."""
    layer = compose(list(overrides)).layer
    return layer.dimensions["D"], layer.dimensions["E"], layer.dimensions["L"], layer.repeats


BERT_LARGE = {
    "KQV": (3072, 1024, 4096, 1),
    "KTQ": (4096, 64, 4096, 16),
    "softmax": (2, 4096, 4096, 16),
    "VScores": (64, 4096, 4096, 16),
    "Out": (1024, 1024, 4096, 1),
    "layernorm": (3, 1024, 4096, 2),
    "FF1": (4096, 1024, 4096, 1),
    "FF2": (1024, 4096, 4096, 1),
}


@pytest.mark.parametrize("name", BLOCK)
def test_layers_of_a_block(name: str) -> None:
    assert sizes(f"layer={name}", "model=bert_large") == BERT_LARGE[name]


def test_a_batch_lengthens_projections_and_repeats_what_is_done_per_head() -> None:
    batch = ["model=gpt2", "model.batch=4"]
    assert sizes("layer=FF1", *batch) == (3072, 768, 4 * 1024, 1)
    assert sizes("layer=layernorm", *batch) == (3, 768, 4 * 1024, 2)
    assert sizes("layer=KTQ", *batch) == (1024, 64, 1024, 4 * 12)
    assert sizes("layer=softmax", *batch) == (2, 1024, 1024, 4 * 12)


DECODE = ["model=gpt2", "model.phase=decode", "model.cache_length=300"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("KQV", (2304, 768, 1, 1)),
        ("KTQ", (300, 64, 1, 12)),
        ("softmax", (2, 300, 1, 12)),
        ("VScores", (64, 300, 1, 12)),
        ("Out", (768, 768, 1, 1)),
        ("FF2", (768, 3072, 1, 1)),
    ],
)
def test_decoding_computes_one_token_against_the_cache(name: str, expected: tuple[int, ...]) -> None:
    assert sizes(f"layer={name}", *DECODE) == expected


def test_the_cache_is_as_long_as_the_sequence_unless_said_otherwise() -> None:
    assert sizes("layer=KTQ", "model=gpt2", "model.phase=decode")[0] == 1024
    trial = compose(["layer=KTQ", "model=gpt2", "model.phase=decode"])
    assert trial.parameters["model.cache_length"] == 1024
    assert trial.parameters["model.phase"] == "decode"


# -- models from files ------------------------------------------------------------------------------------------------

LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "num_hidden_layers": 32,
    "intermediate_size": 14336,
    "max_position_embeddings": 8192,
}
BERT = {
    "model_type": "bert",
    "hidden_size": 768,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
}
GPT2 = {"model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024, "n_inner": None}


def from_file(folder: Path, content: object, *overrides: str) -> list[str]:
    file = folder / "config.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return ["model=from_config", f"model.path={file}", *overrides]


@pytest.mark.parametrize(("content", "model"), [(BERT, "bert_base"), (GPT2, "gpt2")])
@pytest.mark.parametrize("name", ["KQV", "softmax", "FF2"])
def test_a_file_gives_the_same_layers_as_the_project(
    tmp_path: Path, content: dict[str, object], model: str, name: str
) -> None:
    assert sizes(f"layer={name}", *from_file(tmp_path, content)) == sizes(f"layer={name}", f"model={model}")


def test_grouped_heads_multiply_with_their_keys_at_once(tmp_path: Path) -> None:
    model = from_file(tmp_path, LLAMA, "model.sequence=1024")
    assert sizes("layer=KQV", *model) == ((32 + 2 * 8) * 128, 4096, 1024, 1)
    assert sizes("layer=KTQ", *model) == (1024, 128, 4 * 1024, 8)
    assert sizes("layer=softmax", *model) == (2, 1024, 4 * 1024, 8)
    assert sizes("layer=VScores", *model) == (128, 1024, 4 * 1024, 8)
    assert sizes("layer=Out", *model) == (4096, 4096, 1024, 1)


def test_gates_and_norms_of_llama(tmp_path: Path) -> None:
    model = from_file(tmp_path, LLAMA, "model.phase=decode")
    assert sizes("layer=FF1", *model) == (2 * 14336, 4096, 1, 1)
    assert sizes("layer=layernorm", *model) == (2, 4096, 1, 2)
    assert sizes("layer=KTQ", *model) == (8192, 128, 4, 8)


def test_heads_may_have_a_size_of_their_own(tmp_path: Path) -> None:
    model = from_file(tmp_path, {**LLAMA, "head_dim": 256})
    assert sizes("layer=Out", *model)[:2] == (4096, 32 * 256)
    assert sizes("layer=Out", *model, "model.head_size=64")[:2] == (4096, 32 * 64)


def test_what_is_given_beside_the_file_needs_no_key(tmp_path: Path) -> None:
    content = {key: value for key, value in BERT.items() if key != "max_position_embeddings"}
    assert sizes("layer=KTQ", *from_file(tmp_path, content, "model.sequence=100"))[0] == 100


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({key: value for key, value in LLAMA.items() if key != "hidden_size"}, ["hidden_size", "config.json"]),
        ({**LLAMA, "num_attention_heads": "32"}, ["num_attention_heads", "'32'", "positive integer"]),
        ({**LLAMA, "num_hidden_layers": True}, ["num_hidden_layers", "True"]),
        ({**LLAMA, "intermediate_size": 0}, ["intermediate_size", "0"]),
        ({**LLAMA, "model_type": "mamba"}, ["mamba", "model_type", "llama"]),
        ({}, ["model_type"]),
        ([1, 2], ["JSON object"]),
        ("{'a': 1}", ["not JSON", "config.json"]),
        ("[" * 100_000, ["config.json"]),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, content: object, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compose(from_file(tmp_path, content))
    for word in words:
        assert word in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"model\.path=.*nowhere.json"):
        compose(["model=from_config", f"model.path={tmp_path / 'nowhere.json'}"])
    with pytest.raises(ConfigurationError, match=r"no model\.path"):
        compose(["model=from_config"])


def test_heads_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"layer\.E=head_size"):
        compose(["layer=KTQ", "model.heads=7"])


# -- other shapes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "macs"),
    [
        ("resnet18", 1_814_073_344),
        ("resnet50", 4_089_184_256),
        ("mobilenet_v3", 216_589_760),
        ("vgg16", 15_470_264_320),
    ],
)
def test_layers_of_a_cnn_add_up(model: str, macs: int) -> None:
    """The known number of multiply-accumulates of the network on one 224 x 224 image."""
    layers = compose(["layer=all", f"model={model}"]).layers
    assert sum(prod(layer.layer.dimensions.values()) * layer.runs for layer in layers) == macs


def test_a_batch_of_images() -> None:
    assert compose(["layer=vgg16_1_1", "model=vgg16", "model.batch=8"]).layer.dimensions["N"] == 8
    assert sizes("layer=vgg16_fc6", "model=vgg16", "model.batch=8") == (4096, 25088, 8, 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MB1", (8192, 8192, 8192, 1)),
        ("MB4", (8, 1024, 8192, 1)),
        ("Harsh1", (4000, 6032, 12000, 1)),
        ("Harsh2", (7000, 1440, 4224, 1)),
    ],
)
def test_benchmarks(name: str, expected: tuple[int, ...]) -> None:
    assert sizes(f"layer={name}") == expected


def test_every_layer_file_says_its_own_name() -> None:
    for file in sorted((data_folder("conf") / "layer").glob("*.yaml")):
        if file.stem != "all":
            assert f"\nname: {file.stem}\n" in file.read_text(), file


def test_any_matrix_multiplication() -> None:
    assert sizes("layer=gemm", "layer.D=3", "layer.E=4", "layer.L=5") == (3, 4, 5, 1)
    with pytest.raises(ConfigurationError, match=r"layer=gemm has no layer\.E, layer\.L") as caught:
        compose(["layer=gemm", "layer.D=3"])
    assert "layer.E=... layer.L=..." in str(caught.value)


CONV = ["layer=conv", "layer.E=3", "layer.D=8", "layer.R=5", "layer.S=3", "layer.L=20", "layer.Q=10"]


def test_any_convolution() -> None:
    trial = compose([*CONV, "layer.Wstride=2", "layer.Hdilation=3"])
    problem = specify(trial).problem
    assert dict(problem.dimensions) == {"E": 3, "D": 8, "R": 5, "S": 3, "N": 1, "L": 20, "Q": 10}
    inputs = problem.data_space("Inputs")
    assert inputs.size(problem.dimensions) == 3 * (2 * 19 + 5) * (9 + 3 * 2 + 1)
    assert problem.data_space("Outputs").size(problem.dimensions) == 8 * 20 * 10
    assert problem.data_space("Outputs").read_write
    assert problem.data_space("Weights").size(problem.dimensions) == 8 * 3 * 5 * 3
    with pytest.raises(ConfigurationError, match=r"layer\.Q"):
        compose(CONV[:-1])


@pytest.mark.parametrize("key", ["layer.Z=3", "+layer.Wstrid=2"])
def test_a_key_that_the_shape_does_not_have_is_refused(key: str) -> None:
    with pytest.raises(ConfigurationError, match=r"no key layer\."):
        compose([*CONV, key])


def test_a_layer_that_needs_no_model_is_recorded_without_one() -> None:
    alone = compose(["layer=resnet18_conv1", "model=bert_large"]).parameters
    assert not [key for key in alone if key.startswith("model") and key != "model.batch"]
    assert compose(["layer=resnet18_conv1", "model=resnet18"]).parameters["model"] == "resnet18"
    assert compose(["layer=KTQ", "model=gpt2"]).parameters["model.heads"] == 12


def test_a_layer_of_another_model_says_what_there_is() -> None:
    with pytest.raises(ConfigurationError, match="resnet18_conv1"):
        compose(["layer=KTQ", "model=resnet18"])


def test_a_shape_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "layer").mkdir()
    (tmp_path / "workloads").mkdir()
    (tmp_path / "layer" / "dot.yaml").write_text("name: dot\nshape: dot\nE: 2 * embedding\nstep: 3\n")
    (tmp_path / "workloads" / "dot.yaml.j2").write_text(
        "problem:\n  shape:\n    name: dot\n    dimensions: [E]\n    data_spaces:\n"
        "    - {name: Weights, projection: [[[E, {{ coefficients.step }}]]]}\n"
        "    - {name: Inputs, projection: [[[E]]]}\n"
        "    - {name: Outputs, projection: [[[E]]], read_write: true}\n"
        "  instance: {E: {{ sizes.E }}}\n"
    )
    trial = compose(["layer=dot", "model=bert_base", "arch=dimc"], tmp_path)
    assert (trial.layer.dimensions, trial.layer.coefficients) == ({"E": 1536}, {"step": 3})
    problem = specify(trial).problem
    assert problem.data_space("Weights").size(problem.dimensions) == 3 * 1535 + 1


def test_a_model_without_a_type_is_a_transformer(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text(
        "name: mine\nembedding: 64\nsequence: 10\nheads: 4\nfeed_forward: 256\nblocks: 2\n"
    )
    trial = compose(["layer=KQV", "model=mine"], tmp_path)
    assert trial.layer.dimensions == {"E": 64, "D": 192, "L": 10}


def test_sizes_are_numbers_or_expressions() -> None:
    found = layer_sizes({"shape": "mine", "A": "2 * embedding", "B": 7, "dilation": 2}, {"embedding": 5})
    assert (found.dimensions, found.coefficients, found.repeats) == ({"A": 10, "B": 7}, {"dilation": 2}, 1)
    assert found.names == {"embedding"}
