"""``python -m launcher doctor``: what is there, what is broken, and how to get it; programs are stand-ins."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from accelergy_cases import stand_in

from launcher.__main__ import main
from launcher.commands.doctor import Finding, examine
from launcher.engines.timeloop.programs import ThisMachine

# As the real programs do: an abort without arguments, and an error for a folder that is not there.
TIMELOOP = """#!/bin/sh
[ $# -ge 2 ] || kill -ABRT $$
[ -d "$2" ] || { echo "ERROR: cannot access output directory: $2" >&2; exit 1; }
"""
PROGRAMS = ("timeloop-mapper", "timeloop-model")


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No programs but those that a test makes, and a cache of its own."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LAUNCHER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def program(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / "bin" / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def found(name: str, accelergy: str = "no-such-accelergy", bin_dir: Path | None = None) -> Finding:
    return next(one for one in examine(bin_dir, accelergy) if one.name.strip() == name)


def test_working_programs_of_timeloop_are_told_with_the_version_that_results_name(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    for name in PROGRAMS:
        program(tmp_path, name, TIMELOOP)
    for name in PROGRAMS:
        for finding in (found(name), found(name, bin_dir=folder)):
            assert finding.status == "ok", finding
            assert finding.found == f"timeloop {ThisMachine(folder).version}, {folder / name}"


@pytest.mark.parametrize(
    ("text", "told", "mend"),
    [
        ("#!/bin/sh\nkill -ABRT $$\n", "does not answer as Timeloop does (status -6)", "scons"),
        ("#!/bin/sh\necho hello\n", "does not answer as Timeloop does (status 0): hello", "scons"),
        ("\x7fELF of another machine", "Exec format error", "scons"),
        (
            '#!/bin/sh\necho "$0: error while loading shared libraries: libbarvinok.so.23: none" >&2\nexit 127\n',
            "error while loading shared libraries: libbarvinok.so.23",
            "ldd ",
        ),
    ],
)
def test_a_program_that_cannot_be_used_is_broken(tmp_path: Path, text: str, told: str, mend: str) -> None:
    program(tmp_path, "timeloop-mapper", text)
    finding = found("timeloop-mapper")
    assert finding.status == "broken" and told in finding.found, finding
    assert mend in finding.install and "native engine" in finding.without
    if mend == "scons":  # a checkout of Timeloop lacks both
        assert "src/pat" in finding.install and "barvinok" in finding.install


def front_end(folder: Path, package: str, files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in files.items():
        path = folder / package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(folder), os.environ.get("PYTHONPATH", ""))))


def test_a_front_end_with_v4_is_usable_in_either_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    front_end(tmp_path / "a", "timeloopfe", {"__init__.py": "", "v3.py": ""}, monkeypatch)
    finding = found("Timeloop front end")
    assert finding.status == "broken" and "it lacks timeloopfe.v4; an older version" in finding.found
    assert "--upgrade" in finding.install and "engine.frontend=direct" in finding.without
    other = {"__init__.py": "", "timeloopfe/__init__.py": "", "timeloopfe/v4/__init__.py": ""}
    front_end(tmp_path / "b", "pytimeloop", other, monkeypatch)
    finding = found("Timeloop front end")
    assert finding.status == "ok" and "pytimeloop.timeloopfe.v4" in finding.found


def test_a_front_end_that_lacks_another_package_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"__init__.py": "", "v4/__init__.py": "import it_lacks_this"}
    front_end(tmp_path / "a", "timeloopfe", files, monkeypatch)
    finding = found("Timeloop front end")
    assert finding.status == "broken" and "No module named 'it_lacks_this'" in finding.found


def test_accelergy_and_its_plug_ins(tmp_path: Path) -> None:
    names = ("accelergy-table-based-plug-ins", "accelergy-cacti-plug-in", "accelergy-library-plugin", "my-plug-in")
    there = str(stand_in(tmp_path, plug_ins=names))
    assert found("Accelergy", there).status == "ok"
    assert found("table-based-plug-ins", there).status == "ok"
    assert found("library-plug-in", there).status == "ok"
    assert found("aladdin-plug-in", there).status == "missing"
    assert found("other plug-ins", there).found == "my-plug-in"
    folder = tmp_path / "plug_ins" / "accelergy-cacti-plug-in"
    finding = found("cacti-plug-in", there)
    assert finding.status == "broken" and finding.found == f"there is no CACTI program in {folder}"
    assert str(folder) in finding.install
    (folder / "cacti").mkdir()
    cacti = folder / "cacti" / "cacti"
    cacti.write_text('#!/bin/sh\necho "version \\`GLIBC_9.9\' not found" >&2; exit 1\n')
    cacti.chmod(0o755)
    finding = found("cacti-plug-in", there)
    assert finding.status == "broken" and "it needs glibc 9.9 and this system has" in finding.found
    cacti.write_text("#!/bin/sh\n")
    assert found("cacti-plug-in", there).status == "ok"


def test_an_accelergy_that_does_not_start_is_broken(tmp_path: Path) -> None:
    there = stand_in(tmp_path)
    assert found("Accelergy", str(there)).status == "ok"  # its configuration is known from here on
    there.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'yaml'\" >&2\nexit 1\n")
    os.utime(there, (1, 1))
    config = tmp_path / "home" / ".config" / "accelergy" / "accelergy_config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("version: 0.4\n")
    finding = found("Accelergy", str(there))
    assert finding.status == "broken" and "No module named 'yaml'" in finding.found


def test_container_runtimes(tmp_path: Path) -> None:
    assert found("docker").status == found("podman").status == "missing"
    program(tmp_path, "podman", '#!/bin/sh\n[ "$1" = info ] && echo 4.3.1\n')
    program(tmp_path, "docker", "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    assert found("podman").found == f"4.3.1, {tmp_path / 'bin' / 'podman'}"
    finding = found("docker")
    assert finding.status == "broken" and "Cannot connect to the Docker daemon" in finding.found


def test_whatever_is_not_usable_comes_with_a_command_and_what_works_without_it(tmp_path: Path) -> None:
    findings = examine()
    lacking = [one for one in findings if one.status != "ok"]
    assert {"timeloop-mapper", "timeloop-model", "Accelergy", "docker", "podman"} <= {one.name for one in lacking}
    for one in lacking:
        assert one.install and "\n" not in one.install, one
    for one in findings:
        assert one.without and "\n" not in one.without, one


def test_the_command_lists_findings_and_the_commands_that_are_to_be_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["doctor", "--tracking-uri", f"sqlite:///{tmp_path}/runs.db"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^timeloop-mapper +missing +not on the PATH +the native engine", said, re.MULTILINE)
    assert re.search(
        r"^timeloop-mapper, timeloop-model:\n    sudo apt install .* && git clone \S+ && .*$", said, re.MULTILINE
    )
    assert not (tmp_path / "runs.db").exists()  # looking makes nothing
    assert main(["doctor", "--json", "--tracking-uri", f"sqlite:///{tmp_path}/runs.db"]) == 0
    listed = {one["name"]: one["status"] for one in json.loads(capsys.readouterr().out)}
    assert listed["timeloop-mapper"] == "missing" and listed["Python"] == "ok"


def test_something_required_that_is_broken_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1, "final", 0))
    assert main(["doctor", "--quiet"]) == 1
