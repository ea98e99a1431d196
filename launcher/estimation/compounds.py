"""Components of classes that an input defines: the sum of their parts, whatever estimator puts figures on the parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite

from launcher.errors import EstimationError, SpecificationError
from launcher.estimation.base import ComponentEstimate
from launcher.estimation.parts import LEAK
from launcher.specification.architecture import Component, ComputeLevel, Network
from launcher.specification.compound import MUST_SPECIFY, CompoundAction, CompoundClass, CompoundPart
from launcher.specification.energy import ActionEnergy
from launcher.specification.expressions import evaluate_expression
from launcher.summing import sum_in_order
from launcher.timeloop_files.attributes import evaluate_attributes
from launcher.timeloop_files.node import Place, YamlNode

Ask = Callable[[Sequence[Component]], list[ComponentEstimate]]
"""Figures of components that are not compound, in their order."""

_DEEPEST = 16
_MOST_PARTS = 2_000
_MOST_OF_A_PART = 10**9
_INHERITED = ("technology", "global_cycle_seconds", "voltage", "temperature", "n_banks")
"""What a part that does not say it has in common with the whole. Timeloop's front end gives every storage two banks."""
_BITS = ("width", "n_bits", "precision", "datawidth", "word_bits")
_WIDE = ("adder", "multiplier", "register", "comparator", "counter")
_ALIASES = (("width", "memory_width", "data_storage_width"), ("depth", "memory_depth", "data_storage_depth"))
_READS, _WRITES = ("read", "random_read"), ("write", "random_write", "fill", "random_fill", "update", "random_update")
_LEAKS = (LEAK, "idle")
_STAND_INS: Mapping[str, tuple[str, ...]] = {
    "read": ("random_read", "access"),
    "write": ("random_write", "fill", "random_fill", "access"),
    "update": ("random_update", "write", "random_write", "access"),
    LEAK: ("idle",),
    "compute": ("mac_random", "mac", "mult_random", "mult", "access"),
}
"""Actions of a component -> others of its class that stand for them, the first that exists."""
_NO_OPERATION = ("gated", "skipped", "metadata", "compression", "decompression")


@dataclass(frozen=True)
class _Part:
    """A part of one component, its expressions evaluated."""

    component: Component
    count: float
    area_scale: float
    energy_scale: float


def class_in(compounds: Mapping[str, CompoundClass], component: Component) -> CompoundClass | None:
    """The definition that a component's class (or subclass) has in the input, if there is one."""
    return compounds.get(component.subclass or component.component_class)


def estimate_compound(component: Component, compounds: Mapping[str, CompoundClass], ask: Ask) -> ComponentEstimate:
    """Figures of one component of a class that the input defines.

    An action costs what the actions of its parts cost; of an action with arguments the largest value counts, since
    that is what Timeloop takes. Inside, ``add``, ``multiply``, ``mac`` and the like are the one operation of an
    arithmetic part, ``random_read`` is a read, ``access`` the dearer of read and write, and ``idle`` the leakage.

    Args:
        component: attributes of the architecture included.
        compounds: classes of the input.
        ask: figures of primitive parts.

    Raises:
        EstimationError: an attribute is missing, a part or one of its actions has no figures, or a class is made of
            itself.
    """
    return _estimate(component, compounds, ask, (), Counter())


def _estimate(
    component: Component,
    compounds: Mapping[str, CompoundClass],
    ask: Ask,
    above: tuple[str, ...],
    asked: Counter[str],
) -> ComponentEstimate:
    compound = class_in(compounds, component)
    if compound is None:
        return ask([component])[0]
    if compound.name in above:
        # A class that is made of one of its own name means the primitive of that name.
        return ask([component])[0]
    if len(above) > _DEEPEST:
        raise _failure(component, compound, f"its parts are nested more than {_DEEPEST} deep")
    asked["parts"] += len(compound.parts)
    if asked["parts"] > _MOST_PARTS:
        raise _failure(component, compound, f"it consists of more than {_MOST_PARTS} kinds of parts")
    names = _attributes(component, compound)
    parts = {name: _part(component, compound, part, names) for name, part in compound.parts.items()}
    estimates = {
        name: _estimate(part.component, compounds, ask, (*above, compound.name), asked) for name, part in parts.items()
    }
    energies: dict[str, tuple[ActionEnergy, ...]] = {}
    lacking: dict[str, str] = {}
    for name, action in compound.actions.items():
        try:
            energies[name] = (ActionEnergy(_energy(component, compound, action, parts, estimates, names)),)
        except EstimationError as error:
            lacking[name] = error.what
    area = sum_in_order(part.count * part.area_scale * estimates[name].area_um2 for name, part in parts.items())
    notes = dict.fromkeys(note for one in estimates.values() for note in one.notes)
    _check_needed(component, compound, energies, lacking)
    added, remarks = _left_out(component, energies)
    return ComponentEstimate({**energies, **added}, area, (*notes, *remarks))


def _left_out(
    component: Component, energies: Mapping[str, tuple[ActionEnergy, ...]]
) -> tuple[dict[str, tuple[ActionEnergy, ...]], list[str]]:
    """Actions that the component must have and its class does not: those that stand for them, else free, as there.

    Accelergy takes a class's missing action as one that asks nothing of the parts; older files list ``access`` alone,
    or no ``update``, whose writes are Timeloop's updates.
    """
    added: dict[str, tuple[ActionEnergy, ...]] = {}
    remarks = []
    for action in component.required_actions:
        if action not in energies:
            source = next((name for name in _STAND_INS.get(action, ()) if name in energies), None)
            added[action] = energies[source] if source else (ActionEnergy(0.0),)
            remarks += [] if action == LEAK else [f"{action} as {source}" if source else f"{action} costs nothing"]
    return added, remarks


