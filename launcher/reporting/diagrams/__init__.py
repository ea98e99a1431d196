"""Diagrams of one result as SVG: a string, made in a few milliseconds, without a browser or matplotlib.

``standalone=True`` makes a file of its own, which follows the reader's light or dark theme; without it the page around
it sets the colours (:func:`launcher.reporting.diagrams.palette.css` and ``class_rules``).
"""

from launcher.reporting.diagrams.curve import curve_svg
from launcher.reporting.diagrams.cycles import cycles_svg
from launcher.reporting.diagrams.energy import energy_svg
from launcher.reporting.diagrams.fused import fused_svg
from launcher.reporting.diagrams.generation import generation_svg
from launcher.reporting.diagrams.machine import architecture_svg
from launcher.reporting.diagrams.nest import loop_nest_svg
from launcher.reporting.diagrams.pictures import TrialPictures, trial_pictures
from launcher.reporting.diagrams.svg import as_file
from launcher.results.cycle_limits import CycleLimit, cycle_limits, limiting

__all__ = [
    "CycleLimit",
    "TrialPictures",
    "architecture_svg",
    "as_file",
    "curve_svg",
    "cycle_limits",
    "cycles_svg",
    "energy_svg",
    "fused_svg",
    "generation_svg",
    "limiting",
    "loop_nest_svg",
    "trial_pictures",
]
