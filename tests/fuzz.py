"""Inputs that are wrong in random ways: ``python tests/fuzz.py --cases 100000 [--seed N] [--kind KIND]``.

Every case is made from the number of its seed, and runs in this process. It has failed when it ends in anything but a
result or an error of ours, warns, takes more than 20 s or 2 GB, or shows a control character.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import shutil
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fuzz_kinds import KINDS, prepare, scratch

from launcher.errors import LauncherError
from launcher.plain_text import is_plain_text

MOST_SECONDS = 20.0
MOST_MEMORY_KIB = 2 * 2**20
_PLACES = 3


@dataclass(frozen=True)
class Failure:
    """A case that failed: what to run again, and why."""

    kind: str
    seed: int
    why: str

    def __str__(self) -> str:
        return f"--kind {self.kind} --seed {self.seed} --cases 1: {self.why}"


def failures(kind: str, cases: int, seed: int = 0) -> Iterator[Failure]:
    """The cases of one kind that fail, of those with the seeds from ``seed`` on."""
    prepare(kind)
    for number in range(seed, seed + cases):
        why = _outcome(kind, number)
        if why:
            yield Failure(kind, number, why)


def _outcome(kind: str, seed: int) -> str:
    """Why a case fails; empty when it does not."""
    out, err = io.StringIO(), io.StringIO()
    started = time.monotonic()
    with TemporaryDirectory(dir=scratch()) as folder, _guarded(), redirect_stdout(out), redirect_stderr(err):
        try:
            KINDS[kind](random.Random(f"{kind} {seed}"), Path(folder))
        except LauncherError as error:
            err.write(" ".join(str(error).split("\n")[:1]) if is_plain_text(str(error)) else "")
        except Exception as error:
            return _words(error)
    seconds = time.monotonic() - started
    if seconds > MOST_SECONDS:
        return f"it took {seconds:.0f} s"
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > MOST_MEMORY_KIB:
        return "it took more than 2 GB"
    return "" if is_plain_text(out.getvalue() + err.getvalue()) else "it shows control characters"


@contextmanager
def _guarded() -> Iterator[None]:
    """Warnings are errors, and what the last guard would turn into one line is raised."""
    with warnings.catch_warnings(), mock.patch("launcher.__main__.told_defect", _raise):
        warnings.simplefilter("error")
        yield


def _raise(error: BaseException, arguments: object) -> NoReturn:
    raise error


def _words(error: BaseException) -> str:
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "/launcher/" in one.filename][-_PLACES:]
    places = " > ".join(f"{Path(one.filename).name}:{one.lineno}" for one in frames)
    return f"{type(error).__name__} {str(error)[:150]!r} at {places}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000, help="of all kinds together (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first case (default: 0)")
    parser.add_argument("--kind", choices=[*KINDS], help="only this kind")
    asked = parser.parse_args()
    kinds = [asked.kind] if asked.kind else [*KINDS]
    each = -(-asked.cases // len(kinds))
    found: Counter[str] = Counter()
    for kind in kinds:
        started = time.monotonic()
        wrong = list(failures(kind, each, asked.seed))
        for one in wrong:
            known = f"{one.kind} {one.why}"
            found[known] += 1
            if found[known] == 1:
                print(one, flush=True)
        print(f"{kind}: {each:,} cases, {len(wrong)} failed, {time.monotonic() - started:.0f} s", flush=True)
    shutil.rmtree(scratch(), ignore_errors=True)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
