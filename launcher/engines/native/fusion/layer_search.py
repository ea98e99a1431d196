"""The best own nests of one layer's part, for any weights of energy and cycles, each searched once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from math import inf

from launcher.engines.native.fusion.own_nest import OwnNest
from launcher.engines.native.fusion.supports import CYCLES, ENERGY, Direction, Supports
from launcher.engines.native.mapper.search.best_first import BestFirstSearch
from launcher.engines.native.mapper.search.board import Outcome
from launcher.engines.native.mapper.search.clock import Clock
from launcher.engines.native.mapper.search.objective import criteria_order
from launcher.engines.native.mapper.search.perfect import perfect_search
from launcher.engines.native.mapper.space.mapspace import mapspace_of
from launcher.engines.native.network_costs import network_latency_cycles
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification


class LayerSearch:
    """Searches of one specification, from any direction; what one finds helps all others.

    Args:
        specification: makes what is mapped; None when nothing can be. It is called when something is to be searched:
            of many parts only a bound is ever asked for, which easier ones give.
        clock: when to stop.

    Attributes:
        supports: what is known.
        searches: how many were run.
    """

    def __init__(self, specification: Callable[[], Specification | None], clock: Clock) -> None:
        self._specify, self._clock = specification, clock
        self.supports: Supports[OwnNest] = Supports()
        self.searches = 0
        self._impossible = False
        self._prepared: tuple[Direction, BestFirstSearch] | None = None
        self._roots: set[Direction] = set()
        self._frontier: list[tuple[float, float]] | None = None

    @cached_property
    def specification(self) -> Specification | None:
        """What is mapped."""
        return self._specify()

    def lower(self, direction: Direction) -> float:
        """A bound that needs no search; infinite when it is known that there is no mapping."""
        return inf if self._impossible else self.supports.lower(direction)

    def is_rooted(self, direction: Direction) -> bool:
        """Whether :meth:`root` has nothing to add."""
        return self._impossible or direction in self._roots

    def root(self, direction: Direction) -> float:
        """A bound that needs the fan-outs and bypass choices only, which are gone through for the first direction."""
        if not self.is_rooted(direction):
            self._roots.add(direction)
            if self._frontier is None:
                self._prepare(direction)
            else:
                self.supports.learn(direction, min(direction.value(*point) for point in self._frontier))
        return self.lower(direction)

    def settled(self, direction: Direction) -> OwnNest | None:
        """The best nest, when it is known."""
        return None if self._impossible else self.supports.settled(direction)

    def search(self, direction: Direction, most: float = inf) -> float:
        """The least value there is, or a bound of at least ``most`` when it is not below that.

        Returns:
            What :meth:`lower` knows afterwards. With a time limit that has passed it may be less than the least value.
        """
        if self._impossible or self.settled(direction) is not None or self.lower(direction) >= most:
            return self.lower(direction)
        run = self._prepare(direction)
        if run is None:
            return self.lower(direction)
        self.searches += 1
        outcome = run.run(incumbent=_limit(run, self._inner(direction, most)))
        if run.stopped:
            self._clock.expire()
        if outcome is not None and outcome.mapping.levels:
            self._keep(direction, outcome)
        if outcome is None:
            self._impossible = not run.stopped
        else:
            value = outcome.values[0] if outcome.proved else outcome.lower_bound
            self.supports.learn(direction, min(self._outer(direction, value), self._known(direction)))
        return self.lower(direction)

    def _known(self, direction: Direction) -> float:
        best = self.supports.best(direction)
        return inf if best is None else direction.value(best.energy_pj, best.cycles)

    def _keep(self, direction: Direction, outcome: Outcome) -> None:
        """Remember a nest by its own energy: the search's includes the price of its cycles."""
        assert self.specification is not None
        energy = outcome.energy_pj - self._price(direction) * (outcome.cycles - self._latency)
        self.supports.points.append(OwnNest(self.specification, outcome.mapping, energy, outcome.cycles))

    @staticmethod
    def _price(direction: Direction) -> float:
        """Of a cycle, in pJ, where energy is weighed."""
        return direction.cycles / direction.energy if direction.energy else 0.0

    def _prepare(self, direction: Direction) -> BestFirstSearch | None:
        """The search in a direction, ready to run."""
        if self._prepared is not None and self._prepared[0] == direction:
            return self._prepared[1]
        if self.specification is None:
            self._impossible = True
            return None
        space = mapspace_of(replace(self.specification, cycle_pj=self._price(direction)))
        if space.impossible:
            self._impossible = True
            return None
        order = criteria_order(("energy",) if direction.energy else ("cycles", "energy"))
        run = perfect_search(space, order, self._clock)
        self._prepared = direction, run
        if run.frontier:
            price = self._price(direction)
            self._frontier = [(energy - price * (cycles - self._latency), cycles) for energy, cycles in run.frontier]
        energy, cycles = run.least_figures
        self.supports.learn(ENERGY, energy)
        self.supports.learn(CYCLES, cycles)
        self.supports.learn(direction, self._outer(direction, run.least_bound))
        return run

    def _inner(self, direction: Direction, value: float) -> float:
        """A value in the mapper's own terms: it weighs energy with 1 and leaves the latency of networks out."""
        return (value - direction.cycles * self._latency) / direction.energy if direction.energy else value

    def _outer(self, direction: Direction, value: float) -> float:
        if not direction.energy:
            return direction.cycles * value
        return direction.energy * value + direction.cycles * self._latency

    @property
    def _latency(self) -> int:
        assert self.specification is not None
        return network_latency_cycles(self.specification.architecture)


def _limit(run: BestFirstSearch, most: float) -> Outcome | None:
    """What stands for a mapping that is just good enough not to be wanted; None when everything is wanted."""
    if most == inf:
        return None
    return Outcome(Mapping(()), most, 0, [most] + [inf] * (len(run.order) - 1))
