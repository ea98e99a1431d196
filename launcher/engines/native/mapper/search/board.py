"""What the workers of one search share: the queue, the best mapping so far, and what is left to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from threading import Condition

from launcher.engines.native.mapper.search.candidates import Candidate, CriterionValues, Queue
from launcher.engines.native.mapper.search.objective import is_better
from launcher.specification.mapping import Mapping


@dataclass(frozen=True)
class Outcome:
    """The best mapping found.

    Attributes:
        mapping: it.
        energy_pj, cycles: its figures, network latency included.
        values: all criteria in order.
        proved: whether no mapping is better.
        lower_bound: of the first criterion over all mappings.
    """

    mapping: Mapping
    energy_pj: float
    cycles: int
    values: list[float]
    proved: bool = False
    lower_bound: float = 0.0


class Board:
    """Shared state; all methods may be called from any thread.

    Attributes:
        stopped: set to make the workers stop soon.
        best: the best mapping so far.
        unresolved: least bound of nests whose mappings could not all be judged.
        seen: candidates that were looked at and hold a mapping, with their last bounds.
        counters: what the search did.
        failure: what went wrong in a worker's thread.
    """

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.stopped = False
        self.best: Outcome | None = None
        self.values: list[float] = [inf] * len(queue.order)
        self.unresolved = inf
        self.seen: list[Candidate] = []
        self.failure: BaseException | None = None
        self.counters: dict[str, int] = {}
        self._turn = Condition()
        self._busy: dict[int, float] = {}
        self._least_tight: CriterionValues = (inf,)

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a counter."""
        with self._turn:
            self.counters[name] = self.counters.get(name, 0) + amount

    def take(self, worker: int, pause: Callable[[], None]) -> Candidate | None:
        """The next candidate; waits while others may still add some. None when the search is over.

        Args:
            worker: who asks.
            pause: called between two portions of work.
        """
        with self._turn:
            if not self.stopped:  # a candidate that was cut short may hold something yet
                self._busy.pop(worker, None)
            self._turn.notify_all()
        while not self.stopped:
            with self._turn:
                # A bound above the best value cannot hold anything better, whatever the other criteria say.
                better = self.queue.may_hold_better(self.values)
                if better and self.queue.list_choices():
                    candidate = self.queue.pop()
                    if candidate is not None:
                        self._busy[worker] = candidate.bounds[0]
                        return candidate
                    better = False
                if not better:
                    if not self._busy:
                        return None
                    self._turn.wait(0.1)
            pause()
        return None

    def put_back(self, candidate: Candidate) -> None:
        """Return a candidate whose bound got worse than that of others."""
        with self._turn:
            self.queue.add(candidate)
            self._turn.notify_all()

    def note(self, candidate: Candidate) -> None:
        """Remember a candidate for the search for the first of the best mappings."""
        with self._turn:
            self.seen.append(candidate)

    def report_bound(self, worker: int, bound: float) -> None:
        """Tell what a worker's candidate can still hold at best."""
        self._busy[worker] = bound

    def is_best_bound(self, bounds: CriterionValues) -> bool:
        """Whether no candidate with smaller tight bounds was met before."""
        with self._turn:
            if bounds >= self._least_tight:
                return False
            self._least_tight = bounds
            return True

    def offer(self, outcome: Outcome, *, or_equal: bool = False) -> bool:
        """Take a mapping as the best one if it is better."""
        with self._turn:
            if not is_better(outcome.values, self.values, or_equal=or_equal):
                return False
            self.best, self.values = outcome, list(outcome.values)
            return True

    def leave_open(self, bound: float) -> None:
        """Note a nest that was not judged completely."""
        with self._turn:
            self.unresolved = min(self.unresolved, bound)

    def lower_bound(self) -> float:
        """Lower bound of the first criterion over everything that was not looked at yet, and the best mapping."""
        with self._turn:
            return min(self.queue.least_bounds[0], self.unresolved, self.values[0], *self._busy.values())
