"""Timeloop in containers, with a stand-in for the runtime."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from timeloop_cases import REPLAY, UNTIL_STOPPED, calls, engine, mapping_of, specification_of, stand_in

import launcher.engines.timeloop.programs as programs_module
from launcher.engines.differences import differences
from launcher.engines.interface import MapperSettings
from launcher.engines.native.model import evaluate
from launcher.engines.timeloop.engine import TimeloopEngine
from launcher.errors import EngineError

IMAGE = "timeloop:test"

# Runs the entrypoint from a folder, in a session of its own, as a daemon would; SIGINT is passed on, as by docker.
RUNTIME = """#!{python}
import json, os, signal, subprocess, sys
from pathlib import Path
home = Path({home!r})
with (home / "runtime_calls").open("a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
command, *arguments = sys.argv[1:]
if command == "image":
    assert arguments[:2] == ["inspect", "--format={{{{.Id}}}}"]
    if arguments[2:] != [{image!r}]:
        sys.exit("Error: No such image: " + arguments[2])
    print("sha256:0123456789abcdef")
elif command == "kill":
    os.killpg(int((home / arguments[0]).read_text()), signal.SIGKILL)
else:
    assert command == "run"
    at = arguments.index({image!r})
    options = dict(one.removeprefix("--").partition("=")[::2] for one in arguments[:at])
    assert options["volume"] == options["workdir"] + ":" + options["workdir"] == os.getcwd() + ":" + os.getcwd()
    environment = dict([options["env"].split("=", 1)], PATH=os.defpath)
    program = home / "bin" / options["entrypoint"]
    process = subprocess.Popen([program, *arguments[at + 1:]], env=environment, start_new_session=True)
    (home / options["name"]).write_text(str(process.pid))
    signal.signal(signal.SIGINT, lambda *_: process.send_signal(signal.SIGINT))
    status = process.wait()
    sys.exit(status if status >= 0 else 128 - status)
"""


@pytest.fixture(autouse=True, params=["docker", "podman"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stand-in for the runtime is all that is on the PATH."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    program = folder / str(request.param)
    program.write_text(RUNTIME.format(python=sys.executable, home=str(tmp_path), image=IMAGE))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    programs_module._image_id.cache_clear()
    return str(request.param)


def contained(folder: Path, runtime: str, *recordings: str, behaviour: str = REPLAY, **settings: Any) -> TimeloopEngine:
    stand_in(folder, *recordings, behaviour=behaviour)
    return engine(None, folder / "runs", **{"container": runtime, "image": IMAGE, "frontend": None, **settings})


def runtime_calls(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "runtime_calls").read_text().splitlines()]


def test_programs_run_as_the_caller_without_a_network(tmp_path: Path, runtime: str) -> None:
    specification = specification_of("KTQ")
    mapping = mapping_of("KTQ", specification)
    found = contained(tmp_path, runtime, "KTQ")
    assert differences(evaluate(specification, mapping), found.evaluate(specification, mapping)) == ()
    assert found.version == f"{IMAGE}@01234567"
    *_, run = runtime_calls(tmp_path)
    folder = tmp_path / "runs/evaluation"
    assert run[:2] == ["run", "--rm"]
    for option in (
        f"--user={os.getuid()}:{os.getgid()}",
        "--network=none",
        f"--volume={folder}:{folder}",
        f"--workdir={folder}",
        f"--env=HOME={folder}",
        "--entrypoint=timeloop-model",
    ):
        assert option in run
    assert run[-3:] == [IMAGE, "input.yaml", "mapping.yaml"]
    assert ("--userns=keep-id" in run) == (runtime == "podman" and os.getuid() != 0)
    [call] = calls(tmp_path)
    assert call["home"] == call["folder"] == str(folder)


def test_an_image_that_is_not_there_is_told(tmp_path: Path, runtime: str) -> None:
    with pytest.raises(EngineError, match="the image 'other' cannot be used: Error: No such image: other") as caught:
        contained(tmp_path, runtime, image="other")
    assert f"{runtime} pull other" in str(caught.value)


def test_a_runtime_that_is_not_there_is_told(tmp_path: Path, runtime: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=f"{runtime} is not installed"):
        contained(tmp_path, runtime)


def test_a_runtime_that_does_not_answer_is_told(tmp_path: Path, runtime: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs_module, "_PATIENCE_S", 0.2)
    (tmp_path / "runtime" / runtime).write_text("#!/bin/sh\nexec sleep 20\n")
    with pytest.raises(EngineError, match=f"{runtime} does not answer"):
        contained(tmp_path, runtime)


def test_the_time_limit_of_the_search_reaches_the_program(tmp_path: Path, runtime: str) -> None:
    found = contained(tmp_path, runtime, "interrupted", behaviour=UNTIL_STOPPED, mapper={"victory_condition": 0})
    specification = specification_of("interrupted")
    mapped = found.map(specification, MapperSettings(timeout_s=0.8))
    assert differences(evaluate(specification, mapped.mapping), mapped.evaluation) == ()
    assert [call[0] for call in runtime_calls(tmp_path)] == ["image", "run"]


def test_a_hard_limit_kills_the_container(tmp_path: Path, runtime: str) -> None:
    found = contained(tmp_path, runtime, "search", behaviour="time.sleep(60)", timeout_s=1.5)
    with pytest.raises(EngineError, match="did not end in time and was killed"):
        found.map(specification_of("search"), MapperSettings())
    _, run, kill = runtime_calls(tmp_path)
    name = next(option.removeprefix("--name=") for option in run if option.startswith("--name="))
    assert kill == ["kill", name]
    pid = int((tmp_path / name).read_text())
    deadline = time.monotonic() + 10
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_out_of_memory_inside_is_told(tmp_path: Path, runtime: str) -> None:
    found = contained(tmp_path, runtime, "search", behaviour="end(-9)")
    with pytest.raises(EngineError, match=r"killed \(SIGKILL\): out of memory"):
        found.map(specification_of("search"), MapperSettings())
