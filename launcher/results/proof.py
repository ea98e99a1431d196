"""Why nothing is better: the classes of fused mappings with their bounds, and how the bounds add up.

A line says that nothing lies below ``energy x E + cycles x C = bound``. Its bound is the sum over the chains of a
network; a chain's is the least over all partitions of its layers into groups, and a group's the least over its classes.
Together the lines leave no room for a smaller objective; see ``docs/fusion.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from launcher.specification.chain import Columns, Flow, SharedLoop


@dataclass(frozen=True)
class BoundedClass:
    """One class, or all that have these levels and shared loops in common.

    Attributes:
        waits: levels at which tensors wait.
        shared: shared loops; in order once the class is told apart.
        bound: nothing in it has a smaller value.
        stays: per layer (level, data space) of persistent tiles; None while order and tiles are open.
        searched: whether every layer's best nest was found, so that the bound is reached; else what it was excluded by.
        pins: of a class that was told apart by its fan-outs: layer's number, level, dimension and factor.
    """

    waits: tuple[str, ...]
    shared: tuple[SharedLoop, ...]
    bound: float
    stays: tuple[tuple[tuple[str, str], ...], ...] | None = None
    searched: bool = False
    pins: tuple[tuple[int, str, str, int], ...] = ()


@dataclass(frozen=True)
class BoundedGroup:
    """The layers from ``first`` to ``last`` (not included) of a chain as one group, and the bound of its classes."""

    first: int
    last: int
    bound: float
    classes: tuple[BoundedClass, ...]


@dataclass(frozen=True)
class BoundedChain:
    """A chain that runs so many times.

    Attributes:
        layers: names.
        runs: how often.
        bound: least over all partitions.
        alone: bounds of the layers by themselves.
        groups: those that can be fused.
        flows: what each layer hands to the next one, None where nothing.
        columns: what each layer needs of the columns that it reduces, and along which dimension.
        fixed: groups that were wanted: no partition cuts them, and nothing else is fused; None where it was left open.
    """

    layers: tuple[str, ...]
    runs: int
    bound: float
    alone: tuple[float, ...]
    groups: tuple[BoundedGroup, ...]
    flows: tuple[Flow | None, ...] = ()
    columns: tuple[tuple[Columns, str | None], ...] = ()
    fixed: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True)
class ProofLine:
    """Nothing lies below ``energy * E + cycles * C = bound`` (E in pJ)."""

    energy: float
    cycles: float
    bound: float
    chains: tuple[BoundedChain, ...]


@dataclass(frozen=True)
class Proof:
    """The certificate of a search over a whole network.

    Attributes:
        objective: what was minimised.
        value: of what was found, in pJ, cycles, or pJ x cycles.
        bound: that follows from the lines.
        lines: all that were drawn.
    """

    objective: str
    value: float
    bound: float
    lines: tuple[ProofLine, ...]
