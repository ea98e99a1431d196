"""The figures of sixty quick trials to the last bit, as text: ``python tests/exact_figures.py``.

Printed under two versions of Python, the texts are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from launcher.config.recompose import recompose
from launcher.results.metrics import recorded_metrics
from launcher.results.result import Result
from launcher.trial.run import run_trial

ARCHITECTURES = ("pim", "gemmini", "eyeriss", "simba", "tpu")
LAYERS = ("model=bert_base layer=VScores", "model=bert_base layer=KTQ", "model=gpt2 layer=softmax")
MORE = (
    "mapper.objective=edp",
    "mapper.objective=energy layer.L=96",
    "arch.technology_nm=22",
    "arch.technology_nm=32 layer.L=60",
)
COMMON = ("tracking=none", "cache=false", "verify=false", "mapper.threads=1")


def trials(every: int = 1) -> Iterator[tuple[str, Result]]:
    """What each trial is told, and its result; only of ``every`` so manieth."""
    for arch, layer, more in [*product(ARCHITECTURES, LAYERS, MORE)][::every]:
        told = [f"arch={arch}", *layer.split(), *more.split()]
        yield " ".join(told), run_trial(recompose([*told, *COMMON]))


def exact(result: Result) -> str:
    """All figures but times, hexadecimal."""
    figures = recorded_metrics(result).items()
    return " ".join(f"{name}={value.hex()}" for name, value in sorted(figures) if not name.endswith("_seconds"))


def exact_figures() -> list[str]:
    """A line for each trial."""
    return [f"{told}: {exact(result)}" for told, result in trials()]


if __name__ == "__main__":
    print("\n".join(exact_figures()))
