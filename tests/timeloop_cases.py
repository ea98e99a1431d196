"""Runs of the real Timeloop that were recorded, and the stand-ins that replay them.

To record again, where Timeloop is on the PATH and its Python front end can be imported:
``python tests/timeloop_cases.py``.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import launcher.engines.timeloop.engine as engine_module
from launcher.config.compose import compose
from launcher.engines.interface import MapperSettings, OnProgress, Progress
from launcher.engines.native.native_engine import NativeEngine
from launcher.engines.timeloop.engine import TimeloopEngine
from launcher.engines.timeloop.process import Ended, Limits
from launcher.engines.timeloop.settings import TimeloopSettings
from launcher.errors import LauncherError
from launcher.specification import mapping as mappings
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import Document, read_mapped, read_specification
from launcher.trial.steps import specify

RECORDINGS = Path(__file__).resolve().parent / "recordings" / "timeloop"
BERT = ("tracking=none", "model=bert_base")
SMALL = ("arch=gemmini", "arch.rows=4", "arch.cols=4", "layer=gemm")
"""A small array, on which nothing takes long."""

CUBE = (*SMALL, "layer.D=32", "layer.E=32", "layer.L=32")
TINY = (*CUBE, "arch.accumulator_kib=0.015625", "arch.streamed_columns=32")
"""Its accumulators cannot hold what the weights in the registers are used for: there is no mapping."""

RAGGED = (*SMALL, "layer.D=14", "layer.E=8", "layer.L=8", "arch.streamed_columns=8")
"""14 rows of outputs on 4 rows of the array take three full passes and one of 2."""

UNEVEN = ("arch=dimc", "arch.rows=4", "arch.cols=4", "layer=gemm", "layer.D=10", "layer.E=6", "layer.L=3")
"""No side of the array is filled by a divisor of 10 or 6."""

SHORT = (*SMALL, "layer.D=4", "layer.E=4", "layer.L=7", "arch.streamed_columns=4")
"""7 columns come as 4 and 3."""

RUBY = {"algorithm": "random_pruned", "victory_condition": 200, "timeout": 100000, "optimization_metrics": ["delay"]}
"""Settings with which Timeloop finds that imperfect factors are faster."""

IMPERFECT = """mapping:
- {target: Registers, type: datatype, keep: [Weights], bypass: [Inputs, Outputs]}
- {target: Registers, type: temporal, factors: L8}
- {target: inter_PECols_spatial, type: datatype, keep: [], bypass: [Weights, Inputs, Outputs]}
- {target: inter_PECols_spatial, type: spatial, factors: E4, split: 1, permutation: EDL}
- {target: Accumulator, type: datatype, keep: [Outputs], bypass: [Weights, Inputs]}
- {target: inter_PERows_spatial, type: datatype, keep: [], bypass: [Weights, Inputs, Outputs]}
- {target: inter_PERows_spatial, type: spatial, factors: "D4,2", split: 0, permutation: DEL}
- {target: Scratchpad, type: datatype, keep: [Weights, Inputs], bypass: [Outputs]}
- {target: Scratchpad, type: temporal, factors: E2}
- {target: DRAM, type: temporal, factors: D4}
"""

STEPS = """mapping:
- {target: Registers, type: datatype, keep: [Weights], bypass: [Inputs, Outputs]}
- {target: Registers, type: temporal, factors: "L4,3"}
- {target: inter_PECols_spatial, type: datatype, keep: [], bypass: [Weights, Inputs, Outputs]}
- {target: inter_PECols_spatial, type: spatial, factors: E4, split: 1, permutation: EDL}
- {target: Accumulator, type: datatype, keep: [Outputs], bypass: [Weights, Inputs]}
- {target: inter_PERows_spatial, type: datatype, keep: [], bypass: [Weights, Inputs, Outputs]}
- {target: inter_PERows_spatial, type: spatial, factors: D4, split: 0, permutation: DEL}
- {target: Scratchpad, type: datatype, keep: [Weights, Inputs], bypass: [Outputs]}
- {target: DRAM, type: temporal, factors: L2}
"""

# Answers for inputs that were in one of the recorded runs, whatever they are written like.
STAND_IN = """#!{python}
import gzip, json, os, resource, shutil, signal, subprocess, sys, time
from pathlib import Path
program, recordings = Path(sys.argv[0]).name, [Path(name) for name in {recordings!r}]
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
signal.alarm(60)  # a test that went wrong leaves nothing behind
with open({calls!r}, "a") as calls:
    told = dict(program=program, arguments=sys.argv[1:], home=os.environ["HOME"], pid=os.getpid(), folder=os.getcwd())
    calls.write(json.dumps(told) + "\\n")
