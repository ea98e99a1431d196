"""``python -m launcher check``: a study that settled a whole space is believed only as it was written."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from command_line import command_here, launch_here

from launcher.commands.check.study.record import StudyRecord, front_losses, read_record
from launcher.commands.check.study.whole import Effort, check_study
from launcher.errors import LauncherError
from launcher.fingerprint import closure
from launcher.reporting.artifacts import write_artifacts
from launcher.results.files import read_result
from launcher.results.fronts import front_of
from launcher.sweeping.exhaustive.again import trial_of_point
from launcher.sweeping.exhaustive.study_page import write_study_page
from launcher.sweeping.exhaustive.table import POINTS_PARQUET, STATUSES, PointTable, read_points

Content = dict[str, Any]

SPACE = [
    "model=bert_base", "layer=KTQ", "arch.rows=8,16", "arch.cols=8,16,0", "arch.scratchpad_kib=16,64,256",
    "arch.accumulator_kib=0.0625,32", "sweep.constraints=['area_mm2 <= 0.5000001']",
]  # fmt: skip
"""With points of every kind: without a place in the schema, without a mapping, too large, too bad, and good ones."""

FRONTS = [
    "model=bert_base", "layer=[KTQ,VScores]", "arch.rows=range(8,17,8)", "arch.scratchpad_kib=16,64",
    "sweep.objectives=[energy_pj,area_mm2]",
]  # fmt: skip

QUICK = Effort(sample=36, search=0)


def study_of(folder: Path, arguments: Sequence[str]) -> Path:
    launch_here(
        folder, "-m", "hydra/sweeper=exhaustive", "tracking=none", f"hydra.sweep.dir={folder / 'study'}", *arguments
    ).must_succeed()
    return folder / "study"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = study_of(tmp_path_factory.mktemp("study"), SPACE)
    points = read_points(folder / POINTS_PARQUET)
    assert {STATUSES[number] for number in np.unique(points.status)} == {*STATUSES} - {"open"}
    return folder


@pytest.fixture(scope="module")
def fronts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = study_of(tmp_path_factory.mktemp("fronts"), FRONTS)
    assert len(json.loads((folder / "certificate.json").read_text())["best"]) > 1
    return folder


@pytest.fixture
def copy(study: Path, tmp_path: Path) -> Path:
    shutil.copytree(study, tmp_path / "copy")
    return tmp_path / "copy"


def rejected(folder: Path, effort: Effort = QUICK) -> list[str]:
    """What the checker says of a study; an error counts as well."""
    try:
        return check_study(folder, effort)[0]
    except LauncherError as error:
        return [str(error)]


def test_what_was_written_is_all_right(study: Path, fronts: Path) -> None:
    text = command_here(study, "check", str(study), str(fronts), "--search", "1").must_succeed().out
    assert "36 points: " in text and "36 points composed again" in text
    assert "on trust: the bounds of" in text
    assert text.count("all right") == 2


def test_a_study_may_be_moved_and_sampled(copy: Path) -> None:
    problems, summary = check_study(copy, Effort(sample=9, search=0, seed=3))
    assert problems == []
    assert "9 points composed again, 0 mapped again" in summary and "but for" not in summary


def test_files_of_points_that_were_not_searched_are_held_against_their_bounds(copy: Path) -> None:
    record = read_record(copy)
    for status in ("excluded", "limit", "infeasible"):
        trial_of_point(copy, first(record, status))
    assert rejected(copy) == []
    best, excluded = record.certificate.best[0].point, copy / str(first(record, "excluded"))
    write_artifacts(read_result(copy / str(best)), excluded)
    assert any("better than its bound" in one for one in rejected(copy))


def test_the_checker_reads_none_of_the_studys_search_code() -> None:
    files = {path.as_posix() for path in closure(["launcher.commands.check.study.whole"])}
    assert any(file.endswith("exhaustive/describe.py") for file in files)
    searching = ("exhaustive/search.py", "exhaustive/boxes.py", "exhaustive/work.py", "exhaustive/run.py")
    assert [file for file in files if file.endswith(searching)] == []


@pytest.mark.parametrize("name", ["points.parquet", "certificate.json", "study.json", "multirun.yaml"])
def test_a_file_that_is_missing_or_damaged_is_told(copy: Path, name: str) -> None:
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: len(content) // 2])
    assert name in rejected(copy)[0]
    (copy / name).unlink()
    assert name in rejected(copy)[0]


def test_what_cannot_be_checked_is_told_without_a_traceback(copy: Path) -> None:
    (copy / "certificate.json").unlink()
    command_here(copy, "check", str(copy)).must_explain("no certificate.json", "goes on with it")


def test_counts_are_no_less_than_none(study: Path) -> None:
    command_here(study, "check", str(study), "--sample", "-3").must_explain("less than 0", status=2)


@pytest.mark.parametrize("seed", range(5))
def test_fronts_are_found_as_they_are_elsewhere(seed: int) -> None:
    losses = np.random.default_rng(seed).integers(0, 12, (60, 3)).astype(float)
    expected = {tuple(row) for row in front_of(losses.tolist(), tuple)}
    assert {tuple(row) for row in front_losses(losses).tolist()} == expected


def _certificate(change: Callable[[Content], object]) -> Callable[[Path], None]:
    """Changes the certificate."""
    return _changed("certificate.json", change)


def _changed(name: str, change: Callable[[Content], object]) -> Callable[[Path], None]:
    def forge(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        before = json.dumps(content)
        change(content)
        assert json.dumps(content) != before
        (folder / name).write_text(json.dumps(content))

    return forge


def _table(change: Callable[[StudyRecord, PointTable], PointTable]) -> Callable[[Path], None]:
    """Changes the table of points, and renews its digest."""

    def forge(folder: Path) -> None:
        record = read_record(folder)
        fresh = replace(
            record.points,
            status=record.points.status.copy(),
            figures={name: values.copy() for name, values in record.points.figures.items()},
            bounds={name: values.copy() for name, values in record.points.bounds.items()},
            reason=record.points.reason.copy(),
            box=record.points.box.copy(),
        )
        change(record, fresh).write(folder / POINTS_PARQUET)
        renew(folder)

    return forge


def renew(folder: Path) -> None:
    file = folder / POINTS_PARQUET
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    before = json.loads((folder / "certificate.json").read_text())
    assert before["points_sha256"] != digest
    (folder / "certificate.json").write_text(json.dumps({**before, "points_sha256": digest}))


def first(record: StudyRecord, status: str) -> int:
    return int(np.flatnonzero(record.having(status))[0])


def _status(before: str, after: str, reason: int | None = None) -> Callable[[Path], None]:
    """One point gets another status; with a reason of another point where it needs one."""

    def change(record: StudyRecord, points: PointTable) -> PointTable:
        number = first(record, before)
        points.status[number] = STATUSES.index(after)
        if after != "searched":
            for name, values in points.figures.items():
                if name != "area_mm2" or after == "failed":
                    values[number] = np.nan
        if reason is not None:
            points.reason[number] = reason
        return points

    return _table(change)


def _value(kind: str, name: str, status: str, value: float) -> Callable[[Path], None]:
    """A figure or bound of one point is multiplied."""

    def change(record: StudyRecord, points: PointTable) -> PointTable:
        column = {"figure": points.figures, "bound": points.bounds}[kind][name]
        number = first(record, status)
        column[number] = value if np.isnan(column[number]) else column[number] * value
        return points

    return _table(change)


def _box(number: Callable[[StudyRecord], int], status: str = "excluded") -> Callable[[Path], None]:
    def change(record: StudyRecord, points: PointTable) -> PointTable:
        points.box[first(record, status)] = number(record)
        return points

    return _table(change)


def _other_box(record: StudyRecord) -> int:
    """One with another bound."""
    own = record.certificate.boxes[record.points.box[first(record, "excluded")]]
    return next(n for n, box in enumerate(record.certificate.boxes) if box.losses != own.losses)


def _box_of(content: Content, reason: str) -> Content:
    found: Content = next(box for box in content["boxes"] if box["reason"] == reason)
    return found


def _hidden_column(folder: Path) -> None:
    """What people read of the keys is not what the numbers say."""
    file = folder / POINTS_PARQUET
    table = pq.read_table(file)
    values = table["arch.rows"].to_pylist()
    rows = pq.read_table(file).schema.field("arch.rows").type
    swapped = [8 if value == 16 else 16 for value in values]
    place = table.column_names.index("arch.rows")
    import pyarrow as pa  # noqa: PLC0415

    forged = table.set_column(place, "arch.rows", pa.array(swapped, pa.int64()).dictionary_encode().cast(rows))
    pq.write_table(forged, file)
    renew(folder)


def _other_result(folder: Path) -> None:
    """The best design's folder holds those of another one, with all that belongs to it."""
    record = read_record(folder)
    best = record.certificate.best[0].point
    other = next(number for number in np.flatnonzero(record.having("searched")) if number != best)
    write_artifacts(read_result(folder / str(other)), folder / str(best))


