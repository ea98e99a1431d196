"""What an estimator is, and what it says about one component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from launcher.specification.architecture import Component
from launcher.specification.energy import ActionEnergy


@dataclass(frozen=True)
class ComponentEstimate:
    """Figures of one instance of a component.

    Attributes:
        actions: action name -> its energies, one per set of arguments. One energy without arguments holds for
            every multicast factor.
        area_um2: area of one instance.
        notes: short remarks on figures that are not a table's own, e.g. which were interpolated. Empty: exact.
    """

    actions: Mapping[str, tuple[ActionEnergy, ...]]
    area_um2: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EstimatorSettings:
    """What an estimator can be told; each reads what concerns it.

    Attributes:
        tables: a user's own folders of tables, later ones beating earlier ones and the project's.
        prefer: ``tables`` or ``plug_ins``: whose figures ``accelergy`` takes where both have some.
        program: Accelergy's program, a name on the PATH or a path.
        components: a user's own files or folders of Accelergy's compound components.
        timeout_s: wall-clock limit of one run of Accelergy.
    """

    tables: tuple[Path, ...] = ()
    prefer: str = "tables"
    program: str = "accelergy"
    components: tuple[Path, ...] = ()
    timeout_s: float = 600.0


class Estimator(Protocol):
    """Something that puts energy and area on components."""

    @property
    def name(self) -> str:
        """What a configuration calls it, e.g. ``tables``."""

    @property
    def version(self) -> str:
        """Version of its figures and rules; known once it has estimated."""

    def __call__(self, components: Sequence[Component]) -> list[ComponentEstimate]:
        """Estimate all components of an architecture, in their order.

        Args:
            components: attributes of the architecture (``technology``, ``global_cycle_seconds``) included.

        Raises:
            EstimationError: there is no figure for one; says what would be accepted.
        """
