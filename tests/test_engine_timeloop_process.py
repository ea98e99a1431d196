"""Limits, signals and failures of Timeloop's programs, with stand-ins that behave as the real ones did."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from timeloop_cases import (
    RECORDINGS,
    UNTIL_STOPPED,
    calls,
    engine,
    mapping_of,
    specification_of,
    stand_in,
)

import launcher.engines.timeloop.process as process_module
from launcher.engines.differences import differences
from launcher.engines.interface import MapperSettings, Progress
from launcher.engines.native.model import evaluate
from launcher.engines.timeloop.engine import TimeloopEngine
from launcher.engines.timeloop.settings import TimeloopSettings
from launcher.errors import EngineError, LauncherError, NoValidMappingError

EDP = MapperSettings()
FOREVER = {"victory_condition": 0}

ANY = "recording = recordings[0]\n"
"""Behaviours that start with it take any input."""


def searched(folder: Path, recording: str, behaviour: str = "replay(asked())", **settings: object) -> LauncherError:
    """How a search fails."""
    found = engine(stand_in(folder, recording, behaviour=behaviour), folder / "runs", **settings)
    with pytest.raises(LauncherError) as caught:
        found.map(specification_of("search"), EDP)
    return caught.value


def modelled(folder: Path, behaviour: str, **settings: object) -> EngineError:
    """How an evaluation fails."""
    specification = specification_of("KTQ")
    found = engine(stand_in(folder, "KTQ", behaviour=behaviour), folder / "runs", **settings)
    with pytest.raises(EngineError) as caught:
        found.evaluate(specification, mapping_of("KTQ", specification))
    return caught.value


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def assert_ends(pid: int) -> None:
    deadline = time.monotonic() + 10
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not runs(pid)


def interrupt_when(ready: Callable[[], bool]) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        if ready():
            raise KeyboardInterrupt

    return tell


# --- how it fails, as the real programs did


def test_no_mapping_found_is_no_failure_but_an_answer(tmp_path: Path) -> None:
    found = engine(stand_in(tmp_path, "none"), tmp_path / "runs", mapper={"victory_condition": 20})
    with pytest.raises(NoValidMappingError) as caught:
        found.map(specification_of("none"), EDP)
    assert "1000 invalid mappings (0 fanout, 1000 capacity) found since the last valid mapping" in caught.value.what
    assert "no proof" in str(caught.value) and "engine=native" in str(caught.value)


RECORDED = {
    "bad_metric": 'timeloop-mapper crashed: its assertion metric == "edp" failed (src/applications/mapper/mapper-thr',
    "bad_algorithm": "timeloop-mapper failed with status 255: ERROR: unsupported search algorithm: magic",
    "wrong_key": "timeloop-mapper is of another version: ERROR: key not found: data_spaces",
    "no_energies": "timeloop-mapper asked Accelergy for energies and got none",
}


@pytest.mark.parametrize(("recording", "expected"), RECORDED.items(), ids=RECORDED.keys())
def test_recorded_failures_are_told_apart(recording: str, expected: str, tmp_path: Path) -> None:
    error = searched(tmp_path, recording, ANY + "replay(recording)")
    assert error.what.startswith(expected)
    assert error.where == str(tmp_path / "runs/search/stderr.txt")
    assert Path(error.where).is_file() and (tmp_path / "runs/search/input.yaml").is_file()


MADE_UP = {
    "nothing left": ("sys.exit(0)", "ended as if all were well, but left no result: it said nothing"),
    "nothing but a log": ("said(recordings[0]); sys.exit(0)", "left no result: Utilization = 1.00 | pJ/Compute"),
    "an empty mapping": ("Path('timeloop-mapper.map.yaml').touch(); sys.exit(0)", "left no result"),
    "a status": ("print('ERROR: that is not so'); sys.exit(3)", "failed with status 3: ERROR: that is not so"),
    "a status in silence": ("sys.exit(3)", "failed with status 3: it said nothing"),
    "a missing library": (
        "sys.stderr.write('timeloop-mapper: error while loading shared libraries: libyaml-cpp.so.0.7: cannot open "
        "shared object file: No such file or directory\\n'); sys.exit(127)",
        "timeloop-mapper cannot be started: timeloop-mapper: error while loading shared libraries: libyaml-cpp.so.0.7",
    ),
    "out of memory": ("end(-9)", "timeloop-mapper was killed (SIGKILL): out of memory, most likely"),
    "out of memory in a container": ("sys.exit(137)", "was killed (SIGKILL): out of memory, most likely"),
    "no memory to be had": (
        "sys.stderr.write(\"terminate called after throwing an instance of 'std::bad_alloc'\\n  what():  "
        'std::bad_alloc\\n"); sys.stderr.flush(); end(-6)',
        "was killed (SIGABRT): out of memory, most likely",
    ),
    "an exception": (
        "sys.stderr.write(\"terminate called after throwing an instance of 'std::out_of_range'\\n  what():  map::at"
        '\\n"); sys.stderr.flush(); end(-6)',
        "timeloop-mapper crashed: std::out_of_range, map::at",
    ),
    "a segmentation fault": ("end(-11)", "timeloop-mapper crashed (SIGSEGV): it said nothing"),
    "an older version": (
        "sys.stderr.write('ERROR: key not found: data-spaces, at line: 0\\n'); sys.exit(1)",
        "timeloop-mapper is of another version: ERROR: key not found: data-spaces",
    ),
    "a status beyond all signals": ("sys.exit(255)", "failed with status 255: it said nothing"),
}


@pytest.mark.parametrize(("behaviour", "expected"), MADE_UP.values(), ids=MADE_UP.keys())
def test_every_other_end_is_told_apart(behaviour: str, expected: str, tmp_path: Path) -> None:
    error = searched(tmp_path, "search", behaviour)
    assert isinstance(error, EngineError)
    assert expected in error.what
    assert "Traceback" not in str(error) and len(str(error).splitlines()) <= 4


def test_a_program_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "search")
    (programs / "timeloop-mapper").write_text("#!/no/such/interpreter\n")
    with pytest.raises(EngineError, match="timeloop-mapper cannot be started: No such file or directory"):
        engine(programs, tmp_path / "runs").map(specification_of("search"), EDP)


def test_what_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="Timeloop is not installed: there is no timeloop-model on the PATH") as none:
        engine(None)
    assert "python -m launcher doctor" in str(none.value) and "engine=native" in str(none.value)
    with pytest.raises(EngineError, match=f"no timeloop-model in {tmp_path}"):
        engine(tmp_path)
    programs = stand_in(tmp_path, "search")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    assert engine(None).version == engine(programs).version
    (programs / "timeloop-mapper").unlink()
    with pytest.raises(EngineError, match="there is no timeloop-mapper"):
        engine(None).map(specification_of("search"), EDP)


def test_settings_that_make_no_sense_are_told(tmp_path: Path) -> None:
    programs = stand_in(tmp_path)
    for settings, expected in (
        ({"frontend": "v3"}, "engine.frontend=v3 is unknown"),
        ({"container": "lxc"}, "engine.container=lxc is not a container runtime"),
        ({"container": "docker"}, "engine.container is set, but no image"),
    ):
        with pytest.raises(EngineError, match=expected):
            TimeloopEngine(TimeloopSettings(bin_dir=programs, **settings))  # type: ignore[arg-type]


# --- how it is stopped


def test_the_time_limit_of_the_search_keeps_the_best_mapping(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "interrupted", behaviour=UNTIL_STOPPED)
    specification = specification_of("interrupted")
    mapped = engine(programs, mapper=FOREVER).map(specification, MapperSettings(timeout_s=0.5))
    assert differences(evaluate(specification, mapped.mapping), mapped.evaluation) == ()
    assert 0.5 <= mapped.search.seconds < 20
    assert len(calls(tmp_path)) == 1


def test_an_interrupt_keeps_the_best_mapping(tmp_path: Path) -> None:
    programs = stand_in(tmp_path, "interrupted", behaviour=UNTIL_STOPPED)
    specification = specification_of("interrupted")
    log = tmp_path / "runs/search/stderr.txt"
    interrupt = interrupt_when(lambda: "Utilization" in log.read_text())
    mapped = engine(programs, tmp_path / "runs", mapper=FOREVER).map(specification, EDP, interrupt)
    assert differences(evaluate(specification, mapped.mapping), mapped.evaluation) == ()
    assert "Interrupt caught" in log.read_text()


@pytest.mark.parametrize(
    "behaviour",
    [
        "time.sleep(30)",
        "signal.signal(signal.SIGINT, signal.SIG_DFL); time.sleep(30)",
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(0)); time.sleep(30)",
    ],
    ids=["python", "before its handler is there", "ends as if all were well"],
)
def test_stopped_before_it_had_anything_is_no_crash(behaviour: str, tmp_path: Path) -> None:
    found = engine(stand_in(tmp_path, "search", behaviour=behaviour), tmp_path / "runs")
    with pytest.raises(NoValidMappingError, match=r"no valid mapping before it was asked to stop \(time limit\)"):
        # A Python that is still starting may lose the signal.
        found.map(specification_of("search"), MapperSettings(timeout_s=3.0))


def test_stopped_with_no_mapping_yet_is_told(tmp_path: Path) -> None:
    found = engine(
        stand_in(tmp_path, "none", behaviour=UNTIL_STOPPED), tmp_path / "runs", mapper={"victory_condition": 20}
    )
    with pytest.raises(NoValidMappingError, match="before it was asked to stop"):
        found.map(specification_of("none"), MapperSettings(timeout_s=0.3))


CHILDREN = """
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "60"])
Path({pid!r}).write_text(str(child.pid))
child.wait()
"""


def test_the_hard_limit_ends_the_whole_process_group(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    error = searched(tmp_path, "search", CHILDREN.format(pid=str(pid)), timeout_s=1.0)
    assert "timeloop-mapper did not end in time and was killed after 1 s" in error.what
    assert "engine.timeout_s" in str(error)
    assert_ends(int(pid.read_text()))
    assert_ends(calls(tmp_path)[0]["pid"])


def test_the_hard_limit_holds_for_evaluations_too(tmp_path: Path) -> None:
    assert "timeloop-model did not end in time" in modelled(tmp_path, "time.sleep(60)", timeout_s=0.5).what


def test_who_does_not_stop_when_asked_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "GRACE_S", 0.5)
    pid = tmp_path / "pid"
    found = engine(stand_in(tmp_path, "search", behaviour=CHILDREN.format(pid=str(pid))), tmp_path / "runs")
    with pytest.raises(EngineError, match="of being asked to stop and was killed"):
        found.map(specification_of("search"), EDP, interrupt_when(pid.exists))
    assert_ends(int(pid.read_text()))


def test_children_that_outlive_a_good_end_are_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    behaviour = f"Path({str(pid)!r}).write_text(str(subprocess.Popen(['sleep', '60']).pid)); replay(asked())"
    engine(stand_in(tmp_path, "search", behaviour=behaviour), mapper={"victory_condition": 20}).map(
        specification_of("search"), EDP
    )
    assert_ends(int(pid.read_text()))


def test_logs_are_complete_and_apart(tmp_path: Path) -> None:
    searched(tmp_path, "bad_metric", ANY + "replay(recording)")
    for name in ("stdout.txt", "stderr.txt"):
        assert (tmp_path / "runs/search" / name).read_text() == (RECORDINGS / "bad_metric" / name).read_text()


# --- the Python front end


FRONT_END = """
import os, subprocess, sys
from pathlib import Path
class Specification:
    @classmethod
    def from_yaml_files(cls, file):
        {failure}
        assert Path(file).is_file()
