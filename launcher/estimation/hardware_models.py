"""The estimator ``hwcomponents``: every part of a component through a model of the hwcomponents packages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from launcher.errors import EstimationError
from launcher.estimation import hardware_packages
from launcher.estimation.base import ComponentEstimate, EstimatorSettings
from launcher.estimation.parts import LEAK, Composition, Part, whole
from launcher.estimation.tables import TablesEstimator, class_of
from launcher.specification.architecture import Component

_DEFAULT_CYCLE_S = 1e-9


@dataclass(frozen=True)
class _Model:
    """Which model stands for a class of part.

    Attributes:
        name: what hwcomponents calls it.
        attributes: of the part -> of the model.
        actions: of the part -> of the model.
    """

    name: str
    attributes: Mapping[str, str]
    actions: Mapping[str, str]


_ACCESS = {"read": "read", "write": "write"}
_MEMORY = {"width": "width", "depth": "depth", "n_banks": "n_banks", "n_rw_ports": "n_rw_ports"}
_MODELS: Mapping[str, _Model] = {
    "SRAM": _Model("SRAM", _MEMORY, _ACCESS),
    "output_buffer": _Model("SRAM", _MEMORY, {"access": "read"}),
    "aladdin_adder": _Model("IntAdder", {"width": "width"}, {"read": "add"}),
    "aladdin_multiplier": _Model("IntMultiplier", {"width_a": "width_a", "width_b": "width_b"}, {"read": "multiply"}),
    "aladdin_register": _Model("Register", {"width": "width"}, _ACCESS),
    "adc": _Model("adc", {"resolution": "n_bits", "throughput": "throughput"}, {"convert": "convert"}),
    "dac": _Model("IsaacDAC", {"resolution": "resolution"}, {"convert": "convert"}),
    "shift_and_add": _Model("IsaacShiftAdd", {"width": "width"}, {"add": "shift_add"}),
}
_BY_TABLES = ("memory_cell", "sample_and_hold")
"""What hwcomponents has no model for that could be asked with what an architecture says."""
_DRAM_TYPES = ("LPDDR4", "LPDDR", "DDR3", "HBM2")


class HardwareModelsEstimator:
    """Figures of the hwcomponents packages; a part that they have no model for is the tables', and flagged.

    Args:
        settings: ``tables`` as for :class:`TablesEstimator`; figures of a user's own beat every model.

    Raises:
        EstimationError: hwcomponents is not installed, or this Python is too old for it.
    """

    name = "hwcomponents"

    def __init__(self, settings: EstimatorSettings) -> None:
        self._tables = TablesEstimator(settings)
        self._get_model = hardware_packages.import_hwcomponents().get_model
        self.version = hardware_packages.version()

    def __call__(self, components: Sequence[Component]) -> list[ComponentEstimate]:
        """Ask a model for every part.

        Raises:
            EstimationError: no model knows a part, or its model failed; says which and why.
        """
        return [self._estimate(component) for component in components]

    def _estimate(self, component: Component) -> ComponentEstimate:
        composition = self._tables.find(component) or whole(component, class_of(component))
        parts = tuple(self._modelled(component, part) for part in composition.parts)
        return Composition(composition.actions, parts, composition.notes).estimate()

    def _modelled(self, component: Component, part: Part) -> Part:
        """The part with a model's figures in place of the tables'."""
        if part.primitive in _BY_TABLES or (part.primitive == "DRAM" and part.attributes["type"] not in _DRAM_TYPES):
            return replace(part, notes=(*part.notes, f"{part.name} by the tables"))
        if "figures_of" in part.attributes:  # a user's own
            return part
        name, attributes, actions = _question(component, part)
        # The models' buses have a least and a largest width; an access may be several transfers.
        how = {"bits_per_action": part.attributes["width"]} if part.primitive == "DRAM" else {}
        try:
            model = self._get_model(name, attributes, required_actions=sorted(set(actions.values())))
            energies = {own: float(getattr(model, asked)(**how).energy) * 1e12 for own, asked in actions.items()}
            energies[LEAK] = float(model.leak_power) * _cycle_s(component) * 1e12
            area = float(model.area) * 1e12
        except ImportError as error:
            raise hardware_packages.missing_package(error) from error
        except Exception as error:  # a model may fail in any way
            raise _failure(component, part, name, attributes, error) from error
        kind = f"{type(model).__module__.partition('.')[0]}.{type(model).__name__}"
        return replace(part, energy_pj=energies, area_um2=area, notes=(f"{part.name} by {kind}",))


def _question(component: Component, part: Part) -> tuple[str, dict[str, object], Mapping[str, str]]:
    """Name and attributes of the model, and its actions by those of the part."""
    given = part.attributes
    if part.primitive == "DRAM":
        return str(given["type"]), {}, _ACCESS
    model = _MODELS.get(part.primitive)
    attributes: dict[str, object] = {"tech_node": _technology_m(component)}
    if model is None:  # a class of the user's own model packages
        used = {own for uses in part.uses.values() for own in uses} - {LEAK}
        actions = {own: "write" if own == "update" else own for own in sorted(used)}
        return part.primitive, {**attributes, **given}, actions
    attributes |= {asked: given[own] for own, asked in model.attributes.items() if own in given}
    if model.name == "SRAM":
        attributes["size"] = int(str(given["width"])) * int(str(given["depth"]))
    return model.name, attributes, model.actions


def _technology_m(component: Component) -> float:
    text = str(component.attributes.get("technology", "")).strip().removesuffix("nm")
    try:
        return float(text) * 1e-9
    except ValueError:
        raise EstimationError(
            f"no technology for component {component.name!r}", expected="technology: 32nm on it or its containers"
        ) from None


def _cycle_s(component: Component) -> float:
    cycle = component.attributes.get("global_cycle_seconds")
    return float(cycle) if isinstance(cycle, int | float) else _DEFAULT_CYCLE_S


def _failure(
    component: Component, part: Part, name: str, attributes: Mapping[str, object], error: Exception
) -> EstimationError:
    shown = ", ".join(f"{key}={value}" for key, value in attributes.items())
    where = f"component {component.name}, part {part.name}: {name}({shown})"
    if "cacti" in str(error).lower() and (problem := hardware_packages.cacti_problem()) is not None:
        return EstimationError(
            problem.what,
            where=where,
            hint=f"{problem.mend}  (builds it anew where it lies), a newer system, or estimator=tables, "
            "whose memories are CACTI's as well",
        )
    return EstimationError(
        f"hwcomponents could not estimate component {component.name!r}: {_reason(error)}",
        where=where,
        expected=f"a model called {name} that takes these attributes: pip install the package that has it",
        hint="figures of its own in a components.csv (estimator.tables), or estimator=tables",
    )


def _reason(error: Exception) -> str:
    """What an error of hwcomponents says, without its list of all models and without the models' tracebacks."""
    lines = [line.strip(" |\t") for line in str(error).splitlines()]
    lines = [line for line in lines if line] or [type(error).__name__]
    first = lines[0].partition(" Supported components:")[0]
    # Either a model was started and raised something, or none could be: then the last line says what it wanted.
    raised = [line for line in lines[1:] if re.match(r"[A-Za-z_.]*(Error|Exception): ", line)]
    more = raised[-1] if raised else lines[-1] if "not be initialized" in first else ""
    return f"{first} ({more})" if more else first
