"""Compiling, or loading what an earlier process compiled, before the time of a search is taken."""

from __future__ import annotations

from functools import cache

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
    _search_something_tiny(sliding=sliding, imperfect=factors is not Factors.perfect)


@cache
def _search_something_tiny(*, sliding: bool, imperfect: bool) -> None:
    order = criteria_order(("edp",))
    perfect_search(mapspace_of(_tiny(sliding=sliding)), order, Clock(None, None)).run()
    if imperfect:
        imperfect_search(mapspace_of(_tiny(sliding=False), Factors.all), order, Clock(None, None)).run()


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