def _call(program, output_dir, log_to):
    command = f'cd "{{output_dir}}" ; {{program}} "experiment.yaml"'
    return subprocess.Popen(command, shell=True, stdout=log_to, stderr=subprocess.STDOUT)
def call_mapper(specification, output_dir, log_to, return_proc):
    return _call("timeloop-mapper", output_dir, log_to)
def call_model(specification, output_dir, log_to, return_proc):
    return _call("timeloop-model", output_dir, log_to)
"""
"""What Timeloop's front end does: it starts a shell, which does not pass signals on."""

PSUTIL = """
import os, signal
from pathlib import Path
class Process:
    def __init__(self, pid):
        self.pid = pid
    def name(self):
        return Path(f"/proc/{self.pid}/comm").read_text().strip()
    def send_signal(self, number):
        os.kill(self.pid, number)
    def children(self, recursive):
        parents = {}
        for one in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(one.parent.name)] = int(one.read_text().rpartition(")")[2].split()[1])
            except OSError:
                pass
        found = [self.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return [Process(pid) for pid in found[1:]]
"""


def front_end(folder: Path, monkeypatch: pytest.MonkeyPatch, failure: str = "") -> None:
    """A package with the name of Timeloop's front end, for programs that are started from here."""
    package = folder / "site" / "timeloopfe"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "v4.py").write_text(FRONT_END.format(failure=failure))
    (package.parent / "psutil.py").write_text(PSUTIL)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), os.environ.get("PYTHONPATH", "")]))


