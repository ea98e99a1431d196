"""Files that are complete or absent, whoever is killed when: written under a temporary name, then renamed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TEMPORARY = re.compile(r"\.(.+)\.(\d+)")
_YOUNG_S = 1.0
"""Whose process does not run here may be another machine's, as long as it was written to just now."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """The temporary name under which to write ``path``; what fails inside leaves nothing behind.

    Several processes may write the same file at once: each has a name of its own. What a killed one left is removed.

    Raises:
        OSError: it cannot be written; ``filename`` says which file, also where Python does not know it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename is None or str(error.filename) == str(temporary):
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        clear_leftovers(path.parent, path.name)


def write_text(path: Path, text: str) -> Path:
    """Write a text file in one piece.

    Raises:
        OSError: see :func:`whole_file`.
    """
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path


def clear_leftovers(folder: Path, name: str | None = None) -> None:
    """Remove the temporary files of processes that were killed while they wrote into ``folder``.

    Args:
        folder: need not exist; folders inside are not looked into.
        name: of the file that they wrote; None means any.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _TEMPORARY.fullmatch(entry.name)
            if found and name in (None, found[1]) and not _is_written(entry, int(found[2])):
                Path(entry.path).unlink()


def _is_written(entry: os.DirEntry[str], pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return time.time() - entry.stat().st_mtime < _YOUNG_S
    except (OSError, OverflowError):  # somebody else's
        return True
    return True
