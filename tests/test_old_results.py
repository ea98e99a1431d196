"""Folders of runs that left only what Timeloop printed for people: ``*.map.txt`` and ``*.stats.txt``."""

from __future__ import annotations

from pathlib import Path

import pytest
from front_end_cases import BASE, MAPPING, PROBLEM

from launcher.__main__ import main
from launcher.engines.native.older import OlderRules, older_evaluations
from launcher.errors import SpecificationError
from launcher.results.evaluation import Evaluation
from launcher.specification.mapping import Loop
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import parse_specification, read_mapped
from launcher.timeloop_files.load import Document
from launcher.timeloop_files.map_text import read_map_text

PRINTED = """
DRAM [ A:112 B:256 (256) Z:112 (112) ]
--------------------------------------
| for M in [0:7)

GB [ A:16 (16) B:256 (256) Z:16 (16) ]
--------------------------------------
|   for N in [0:2)
|     for K in [0:16)

inter_PE_spatial [ ]
--------------------
|       for N in [0:8) (Spatial-X)

RF [ A:1 (1) B:1 (1) Z:1 (1) ]
------------------------------
|         for M in [0:1)
|           << Compute >>
"""
SPECIFICATION = BASE + PROBLEM
# Loops as MAPPING has them, but for the order at GB: K is the innermost there.
SAME = MAPPING.replace("WHO", "PE").replace("K=16], permutation: [N, K, M]", "K=16], permutation: [K, N, M]")


def specification() -> Specification:
    return parse_specification(SPECIFICATION, "x")


def printed(tmp_path: Path, text: str = PRINTED) -> Path:
    path = tmp_path / "timeloop-mapper.map.txt"
    path.write_text(text)
    return path


def report(evaluation: Evaluation) -> str:
    """As much of a stats.txt of the time before 2021 as the comparison looks at."""
    lines = []
    for level in evaluation.levels:
        lines += [f"=== {level.level} ===", ""]
        for name, stats in level.data_spaces.items():
            lines += [f"    {name}:", f"        Scalar fills (per-instance)              : {stats.fills}"]
            lines.append(f"        Energy (total)                           : {sum(stats.energy_pj.values()):.2f} pJ")
    lines += ["Summary Stats", f"Cycles: {evaluation.cycles}", f"Energy: {evaluation.energy_pj / 1e6:.6f} uJ"]
    return "\n".join(lines) + "\n"


def older(energies: str = SPECIFICATION) -> dict[OlderRules, Evaluation]:
    read = parse_specification(energies, "x")
    ((specific, mapping),) = read_mapped([Document.from_text(SAME, "y")], read)
    return dict(older_evaluations(specific, mapping))


# -- mappings -------------------------------------------------------------------------------------------------------


def test_a_printed_mapping_is_read(tmp_path: Path) -> None:
    ((_, wanted),) = read_mapped([Document.from_text(SAME, "y")], specification())
    assert read_map_text(printed(tmp_path), specification()) == wanted