def test_the_front_end_starts_the_same_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    front_end(tmp_path, monkeypatch)
    specification = specification_of("search")
    programs = stand_in(tmp_path, "front_end")
    mapped = engine(programs, tmp_path / "runs", frontend="timeloopfe", mapper={"victory_condition": 20}).map(
        specification, EDP
    )
    assert differences(evaluate(specification, mapped.mapping), mapped.evaluation) == ()
    assert mapped.search.counters["improvements"] == 2
    assert calls(tmp_path)[0]["arguments"] == ["experiment.yaml"]


def test_an_interrupt_passes_the_front_ends_shell_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    front_end(tmp_path, monkeypatch)
    behaviour = UNTIL_STOPPED.replace("asked()", "recordings[0]")
    found = engine(stand_in(tmp_path, "interrupted", behaviour=behaviour), tmp_path / "runs", frontend="timeloopfe")
    log = tmp_path / "runs/search/stdout.txt"
    specification = specification_of("search")
    mapped = found.map(specification, EDP, interrupt_when(lambda: "Utilization" in log.read_text()))
    assert differences(evaluate(specification, mapped.mapping), mapped.evaluation) == ()


def test_a_hard_limit_ends_what_the_front_end_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    front_end(tmp_path, monkeypatch)
    pid = tmp_path / "pid"
    behaviour = CHILDREN.format(pid=str(pid))
    found = engine(stand_in(tmp_path, "search", behaviour=behaviour), frontend="timeloopfe", timeout_s=2.0)
    with pytest.raises(EngineError, match="did not end in time"):
        found.map(specification_of("search"), EDP)
    assert_ends(int(pid.read_text()))


