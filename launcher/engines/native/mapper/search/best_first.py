"""The search itself: every spatial assignment and bypass choice, best bound first, until nothing can be better."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from threading import Thread

from launcher.engines.native.mapper.search.board import Board, Outcome
from launcher.engines.native.mapper.search.candidates import Queue
from launcher.engines.native.mapper.search.clock import Clock
from launcher.engines.native.mapper.search.objective import is_better
from launcher.engines.native.mapper.search.worker import Plan, Worker


class BestFirstSearch:
    """A search of one mapspace for one objective.

    Args:
        plan, queue: what is searched, and its candidates.
        clock: when to stop, and whom to tell.
        threads: how many workers search at the same time.

    Attributes:
        space, order: the mapspace, and the criteria.
        stopped: whether the time limit or Ctrl-C ended it.
    """

    def __init__(self, plan: Plan, queue: Queue, clock: Clock, threads: int = 1) -> None:
        self.space, self.order = plan.space, plan.order
        self._plan, self._queue = plan, queue
        self._clock, self._threads = clock, max(1, threads)
        self.stopped = False
        self._cut_short: float | None = None
        self._workers: list[Worker] = []
        self._totals: dict[str, int] = {}

    @property
    def counters(self) -> dict[str, int]:
        """Spatial assignments; their pairs with a bypass choice that were prepared and searched; nodes; evaluations."""
        names = ("prepared", "searched", "nodes", "evaluated")
        assignments = {"spatial_assignments": len(self._plan.assignments)}
        return assignments | {name: self._totals.get(name, 0) for name in names}

    @property
    def least_bound(self) -> float:
        """Lower bound of the first criterion over all mappings that were not looked at."""
        return self._queue.least_bounds[0] if self._cut_short is None else self._cut_short

    @property
    def least_figures(self) -> tuple[float, float]:
        """Lower bounds of the energy in pJ and of the cycles of all mappings, each by itself."""
        return self._queue.least_energy_pj, self._queue.least_busy + self._plan.machine.latency

    @property
    def frontier(self) -> list[tuple[float, float]] | None:
        """(energy in pJ, cycles) of which every mapping has at least as much of both as one; None where unknown."""
        points = self._queue.frontier
        return None if points is None else [(energy, busy + self._plan.machine.latency) for energy, busy in points]

    def run(
        self, most_cycles: float = inf, incumbent: Outcome | None = None, guess: Outcome | None = None
    ) -> Outcome | None:
        """Search until the optimum is proved or time is up; None when no mapping was found.

        Args:
            most_cycles: mappings that take longer are not wanted.
            incumbent: a mapping from elsewhere, which is kept when nothing better is found.
            guess: another one of this mapspace, which is as good as any other that is as good.
        """
        self._queue.restart()
        if self._plan.judge is not None:
            self._plan.judge.forget()
        board = Board(self._queue)
        for known in (incumbent, guess):
            if known is not None and known.cycles <= most_cycles:
                board.offer(known)
        settled = False
        try:
            self._minimise(board, most_cycles - self._plan.machine.latency)
            settled = not board.stopped
            if board.best is not None and settled:
                bound = min(board.unresolved, board.values[0])
                if board.best is not incumbent:
                    self._canonise(board)
        except KeyboardInterrupt:
            board.stopped = True
        self.stopped = not settled
        # The queue does not hold what workers were at.
        self._cut_short = board.lower_bound() if self.stopped else None
        for name, amount in board.counters.items():
            self._totals[name] = self._totals.get(name, 0) + amount
        if board.best is None:
            return None
        if not settled:
            return replace(board.best, lower_bound=board.lower_bound())
        return replace(board.best, proved=not is_better([bound], board.values[:1]), lower_bound=bound)

    def _minimise(self, board: Board, most_busy: float) -> None:
        while len(self._workers) < self._threads:
            self._workers.append(Worker(len(self._workers), self._plan))
        for worker in self._workers:
            worker.join(board, most_busy, self._clock.slice_nodes)
        self._look_up(board)
        self._workers[0].probe(self._queue.probes(), lambda: self._look_up(board))
        if self._threads == 1:
            self._workers[0].run(lambda: self._look_up(board))
            return
        threads = [Thread(target=_guarded, args=(worker, board), daemon=True) for worker in self._workers]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.02)
                    self._look_up(board)
        finally:
            board.stopped = board.stopped or any(thread.is_alive() for thread in threads)
            for thread in threads:
                thread.join()
        if board.failure is not None:
            raise board.failure

    def _canonise(self, board: Board) -> None:
        if self._plan.judge is not None:
            self._plan.judge.forget()
        self._workers[0].find_first(board.seen, lambda: self._look_up(board))

    def _look_up(self, board: Board) -> None:
        """Report progress, and stop when time is up."""
        self._clock.tick(board.values[0], board.lower_bound)
        if self._clock.expired:
            board.stopped = True


def _guarded(worker: Worker, board: Board) -> None:
    try:
        worker.run(lambda: None)
    except BaseException as failure:  # handed to the thread that waits for the search
        board.failure = failure
        board.stopped = True
