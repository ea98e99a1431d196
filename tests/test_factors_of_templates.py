"""Templates ask more of imperfect factors than of perfect ones, and still more freedom is never worse."""

from __future__ import annotations

from random import Random

import pytest

from launcher.config.compose import compose
from launcher.specification.constraints import Factors
from launcher.trial.run import run_trial

OBJECTIVES = {"edp": "edp_j_cycles", "energy": "energy_pj", "cycles": "cycles"}


@pytest.mark.parametrize("arch", ["gemmini", "eyeriss", "simba_small", "pim"])
def test_what_templates_ask_for_never_makes_more_freedom_worse(arch: str) -> None:
    random = Random(f"templates {arch}")
    for _ in range(6):
        objective = random.choice(list(OBJECTIVES))
        overrides = [f"arch={arch}", "layer=gemm", f"mapper.objective={objective}", "tracking=none", "cache=false"]
        overrides += [f"layer.{name}={random.randint(2, 70)}" for name in "DEL"]
        if arch in {"gemmini", "pim"}:
            overrides += [f"arch.{side}={random.randint(5, 20)}" for side in ("rows", "cols")]
        last = float("inf")
        for factors in Factors:
            result = run_trial(compose([*overrides, f"mapspace.factors={factors}"]))
            assert result.evaluation is not None
            assert result.optimality is not None
            assert result.optimality.status == "proved"
            value = float(getattr(result.evaluation, OBJECTIVES[objective]))
            assert value <= last * (1 + 1e-9), (overrides, factors)
            last = value


@pytest.mark.parametrize("arch", ["gemmini", "pim"])
def test_nor_where_several_dimensions_play_one_part(arch: str) -> None:
    random = Random(f"parts {arch}")
    for _ in range(2):
        sizes = ",".join(f"{name}:{random.randint(2, 9)}" for name in "bthed")
        overrides = [f"arch={arch}", "layer=einsum", f"layer.sizes={{{sizes}}}", "tracking=none", "cache=false"]
        overrides += ["layer.expression=Y[b,t,h,d] += X[b,t,e] * W[e,h,d]", "arch.rows=12", "arch.cols=7"]
        last = float("inf")
        for factors in Factors:
            result = run_trial(compose([*overrides, f"mapspace.factors={factors}"]))
            assert result.optimality is not None and result.optimality.status == "proved"
            assert result.edp_j_cycles <= last * (1 + 1e-9), (overrides, factors)
            last = result.edp_j_cycles
