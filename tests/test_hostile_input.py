"""Names, choices, templates, results and checkouts of strangers: nothing is run, shown raw or believed."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from command_line import launch_here
from fuzz_kinds import QUIET, SMALL

import launcher
from launcher.__main__ import main
from launcher.cache_place import cache_folder
from launcher.config.choices import check_choices, check_typed
from launcher.config.compose import compose
from launcher.errors import LauncherError
from launcher.plain_text import csv_text, plain, without_passwords
from launcher.reporting.console import FittingConsole
from launcher.reporting.formats import latex
from launcher.results.files import read_result
from launcher.timeloop_files.io import Document
from launcher.tracking.provenance import git_state


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trial")
    launcher.run([*SMALL, "arch=gemmini", *QUIET], output=folder)
    return folder


@pytest.mark.parametrize(
    "text",
    [
        *("engine=1e-320", "arch@x=inf", "+experiment=-0.0", "model=[1,2]", "model=1", "layer=[../arch/gemmini,KTQ]"),
        *("layer=../arch/gemmini", "layer=[[KTQ]]", "arch=null", "arch=true", "hydra/launcher=1", "~mapper=1", "+="),
        *("arch=[gemmini,pim]", "arch=gemmini,../x", "layer=[KTQ],[1]", "arch=range(1,3)", "~experiment=[a,b]"),
    ],
)
def test_a_choice_is_a_name(text: str) -> None:
    with pytest.raises(LauncherError, match=r"no name of a choice|exactly one choice|cannot read|at once"):
        check_choices([text])


def test_choices_that_are_names_pass() -> None:
    check_choices(
        ["arch=pim", "-m", "layer=[KTQ,VScores]", "arch=gemmini,pim", "model=glob(*)", "arch.rows=1,2", "~verify"]
    )


@pytest.mark.parametrize("text", ["arch.label=\x1b[31m", "layer=\udcff", "x=\u202e", "\x07"])
def test_arguments_are_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LauncherError, match="no text"):
        check_typed([text])
    assert main(["show", text]) == 1
    assert plain(text) in capsys.readouterr().err


def test_what_nobody_foresaw_is_one_line_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("launcher.commands.show.load_trials", lambda *_, **__: 1 // 0)
    assert main(["show"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    (file,) = tmp_path.glob("*.txt")
    assert "ZeroDivisionError" in line and str(file) in line and "Traceback" in file.read_text()


def test_variables_of_the_environment_stay_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "seventeen apples")
    for asked in (["arch.label='${oc.env:SECRET}'"], ["+zz='oc.env'", "arch.label='${${zz}:SECRET}'"]):
        with pytest.raises(LauncherError, match="SECRET of the environment is not read"):
            compose([*SMALL, *asked])
    (tmp_path / "arch").mkdir()
    named = "name: mine\ntemplate: gemmini.yaml.j2\nlabel: ${oc.env:SECRET}\n"
    (tmp_path / "arch" / "mine.yaml").write_text(named)
    assert compose([*SMALL, "arch=mine"], tmp_path).experiment.arch["label"] == "seventeen apples"


def test_notes_of_a_model_refer_to_nothing(tmp_path: Path) -> None:
    content = json.loads((Path(__file__).parent / "model_configs" / "Llama-3.2-1B.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**content, "${oc.env:HOME}": 5}))
    trial = compose(["model=from_config", f"model.path='{tmp_path}/config.json'", "layer=KQV", "model.sequence=64"])
    assert any("$ {oc.env:HOME}" in note for note in trial.experiment.model.notes)


PASSWORDS = {
    "postgresql://me:hunter2@host/db": "postgresql://me:***@host/db",
    "sweep.storage=postgresql+psycopg://me:hun/ter2@host:1/db": "sweep.storage=postgresql+psycopg://me:***@host:1/db",
    "'mysql\\://me\\:hunter2@host'": "'mysql\\://me\\:***@host'",
    "https://host/x?user=me&password=hunter2&a=b": "https://host/x?user=me&password=***&a=b",
    "http://host:5000/@x": "http://host:5000/@x",
    "sqlite:///mlflow.db": "sqlite:///mlflow.db",
}


def test_passwords_of_addresses_are_masked(tmp_path: Path) -> None:
    assert {text: without_passwords(text) for text in PASSWORDS} == PASSWORDS
    storage = "sweep.storage='postgresql://me:hunter2@host/db'"
    launch_here(tmp_path, *SMALL, *QUIET, storage, "hydra.run.dir=out").must_succeed()
    texts = [file.read_text() for file in tmp_path.rglob("*.yaml")]
    assert any("me:***@host" in text for text in texts) and not any("hunter2" in text for text in texts)


def test_nothing_moves_a_cursor_or_is_a_formula() -> None:
    console = FittingConsole(width=60)
    with console.capture() as shown:
        console.print("a\x1b[31mb\u202ec", style="bold")
    assert "a\\x1b[31mb\\u202ec" in shown.get() and "\x1b[31m" not in shown.get()
    rows = list(csv.reader(io.StringIO(csv_text([["=1+1", "-2.5", "@x", "+inf", -1, "a\x07"]]))))
    assert rows == [["'=1+1", "-2.5", "'@x", "+inf", "-1", "a\\x07"]]
    assert latex("\x1b[1m\u202e") == r"\textbackslash{}x1b[1m\textbackslash{}u202e"
    with pytest.raises(LauncherError, match="control characters"):
        Document.from_text('problem: {"\\e[31m": 1}', "x.yaml")


def _written(trial: Path, folder: Path, **parts: object) -> Path:
    content = json.loads((trial / "result.json").read_text())
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps({**content, **parts}))
    return folder


def test_damaged_results_are_left_out_and_named(
    trial: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluation = json.loads((trial / "result.json").read_text())["evaluation"]
    damaged: dict[str, object] = {"name": {}, "seconds": "long", "flags": 3, "status": "fine"}
    damaged |= {"evaluation": {**evaluation, "cycles": 10**400}}
    for key, value in damaged.items():
        _written(trial, tmp_path / key, **{key: value})
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "result.json").write_text("[" * 100_000)
    _written(trial, tmp_path / "sound")
    assert main(["summary", str(tmp_path)]) == 0
    said = "".join(capsys.readouterr())
    assert said.count("1 not read") == 6 and "evaluation.cycles is" in said, said
    for key in ("name", "seconds", "flags", "status", "evaluation.cycles"):
        with pytest.raises(LauncherError, match=rf"{key} is .*not "):
            read_result(tmp_path / key.partition(".")[0])


TEMPLATES = {
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}": "takes too long",
    "a:\n{{ '%1000000000d' % 1 }}": "memory",
    "a:\n{{ largest_divisor(10**17 + 3, 10**17) }}": "mine.yaml.j2, line 2",
    "{% import 'm.j2' as m %}{{ m.f(3) }}": "m.j2, line 2",
    "a:\n\n{{ [3, 'x']|sort }}": "mine.yaml.j2, line 3",
    "{{ '{:>9000000}'.format(1) }}": "8 MiB",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": "without end",
    "{{ ('x' * 100)|wordwrap(0) }}": "ValueError",
}


def test_templates_end_in_time_and_name_their_line(tmp_path: Path) -> None:
    for name in ("arch", "arch_templates"):
        (tmp_path / name).mkdir()
    (tmp_path / "arch" / "mine.yaml").write_text("name: mine\ntemplate: mine.yaml.j2\n")
    (tmp_path / "arch_templates" / "m.j2").write_text("{% macro f(x) %}\n{{ [1][x] }}{% endmacro %}")
    for text, words in TEMPLATES.items():
        (tmp_path / "arch_templates" / "mine.yaml.j2").write_text(text)
        with pytest.raises(LauncherError) as told:
            launcher.run([*SMALL, *QUIET, "arch=mine"], config_dir=tmp_path)
        assert words in str(told.value), (text, str(told.value))


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_checkout_runs_nothing(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "f.txt").write_text("a\n")
    (tmp_path / ".gitattributes").write_text("*.txt filter=evil\n")
    git("add", ".")
    git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "-m", "x")
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.process"):
        git("config", key, f"touch '{tmp_path}/evil'; false")
    (tmp_path / "f.txt").write_text("b\n")
    git_state.cache_clear()
    assert git_state(tmp_path)["dirty"] == "true"
    assert not (tmp_path / "evil").exists()


def test_a_cache_that_others_can_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("LAUNCHER_CACHE_DIR", str(shared))
    with pytest.raises(LauncherError, match="can be written by others"):
        cache_folder()
    monkeypatch.setenv("LAUNCHER_CACHE_DIR", str(tmp_path / "new"))
    assert cache_folder().stat().st_mode & 0o077 == 0
