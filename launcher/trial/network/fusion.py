"""Fusing a matmul with the softmax or layer normalisation that consumes its columns.

A column of the matmul's output waits at one storage level until the norm operation takes it, so neither the write of
the output nor the read of the input leaves that level. What fusion costs is freedom: the matmul must finish a column
before it goes on, so its loops over the reduction and the rows lie at that level or inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from launcher.config.schema import Fusion
from launcher.config.trial import Trial, entry
from launcher.errors import ConfigurationError
from launcher.results.layers import NORM_OPERATION
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, LevelConstraint
from launcher.specification.roles import Roles
from launcher.specification.specification import Specification

_ONE = FactorBounds(exact=1)
_SAME_NAMES = Roles()
_COLUMN_BY_COLUMN = ("E", "D", "L")
"""Loop order, from innermost, that finishes a column before the next."""


def fused(trial: Trial, specification: Specification, level: str) -> Specification:
    """A layer's specification when it is fused at ``level`` with the layer before or behind it."""
    if entry(trial.experiment.layer, "shape") == NORM_OPERATION:
        return fused_norm(specification, level, trial.experiment.fusion)
    return fused_matmul(specification, level, trial.experiment.fusion, trial.layer.roles)


def fused_matmul(specification: Specification, level: str, fusion: Fusion, roles: Roles = _SAME_NAMES) -> Specification:
    """The matmul's specification when its output columns wait at ``level``.

    Outside ``level``, no loop over D and E (``free_reduction`` leaves E free; ``hold_columns`` forbids L too), and no
    Outputs (``writeback=matmul`` lets the matmul write them back as if it were alone).

    Raises:
        ConfigurationError: the architecture has no such level, or Outputs cannot wait there.
    """
    _check(specification, level, "Outputs")
    parts = ["D"] + ["E"] * (not fusion.free_reduction) + ["L"] * fusion.hold_columns
    fixed = dict.fromkeys((one for part in parts for one in roles.own(part)), _ONE)
    order = tuple(one for part in _COLUMN_BY_COLUMN for one in roles.own(part))
    bypassed = () if fusion.writeback == "matmul" else ("Outputs",)

    def outside(constraint: LevelConstraint) -> LevelConstraint:
        temporal = replace(constraint.temporal, factors={**constraint.temporal.factors, **fixed})
        return _without(replace(constraint, temporal=temporal), bypassed)

    def waiting(constraint: LevelConstraint) -> LevelConstraint:
        return _with(replace(constraint, temporal=_ordered(constraint.temporal, order)), "Outputs")

    return _changed(specification, level, outside, waiting)


def fused_norm(specification: Specification, level: str, fusion: Fusion) -> Specification:
    """The norm operation's specification when its input columns are found at ``level``.

    Outside ``level``, no Inputs; and no Outputs either where the matmul already paid for writing them back.

    Raises:
        ConfigurationError: the norm engine has no such level, or Inputs cannot wait there.
    """
    _check(specification, level, "Inputs")
    bypassed = ("Inputs", "Outputs") if fusion.writeback == "matmul" else ("Inputs",)
    return _changed(specification, level, lambda one: _without(one, bypassed), lambda one: _with(one, "Inputs"))


def levels_of(specification: Specification) -> tuple[str, ...]:
    """Storage levels at which columns may wait: real memories but the outermost, where fusing changes nothing."""
    return tuple(level.name for level in specification.architecture.levels[:-1] if not level.is_dummy)


def _check(specification: Specification, level: str, data_space: str) -> None:
    architecture = specification.architecture
    names = [one.name for one in architecture.levels if not one.is_dummy]
    if level not in names:
        raise ConfigurationError(f"fusion.level={level}: there is no such level", expected=f"one of {', '.join(names)}")
    if data_space in specification.constraints.at(level).bypass:
        raise ConfigurationError(
            f"fusion.level={level}: columns cannot wait there, because {data_space} bypass it",
            expected=f"a level that may keep {data_space}",
        )


def _changed(
    specification: Specification,
    level: str,
    outside: Callable[[LevelConstraint], LevelConstraint],
    waiting: Callable[[LevelConstraint], LevelConstraint],
) -> Specification:
    architecture, constraints = specification.architecture, specification.constraints
    place = architecture.level_index(level)
    if place == len(architecture.levels) - 1:  # waiting in the outermost memory is not fusing
        return specification
    changed = dict(constraints.levels)
    changed[level] = waiting(constraints.at(level))
    for one in architecture.levels[place + 1 :]:
        changed[one.name] = outside(constraints.at(one.name))
    return replace(specification, constraints=Constraints(changed))


def _without(constraint: LevelConstraint, data_spaces: Iterable[str]) -> LevelConstraint:
    gone = frozenset(data_spaces)
    return replace(constraint, keep=constraint.keep - gone, bypass=constraint.bypass | gone)


def _with(constraint: LevelConstraint, data_space: str) -> LevelConstraint:
    """Where columns wait they must be kept, also when the constraints left that open."""
    return replace(constraint, keep=constraint.keep | {data_space})


def _ordered(temporal: BlockConstraint, order: tuple[str, ...]) -> BlockConstraint:
    if temporal.permutation and temporal.permutation != order:
        raise ConfigurationError(
            f"fusing needs the loop order {''.join(order)}, "
            f"but the architecture asks for {''.join(temporal.permutation)}"
        )
    return replace(temporal, permutation=order)
