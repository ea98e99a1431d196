"""The estimator ``tables``: component classes and the figures they are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from launcher.estimation import arithmetic, networks, storage
from launcher.estimation.attributes import Attributes
from launcher.estimation.base import ComponentEstimate, EstimatorSettings
from launcher.estimation.library import (
    ANALOG_FILE,
    COMPONENTS_FILE,
    DRAM_FILE,
    LOGIC_FILE,
    SRAM_FILE,
    Library,
    fingerprint,
    load_library,
)
from launcher.estimation.own import own_figures
from launcher.estimation.parts import COMPUTE_ACTIONS, STORAGE_ACTIONS, Composition
from launcher.paths import data_folder
from launcher.specification.architecture import Component

VERSION = "0.1.0"
"""Of the project's figures and rules: counts up when an estimate changes."""


@dataclass(frozen=True)
class ComponentClass:
    """How a class is taken apart, and the tables it needs."""

    composition: Callable[[Attributes, Library], Composition]
    tables: tuple[str, ...] = ()


def _free_storage(read: Attributes, library: Library) -> Composition:
    """A level that only stands for a fan-out or for values that cost nothing: no energy, no leakage, no area."""
    return Composition(STORAGE_ACTIONS)


def _free_compute(read: Attributes, library: Library) -> Composition:
    return Composition(COMPUTE_ACTIONS)


_SMART_BUFFER = ComponentClass(storage.smart_buffer, (SRAM_FILE, LOGIC_FILE))
_ADDER = ComponentClass(arithmetic.integer_adder, (LOGIC_FILE,))
_MULTIPLIER = ComponentClass(arithmetic.integer_multiplier, (LOGIC_FILE,))
_REGISTER = ComponentClass(storage.register, (LOGIC_FILE,))
_SRAM = ComponentClass(storage.sram, (SRAM_FILE,))

COMPONENT_CLASSES: Mapping[str, ComponentClass] = {
    "DRAM": ComponentClass(storage.dram, (DRAM_FILE,)),
    "SRAM": _SRAM,
    "smartbuffer_SRAM": _SMART_BUFFER,
    "smartbuffer_RF": _SMART_BUFFER,
    "regfile": _SRAM,
    "storage": _SRAM,
    "register": _REGISTER,
    "aladdin_register": _REGISTER,
    "intmac": ComponentClass(arithmetic.integer_mac, (LOGIC_FILE,)),
    "intadder": _ADDER,
    "aladdin_adder": _ADDER,
    "intmultiplier": _MULTIPLIER,
    "aladdin_multiplier": _MULTIPLIER,
    "memcell_storage": ComponentClass(storage.memory_cells, (ANALOG_FILE,)),
    "memcell_mac": ComponentClass(arithmetic.cell_mac, (ANALOG_FILE,)),
    "SimpleMulticast": ComponentClass(networks.network, (ANALOG_FILE,)),
    "dummy_storage": ComponentClass(_free_storage),
    "free_storage": ComponentClass(_free_storage),
    "dummy_compute": ComponentClass(_free_compute),
    "free_compute": ComponentClass(_free_compute),
}


class TablesEstimator:
    """Figures from CSV tables, and nothing to install.

    Args:
        settings: ``tables`` are further folders of tables; their rows add to the project's and beat them.

    Raises:
        EstimationError: a folder or a table is not as it should be.
    """

    name = "tables"

    def __init__(self, settings: EstimatorSettings) -> None:
        tables = settings.tables
        self._library = load_library((data_folder("tables"), *tables))
        # With tables of a user's own, the version tells their content apart.
        self.version = f"{VERSION}+{fingerprint(tables)}" if tables else VERSION

    def __call__(self, components: Sequence[Component]) -> list[ComponentEstimate]:
        """Figures of components: a user's own where they match, else those of their class.

        Raises:
            EstimationError: an attribute is missing or out of range, or no table covers a component.
        """
        return [self.composition(component).estimate() for component in components]

    def composition(self, component: Component) -> Composition:
        """The parts of one component, with their figures; raises like :meth:`__call__`."""
        found = self.find(component)
        if found is None:
            Attributes(component, self._library.looked_at(*self._library.files)).fail(
                f"the class {class_of(component)!r} is unknown",
                f"one of {', '.join(COMPONENT_CLASSES)}",
                f"give its figures in a {COMPONENTS_FILE} of your own (estimator.tables)",
            )
        return found

    def has_own(self, component: Component) -> bool:
        """Whether the user gave figures of this very component, or of its class."""
        read = Attributes(component, self._library.looked_at(COMPONENTS_FILE))
        return own_figures(read, class_of(component), self._library) is not None

    def find(self, component: Component) -> Composition | None:
        """As :meth:`composition`; None where neither a table nor a class of the project's knows the component."""
        name = class_of(component)
        known = COMPONENT_CLASSES.get(name)
        read = Attributes(component, self._library.looked_at(*(known.tables if known else ()), COMPONENTS_FILE))
        own = own_figures(read, name, self._library)
        if own is not None or known is None:
            return own
        return known.composition(read, self._library)


def class_of(component: Component) -> str:
    """What an estimator looks for: the subclass, where there is one."""
    return component.subclass or component.component_class
