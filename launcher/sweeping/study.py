"""A study that several processes may share, and that a killed process leaves in good order."""

from __future__ import annotations

import os
import socket
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from launcher.errors import ConfigurationError, LauncherError
from launcher.reading.studies import RESULT
from launcher.sweeping.identity import what_changed
from launcher.sweeping.journal import open_journal

_IDENTITY = "identity"
_OWNER = "owner"
OVER = "over"
"""Noted of a grid that has nothing left to do: its command starts a new one."""

_ALIVE = "alive:"
_BEAT_S = 30.0
_ATTEMPTS = 5
_SILENCE_S = 4 * _BEAT_S
"""A process that has not been heard of for so long is taken for dead."""


@dataclass(frozen=True)
class Process:
    """Who runs a trial; unique over machines and time."""

    host: str
    pid: int
    born: str

    @classmethod
    def current(cls) -> Process:
        return cls(socket.gethostname(), os.getpid(), _born(os.getpid()))

    @classmethod
    def of(cls, key: str) -> Process:
        """The process with this :attr:`key`."""
        host, pid, born = key.removeprefix(_ALIVE).rsplit(":", 2)
        return cls(host, int(pid), born)

    @property
    def key(self) -> str:
        """What it calls itself in the study when it says that it is alive."""
        return f"{_ALIVE}{self.host}:{self.pid}:{self.born}"

    @property
    def is_here(self) -> bool:
        return self.host == socket.gethostname()

    @property
    def runs_here(self) -> bool:
        """Whether this process of this machine is still running."""
        born = _born(self.pid)
        return bool(born) and born == self.born


def _born(pid: int) -> str:
    """When a process started; empty when it does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        if Path("/proc/self").exists():
            return ""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return ""
    return "running"


class SharedStudy:
    """An Optuna study with an identity, owners of running trials, and results."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._me = Process.current()
        self._stop = threading.Event()

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, also those of other processes; not to be changed."""
        every = self.study.get_trials(deepcopy=False)
        return [one for one in every if one.state not in (TrialState.WAITING, TrialState.PRUNED)]

    def start(self) -> None:
        """Tell other processes, from now on and again and again, that this one is alive."""
        self._beat()
        threading.Thread(target=self._beat_on, name="study-heartbeat", daemon=True).start()

    def stop(self) -> None:
        """No more heartbeats."""
        self._stop.set()

    def ask(self, sweep: Path) -> Trial:
        """A new trial, or an enqueued one, whose files will be in the folder ``sweep``."""
        with _quiet():
            trial = self.study.ask()
        self.claim(trial, sweep / str(trial.number))
        return trial

    def claim(self, trial: Trial, folder: Path) -> None:
        """Say that a trial is this process's, and where its files are or will be."""
        trial.set_user_attr(_OWNER, {**vars(self._me), "folder": str(folder)})

    def abandoned(self) -> list[tuple[Trial, Path | None]]:
        """Running trials whose process is gone, and the folders where their files may be."""
        running = [one for one in self.trials if one.state == TrialState.RUNNING]
        with _quiet():
            return [(Trial(self.study, one._trial_id), _folder(one)) for one in running if self._is_abandoned(one)]

    def is_abandoned(self, trial: Trial) -> bool:
        """Whether a trial that was abandoned is still nobody's: another process may have taken it over since."""
        found = next(one for one in self.trials if one.number == trial.number)
        return found.state == TrialState.RUNNING and self._is_abandoned(found)

    def keep(self, trial: Trial, result: Mapping[str, Any]) -> None:
        """Write down what came out, before the trial is told; see :func:`result_of`."""
        trial.set_user_attr(RESULT, dict(result))

    def tell(self, trial: Trial, values: Sequence[float] | None, constraints: Mapping[str, float]) -> None:
        """Finish a trial; without values it failed."""
        with _quiet():
            for name, violation in constraints.items():
                trial.set_constraint(name, violation)
            state = TrialState.FAIL if values is None else None
            try:
                self.study.tell(trial, values, state=state, skip_if_finished=True)
            except RuntimeError as error:
                # Grid and brute force want to stop a loop that is not theirs; the trial is stored by then.
                if "Study.stop" not in str(error):
                    raise

    def drop(self, trial: Trial) -> None:
        """Take a trial back that was one too many, since another process asked at the same moment."""
        self.study.tell(trial, state=TrialState.PRUNED)

    def note(self, name: str, value: object) -> None:
        """Keep something for later runs of the same study."""
        self.study.set_user_attr(name, value)

    def noted(self, name: str) -> Any:
        """What :meth:`note` kept; None when there is nothing."""
        return self.study.user_attrs.get(name)

    def _is_abandoned(self, trial: FrozenTrial) -> bool:
        owner = trial.user_attrs.get(_OWNER)
        beats = self.study.user_attrs
        if owner is None:  # whoever asked for it was killed at that moment, or is about to claim it
            started = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
            others = [Process.of(key) for key in beats if key.startswith(_ALIVE) and key != self._me.key]
            return time.time() - started > _SILENCE_S or not any(self._lives(one, beats) for one in others)
        process = Process(owner["host"], owner["pid"], owner["born"])
        return process != self._me and not self._lives(process, beats)

    @staticmethod
    def _lives(process: Process, beats: Mapping[str, Any]) -> bool:
        if process.is_here:
            return process.runs_here
        return time.time() - float(beats.get(process.key, 0.0)) <= _SILENCE_S

    def _beat(self) -> None:
        self.study.set_user_attr(self._me.key, time.time())

    def _beat_on(self) -> None:
        while not self._stop.wait(_BEAT_S):
            try:
                self._beat()
            except Exception:
                # Whoever needs the storage next meets the same obstacle and reports it.
                return


