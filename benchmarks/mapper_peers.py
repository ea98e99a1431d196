"""Other mappers on the same work: the gemmini with free temporal factors, its energies given, one process, for EDP.

AccelForge runs under an interpreter of its own (it needs Python 3.12 and many packages), with the architecture and the
energies written in its own language: the same levels, sizes, energies, bandwidths, leakage, fan-outs and kept tensors.
Its model is not Timeloop's (no first writes left out per block, no latency of networks), so the two EDPs are close but
not the same figure. Timeloop's mapper gets the same specification; it is asked to stop after :data:`TIMELOOP_LIMIT_S`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from launcher.engines.interface import MapperSettings
from launcher.engines.native.energies import compute_energy_pj, level_energies
from launcher.engines.native.mapper.optima import search
from launcher.engines.timeloop.engine import TimeloopEngine
from launcher.engines.timeloop.settings import TimeloopSettings
from launcher.errors import LauncherError
from launcher.specification.specification import Specification

TIMELOOP_MAPPER = {
    "algorithm": "random_pruned",
    "optimization_metrics": ["edp"],
    "victory_condition": 3000,
    "timeout": 100000,
    "num_threads": 1,
    "live_status": False,
}
"""Settings of Timeloop's own search: a usual effort, not a good one."""

TIMELOOP_LIMIT_S = 600


def run_peers(cases: dict[str, Specification], accelforge_python: str | None) -> None:
    """Print time and EDP of every mapper that is there; one line for each that is missing.

    Args:
        cases: what is mapped, by layer: the same architecture with matmuls of different sizes.
        accelforge_python: an interpreter that has AccelForge; this one when it is None.
    """
    print(
        f"\ngemmini, temporal factors free\n{'mapper':<20}{'layer':<10}{'cold s':>9}{'warm s':>9}{'EDP J*cycles':>16}"
    )
    for layer, specification in cases.items():
        started = time.perf_counter()
        evaluation = search(specification, MapperSettings()).evaluation
        _show("launcher", layer, None, time.perf_counter() - started, evaluation.edp_j_cycles)
    _run_accelforge(cases, accelforge_python)
    _run_timeloop(cases)


def _show(mapper: str, layer: str, cold: float | None, warm: float | None, edp_j_cycles: float) -> None:
    times = "".join(f"{seconds:>9.3f}" if seconds is not None else f"{'':>9}" for seconds in (cold, warm))
    print(f"{mapper:<20}{layer:<10}{times}{edp_j_cycles:>16,.1f}", flush=True)


def accelforge_is_usable(python: str | None) -> bool:
    """Whether AccelForge can be run with an interpreter (None: this one); says why not."""
    if shutil.which("dot") is None:
        print("accelforge: left out, graphviz's dot is not on the PATH")
        return False
    if python is None and find_spec("accelforge") is None:
        print("accelforge: left out, it is not installed here (--accelforge-python names an interpreter that has it)")
        return False
    return True


def _run_accelforge(cases: dict[str, Specification], python: str | None) -> None:
    if not accelforge_is_usable(python):
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "specification.yaml"
        file.write_text(accelforge_input(next(iter(cases.values()))))
        layers = {layer: dict(specification.problem.dimensions) for layer, specification in cases.items()}
        command = [python or sys.executable, str(Path(__file__).parent / "accelforge_worker.py")]
        request = json.dumps({"file": str(file), "layers": layers})
        done = subprocess.run(command, input=request, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"accelforge: left out, {command[0]} ended with status {done.returncode}: {_last_line(done.stderr)}")
        return
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            found = json.loads(line)
            edp = found["energy"] * found["latency"] * 1e-12
            _show("accelforge", found["layer"], found["loading"] + found["first"], found["second"], edp)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"


def accelforge_input(specification: Specification) -> str:
    """A specification in AccelForge's language, for a matmul of any size: energies in pJ, times in cycles.

    A word is 8 bit at every level, as all that counts is how many there are.
    """
    return "\n".join(["arch:", "  nodes:", *_nodes(specification), *_workload(specification), ""])


