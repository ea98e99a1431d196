"""How fast the exact model is, on one thread, after warm-up.

    python benchmarks/model.py [--seconds 2] [--csv FILE]

Random mappings of the BERT-large KQV layer on gemmini, and of a 3x3 convolution on gemmini and on eyeriss: in batch,
and one by one from Python. All mappings measured are legal (illegal ones are cheaper).
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from golden_cases import load_golden  # noqa: E402

from launcher.engines.native.batch import BatchEvaluator, MappingBatch, batch_of  # noqa: E402
from launcher.engines.native.model import evaluate  # noqa: E402
from launcher.specification.mapping import Mapping  # noqa: E402
from launcher.specification.specification import Specification  # noqa: E402

CASES = {
    "gemmini KQV (GEMM)": "gemmini_bert_large_KQV",
    "gemmini 3x3 stride 2": "gemmini_conv3x3_stride2",
    "eyeriss 3x3": "eyeriss_conv3x3",
}
MAPPINGS = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to measure each figure")
    parser.add_argument("--csv", type=Path, help="append the figures to this file")
    arguments = parser.parse_args()
    rows = [measure(title, name, arguments.seconds) for title, name in CASES.items()]
    print(f"{'case':<24}{'compile or load s':>19}{'batch mappings/s':>19}{'one evaluate ms':>17}")
    for row in rows:
        print("{:<24}{:>19.2f}{:>19,.0f}{:>17.2f}".format(*row))
    if arguments.csv:
        with arguments.csv.open("a", newline="") as file:
            csv.writer(file).writerows(rows)


def measure(title: str, name: str, seconds: float) -> tuple[str, float, float, float]:
    golden = load_golden(name)
    legal = [case.mapping for case in golden.cases if case.legal]
    batch = shuffled(golden.specification, legal)
    evaluator = BatchEvaluator(golden.specification)
    started = time.perf_counter()
    evaluator.evaluate(batch[:16])
    first = time.perf_counter() - started
    batch = batch[np.flatnonzero(evaluator.evaluate(batch).legal)]
    per_batch = repeated(lambda: evaluator.evaluate(batch), seconds)
    single = repeated(lambda: one_by_one(golden.specification, legal), seconds) / len(legal)
    return title, first, len(batch) / per_batch, single * 1e3


def one_by_one(specification: Specification, mappings: list[Mapping]) -> None:
    for mapping in mappings:
        evaluate(specification, mapping)


def repeated(work: Callable[[], object], seconds: float) -> float:
    """Median time of one call, over calls that take ``seconds`` together (at least three)."""
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def shuffled(specification: Specification, mappings: list[Mapping]) -> MappingBatch:
    """Distinct mappings: random loop orders and swapped temporal tiles of given ones."""
    rng = np.random.default_rng(0)
    base = batch_of(specification, mappings)
    pick = rng.integers(len(base), size=MAPPINGS)
    orders = rng.permuted(base.orders[pick], axis=3)
    factors = base.factors[pick].copy()
    # Two temporal blocks of the outermost levels change places: other tiles, the same products.
    swap = rng.random(MAPPINGS) < 0.5
    factors[swap, -1, 2], factors[swap, -2, 2] = factors[swap, -2, 2].copy(), factors[swap, -1, 2].copy()
    return MappingBatch(factors, orders, base.keep[pick])


if __name__ == "__main__":
    main()