def test_both_axes_and_imperfect_loops(tmp_path: Path) -> None:
    text = PRINTED.replace("for N in [0:8) (Spatial-X)", "for N in [0:4) (Spatial-Y)\n| for K in [0:2) (Spatial-X)")
    text = text.replace("for K in [0:16)", "for K in [0:8)").replace("for N in [0:2)", "for N in [0:4)")
    level = read_map_text(printed(tmp_path, text), specification()).level("inter_PE_spatial")
    assert (level.spatial_x, level.spatial_y) == ((Loop("K", 2),), (Loop("N", 4),))
    text = PRINTED.replace("for M in [0:7)", "for M in [0:4)").replace("for M in [0:1)", "for M in [0:2,1)")
    mapping = read_map_text(printed(tmp_path, text), specification())
    assert mapping.level("RF").temporal == (Loop("M", 2, 1),)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("RF [", "Spad [", "level 'RF' is not in the mapping"),
        ("DRAM [", "Other [ ]\nDRAM [", "level 'Other' is not in the architecture"),
        ("for M in", "for Q in", "speaks of 'Q'"),
        ("[ A:16", "[ Weights:16", "speaks of 'Weights'"),
        ("[0:16)", "[0:8)", "'K'"),
        (PRINTED, "| for M in [0:7)\n", "before the first level"),
        (PRINTED, "nothing", "no mapping in the file"),
    ],
)
def test_mappings_of_another_run(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(SpecificationError, match=words) as caught:
        read_map_text(printed(tmp_path, PRINTED.replace(old, new)), specification())
    assert "timeloop-mapper.map.txt" in str(caught.value.where)


# -- older rules ----------------------------------------------------------------------------------------------------


def test_first_fills_of_partial_results_once_counted() -> None:
    found = older()
    now, then = (found[OlderRules(**rule)] for rule in ({"pause_is_turn": True}, {"first_fills": True}))
    # Each of the 8 register files works on 14 of the 112 results, and gets each of them once without reading it.
    before, after = (one.levels[0].data_spaces["Z"] for one in (then, now))
    assert (before.fills, after.fills) == (14, 0)
    assert before.reads == after.reads
    assert then.energy_pj - now.energy_pj > 14 * 8 * 1 - 1e-6


def test_every_action_once_cost_as_much_as_the_dearest() -> None:
    found = older(SPECIFICATION.replace("name: read, energy: 10}", "name: read, energy: 4}"))
    rules = OlderRules(first_fills=True, largest_energy=True)
    stats = found[rules].levels[2].data_spaces["B"]
    # 1,792 reads and 256 fills, 8 words in a block, at the 10 pJ of a write: all in blocks together.
    assert (stats.reads, stats.fills) == (1792, 256)
    assert sum(stats.energy_pj.values()) == pytest.approx((1792 + 256) / 8 * 10)
    assert found[rules].energy_pj > found[OlderRules(first_fills=True)].energy_pj


# -- folders --------------------------------------------------------------------------------------------------------


def old_folder(tmp_path: Path, rules: OlderRules | None, *, beside: bool) -> Path:
    folder = tmp_path / "run" / "output"
    folder.mkdir(parents=True)
    printed(folder)
    found = older()
    evaluation = found[rules] if rules else found[OlderRules(pause_is_turn=True)]
    (folder / "timeloop-mapper.stats.txt").write_text(report(evaluation))
    (folder / "timeloop-mapper.ERT.yaml").write_text("ERT:" + BASE.split("ERT:")[1])
    if beside:
        (tmp_path / "run" / "prob").mkdir()
        (tmp_path / "run" / "prob" / "prob.yaml").write_text(PROBLEM)
        (tmp_path / "run" / "arch.yaml").write_text(BASE.split("ERT:")[0])
    return folder


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (None, "agrees with"),
        (OlderRules(first_fills=True), "before May 2023 (first fills of partial results counted). Today"),
        (OlderRules(first_fills=True, largest_energy=True), "an older Timeloop printed"),
    ],
)
def test_a_folder_finds_its_files_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rules: OlderRules | None, words: str
) -> None:
    assert main(["evaluate", str(old_folder(tmp_path, rules, beside=True))]) == 0
    assert words in capsys.readouterr().out


def test_files_named_with_a_folder_are_its_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = old_folder(tmp_path, None, beside=False)
    (tmp_path / "arch.yaml").write_text(BASE.split("ERT:")[0])
    (tmp_path / "mm.yaml").write_text(PROBLEM)
    assert main(["evaluate", str(folder)]) == 1
    assert "the problem of this run is unknown" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "arch.yaml"), str(tmp_path / "mm.yaml"), str(folder)]) == 0
    assert "agrees with" in capsys.readouterr().out


def test_two_files_that_could_be_meant_are_not_guessed_between(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = old_folder(tmp_path, None, beside=True)
    (tmp_path / "run" / "prob" / "other.yaml").write_text(PROBLEM)
    assert main(["evaluate", str(folder)]) == 1
    assert "several files hold it" in capsys.readouterr().err


def test_figures_of_no_version_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = old_folder(tmp_path, None, beside=True)
    path = folder / "timeloop-mapper.stats.txt"
    path.write_text(path.read_text().replace("Cycles: 224", "Cycles: 225"))
    assert main(["evaluate", str(folder)]) == 1
    assert "total cycles: 224 here, 225 in the report" in capsys.readouterr().out
