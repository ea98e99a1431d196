"""AccelForge's fused mappings beside the project's: matmuls in a row on the machine of tpu_v4i.yaml, for EDP.

AccelForge runs under an interpreter of its own (Python 3.12 with ``pip install accelforge``; its mapper also wants
graphviz's ``dot`` on the PATH). The same on both sides: levels, sizes, energies per word, bandwidths, fan-outs and what
they may unroll, which tensors the local buffers and registers keep, 8 bits for every word.

What differs: AccelForge splits every dimension in at most one loop that einsums share; the project in one for each
dimension, in any order. AccelForge wants all four arrays in use, the project lets the mapping decide. The counts differ
at the edges: the project's are Timeloop's (the first update of a word reads nothing, what comes first is not fetched
twice). Their unfused figures differ by 0.3 %, their fused ones by 0.6 % to the other side, so their gains by a point;
the class of nests that AccelForge finds best is one of the project's best, too. The project's is proved.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mapper_peers import accelforge_is_usable

from launcher.engines.native.energies import compute_energy_pj, level_energies
from launcher.specification.specification import Specification

KEEPS = {
    "MainMemory": "{keep: {{KEEP}}, may_keep: All}",
    "GlobalBuffer": "{keep: ~MainMemory.tensors, may_keep: All}",
    "LocalBuffer": "{keep: input | output}",
    "Registers": "{keep: weight}",
}
UNFUSED, FUSED = "All", "~Intermediates"
"""What the main memory keeps: everything, or no intermediate that can wait elsewhere."""

_BITS = 8
_WIDTH = 128


def run_accelforge(specification: Specification, counts: tuple[int, ...], python: str | None) -> None:
    """Print time and EDP of AccelForge's best mapping, unfused and fused; one line where it is missing.

    Args:
        specification: one of the matmuls on the machine.
        counts: how many in a row.
        python: an interpreter that has AccelForge; this one when it is None.
    """
    if not accelforge_is_usable(python):
        return
    size = specification.problem.dimensions["D"]
    layers = {
        f"{count} {name}": {"COUNT": count, "SIZE": size, "KEEP": keep}
        for count in counts
        for name, keep in (("unfused", UNFUSED), ("fused", FUSED))
    }
    print(f"\naccelforge, matmuls of {size}\n{'':<12}{'s':>8}{'cpu s':>8}  EDP")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "specification.yaml"
        file.write_text(accelforge_input(specification))
        command = [python or sys.executable, str(Path(__file__).parent / "accelforge_worker.py")]
        request = json.dumps({"file": str(file), "layers": layers, "runs": 1})
        done = subprocess.run(command, input=request, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"accelforge: left out, {command[0]} ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
        return
    before = 0.0
    for found in (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")):
        edp = found["energy"] * found["latency"] * 1e-12
        change = "" if found["layer"].endswith("unfused") else f" ({edp / before - 1:+.1%})"
        before = before if change else edp
        print(f"{found['layer']:<12}{found['first']:>8.2f}{found['processor']:>8.2f}  {edp:.4g} J*cycles{change}")


def accelforge_input(specification: Specification) -> str:
    """The machine and the matmuls in AccelForge's language: energies in pJ, times in cycles."""
    return "\n".join(["arch:", "  nodes:", *_nodes(specification), *_workload(), ""])


def _nodes(specification: Specification) -> Iterator[str]:
    levels, energies = specification.architecture.levels, level_energies(specification)
    for index in range(len(levels) - 1, -1, -1):
        level, energy = levels[index], energies[index]
        if level.is_dummy:
            continue
        if level.name == "Registers":
            yield "  - !Container\n    name: Array\n    spatial:"
            for name, tensor in (("rows", "input"), ("columns", "output")):
                yield f"    - {{name: {name}, fanout: {_WIDTH}, reuse: {tensor}, min_usage: 1}}"
        words = level.effective_capacity_words
        yield f"  - !Memory\n    name: {level.name}\n    size: {'inf' if words is None else words * _BITS}"
        yield "    area: 0\n    leak_power: 0"
        if level.name == "LocalBuffer":
            yield f"    spatial: [{{name: Z, fanout: {level.instances}, may_reuse: Nothing, min_usage: 1}}]"
        if level.shared_bandwidth is None:
            yield "    total_latency: max(a.n_calls / a.throughput for a in actions)"
        yield f"    tensors: {KEEPS[level.name]}\n    actions:"
        for action, pj, rate in (
            ("read", energy.read_pj, level.shared_bandwidth or level.read_bandwidth),
            ("write", energy.fill_pj, level.shared_bandwidth or level.write_bandwidth),
        ):
            yield f"    - {{name: {action}, energy: {pj}, bits_per_action: {_BITS}, throughput: {rate or 'inf'}}}"
    yield "  - !Compute\n    name: MAC\n    leak_power: 0\n    area: 0"
    yield f"    actions: [{{name: compute, energy: {compute_energy_pj(specification)}, throughput: 1}}]"


def _workload() -> Iterator[str]:
    """Matmuls in a row: ``m`` rows, and between them ``n0``, ``n1``, ... columns."""
    yield "workload:\n  iteration_space_shape:\n    m: 0 <= m < {{SIZE}}"
    yield "    {% for i in range(COUNT + 1) %}\n    n{{i}}: 0 <= n{{i}} < {{SIZE}}\n    {% endfor %}"
    yield f"  bits_per_value: {{All: {_BITS}}}\n  einsums:\n  {{% for i in range(COUNT) %}}"
    yield "  - name: Matmul{{i}}\n    tensor_accesses:\n    - {name: T{{i}}, projection: [m, n{{i}}]}"
    yield "    - {name: W{{i}}, projection: [n{{i}}, n{{i+1}}]}"
    yield "    - {name: T{{i+1}}, projection: [m, n{{i+1}}], output: True}"
    yield "    renames: {weight: W{{i}}, input: T{{i}}, output: T{{i+1}}}\n  {% endfor %}"