def _cheaper_memory(folder: Path) -> None:
    """The best design is evaluated with cheaper accesses, and every figure goes with it."""
    from launcher.engines.native.model import evaluate  # noqa: PLC0415
    from launcher.specification.energy import ActionEnergy  # noqa: PLC0415

    record = read_record(folder)
    best = record.certificate.best[0].point
    result = read_result(folder / str(best))
    assert result.specification and result.specification.energy and result.mapping
    energy = result.specification.energy
    components = {**energy.components, "DRAM": {name: (ActionEnergy(1.0),) for name in energy.components["DRAM"]}}
    cheaper = replace(result.specification, energy=replace(energy, components=components))
    evaluation = evaluate(cheaper, result.mapping)
    assert evaluation.energy_pj < result.energy_pj
    forged = replace(result, specification=cheaper, evaluation=evaluation, optimality=None)
    write_artifacts(forged, folder / str(best))


def _asked(change: Callable[[Any], object]) -> Callable[[Path], None]:
    """Changes what the sweep asked."""

    def forge(folder: Path) -> None:
        asked = yaml.safe_load((folder / "multirun.yaml").read_text())
        change(asked)
        (folder / "multirun.yaml").write_text(yaml.safe_dump(asked))

    return forge


def _csv(change: Callable[[list[list[str]]], object]) -> Callable[[Path], None]:
    def forge(folder: Path) -> None:
        file = folder / "trials.csv"
        with file.open(newline="") as source:
            rows = list(csv.reader(source))
        change(rows)
        with file.open("w", newline="") as target:
            csv.writer(target, lineterminator="\n").writerows(rows)

    return forge