def _nodes(specification: Specification) -> Iterator[str]:
    levels, energies = specification.architecture.levels, level_energies(specification)
    fanouts: list[str] = []
    for index in range(len(levels) - 1, -1, -1):
        level, energy = levels[index], energies[index]
        if not level.is_dummy:
            size = "inf" if level.effective_capacity_words is None else str(level.effective_capacity_words * 8)
            bits = level.block_size * 8
            yield f"  - !Memory\n    name: {level.name}\n    size: {size}\n    area: 0"
            yield f"    leak_power: {energy.leak_pj_per_cycle}"
            yield "    total_latency: max(a.n_calls / a.throughput for a in actions)"
            yield f"    tensors: {{keep: {' | '.join(sorted(specification.constraints.at(level.name).keep))}}}"
            yield from fanouts
            yield "    actions:"
            for action, pj, words in (
                ("read", energy.read_pj, level.read_bandwidth),
                ("write", energy.fill_pj, level.write_bandwidth),
            ):
                rate = "inf" if words is None else words / level.block_size
                yield f"    - {{name: {action}, energy: {pj}, bits_per_action: {bits}, throughput: {rate}}}"
            fanouts = []
        for dimension, bounds in specification.constraints.at(level.name).spatial.factors.items():
            if bounds.exact is not None and bounds.exact > 1:
                only = f"{{expression: ~{dimension.lower()}, operator: ==, value: 1}}"
                fanouts = [
                    "    spatial:",
                    f"    - {{name: {level.name}, fanout: {bounds.exact}, min_usage: 1, loop_bounds: [{only}]}}",
                ]
    yield f"  - !Compute\n    name: {specification.architecture.compute.name}\n    leak_power: 0\n    area: 0"
    yield f"    actions: [{{name: compute, energy: {compute_energy_pj(specification)}, throughput: 1}}]"


def _workload(specification: Specification) -> Iterator[str]:
    yield "workload:\n  iteration_space_shape:"
    for name in specification.problem.dimensions:
        yield f"    {name.lower()}: 0 <= {name.lower()} < {{{{{name}}}}}"
    yield "  bits_per_value: {All: 8}\n  einsums:\n  - name: matmul\n    tensor_accesses:"
    for space in specification.problem.data_spaces:
        ranks = ", ".join(sorted(name.lower() for name in space.relevant))
        yield f"    - {{name: {space.name}, projection: [{ranks}]{', output: True' if space.read_write else ''}}}"
    yield "    renames: {weight: Weights, input: Inputs, output: Outputs}"


def _with_sides(specification: Specification) -> Specification:
    """Timeloop lays spatial loops along X unless it is told where to split them."""
    levels = dict(specification.constraints.levels)
    for index, level in enumerate(specification.architecture.levels):
        x, y = specification.architecture.fanout(index)
        if (x > 1) != (y > 1):
            own = specification.constraints.at(level.name)
            levels[level.name] = replace(own, spatial=replace(own.spatial, split=999 if x > 1 else 0))
    return replace(specification, constraints=replace(specification.constraints, levels=levels))


def _run_timeloop(cases: dict[str, Specification]) -> None:
    if shutil.which("timeloop-mapper") is None:
        print("timeloop-mapper: left out, it is not on the PATH")
        return
    engine = TimeloopEngine(TimeloopSettings(frontend="direct", mapper=TIMELOOP_MAPPER))
    settings = MapperSettings(timeout_s=TIMELOOP_LIMIT_S)
    for layer, specification in cases.items():
        try:
            found = engine.map(_with_sides(specification), settings)
        except LauncherError as error:
            print(f"timeloop-mapper: {layer}: {error}")
        else:
            _show("timeloop-mapper", layer, found.search.seconds, None, found.evaluation.edp_j_cycles)
