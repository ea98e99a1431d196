"""``estimator=accelergy``: recordings of the real program everywhere, the program itself where it is installed."""

from __future__ import annotations

import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from accelergy_cases import BROKEN_CLASS, RECORDINGS, REPLAY, machine, stand_in, unknown

from launcher.config.compose import compose
from launcher.errors import ConfigurationError, EstimationError
from launcher.estimation import EstimatorSettings, estimate
from launcher.estimation.accelergy.program import find_program
from launcher.specification.specification import Specification
from launcher.trial.steps import specify

real = pytest.mark.skipif(shutil.which("accelergy") is None, reason="Accelergy is not on the PATH")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is cached, and no configuration of the user's."""
    monkeypatch.setenv("LAUNCHER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


def estimated(specification: Specification, program: Path | str, **settings: object) -> Specification:
    chosen = EstimatorSettings(program=str(program), **settings)  # type: ignore[arg-type]
    return estimate(specification, estimator="accelergy", settings=chosen)


def failure(specification: Specification, program: Path | str, **settings: object) -> str:
    with pytest.raises(EstimationError) as caught:
        estimated(specification, program, **settings)
    return str(caught.value)


def assert_agree(one: Specification, other: Specification) -> None:
    """Same components, actions, energies and areas; Accelergy computes in J and m^2, which costs the last digit."""
    assert one.energy is not None and other.energy is not None and one.area is not None and other.area is not None
    assert one.energy.components.keys() == other.energy.components.keys()
    for name, actions in other.energy.components.items():
        found = {action: [(e.energy_pj, e.arguments) for e in es] for action, es in one.energy.components[name].items()}
        assert found.keys() == actions.keys(), name
        for action, entries in actions.items():
            assert found[action] == [(pytest.approx(e.energy_pj, rel=1e-13), {}) for e in entries], (name, action)
    assert one.area.components == pytest.approx(other.area.components, rel=1e-13)


def calls(folder: Path) -> int:
    return len((folder / "calls").read_text().splitlines())


@pytest.mark.parametrize("arch", ["gemmini", "pim"])
def test_with_the_projects_tables_it_agrees_with_the_estimator_tables(arch: str, tmp_path: Path) -> None:
    bare = machine(arch)
    found = estimated(bare, stand_in(tmp_path, arch))
    tables = estimate(bare)
    assert_agree(found, tables)
    assert found.flags == tables.flags
    assert (found.estimator or "").startswith("accelergy 0.4+")


def test_installed_plug_ins_can_take_over_and_are_named(tmp_path: Path) -> None:
    found = estimated(machine("gemmini"), stand_in(tmp_path, "gemmini_plug_ins"), prefer="plug_ins")
    assert "Scratchpad: memory by CactiSRAM" in found.flags
    assert "MAC: multiplier by Library; adder by Library" in found.flags
    assert found.energy is not None
    # CACTI itself and the table that it filled, and another multiplier.
    assert found.energy.components["Scratchpad"]["read"][0].energy_pj == pytest.approx(57.039)
    assert found.energy.components["MAC"]["compute"][0].energy_pj == pytest.approx(0.83631, rel=1e-5)


def test_a_component_is_asked_for_once_and_runs_leave_nothing_behind(tmp_path: Path) -> None:
    program, bare = stand_in(tmp_path), machine("gemmini")
    first = estimated(bare, program)
    assert calls(tmp_path) == 2  # for its configuration, and for the figures
    assert estimated(bare, program).energy == first.energy
    assert calls(tmp_path) == 2
    next((tmp_path / "cache/accelergy/components").rglob("*.json")).write_text("cut o")
    assert estimated(bare, program).energy == first.energy
    assert calls(tmp_path) == 3
    assert list((tmp_path / "cache/accelergy/runs").iterdir()) == []
    homes = (tmp_path / "calls").read_text().splitlines()
    assert all(home.startswith(str(tmp_path / "cache")) for home in homes)
    assert list((tmp_path / "home").iterdir()) == []


def test_trials_that_start_at_once_ask_for_a_component_once(tmp_path: Path) -> None:
    program, bare = stand_in(tmp_path, behaviour="time.sleep(0.5)" + REPLAY), machine("gemmini")
    find_program(str(program))
    with ThreadPoolExecutor(3) as at_once:
        found = list(at_once.map(lambda _: estimated(bare, program).energy, range(3)))
    assert found[0] == found[1] == found[2]
    assert calls(tmp_path) == 2  # for its configuration, and for the figures


def test_other_settings_are_asked_for_again(tmp_path: Path) -> None:
    program, bare = stand_in(tmp_path), machine("gemmini")
    first = estimated(bare, program)
    assert estimated(bare, program, prefer="plug_ins").estimator != first.estimator
    assert calls(tmp_path) == 3


def test_what_nobody_can_estimate_is_told_with_who_declined(tmp_path: Path) -> None:
    plug_ins = ("accelergy-table-based-plug-ins",)
    said = failure(unknown(), stand_in(tmp_path, "declined", plug_ins=plug_ins))
    assert "could not estimate component Matcher: nobody knows the energy of 'read' of cam_storage(" in said
    assert "CactiSRAM: Class name cam_storage is not supported" in said
    assert "tables: no row for it" in said and "components.csv" in said
    assert (tmp_path / "cache/accelergy/runs/failed/stderr.txt").is_file()


def test_a_missing_table_plug_in_is_told(tmp_path: Path) -> None:
    said = failure(unknown(), stand_in(tmp_path, "declined", plug_ins=("accelergy-cacti-plug-in",)))
    assert "accelergy-table-based-plug-ins: without this plug-in Accelergy cannot read the project's tables" in said


def test_a_crash_is_told_in_the_words_of_its_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(BROKEN_CLASS)
    replay = REPLAY.replace("recorded()\n", "")
    said = failure(unknown(), stand_in(tmp_path, "crash", replay), components=(broken,))
    assert 'crashed (status 255): AssertionError: Missing required key "subcomponents"' in said


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("os.kill(os.getpid(), 9)", "ended by SIGKILL (out of memory, most likely)"),
        ("os.abort()", "ended by SIGABRT"),
        ("sys.exit(0)", "ended as if all were well, but Accelergy wrote no ERT.yaml"),
        ("out = recorded(); f = out / 'ERT.yaml'; f.write_text(f.read_text()[:700])", "ended as if all were well, but"),
        ("sys.exit('accelergy: error: unrecognized arguments: -p 15')", "does not take Accelergy's options"),
        ("import accelergy_lacks_this", "it lacks the Python package 'accelergy_lacks_this'"),
        (
            "sys.exit('ERROR: input parser version for a is v0.4, cannot be parsed by current accelergy v0.3')",
            "too old",
        ),
    ],
)
def test_every_other_end_is_told_apart(behaviour: str, expected: str, tmp_path: Path) -> None:
    assert expected in failure(machine("gemmini"), stand_in(tmp_path, behaviour=behaviour))
    assert not list((tmp_path / "cache").rglob("components/**/*.json"))


