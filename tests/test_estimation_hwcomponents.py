"""``estimator=hwcomponents``: stand-ins for its packages everywhere, the packages where they are installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from accelergy_cases import machine, unknown

from launcher.errors import EstimationError
from launcher.estimation import estimate
from launcher.estimation.hardware_packages import cacti_problem
from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification

real = pytest.mark.skipif(find_spec("hwcomponents") is None, reason="hwcomponents is not installed")
ARCHITECTURES = ["aimc", "dimc", "eyeriss", "gemmini", "pim", "simba", "simba_small", "tpu"]

# Every action of every model costs 2 pJ, or 2 pJ per bit where the bits are given; it takes 3 um^2 and leaks 1 mW.
MODELS = """
import sys
from collections.abc import Iterator
class Cost:
    def __init__(self, energy):
        self.energy = energy
class Model:
    leak_power, area = 1e-3, 3e-12
    def __getattr__(self, action):
        return lambda bits_per_action=1: Cost(2e-12 * bits_per_action)
def get_model(name, attributes, required_actions):
    if attributes.get("width", 0) > 64 and name == "LPDDR4":
        raise RuntimeError("Width is too large")
    import hwcomponents_cacti
    hwcomponents_cacti.keep()
    return Model()
"""
CACTI_PACKAGE = """
from pathlib import Path
def keep():
    folder = Path(__file__).parent / "cacti_inputs_outputs"
    folder.mkdir(exist_ok=True)
    (folder / "in").write_text("")
