"""The pictures of a trial that stand both on its page and in files of their own."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.reporting.diagrams.energy import energy_svg
from launcher.reporting.diagrams.nest import loop_nest_svg
from launcher.results.result import Result


@dataclass(frozen=True)
class TrialPictures:
    """Pictures for a page; empty where there is nothing to draw.

    Attributes:
        energy: where the energy goes.
        nest: the loop nest.
    """

    energy: str
    nest: str


def trial_pictures(result: Result) -> TrialPictures:
    """Drawn once for the page and the files."""
    return TrialPictures(energy_svg(result), loop_nest_svg(result))
