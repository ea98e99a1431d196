"""What is written twice, for numbers and for arrays, means the same; and what loops perfect factors allow."""

from __future__ import annotations

import numpy as np
import pytest

from launcher.engines.native.formulas import block_count, blocks, power_product, round_half_away, slowdown, slowdowns
from launcher.engines.native.mapper.space.factorization import factorization, loop_bounds


def test_blocks_of_whole_words_are_counted_alike() -> None:
    words = np.arange(200)
    for block in (1, 3, 8):
        assert block_count(words, 1.0, block).tolist() == [blocks(int(one), 1, block) for one in words]


def test_a_bandwidth_slows_numbers_and_arrays_alike() -> None:
    needs = np.array([0.0, 0.5, 2.0, 2.5, 7.0])
    assert slowdowns(2.0, needs).tolist() == [slowdown(2.0, float(need)) for need in needs] == [1, 1, 1, 2 / 2.5, 2 / 7]


def test_halves_are_rounded_up() -> None:
    words = np.array([0.0, 0.5, 1.49, 2.5, 3.0])
    assert round_half_away(words, np.floor(words)).tolist() == [0, 1, 1, 3, 3]


@pytest.mark.parametrize(
    ("energy", "cycles", "value"), [(1, 0, 3.0), (0, 1, 5.0), (1, 1, 15.0), (0, 2, 25.0), (1, 2, 75.0)]
)
def test_a_criterion_multiplies_powers(energy: int, cycles: int, value: float) -> None:
    assert power_product(energy, cycles, 3.0, 5.0) == value


@pytest.mark.parametrize("extent", [1, 2, 12, 97, 360])
def test_loops_lead_from_every_divisor_to_its_multiples(extent: int) -> None:
    own = factorization(extent)
    sizes = [k for k in range(1, extent + 1) if extent % k == 0]
    assert own.sizes.tolist() == sizes == list(loop_bounds(extent))
    for i, size in enumerate(sizes):
        loops = [(j, other // size) for j, other in enumerate(sizes) if other % size == 0]
        assert [tuple(loop) for loop in own.loops[i, : own.counts[i]].tolist()] == loops
        assert [(j, bound) for j, bound in enumerate(own.bounds[i].tolist()) if bound] == loops
