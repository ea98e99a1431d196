"""Which loops of a mapspace may be imperfect, in Timeloop's words: ``mapspace: {template: ruby}``, ``remainders``.

Timeloop's ruby has imperfect factors at the levels that name ``remainders``, the largest last iteration there. Only
those of fan-outs are said this way here; that every loop may be imperfect is a word of our own, ``factors: all``, which
Timeloop ignores.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from launcher.specification.architecture import Architecture
from launcher.specification.constraints import Factors
from launcher.timeloop_files.node import YamlNode

_TEMPLATES = {"uber": Factors.perfect, "legacy": Factors.perfect, "": Factors.perfect, "ruby": Factors.spatial}


def read_factors_asked(nodes: Sequence[YamlNode]) -> Factors:
    """What the values of ``mapspace`` ask for; perfect factors where they say nothing.

    Raises:
        SpecificationError: an unknown template.
    """
    asked = [factors for node in nodes if (factors := _asked(node)) is not None]
    return asked[-1] if asked else Factors.perfect


def _asked(node: YamlNode) -> Factors | None:
    template, factors = (node.get(key) if node.is_map else None for key in ("template", "factors"))
    if template is not None and template.text() not in _TEMPLATES:
        raise template.error(f"unknown mapspace template '{template.text()}'", "uber, or ruby")
    if factors is not None:
        if factors.text() not in list(Factors):
            raise factors.error(f"unknown factors '{factors.text()}'", ", ".join(Factors))
        return Factors(factors.text())
    return None if template is None else _TEMPLATES[template.text()]


def mapspace_to_yaml(factors: Factors) -> dict[str, object]:
    """The value of ``mapspace``; Timeloop knows no template for ``all``, so it gets the one that comes closest."""
    template = "uber" if factors is Factors.perfect else "ruby"
    own = {"factors": str(factors)} if factors is Factors.all else {}
    return {"version": "0.4", "template": template, **own}


def widest_remainders(architecture: Architecture) -> dict[str, int]:
    """Level with a fan-out -> its places: a bound on the last iteration that leaves out nothing."""
    fan_outs = {level.name: prod(architecture.fanout(index)) for index, level in enumerate(architecture.levels)}
    return {name: places for name, places in fan_outs.items() if places > 1}


def check_remainders(kind: str, level: str, node: YamlNode, architecture: Architecture) -> None:
    """A bound on the last iteration of fan-outs must leave out nothing: narrower ones are honoured by Timeloop only.

    Args:
        kind: ``spatial`` or ``temporal``.
        level: whose constraint it is.
        node: the constraint.
        architecture: has the level.

    Raises:
        SpecificationError: a bound that leaves out mappings, or one on loops in time.
    """
    if kind != "spatial":
        node.refuse("remainders", "bounds on the last iterations of loops in time")
        return
    bound = node.get("remainders")
    places = widest_remainders(architecture).get(level, 1)
    if bound is not None and bound.integer(minimum=0) < places:
        raise bound.error(
            f"a bound of {bound.integer()} on the last iteration at '{level}' ('remainders') is not supported",
            f"at least its {places} places",
            hint="remove 'remainders'",
        )
