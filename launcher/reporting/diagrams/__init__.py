"""Diagrams of one result as SVG: a string, made in a few milliseconds, without a browser or matplotlib."""

from launcher.reporting.diagrams.energy import energy_svg

__all__ = ["energy_svg"]
