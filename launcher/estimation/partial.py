"""Figures for files whose components the tables do not all know: what is known, and what was taken for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from launcher.errors import EstimationError
from launcher.estimation.attributes import LONGEST_CYCLE_S
from launcher.estimation.base import ComponentEstimate, EstimatorSettings
from launcher.estimation.compounds import class_in, estimate_compound
from launcher.estimation.estimate import scaled, with_figures, with_global_attributes
from launcher.estimation.tables import COMPONENT_CLASSES, TablesEstimator, class_of
from launcher.specification.architecture import Component, ComputeLevel, Network, StorageLevel
from launcher.specification.energy import ActionEnergy, AssumedEnergy
from launcher.specification.specification import Specification

_DRAM_TYPE = "LPDDR4"
_TECHNOLOGY = "45nm"
_CYCLE_S = 1e-9
_MOST_FLIP_FLOPS = 8192
_OPERAND_NAMES = ("datawidth", "word_bits", "data_width", "n_bits", "precision")
_REGISTERS = ("register", "aladdin_register")
_KIN: Mapping[str, str] = {
    **dict.fromkeys(("aladdin_comparator", "comparator", "counter", "aladdin_counter"), "aladdin_adder"),
    "reg": "register",
}
"""Classes that the tables do not have -> the nearest one that they have."""
_WIDTH_CLASSES = ("intadder", "aladdin_adder", "intmultiplier", "aladdin_multiplier", "register", "aladdin_register")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "storage": ("read", "write"),
    "compute": ("compute",),
}

Changes = dict[str, object]
"""Attributes that are put in place of missing ones."""


def estimate_known(specification: Specification, settings: EstimatorSettings | None = None) -> Specification:
    """Put the tables' figures on every component that has some, and say what was taken for the others.

    A component whose attributes do not suffice gets figures by a stated default where there is one (a DRAM without
    type is LPDDR4, an ``intmac`` of ``width`` w multiplies w/2 bits and adds w, technology 45 nm, cycles of 1 ns), else
    0. Both stand in ``assumed`` and in ``flags`` of the result.

    Raises:
        EstimationError: a table is malformed.
    """
    tables = TablesEstimator(settings or EstimatorSettings())
    architecture = specification.architecture
    estimates: dict[str, ComponentEstimate] = {}
    assumed: list[AssumedEnergy] = []
    for plain in architecture.priced:
        component = with_global_attributes(plain, architecture)
        found, assumption = _figures(component, specification, tables)
        estimates[component.name] = scaled(component, found)
        assumed += [assumption] if assumption else []
    return replace(with_figures(specification, estimates, tables), assumed=tuple(assumed))


def _figures(
    component: Component, specification: Specification, tables: TablesEstimator
) -> tuple[ComponentEstimate, AssumedEnergy | None]:
    compounds = specification.compounds
    if class_in(compounds, component) is None or tables.has_own(component):
        return _primitive(component, tables)
    parts: list[AssumedEnergy] = []

    def ask(asked: Sequence[Component]) -> list[ComponentEstimate]:
        found = [_primitive(part, tables) for part in asked]
        parts.extend(assumption for _, assumption in found if assumption)
        return [figures for figures, _ in found]

    try:
        found = estimate_compound(component, compounds, ask)
    except EstimationError as error:
        # The tables may know the class by its name, or what stands behind the subclass.
        figures, assumption = _primitive(component, tables, error.what)
        if assumption is None and class_of(component) in COMPONENT_CLASSES:
            taken = f"the tables' {class_of(component)}"
            assumption = _assumption(component, error.what, taken, unknown=False)
        return figures, assumption
    if not parts:
        return found, None
    reason = "; ".join(f"part {one.component.partition('.')[2]}: {one.reason}" for one in parts)
    taken = ", ".join(dict.fromkeys(one.taken for one in parts))
    return found, _assumption(component, reason, taken, unknown=any(one.unknown for one in parts))


def _primitive(
    component: Component, tables: TablesEstimator, reason: str | None = None
) -> tuple[ComponentEstimate, AssumedEnergy | None]:
    """Figures as they stand, else with defaults for missing attributes, else zeros."""
    try:
        return tables([component])[0], None
    except EstimationError as error:
        reason = reason or _reason(error)
    for change in (_default_attributes, _as_registers):
        changed, taken = change(component)
        if taken:
            try:
                return tables([changed])[0], _assumption(component, reason, taken, unknown=False)
            except EstimationError:
                continue
    actions = _actions(component)
    zeros = ComponentEstimate({action: (ActionEnergy(0.0),) for action in actions}, 0.0)
    return zeros, _assumption(component, reason, "0 pJ", unknown=True)


def _reason(error: EstimationError) -> str:
    return error.what.rpartition(": ")[2] or error.what


def _assumption(component: Component, reason: str, taken: str, *, unknown: bool) -> AssumedEnergy:
    kind = component.component_class
    return AssumedEnergy(
        component.name,
        f"{kind}, subclass {component.subclass}" if component.subclass else kind,
        {key: value for key, value in component.attributes.items() if isinstance(value, int | float | str)},
        _needed(component),
        reason,
        taken,
        unknown,
    )


def _needed(component: Component) -> tuple[str, ...]:
    """The actions without whose energy a total is not one."""
    if isinstance(component, Network):
        return component.required_actions or (component.action_name,)
    return _NEEDED["compute" if isinstance(component, ComputeLevel) else "storage"]


def _actions(component: Component) -> tuple[str, ...]:
    if isinstance(component, Network):
        return _needed(component)
    return ("compute", "leak") if isinstance(component, ComputeLevel) else ("read", "write", "update", "leak")


def _default_attributes(component: Component) -> tuple[Component, str]:
    """The component with defaults for what is missing, and what they are."""
    given, own_name = component.attributes, class_of(component)
    name = _KIN.get(own_name, own_name)
    changes: Changes = {}
    said: list[str] = [f"{name} in its place"] if name != own_name else []
    for default in (_dram, _technology, _cycle, _intmac, _width, _depth):
        found, text = default(name, given)
        changes |= found
        said += [text] if found else []
    changed = replace(component, attributes={**given, **changes})
    if name != own_name:
        changed = replace(changed, component_class=name, subclass=None)
    return changed, ", ".join(said)


def _dram(name: str, given: Mapping[str, object]) -> tuple[Changes, str]:
    return ({"type": _DRAM_TYPE}, f"a DRAM of type {_DRAM_TYPE}") if name == "DRAM" else ({}, "")


def _technology(name: str, given: Mapping[str, object]) -> tuple[Changes, str]:
    """A technology of -1 says that there shall be no figures: that one is left alone."""
    found: Changes = {} if given.get("technology") is not None or name == "DRAM" else {"technology": _TECHNOLOGY}
    return found, f"technology {_TECHNOLOGY}"


def _cycle(name: str, given: Mapping[str, object]) -> tuple[Changes, str]:
    seconds = given.get("global_cycle_seconds")
    usable = isinstance(seconds, int | float) and 0 < seconds <= LONGEST_CYCLE_S
    return ({} if usable or name == "DRAM" else {"global_cycle_seconds": _CYCLE_S}), "cycles of 1 ns (leakage)"


def _intmac(name: str, given: Mapping[str, object]) -> tuple[Changes, str]:
    if name != "intmac":
        return {}, ""
    width, operand = _bits(given, ("width",)), _bits(given, ("multiplier_width", *_OPERAND_NAMES))
    multiplier = operand or (max(1, width // 2) if width else None)
    adder = _bits(given, ("adder_width",)) or width or (2 * multiplier if multiplier else None)
    if multiplier is None or adder is None:
        return {}, ""
    return {
        "multiplier_width": multiplier,
        "adder_width": adder,
    }, f"a multiplier of {multiplier} and an adder of {adder} bits"


def _width(name: str, given: Mapping[str, object]) -> tuple[Changes, str]:
    if name not in _WIDTH_CLASSES or given.get("width") is not None:
        return {}, ""
    # Accelergy's files put registers together from single bits.
    bits = _bits(given, (*_OPERAND_NAMES, "width_a")) or (1 if name in _REGISTERS else None)
    return ({"width": bits} if bits else {}), f"a width of {bits} bits"


def _depth(name: str, given: Mapping[str, object]) -> tuple[Changes, str]:
    found: Changes = {"depth": 1} if name in _REGISTERS and given.get("depth") is None else {}
    return found, "a depth of 1"


def _bits(given: Mapping[str, object], names: Sequence[str]) -> int | None:
    for name in names:
        value = given.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 1 and value == int(value):
            return int(value)
    return None


def _as_registers(component: Component) -> tuple[Component, str]:
    """A storage too small for the tables of memories, as flip-flops."""
    with_defaults, said = _default_attributes(component)
    if not isinstance(component, StorageLevel) or class_of(component) == "DRAM":
        return component, ""
    if (component.capacity_words or 0) * component.word_bits > _MOST_FLIP_FLOPS:
        return component, ""
    return replace(with_defaults, component_class="register", subclass=None), ", ".join(
        filter(None, ("flip-flops, since no memory in the tables has this shape", said))
    )
