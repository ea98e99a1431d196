"""What is minimised, and how two mappings compare."""

from __future__ import annotations

from launcher.errors import ConfigurationError

CRITERIA = ("edp", "energy", "cycles")
"""Known criteria; ties of the wanted ones are broken by the others in this order."""


def criteria_order(objective: tuple[str, ...]) -> tuple[int, ...]:
    """The wanted criteria followed by the remaining ones, as positions in ``CRITERIA``.

    Raises:
        ConfigurationError: an unknown or repeated criterion, or none at all.
    """
    unknown = [name for name in objective if name not in CRITERIA]
    if unknown or not objective or len(set(objective)) != len(objective):
        raise ConfigurationError(
            f"unknown objective {unknown[0]!r}"
            if unknown
            else f"the objective {objective!r} is not a list of criteria",
            where="mapper.objective",
            expected=f"one or more of {', '.join(CRITERIA)}, each at most once, the most important first",
        )
    names = (*objective, *(name for name in CRITERIA if name not in objective))
    return tuple(CRITERIA.index(name) for name in names)
