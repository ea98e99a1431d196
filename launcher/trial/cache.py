"""Finished searches, kept by content: the same problem on the same hardware is searched once."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from launcher.cache_place import cache_folder
from launcher.engines.interface import MapperSettings
from launcher.errors import LauncherError
from launcher.fingerprint import fingerprint
from launcher.results.result import Result
from launcher.results.result_json import is_unchanged, result_from_dict, result_to_dict
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import dump_constraints, dump_specification
from launcher.whole_files import write_text

_SEARCH = "launcher.engines.run"


def cached(specification: Specification, settings: MapperSettings, engine: str) -> Result | None:
    """What an earlier search of the same input found, marked as such; None when there was none.

    A file that cannot be read, or that was changed since, counts as none: it is written again.
    """
    file = _file(specification, settings, engine)  # not below: a folder that others can write is an error
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found = result_from_dict(content)
        if not is_unchanged(content):
            return None
    except (OSError, ValueError, RecursionError, LauncherError):
        return None
    return replace(found, specification=specification, flags=specification.flags, cached=True)


def keep(result: Result, specification: Specification, settings: MapperSettings, engine: str) -> None:
    """Keep a result whose search came to its end; one that a time limit stopped might be better next time.

    Several processes may keep the same result at once. A cache that cannot be written is no reason to fail.
    """
    finished = result.optimality.status == "proved" if result.optimality else result.status == "infeasible"
    if not finished:
        return
    file = _file(specification, settings, engine)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps(result_to_dict(replace(result, specification=None))))


def _file(specification: Specification, settings: MapperSettings, engine: str) -> Path:
    """Named after everything that decides the result: the input, the objective, the engine, and our own code.

    The number of threads and the time limit do not decide it.
    """
    others = ("threads", "timeout_s", "narrower")
    decisive = {name: value for name, value in asdict(settings).items() if name not in others}
    spaces = [dump_constraints(replace(specification, constraints=own)) for _, own in settings.narrower]
    parts = (
        dump_specification(specification),
        dump_constraints(specification),
        *spaces,
        repr(decisive),
        repr((specification.repeats, specification.cycle_pj)),
        engine,
        fingerprint(_SEARCH),
    )
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return cache_folder() / "results" / digest[:2] / f"{digest}.json"
