"""What was found by one version of the code is not taken for another's."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

import launcher
from launcher.fingerprint import closure, fingerprint

TRIAL = "launcher.trial.run"
BRANCH = "launcher.engines.native.mapper.kernels.branch"

DECISIVE = [
    "trial/run.py",
    "trial/render.py",
    "trial/steps.py",
    "trial/engine_choice.py",
    "config/layer_sizes.py",
    "config/model_schema.py",
    "config/limits.py",
    "timeloop_files/constraints.py",
    "trial/network/pairs.py",
    "estimation/sram.py",
    "specification/expressions.py",
    "engines/native/accesses.py",
    "engines/native/mapper/kernels/branch.py",
]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the package that may be edited."""
    source = Path(launcher.__file__).parent
    target = tmp_path / source.name
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "_data", "templates"))
    return target


def of_copy(folder: Path, module: str) -> str:
    spec = importlib.util.spec_from_file_location("copied_fingerprint", folder / "fingerprint.py")
    assert spec and spec.loader
    loaded: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return str(loaded.fingerprint(module))


def edit(file: Path) -> None:
    assert file.is_file()
    file.write_text(file.read_text() + "\nEDITED = 1\n")


def test_the_copy_of_the_same_code_has_the_same_fingerprint(copied: Path) -> None:
    assert of_copy(copied, TRIAL) == fingerprint(TRIAL)


@pytest.mark.parametrize("name", DECISIVE)
def test_an_edit_to_code_that_decides_a_trial_makes_it_another(copied: Path, name: str) -> None:
    edit(copied / name)
    assert of_copy(copied, TRIAL) != fingerprint(TRIAL)


@pytest.mark.parametrize("module", [TRIAL, BRANCH])
def test_code_that_only_shows_results_decides_nothing(copied: Path, module: str) -> None:
    edit(copied / "reporting" / "terminal.py")
    assert of_copy(copied, module) == fingerprint(module)


def test_an_edit_to_a_helper_that_a_kernel_calls_compiles_it_anew(copied: Path) -> None:
    edit(copied / "engines" / "native" / "mapper" / "kernels" / "crossings.py")
    assert of_copy(copied, BRANCH) != fingerprint(BRANCH)


def test_imports_inside_functions_count() -> None:
    names = {file.name for file in closure(["launcher.engines.run"])}
    assert {"native_engine.py", "completion.py"} <= names
