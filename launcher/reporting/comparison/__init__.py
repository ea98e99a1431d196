"""Why two trials differ: which accesses changed, by how much, and what in their loop nests did it."""

from launcher.reporting.comparison.changes import Change, Counted, changes_between
from launcher.reporting.comparison.cycles import CyclesChange, cycles_between
from launcher.reporting.comparison.document import comparison_document
from launcher.reporting.comparison.layers import LayerChange, layers_between
from launcher.reporting.comparison.nests import NestChange, nests_between
from launcher.reporting.comparison.terminal import print_comparison

__all__ = [
    "Change",
    "Counted",
    "CyclesChange",
    "LayerChange",
    "NestChange",
    "changes_between",
    "comparison_document",
    "cycles_between",
    "layers_between",
    "nests_between",
    "print_comparison",
]
