"""The part of a mapping's cost that spatial factors and bypass alone decide, and bounds on the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from launcher.engines.native.mapper.automaton import Automaton
from launcher.engines.native.mapper.coefficients import Assignments, FloatArray, Machine


@dataclass(frozen=True)
class Base:
    """Per spatial assignment (first axis), for one choice of keep and bypass.

    Attributes:
        energy_pj: arithmetic, and the innermost kept levels serving the compute units.
        reads, writes: (assignments, levels, data spaces) words per instance in that energy.
        least_energy_pj: a lower bound of the dynamic energy: every other level moves each word once.
        least_busy: a lower bound of the cycles, without network latency.
    """

    energy_pj: FloatArray
    reads: FloatArray
    writes: FloatArray
    least_energy_pj: FloatArray
    least_busy: FloatArray


def base_of(machine: Machine, assignments: Assignments, automaton: Automaton) -> Base:
    """Costs that do not depend on the temporal loops."""
    reads = np.zeros_like(assignments.tile)
    writes = np.zeros_like(assignments.tile)
    energy = np.full(len(assignments.iterations), assignments.compute_pj)
    for p, outer in enumerate(automaton.innermost):
        _serve(machine, assignments, (energy, reads, writes), p, -1, outer, assignments.iterations)
    least = energy.copy()
    least_reads, least_writes = reads.copy(), writes.copy()
    for p, inner, outer in automaton.boundaries:
        words = assignments.part[:, inner, p]
        _serve(machine, assignments, (least, least_reads, least_writes), p, inner, outer, words)
    return Base(energy, reads, writes, least, _busy(machine, assignments, least_reads, least_writes))


def _serve(
    machine: Machine,
    assignments: Assignments,
    totals: tuple[FloatArray, FloatArray, FloatArray],
    p: int,
    inner: int,
    outer: int,
    words: FloatArray,
) -> None:
    """Add the cost of ``words`` crossing from ``outer`` to each instance of ``inner`` (-1: each compute unit)."""
    energy, reads, writes = totals
    tile, part = assignments.tile, assignments.part
    below = tile[:, inner, p] if inner >= 0 else 1.0
    content = words * (tile[:, outer, p] / below)
    taken = content.copy()
    block = machine.block
    if machine.read_write[p]:
        taken -= part[:, outer, p]
        energy += np.ceil(content / block[outer]) * assignments.update_pj[:, outer]
        writes[:, outer, p] += content
    reads[:, outer, p] += taken
    energy += np.ceil(taken / block[outer]) * assignments.read_pj[:, outer]
    if inner >= 0:
        filled = words - part[:, inner, p] if machine.read_write[p] else words
        writes[:, inner, p] += filled
        energy += np.ceil(filled / block[inner]) * assignments.fill_pj[:, inner]
    for level in range(inner + 1, outer + 1):
        energy += assignments.network_pj[:, level, p] * (words * (tile[:, level, p] / below))


def _busy(machine: Machine, assignments: Assignments, reads: FloatArray, writes: FloatArray) -> FloatArray:
    read_words = (reads * machine.scale).sum(axis=2)
    write_words = (writes * machine.scale).sum(axis=2)
    words = np.stack((read_words, write_words, read_words + write_words), axis=2)
    needed = np.ceil((words / machine.bandwidth).max(axis=(1, 2)) * (1 - 1e-12))
    return np.asarray(np.maximum(assignments.iterations, needed))