def result_of(trial: FrozenTrial | Trial) -> dict[str, Any] | None:
    """What :meth:`SharedStudy.keep` wrote down for a trial."""
    return trial.user_attrs.get(RESULT)


def open_study(
    storage: BaseStorage,
    name: str,
    sampler: BaseSampler,
    directions: Sequence[str],
    identity: Mapping[str, Any],
    where: str,
) -> SharedStudy:
    """The study called ``name``, made when it does not exist.

    Raises:
        ConfigurationError: it exists, and its trials are not comparable with new ones.
    """
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        sampler=sampler,
        directions=[StudyDirection[one.upper()] for one in directions],
        load_if_exists=True,
    )
    earlier = study.user_attrs.get(_IDENTITY)
    if earlier is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(_IDENTITY, dict(identity))
    elif earlier != identity:
        changed = what_changed(earlier or {}, identity)
        raise ConfigurationError(
            f"the study {name} was made for something else: {'; '.join(changed)}",
            where=where,
            hint="sweep.restart=true forgets its trials, sweep.study=ANOTHER_NAME leaves them alone",
        )
    return SharedStudy(study)


def finished_trials(storage: BaseStorage, name: str) -> int:
    """How many trials the study called ``name`` has; 0 when it does not exist."""
    try:
        return len(optuna.load_study(study_name=name, storage=storage).get_trials(deepcopy=False))
    except KeyError:
        return 0


def forget(storage: BaseStorage, name: str, *, only_if_over: bool = False) -> None:
    """Delete the study called ``name``, if it exists; by its number, since another process may do so as well."""
    try:
        number = storage.get_study_id_from_name(name)
        if not only_if_over or storage.get_study_user_attrs(number).get(OVER):
            storage.delete_study(number)
    except KeyError:
        return


def open_storage(where: str) -> BaseStorage:
    """The storage at a database's URL, or in a journal file.

    Raises:
        LauncherError: it does not answer, or cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if "://" not in where:
        return open_journal(Path(where).expanduser())
    connect = {"connect_timeout": 10} if where.startswith(("postgresql", "mysql")) else {}
    for attempt in range(_ATTEMPTS):
        try:
            with _quiet():
                return RDBStorage(where, engine_kwargs={"connect_args": connect, "pool_pre_ping": True})
        except Exception as error:
            # Another sweep makes the tables of a new database at this moment.
            if attempt == _ATTEMPTS - 1 or not ("already exists" in str(error) or "duplicate key" in str(error)):
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
    reason = str(getattr(error, "orig", None) or error.__cause__ or error).strip().splitlines() or [""]
    driver = isinstance(error, ImportError) or isinstance(error.__cause__, ImportError)
    return LauncherError(
        f"the study's storage does not answer: {reason[0][:200] or type(error).__name__}",
        where=f"sweep.storage={printable(where)}",
        expected="a database that is up, e.g. postgresql+psycopg://user@host/database, or a journal's file name",
        hint="install the driver that the URL names" if driver else None,
    )


def printable(where: str) -> str:
    """A storage without its password."""
    scheme, mark, rest = where.partition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}{mark}{user.partition(':')[0]}{at}{host}"


def _folder(trial: FrozenTrial) -> Path | None:
    owner = trial.user_attrs.get(_OWNER)
    return Path(owner["folder"]) if owner else None


class _quiet(warnings.catch_warnings):  # noqa: N801
    """Without warnings about what Optuna calls experimental."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", FutureWarning)
