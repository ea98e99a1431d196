"""Which kinds of reuse the hardware and the constraints leave switched on."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.specification.specification import Specification


@dataclass(frozen=True)
class ReuseRules:
    """What holds for one tensor at one level, and at the boundary below it.

    Attributes:
        columns, rows: children along X and Y that one instance of the level has, used or not.
        temporal_reuse: whether the level below keeps words from one step to the next; compute units keep nothing.
        multicast: whether one read can serve several children.
        links: whether children pass words on to their neighbours.
        coalesced: False when every access of the children is passed on to the level above as well.
        first_update_reads: whether the first update of a word reads it first, as all others do.
    """

    columns: int
    rows: int
    temporal_reuse: bool = True
    multicast: bool = True
    links: bool = True
    coalesced: bool = True
    first_update_reads: bool = False


def reuse_rules(specification: Specification, tensor: str) -> tuple[ReuseRules, ...]:
    """Rules of one tensor at every level, innermost first."""
    architecture = specification.architecture
    constraints = [specification.constraints.at(level.name) for level in architecture.levels]
    return tuple(
        ReuseRules(
            *architecture.fanout(index),
            temporal_reuse=index > 0 and tensor not in constraints[index - 1].temporal.no_reuse,
            multicast=tensor not in constraint.spatial.no_reuse,
            links=tensor not in constraint.spatial.no_link_transfer,
            coalesced=tensor not in constraint.no_coalesce,
            first_update_reads=tensor in constraint.temporal.rmw_first_update,
        )
        for index, constraint in enumerate(constraints)
    )
