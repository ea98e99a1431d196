"""What a softmax over pieces of columns costs, against a walk over the pieces, and how the search weighs it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from fused_oracle import FusedOracle, classes
from fused_softmax import Softmax
from random_chains import elementwise, matmul, random_machine

from launcher.engines.fuse import find_fused
from launcher.engines.native.fusion.rescaling import rescaling_of
from launcher.figures import CRITERIA
from launcher.results.fused import NOTHING
from launcher.specification.architecture import StorageLevel
from launcher.specification.chain import Chain, ChainLayer, Columns, Flow, SharedLoop, Unit
from launcher.specification.constraints import Constraints
from launcher.specification.specification import Specification

MOST_NESTS = 3000
FLOWS = Flow("O", "X", {"D": "N", "L": "M"}), Flow("Y", "I", {"N": "E", "M": "L"})


def attention(random: Random, columns: Columns, *, scores: bool) -> Chain:
    """Softmax and the layer behind; with ``scores``, the layer before, too. N are the keys, M the queries."""
    keys, queries = random.choice((4, 6)), random.choice((1, 2))
    architecture, energy = random_machine(random, 2, tight=False)
    room = random.choice((3, 4, 5, 8))
    architecture = replace(architecture, levels=tuple(_with_room(level, room) for level in architecture.levels))
    problems = [elementwise(keys, queries), matmul({"E": keys, "D": random.choice((1, 2)), "L": queries})]
    if scores:
        problems.insert(0, matmul({"E": random.choice((1, 2)), "D": keys, "L": queries}))
    layers = [
        ChainLayer(f"layer{n}", Specification(architecture, one, Constraints(), energy))
        for n, one in enumerate(problems)
    ]
    place = 1 if scores else 0
    layers[place] = replace(layers[place], columns=columns, reduction="N")
    return Chain(tuple(layers), FLOWS[1 - place :])


def _with_room(level: StorageLevel, words: int) -> StorageLevel:
    """A memory that holds hardly a column; what is none, or outermost, as it is."""
    if level.is_dummy or level.name == "level0":
        return level
    return replace(level, capacity_words=words, multiple_buffering=1.0, min_utilization=0.0)


@pytest.mark.parametrize("seed", range(10))
def test_pieces_after_the_first_are_rescaled(seed: int) -> None:
    chain = attention(Random(seed), Columns.online, scores=seed % 2 == 0)
    place = 1 if seed % 2 == 0 else 0
    levels = chain.layers[-1].specification.architecture.levels
    cut = 0
    for waits, shared in classes(chain):
        loops = tuple(SharedLoop(tuple(one[n][0] for one in shared), shared[0][n][1]) for n in range(len(shared[0])))
        softmax = Softmax.of(chain, waits, shared)
        for index, level in enumerate(levels):
            if level.is_dummy:
                continue
            stays = ((level.name, "O"),) if index < len(levels) - 1 else ()
            found = rescaling_of(chain, waits, loops, ((), *(() for _ in range(place)), stays))
            bound = rescaling_of(chain, waits, loops, None)
            if softmax is None:
                assert found == bound == NOTHING
                continue
            cut += 1
            assert (found.words, found.running_words) == (softmax.words, softmax.running)
            assert (found.level, found.running_level) == (level.name, softmax.level)
            assert found.cycles == bound.cycles == softmax.cycles
            assert found.energy_pj == pytest.approx(softmax.energy_pj(index), rel=1e-12)
            assert bound.energy_pj <= found.energy_pj
    assert cut


@pytest.mark.parametrize("columns", [Columns.online, Columns.whole])
def test_the_search_weighs_rescaling_against_waiting(columns: Columns) -> None:
    cut = 0
    for seed in range(10 if columns is Columns.online else 3):
        chain = attention(Random(seed), columns, scores=seed % 3 == 0)
        oracle = FusedOracle(chain, MOST_NESTS)
        front = oracle.front()
        assert front and not oracle.too_large, seed
        objective = list(CRITERIA)[seed % 4]
        found = find_fused([Unit(chain)], objective)
        criterion = CRITERIA[objective]
        groups = found.groups
        value = criterion.value(sum(one.energy_pj for one in groups), sum(one.cycles for one in groups))
        assert value == pytest.approx(min(criterion.value(*one) for one in front), rel=1e-9), (seed, objective)
        cut += any(group.rescaling.words for group in groups)
    assert bool(cut) == (columns is Columns.online)
