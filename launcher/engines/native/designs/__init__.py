"""Bounds on what any of several designs can be: their most favourable corner."""
