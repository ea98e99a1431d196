"""A study's trials as they come and end: a look costs what is new, however many there were before."""

from __future__ import annotations

from dataclasses import dataclass

from optuna.study import Study
from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Look:
    """What one look at a study found; trials are not to be changed.

    Attributes:
        ended: the trials that ended since the look before.
        open: those that have not, those that wait for their turn included.
    """

    ended: list[FrozenTrial]
    open: list[FrozenTrial]


class FollowedTrials:
    """Follows all trials of one study, also those of other processes. What ended never changes again."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._seen = 0
        self._open: list[int] = []

    def look(self) -> Look:
        """What ended since the last look, and what is open now."""
        every = self.study.get_trials(deepcopy=False)  # by their numbers
        looked_at = [every[number] for number in (*self._open, *range(self._seen, len(every)))]
        look = Look(
            [one for one in looked_at if one.state.is_finished()],
            [one for one in looked_at if not one.state.is_finished()],
        )
        self._seen, self._open = len(every), [one.number for one in look.open]
        return look