def test_a_failed_front_end_is_told_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = str(RECORDINGS / "front_end_failed" / "stderr.txt")
    front_end(tmp_path, monkeypatch, f"sys.stderr.write(Path({said!r}).read_text()); sys.stderr.flush(); os._exit(1)")
    error = searched(tmp_path, "search", frontend="timeloopfe")
    assert "Timeloop's Python front end failed: ArithmeticError: Failed to evaluate: many" in error.what
    assert "Location: Specification[mapper].Mapper[victory_condition]" in error.what
    assert error.hint == "engine.frontend=direct runs the programs without it"


def test_a_front_end_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "site"
    for name in ("timeloopfe", "pytimeloop"):
        (broken / name).mkdir(parents=True)
        (broken / name / "__init__.py").write_text(f"raise ModuleNotFoundError('no {name}', name={name!r})")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    error = searched(tmp_path, "search", frontend="timeloopfe")
    assert "Timeloop's Python front end is not installed" in error.what


def test_a_front_end_that_lacks_a_package_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    front_end(tmp_path, monkeypatch)
    (tmp_path / "site/timeloopfe/__init__.py").write_text("import ruamel_of_another_name")
    error = searched(tmp_path, "search", frontend="timeloopfe")
    assert "front end failed: ModuleNotFoundError: No module named 'ruamel_of_another_name'" in error.what
