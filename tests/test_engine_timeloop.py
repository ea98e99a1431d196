"""What Timeloop's files say, read from recordings of the real programs."""

from __future__ import annotations

import gzip
import os
import pty
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from timeloop_cases import (
    CUBE,
    RECORDINGS,
    RUBY,
    calls,
    changed,
    composed,
    engine,
    mapping_of,
    specification_of,
    stand_in,
)

from launcher.engines.differences import differences
from launcher.engines.interface import MapperSettings, Progress
from launcher.engines.native.model import evaluate
from launcher.engines.native.native_engine import NativeEngine
from launcher.engines.timeloop.mapping_file import read_found
from launcher.errors import ConfigurationError, EngineError, NoValidMappingError, SpecificationError
from launcher.specification.constraints import BlockConstraint, Constraints
from launcher.timeloop_files.io import dump_mapping

EDP = MapperSettings()


def settings(**mapper: object) -> dict[str, object]:
    return {"victory_condition": 20, **mapper}


def test_a_search_gives_timeloops_mapping_with_exact_figures(tmp_path: Path) -> None:
    specification = specification_of("search")
    mapped = engine(stand_in(tmp_path, "search"), tmp_path / "runs", mapper=settings()).map(specification, EDP)
    assert differences(evaluate(specification, mapped.mapping), mapped.evaluation) == ()
    assert mapped.optimality.status == "heuristic" and mapped.optimality.lower_bound is None
    said = (RECORDINGS / "search" / "stderr.txt").read_text()
    assert mapped.search.counters == {"improvements": said.count("Utilization =")}
    printed = (RECORDINGS / "search" / "timeloop-mapper.stats.txt").read_text()
    assert mapped.evaluation.cycles == int(re.findall(r"^Cycles: (\d+)$", printed, re.MULTILINE)[0])
    assert f"Energy: {mapped.evaluation.energy_pj / 1e6:.2f} uJ" in printed


def test_ruby_finds_imperfect_factors(tmp_path: Path) -> None:
    specification = specification_of("ruby")
    timeloop = engine(stand_in(tmp_path, "ruby"), tmp_path / "runs", mapper=RUBY, template="ruby")
    mapped = timeloop.map(specification, EDP)
    assert not mapped.mapping.is_perfect
    extents = {name: mapped.mapping.extent(name) for name in specification.problem.dimensions}
    assert extents == specification.problem.dimensions
    perfect = NativeEngine().map(specification, MapperSettings(("cycles",)))
    assert mapped.evaluation.cycles < perfect.evaluation.cycles
    printed = (RECORDINGS / "ruby" / "timeloop-mapper.stats.txt").read_text()
    assert f"Cycles: {mapped.evaluation.cycles}" in printed and f"Computes = {mapped.evaluation.computes}" in printed


def test_energies_are_not_those_rounded_for_display(tmp_path: Path) -> None:
    specification = specification_of("search")
    mapped = engine(stand_in(tmp_path, "search"), mapper=settings()).map(specification, EDP)
    assert mapped.evaluation.energy_pj == pytest.approx(evaluate(specification, mapped.mapping).energy_pj, rel=1e-13)
    assert mapped.evaluation.energy_pj != round(mapped.evaluation.energy_pj, 2)


@pytest.mark.parametrize("recording", ["KTQ", "VScores"])
def test_the_natives_mapping_evaluates_to_the_natives_figures(recording: str, tmp_path: Path) -> None:
    specification = specification_of(recording)
    mapping = mapping_of(recording, specification)
    theirs = engine(stand_in(tmp_path, recording)).evaluate(specification, mapping)
    ours = evaluate(specification, mapping)
    assert theirs.legal and differences(ours, theirs) == ()
    assert theirs.energy_pj == pytest.approx(ours.energy_pj, rel=1e-13)
    assert theirs.utilization == pytest.approx(ours.utilization, rel=1e-13)
    assert [level.limited_by for level in theirs.levels] == [level.limited_by for level in ours.levels]
    assert [level.capacity_words for level in theirs.levels] == [level.capacity_words for level in ours.levels]
    for mine, other in zip(ours.levels, theirs.levels, strict=True):
        for name, stats in mine.data_spaces.items():
            assert other.data_spaces[name].utilized_instances == stats.utilized_instances
            assert other.data_spaces[name].energy_pj == pytest.approx(stats.energy_pj, rel=1e-12, abs=1e-9)


def test_an_imperfect_mapping_is_evaluated(tmp_path: Path) -> None:
    specification = specification_of("imperfect")
    mapping = mapping_of("imperfect", specification)
    assert not mapping.is_perfect and mapping.extent("D") == 14
    evaluation = engine(stand_in(tmp_path, "imperfect")).evaluate(specification, mapping)
    # 4 passes over 2 blocks of 4 sums with 8 columns each. A network passes words on for 4 cycles before they start.
    assert evaluation.computes == 14 * 8 * 8
    iterations = 4 * 2 * 8
    assert iterations <= evaluation.cycles < iterations + 10
    assert evaluation.utilization == pytest.approx(14 * 8 * 8 / 16 / evaluation.cycles)
    # Timeloop knows that the last pass leaves fewer sums, but reads as many weights as for the others.
    dram = evaluation.levels[-1].data_spaces
    assert (dram["Weights"].reads, dram["Inputs"].reads, dram["Outputs"].updates) == (16 * 8, 8 * 8, 14 * 8)