def _reach(content: Content, key: str = "arch.rows", kind: str = "best") -> Content:
    found: Content = next(one[kind] for one in content["keys"][key] if one[kind])
    return found


FORGERIES: dict[str, Callable[[Path], None]] = {
    "a bit of the table": lambda folder: (folder / POINTS_PARQUET).write_bytes(
        (data := bytearray((folder / POINTS_PARQUET).read_bytes()))[:200] + bytes([data[200] ^ 1]) + data[201:]
    ) and None,
    "columns of keys": _hidden_column,
    "claim": _certificate(lambda c: c.update(claim="this is the best design of all")),
    "number of points": _certificate(lambda c: c.update(points=c["points"] + 1)),
    "digest": _certificate(lambda c: c.update(points_sha256="0" * 64)),
    "values of the space": _certificate(lambda c: c["identity"]["space"].update({"arch.rows": "choice(8,16,32)"})),
    "keys of the space": _certificate(lambda c: c["identity"]["space"].pop("arch.rows")),
    "what is fixed": _certificate(lambda c: c["identity"]["fixed"].update({"arch.word_bits": 4})),
    "goals": _certificate(lambda c: c["identity"].update(goals="minimize cycles")),
    "objective": _certificate(lambda c: c.update(objectives={"cycles": "minimize"})),
    "direction": _certificate(lambda c: c.update(objectives={"edp_j_cycles": "maximize"})),
    "no limits": _certificate(lambda c: c.update(limits=[])),
    "another limit": _certificate(lambda c: c.update(limits=["area_mm2 <= 0.4"])),
    "a limit that is none": _certificate(lambda c: c.update(limits=["small"])),
    "best point": _certificate(lambda c: c["best"][0].update(point=25)),
    "best point that is none": _certificate(lambda c: c["best"][0].update(point=4711)),
    "best figure": _certificate(lambda c: c["best"][0].update(losses=[c["best"][0]["losses"][0] * 0.9])),
    "figures of best points": _certificate(lambda c: c["best"][0].update(losses=[1.0, 2.0])),
    "one more best point": _certificate(lambda c: c["best"].append({"point": 25, "losses": [2.669]})),
    "a best point twice": _certificate(lambda c: c["best"].append(c["best"][0])),
    "no best point": _certificate(lambda c: c.update(best=[])),
    "no boxes": _certificate(lambda c: c.update(boxes=[])),
    "a box that nobody is in": _certificate(lambda c: c["boxes"].append(c["boxes"][0])),
    "a box's bound": _certificate(lambda c: _box_of(c, "bound").update(losses=[99.0])),
    "no bound": _certificate(lambda c: _box_of(c, "bound").update(losses=[None])),
    "a box's reason": _certificate(lambda c: _box_of(c, "bound").update(reason="no mapping")),
    "a limit instead of a bound": _certificate(lambda c: _box_of(c, "bound").update(reason=c["limits"][0])),
    "another limit of a box": _certificate(lambda c: _box_of(c, c["limits"][0]).update(reason="area_mm2 <= 0.1")),
    "a bound instead of a limit": _certificate(lambda c: _box_of(c, c["limits"][0]).update(reason="bound")),
    "designs of a box": _certificate(lambda c: c["boxes"][0].update(designs=c["boxes"][0]["designs"] + 1)),
    "searched after all": _status("excluded", "searched"),
    "no design": _status("excluded", "failed", 0),
    "a good one is no design": _status("searched", "failed", 0),
    "no mapping": _status("searched", "infeasible", 0),
    "no reason": _status("infeasible", "infeasible", -1),
    "a reason for what is good": _status("searched", "searched", 0),
    "excluded though it was searched": _status("searched", "excluded"),
    "within the limits": _status("limit", "excluded", -1),
    "beyond the limits": _status("excluded", "limit", 0),
    "open": _status("excluded", "open"),
    "a design after all": _status("failed", "excluded", -1),
    "a better figure": _value("figure", "edp_j_cycles", "searched", 0.5),
    "a better energy": _value("figure", "energy_pj", "searched", 0.5),
    "no figure": _value("figure", "edp_j_cycles", "searched", np.nan),
    "a figure of what was not searched": _value("figure", "cycles", "excluded", 7.0),
    "area of what was searched": _value("figure", "area_mm2", "searched", 1.5),
    "area of what was not searched": _value("figure", "area_mm2", "excluded", 1.01),
    "area of what is too large": _value("figure", "area_mm2", "limit", 0.5),
    "area of what is no design": _value("figure", "area_mm2", "failed", 0.5),
    "a bound": _value("bound", "edp_j_cycles", "excluded", 1.01),
    "bound of what has none": _value("bound", "edp_j_cycles", "failed", 1.0),
    "a box that there is not": _box(lambda record: len(record.certificate.boxes)),
    "no box": _box(lambda record: -1),
    "another box": _box(_other_box),
    "values": _changed("study.json", lambda s: s["keys"].update({"arch.rows": [8, 32]})),
    "order of values": _changed("study.json", lambda s: s["keys"]["arch.rows"].reverse()),
    "types of values": _changed("study.json", lambda s: s["keys"].update({"arch.rows": [8.0, 16]})),
    "keys": _changed("study.json", lambda s: s["keys"].update({"arch.word_bits": [8]})),
    "another layer": _changed("study.json", lambda s: s["overrides"].remove("layer=KTQ")),
    "another model": _changed("study.json", lambda s: s["overrides"].append("model.sequence=64")),
    "another hardware": _changed("study.json", lambda s: s["overrides"].append("arch.word_bits=16")),
    "what cannot be composed": _changed("study.json", lambda s: s["overrides"].append("arch.colour=red")),
    "a limit of its own": _changed("study.json", lambda s: s["overrides"].append("constraints.area_mm2=0.4")),
    "no limit": _asked(lambda asked: asked["sweep"].update(constraints=[])),
    "a weaker limit": _asked(lambda asked: asked["sweep"].update(constraints=["area_mm2 <= 0.6"])),
    "another objective": _asked(lambda asked: asked["sweep"].update(objectives=["cycles"])),
    "another way": _asked(lambda asked: asked["sweep"].update(directions=["maximize"])),
    "an unknown objective": _asked(lambda asked: asked["sweep"].update(objectives=["beauty"])),
    "no objectives": _asked(lambda asked: asked.pop("sweep")),
    "objectives that are none": _asked(lambda asked: asked["sweep"].update(objectives={"cycles": 1})),
    "a folder is gone": lambda folder: shutil.rmtree(folder / str(read_record(folder).certificate.best[0].point)),
    "a folder of another design": _other_result,
    "cheaper accesses": _cheaper_memory,
    "figures in a folder": lambda folder: _changed(
        f"{read_record(folder).certificate.best[0].point}/result.json",
        lambda r: r["evaluation"].update(energy_pj=r["evaluation"]["energy_pj"] * 0.9),
    )(folder),
    "no trials": lambda folder: (folder / "trials.csv").unlink(),
    "a figure in the trials": _csv(lambda rows: rows[1].__setitem__(rows[0].index("cycles"), "1.0")),
    "a value in the trials": _csv(lambda rows: rows[1].__setitem__(rows[0].index("arch.rows"), "64")),
    "state of a trial": _csv(lambda rows: rows[1].__setitem__(1, "failed")),
    "a trial left out": _csv(lambda rows: rows.pop()),
    "a trial twice": _csv(lambda rows: rows.append(rows[-1])),
    "how far a value gets": _changed("reach.json", lambda r: _reach(r)["figures"].update(edp_j_cycles=1.0)),
    "how far another value gets": _changed("reach.json", lambda r: _reach(r).update(point=7)),
    "that a value gets nowhere": _changed("reach.json", lambda r: r["keys"]["arch.rows"][0].update(best=None)),
    "that a value gets somewhere": _changed(
        "reach.json", lambda r: r["keys"]["arch.cols"][2].update(best=_reach(r))
    ),
    "what a change brings": _changed("reach.json", lambda r: _reach(r, kind="slice")["figures"].update(cycles=1.0)),
    "that a change brings nothing": _changed("reach.json", lambda r: r["keys"]["arch.rows"][1].update(slice=None)),
    "the page": lambda folder: (folder / "study.html").write_text(
        (folder / "study.html").read_text().replace("2.059 J", "1.059 J")
    ) and None,
    "keys of the reach": _changed("reach.json", lambda r: r["keys"].pop("arch.rows")),
    "the reach's best": _changed("reach.json", lambda r: r.update(best_point=3)),
    "the reach's metric": _changed("reach.json", lambda r: r.update(metric="cycles")),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORGERIES)
