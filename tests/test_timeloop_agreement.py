"""Options that the golden cases do not use, with the figures that Timeloop's own program gives for these files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from launcher.engines.native.batch import BatchEvaluator, batch_of
from launcher.engines.native.model import evaluate
from launcher.results.evaluation import Evaluation
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import (
    Document,
    dump_mapping,
    dump_specification,
    read_mapped,
    read_specification,
)

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "timeloop_agreement.json").read_text())

each_case = pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])


def read_case(case: dict[str, Any]) -> tuple[Specification, Mapping]:
    """The case's files, as a user would hand them over."""
    documents = (
        Document.from_text(json.dumps(case["specification"]), "specification"),
        Document.from_text(json.dumps({"mapping": case["mapping"]}), "mapping"),
    )
    [(specification, mapping)] = read_mapped(documents, read_specification(documents))
    return specification, mapping


def assert_agrees(evaluation: Evaluation, figures: dict[str, Any]) -> None:
    """Counts and cycles exactly, energies to the last digits."""
    assert evaluation.legal
    assert evaluation.cycles == figures["cycles"]
    assert evaluation.energy_pj == pytest.approx(figures["energy_pj"], rel=1e-12)
    assert evaluation.utilization == pytest.approx(figures["utilization"], rel=1e-12)
    assert evaluation.compute_energy_pj == pytest.approx(figures["compute_energy_pj"], rel=1e-12)
    assert sum(evaluation.network_energy_pj.values()) == pytest.approx(figures["network_energy_pj"], rel=1e-12)
    assert [level.level for level in evaluation.levels] == list(figures["levels"])
    for level in evaluation.levels:
        expected = figures["levels"][level.level]
        assert level.energy_pj == pytest.approx(expected["energy_pj"], rel=1e-12)
        assert level.cycles == expected["cycles"]
        kept = {name: stats for name, stats in level.data_spaces.items() if stats.tile_words}
        assert kept.keys() == expected["data_spaces"].keys()
        for name, counts in expected["data_spaces"].items():
            assert {key: getattr(kept[name], key) for key in counts} == counts


@each_case
def test_files_give_timeloops_figures(case: dict[str, Any]) -> None:
    assert_agrees(evaluate(*read_case(case)), case["figures"])


@each_case
def test_files_written_back_give_the_same_figures(case: dict[str, Any]) -> None:
    specification, mapping = read_case(case)
    case_again = Document.from_text(dump_specification(specification), "specification")
    mapping_again = Document.from_text(dump_mapping(mapping, specification), "mapping")
    [(specified, mapped)] = read_mapped([mapping_again], read_specification([case_again]))
    assert mapped == mapping
    assert_agrees(evaluate(specified, mapped), case["figures"])


@each_case
def test_batches_give_timeloops_figures(case: dict[str, Any]) -> None:
    specification, mapping = read_case(case)
    result = BatchEvaluator(specification).evaluate(batch_of(specification, [mapping, mapping]))
    assert result.legal.all()
    assert result.cycles.tolist() == [case["figures"]["cycles"]] * 2
    assert result.energy_pj == pytest.approx(case["figures"]["energy_pj"], rel=1e-12)
