"""What the system's refusal to read or write a file means to a person; of a full disk, which one and how full."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from launcher.errors import LauncherError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_DATABASE = ("database or disk is full", "No space left on device", "Disk quota exceeded")
_UNITS = ("B", "kB", "MB", "GB", "TB")


class FullDiskError(LauncherError):
    """There is no room for what is to be written: whatever else is tried fails as well, until somebody makes room."""


def is_full(error: BaseException) -> bool:
    """Whether there was no room for what was to be written, in a file or a file of a database."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, FullDiskError) or (isinstance(cause, OSError) and cause.errno in _FULL):
            return True
        if any(words in str(cause) for words in _FULL_DATABASE):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def system_error(error: OSError, where: Path | None = None) -> LauncherError:
    """What could not be read or written.

    Args:
        error: the system's.
        where: the file or folder, where the error does not say it.
    """
    place = Path(str(error.filename)) if error.filename is not None else where
    if is_full(error):
        return full_disk(place or Path.cwd())
    return LauncherError(error.strerror or str(error) or type(error).__name__, where=str(place) if place else None)


def full_disk(place: Path) -> FullDiskError:
    """That there is no room for a file or folder, and how much there is."""
    return FullDiskError(
        f"the disk is full ({room_of(place)})",
        where=str(place),
        hint="make room, then give the same command again: a sweep goes on from there",
    )


def room_of(place: Path) -> str:
    """How much of the disk of a file or folder, which need not exist yet, is free."""
    there = next((one for one in (place.absolute(), *place.absolute().parents) if one.exists()), Path("/"))
    try:
        usage = shutil.disk_usage(there)
    except OSError:
        return f"that of {there}"
    return f"{_size(usage.free)} of {_size(usage.total)} left on that of {there}"


def _size(number: float) -> str:
    for unit in _UNITS:
        if number < 1000 or unit == _UNITS[-1]:
            return f"{number:.3g} {unit}"
        number /= 1000
    raise AssertionError("unreachable")