def test_residuals_come_from_the_printed_loops_because_the_yaml_lacks_them(tmp_path: Path) -> None:
    specification = specification_of("imperfect")
    mapping = mapping_of("imperfect", specification)
    written = tmp_path / "map.yaml"
    written.write_text(dump_mapping(mapping, specification).replace("D4,2", "D4"))
    assert "D4,2" not in written.read_text()
    loops = RECORDINGS / "imperfect" / "timeloop-model.map.txt"
    assert "for D in [0:4,2) (Spatial-Y)" in loops.read_text()
    assert read_found(specification, written, loops) == mapping
    perfect = tmp_path / "map.txt"
    perfect.write_text(loops.read_text().replace("[0:4,2)", "[0:4)"))
    with pytest.raises(SpecificationError, match=r"residual of D=4 at level 'inter_PERows_spatial' .* expected D=4,2"):
        read_found(specification, written, perfect)


def test_a_mapping_that_does_not_fit_is_illegal_for_timeloops_reason(tmp_path: Path) -> None:
    specification = specification_of("too_large")
    mapping = mapping_of("too_large", specification)
    evaluation = engine(stand_in(tmp_path, "too_large")).evaluate(specification, mapping)
    assert not evaluation.legal and evaluation.energy_pj == 0
    assert evaluation.reason == "Accumulator: mapped tile size 32 exceeds buffer capacity 1"
    ours = evaluate(specification, mapping)
    assert not ours.legal and "Accumulator" in (ours.reason or "")


def test_progress_comes_from_the_log(tmp_path: Path) -> None:
    told: list[Progress] = []
    slow = "files(recordings[0]); said(recordings[0]); time.sleep(0.8)"
    timeloop = engine(stand_in(tmp_path, "search", behaviour=slow), mapper=settings())
    mapped = timeloop.map(specification_of("search"), MapperSettings(("cycles",)), told.append)
    assert told and told[-1].incumbent == mapped.evaluation.cycles
    assert all(one.lower_bound is None for one in told)


LIVE = """
recording = recordings[0]
assert "live_status: true" in Path("input.yaml").read_text() and sys.stdout.isatty()
files(recording)
Path("timeloop-mapper.log").write_text((recording / "stderr.txt").read_text())
print("TIMELOOP MAPPER")
"""
"""With its status screen, the mapper's log goes to a file of its own."""


def test_the_status_screen_appears_in_the_terminal_and_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    timeloop = engine(stand_in(tmp_path, "search", behaviour=LIVE), tmp_path / "runs", live=True)
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb", buffering=0) as shown:
        monkeypatch.setattr(sys, "stdout", terminal)
        mapped = timeloop.map(specification_of("search"), EDP)
        monkeypatch.undo()
        assert b"TIMELOOP MAPPER" in shown.read(4096)
    assert "TIMELOOP MAPPER" in (tmp_path / "runs/search/stdout.txt").read_text()
    assert mapped.evaluation.cycles == 2052 and mapped.search.counters == {"improvements": 2}


def test_a_search_in_vain_is_told_from_the_log_beside_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pty.openpty()
    behaviour = "sys.stdout.write('MESSAGE: no valid mappings found within search criteria.\\n')" + LIVE
    timeloop = engine(stand_in(tmp_path, "none", behaviour=behaviour), tmp_path / "runs", live=True)
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb"):
        monkeypatch.setattr(sys, "stdout", terminal)
        with pytest.raises(NoValidMappingError, match="1000 invalid mappings"):
            timeloop.map(specification_of("none"), EDP)
        monkeypatch.undo()


def test_without_a_terminal_there_is_no_status_screen(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="there is no terminal to show it on"):
        engine(stand_in(tmp_path, "search"), live=True).map(specification_of("search"), EDP)
    assert calls(tmp_path) == []


def test_runs_are_kept_in_the_folder_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    behaviour = "(Path.home() / 'config.yaml').touch() if program.endswith('model') else None; replay(asked())"
    programs = stand_in(tmp_path, "search", "KTQ", behaviour=behaviour)
    engine(programs, tmp_path / "runs", mapper=settings()).map(specification_of("search"), EDP)
    kept = {file.name for file in (tmp_path / "runs/search").iterdir()}
    assert {"input.yaml", "stdout.txt", "stderr.txt", "timeloop-mapper.stats.txt"} <= kept
    assert "home" not in kept  # nothing was written to it
    specification = specification_of("KTQ")
    engine(programs, tmp_path / "runs").evaluate(specification, mapping_of("KTQ", specification))
    assert (tmp_path / "runs/evaluation/home/config.yaml").is_file()
    engine(programs).evaluate(specification, mapping_of("KTQ", specification))
    *_, scratch = calls(tmp_path)
    assert not Path(scratch["folder"]).exists()
    assert list(home.iterdir()) == []
    assert {call["home"] for call in calls(tmp_path)} & {str(home)} == set()


