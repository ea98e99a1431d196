"""Where studies are kept: databases and journals, and what is said when they do not answer."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, RDBStorage

from launcher.disks import full_disk, is_full
from launcher.errors import LauncherError
from launcher.plain_text import without_passwords
from launcher.sweeping.journal import open_journal

_ATTEMPTS = 5
_Made = TypeVar("_Made")


def open_storage(where: str) -> BaseStorage:
    """The storage at a database's URL, or in a journal file.

    Raises:
        LauncherError: it does not answer, or cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if "://" not in where:
        return open_journal(Path(where).expanduser())
    return patiently(where, lambda: RDBStorage(where, engine_kwargs=engine_settings(where)))


def engine_settings(where: str) -> dict[str, Any]:
    """How a database is asked: it has ten seconds to answer, and may have been started anew meanwhile."""
    server = where.startswith(("postgresql", "mysql"))
    return {"connect_args": {"connect_timeout" if server else "timeout": 10}, "pool_pre_ping": True}


def patiently(where: str, make_tables: Callable[[], _Made]) -> _Made:
    """What is made of the database at ``where``, its tables included, when others may do so at the same moment.

    Raises:
        LauncherError: it does not answer, or cannot be used.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with quiet():
                return make_tables()
        except Exception as error:
            made = any(words in str(error) for words in ("already exists", "duplicate key"))
            if attempt == _ATTEMPTS - 1 or not made:
                raise storage_error(where, error) from error
            time.sleep(0.5)
    raise AssertionError("unreachable")


def close_storage(storage: BaseStorage) -> None:
    """Give back a database's connections; a journal keeps none."""
    if isinstance(storage, RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


def storage_error(where: str, error: Exception) -> LauncherError:
    """What a storage's failure means to the person who named it."""
    if is_full(error):
        return full_disk(Path(where.partition("://")[2].removeprefix("/") or "."))
    reason = str(getattr(error, "orig", None) or error.__cause__ or error).strip().splitlines() or [""]
    driver = isinstance(error, ImportError) or isinstance(error.__cause__, ImportError)
    return LauncherError(
        f"the study's storage does not answer: {without_passwords(reason[0])[:200] or type(error).__name__}",
        where=f"sweep.storage={printable(where)}",
        expected="a database that is up, e.g. postgresql+psycopg://user@host/database, or a journal's file name",
        hint="install the driver that the URL names" if driver else None,
    )


def printable(where: str) -> str:
    """A storage without its password."""
    return without_passwords(where)


class quiet(warnings.catch_warnings):  # noqa: N801
    """Without warnings about what Optuna calls experimental."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", FutureWarning)
