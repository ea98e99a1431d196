"""Several finished trials, as a notebook wants them: a sequence that can be asked, shown and drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from launcher.figures import CRITERIA
from launcher.reporting.best_words import best_words, trade_offs
from launcher.reporting.trials import counts
from launcher.results.best import best_rows, front_first
from launcher.results.fronts import front_of
from launcher.results.goals import Goals, grid_goals
from launcher.results.parameters import plain, varying_parameters
from launcher.results.ranking import ranked
from launcher.results.result import Result
from launcher.results.trial_rows import TrialRow, rows_of_results

_LEAST_EDP = grid_goals(["edp"], ())


def results_of(trials: Iterable[Result], skipped: Iterable[str] = (), goals: Goals | None = None) -> Results:
    """The trials, ranked by what their sweep was after.

    Args:
        trials: in the order in which they were run.
        skipped: trials that could not be read, and why.
        goals: the sweep's; None means what the mappings were chosen for when that is the same for all, else EDP.
    """
    kept = tuple(trials)
    objectives = {one.optimality.objective for one in kept if one.optimality}
    objective = objectives.pop() if len(objectives) == 1 else ()
    known = objective and all(name in CRITERIA for name in objective)
    return Results(kept, goals or (grid_goals(objective, ()) if known else _LEAST_EDP), tuple(skipped))


@dataclass(frozen=True)
class Results(Sequence[Result]):
    """Finished trials, in the order in which they were run.

    In a notebook it shows itself as a table, best trial first; it can be indexed, sliced and iterated over.

    Attributes:
        trials: all of them, failed ones included.
        goals: what decides which is best, as the sweep has it: one objective, or several with a front of trade-offs.
        skipped: trials that were there but could not be read, as ``place: reason``.
    """

    trials: tuple[Result, ...]
    goals: Goals = _LEAST_EDP
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.trials)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.trials)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> Result | Results:
        if isinstance(index, slice):
            return self._with(self.trials[index])
        return self.trials[index]

    @property
    def ok(self) -> Results:
        """Those that found a mapping."""
        return self._with([one for one in self.trials if one.ok])

    @property
    def failed(self) -> Results:
        """Those that did not; their ``reason`` says why."""
        return self._with([one for one in self.trials if not one.ok])

    @property
    def varying(self) -> list[str]:
        """Names of the parameters that differ between the trials."""
        return varying_parameters(self.trials)

    def where(self, **parameters: object) -> Results:
        """The trials with these parameters; a dot in a name is written as two underscores (``arch__rows=16``)."""
        wanted = {name.replace("__", "."): value for name, value in parameters.items()}
        return self._with(
            [one for one in self.trials if all(one.parameters.get(k) == value for k, value in wanted.items())]
        )

    def best(self, objective: str | Sequence[str] | None = None) -> Result:
        """The best trial.

        Args:
            objective: ``edp``, ``energy``, ``cycles``, or several in order; None means the sweep's own, of several
                objectives the trial of the front that is best by the first one.

        Raises:
            ValueError: no trial found a mapping.
        """
        first = next(iter(ranked(self.trials, objective) if objective else self.best_to_worst()), None)
        if first is None or not first.ok:
            raise ValueError(f"none of the {len(self)} trials found a mapping")
        return first

    def best_to_worst(self) -> list[Result]:
        """All trials by what the sweep was after: of several objectives the front first."""
        return [self.trials[row.number] for row in front_first(rows_of_results(self.trials, self.goals), self.goals)]

    def front(self) -> Results:
        """The trade-offs between the sweep's objectives, the best by the first one first.

        Of a sweep with one objective, or none of its own, those between energy and cycles, the least energy first.
        """
        if self.goals.several:
            return self._with([self.trials[row.number] for row in self._best_rows()])
        return self._with(front_of(self.ok, lambda one: (one.energy_pj, one.cycles)))

    def labelled(self) -> dict[str, Result]:
        """The trials that found a mapping, under names that tell them apart."""
        labels: dict[str, Result] = {}
        for number, one in enumerate(self.trials):
            if one.ok:
                label = self.label(one)
                labels[label if label not in labels else f"{label} ({number})"] = one
        return labels

    def label(self, result: Result) -> str:
        """What tells a trial apart from the others, e.g. ``rows=16 scratchpad_kib=512``."""
        values = (f"{name.rpartition('.')[2]}={plain(result.parameters.get(name))}" for name in self.varying)
        return " ".join(values) or result.name

    def __repr__(self) -> str:
        rows, best = rows_of_results(self.trials, self.goals), self._best_rows()
        if not best:
            return f"<{counts(rows)}, none {'with a mapping' if not self.ok else 'keeps all limits'}>"
        front = trade_offs(len(best), self.goals)
        return f"<{counts(rows)}: {front if self.goals.several else best_words(best, self.goals, ())}>"

    def _best_rows(self) -> list[TrialRow]:
        return best_rows(rows_of_results(self.trials, self.goals), self.goals)

    def _with(self, trials: Sequence[Result]) -> Results:
        return Results(tuple(trials), self.goals)
