"""Several calls of MLflow's as one transaction.

MLflow commits with every call, seven times for a run with its parameters, metrics and tags, and a commit waits for the
disk. It has no public way to do otherwise: what is replaced here for a while is the function that its store gets
sessions from. Stores without one, such as a server's, are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SESSIONS = "ManagedSessionMaker"


@contextmanager
def one_transaction(client: Any) -> Iterator[None]:
    """What ``client`` writes inside to a SQLite file is there as a whole at the end, or not at all.

    Args:
        client: of MLflow; nothing else may use it meanwhile.
    """
    store = getattr(getattr(client, "_tracking_client", None), "store", None)
    managed = getattr(store, _SESSIONS, None)
    if managed is None or getattr(store, "db_type", None) != "sqlite":
        yield
        return
    with managed(read_only=False) as session:

        @contextmanager
        def same_session(**_: object) -> Iterator[Any]:
            yield session
            session.flush()

        setattr(store, _SESSIONS, same_session)
        session.commit = session.flush  # metrics are committed by their own function
        try:
            yield
        finally:
            del session.commit
            setattr(store, _SESSIONS, managed)
