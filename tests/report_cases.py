"""Sets of trials for reports: real evaluations of many machines."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path

from sample_results import TENSORS, failed_result, ok_result, specification, tables

from launcher.engines.native.model import evaluate
from launcher.reading import FinishedTrial, Origin, Trials
from launcher.results.result import Optimality, Result
from launcher.results.result_json import result_to_dict
from launcher.specification.energy import ActionEnergy, AreaTable, EnergyTable
from launcher.specification.mapping import LevelMapping, Loop, Mapping

_START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_OUTSIDE = (1, 2, 4, 8, 16, 32, 64, 128)
_BANDWIDTHS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0)
_STRIDE = 1237  # has no factor in common with the number of cases
_SCRATCHPADS_KIB = (64, 128, 192, 256, 320, 384, 448, 512, 576, 640, 704, 768, 832, 896, 960, 1024)


@cache
def many(number: int) -> tuple[Result, ...]:
    """Different trials, at most some thousands: DRAM and scratchpad bandwidths, scratchpad sizes and mappings.

    Some have no mapping. A few already differ in everything.
    """
    cases = list(product(_SCRATCHPADS_KIB, _BANDWIDTHS, _BANDWIDTHS, _OUTSIDE))
    return tuple(_trial(*cases[n * _STRIDE % len(cases)]) for n in range(number))


def _trial(scratchpad_kib: int, dram: float, scratchpad: float, outside: int) -> Result:
    spec = specification()
    architecture = spec.architecture
    levels = list(architecture.levels)
    levels[4] = replace(
        levels[4], capacity_words=scratchpad_kib * 1024, read_bandwidth=8 * scratchpad, write_bandwidth=8 * scratchpad
    )
    levels[5] = replace(levels[5], read_bandwidth=dram, write_bandwidth=dram)
    energy, area = tables()
    size = scratchpad_kib / 512  # a larger memory takes more area, and more energy per access
    actions = {
        name: (ActionEnergy(one[0].energy_pj * size**0.5),) for name, one in energy.components["Scratchpad"].items()
    }
    spec = replace(
        spec,
        architecture=replace(architecture, levels=tuple(levels)),
        energy=EnergyTable({**energy.components, "Scratchpad": actions}),
        area=AreaTable({**area.components, "Scratchpad": area.components["Scratchpad"] * size}),
    )
    parameters = {
        **ok_result().parameters,
        "arch.scratchpad_kib": scratchpad_kib,
        "arch.dram_bandwidth": dram,
        "arch.scratchpad_bandwidth": 8 * scratchpad,
        "mapper.outside": outside,
    }
    mapping = Mapping(
        (
            LevelMapping("Registers", ("Weights",), temporal=(Loop("L", 16),)),
            LevelMapping("inter_PECols_spatial", (), spatial_x=(Loop("E", 16),)),
            LevelMapping("Accumulator", ("Outputs",), temporal=(*loops_of("L", 256 // outside), Loop("E", 4))),
            LevelMapping("inter_PERows_spatial", (), spatial_y=(Loop("D", 16),)),
            LevelMapping("Scratchpad", ("Weights", "Inputs")),
            LevelMapping("DRAM", TENSORS, temporal=(Loop("D", 256), *loops_of("L", outside))),
        )
    )
    evaluation = evaluate(spec, mapping)
    if not evaluation.legal:
        return replace(failed_result(), parameters=parameters, specification=spec, reason=evaluation.reason)
    return replace(
        ok_result(),
        parameters=parameters,
        specification=spec,
        mapping=mapping,
        evaluation=evaluation,
        optimality=Optimality("given", ("edp",)),
    )


def loops_of(dimension: str, bound: int) -> tuple[Loop, ...]:
    return (Loop(dimension, bound),) if bound > 1 else ()


def trials_of(*results: Result) -> Trials:
    """The results as if they had been read from a sweep's folder."""
    folder = Path("multirun/2026-01-02/03-04-05")
    origins = (
        Origin(folder=folder / str(n), sweep=str(folder), started=_START + timedelta(seconds=n))
        for n in range(len(results))
    )
    return Trials((str(folder),), tuple(map(FinishedTrial, results, origins)))


def write_results(folder: Path, *results: Result) -> None:
    """Only ``result.json`` of each trial, as a sweep lays them out."""
    for number, result in enumerate(results):
        trial = folder / str(number)
        trial.mkdir(parents=True)
        (trial / "result.json").write_text(json.dumps(result_to_dict(result), indent=2))
