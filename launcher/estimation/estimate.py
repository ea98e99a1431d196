"""Fills a specification's energy and area tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite

from launcher.errors import EstimationError
from launcher.estimation.base import ComponentEstimate, Estimator, EstimatorSettings
from launcher.estimation.compounds import class_in, estimate_compound
from launcher.estimation.tables import TablesEstimator
from launcher.specification.architecture import Architecture, Component
from launcher.specification.energy import AreaTable, EnergyTable
from launcher.specification.specification import Specification


def _accelergy(settings: EstimatorSettings) -> Estimator:
    from launcher.estimation.accelergy.estimator import AccelergyEstimator  # noqa: PLC0415 - only where it is chosen

    return AccelergyEstimator(settings)


def _hwcomponents(settings: EstimatorSettings) -> Estimator:
    from launcher.estimation.hardware_models import HardwareModelsEstimator  # noqa: PLC0415

    return HardwareModelsEstimator(settings)


ESTIMATORS: Mapping[str, Callable[[EstimatorSettings], Estimator]] = {
    "tables": TablesEstimator,
    "accelergy": _accelergy,
    "hwcomponents": _hwcomponents,
}
"""Estimators by name, and what makes them."""


def estimate(
    specification: Specification, *, estimator: str = "tables", settings: EstimatorSettings | None = None
) -> Specification:
    """Put energy per action (pJ) and area (um^2 per instance) on every component of the architecture.

    Args:
        specification: energy and area that it already has are replaced; other flags of it are kept.
        estimator: name of one of ``ESTIMATORS``.
        settings: a user's own tables, and what else the estimator can be told.

    Returns:
        The specification with ``energy``, ``area``, ``estimator`` (name and version) and, in ``flags``, one line
        for every component whose figures are not a table's own.

    Raises:
        EstimationError: the estimator is unknown or not installed, a table is malformed, or a component has no figure.
    """
    make = ESTIMATORS.get(estimator)
    if make is None:
        raise EstimationError(f"unknown estimator {estimator!r}", expected=f"one of {', '.join(ESTIMATORS)}")
    chosen = make(settings or EstimatorSettings())
    architecture = specification.architecture
    components = [with_global_attributes(component, architecture) for component in architecture.priced]
    estimates: dict[str, ComponentEstimate] = {}
    for component, found in zip(components, _figures(components, specification, chosen), strict=True):
        _check_required_actions(component, found)
        estimates[component.name] = scaled(component, found)
    return with_figures(specification, estimates, chosen)


def _figures(
    components: Sequence[Component], specification: Specification, chosen: Estimator
) -> list[ComponentEstimate]:
    """Figures of all components; those of classes that the input defines are made of their parts."""
    compounds = specification.compounds
    plain = [component for component in components if class_in(compounds, component) is None]
    known = iter(chosen(plain))
    return [
        next(known) if class_in(compounds, component) is None else estimate_compound(component, compounds, chosen)
        for component in components
    ]


def with_figures(
    specification: Specification, estimates: Mapping[str, ComponentEstimate], estimator: Estimator
) -> Specification:
    """The specification with an estimator's figures of its components, by name, and a flag for each remark on them."""
    flags = [f"{name}: {'; '.join(found.notes)}" for name, found in estimates.items() if found.notes]
    return replace(
        specification,
        energy=EnergyTable({name: found.actions for name, found in estimates.items()}),
        area=AreaTable({name: found.area_um2 for name, found in estimates.items()}),
        estimator=f"{estimator.name} {estimator.version}",
        flags=tuple(dict.fromkeys((*specification.flags, *flags))),
    )


def with_global_attributes(component: Component, architecture: Architecture) -> Component:
    """The component with what the whole architecture says (``technology``, ``global_cycle_seconds``)."""
    return replace(component, attributes={**architecture.attributes, **component.attributes})


def scaled(component: Component, found: ComponentEstimate) -> ComponentEstimate:
    """Apply the architecture's ``energy_scale`` (of every action, leakage included) and ``area_scale``."""
    energy_scale, area_scale = _scale(component, "energy_scale"), _scale(component, "area_scale")
    if energy_scale == area_scale == 1:
        return found
    actions = {
        action: tuple(replace(entry, energy_pj=entry.energy_pj * energy_scale) for entry in entries)
        for action, entries in found.actions.items()
    }
    note = f"energy x {energy_scale:g} and area x {area_scale:g}, as the architecture says"
    return ComponentEstimate(actions, found.area_um2 * area_scale, (*found.notes, note))


def _scale(component: Component, name: str) -> float:
    scale = component.attributes.get(name, 1)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not isfinite(scale) or scale < 0:
        raise EstimationError(
            f"{name} of component {component.name!r} is {scale!r}",
            where=f"class {component.component_class!r}",
            expected="a number that is 0 or more",
        )
    return float(scale)


def _check_required_actions(component: Component, found: ComponentEstimate) -> None:
    missing = [action for action in component.required_actions if action not in found.actions]
    if missing:
        raise EstimationError(
            f"no energy for action {missing[0]!r} of component {component.name!r}",
            where=f"class {component.component_class!r}, required_actions",
            expected=f"among {', '.join(found.actions)}",
            hint="drop the action, or give the component's figures in a components.csv of your own",
        )
