"""Networks from ONNX files and PyTorch: the sizes that the frameworks themselves compute, and nothing else is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from command_line import command_here, launch_here
from onnx import TensorProto, helper, numpy_helper

from launcher.config.compose import compose
from launcher.config.trial import Trial
from launcher.errors import ConfigurationError, LauncherError

FLOAT = TensorProto.FLOAT


def save(
    folder: Path,
    nodes: Sequence[Any],
    inputs: dict[str, Sequence[int | str]],
    weights: dict[str, Sequence[int]] | None = None,
    outputs: Sequence[str] = ("y",),
    name: str = "net.onnx",
) -> Path:
    """A file with these nodes; weights have shapes, and values that nobody looks at."""
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(one, FLOAT, shape) for one, shape in inputs.items()],
        [helper.make_tensor_value_info(one, FLOAT, None) for one in outputs],
        [numpy_helper.from_array(np.zeros(shape, np.float32), one) for one, shape in (weights or {}).items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), str(folder / name))
    return folder / name


def layers(path: Path | str, *overrides: str) -> tuple[Trial, ...]:
    kind = "torch" if ":" in str(path) else "onnx"
    return compose(["tracking=none", "layer=all", f"model={kind}", f"model.path='{path}'", *overrides]).layers


def sizes(trial: Trial) -> dict[str, int]:
    return {**trial.layer.dimensions, **trial.layer.coefficients}


def operations(trials: Sequence[Trial], shapes: Sequence[str] = ("matmul", "conv", "einsum", "conv_transposed")) -> int:
    """Multiply-accumulates of all runs."""
    return sum(prod(one.layer.dimensions.values()) * one.runs for one in trials if one.experiment.layer.shape in shapes)


def test_a_convolution_and_what_follows_it(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], "first", strides=[2, 1], pads=[1, 2, 1, 2], dilations=[1, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "v"], ["c"], "depth", group=8, pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "u"], ["y"], "dense", transB=1),
    ]
    weights = {"w": [8, 3, 3, 3], "v": [8, 1, 3, 3], "u": [10, 8 * 8 * 16]}
    first, depth, dense = layers(save(tmp_path, nodes, {"x": [2, 3, 16, 16]}, weights))
    strides = {"Wstride": 2, "Hstride": 1, "Wdilation": 1, "Hdilation": 2}
    assert sizes(first) == {"E": 3, "D": 8, "R": 3, "S": 3, "N": 2, "L": 8, "Q": 16, **strides}
    assert sizes(depth) | {"E": 1, "D": 1, "G": 8, "L": 8, "Q": 16} == sizes(depth)
    assert sizes(dense) == {"D": 10, "E": 1024, "L": 2}
    assert [one.parameters["layer"] for one in (first, depth, dense)] == ["first", "depth", "dense"]
    assert first.experiment.model.notes == ["not counted: 1 Relu; 2.13% of all operations"]


def test_equal_layers_are_one_that_runs_as_often(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", [f"x{n}", f"w{n % 2}"], [f"x{n + 1}"]) for n in range(4)]
    file = save(tmp_path, nodes, {"x0": [5, 8]}, {"w0": [8, 8], "w1": [8, 8]}, ["x4"])
    (only,) = layers(file)
    assert only.experiment.layer.weights_are == "weights"
    assert sizes(only) == {"D": 8, "E": 8, "L": 5} and only.runs == 4


PRODUCTS: dict[str, tuple[list[int], list[int], tuple[int, int, int, int]]] = {
    "matrices": ([4, 8], [8, 6], (6, 8, 4, 1)),
    "shared by a stack": ([2, 3, 4, 8], [8, 6], (6, 8, 24, 1)),
    "a stack of each": ([2, 3, 4, 8], [2, 3, 8, 6], (6, 8, 4, 6)),
    "stretched": ([2, 1, 4, 8], [3, 8, 6], (6, 8, 4, 6)),
    "vector": ([8], [8, 6], (6, 8, 1, 1)),
}
"""First and second tensor -> D, E, L, and how often."""


@pytest.mark.parametrize("case", PRODUCTS)
def test_products_of_stacks(tmp_path: Path, case: str) -> None:
    first, second, (rows, reduction, columns, times) = PRODUCTS[case]
    (one,) = layers(save(tmp_path, [helper.make_node("MatMul", ["x", "z"], ["y"])], {"x": first, "z": second}))
    assert (sizes(one), one.runs) == ({"D": rows, "E": reduction, "L": columns}, times)
    assert one.experiment.layer.weights_are == "activations"


def test_attention_with_shared_keys_lstm_einsum_and_three_dimensions(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Attention", ["q", "k", "v"], ["a"], "attention"),
        helper.make_node("LSTM", ["t", "w", "r"], ["b", "", ""], "memory", hidden_size=6),
        helper.make_node("Einsum", ["q", "q"], ["c"], "sum", equation="bhqd,bhkd->bhqk"),
        helper.make_node("Conv", ["u", "f"], ["d"], "space", strides=[1, 2, 1]),
    ]
    inputs = {"q": [2, 4, 5, 8], "k": [2, 2, 7, 8], "v": [2, 2, 7, 3], "t": [9, 1, 4], "u": [1, 2, 5, 7, 6]}
    weights = {"w": [1, 24, 4], "r": [1, 24, 6], "f": [3, 2, 3, 3, 1]}
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, FLOAT, None) for name in "abcd"],
        [numpy_helper.from_array(np.zeros(shape, np.float32), name) for name, shape in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)]), str(tmp_path / "net.onnx"))
    found = {str(one.parameters["layer"]): one for one in layers(tmp_path / "net.onnx")}
    assert (sizes(found["attention_KTQ"]), found["attention_KTQ"].runs) == ({"D": 7, "E": 8, "L": 10}, 4)
    assert (sizes(found["attention_VScores"]), found["attention_VScores"].runs) == ({"D": 3, "E": 7, "L": 10}, 4)
    assert (sizes(found["memory_inputs"]), found["memory_inputs"].runs) == ({"D": 24, "E": 4, "L": 9}, 1)
    assert (sizes(found["memory_states"]), found["memory_states"].runs) == ({"D": 24, "E": 6, "L": 1}, 9)
    assert prod(found["sum"].layer.dimensions.values()) == 2 * 4 * 5 * 8 * 5
    assert prod(found["space"].layer.dimensions.values()) == 3 * 2 * 3 * 3 * 1 * (3 * 3 * 6)


@pytest.mark.parametrize(("kernel", "stride"), [(4, 2), (3, 2), (3, 1), (2, 3)])
def test_transposed_convolutions_count_no_product_with_an_inserted_zero(
    tmp_path: Path, kernel: int, stride: int
) -> None:
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[stride, stride])
    found = layers(save(tmp_path, [node], {"x": [2, 5, 6, 7]}, {"w": [5, 4, kernel, kernel]}))
    assert operations(found) == 2 * 5 * 4 * kernel * kernel * 6 * 7


def test_open_dimensions_are_asked_for_by_name(tmp_path: Path) -> None:
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    file = save(tmp_path, [node], {"x": ["batch", "tokens", 8]}, {"w": [8, 4]})
    with pytest.raises(ConfigurationError, match="leaves tokens open") as told:
        layers(file)
    assert told.value.hint == "'model.dims={tokens:128}'"
    with pytest.raises(ConfigurationError, match=r"model\.dims\.token: the file leaves no such dimension open"):
        layers(file, "model.dims={tokens:128,token:64}")
    (one,) = layers(file, "model.dims={tokens:128}", "model.batch=3")
    assert sizes(one) == {"D": 4, "E": 8, "L": 384}


def test_values_of_the_model_change_what_is_read(tmp_path: Path) -> None:
    file = save(tmp_path, [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": ["batch", 8]}, {"w": [8, 4]})
    told = launch_here(
        tmp_path, "-m", "model=onnx", f"model.path={file}", "layer=all", "model.batch=4,16", "tracking=none"
    ).must_succeed()
    assert "2 trials" in told.out
    (table,) = tmp_path.glob("multirun/*/*/trials.csv")
    _, small, large = (line.split(",") for line in table.read_text().splitlines())
    assert (small[2], large[2]) == ("4", "16") and small[3] != large[3]


def test_elementwise_layers_on_request(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Add", ["x", "z"], ["a"]),
        helper.make_node("MaxPool", ["a"], ["b"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Softmax", ["b"], ["y"], axis=-1),
    ]
    file = save(tmp_path, nodes, {"x": [1, 4, 8, 8], "z": [1, 4, 8, 8]})
    (alone,) = layers(file)
    assert (alone.experiment.layer.shape, sizes(alone)) == ("norm_operation", {"E": 4, "D": 2, "L": 16})
    add, pool, _ = layers(file, "model.elementwise=true")
    assert prod(sizes(add).values()) == 2 * 256 and sizes(pool) == {"E": 4, "D": 4, "L": 16}


KNOWN = {
    "bvlc_alexnet": 654_560_384,  # Krizhevsky et al. 2012, with its two groups
    "resnet50": 4_089_184_256,
}
"""Multiply-accumulates of convolutions and matrix products, without the softmax."""


@pytest.mark.parametrize("name", KNOWN)
def test_files_of_onnx_itself(name: str) -> None:
    file = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / f"light_{name}.onnx"
    assert operations(layers(file)) == KNOWN[name]


def test_a_network_is_mapped_and_listed(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["a"], "first"), helper.make_node("Sigmoid", ["a"], ["y"])]
    file = save(tmp_path, nodes, {"x": [16, 32]}, {"w": [32, 64]})
    run = launch_here(tmp_path, "model=onnx", f"model.path={file}", "layer=all", "tracking=none").must_succeed()
    assert "first" in run.out and "note: not counted: 1 Sigmoid; 3.03% of all operations" in run.out
    listed = command_here(tmp_path, "layers", "model=onnx", f"model.path={file}", "--csv").must_succeed()
    assert listed.out.splitlines()[1].startswith("first,matmul,E 32 D 64 L 16,1,32768,")


def test_layers_of_a_models_own(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text(
        "defaults: [/model_schema/cnn@_here_, _self_]\nname: mine\nblocks: 2\nlayers: [one, gelu]\nparts:\n"
        "  one: {shape: matmul, D: 4 * batch, E: 8, L: 16, repeats: 3}\n  gelu: {shape: elementwise, E: 8, L: 16}\n"
    )
    one, gelu = compose(["model=mine", "layer=all", "model.batch=2"], tmp_path).layers
    assert (sizes(one), one.runs, gelu.runs) == ({"D": 8, "E": 8, "L": 16}, 6, 2)
    with pytest.raises(ConfigurationError, match=r"parts\.one\.shape is matmull"):
        compose(["model=mine", "layer=all", "model.parts.one.shape=matmull"], tmp_path)


def _cycle(folder: Path) -> Path:
    nodes = [helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Add", ["a", "x"], ["b"])]
    return save(folder, nodes, {"x": [2, 2]}, outputs=["b"])


def _huge(folder: Path) -> Path:
    file = save(folder, [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [2, 8]}, {"w": [8, 4]})
    model = onnx.load(str(file))
    model.graph.initializer[0].dims[:] = [8, 2**60]
    onnx.save(model, str(file))
    return file


def _negative(folder: Path) -> Path:
    return save(folder, [helper.make_node("Relu", ["x"], ["y"])], {"x": [-4, 2**40]})


def _attribute(folder: Path) -> Path:
    node = helper.make_node("Conv", ["x", "w"], ["y"], strides=[1.5, 2.5])
    return save(folder, [node], {"x": [1, 3, 8, 8]}, {"w": [8, 3, 3, 3]})


def _text(folder: Path) -> Path:
    (folder / "net.onnx").write_text("{}" * 100)
    return folder / "net.onnx"


def _empty(folder: Path) -> Path:
    (folder / "net.onnx").write_bytes(b"")
    return folder / "net.onnx"


def _cut(folder: Path) -> Path:
    file = save(folder, [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [2, 8]}, {"w": [8, 400]})
    file.write_bytes(file.read_bytes()[:2000])
    return file


def _nothing_to_count(folder: Path) -> Path:
    return save(folder, [helper.make_node("StringNormalizer", ["x"], ["y"])], {"x": [2]})


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a cycle": (_cycle, "net.onnx"),
    "a huge weight": (_huge, "has the shape [8, 1152921504606846976]"),
    "a negative input": (_negative, "x_0"),
    "strides of a wrong type": (_attribute, "net.onnx"),
    "a text": (_text, "not an ONNX file"),
    "an empty file": (_empty, "no ONNX graph"),
    "half a file": (_cut, "not an ONNX file"),
    "nothing to count": (_nothing_to_count, "nothing in it is a layer"),
    "a folder": (lambda folder: folder, "cannot be read"),
    "nothing": (lambda folder: folder / "absent.onnx", "cannot be read"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_files_that_cannot_be_used_get_one_message(tmp_path: Path, case: str) -> None:
    make, words = HOSTILE[case]
    with pytest.raises(LauncherError) as told:
        layers(make(tmp_path))
    assert words in str(told.value), str(told.value)


def test_data_beside_the_file_is_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    os.mkfifo(secret)  # whoever opens it to read hangs
    folder = tmp_path / "model"
    folder.mkdir()
    file = save(folder, [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [2, 8]}, {"w": [8, 4]})
    model = onnx.load(str(file))
    (weight,) = model.graph.initializer
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "../secret"
    file.write_bytes(model.SerializeToString())
    (one,) = layers(file)
    assert sizes(one) == {"D": 4, "E": 8, "L": 2}
