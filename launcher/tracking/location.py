"""Where runs are stored: the default, what the user said, and whether it answers."""

from __future__ import annotations

import os
import shlex
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from launcher.errors import ConfigurationError, LauncherError
from launcher.plain_text import without_passwords
from launcher.tracking.tracker import TrackingSettings

_SQLITE = "sqlite:///"
_SERVERS = ("http", "https")
_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_LOCAL_PAGES = "http://127.0.0.1:5000"
_SQLITE_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True)
class Location:
    """A tracking store.

    Attributes:
        uri: absolute, as MLflow wants it.
        artifact_root: folder for the runs' files; None leaves it to the server.
        command: what shows the runs of a database; None where a server shows them itself.
        file: the database, when it is a file of ours.
    """

    uri: str
    artifact_root: Path | None
    command: str | None
    file: Path | None = None

    @property
    def is_server(self) -> bool:
        """Whether somebody else's process keeps the runs."""
        return urlsplit(self.uri).scheme in _SERVERS

    def page(self, experiment_id: str, run_id: str) -> str:
        """The address of a run's page, by what :attr:`command` starts or by the server."""
        return f"{self.experiment_page(experiment_id)}/runs/{run_id}"

    def experiment_page(self, experiment_id: str) -> str:
        """The address of an experiment's page."""
        host = self.uri if self.is_server else _LOCAL_PAGES
        return f"{host}/#/experiments/{experiment_id}"

    @property
    def printable_uri(self) -> str:
        """The URI without the password that it may hold."""
        return without_passwords(self.uri)


def locate(settings: TrackingSettings) -> Location:
    """The store that the settings mean: ``settings.uri``, else ``MLFLOW_TRACKING_URI``, else sqlite in the folder.

    Raises:
        ConfigurationError: a kind of store that MLflow does not offer, or no longer offers.
    """
    directory = (settings.directory or Path.cwd()).absolute()
    uri = settings.uri or os.environ.get("MLFLOW_TRACKING_URI") or f"{_SQLITE}mlflow.db"
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme in _SERVERS:
        return Location(uri.rstrip("/"), None, None)
    if scheme == "sqlite":
        return _sqlite(uri, directory)
    if scheme in _PORTS:
        return Location(uri, directory / "mlartifacts", "mlflow ui --backend-store-uri <the same URI>")
    raise ConfigurationError(
        f"cannot record runs in {uri!r}",
        where="tracking.uri" if settings.uri else "the environment variable MLFLOW_TRACKING_URI",
        expected="a server (http://host:5000) or a database (sqlite:///mlflow.db, postgresql://...)",
        hint="leave it out to record in ./mlflow.db, or tracking=none to record nothing",
    )


def check_usable(location: Location, timeout_s: float) -> None:
    """Find out within ``timeout_s`` whether the store can be used.

    MLflow's own client and SQLAlchemy repeat a failing request for minutes before they give up.

    Raises:
        LauncherError: a server that does not answer, or a database file that cannot be written.
    """
    scheme = urlsplit(location.uri).scheme.partition("+")[0]
    if location.is_server:
        _check_server(location, timeout_s)
    elif location.file:
        _check_file(location.file)
    elif scheme in _PORTS:
        _check_database(location, _PORTS[scheme], timeout_s)


def _check_server(location: Location, timeout_s: float) -> None:
    try:
        with urllib.request.urlopen(f"{location.uri}/health", timeout=timeout_s):  # noqa: S310 - http(s) only, see above
            return
    except urllib.error.HTTPError as error:
        if error.code < 500:  # somebody answers; whether we are let in, MLflow's client will see
            return
        cause = f"status {error.code}"
    except (OSError, ValueError) as error:
        cause = str(getattr(error, "reason", error))
    raise _no_answer("MLflow server", location, cause, timeout_s)


def _check_database(location: Location, default_port: int, timeout_s: float) -> None:
    parts = urlsplit(location.uri)
    try:
        socket.create_connection((parts.hostname or "localhost", parts.port or default_port), timeout_s).close()
    except (OSError, ValueError) as error:
        raise _no_answer("database", location, str(error), timeout_s) from error


def _no_answer(what: str, location: Location, cause: str, timeout_s: float) -> LauncherError:
    return LauncherError(
        f"the {what} at {location.printable_uri} does not answer: {cause}",
        where="tracking.uri or MLFLOW_TRACKING_URI",
        expected=f"an answer within {timeout_s:g} s",
        hint="start it, correct the address, or use tracking=none",
    )


def _check_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        with path.open("rb") as file:
            start = file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise LauncherError(
            f"cannot record runs: {error.strerror or error}",
            where=str(path),
            expected="a database file that you may write",
            hint="start in another folder, set tracking.uri=sqlite:////path/mlflow.db, or use tracking=none",
        ) from error
    if start and start != _SQLITE_MAGIC:
        raise LauncherError(
            "cannot record runs: the file is not an sqlite database",
            where=str(path),
            hint="move it away, or set tracking.uri=sqlite:////path/other.db",
        )


def _sqlite(uri: str, directory: Path) -> Location:
    file, mark, query = uri.removeprefix(_SQLITE).partition("?")
    path = directory / unquote(file)
    # Versions of SQLAlchemy disagree on whether a percent sign in a path is an escape.
    if not uri.startswith(_SQLITE) or not file or "%" in str(path):
        raise ConfigurationError(
            f"cannot record runs in {uri!r} (in folder {directory})",
            where="tracking.uri or MLFLOW_TRACKING_URI",
            expected="a database file without % in its path: sqlite:///mlflow.db or sqlite:////absolute/mlflow.db",
        )
    return Location(f"{_SQLITE}{path.as_posix()}{mark}{query}", path.parent / "mlartifacts", _command(path), file=path)


def _command(path: Path) -> str:
    if path == Path.cwd() / "mlflow.db" and not _has_legacy_store(path.parent):
        return "mlflow ui"
    return f"mlflow ui --backend-store-uri {shlex.quote(f'{_SQLITE}{path.as_posix()}')}"


def _has_legacy_store(folder: Path) -> bool:
    # MLflow without an argument prefers an old file store over the database beside it.
    return any((folder / "mlruns").glob("*/meta.yaml"))