def test_a_second_run_starts_from_an_empty_folder(tmp_path: Path) -> None:
    specification = specification_of("search")
    programs = stand_in(tmp_path, "search")
    engine(programs, tmp_path / "runs", mapper=settings()).map(specification, EDP)
    stand_in(tmp_path, "search", behaviour="sys.exit(0)")
    with pytest.raises(EngineError, match="left no result"):
        engine(programs, tmp_path / "runs", mapper=settings()).map(specification, EDP)


CUT = {
    "an XML file that was cut": ("map+stats.xml", lambda text: text[: len(text) // 2]),
    "an empty XML file": ("map+stats.xml", lambda text: ""),
    "an XML file of something else": ("map+stats.xml", lambda text: "<boost_serialization></boost_serialization>"),
    "an XML file without networks' figures": ("map+stats.xml", lambda text: text.replace("<energy>", "<joules>", 1)),
    "a report that was cut": ("stats.txt", lambda text: text[:300]),
    "an empty report": ("stats.txt", lambda text: ""),
}


@pytest.mark.parametrize(("ending", "cut"), CUT.values(), ids=CUT.keys())
def test_a_truncated_file_is_told_with_its_name(ending: str, cut: object, tmp_path: Path) -> None:
    assert callable(cut)
    damaged = changed("KTQ", tmp_path, lambda name, text: cut(text) if name.endswith(ending) else text)
    specification = specification_of("KTQ")
    programs = stand_in(tmp_path, str(damaged))
    with pytest.raises(EngineError) as caught:
        engine(programs, tmp_path / "runs").evaluate(specification, mapping_of("KTQ", specification))
    assert "Timeloop's output is incomplete" in caught.value.what
    assert f"timeloop-model.{ending}" in str(caught.value.where)


def test_a_truncated_mapping_is_told(tmp_path: Path) -> None:
    def cut(name: str, text: str) -> str:
        return text[: len(text) // 2] if name.endswith("map.yaml") else text

    programs = stand_in(tmp_path, str(changed("search", tmp_path, cut)))
    with pytest.raises((EngineError, SpecificationError), match=r"map\.yaml"):
        engine(programs, tmp_path / "runs", mapper=settings()).map(specification_of("search"), EDP)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    specification = specification_of("KTQ")
    for name in ("map+stats.xml", "stats.txt"):
        behaviour = f"files(asked()); Path('timeloop-model.{name}').unlink()"
        programs = stand_in(tmp_path, "KTQ", behaviour=behaviour)
        with pytest.raises(EngineError):
            engine(programs, tmp_path / "runs").evaluate(specification, mapping_of("KTQ", specification))


def test_files_of_different_runs_are_refused(tmp_path: Path) -> None:
    def mix(name: str, text: str) -> str:
        return text.replace("<energy_>", "<energy_>1") if name.endswith("xml") else text

    specification = specification_of("KTQ")
    programs = stand_in(tmp_path, str(changed("KTQ", tmp_path, mix)))
    with pytest.raises(EngineError, match="Timeloop's files do not agree with each other"):
        engine(programs).evaluate(specification, mapping_of("KTQ", specification))


def test_what_only_the_front_end_knows_is_refused_before_anything_runs(tmp_path: Path) -> None:
    specification = composed(*CUBE)
    levels = dict(specification.constraints.levels)
    name = "Scratchpad"
    levels[name] = replace(levels[name], temporal=BlockConstraint(maximize=("D",)))
    with pytest.raises(EngineError, match="maximize_dims of level Scratchpad"):
        engine(stand_in(tmp_path)).map(replace(specification, constraints=Constraints(levels)), EDP)
    assert calls(tmp_path) == []


def test_there_is_no_front_of_trade_offs(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="needs the native engine"):
        engine(stand_in(tmp_path)).pareto(specification_of("search"), EDP)


def test_the_version_is_that_of_the_programs_and_their_library(tmp_path: Path) -> None:
    first = engine(stand_in(tmp_path / "one", "KTQ")).version
    assert re.fullmatch("[0-9a-f]{8}", first)
    assert engine(stand_in(tmp_path / "two", "KTQ", behaviour="sys.exit(1)")).version != first
    (stand_in(tmp_path / "three", "KTQ").parent / "lib").mkdir()
    (tmp_path / "three/bin/timeloop-model").write_bytes((tmp_path / "one/bin/timeloop-model").read_bytes())
    (tmp_path / "three/lib/libtimeloop-model.so.4").write_bytes(b"\x7fELF")
    assert engine(tmp_path / "three/bin").version != first


def test_recordings_hold_no_paths_of_the_machine_they_were_made_on() -> None:
    files = [file for file in RECORDINGS.rglob("*") if file.is_file()]
    assert len(files) > 50
    for file in files:
        text = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
        assert not re.search(r"(?<![\w./])/(root|home|tmp|opt|usr)/", text), file