def same(one, other):
    if one.read_text() == other.read_text():
        return True
    import yaml
    return yaml.safe_load(one.read_text()) == yaml.safe_load(other.read_text())
def asked():
    given = [Path(name) for name in sys.argv[1:]]
    for recording in recordings:
        if all((recording / one.name).is_file() and same(one, recording / one.name) for one in given):
            return recording
    sys.exit("this is not what was recorded: record again with python tests/timeloop_cases.py")
def files(recording):
    for file in recording.glob("timeloop-*"):
        if file.suffix == ".gz":
            Path(file.stem).write_bytes(gzip.decompress(file.read_bytes()))
        else:
            shutil.copy(file, file.name)
def said(recording):
    for name, stream in (("stdout.txt", sys.stdout), ("stderr.txt", sys.stderr)):
        stream.write((recording / name).read_text())
        stream.flush()
def end(status):
    if status < 0:
        os.kill(os.getpid(), -status)
        signal.pause()
    sys.exit(status)
def replay(recording):
    files(recording)
    said(recording)
    end(int((recording / "status").read_text()))
{behaviour}
"""
REPLAY = "replay(asked())"

UNTIL_STOPPED = """
stops = []
signal.signal(signal.SIGINT, lambda *_: stops.append(1))
recording = asked()
sys.stderr.write("".join((recording / "stderr.txt").read_text().splitlines(keepends=True)[:2]))
sys.stderr.flush()
while not stops:
    time.sleep(0.02)
time.sleep(0.3)
if len(stops) > 1:
    sys.exit(0)  # a second one makes Timeloop lose all it has
replay(recording)
"""
"""Search until SIGINT, then write what was found."""


def stand_in(folder: Path, *recordings: str, behaviour: str = REPLAY) -> Path:
    """A folder with programs that behave like Timeloop's; ``folder/calls`` tells how each was started."""
    programs = folder / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    text = STAND_IN.format(
        python=sys.executable,
        recordings=[str(RECORDINGS / one) for one in recordings],
        calls=str(folder / "calls"),
        behaviour=behaviour,
    )
    for name in ("timeloop-mapper", "timeloop-model"):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return programs


def calls(folder: Path) -> list[dict[str, Any]]:
    """How the stand-ins in a folder were started, in order."""
    file = folder / "calls"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def changed(name: str, folder: Path, edit: Callable[[str, str], str]) -> Path:
    """A copy of a recording in which ``edit(file name, text)`` has changed the files."""
    target = folder / f"{name}_changed"
    shutil.copytree(RECORDINGS / name, target)
    for file in target.iterdir():
        packed = file.suffix == ".gz"
        text = gzip.decompress(file.read_bytes()).decode() if packed else file.read_text()
        edited = edit(file.stem if packed else file.name, text).encode()
        file.write_bytes(gzip.compress(edited, mtime=0) if packed else edited)
    return target


def specification_of(recording: str) -> Specification:
    """What a recorded run was about: constraints, energies and areas included, whatever the tables say today."""
    return read_specification([RECORDINGS / recording / "input.yaml"])


def mapping_of(recording: str, specification: Specification) -> mappings.Mapping:
    """The mapping that was given to a recorded ``timeloop-model``."""
    [(_, mapping)] = read_mapped([RECORDINGS / recording / "mapping.yaml"], specification)
    return mapping


def engine(bin_dir: Path | None, folder: Path | None = None, **settings: Any) -> TimeloopEngine:
    """An engine that starts the programs in a folder, without Timeloop's Python front end."""
    chosen = {"bin_dir": bin_dir, "frontend": "direct", "timeout_s": 60.0, **settings}
    return TimeloopEngine(TimeloopSettings(**chosen), folder)


def composed(*overrides: str) -> Specification:
    """An experiment of the project's, with energies and areas."""
    return specify(compose([*BERT, *overrides]))


def _kept(file: Path) -> bool:
    wanted = (".yaml", ".map.txt", ".stats.txt", ".xml", "stdout.txt", "stderr.txt")
    return file.is_file() and file.name.endswith(wanted) and not file.name.startswith("parsed")


