"""The model of mappings with imperfect factors: every word counted once, nothing averaged.

The last iterations of imperfect loops are cut short, so that tiles, children and moments are not all alike any more.
What is counted are combinations of digits (``specification/digits.py``): a word crosses a boundary once for each
combination of the loops that bring it there anew. Such counts multiply over dimensions, because every combination of
indices of different dimensions runs. Totals over all instances are whole numbers; the instance with all fan-out
digits at 0 is the busiest, and decides what bandwidths allow. Where all factors are perfect, these are the figures
of the model for perfect factors, with two exceptions: help from neighbours over links is not counted (every word
comes from the level), and an explicit network charges each transfer by its own number of destinations.
"""
