"""The real Timeloop against the native engine, where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import pytest
from command_line import ROOT
from imperfect_cases import random_case
from test_engine_timeloop_interrupts import PATIENCE_S, has_found, wait_until
from timeloop_cases import BERT, CUBE, IMPERFECT, RAGGED, RUBY, TINY, UNEVEN, composed, engine, given

from launcher import run
from launcher.cache_place import cache_folder
from launcher.engines.differences import differences, unexplained
from launcher.engines.interface import MapperSettings
from launcher.engines.native.native_engine import NativeEngine
from launcher.engines.timeloop.front_end import FRONT_ENDS
from launcher.errors import EngineError, NoValidMappingError
from launcher.specification.mapping import Loop, Mapping
from launcher.specification.repeats import ONCE
from launcher.specification.specification import Specification

PROGRAMS = ("timeloop-mapper", "timeloop-model")
pytestmark = [
    pytest.mark.timeloop,
    pytest.mark.skipif(
        any(shutil.which(program) is None for program in PROGRAMS), reason=f"{' and '.join(PROGRAMS)} not on the PATH"
    ),
]
ARCHITECTURES = ("gemmini", "pim", "eyeriss", "simba", "tpu")
LAYERS = ("KTQ", "FF1")
EDP = MapperSettings()


def has_front_end() -> bool:
    for name in FRONT_ENDS:
        try:
            if find_spec(name) is not None:
                return True
        except ImportError:
            pass
    return False


FRONTENDS = [
    "direct",
    pytest.param(
        "timeloopfe",
        marks=pytest.mark.skipif(not has_front_end(), reason=f"{' and '.join(FRONT_ENDS)} cannot be imported"),
    ),
]


@cache
def native(*overrides: str) -> tuple[Specification, Mapping]:
    """An experiment, and the native engine's mapping of it."""
    specification = composed(*overrides)
    return specification, NativeEngine().map(specification, MapperSettings(timeout_s=10)).mapping


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Nothing is written to the user's home directory."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LAUNCHER_CACHE_DIR", str(cache_folder()))  # with the native engine's compiled code
    monkeypatch.setenv("HOME", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("frontend", FRONTENDS)
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_natives_mapping_has_the_natives_figures(arch: str, layer: str, frontend: str, tmp_path: Path) -> None:
    specification, mapping = native(f"arch={arch}", f"layer={layer}")
    theirs = engine(None, tmp_path / "runs", frontend=frontend).evaluate(specification, mapping)
    assert differences(NativeEngine().evaluate(specification, mapping), theirs) == ()


@pytest.mark.parametrize("frontend", FRONTENDS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_timeloops_best_mapping_has_timeloops_figures(arch: str, frontend: str, tmp_path: Path) -> None:
    specification = composed(f"arch={arch}", "layer=KTQ")
    timeloop = engine(None, tmp_path / "runs", frontend=frontend, mapper={"victory_condition": 20})
    mapped = timeloop.map(specification, EDP)
    assert differences(NativeEngine().evaluate(specification, mapped.mapping), mapped.evaluation) == ()
    proved = NativeEngine().map(specification, MapperSettings(timeout_s=10))
    if proved.optimality.status == "proved":
        assert mapped.evaluation.edp_j_cycles >= proved.evaluation.edp_j_cycles * (1 - 1e-9)


def test_the_mapspace_ruby_can_be_searched(tmp_path: Path) -> None:
    specification = composed(*UNEVEN)
    mapped = engine(None, tmp_path / "runs", template="ruby", mapper=RUBY).map(specification, EDP)
    assert not mapped.mapping.is_perfect
    again = engine(None, tmp_path / "runs").evaluate(specification, mapped.mapping)
    assert differences(mapped.evaluation, again) == ()


def test_an_imperfect_mapping_is_evaluated(tmp_path: Path) -> None:
    specification, mapping = given(IMPERFECT, *RAGGED)
    # Front ends know no imperfect factors, so they are left out of it.
    for frontend in ("direct", None):
        evaluation = engine(None, tmp_path / "runs", frontend=frontend).evaluate(specification, mapping)
        assert evaluation.legal and evaluation.computes == 14 * 8 * 8 and evaluation.cycles == 68


@pytest.mark.parametrize("kind", ["gemm", "elementwise", "conv", "strided", "batched", "grouped"])
def test_approximate_counts_account_for_whatever_differs_on_an_imperfect_mapping(kind: str) -> None:
    random = Random(f"imperfect {kind}")
    compared = differing = 0
    while compared < 25:
        specification, mapping = random_case(random, kind)
        if mapping.is_perfect or any(_names(level.spatial_x) & _names(level.spatial_y) for level in mapping):
            continue  # Timeloop's mappings have one spatial loop over a dimension
        specification = with_capacities(specification)
        ours, theirs = (one.evaluate(specification, mapping) for one in (NativeEngine(), engine(None)))
        assert theirs.legal, theirs.reason
        assert unexplained(ours, theirs, mapping, specification.problem) == ()
        compared += 1
        differing += differences(ours, theirs) != ()
    assert differing


def _names(loops: tuple[Loop, ...]) -> set[str]:
    return {loop.dimension for loop in loops}


def with_capacities(specification: Specification) -> Specification:
    """Timeloop takes no SRAM without one."""
    levels = (replace(level, capacity_words=10**6) for level in specification.architecture.levels)
    return replace(specification, architecture=replace(specification.architecture, levels=tuple(levels)))


def test_a_mapping_that_does_not_fit_is_illegal_there_too(tmp_path: Path) -> None:
    _, mapping = native(*CUBE)
    evaluation = engine(None, tmp_path / "runs").evaluate(composed(*TINY), mapping)
    assert not evaluation.legal and "exceeds buffer capacity" in (evaluation.reason or "")


def test_no_mapping_is_an_answer(tmp_path: Path) -> None:
    with pytest.raises(NoValidMappingError, match="invalid mappings"):
        engine(None, tmp_path / "runs", mapper={"victory_condition": 20}).map(composed(*TINY), EDP)


def test_a_crash_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"its assertion .* failed"):
        engine(None, tmp_path / "runs", mapper={"optimization_metrics": ["speed"]}).map(composed(*CUBE), EDP)


@pytest.mark.parametrize("frontend", FRONTENDS)
def test_a_time_limit_keeps_the_best_mapping(frontend: str, tmp_path: Path) -> None:
    specification = composed("arch=gemmini", "layer=KTQ")
    timeloop = engine(None, tmp_path / "runs", frontend=frontend, mapper={"victory_condition": 0})
    mapped = timeloop.map(specification, MapperSettings(timeout_s=12 if frontend == "timeloopfe" else 4))
    assert differences(NativeEngine().evaluate(specification, mapped.mapping), mapped.evaluation) == ()


def test_ctrl_c_keeps_the_best_mapping_and_ends_in_good_order(tmp_path: Path) -> None:
    asked = [*BERT, "arch=gemmini", "layer=KTQ", "engine=timeloop", "mapper.victory_condition=0", "hydra.run.dir=out"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "launch.py"), *asked, "engine.frontend=direct"],
        cwd=tmp_path,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(has_found(tmp_path / "out"), process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 130 and "Traceback" not in err
    assert "the best of those that were tried (edp)" in out
    assert json.loads((tmp_path / "out/result.json").read_text())["status"] == "ok"


def test_the_recorded_search_is_what_the_program_does_now(tmp_path: Path) -> None:
    timeloop = engine(None, tmp_path / "runs", mapper={"victory_condition": 20})
    mapped = timeloop.map(composed(*CUBE), EDP)
    assert (mapped.evaluation.cycles, mapped.search.counters) == (2052, {"improvements": 2})


@pytest.mark.parametrize(("arch", "layers"), [("gemmini", "KTQ,softmax"), ("eyeriss", "FF1,FF2"), ("pim", "FF1,FF2")])
def test_a_fused_layer_is_the_iterations_of_its_part(arch: str, layers: str) -> None:
    """Where no tile stays and no sum is continued, the real one confirms every layer's own problem."""
    groups = f"fusion.groups=[[{layers}]]"
    result = run([f"arch={arch}", f"layer=[{layers}]", "model=bert_base", "model.sequence=128", groups])
    confirmed = 0
    for part in (one.result for one in result.layers):
        assert part.specification is not None and part.mapping is not None
        repeats = part.specification.repeats
        theirs = engine(None).evaluate(replace(part.specification, repeats=ONCE), part.mapping)
        if not repeats.fetches and repeats.first("Outputs") == repeats.times:
            assert part.energy_pj == pytest.approx(repeats.times * theirs.energy_pj, rel=1e-9)
            assert part.cycles <= repeats.times * theirs.cycles
            confirmed += 1
    assert confirmed
