"""Modules of PyTorch as networks, against what their exported graphs hold; skipped where PyTorch is not installed."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path

import pytest
from test_importing import layers, operations, sizes

from launcher.errors import LauncherError

MODELS = Path(__file__).parent / "torch_models"
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")


@pytest.fixture(autouse=True)
def in_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(MODELS)


@needs_torch
@pytest.mark.parametrize(("name", "expected"), [("mobilenet_v2", 300_774_272), ("vit_b16", 17_563_828_224)])
def test_multiply_accumulates_are_the_published_ones(name: str, expected: int) -> None:
    assert operations(layers(f"networks:{name}")) == expected


@needs_torch
def test_a_block_with_grouped_queries() -> None:
    found = {str(one.parameters["layer"]): one for one in layers("networks:llama_block")}
    scores = next(one for name, one in found.items() if name.endswith("KTQ"))
    assert (sizes(scores), scores.runs) == ({"D": 16, "E": 16, "L": 32}, 4)  # with the values, which look the same
    tokens, hidden, keys, gate = 16, 64, 32, 128
    projections = tokens * hidden * (2 * hidden + 2 * keys + 3 * gate)
    assert operations([*found.values()]) == projections + 2 * 4 * tokens * tokens * 16


@needs_torch
@pytest.mark.parametrize("name", ["mobilenet_v2", "bert_layer", "llama_block"])
@pytest.mark.filterwarnings("ignore")
def test_an_exported_file_holds_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxscript")
    import sys  # noqa: PLC0415

    import torch  # noqa: PLC0415

    monkeypatch.syspath_prepend(str(MODELS))
    import networks  # noqa: PLC0415

    module, inputs = getattr(networks, name)()
    torch.onnx.export(module.eval(), (inputs,), str(tmp_path / "net.onnx"), dynamo=True, verbose=False)
    assert operations(layers(tmp_path / "net.onnx")) == operations(layers(f"networks:{name}"))
    sys.modules.pop("networks", None)


class Runs:
    """Leaves a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("pickle_was_read"),)


def test_a_pickle_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("net.pt", "net.pth", "pytorch_model.bin"):
        Path(name).write_bytes(pickle.dumps(Runs()))
        with pytest.raises(LauncherError, match="is a file of weights, which may run code"):
            layers(f"./{name}", "model=torch")
    assert not Path("pickle_was_read").exists()


MISTAKES = {
    "networks": "names no factory",
    "networks:": "names no factory",
    "absent:f": "there is no module 'absent'",
    "networks:absent": "has no attribute 'absent'",
    "networks:__doc__": "is a str",
    "broken:f": "importing broken fails: ZeroDivisionError",
}


@pytest.mark.parametrize("path", MISTAKES)
def test_a_factory_that_is_none_gets_one_message(path: str) -> None:
    pytest.importorskip("torch") if path.startswith("networks:a") or path.endswith("doc__") else None
    with pytest.raises(LauncherError) as told:
        layers(path, "model=torch")
    assert MISTAKES[path] in str(told.value), str(told.value)


@needs_torch
@pytest.mark.parametrize("name", ["nothing", "only_a_module", "raises", "branches_on_data"])
def test_what_cannot_be_exported_gets_one_message(name: str) -> None:
    with pytest.raises(LauncherError, match=f"networks:{name}"):
        layers(f"networks:{name}")
