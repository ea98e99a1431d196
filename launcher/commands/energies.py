"""Energies for the commands that read anybody's files: the files' own, the user's, the tables', and what is missing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from launcher.errors import LauncherError, SpecificationError
from launcher.figures import CRITERIA
from launcher.specification.architecture import Component, ComputeLevel, Network
from launcher.specification.energy import ActionEnergy, AssumedEnergy, EnergyTable
from launcher.specification.specification import Specification

_ALLOW = "--allow-unknown-energy"
_STORAGE = {
    "read": "random_read",
    "write": "random_write",
    "fill": "random_fill",
    "update": "random_update",
    "leak": "leak",
}
"""What a user may give -> the first of the names under which Timeloop looks for it, so that no other entry beats it."""
_COMPUTE = {"compute": "mac_random"}
_WRITES = ("random_fill", "random_update")


@dataclass(frozen=True)
class GivenEnergy:
    """``NAME.action=pJ`` from the command line."""

    component: str
    action: str
    energy_pj: float


def add_energy_arguments(parser: argparse.ArgumentParser, *, search: bool = False) -> None:
    """Declare the options that give energies which the files lack; a search can also do without them."""
    parser.add_argument(
        "--energy", type=given_energy, action="append", default=[], metavar="NAME.ACTION=PJ",
        help="energy of one action of a component in pJ (read, write, update, leak; compute); may be given often",
    )  # fmt: skip
    parser.add_argument(
        "--tables", type=Path, action="append", default=[], metavar="FOLDER",
        help="a folder with tables of your own, for files without an ERT",
    )  # fmt: skip
    if search:
        parser.add_argument(
            _ALLOW, action="store_true",
            help="search by energy or EDP although some energies are unknown; those are taken as 0 pJ",
        )  # fmt: skip


def given_energy(text: str) -> GivenEnergy:
    """``GB.read=2.0`` on a command line."""
    target, _, value = text.partition("=")
    component, _, action = target.rpartition(".")
    try:
        energy = float(value)
    except ValueError:
        energy = -1.0
    if not component or not action or not isfinite(energy) or energy < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME.ACTION=PJ, for example GB.read=2.0")
    return GivenEnergy(component, action, energy)


def with_energies(
    specification: Specification, given: Sequence[GivenEnergy] = (), tables: Sequence[Path] = ()
) -> Specification:
    """The specification with energies: its own or the tables', and on top those that were given.

    What nobody knows is taken as said in ``assumed``; each such component is a flag of the result.

    Raises:
        LauncherError: an energy was given for no component or no action; a table is malformed.
    """
    if specification.energy is None:
        # Imported only when it is needed: files with an ERT should not wait for the tables.
        from launcher.estimation import EstimatorSettings, estimate_known  # noqa: PLC0415

        specification = estimate_known(specification, EstimatorSettings(tables=tuple(tables)))
    # What a write costs holds for updates, too, unless those are given.
    for one in sorted(given, key=lambda one: one.action != "write"):
        specification = _with_one(specification, one)
    return replace(specification, flags=(*specification.flags, *map(str, specification.assumed)))


def refuse_unknown(specification: Specification, objective: Sequence[str], *, front: bool, allowed: bool) -> None:
    """A search that weighs energies which nobody knows finds what is best by accident: the user has to ask for it.

    Raises:
        LauncherError: some energies are unknown, the objective needs them, and this was not allowed.
    """
    unknown = [one for one in specification.assumed if one.unknown]
    if allowed or not unknown or not (front or any(CRITERIA[name].energy for name in objective)):
        return
    named = ", ".join(one.component for one in unknown)
    first = unknown[0]
    raise LauncherError(
        f"the energies of {named} are unknown, and the search is by {'energy' if front else objective[0]}",
        where=f"{first.component} (class {first.component_class}): {first.reason}",
        expected="an energy for each, from an ERT, --tables FOLDER, or the command line",
        hint=f"--objective cycles, --energy {first.component}.{first.actions[0]}=2.0, or {_ALLOW} (takes 0 pJ)",
    )


def assumed_to_json(assumed: Sequence[AssumedEnergy]) -> list[dict[str, object]]:
    """Plain values on every component whose energies nobody gave."""
    return [
        {
            "component": one.component,
            "class": one.component_class,
            "attributes": dict(one.attributes),
            "actions": list(one.actions),
            "reason": one.reason,
            "taken": one.taken,
            "unknown": one.unknown,
        }
        for one in assumed
    ]


def _with_one(specification: Specification, given: GivenEnergy) -> Specification:
    component = _component(specification, given)
    table = specification.energy.components if specification.energy else {}
    own = {_name(component, given): (ActionEnergy(given.energy_pj),)}
    beaten = _WRITES if given.action == "write" else ()
    kept = {name: entries for name, entries in table.get(component.name, {}).items() if name not in beaten}
    return replace(
        specification,
        energy=EnergyTable({**table, component.name: {**kept, **own}}),
        assumed=tuple(left for one in specification.assumed if (left := _left(one, component.name, given.action))),
        flags=(*specification.flags, f"{component.name}.{given.action}: {given.energy_pj:g} pJ as given"),
    )


def _left(assumed: AssumedEnergy, component: str, action: str) -> AssumedEnergy | None:
    """What is still missing of a component once one action of it was given."""
    if assumed.component != component:
        return assumed
    given = {action, *(("fill", "update") if action == "write" else ())}
    actions = tuple(one for one in assumed.actions if one not in given)
    return replace(assumed, actions=actions) if actions else None


def _component(specification: Specification, given: GivenEnergy) -> Component:
    components = {one.name: one for one in specification.architecture.priced}
    if given.component not in components:
        raise SpecificationError(
            f"--energy names no component: '{given.component}'", expected=f"one of: {', '.join(components)}"
        )
    return components[given.component]


def _name(component: Component, given: GivenEnergy) -> str:
    if isinstance(component, Network):
        return given.action
    known = _COMPUTE if isinstance(component, ComputeLevel) else _STORAGE
    if given.action not in known:
        raise SpecificationError(
            f"--energy names no action of '{component.name}': '{given.action}'",
            expected=f"one of: {', '.join(known)}",
        )
    return known[given.action]