def test_the_time_limit_ends_the_whole_process_group(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    behaviour = (
        f"child = subprocess.Popen(['sleep', '60']); Path({str(pid)!r}).write_text(str(child.pid)); child.wait()"
    )
    said = failure(machine("gemmini"), stand_in(tmp_path, behaviour=behaviour), timeout_s=1.0)
    assert "did not end within 1 s" in said
    deadline = time.monotonic() + 5
    while _runs(int(pid.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(int(pid.read_text()))


def _runs(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_is_not_installed_or_not_as_it_should_be_is_told(tmp_path: Path) -> None:
    bare = machine("gemmini")
    assert "Accelergy is not installed: there is no program 'no-such-accelergy'" in failure(bare, "no-such-accelergy")
    assert "prefer=best is unknown" in failure(bare, stand_in(tmp_path), prefer="best")
    assert "there are no compound components" in failure(bare, tmp_path / "accelergy", components=(tmp_path / "no",))
    (tmp_path / "other.yaml").write_text("problem: {}\n")
    said = failure(bare, tmp_path / "accelergy", components=(tmp_path / "other.yaml",))
    assert "the file holds no compound components" in said


def test_a_configuration_chooses_it(tmp_path: Path) -> None:
    chosen = ["estimator=accelergy", f"estimator.program={stand_in(tmp_path)}"]
    found = specify(compose(["tracking=none", "arch=gemmini", "layer=KQV", "model=bert_base", *chosen]))
    assert_agree(found, machine("gemmini"))
    with pytest.raises(ConfigurationError, match=r"timeout_s=0\.0 is out of range"):
        compose(["layer=KQV", "estimator=accelergy", "estimator.timeout_s=0"])


@real
@pytest.mark.accelergy
@pytest.mark.parametrize("arch", ["gemmini", "pim", "eyeriss", "simba", "simba_small", "tpu", "dimc", "aimc"])
def test_the_real_program_agrees_with_the_tables(arch: str, tmp_path: Path) -> None:
    bare = machine(arch)
    assert_agree(estimated(bare, "accelergy"), estimate(bare))
    assert list((tmp_path / "home").iterdir()) == []


@real
@pytest.mark.accelergy
def test_the_real_program_declines_and_crashes_as_recorded(tmp_path: Path) -> None:
    assert "could not estimate component Matcher" in failure(unknown(), "accelergy")
    broken = tmp_path / "broken.yaml"
    broken.write_text(BROKEN_CLASS)
    assert 'Missing required key "subcomponents"' in failure(unknown(), "accelergy", components=(broken,))


def test_recordings_hold_no_paths_of_the_machine_they_were_made_on() -> None:
    for file in RECORDINGS.rglob("*"):
        if file.is_file():
            assert sys.prefix not in file.read_text() and "/root" not in file.read_text(), file
