"""A softmax over pieces of columns: run the shared loops, and rescale what was made of the pieces before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product
from math import prod

from fused_layers import Shared
from fused_walk import price

from launcher.specification.chain import Chain, Columns


@dataclass(frozen=True)
class Softmax:
    """An online softmax in a class whose shared loops cut its columns.

    Attributes:
        chain, number: the group, and which of its layers is the softmax.
        level: where maxima and sums stay.
        words: outputs of the layer behind that are scaled anew, each read and written once.
        running: maxima and sums, each read and written once.
    """

    chain: Chain
    number: int
    level: str
    words: int
    running: int

    @classmethod
    def of(cls, chain: Chain, waits: tuple[str, ...], shared: tuple[Shared, ...]) -> Softmax | None:
        """The group's; None where no shared loop cuts columns."""
        for number, layer in enumerate(chain.layers[:-1]):
            if layer.columns is Columns.online and layer.reduction in dict(shared[number]):
                scaled = _rescaled(chain, number, shared)
                return cls(chain, number, waits[max(number - 1, 0)], scaled["words"], scaled["running"])
        return None

    @property
    def cycles(self) -> int:
        """A lane takes one word in a cycle."""
        machine = self.chain.layers[self.number].specification.architecture
        lanes = machine.compute.instances
        return sum(1 for word in range(self.words + self.running) if word % lanes == 0)

    def energy_pj(self, level: int) -> float:
        """With the outputs at a level of the layer behind (its number)."""
        softmax, behind = (self.chain.layers[n].specification for n in (self.number, self.number + 1))
        names = [one.name for one in softmax.architecture.levels]
        outputs = next(space.name for space in behind.problem.data_spaces if space.read_write)
        before, after = self.chain.flows[self.number - 1] if self.number else None, self.chain.flows[self.number]
        columns = before.input if before is not None else after.output if after is not None else ""
        total = 0.0
        for specification, place, space, words in (
            (behind, level, outputs, self.words),
            (softmax, names.index(self.level), columns, self.running),
        ):
            one = specification.architecture.levels[place]
            each = price(specification, one.name, "read") + price(specification, one.name, "update")
            bits = one.value_bits.get(space, one.word_bits)
            total += -(-words * bits // (one.block_size * one.word_bits)) * each
        leaks = sum(price(softmax, one.name, "leak") * one.instances for one in softmax.architecture.levels)
        return total + leaks * self.cycles


def _rescaled(chain: Chain, number: int, shared: tuple[Shared, ...]) -> Counter[str]:
    """Run the shared loops, with what is known of every column."""
    layer, behind = chain.layers[number], chain.layers[number + 1]
    names = [name for name, _ in shared[number]]
    outputs = next(space for space in behind.problem.data_spaces if space.read_write)
    flow = chain.flows[number]
    assert flow is not None
    column = [name for name in flow.dimensions if name != layer.reduction]
    own = {name: size // dict(shared[number]).get(name, 1) for name, size in layer.problem.dimensions.items()}
    theirs = {name: size // dict(shared[number + 1]).get(name, 1) for name, size in behind.problem.dimensions.items()}
    begun: set[tuple[int, ...]] = set()
    counted: Counter[str] = Counter()
    for moment in product(*(range(bound) for _, bound in shared[number])):
        at = dict(zip(names, moment, strict=True))
        columns = [
            tuple(at.get(name, 0) * own[name] + offset for name, offset in zip(column, offsets, strict=True))
            for offsets in product(*(range(own[name]) for name in column))
        ]
        if columns[0] in begun:
            counted["running"] += 2 * len(columns)
            counted["words"] += prod(theirs[name] for name in theirs if name in outputs.relevant)
        begun.update(columns)
    return counted
