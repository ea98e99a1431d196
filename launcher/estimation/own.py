"""Components whose figures a user gave in a ``components.csv``."""

from __future__ import annotations

from launcher.estimation.attributes import Attributes
from launcher.estimation.library import COMPONENTS_FILE, Library, OwnFigures
from launcher.estimation.parts import Composition, Part
from launcher.specification.architecture import Component, ComputeLevel, StorageLevel

_LEAKAGE = "leak_mw"
_AREA = "area_um2"


def own_figures(read: Attributes, component_class: str, library: Library) -> Composition | None:
    """Figures of the group of rows whose attributes all match, the one with most attributes; None without any.

    ``leak_pj`` (per cycle) may stand in place of ``leak_mw``; ``update_pj`` defaults to ``write_pj``.

    Raises:
        EstimationError: the group lacks a figure that such a component needs.
    """
    component = read.component
    matching = [own for own in library.own if own.component_class == component_class and _matches(own, component)]
    if not matching:
        return None
    chosen = max(matching, key=lambda own: len(own.attributes))
    energies = {figure.removesuffix("_pj"): value for figure, value in chosen.figures.items() if figure.endswith("_pj")}
    if _LEAKAGE in chosen.figures:
        leak_mw = chosen.figures[_LEAKAGE]
        energies["leak"] = leak_mw * read.cycle_ns() if leak_mw else 0.0
    if "write" in energies:
        energies.setdefault("update", energies["write"])
    missing = [f"{action}_pj" for action in _needed_actions(component) if action not in energies]
    if _AREA not in chosen.figures:
        missing.append(_AREA)
    if missing:
        rows = " ".join(f"{key}={value}" for key, value in chosen.attributes.items()) or "any attributes"
        read.fail(
            f"its rows in {chosen.source} (for {rows}) lack {', '.join(missing)}",
            f"a row in {COMPONENTS_FILE} for each figure; 0 where there is none",
        )
    part = Part(
        "whole",
        component_class,
        {"figures_of": f"component {component.name}"},
        energies,
        chosen.figures[_AREA],
        {action: {action: 1} for action in energies},
        1,
        (f"figures from {chosen.source}",),
    )
    return Composition(tuple(energies), (part,))


def _needed_actions(component: Component) -> tuple[str, ...]:
    if isinstance(component, StorageLevel):
        return ("read", "write", "leak")
    return ("compute",) if isinstance(component, ComputeLevel) else ()


def _matches(own: OwnFigures, component: Component) -> bool:
    attributes = {**component.attributes, "name": component.name}
    return all(_same(wanted, attributes.get(key)) for key, wanted in own.attributes.items())


def _same(wanted: str, given: object) -> bool:
    if given is None:
        return False
    left, right = wanted.lower().removesuffix("nm"), str(given).strip().lower().removesuffix("nm")
    try:
        return float(left) == float(right)
    except ValueError:
        return left == right
