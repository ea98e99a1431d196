"""Energy per action and area of every component, by each estimator that is installed here, as Markdown tables.

    python benchmarks/estimators.py [--arch gemmini pim] [--accelergy PROGRAM]

Accelergy is asked twice: with the project's tables preferred, and with its plug-ins preferred. What an estimator costs
nothing for is left out; an estimator that is not there, or that fails, is named below the table with its error.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from launcher.config.compose import compose
from launcher.errors import EstimationError
from launcher.estimation import EstimatorSettings, estimate
from launcher.specification.specification import Specification
from launcher.trial.steps import specify

HERE = "tables"


def choices(accelergy: str) -> Mapping[str, tuple[str, EstimatorSettings]]:
    """Column -> estimator and its settings."""
    preferring = {prefer: EstimatorSettings(program=accelergy, prefer=prefer) for prefer in ("tables", "plug_ins")}
    return {
        HERE: ("tables", EstimatorSettings()),
        "accelergy, prefer=tables": ("accelergy", preferring["tables"]),
        "accelergy, prefer=plug_ins": ("accelergy", preferring["plug_ins"]),
        "hwcomponents": ("hwcomponents", EstimatorSettings()),
    }


def figures(specification: Specification) -> dict[tuple[str, str], float]:
    """(component, action or ``area``) -> pJ or um^2 of one instance."""
    assert specification.energy is not None and specification.area is not None
    found = {}
    for component, actions in specification.energy.components.items():
        for action, entries in actions.items():
            found[component, action] = max(entry.energy_pj for entry in entries)
        found[component, "area"] = specification.area.components[component]
    return found


def table(arch: str, accelergy: str) -> list[str]:
    """One architecture's table, and what there is to say about it."""
    bare = specify(compose(["tracking=none", f"arch={arch}", "layer=KTQ", "model=bert_base"]))
    columns: dict[str, dict[tuple[str, str], float]] = {}
    remarks = []
    for column, (estimator, settings) in choices(accelergy).items():
        try:
            found = estimate(bare, estimator=estimator, settings=settings)
        except EstimationError as error:
            remarks.append(f"* {column}: {str(error).splitlines()[0]}")
            continue
        columns[column] = figures(found)
        own = [flag for flag in found.flags if column == HERE or flag not in bare.flags]
        remarks.append(f"* {column} ({found.estimator}): " + ("; ".join(f"`{flag}`" for flag in own) or "no remarks"))
    rows = []
    for component, action in columns[HERE]:
        values = [column.get((component, action), 0.0) for column in columns.values()]
        # An update is a write in each of them.
        if any(values) and action != "update":
            unit = "um²" if action == "area" else "pJ"
            rows.append(f"| {component} | {action} | {unit} | " + " | ".join(f"{value:.6g}" for value in values) + " |")
    head = ["component", "action", "", *columns]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * 3}{'---:|' * len(columns)}", *rows]
    return [f"## {arch}", "", *lines, "", *remarks, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", nargs="+", default=["gemmini", "pim"])
    parser.add_argument("--accelergy", default="accelergy", help="its program (estimator.program)")
    arguments = parser.parse_args()
    program = arguments.accelergy
    for arch in arguments.arch:
        print("\n".join(table(arch, str(Path(program).absolute()) if "/" in program else program)))


if __name__ == "__main__":
    main()
