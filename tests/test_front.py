"""``mapper=pareto``: every trade-off between energy and cycles."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

from launcher import run
from launcher.results.files import read_result

LAYER = ["layer=KQV"]


def test_the_front_is_undominated_and_ends_at_the_single_optima(tmp_path: Path) -> None:
    result = run([*LAYER, "mapper=pareto"], output=tmp_path)
    assert result.optimality is not None and result.optimality.status == "proved"
    points = [point.evaluation for point in result.front]
    assert len(points) > 1
    assert all(one.energy_pj < two.energy_pj and one.cycles > two.cycles for one, two in pairwise(points))
    assert points[0].energy_pj == run([*LAYER, "mapper=energy"]).energy_pj
    assert points[-1].cycles == run([*LAYER, "mapper=cycles"]).cycles
    least = run(LAYER)
    assert min(point.edp_j_cycles for point in points) == least.edp_j_cycles == result.edp_j_cycles
    assert read_result(tmp_path) == result
    with (tmp_path / "front.csv").open() as file:
        assert [int(row["cycles"]) for row in csv.DictReader(file)] == [point.cycles for point in points]


def test_the_point_that_is_shown_is_one_of_the_front() -> None:
    result = run([*LAYER, "mapper=pareto"])
    assert any(point.mapping == result.mapping and point.evaluation == result.evaluation for point in result.front)
