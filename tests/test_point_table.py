"""The table of all points of a study: what is written is what is read, and what is damaged is not."""

from __future__ import annotations

import random
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.errors import LauncherError
from launcher.sweeping.exhaustive import table
from launcher.sweeping.exhaustive.table import STATUSES, PointTable, read_points
from launcher.sweeping.points.interface import Value

VALUES = st.one_of(
    st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=4, unique=True),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4, unique=True),
    st.lists(st.text(max_size=5), min_size=1, max_size=4, unique=True),
    st.just([True, False]),
    st.just([8, 16.5, "all", None, False]),
)
KEYS = st.dictionaries(st.sampled_from(["arch.rows", "arch.cols", "layer", "+mine"]), VALUES, min_size=1)


def random_table(keys: dict[str, list[Value]], seed: int) -> PointTable:
    draw = np.random.default_rng(seed)
    size = prod(map(len, keys.values()))
    reasons = [f"reason\n{number}" for number in range(int(draw.integers(0, 4)))]

    def floats() -> np.ndarray:
        return np.where(draw.random(size) < 0.5, np.nan, draw.standard_normal(size) * 10.0 ** draw.integers(-9, 9))

    return PointTable(
        keys=keys,
        status=draw.integers(0, len(STATUSES), size).astype(np.uint8),
        figures={"cycles": floats(), "area_mm2": floats()},
        bounds={"cycles": floats()},
        reasons=reasons,
        reason=draw.integers(-1, len(reasons), size).astype(np.int32),
        box=draw.integers(-1, 3, size).astype(np.int32),
    )


def rows(points: PointTable) -> list[dict[str, Value]]:
    return [points.row(number) for number in range(points.size)]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(keys=KEYS, seed=st.integers(0, 10**6), group=st.integers(1, 40))
def test_what_is_written_is_read_to_the_last_bit(
    keys: dict[str, list[Value]], seed: int, group: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    points = random_table(keys, seed)
    path = tmp_path_factory.mktemp("points") / "points.parquet"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "_GROUP", group)
        points.write(path)
    again = read_points(path)
    assert again.keys == keys and [*map(repr, again.keys.values())] == [*map(repr, keys.values())]
    assert rows(again) == rows(points)
    again.write(path)
    assert rows(read_points(path)) == rows(points)


def test_other_programs_read_values_and_words(tmp_path: Path) -> None:
    keys: dict[str, list[Value]] = {"arch.rows": [8, 16], "arch.kib": [0.5, 2], "layer": ["KQV", "Out", "FFN1"]}
    points = random_table(keys, 7)
    points.write(tmp_path / "points.parquet")
    found = pq.read_table(tmp_path / "points.parquet")
    assert found.column_names == [
        *("number", "arch.rows", "arch.kib", "layer", "status", "cycles", "area_mm2", "bound.cycles", "reason", "box")
    ]
    group = pq.read_metadata(tmp_path / "points.parquet").row_group(0)
    encoded = {one.path_in_schema for one in map(group.column, range(10)) if "RLE_DICTIONARY" in one.encodings}
    assert encoded == {*keys, "status", "reason"}
    for row, said in zip(rows(points), found.to_pylist(), strict=True):
        assert row == {name: value for name, value in said.items() if value is not None}
    assert found["layer"].to_pylist() == ["KQV", "Out", "FFN1"] * 4
    assert found["arch.rows"].to_pylist() == [8] * 6 + [16] * 6


@pytest.mark.parametrize("seed", range(5))
def test_points_are_found_by_what_is_known_of_them(seed: int) -> None:
    draw = random.Random(seed)
    points = random_table({"a": [1, 2, 3], "b": ["x", "y"], "c": list(range(20))}, seed)
    everything = rows(points)
    for largest in (False, True):
        status, a, most = draw.choice(STATUSES), draw.choice([1, 2, 3]), draw.choice([0, 2, None])
        wanted = [row for row in everything if row["status"] == status and row["a"] == a]
        assert list(points.select(status=status, where={"a": a})) == [row["number"] for row in wanted]
        known = [row for row in wanted if "cycles" in row]
        known.sort(key=lambda row: -row["cycles"] if largest else row["cycles"])
        got = points.select(status=status, where={"a": a}, by="cycles", largest=largest, most=most)
        assert list(got) == [row["number"] for row in known][:most]
    assert list(points.select()) == list(range(points.size))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"status": "serched"}, "serched is no status.*"),
        ({"where": {"arch.rwos": 8}}, "arch.rwos is no key"),
        ({"where": {"arch.rows": 9}}, "9 is no value of arch.rows"),
        ({"by": "cycle"}, "cycle is no figure"),
    ],
)
def test_what_there_is_not_is_told(asked: dict[str, object], words: str) -> None:
    with pytest.raises(LauncherError, match=words):
        random_table({"arch.rows": [8, 16]}, 1).select(**asked)  # type: ignore[arg-type]


def test_damaged_and_foreign_files_are_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "points.parquet"
    points = random_table({"arch.rows": list(range(50)), "arch.cols": list(range(40))}, 3)
    points.write(path)
    whole = path.read_bytes()
    contents = [b"", b"number,status\n", whole[: len(whole) // 2], whole[:-3], b"PAR1" + whole[8:]]
    draw = random.Random(5)
    for _ in range(20):
        place = draw.randrange(4, len(whole) // 2)
        contents.append(whole[:place] + bytes([whole[place] ^ (1 << draw.randrange(8))]) + whole[place + 1 :])
    told = 0
    for content in contents:
        path.write_bytes(content)
        try:
            assert rows(read_points(path)) == rows(points)  # a bit that decides nothing
        except LauncherError as error:
            assert str(path) in str(error) and len(str(error).splitlines()) <= 3
            told += 1
    assert told > 20
    with pytest.raises(LauncherError, match="cannot be read"):
        read_points(tmp_path / "nowhere.parquet")
    pq.write_table(pa.table({"number": [0, 1]}), path)
    with pytest.raises(LauncherError, match="none of a study's points"):
        read_points(path)
    with pytest.raises(LauncherError, match="cannot be written"):
        points.write(tmp_path / "nowhere" / "points.parquet")


def test_a_table_that_lacks_rows_is_told(tmp_path: Path) -> None:
    path = tmp_path / "points.parquet"
    random_table({"arch.rows": list(range(50))}, 3).write(path)
    pq.write_table(pq.read_table(path)[:40], path)
    with pytest.raises(LauncherError, match="40 rows, and the space has 50 points"):
        read_points(path)


def test_what_fails_leaves_the_earlier_table(tmp_path: Path) -> None:
    path = tmp_path / "points.parquet"
    points = random_table({"arch.rows": [8, 16]}, 3)
    points.write(path)
    with pytest.raises(pa.ArrowException):
        replace(points, reason=np.array([77, 77], dtype=np.int32)).write(path)
    assert rows(read_points(path)) == rows(points)
    assert [file.name for file in tmp_path.iterdir()] == ["points.parquet"]
