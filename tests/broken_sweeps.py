"""Sweeps that are killed, or find no room, at one of their writes or one of their calls of MLflow or the journal.

``python tests/broken_sweeps.py FOLDER`` breaks a small grid and a small study at every such moment, one after the
other, each in a folder of its own, and lets the same command go on; it takes some minutes. With ``--chain SEED`` the
same sweep is killed at one moment after the other, until it ends. What was lost or doubled is printed; the exit status
says whether anything was.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOTAL = 3
KINDS = {
    "grid": ["arch.rows=4,8,12"],
    "study": [
        *("hydra/sweeper=optuna", "sweep.sampler=random", "sweep.prune=false", f"sweep.n_trials={TOTAL}"),
        *("arch.rows=range(4,65,4)", "arch.cols=range(4,65,4)"),
    ],
    "exhaustive": [
        *("hydra/sweeper=exhaustive", "arch.rows=4,8,12", "sweep.objectives=[edp_j_cycles,area_mm2]"),  # all are best
    ],
}
COMMON = ["-m", "model=bert_base", "layer=KTQ", "sweep.pictures=false", "mapper.threads=1"]
CALLS = ("create_run", "log_batch", "set_terminated", "update_run", "set_experiment_tag", "create_experiment")
CALLS += ("search_runs", "delete_run", "log_artifacts")
MOST = 1000

_ASKED: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {}
"""By kind: what runs sweeps, and what it is told."""


class Moments:
    """Counts what a process writes and calls, and does something at one of these moments."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self.count = 0
        self._at, self._act = at, act

    def pass_one(self) -> None:
        self.count += 1
        if self.count == self._at:
            self._act()

    def watch(self, owner: Any, name: str) -> None:
        """A moment before each call, and one after it."""
        original = getattr(owner, name)

        def watched(*arguments: Any, **more: Any) -> Any:
            self.pass_one()
            returned = original(*arguments, **more)
            self.pass_one()
            return returned

        setattr(owner, name, watched)

    def watch_text(self) -> None:
        """A moment when half of a file or of a line is written, too."""
        from launcher.sweeping.locked_files import LockedFile  # noqa: PLC0415

        write, append = Path.write_text, LockedFile.append

        def written(path: Path, text: str, **more: Any) -> int:
            self.pass_one()
            write(path, text[: len(text) // 2], **more)
            self.pass_one()
            return write(path, text, **more)

        def appended(file: LockedFile, lines: bytes) -> None:
            self.pass_one()
            half = len(lines) // 2
            with file.path.open("ab") as opened:
                opened.write(lines[:half])
                opened.flush()
                self.pass_one()
            append(file, lines[half:])
            self.pass_one()

        Path.write_text = written  # type: ignore[method-assign,assignment]
        LockedFile.append = appended  # type: ignore[method-assign]


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def full() -> None:
    """No room from now on."""
    from launcher.sweeping.locked_files import LockedFile  # noqa: PLC0415

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse_line(file: LockedFile, lines: bytes) -> None:
        from launcher.disks import full_disk  # noqa: PLC0415

        raise full_disk(file.path)

    Path.write_text = refuse  # type: ignore[method-assign]
    shutil.copyfile = refuse
    LockedFile.append = refuse_line  # type: ignore[method-assign]
    refuse()


def attempt(folder: Path, kind: str, at: int, act: Callable[[], None]) -> int:
    """Run the sweep in a process of its own until that moment; its exit status, -9 when it was killed."""
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            status = _sweep(folder, kind, at, act)
        except BaseException:
            with (folder / "out.txt").open("a") as out:
                traceback.print_exc(file=out)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _sweep(folder: Path, kind: str, at: int, act: Callable[[], None]) -> int:
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    from launcher import whole_files  # noqa: PLC0415
    from launcher.disks import system_error  # noqa: PLC0415
    from launcher.errors import LauncherError  # noqa: PLC0415

    whole_files._YOUNG_S = 0.0
    moments = Moments(at, act)
    for name in CALLS:
        moments.watch(MlflowClient, name)
    moments.watch(Path, "replace")
    moments.watch(shutil, "copyfile")
    moments.watch_text()
    os.chdir(folder)
    run, (config, plan, *others) = _ASKED[kind]
    plan = replace(plan, folder=folder / "multirun" / "day" / f"{len(list(folder.glob('multirun/day/*'))):03}")
    with (folder / "out.txt").open("a") as out, redirect_stdout(out), redirect_stderr(out):
        print(f"--- {at}", flush=True)
        try:
            run(config, plan, *others)
        except (LauncherError, OSError) as error:
            print(f"error: {system_error(error) if isinstance(error, OSError) else error}")
            return 1
        finally:
            out.write(f"{moments.count} moments\n")
            out.flush()
    return 0


def faults(folder: Path, kind: str) -> Iterator[str]:
    """What is lost, doubled or left behind."""
    said = (folder / "out.txt").read_text()
    if "Traceback" in said:
        yield f"a traceback:\n{said}"
    # An exhaustive search leaves all of its best designs in the folder of the command that ended it.
    last = max(folder.glob("multirun/day/*")).name if kind == "exhaustive" else "*"
    results = Counter(int(file.parent.name) for file in folder.glob(f"multirun/day/{last}/*/result.json"))
    if len(results) != TOTAL or set(results.values()) != {1}:
        yield f"results: {dict(results)}"
    latest = max(folder.glob("multirun/*/*/trials.csv"), key=lambda file: file.stat().st_mtime_ns)
    rows = latest.read_text().splitlines()[1:]
    if len([row for row in rows if row.split(",")[1] == "ok"]) < TOTAL:
        yield f"rows: {rows}"
    with sqlite3.connect(folder / "mlflow.db") as database:
        query = "select value, status from tags join runs using (run_uuid) where lifecycle_stage = 'active' and key = "
        children = Counter(database.execute(f"{query} 'sweep.trial'"))
        parents = [status for _, status in database.execute(f"{query} 'kind' and value = 'sweep'")]
    if parents != ["FINISHED"]:
        yield f"the sweep's runs: {parents}"
    if children != Counter({(str(number), "FINISHED"): 1 for number in results}):
        yield f"its trials' runs: {children}"
    left = [str(file.relative_to(folder)) for file in folder.glob("**/.*.[0-9]*") if file.is_file()]
    if left:
        yield f"left behind: {left}"


def every_moment(root: Path, kind: str, act: Callable[[], None], moments: range) -> list[str]:
    """Break a sweep once at each of these moments, and go on; what went wrong."""
    found = []
    for at in moments:
        folder = root / f"{kind}-{act.__name__}-{at}"
        folder.mkdir(parents=True)
        broken = attempt(folder, kind, at, act)
        ended = attempt(folder, kind, 0, act) if broken != 0 else 0
        if broken not in (0, -9, 1) or ended != 0:
            found.append(f"{folder.name}: status {broken}, then {ended}\n{(folder / 'out.txt').read_text()}")
            continue
        found += [f"{folder.name}: {fault}" for fault in faults(folder, kind)]
        if broken == 0:  # it has no such moment
            break
    return found


def chain(root: Path, kind: str, seed: int) -> tuple[int, list[str]]:
    """Kill a sweep at one moment after the other until it ends by itself; the kills, and what went wrong."""
    moments = Random(f"{kind} {seed}")
    folder = root / f"{kind}-chain-{seed}"
    folder.mkdir(parents=True)
    kills = 0
    while (status := attempt(folder, kind, moments.randint(30, 240), killed)) == -9:
        kills += 1
    wrong = [f"status {status}\n{(folder / 'out.txt').read_text()}"] if status else list(faults(folder, kind))
    return kills, [f"{folder.name}: {fault}" for fault in wrong]


def _prepared() -> None:
    """Load once what every process needs, and let Hydra compose each command once: that takes it most of its time."""
    from launcher.app import main  # noqa: PLC0415
    from launcher.sweeping import run  # noqa: PLC0415
    from launcher.sweeping.exhaustive import run as run_exhaustively  # noqa: PLC0415

    for kind, told in KINDS.items():
        owner: Any = run_exhaustively if kind == "exhaustive" else run
        name = "run_exhaustive" if kind == "exhaustive" else "run_sweep"
        original = getattr(owner, name)
        with TemporaryDirectory() as scratch:

            def noticed(*asked: Any, kind: str = kind, original: Any = original) -> Any:
                _ASKED[kind] = original, asked
                return original(*asked)

            setattr(owner, name, noticed)
            os.chdir(scratch)
            sys.argv = [str(ROOT / "launch.py"), *COMMON, *told]
            with redirect_stdout(io.StringIO()):
                main()
        setattr(owner, name, original)


def _main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chain", type=int, help="kill each sweep again and again, at moments drawn with this seed")
    parser.add_argument("--full", type=int, nargs="*", help="let a grid find the disk full at these moments")
    parser.add_argument("--step", type=int, default=1, help="leave out moments")
    parser.add_argument("--kind", choices=KINDS, help="only this kind of sweep")
    given = parser.parse_args()
    root = given.folder.absolute()
    _prepared()
    every: list[str] = []
    if given.chain is not None:
        for kind in KINDS:
            kills, wrong = chain(root, kind, given.chain)
            print(f"{kind}: killed {kills} times")
            every += wrong
    for at in given.full or ():
        every += every_moment(root, "grid", full, range(at, at + 1))
    if given.chain is None and given.full is None:
        for kind in [given.kind] if given.kind else KINDS:
            every += every_moment(root, kind, killed, range(1, MOST, given.step))
            every += every_moment(root, kind, full, range(1, MOST, given.step))
    print("\n".join(every))
    return bool(every)


if __name__ == "__main__":
    sys.exit(_main())
