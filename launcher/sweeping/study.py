"""A study that several processes may share, and that a killed process leaves in good order."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from launcher.reading.studies import RESULT
from launcher.sweeping.followed import FollowedTrials
from launcher.sweeping.identity import check_same
from launcher.sweeping.processes import ALIVE, Heartbeat, Process, is_silent
from launcher.sweeping.storages import quiet

_IDENTITY = "identity"
_OWNER = "owner"
_BEGUN = "begun"
_FOLDER = "folder:"
OVER = "over"
"""Noted of a grid that has nothing left to do: its command starts a new one."""


class SharedStudy:
    """An Optuna study with an identity, owners of running trials, and results.

    Attributes:
        study: Optuna's.
        finished: the trials that had finished when :meth:`under_way` was asked last, in the order in which that was
            seen; not those that were taken back.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.finished: list[FrozenTrial] = []
        self._followed = FollowedTrials(study)
        self._me = Process.current()
        self._heart = Heartbeat(self._beat)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, also those of other processes, but not those that were taken back; not to be changed."""
        every = self.study.get_trials(deepcopy=False)
        return [one for one in every if one.state != TrialState.WAITING and not _is_dropped(one)]

    def under_way(self) -> list[FrozenTrial]:
        """Running trials, also those of other processes; unlike :attr:`trials` it does not go through all others."""
        look = self._followed.look()
        self.finished += [one for one in look.ended if not _is_dropped(one)]
        return [one for one in look.open if one.state == TrialState.RUNNING]

    def start(self) -> None:
        """Tell other processes, from now on and again and again, that this one is alive."""
        self._heart.start()

    def stop(self) -> None:
        """No more heartbeats."""
        self._heart.stop()

    def ask(self, folder_of: Callable[[Trial], Path]) -> Trial:
        """A new trial, or an enqueued one, whose files will be in the folder that ``folder_of`` says."""
        with quiet():
            trial = self.study.ask()
        self.claim(trial, folder_of(trial))
        return trial

    def claim(self, trial: Trial, folder: Path) -> None:
        """Say that a trial is this process's, and where its files are or will be."""
        trial.set_user_attr(_OWNER, {**vars(self._me), "folder": str(folder)})

    def abandoned(self) -> list[tuple[Trial, Path | None]]:
        """Running trials whose process is gone, and the folders where their files may be."""
        with quiet():
            left = [one for one in self.under_way() if self._is_abandoned(one)]
            return [(Trial(self.study, one._trial_id), _folder(one)) for one in left]

    def is_abandoned(self, trial: Trial) -> bool:
        """Whether a trial that was abandoned is still nobody's: another process may have taken it over since."""
        return any(one.number == trial.number and self._is_abandoned(one) for one in self.under_way())

    def enter(self, folder: Path) -> set[Path]:
        """Say that this process is about to write into a sweep's folder.

        Returns:
            Every such folder, and those of trials under way: where a process that was killed may have left something.
        """
        self.note(f"{_FOLDER}{folder}", True)
        keys = (key for key in self.study.user_attrs if key.startswith(_FOLDER))
        left = (_folder(one) for one in self.under_way())
        return {*(Path(key.removeprefix(_FOLDER)) for key in keys), *(one for one in left if one is not None)}

    @property
    def has_company(self) -> bool:
        """Whether other processes that live have said that they share it."""
        beats = self.study.user_attrs
        others = (Process.of(key) for key in beats if key.startswith(ALIVE) and key != self._me.key)
        return any(self._lives(one, beats) for one in others)

    def rivals(self) -> list[FrozenTrial]:
        """What other processes that live have under way."""
        others = [
            one for one in self.under_way() if (owner := one.user_attrs.get(_OWNER)) and _process(owner) != self._me
        ]
        return [one for one in others if not self._is_abandoned(one)]

    def begin(self, trial: Trial) -> None:
        """Say that a trial is about to run; see :func:`is_begun`."""
        trial.set_user_attr(_BEGUN, True)

    def keep(self, trial: Trial, result: Mapping[str, Any]) -> None:
        """Write down what came out, before the trial is told; see :func:`result_of`."""
        trial.set_user_attr(RESULT, dict(result))

    def tell(self, trial: Trial, values: Sequence[float] | None, constraints: Mapping[str, float]) -> None:
        """Finish a trial; without values it failed."""
        with quiet():
            for name, violation in constraints.items():
                trial.set_constraint(name, violation)
            self._finish(trial, values, TrialState.FAIL if values is None else None)

    def leave_out(self, trial: Trial) -> None:
        """Finish a trial that cannot be the best."""
        with quiet():
            self._finish(trial, None, TrialState.PRUNED)

    def _finish(self, trial: Trial, values: Sequence[float] | None, state: TrialState | None) -> None:
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
            others = [Process.of(key) for key in beats if key.startswith(ALIVE) and key != self._me.key]
            return is_silent(started) or not any(self._lives(one, beats) for one in others)
        process = _process(owner)
        return process != self._me and not self._lives(process, beats)

    @staticmethod
    def _lives(process: Process, beats: Mapping[str, Any]) -> bool:
        return process.lives(float(beats.get(process.key, 0.0)))

    def _beat(self) -> None:
        self.study.set_user_attr(self._me.key, time.time())


def _is_dropped(trial: FrozenTrial) -> bool:
    """Whether it was one too many; those that were left out for their bounds say so."""
    return trial.state == TrialState.PRUNED and result_of(trial) is None


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
    else:
        check_same(name, earlier or {}, identity, where)
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


def is_begun(trial: FrozenTrial) -> bool:
    """Whether its process has made sure that the point is nobody else's."""
    return bool(trial.user_attrs.get(_BEGUN))


def _process(owner: Mapping[str, Any]) -> Process:
    return Process(owner["host"], owner["pid"], owner["born"])


def _folder(trial: FrozenTrial) -> Path | None:
    owner = trial.user_attrs.get(_OWNER)
    return Path(owner["folder"]) if owner else None