def test_no_study_can_be_forged(copy: Path, kind: str) -> None:
    FORGERIES[kind](copy)
    assert rejected(copy)


def test_an_open_point_is_said_to_be_one(copy: Path) -> None:
    _status("excluded", "open")(copy)
    stopped = "the search was stopped: points whose status is open may be better"
    _certificate(lambda c: c.update(claim=stopped))(copy)
    write_study_page(copy)
    trial_of_point(copy, first(read_record(copy), "open"))
    assert rejected(copy) == ["it is not complete: 1 of 36 points are open"]
    told = command_here(copy, "check", str(copy), "--search", "0")
    assert told.status == 1 and "not complete" in told.out


def _hide_the_best(folder: Path) -> None:
    """The best design is moved into a box whose bound seems to exclude it, and the next one is praised."""
    record = read_record(folder)
    best = record.certificate.best[0].point
    others = [n for n in np.flatnonzero(record.good) if n != best]
    second = int(min(others, key=lambda number: float(record.losses[number, 0])))
    box = len(record.certificate.boxes)
    bound = float(record.losses[second, 0]) * 1.1

    def change(record: StudyRecord, points: PointTable) -> PointTable:
        points.status[best], points.box[best] = STATUSES.index("excluded"), box
        points.bounds["edp_j_cycles"][best] = bound
        for name, values in points.figures.items():
            values[best] = values[best] if name == "area_mm2" else np.nan
        return points

    praised = [{"point": second, "losses": [float(record.losses[second, 0])]}]
    hidden = {"reason": "bound", "designs": 1, "losses": [bound]}
    before = len(record.certificate.boxes)
    _certificate(lambda c: c.update(best=praised, boxes=[*c["boxes"][:before], hidden]))(folder)
    _table(change)(folder)
    own = record.points.box[best]
    if own >= 0:
        _certificate(lambda c: c["boxes"][own].update(designs=c["boxes"][own]["designs"] - 1))(folder)
    shutil.rmtree(folder / str(best))
    _csv(lambda rows: rows.remove(next(row for row in rows if row[0] == str(best))))(folder)
    (folder / "reach.json").unlink()
    write_study_page(folder)


