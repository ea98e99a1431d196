"""Finished searches are used again, and only where everything that decides them is equal."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from command_line import launch

from launcher import run
from launcher.results.result_json import sha256

KTQ = ["layer=KTQ", "model=bert_base", "cache=true"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("launcher.trial.cache.cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def test_the_second_run_uses_the_first() -> None:
    first, second = run(KTQ), run(KTQ)
    assert not first.cached and second.cached
    assert (second.mapping, second.evaluation, second.specification, second.flags) == (
        first.mapping,
        first.evaluation,
        first.specification,
        first.flags,
    )


@pytest.mark.parametrize("other", ["arch.rows=8", "layer.L=256", "mapper=energy", "arch.dram_type=DDR3", "cache=false"])
def test_anything_that_decides_the_result_searches_again(other: str) -> None:
    run(KTQ)
    assert not run([*(part for part in KTQ if part.split("=")[0] != other.split("=", maxsplit=1)[0]), other]).cached


def test_a_damaged_entry_is_searched_again(own_cache: Path) -> None:
    first = run(KTQ)
    (entry,) = own_cache.rglob("*.json")
    entry.write_text(entry.read_text()[:100])
    again = run(KTQ)
    assert not again.cached and again.mapping == first.mapping
    assert run(KTQ).cached


def test_infeasible_hardware_is_remembered_too() -> None:
    tiny = [*KTQ, "arch.accumulator_kib=0.0625"]
    first, second = run(tiny), run(tiny)
    assert second.cached and second.reason == first.reason


def test_a_network_is_cached_when_all_its_layers_are() -> None:
    run(KTQ)
    both = ["layer=[KTQ,VScores]", *KTQ[1:]]
    assert not run(both).cached
    assert run(both).cached


def test_several_processes_may_share_it(tmp_path: Path) -> None:
    arguments = ("-m", "arch.rows=8,16", "layer=KTQ", "model=bert_base", "tracking=none", "cache=true")
    with ProcessPoolExecutor(2) as pool:
        runs = [pool.submit(launch, tmp_path, *arguments, f"hydra.sweep.dir=run{n}") for n in range(2)]
        assert all(done.result().status == 0 for done in runs)


def test_a_trial_from_the_cache_has_its_own_duration_and_the_searchs_under_another_name(own_cache: Path) -> None:
    run(KTQ)
    (entry,) = own_cache.rglob("*.json")
    kept = json.loads(entry.read_text())
    kept["seconds"], kept["search"]["seconds"] = 1e6, 2e6  # as if that search had taken days
    del kept["sha256"]
    kept["sha256"] = sha256(json.dumps(kept, sort_keys=True))
    entry.write_text(json.dumps(kept))
    for layer in KTQ[0], "layer=[KTQ]":
        again = run([layer, *KTQ[1:]])
        assert again.cached and 0 < again.seconds < 1e6
        assert again.search_seconds == 2e6
