"""Several calls of MLflow's as one transaction.

MLflow commits with every call, seven times for a run with its parameters, metrics and tags, and a commit waits for the
disk. It has no public way to do otherwise: what is replaced here for a while is the function that its store gets
sessions from. Stores without one, such as a server's, are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_SESSIONS = "ManagedSessionMaker"


@contextmanager
def one_transaction(client: Any) -> Iterator[Any]:
    """What ``client`` writes inside to a SQLite file is there as a whole at the end, or not at all.

    Gives the database's session; None where there is no such file.

    Args:
        client: of MLflow; nothing else may use it meanwhile.
    """
    store = getattr(getattr(client, "_tracking_client", None), "store", None)
    managed = getattr(store, _SESSIONS, None)
    if managed is None or getattr(store, "db_type", None) != "sqlite":
        yield None
        return
    with managed(read_only=False) as session:

        @contextmanager
        def same_session(**_: object) -> Iterator[Any]:
            yield session
            session.flush()
            session.expire_all()  # as a commit would have it

        setattr(store, _SESSIONS, same_session)
        session.commit = session.flush  # metrics are committed by their own function
        try:
            yield session
        finally:
            del session.commit
            setattr(store, _SESSIONS, managed)


def insert_figures(
    session: Any, run_id: str, parameters: Mapping[str, str], metrics: Mapping[str, float], timestamp: int
) -> None:
    """Parameters and metrics of a new run, as MLflow's ``log_batch`` writes them, which takes ten times as long.

    Args:
        session: of :func:`one_transaction`.
        run_id: of a run that has none yet.
        parameters: as MLflow takes them: no text is too long.
        metrics: finite.
        timestamp: when they were measured, in ms.
    """
    from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam  # noqa: PLC0415
    from sqlalchemy import insert  # noqa: PLC0415

    own = {"run_uuid": run_id}
    measured = [
        {**own, "key": name, "value": value, "timestamp": timestamp, "step": 0, "is_nan": False}
        for name, value in metrics.items()
    ]
    written = [{**own, "key": name, "value": value} for name, value in parameters.items()]
    for table, rows in ((SqlParam, written), (SqlMetric, measured), (SqlLatestMetric, measured)):
        if rows:
            session.execute(insert(table), rows)
