"""Compiling, or loading what an earlier process compiled, before the time of a search is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context

from launcher.engines.native.mapper.imperfect.search import imperfect_search
from launcher.engines.native.mapper.search.clock import Clock
from launcher.engines.native.mapper.search.objective import criteria_order
from launcher.engines.native.mapper.search.perfect import perfect_search
from launcher.engines.native.mapper.space.mapspace import mapspace_of
from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.constraints import Factors
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification


def warm_up(specification: Specification, factors: Factors) -> None:
    """Make sure that all compiled code that a search of this specification needs is there.

    The first time on a machine this takes some seconds; later it is a matter of milliseconds.
    """
    sliding = any(len(rank) > 1 for space in specification.problem.data_spaces for rank in space.projection)
    _search_something_tiny(sliding=sliding)
    if factors is not Factors.perfect:
        _search_something_imperfect()


def compile_all() -> Iterator[str]:
    """Compile every search, two at a time in processes of their own; yields the name of each that is done.

    Those for matmuls and for windows share code, and are one process's work.
    """
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(work): name for name, work in _PARTS.items()}
        for done in as_completed(running):
            done.result()
            yield running[done]


@cache
def _search_something_tiny(*, sliding: bool) -> None:
    perfect_search(mapspace_of(_tiny(sliding=sliding)), criteria_order(("edp",)), Clock(None, None)).run()


@cache
def _search_something_imperfect() -> None:
    mapspace = mapspace_of(_tiny(sliding=False), Factors.all)
    imperfect_search(mapspace, criteria_order(("edp",)), Clock(None, None)).run()


def _search_with_windows_and_without() -> None:
    _search_something_tiny(sliding=False)
    _search_something_tiny(sliding=True)


_PARTS: dict[str, Callable[[], None]] = {
    "searches with perfect factors": _search_with_windows_and_without,
    "searches with imperfect factors": _search_something_imperfect,
}
"""What can be compiled at the same time, by its name."""


def _tiny(*, sliding: bool) -> Specification:
    inputs = ((Term("P"), Term("R")),) if sliding else ((Term("P"),), (Term("R"),))
    problem = Problem(
        "warm-up",
        {"P": 5, "R": 5},
        (DataSpace("Inputs", inputs), DataSpace("Outputs", ((Term("P"),),), read_write=True)),
    )
    actions = {name: (ActionEnergy(1.0),) for name in ("read", "write", "update", "compute")}
    levels = tuple(StorageLevel(name, "SRAM", read_bandwidth=1.0) for name in ("inner", "outer"))
    architecture = Architecture("warm-up", levels, ComputeLevel("mac", "intmac"))
    energy = EnergyTable(dict.fromkeys(("inner", "outer", "mac"), actions))
    return Specification(architecture, problem, energy=energy)
