"""Maps one matmul after another with AccelForge, in one process; needs nothing but AccelForge and graphviz's ``dot``.

    python accelforge_worker.py < request.json

The request names a specification file and, per layer, the values of its variables; every layer is mapped twice, or as
often as ``runs`` says. One line of JSON per layer says how long the first and the last search took, the processor
seconds of the first, and the figures of the mapping that was found, in the units of the specification.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def main() -> None:
    request: dict[str, Any] = json.load(sys.stdin)
    started = time.perf_counter()
    import accelforge  # noqa: PLC0415
    from accelforge.mapper import Metrics  # noqa: PLC0415

    accelforge.set_n_parallel_jobs(1)
    loading = time.perf_counter() - started
    for layer, variables in request["layers"].items():
        seconds, processor = [], []
        for _ in range(request.get("runs", 2)):
            started, used = time.perf_counter(), time.process_time()
            specification = accelforge.Spec.from_yaml(request["file"], jinja_parse_data=variables)
            specification.mapper.metrics = Metrics.ENERGY_DELAY_PRODUCT
            found = specification.map_workload_to_arch(print_progress=False)
            seconds.append(time.perf_counter() - started)
            processor.append(time.process_time() - used)
        figures = {"energy": float(found.energy()), "latency": float(found.latency())}
        times = {"loading": loading, "first": seconds[0], "second": seconds[-1], "processor": processor[0]}
        print(json.dumps({"layer": layer, **times, **figures}), flush=True)


if __name__ == "__main__":
    main()
