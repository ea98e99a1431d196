"""Whether files of configurations have changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from launcher.paths import data_folder

FilesStamp = tuple[tuple[str, int, int, int], ...]
"""Of each file its name, number, time of change and size; equal stamps mean equal files."""


def files_stamp(folders: Sequence[Path]) -> FilesStamp:
    """The files that compositions are made of: the project's, and those in folders of the user's."""
    return tuple(file for folder in (data_folder("conf"), *folders) for file in sorted(_files(str(folder))))


def file_stamp(path: Path) -> tuple[int, int, int] | None:
    """Of a single file; None when it cannot be seen."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def _files(folder: str) -> Iterator[tuple[str, int, int, int]]:
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except OSError:
        return
    for entry in entries:
        if entry.name.endswith((".yaml", ".yml")):
            seen = entry.stat()
            yield entry.path, seen.st_ino, seen.st_mtime_ns, seen.st_size
        elif "." not in entry.name and entry.is_dir():
            yield from _files(entry.path)
