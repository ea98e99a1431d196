"""Making MLflow's database, so that a kill at any moment leaves either none or a whole one.

MLflow builds a new sqlite file through dozens of migrations, which no transaction holds together: a process that is
killed among them leaves tables that no later run of MLflow can use or mend. So the database is made under another name
and renamed. It takes MLflow seconds and comes out the same for every folder, so the cache folder keeps a copy.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from launcher.cache_place import cache_folder
from launcher.disks import is_full
from launcher.whole_files import whole_file

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

_CAN_LOCK = fcntl is not None

_BESIDE = ("", "-journal", "-wal", "-shm")
"""What sqlite appends to a database's name. It would play the journal of a removed file back into a new one."""


def make_database(file: Path) -> None:
    """Turn an empty file into MLflow's database; any other file is left as it is.

    Several processes may do so at once: one makes it, the others wait.

    Raises:
        OSError: the folder cannot be written.
    """
    file = file.resolve()
    while file.stat().st_size == 0:
        with _locked(file) as still_empty:
            if still_empty:
                fresh = file.with_name(f".{file.name}.new")
                _make(fresh)
                fresh.replace(file)


@contextmanager
def _locked(file: Path) -> Iterator[bool]:
    """Keep other processes out; false when one of them replaced the file before it was our turn."""
    if not _CAN_LOCK:
        yield True
        return
    with file.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # the system releases it when its holder dies
        yield os.path.samestat(os.fstat(held.fileno()), file.stat())


def _make(fresh: Path) -> None:
    kept = cache_folder() / "mlflow" / f"empty-{version('mlflow')}.db"
    for ending in _BESIDE:  # a process that was killed may have left them
        fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
    try:
        shutil.copyfile(kept, fresh)
    except OSError as error:
        fresh.unlink(missing_ok=True)  # a part of it, which MLflow could not use
        if is_full(error):
            raise
        _migrate(fresh)
        _keep(fresh, kept)
    _write_out(fresh)


def _migrate(fresh: Path) -> None:
    """What MLflow does with a database that it does not know, without waiting for the disk after every statement."""
    import sqlalchemy  # noqa: PLC0415
    from mlflow.store.db.utils import _initialize_tables  # noqa: PLC0415 - mlflow db upgrade offers no such settings

    engine = sqlalchemy.create_engine(f"sqlite:///{fresh}")

    @sqlalchemy.event.listens_for(engine, "connect")
    def hurry(connection: sqlalchemy.engine.interfaces.DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.execute("PRAGMA journal_mode=MEMORY")
        cursor.close()

    _initialize_tables(engine)
    engine.dispose()


def _keep(fresh: Path, kept: Path) -> None:
    """A cache that cannot be written is no reason to fail."""
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(kept) as temporary:
            shutil.copyfile(fresh, temporary)
            _write_out(temporary)


def _write_out(file: Path) -> None:
    with file.open("rb+") as written:
        os.fsync(written.fileno())