def _check_needed(
    component: Component, compound: CompoundClass, energies: Mapping[str, object], lacking: Mapping[str, str]
) -> None:
    """Actions that no dense mapping uses may lack figures; those of the class that one does use may not."""
    if isinstance(component, Network):
        needed: tuple[str, ...] = ()
    else:
        needed = ("compute", "mac_random") if isinstance(component, ComputeLevel) else (*_READS, *_WRITES, "access")
    for action, why in lacking.items():
        if action in needed or not energies:
            raise _failure(component, compound, f"action {action!r}: {why}")


def _energy(
    component: Component,
    compound: CompoundClass,
    action: CompoundAction,
    parts: Mapping[str, _Part],
    estimates: Mapping[str, ComponentEstimate],
    names: Mapping[str, object],
) -> float:
    names = {**names, **{key: _number(component, compound, value, names) for key, value in action.arguments.items()}}
    total = 0.0
    for step in action.steps:
        if step.part not in parts:
            raise _failure(component, compound, f"it has no part {step.part!r}")
        part = parts[step.part]
        times = part.count if step.count is None else _number(component, compound, step.count, names)
        for scale in step.scales:
            times *= _number(component, compound, scale, names)
        total += times * part.energy_scale * _part_energy(part.component, estimates[step.part], step.action)
    return total


def _part_energy(part: Component, estimate: ComponentEstimate, action: str) -> float:
    """Energy of an action of a part, by its own name or by what that name stands for."""
    known = {name: max(entry.energy_pj for entry in entries) for name, entries in estimate.actions.items() if entries}
    if action in known:
        return known[action]
    if action in _LEAKS:
        return next((known[name] for name in _LEAKS if name in known), 0.0)
    if not action.startswith(_NO_OPERATION):
        if "compute" in known:
            return known["compute"]
        group = _READS if action in _READS else _WRITES if action in _WRITES else (*_READS, *_WRITES)
        found = [known[name] for name in group if name in known]
        if found:
            return max(found)
    raise EstimationError(f"part {part.name!r} has no action {action!r}; it has {', '.join(known) or 'none'}")


def _attributes(component: Component, compound: CompoundClass) -> dict[str, object]:
    """The compound's attributes: the component's own values, else the defaults, which may be expressions."""
    own = component.attributes
    missing = [key for key, value in compound.attributes.items() if value == MUST_SPECIFY and own.get(key) is None]
    if missing:
        spelt = _with_aliases(own)
        own = {**own, **{key: spelt[key] for key in missing if key in spelt}}
        missing = [key for key in missing if own.get(key) is None]
    if missing:
        raise _failure(component, compound, f"attribute {missing[0]!r} is missing")
    defaults = {key: value for key, value in compound.attributes.items() if own.get(key) is None}
    return {**own, **_evaluated(component, compound, defaults, own)}


def _with_aliases(own: Mapping[str, object]) -> dict[str, object]:
    """The attributes, and under the other spellings of the same what is given under one of them."""
    added: dict[str, object] = {}
    for spellings in _ALIASES:
        given = next((own[name] for name in spellings if own.get(name) is not None), None)
        added |= {} if given is None else {name: given for name in spellings if own.get(name) is None}
    return {**added, **own}


def _with_width(part_class: str, attributes: dict[str, object]) -> dict[str, object]:
    """The attributes of a part with its bits under the name ``width``, whole; plug-ins of Accelergy know others."""
    if part_class.endswith(_WIDE) and "width_a" not in attributes:
        bits = next((attributes[name] for name in _BITS if attributes.get(name) is not None), None)
        attributes |= {} if bits is None else {"width": bits}
    width = attributes.get("width")
    return {**attributes, "width": ceil(width)} if isinstance(width, float) and isfinite(width) else attributes


def _part(component: Component, compound: CompoundClass, part: CompoundPart, names: Mapping[str, object]) -> _Part:
    attributes = _with_width(part.component_class, _evaluated(component, compound, part.attributes, names))
    inherited = {key: names[key] for key in _INHERITED if key in names}
    made = Component(f"{component.name}.{part.name}", part.component_class, attributes={**inherited, **attributes})
    count = _number(component, compound, part.count, names)
    if not 0 <= count <= _MOST_OF_A_PART:
        raise _failure(component, compound, f"it has {count:g} parts {part.name!r}")
    return _Part(
        made,
        count,
        _product(component, compound, part.area_scales, names),
        _product(component, compound, part.energy_scales, names),
    )


def _product(
    component: Component, compound: CompoundClass, factors: Sequence[object], names: Mapping[str, object]
) -> float:
    result = 1.0
    for factor in factors:
        result *= _number(component, compound, factor, names)
    return result


def _number(component: Component, compound: CompoundClass, value: object, names: Mapping[str, object]) -> float:
    try:
        found = evaluate_expression(value, names, compound.place) if isinstance(value, str) else value
    except SpecificationError as error:
        raise _failure(component, compound, error.what) from None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _failure(component, compound, f"{value!r} is not a number")
    return float(found)


def _evaluated(
    component: Component, compound: CompoundClass, written: Mapping[str, object], names: Mapping[str, object]
) -> dict[str, object]:
    try:
        return evaluate_attributes(YamlNode(dict(written), Place(compound.place)), names)
    except SpecificationError as error:
        raise _failure(component, compound, error.what) from None


def _failure(component: Component, compound: CompoundClass, why: str) -> EstimationError:
    return EstimationError(
        f"no energy and area for component {component.name!r} of the compound class {compound.name!r}: {why}",
        where=compound.place,
        expected="attributes, parts and actions that an estimator knows",
    )
