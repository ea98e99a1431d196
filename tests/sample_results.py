"""Results of real evaluations, for tests of what comes after the engine."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from launcher.engines.native.model import evaluate
from launcher.results.result import Optimality, Result, SearchStatistics
from launcher.specification.architecture import DUMMY_CLASS, Architecture, ComputeLevel, StorageLevel
from launcher.specification.constraints import BlockConstraint, Constraints, FactorBounds, LevelConstraint
from launcher.specification.energy import ActionEnergy, AreaTable, EnergyTable
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification

TENSORS = ("Weights", "Inputs", "Outputs")

# pJ: read, write, leakage per cycle and instance
_ENERGIES = {
    "DRAM": (512.0, 512.0, 0.0),
    "Scratchpad": (57.039, 54.0501, 0.0274069),
    "Accumulator": (4.54186, 3.49104, 0.00100326),
    "Registers": (0.00649104, 0.0109044, 1.0574e-07),
}


def matmul(D: int, E: int, L: int) -> Problem:
    def tensor(name: str, dimensions: str) -> DataSpace:
        return DataSpace(name, tuple((Term(d),) for d in dimensions), read_write=name == "Outputs")

    spaces = (tensor("Weights", "ED"), tensor("Inputs", "EL"), tensor("Outputs", "DL"))
    return Problem("matmul", {"E": E, "D": D, "L": L}, spaces)


def gemmini() -> Architecture:
    """A weight-stationary 16x16 array."""
    registers = StorageLevel("Registers", "SRAM", 256, mesh_x=16, mesh_y=16, capacity_words=1)
    columns = StorageLevel("inter_PECols_spatial", DUMMY_CLASS, 16, mesh_y=16, capacity_words=1)
    accumulator = StorageLevel(
        "Accumulator", "SRAM", 16, mesh_y=16, word_bits=32, capacity_words=4096, read_bandwidth=4, write_bandwidth=4,
        network_fill_latency=1, network_drain_latency=1,
    )  # fmt: skip
    rows = StorageLevel("inter_PERows_spatial", DUMMY_CLASS, capacity_words=1)
    scratchpad = StorageLevel(
        "Scratchpad", "SRAM", block_size=16, capacity_words=524288, read_bandwidth=16, write_bandwidth=16,
        network_fill_latency=1, network_drain_latency=1, attributes={"technology": "32nm", "width": 128},
    )  # fmt: skip
    dram = StorageLevel("DRAM", "DRAM", block_size=8, read_bandwidth=4, write_bandwidth=4)
    compute = ComputeLevel("MAC", "intmac", 256, mesh_x=16, mesh_y=16)
    levels = (registers, columns, accumulator, rows, scratchpad, dram)
    return Architecture("gemmini", levels, compute, attributes={"global_cycle_seconds": 1.2e-9})


def tables() -> tuple[EnergyTable, AreaTable]:
    actions: dict[str, dict[str, tuple[ActionEnergy, ...]]] = {
        name: {
            "read": (ActionEnergy(read),),
            "write": (ActionEnergy(write),),
            "update": (ActionEnergy(write),),
            "leak": (ActionEnergy(leak),),
        }
        for name, (read, write, leak) in _ENERGIES.items()
    }
    actions["MAC"] = {"compute": (ActionEnergy(0.350374),)}
    return EnergyTable(actions), AreaTable({"MAC": 300.5, "Registers": 40.0, "Accumulator": 30000.0, "Scratchpad": 9e5})


def constraints() -> Constraints:
    keep = {"Scratchpad": {"Inputs", "Weights"}, "Accumulator": {"Outputs"}, "Registers": {"Weights"}}
    levels = {
        name: LevelConstraint(keep=frozenset(kept), bypass=frozenset(TENSORS) - kept) for name, kept in keep.items()
    }
    fixed = BlockConstraint({"D": FactorBounds(exact=16), "E": FactorBounds(most=1)}, permutation=("D",), split=0)
    return Constraints({**levels, "inter_PERows_spatial": LevelConstraint(spatial=fixed)})


@cache
def specification() -> Specification:
    """KTQ of BERT large on gemmini."""
    energy, area = tables()
    return Specification(
        gemmini(), matmul(D=4096, E=64, L=4096), constraints(), energy, area, "tables 0.1.0", ("DRAM: interpolated",)
    )


def mapping() -> Mapping:
    """The best mapping of KTQ: 2195.49 uJ in 4,210,692 cycles."""
    return Mapping(
        (
            LevelMapping("Registers", ("Weights",), temporal=(Loop("L", 16),)),
            LevelMapping("inter_PECols_spatial", (), spatial_x=(Loop("E", 16),)),
            LevelMapping("Accumulator", ("Outputs",), temporal=(Loop("L", 256), Loop("E", 4))),
            LevelMapping("inter_PERows_spatial", (), spatial_y=(Loop("D", 16),)),
            LevelMapping("Scratchpad", ("Weights", "Inputs")),
            LevelMapping("DRAM", TENSORS, temporal=(Loop("D", 256),)),
        )
    )


@cache
def ok_result() -> Result:
    spec = specification()
    evaluation = evaluate(spec, mapping())
    return Result(
        name="gemmini 16x16 KTQ",
        status="ok",
        parameters={
            "arch.name": "gemmini",
            "arch.rows": 16,
            "arch.cols": 16,
            "model": "bert_large",
            "layer": "KTQ",
            "mapper.objective": ["edp"],
            "tracking.kind": "mlflow",
        },
        engine="native 0.1.0",
        estimator="tables 0.1.0",
        specification=spec,
        mapping=mapping(),
        evaluation=evaluation,
        optimality=Optimality("proved", ("edp",), evaluation.edp_j_cycles, 0.0),
        search=SearchStatistics(0.127, {"nodes": 123, "mappings": 7}),
        flags=spec.flags,
        seconds=1.25,
    )


def failed_result() -> Result:
    """A trial whose hardware admits no mapping."""
    return replace(
        ok_result(),
        name="gemmini 48x16 KTQ",
        status="infeasible",
        reason="no valid mapping: D=4096 is not divisible by 48, which PERows asks for",
        parameters={**ok_result().parameters, "arch.rows": 48},
        mapping=None,
        evaluation=None,
        optimality=None,
        search=None,
    )


def sweep() -> list[Result]:
    """Three trials that differ in ``arch.rows``: the best, one with a worse mapping, one without."""
    levels = list(mapping().levels)
    levels[3] = LevelMapping("inter_PERows_spatial", (), spatial_y=(Loop("D", 8),))
    levels[5] = LevelMapping("DRAM", TENSORS, temporal=(Loop("D", 512),))
    worse = Mapping(tuple(levels))
    evaluation = evaluate(specification(), worse)
    slow = replace(
        ok_result(),
        name="gemmini 8x16 KTQ",
        parameters={**ok_result().parameters, "arch.rows": 8},
        mapping=worse,
        evaluation=evaluation,
        optimality=Optimality("bounded", ("edp",), 0.9 * evaluation.edp_j_cycles, 0.1),
    )
    return [slow, failed_result(), ok_result()]
