"""Mappings with imperfect factors: what remains of each dimension, what it costs, and the search through it."""