def test_a_better_design_that_is_hidden_with_care_is_found_by_searching(copy: Path) -> None:
    _hide_the_best(copy)
    assert rejected(copy) == []  # nobody could tell without a search
    found = rejected(copy, Effort(sample=0, search=36))
    assert any("better than its bound" in one for one in found)


def test_a_figure_of_a_design_whose_files_are_gone_is_found_by_searching(copy: Path) -> None:
    record = read_record(copy)
    worst = int(max(np.flatnonzero(record.good), key=lambda number: float(record.losses[number, 0])))

    def change(_: StudyRecord, points: PointTable) -> PointTable:
        points.figures["energy_pj"][worst] *= 1.5
        points.figures["edp_j_cycles"][worst] *= 1.5
        points.figures["power_w"][worst] *= 1.5
        return points

    _table(change)(copy)
    shutil.rmtree(copy / str(worst))
    (copy / "reach.json").unlink()
    names = list(record.points.figures)

    def follow(rows: list[list[str]]) -> None:
        points, place = read_points(copy / POINTS_PARQUET), [row[0] for row in rows].index(str(worst))
        for name in names:
            rows[place][rows[0].index(name)] = repr(float(points.figures[name][worst]))

    _csv(follow)(copy)
    write_study_page(copy)
    assert rejected(copy) == []
    assert any(f"point {worst}: energy_pj" in one for one in rejected(copy, Effort(sample=0, search=36)))


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["best"].pop(),
        lambda c: c["best"][0].update(losses=c["best"][0]["losses"][::-1]),
        lambda c: c.update(objectives=dict(reversed(c["objectives"].items()))),
        lambda c: c["identity"]["space"].update({"arch.rows": "integers from 8 to 16, step 4"}),
    ],
)
def test_no_front_can_be_forged(fronts: Path, tmp_path: Path, change: Callable[[Content], object]) -> None:
    shutil.copytree(fronts, tmp_path / "copy")
    _certificate(change)(tmp_path / "copy")
    assert rejected(tmp_path / "copy")
