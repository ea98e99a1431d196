"""The figures of a Timeloop run, from the files that hold them exactly.

``stats.txt`` rounds energies for display. ``map+stats.xml`` beside it has accesses as integers and energies as doubles,
but neither leakage nor totals: leakage follows from the energy table and the cycles, and totals are added up in
Timeloop's order. All that ``stats.txt`` prints must then agree to its last digit, or the files are not of one run.
"""

from __future__ import annotations

import re
from dataclasses import replace
from math import ceil
from pathlib import Path

from launcher.engines.native.cost import gate_of, level_cycles
from launcher.engines.native.energies import AccessEnergies, level_energies
from launcher.engines.native.network_costs import connections
from launcher.engines.timeloop.xml_file import Node, XmlFile, incomplete, read_xml
from launcher.errors import EngineError
from launcher.results.evaluation import DataSpaceStats, Evaluation, LevelStats
from launcher.specification.architecture import StorageLevel
from launcher.specification.specification import Specification
from launcher.summing import sum_in_order
from launcher.timeloop_files.stats import compare

_TOTAL = re.compile(r"^(Cycles|Computes)\s*[:=]\s*(\d+)\s*$", re.MULTILINE)


def read_evaluation(specification: Specification, xml: Path, stats: Path) -> Evaluation:
    """What Timeloop says of the mapping that it evaluated.

    Args:
        specification: what it ran on, with energies.
        xml: its ``map+stats.xml``.
        stats: its ``stats.txt``.

    Raises:
        EngineError: a file is missing or truncated, or does not fit the other one.
    """
    file = read_xml(xml, specification.problem.data_space_names)
    names = [level.name for level in specification.architecture.levels]
    if [node.name for node in file.levels] != names:
        raise incomplete(xml, f"its levels are {', '.join(node.name for node in file.levels) or 'missing'}")
    try:
        totals = dict(_TOTAL.findall(stats.read_text(encoding="utf-8", errors="replace")))
    except OSError as error:
        raise incomplete(stats, f"it cannot be read: {error.strerror}") from None
    if len(totals) < 2:
        raise incomplete(stats, "no totals in it")
    evaluation = _evaluation(specification, file, int(totals["Cycles"]), int(totals["Computes"]))
    differences = compare(evaluation, specification.architecture.compute.name, stats).differences
    if differences:
        raise EngineError(
            f"Timeloop's files do not agree with each other: {differences[0]}",
            where=f"{xml} and {stats.name}",
            expected="files of the same run, by a version of Timeloop from 2025",
            hint="run again in an empty folder",
        )
    return evaluation


def _evaluation(specification: Specification, file: XmlFile, cycles: int, computes: int) -> Evaluation:
    architecture = specification.architecture
    iterations = int(file.compute.number("cycles_"))
    busy_cycles = max(iterations, *(int(node.number("stats_/cycles")) for node in file.levels))
    # The same for every data space, also for those that bypass the level.
    instances = [max(node.per_data_space("stats_/utilized_instances").values()) for node in file.levels]
    levels = []
    for index, energies in enumerate(level_energies(specification)):
        gate, share = gate_of(architecture, index)
        leakage_pj = energies.leak_pj_per_cycle * busy_cycles * share * max(1.0, instances[gate])
        levels.append(_level(architecture.levels[index], file.levels[index], energies, leakage_pj, iterations))
    networks_pj = {
        one.name: sum_in_order(file.networks[one.name].per_data_space("stats_/energy").values()) * instances[one.index]
        for one in connections(specification)
        if one.name in file.networks
    }
    compute_pj = file.compute.number("energy_")
    energy_pj = compute_pj
    for level in levels:
        energy_pj += level.energy_pj
    for name in sorted(networks_pj):
        energy_pj += networks_pj[name]
    return Evaluation(
        legal=True,
        energy_pj=energy_pj,
        cycles=cycles,
        utilization=computes / architecture.compute.instances / cycles,
        computes=computes,
        levels=tuple(levels),
        compute_energy_pj=compute_pj,
        network_energy_pj=networks_pj,
    )


def _level(level: StorageLevel, node: Node, energies: AccessEnergies, leakage_pj: float, iterations: int) -> LevelStats:
    def of(name: str) -> dict[str, float]:
        return node.per_data_space(f"stats_/{name}")

    instances, clusters = of("utilized_instances"), of("utilized_clusters")
    energy, reduction, addresses = of("energy"), of("temporal_reduction_energy"), of("addr_gen_energy")
    tiles, reads, fills, updates = of("utilized_capacity"), of("reads"), of("fills"), of("updates")
    spaces: dict[str, DataSpaceStats] = {}
    total_pj = 0.0
    for name in node.data_spaces:
        storage_pj = energy[name] * instances[name]
        extra_pj = reduction[name] * instances[name] + addresses[name] * clusters[name]
        total_pj += storage_pj + extra_pj + leakage_pj / len(node.data_spaces)
        stats = DataSpaceStats(
            int(tiles[name]), int(reads[name]), int(fills[name]), int(updates[name]), instances[name]
        )
        spaces[name] = replace(stats, energy_pj=_by_action(level, name, stats, energies, storage_pj))
    _, limit = level_cycles(level, node.data_spaces, tuple(spaces.values()), iterations)
    return LevelStats(
        level=level.name,
        energy_pj=total_pj,
        leakage_pj=leakage_pj,
        cycles=int(node.number("stats_/cycles")),
        data_spaces=spaces,
        limited_by=limit,
        capacity_words=level.effective_capacity_words,
    )


def _by_action(
    level: StorageLevel, space: str, accesses: DataSpaceStats, energies: AccessEnergies, energy_pj: float
) -> dict[str, float]:
    """Share a data space's energy among its reads, fills and updates, of which Timeloop gives the sum only."""
    parts, block = level.row_parts(space)
    weights = {
        "read": ceil(accesses.reads * parts / block) * energies.read_pj,
        "fill": ceil(accesses.fills * parts / block) * energies.fill_pj,
        "update": ceil(accesses.updates * parts / block) * energies.update_pj,
    }
    whole = sum_in_order(weights.values())
    return {action: energy_pj * weight / whole if whole else 0.0 for action, weight in weights.items()}
