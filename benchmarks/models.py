"""How long whole models take, and whether every layer is proved.

    python benchmarks/models.py [--only named,long,generate,import] [--models llama3_8b,t5_base] [--archs gemmini,pim]

named     layer=all of every named model on each architecture, warm: each layer is searched once, without the cache
long      llama3_70b, prefill of 8,192 tokens
generate  512 tokens after a prompt of 512, llama3_8b and llama3_2_1b
import    a ResNet-50 from the files that come with the package onnx, read, and mapped on gemmini

Seconds are wall time in one process; the searches are compiled before anything is measured.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import launcher
from launcher.config.compose import compose
from launcher.paths import data_folder
from launcher.results.result import Result

COMMON = ["tracking=none", "cache=false", "verify=false", "layer=all"]


def timed(*overrides: str) -> tuple[Result, float]:
    started = time.perf_counter()
    result = launcher.run([*COMMON, *overrides])
    return result, time.perf_counter() - started


def told(result: Result) -> str:
    """What is proved of a result."""
    if not result.ok:
        return f"{result.status}: {result.reason}"
    open_ = [run.result.name for run in result.layers if not _is_proved(run.result)]
    return f"not proved: {', '.join(open_)}" if open_ else f"all {len(result.layers)} layers proved"


def _is_proved(result: Result) -> bool:
    return result.optimality is not None and result.optimality.status == "proved"


def names() -> list[str]:
    """The named models."""
    files = sorted((data_folder("conf") / "model").glob("*.yaml"))
    return [file.stem for file in files if "path: ???" not in file.read_text()]


def named(models: list[str], archs: list[str]) -> Iterator[str]:
    for arch in archs:
        slowest = 0.0
        for model in models:
            result, seconds = timed(f"arch={arch}", f"model={model}")
            slowest = max(slowest, seconds)
            yield f"named     {arch:<8} {model:<14} {seconds:6.2f} s, {told(result)}"
        yield f"named     {arch:<8} slowest {slowest:.2f} s (goal 3 s)"


def long(models: list[str], archs: list[str]) -> Iterator[str]:
    for arch in archs:
        result, seconds = timed(f"arch={arch}", "model=llama3_70b", "model.sequence=8192")
        yield f"long      {arch:<8} llama3_70b, 8,192 tokens: {seconds:.1f} s (goal 10 s), {told(result)}"


def generate(models: list[str], archs: list[str]) -> Iterator[str]:
    for arch in archs:
        for model in ("llama3_2_1b", "llama3_8b"):
            asked = ["model.phase=generate", "model.prompt=512", "model.new_tokens=512"]
            result, seconds = timed(f"arch={arch}", f"model={model}", *asked)
            yield f"generate  {arch:<8} {model:<14} {seconds:6.1f} s (goal 30 s), {told(result)}"


def imports(models: list[str], archs: list[str]) -> Iterator[str]:
    import onnx  # noqa: PLC0415 - an extra

    file = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"
    started = time.perf_counter()
    layers = compose(["layer=all", "model=onnx", f"model.path={file}"]).layers
    yield f"import    ResNet-50: {len(layers)} layers read in {time.perf_counter() - started:.2f} s (goal 5 s)"
    result, seconds = timed("model=onnx", f"model.path={file}")
    yield f"import    ResNet-50 on gemmini: {seconds:.1f} s, {told(result)}"


PARTS: dict[str, Callable[[list[str], list[str]], Iterator[str]]] = {
    "named": named,
    "long": long,
    "generate": generate,
    "import": imports,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--models", default=",".join(names()))
    parser.add_argument("--archs", default="gemmini,pim,eyeriss")
    asked = parser.parse_args()
    models, archs = asked.models.split(","), asked.archs.split(",")
    for arch in archs:  # compiles what searches need
        timed(f"arch={arch}", "model=mobilenet_v3")
    for part in asked.only.split(","):
        for line in PARTS[part](models, archs):
            print(line, flush=True)


if __name__ == "__main__":
    main()