"""
OLD_SYSTEM = """#!/bin/sh
echo "$0: /lib/x86_64-linux-gnu/libc.so.6: version \\`GLIBC_2.34' not found (required by $0)" >&2
echo "$0: /lib/x86_64-linux-gnu/libc.so.6: version \\`GLIBC_9.38' not found (required by $0)" >&2
exit 1
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of stand-ins that is imported from first."""
    folder = tmp_path / "site-packages"
    (folder / "hwcomponents_cacti" / "cacti").mkdir(parents=True)
    (folder / "hwcomponents.py").write_text(MODELS)
    (folder / "hwcomponents_cacti" / "__init__.py").write_text(CACTI_PACKAGE)
    program = folder / "hwcomponents_cacti" / "cacti" / "cacti"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("hwcomponents")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setenv("LAUNCHER_CACHE_DIR", str(tmp_path / "cache"))
    yield folder
    for name in ("hwcomponents", "hwcomponents_cacti"):
        sys.modules.pop(name, None)


def storage(component_class: str, **attributes: object) -> Specification:
    levels = (StorageLevel("memory", component_class, attributes=attributes),)
    shared = {"technology": "32nm", "global_cycle_seconds": 2e-9}
    architecture = Architecture("test", levels, ComputeLevel("pe", "free_compute"), {}, shared)
    return Specification(architecture, Problem("none", {}, ()))


def estimated(specification: Specification) -> Specification:
    return estimate(specification, estimator="hwcomponents")


def failure(specification: Specification) -> str:
    with pytest.raises(EstimationError) as caught:
        estimated(specification)
    return str(caught.value)


def figures(specification: Specification) -> dict[str, float]:
    assert specification.energy is not None
    return {action: entries[0].energy_pj for action, entries in specification.energy.components["memory"].items()}


def test_figures_come_in_the_projects_units_and_are_named(packages: Path) -> None:
    found = estimated(storage("SRAM", width=64, depth=1024))
    assert figures(found) == pytest.approx({"read": 2, "write": 2, "update": 2, "leak": 2})  # 1 mW for 2 ns
    assert found.area is not None and found.area.components["memory"] == pytest.approx(3)
    assert found.flags == ("memory: memory by hwcomponents.Model",)


def test_an_access_of_dram_may_be_wider_than_its_bus(packages: Path) -> None:
    assert figures(estimated(storage("DRAM", type="LPDDR4", width=512)))["read"] == pytest.approx(1024)


def test_dram_that_there_is_no_model_for_is_the_tables(packages: Path) -> None:
    bare = storage("DRAM", type="GDDR5", width=32)
    found = estimated(bare)
    assert figures(found) == figures(estimate(bare))
    assert found.flags == ("memory: dram by the tables",)


def test_the_packages_write_nothing_beside_themselves(packages: Path, tmp_path: Path) -> None:
    estimated(storage("SRAM", width=64, depth=1024))
    assert not (packages / "hwcomponents_cacti" / "cacti_inputs_outputs").exists()
    kept = list((tmp_path / "cache").rglob("in"))
    assert len(kept) == 1


def test_a_cacti_program_for_a_newer_system_is_told_with_the_command_that_builds_it(packages: Path) -> None:
    assert cacti_problem() is None
    folder = packages / "hwcomponents_cacti" / "cacti"
    (folder / "cacti").write_text(OLD_SYSTEM)
    (packages / "hwcomponents.py").write_text("def get_model(*_, **__):\n    raise RuntimeError('CACTI failed: 1')\n")
    said = failure(storage("SRAM", width=64, depth=1024)).splitlines()
    assert "the CACTI program inside hwcomponents-cacti cannot run here: it needs glibc 9.38 and" in said[0]
    # `make clean all` in one call fails: it removes the folder of object files that it has made before.
    assert f"make -C {folder} opt  (" in said[-1] and "clean" not in said[-1]
    (folder / "cacti").unlink()
    problem = cacti_problem()
    assert problem is not None and "No such file" in problem.what


def test_a_model_package_that_lacks_another_one_is_told(packages: Path) -> None:
    (packages / "hwcomponents.py").write_text("def get_model(*_, **__):\n    import hwcomponents_lacks_this\n")
    said = failure(storage("SRAM", width=64, depth=1024))
    assert "the installation of hwcomponents is broken: it lacks the Python package 'hwcomponents_lacks_this'" in said
    assert "pip install" in said and "[hwcomponents]" in said


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("Can not find it\n| Calling\n|  | AssertionError: too wide\n|  | line 9", "it (AssertionError: too wide)"),
        ("sram is not supported by any models. Supported components: adc, adder", "is not supported by any models.\n"),
        ("Component sram could not be initialized.\n\tSRAM\n\tArgument is missing: vdd", "(Argument is missing: vdd)"),
        ("", "RuntimeError"),
    ],
)  # fmt: skip
def test_a_models_reason_is_told_without_its_traceback(packages: Path, raised: str, told: str) -> None:
    (packages / "hwcomponents.py").write_text(f"def get_model(*_, **__):\n    raise RuntimeError({raised!r})\n")
    said = failure(storage("SRAM", width=64, depth=1024))
    assert "could not estimate component 'memory'" in said and told in said
    assert "line 9" not in said and "adder" not in said


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hwcomponents", None)
    said = failure(machine("gemmini"))
    assert "estimator=hwcomponents is not installed" in said
    assert "pip install" in said and "[hwcomponents]'" in said and "estimator=tables" in said


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python is new enough")
def test_an_older_python_is_told_and_the_command_names_a_newer_one() -> None:
    said = failure(machine("gemmini"))
    assert "; it needs Python 3.12 and this is 3.11" in said
    assert "python3.12 -m pip install" in said


@real
@pytest.mark.hwcomponents
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_real_packages_estimate_every_architecture(arch: str, tmp_path: Path) -> None:
    problem = cacti_problem()
    if problem is not None:
        assert problem.what in failure(machine(arch))
        return
    tables, found = estimate(machine(arch)), estimated(machine(arch))
    assert tables.energy is not None and found.energy is not None
    assert found.energy.components.keys() == tables.energy.components.keys()
    memories = [flag.partition(":")[0] for flag in found.flags if flag.endswith(": memory by hwcomponents_cacti.SRAM")]
    on_the_grid = {name for name in memories if not any(f"{name}: interpolated log" in flag for flag in tables.flags)}
    # The tables are of CACTI, too; eyeriss has memories with address generators only.
    assert on_the_grid or arch == "eyeriss"
    for name in on_the_grid:
        for action in ("read", "write"):
            theirs, ours = (one.energy.components[name][action][0].energy_pj for one in (found, tables))
            assert theirs == pytest.approx(ours, rel=1e-5), (name, action)


@real
@pytest.mark.hwcomponents
def test_the_real_packages_know_no_such_class() -> None:
    assert "cam_storage is not supported by any models" in failure(unknown())
