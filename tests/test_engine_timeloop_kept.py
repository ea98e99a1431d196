"""What is kept of a search of Timeloop's that died, and what is said of one that cannot help."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from timeloop_cases import RECORDINGS, engine, specification_of, stand_in

from launcher.config.recompose import recompose
from launcher.engines.interface import MapperSettings
from launcher.engines.timeloop.failures import explain
from launcher.engines.timeloop.log_mapping import best_logged
from launcher.engines.timeloop.mapping_file import read_found
from launcher.engines.timeloop.process import STDERR, Ended
from launcher.engines.timeloop.ruby import remarks_on_ruby
from launcher.engines.timeloop.settings import TimeloopSettings
from launcher.errors import EngineError
from launcher.trial.steps import specify

DIES = """
if program == "timeloop-mapper":
    said(recordings[0])
    end(-9)
files(recordings[0])
for file in Path().glob("timeloop-mapper.*"):
    file.rename(file.name.replace("mapper", "model"))
"""


def test_a_search_that_dies_leaves_the_best_mapping_of_its_log(tmp_path: Path) -> None:
    specification = specification_of("search")
    found = engine(stand_in(tmp_path, "search", behaviour=DIES), tmp_path / "runs").map(specification, MapperSettings())
    recorded = RECORDINGS / "search"
    whole = read_found(specification, recorded / "timeloop-mapper.map.yaml", recorded / "timeloop-mapper.map.txt")
    assert found.mapping == whole
    assert found.evaluation.legal and found.optimality.status == "heuristic"
    assert "SIGKILL" in found.remarks[0] and "best of 2 mappings in its log" in found.remarks[0]


def test_where_it_cannot_be_evaluated_the_failure_names_it(tmp_path: Path) -> None:
    dies = "said(recordings[0]) if program == 'timeloop-mapper' else None\nend(-9)"
    found = engine(stand_in(tmp_path, "search", behaviour=dies), tmp_path / "runs")
    with pytest.raises(EngineError, match="SIGKILL") as caught:
        found.map(specification_of("search"), MapperSettings())
    kept = tmp_path / "runs/search/best_in_log.yaml"
    assert str(kept) in (caught.value.hint or "") and "Registers" in kept.read_text()


def test_imperfect_factors_and_names_with_the_same_letter_are_read_or_left_alone() -> None:
    specification = specification_of("ruby")
    recorded = RECORDINGS / "ruby"
    whole = read_found(specification, recorded / "timeloop-mapper.map.yaml", recorded / "timeloop-mapper.map.txt")
    log = (recorded / "stderr.txt").read_text()
    logged = best_logged(log, specification, ("cycles",))
    assert logged is not None and logged.mapping == whole and not whole.is_perfect
    assert best_logged("[  0] STATEMENT: nothing", specification, ("edp",)) is None
    problem = specification.problem
    spaces = tuple(replace(one, name=f"T{one.name}") for one in problem.data_spaces)
    alike = replace(specification, problem=replace(problem, data_spaces=spaces))
    assert best_logged(log.replace("[WIO]", "[TT]"), alike, ("edp",)) is None


def test_hints_name_no_setting_that_has_the_value_already(tmp_path: Path) -> None:
    def hint(words: str, status: int | None, **settings: object) -> str:
        (tmp_path / STDERR).write_text(words)
        known = TimeloopSettings(**settings)  # type: ignore[arg-type]
        return str(explain(Ended(status, None, 5.0), tmp_path, "timeloop-mapper", known))

    nothing = "no valid mappings found within search criteria"
    assert "mapper.victory_condition and mapper.algorithm widen" in hint(nothing, 0)
    told = hint(nothing, 0, mapper={"victory_condition": 9, "timeout": 7})
    assert "mapper.algorithm widen the search" in told
    assert "mapper.timeout=7, mapper.victory_condition=9 limit it" in told
    stopped = "Outermost loop of dimension 0 was imperfectly factorized. Terminating"
    assert "mapspace.remainders=0 leaves" in hint(stopped, 1, template="ruby")
    assert "remainders" not in hint(stopped, 1, template="uber", remainders=0)
    assert "dimension 0 was imperfectly" in hint(stopped, 1, template="ruby")
    assert "num_threads" in hint("", -9) and "num_threads" not in hint("", -9, mapper={"num_threads": 1})
    assert "more than engine.timeout_s=5" in hint("", None, timeout_s=5.0)


def test_ruby_says_where_it_cannot_change_anything() -> None:
    def remarks(arch: str, rows: int) -> tuple[str, ...]:
        sizes = [f"layer.D={rows}", "layer.E=6", "layer.L=8"]
        return remarks_on_ruby(specify(recompose([f"arch={arch}", "layer=gemm", *sizes, "mapspace.factors=spatial"])))

    assert "change nothing" in remarks("gemmini", 14)[0] and "change nothing" in remarks("pim", 14)[0]
    assert not remarks("gemmini", 197) and not remarks("eyeriss", 14)
