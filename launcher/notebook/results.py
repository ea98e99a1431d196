"""Several finished trials, as a notebook wants them: a sequence that can be asked, shown and drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from launcher.figures import CRITERIA
from launcher.results.fronts import front_of
from launcher.results.parameters import plain, varying_parameters
from launcher.results.ranking import ranked
from launcher.results.result import Result


def results_of(trials: Iterable[Result], skipped: Iterable[str] = ()) -> Results:
    """The trials, ranked by what their mappings were chosen for when that is the same for all, else by EDP."""
    kept = tuple(trials)
    objectives = {one.optimality.objective for one in kept if one.optimality}
    objective = objectives.pop() if len(objectives) == 1 else ()
    known = objective and all(name in CRITERIA for name in objective)
    return Results(kept, objective if known else ("edp",), tuple(skipped))


@dataclass(frozen=True)
class Results(Sequence[Result]):
    """Finished trials, in the order in which they were run.

    In a notebook it shows itself as a table, best trial first; it can be indexed, sliced and iterated over.

    Attributes:
        trials: all of them, failed ones included.
        objective: what decides which is best: ``edp``, ``energy`` or ``cycles``, or several of them in order.
        skipped: trials that were there but could not be read, as ``place: reason``.
    """

    trials: tuple[Result, ...]
    objective: tuple[str, ...] = ("edp",)
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
            objective: ``edp``, ``energy``, ``cycles``, or several in order; None means the sweep's own.

        Raises:
            ValueError: no trial found a mapping.
        """
        first = next(iter(ranked(self.trials, objective or self.objective)), None)
        if first is None or not first.ok:
            raise ValueError(f"none of the {len(self)} trials found a mapping")
        return first

    def front(self) -> Results:
        """The trials that no other one beats in energy without losing in cycles, the least energy first."""
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
        good = self.ok
        if not good:
            return f"<{len(self)} trials, none with a mapping>"
        criterion = self.objective[0]
        value = CRITERIA[criterion].of(self.best())
        return f"<{len(self)} trials, {len(self) - len(good)} without a mapping, best {criterion} {value:.4g}>"

    def _with(self, trials: Sequence[Result]) -> Results:
        return Results(tuple(trials), self.objective)
