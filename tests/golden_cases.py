"""Load golden cases (results of the real Timeloop as neutral JSON) into our dataclasses."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from launcher.specification.architecture import Architecture, ComputeLevel, Network, StorageLevel
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification

OWN_FOLDER = Path(__file__).parent / "golden"
SHARED_FOLDER = Path(__file__).parents[2] / "shared" / "golden"


@dataclass(frozen=True)
class GoldenCase:
    """One mapping and what Timeloop printed for it (``expected``: legal, energy_pj, cycles, utilization, levels)."""

    mapping: Mapping
    expected: dict[str, Any]

    @property
    def legal(self) -> bool:
        return bool(self.expected["legal"])


@dataclass(frozen=True)
class GoldenFile:
    """One architecture, one problem, many cases."""

    name: str
    specification: Specification
    cases: tuple[GoldenCase, ...]


def golden_path(name: str) -> Path:
    """The file ``name`` (``.json`` or ``.json.gz``): the full one where it is present, else our own few cases of it.

    Skips the calling test when there is neither.
    """
    for folder in (SHARED_FOLDER, OWN_FOLDER):
        for suffix in ("", ".json", ".json.gz"):
            path = folder / f"{name}{suffix}"
            if path.is_file():
                return path
    pytest.skip(f"golden file {name} is neither in {OWN_FOLDER} nor in {SHARED_FOLDER}")


def golden_names() -> list[str]:
    """Names of all case files, without suffix."""
    paths = {*OWN_FOLDER.glob("*.json.gz"), *SHARED_FOLDER.glob("*.json.gz")}
    return sorted({path.name.removesuffix(".json.gz") for path in paths})


def load_json(path: Path) -> dict[str, Any]:
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return dict(json.loads(text))


@cache
def load_golden(name: str) -> GoldenFile:
    """Load one file by name, e.g. ``gemmini_gemm_small``."""
    return golden_from_json(load_json(golden_path(name)), name)


def golden_from_json(data: dict[str, Any], name: str) -> GoldenFile:
    specification = Specification(
        architecture=architecture_from_json(data["architecture"], data.get("architecture_name", name)),
        problem=problem_from_json(data["problem"]),
        energy=energy_table_from_json(data["architecture"]),
    )
    cases = tuple(GoldenCase(mapping_from_json(case["mapping"]), case) for case in data["cases"])
    return GoldenFile(name, specification, cases)


def architecture_from_json(data: dict[str, Any], name: str) -> Architecture:
    mac = data["mac"]
    return Architecture(
        name=name,
        levels=tuple(_level_from_json(level) for level in data["storage_levels_innermost_first"]),
        compute=ComputeLevel(mac["name"], "intmac", mac["instances"], mesh_x=mac["mesh_x"], mesh_y=mac["mesh_y"]),
        networks={
            key: Network(
                key,
                net["component_class"],
                action_name=net["action_name"],
                per_data_space_actions=net["per_dataspace_actions"],
                multicast_argument=net["multicast_argument"],
            )
            for key, net in data["networks"].items()
        },
    )


def _level_from_json(data: dict[str, Any]) -> StorageLevel:
    capacity = data["capacity_words"]
    buffering = capacity / data["effective_capacity_words"] if capacity else 1.0
    return StorageLevel(
        name=data["name"],
        component_class=data["component_class"],
        instances=data["instances"],
        mesh_x=data["mesh_x"],
        mesh_y=data["mesh_y"],
        word_bits=data["word_bits"],
        block_size=data["block_size"],
        cluster_size=data["cluster_size"],
        capacity_words=capacity,
        multiple_buffering=buffering,
        read_bandwidth=data["read_bandwidth"],
        write_bandwidth=data["write_bandwidth"],
        shared_bandwidth=data["shared_bandwidth"],
        network_fill_latency=data["network_fill_latency"],
        network_drain_latency=data["network_drain_latency"],
        read_network=data["network_read"],
        update_network=data["network_update"],
    )


def energy_table_from_json(data: dict[str, Any]) -> EnergyTable:
    components: dict[str, dict[str, tuple[ActionEnergy, ...]]] = {}
    for level in data["storage_levels_innermost_first"]:
        energy = level["energy_pj"]
        names = {"read": "read", "write": "fill", "update": "update", "leak": "leak_per_cycle"}
        components[level["name"]] = {action: (ActionEnergy(energy[key]),) for action, key in names.items()}
    for key, net in data["networks"].items():
        components[key] = {
            action: tuple(ActionEnergy(entry["energy_pj"], entry["arguments"]) for entry in entries)
            for action, entries in net["actions"].items()
        }
    components[data["mac"]["name"]] = {"compute": (ActionEnergy(data["mac"]["energy_pj"]),)}
    return EnergyTable(components)


def problem_from_json(data: dict[str, Any]) -> Problem:
    spaces = tuple(
        DataSpace(
            space["name"],
            tuple(tuple(Term(term["dimension"], term["coefficient"]) for term in rank) for rank in space["projection"]),
            space["read_write"],
        )
        for space in data["data_spaces"]
    )
    return Problem("problem", dict(data["dimensions"]), spaces)


def mapping_from_json(levels: list[dict[str, Any]]) -> Mapping:
    return Mapping(
        tuple(
            LevelMapping(
                level=level["level"],
                keep=tuple(level["keep"]),
                spatial_x=_loops(level["spatial_x"], list(level["spatial_x"])),
                spatial_y=_loops(level["spatial_y"], list(level["spatial_y"])),
                temporal=_loops(level["temporal"], level["temporal_order_innermost_first"]),
            )
            for level in levels
        )
    )


def _loops(factors: dict[str, Any], order: list[str]) -> tuple[Loop, ...]:
    """A factor is a bound, or in imperfect mappings [bound, residual]."""
    pairs = {name: factor if isinstance(factor, list) else [factor, factor] for name, factor in factors.items()}
    chosen = [(name, *pairs[name]) for name in order]
    return tuple(Loop(name, end, None if last == end else last) for name, end, last in chosen if end > 1)


def differences(expected: dict[str, Any], evaluation: Any, tolerance: float) -> Iterator[str]:
    """Every figure of an evaluation that is not Timeloop's: counts exactly, energies within ``tolerance``."""
    if evaluation.legal != expected["legal"]:
        yield f"legal: {evaluation.legal} ({evaluation.reason}), expected {expected['legal']}"
        return
    if not evaluation.legal:
        return
    for key in ("cycles", "utilization"):
        if getattr(evaluation, key) != expected[key]:
            yield f"{key}: {getattr(evaluation, key)}, expected {expected[key]}"
    if abs(evaluation.energy_pj - expected["energy_pj"]) > tolerance * expected["energy_pj"]:
        yield f"energy_pj: {evaluation.energy_pj}, expected {expected['energy_pj']}"
    for level, wanted in zip(evaluation.levels, expected["levels"], strict=True):
        if abs(level.energy_pj - wanted["energy_pj"]) > tolerance * wanted["energy_pj"]:
            yield f"{level.level} energy_pj: {level.energy_pj}, expected {wanted['energy_pj']}"
        for name, counts in wanted["data_spaces"].items():
            for key, count in counts.items():
                if getattr(level.data_spaces[name], key) != count:
                    yield f"{level.level} {name} {key}: {getattr(level.data_spaces[name], key)}, expected {count}"
