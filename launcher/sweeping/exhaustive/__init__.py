"""Settling every point of a finite space of hardware: searched, or excluded by a bound."""