def _record(name: str, act: Callable[[Path], object]) -> None:
    """Run the real programs, and keep what the last of them read, wrote and said."""
    target = RECORDINGS / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    ends: list[Ended] = []
    original = engine_module.run

    def noting(*arguments: Any, **options: Any) -> Ended:
        ends.append(original(*arguments, **options))
        return ends[-1]

    with tempfile.TemporaryDirectory() as scratch:
        engine_module.run = noting
        try:
            act(Path(scratch))
        except LauncherError as error:
            print(f"{name}: {error}")
        finally:
            engine_module.run = original
        (target / "status").write_text(f"{ends[-1].status}\n")
        [folder] = Path(scratch).iterdir()
        for file in filter(_kept, folder.iterdir()):
            text = _without_paths(file.read_text(), scratch)
            if file.suffix == ".xml":
                (target / f"{file.name}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
            else:
                (target / file.name).write_text(text)


def _without_paths(text: str, scratch: str) -> str:
    """No path of the machine that it was recorded on, and no lines of Timeloop's code, which tracebacks quote."""
    replaced = {scratch: "/runs", str(Path(__file__).resolve().parent.parent): "/launcher"}
    replaced |= {folder: "/site-packages" for folder in sys.path if folder.endswith("site-packages")}
    replaced |= dict.fromkeys((sys.prefix, sys.base_prefix), "/python")
    for path, instead in replaced.items():
        text = text.replace(path, instead)
    return re.sub(r"^(  File .*\n)    .*\n(    [~^ ]+\n)?", r"\1", text, flags=re.MULTILINE)


def _search(
    overrides: Sequence[str],
    settings: Mapping[str, object],
    template: str = "uber",
    frontend: str = "direct",
    on_progress: OnProgress | None = None,
) -> Callable[[Path], object]:
    def act(folder: Path) -> object:
        found = engine(None, folder, mapper=settings, template=template, frontend=frontend)
        return found.map(composed(*overrides), MapperSettings(), on_progress)

    return act


def _model(specification: Specification, mapping: mappings.Mapping) -> Callable[[Path], object]:
    return lambda folder: engine(None, folder).evaluate(specification, mapping)


def _best(*overrides: str) -> Callable[[Path], object]:
    """The native engine's mapping."""
    specification = composed(*overrides)
    return _model(specification, NativeEngine().map(specification, MapperSettings()).mapping)


def given(text: str, *overrides: str) -> tuple[Specification, mappings.Mapping]:
    """An experiment, and a mapping of it in Timeloop's words."""
    [mapped] = read_mapped([Document.from_text(text, "mapping")], composed(*overrides))
    return mapped


def _too_large(folder: Path) -> object:
    """The mapping that the larger machine has, on one that has no room for it."""
    mapping = NativeEngine().map(composed(*CUBE), MapperSettings()).mapping
    return _model(composed(*TINY), mapping)(folder)


def _wrong_key(folder: Path) -> object:
    """Input in another generation's words."""
    text = (RECORDINGS / "search" / "input.yaml").read_text().replace("data_spaces:", "data-space-list:")
    (folder / "search").mkdir()
    (folder / "search" / "input.yaml").write_text(text)
    command = ["timeloop-mapper", "input.yaml"]
    run = engine_module.run
    return run(command, folder / "search", os.environ, Limits(), lambda seconds: None, kill=lambda: None)


def _without_energies(folder: Path) -> object:
    os.environ["PATH"] = os.pathsep.join(
        one for one in os.environ["PATH"].split(os.pathsep) if not (Path(one) / "accelergy").exists()
    )
    bare = replace(composed(*CUBE), energy=None, area=None)
    return engine(None, folder).map(bare, MapperSettings())


def _interrupt(progress: Progress) -> None:
    if progress.incumbent is not None:
        raise KeyboardInterrupt


def record() -> None:
    """Run everything again. Under ``interrupted`` the search is endless: it ends when it has found something."""
    short = {"victory_condition": 20}
    _record("search", _search(CUBE, short))
    _record("interrupted", _search(CUBE, {"victory_condition": 0}, on_progress=_interrupt))
    _record("ruby", _search(UNEVEN, RUBY, "ruby"))
    _record("none", _search(TINY, short))
    _record("bad_metric", _search(CUBE, {"optimization_metrics": ["speed"]}))
    _record("bad_algorithm", _search(CUBE, {"algorithm": "magic"}))
    _record("front_end", _search(CUBE, short, frontend="timeloopfe"))
    _record("front_end_failed", _search(CUBE, {"victory_condition": "many"}, frontend="timeloopfe"))
    _record("KTQ", _best("arch=gemmini", "layer=KTQ"))
    _record("VScores", _best("arch=gemmini", "layer=VScores"))
    _record("imperfect", _model(*given(IMPERFECT, *RAGGED)))
    _record("steps", _model(*given(STEPS, *SHORT)))
    _record("too_large", _too_large)
    _record("wrong_key", _wrong_key)
    with suppress(FileNotFoundError):
        _record("no_energies", _without_energies)


if __name__ == "__main__":
    record()
