"""The winner under the exact model: nothing passes that the model does not confirm."""

from __future__ import annotations

from launcher.engines.native.mapper.search.board import Outcome
from launcher.engines.native.model import evaluate
from launcher.results.evaluation import Evaluation
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification

AGREEMENT = 1e-9
"""How closely the search's own energy must meet the model's; cycles must be equal."""

COUNTED = 1 << 53
"""Cycles up to here are whole numbers in the search's arithmetic; more of them are rounded as energies are."""


class MapperDefectError(RuntimeError):
    """The search's arithmetic and the exact model disagree on the winner: a defect of ours, never a user's mistake."""


def confirm(specification: Specification, outcome: Outcome) -> Evaluation:
    """The exact model's figures of the winner, which must be the search's own.

    Raises:
        MapperDefectError: they are not.
    """
    evaluation = evaluate(specification, outcome.mapping)
    check_figures(evaluation, outcome.energy_pj, outcome.cycles, outcome.mapping)
    return evaluation


def check_figures(evaluation: Evaluation, energy_pj: float, cycles: int, mapping: Mapping) -> None:
    """See that a search's figures of a mapping are the model's.

    Raises:
        MapperDefectError: they are not.
    """
    close = abs(evaluation.energy_pj - energy_pj) <= AGREEMENT * evaluation.energy_pj
    astray = abs(evaluation.cycles - cycles)
    counted = astray == 0 or (evaluation.cycles > COUNTED and astray <= AGREEMENT * evaluation.cycles)
    if not (evaluation.legal and close and counted):
        raise MapperDefectError(
            f"the search found {energy_pj} pJ in {cycles} cycles, the model says "
            f"{evaluation.energy_pj} pJ in {evaluation.cycles} cycles ({evaluation.reason or 'legal'}) "
            f"for {mapping}"
        )
