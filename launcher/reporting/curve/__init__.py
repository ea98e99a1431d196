"""The least traffic for every capacity: in the terminal, and as a document."""

from launcher.reporting.curve.document import curve_document, every_point
from launcher.reporting.curve.terminal import print_curve

__all__ = ["curve_document", "every_point", "print_curve"]
