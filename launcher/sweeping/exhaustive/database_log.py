"""A log of records in a database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.mysql import MEDIUMTEXT
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from launcher.errors import LauncherError
from launcher.sweeping.exhaustive.logs import Record, forgotten, plain
from launcher.sweeping.identity import check_same
from launcher.sweeping.storages import engine_settings, patiently, printable, storage_error

_TABLES = MetaData()
_LONG = Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

_LEDGERS = Table(
    "launcher_ledgers",
    _TABLES,
    Column("id", Integer, primary_key=True),
    Column("study", String(255), nullable=False, unique=True),
    Column("identity", _LONG, nullable=False),
    Column("changes", _NUMBER, nullable=False),
    sqlite_autoincrement=True,  # a forgotten ledger's number is never given again
)
_RECORDS = Table(
    "launcher_ledger_records",
    _TABLES,
    Column("id", _NUMBER, primary_key=True),
    Column("ledger", Integer, nullable=False),
    Column("record", _LONG, nullable=False),
    Index("launcher_ledger_records_in_order", "ledger", "id"),
    sqlite_autoincrement=True,
)
_ROWS = 1000
"""Records that are read at once."""


class DatabaseLog:
    """A row for each record.

    Who writes first changes the row of the study, and holds it until all is written: so rows of one study become
    visible in the order of their numbers.
    """

    def __init__(self, url: str, study: str, identity: Mapping[str, Any]) -> None:
        """The log of ``study``, which is made when it does not exist.

        Raises:
            ConfigurationError: it was made for something else.
            LauncherError: the database does not answer.
        """
        self._url = url
        self._engine = _engine(url)
        self._open: Connection | None = None
        self._last = 0
        self._has_all = False
        try:
            self._ledger, earlier = _opened(url, self._engine, study, identity)
            self._own = _LEDGERS.c.id == self._ledger
            check_same(study, earlier, plain(identity), printable(url))
        except BaseException:
            self._engine.dispose()
            raise

    def read(self) -> list[Record]:
        if self._has_all:
            return []
        wanted = (
            select(_RECORDS.c.id, _RECORDS.c.record)
            .where(_RECORDS.c.ledger == self._ledger, _RECORDS.c.id > self._last)
            .order_by(_RECORDS.c.id)
            .limit(_ROWS)
        )
        with _answering(self._url):
            if self._open is not None:
                rows = self._open.execute(wanted).all()
            else:
                with self._engine.connect() as connection:
                    rows = connection.execute(wanted).all()
                    if not rows and connection.execute(select(_LEDGERS).where(self._own)).first() is None:
                        raise forgotten(printable(self._url))
        self._last = rows[-1].id if rows else self._last
        self._has_all = self._open is not None and len(rows) < _ROWS  # nobody else writes meanwhile
        return [self._record(row.record) for row in rows]

    @contextmanager
    def alone(self) -> Iterator[None]:
        with _answering(self._url), self._engine.begin() as connection:
            mine = update(_LEDGERS).where(self._own).values(changes=_LEDGERS.c.changes + 1)
            if not connection.execute(mine).rowcount:
                raise forgotten(printable(self._url))
            self._open = connection
            try:
                yield
            finally:
                self._open = None
                self._has_all = False

    def append(self, record: Mapping[str, Any]) -> None:
        assert self._open is not None
        self._has_all = False
        text = json.dumps(record, separators=(",", ":"))
        self._open.execute(insert(_RECORDS).values(ledger=self._ledger, record=text))

    def damaged(self, how: str, later: int = 0) -> LauncherError:
        return LauncherError(
            f"the study's records are damaged: {how}",
            where=f"{printable(self._url)}, table {_RECORDS.name}",
            hint="sweep.restart=true forgets them",
        )

    def close(self) -> None:
        self._engine.dispose()

    def _record(self, text: str) -> Record:
        try:
            record: Record = json.loads(text)
        except ValueError as error:
            raise self.damaged(str(error)) from error
        return record


def forget_rows(url: str, study: str) -> None:
    """Delete the log of this study, if it exists.

    Raises:
        LauncherError: the database does not answer.
    """
    engine = _engine(url)
    try:
        with _answering(url), engine.begin() as connection:
            connection.execute(update(_LEDGERS).where(_LEDGERS.c.study == study).values(changes=0))  # waits for others
            ledger = select(_LEDGERS.c.id).where(_LEDGERS.c.study == study).scalar_subquery()
            connection.execute(delete(_RECORDS).where(_RECORDS.c.ledger == ledger))
            connection.execute(delete(_LEDGERS).where(_LEDGERS.c.study == study))
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    def made() -> Engine:
        engine = create_engine(url, **engine_settings(url))
        _TABLES.create_all(engine)
        return engine

    return patiently(url, made)


def _opened(url: str, engine: Engine, study: str, identity: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The number of a study's log, made when there is none, and what it was made for."""
    wanted = select(_LEDGERS.c.id, _LEDGERS.c.identity).where(_LEDGERS.c.study == study)
    with _answering(url):
        try:
            with engine.begin() as connection:
                if connection.execute(wanted).first() is None:
                    made = {"study": study, "identity": json.dumps(identity), "changes": 0}
                    connection.execute(insert(_LEDGERS).values(made))
        except IntegrityError:
            pass  # another process made it at this moment
        with engine.begin() as connection:
            row = connection.execute(wanted).first()
    if row is None:
        raise forgotten(printable(url))
    return int(row.id), json.loads(row.identity)


@contextmanager
def _answering(url: str) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise storage_error(url, error) from error
