"""What the processes of an exhaustive study share survives their deaths, and is the same for all of them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from effort import seeds
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_cases import IDENTITY, Working, check_that_processes_share_all_points, outcome
from sqlalchemy import create_engine, text

from launcher.errors import ConfigurationError, LauncherError
from launcher.sweeping import processes
from launcher.sweeping.exhaustive.ledger import Ledger, PointOutcome, forget, open_ledger
from launcher.sweeping.processes import Process

HERE = str(Path(__file__).parent)


@pytest.fixture(params=["file", "sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "mine.ledger") if request.param == "file" else f"sqlite:///{tmp_path}/mine.db"


def ledger_of(where: str, study: str = "mine") -> Ledger:
    return open_ledger(where, study, IDENTITY)


FLOATS = st.floats(allow_nan=False)
OUTCOMES = st.lists(
    st.builds(
        PointOutcome,
        st.integers(0, 10**6),
        st.sampled_from(["searched", "infeasible", "failed"]),
        st.dictionaries(st.sampled_from(["energy_pj", "cycles", "layer.KTQ.cycles"]), FLOATS),
        st.text(),
        FLOATS,
    ),
    unique_by=lambda one: one.number,
)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(batches=st.lists(OUTCOMES, max_size=4))
def test_outcomes_come_back_to_the_last_bit_in_their_order_and_once(
    batches: list[list[PointOutcome]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    where = str(tmp_path_factory.mktemp("ledger") / "a.ledger")
    first: dict[int, PointOutcome] = {}
    with ledger_of(where) as mine, ledger_of(where) as other:
        for batch in batches:
            mine.settle(batch)
            new = [one for one in batch if one.number not in first]
            first |= {one.number: one for one in new}
            assert other.news() == new
        assert mine.news() == list(first.values()) and mine.news() == []
    with ledger_of(where) as later:
        pages = []
        while page := later.news(most=3):
            assert len(page) <= 3
            pages += page
    assert pages == list(first.values())


def test_a_database_gives_them_back_as_well(where: str) -> None:
    odd = PointOutcome(7, "searched", {"cycles": 0.1 + 0.2, "power_w": float("inf"), "energy_pj": 5e-324}, "", 1 / 3)
    with ledger_of(where) as ledger:
        ledger.settle([odd, outcome(5)])
        ledger.settle([PointOutcome(7, "failed")])
        assert ledger.news() == [odd, outcome(5)]
    with ledger_of(where) as ledger:
        assert ledger.news(1) == [odd] and ledger.news(1) == [outcome(5)] and ledger.news(1) == []


def test_processes_claim_different_points(where: str) -> None:
    check_that_processes_share_all_points(where, HERE, 120)


@pytest.mark.parametrize("seed", seeds(0, 1))
def test_processes_that_are_killed_at_any_moment_lose_no_point_and_double_none(where: str, seed: int) -> None:
    draw = random.Random(seed)
    both = [Working(where, 150, seed + place, HERE) for place in range(2)]
    for one in both:
        one.go()
    for one in both:
        time.sleep(draw.uniform(0, 0.03))
        one.process.kill()
    for one in both:
        one.taken()
    last = Working(where, 150, seed + 2, HERE)
    last.go()
    last.taken()
    assert last.process.returncode == 0
    with ledger_of(where) as ledger:
        assert sorted(ledger.news(), key=lambda one: one.number) == [outcome(number) for number in range(150)]


HOLD = """
import sys
from launcher.sweeping.exhaustive.ledger import open_ledger
sys.path.insert(0, sys.argv[2])
from ledger_cases import IDENTITY
with open_ledger(sys.argv[1], "mine", IDENTITY) as ledger:
    print(*ledger.claim(range(5)), flush=True)
    sys.stdin.read()
"""


def test_claims_of_a_process_lapse_when_it_dies_and_not_before(where: str) -> None:
    command = [sys.executable, "-c", HOLD, where, HERE]
    with (
        ledger_of(where) as ledger,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other,
    ):
        assert other.stdout is not None and other.stdout.readline() == b"0 1 2 3 4\n"
        assert ledger.claim(range(3, 8)) == [5, 6, 7]
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # dead, and nobody has asked how it ended
        assert ledger.claim(range(8)) == [0, 1, 2, 3, 4]


def test_claims_are_given_back_when_a_ledger_is_closed(where: str) -> None:
    with ledger_of(where) as ledger:
        assert ledger.claim([3, 1, 3, 2]) == [3, 1, 2]
        with ledger_of(where) as second:
            assert second.claim([1, 2, 3, 4]) == [4]
        assert ledger.claim(range(6), most=2) == [0, 4]
    with ledger_of(where) as third:
        third.settle([outcome(1)])
        assert third.claim(range(6)) == [0, 2, 3, 4, 5]


def test_a_reused_process_number_is_no_living_process(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    me = Process.current()
    with ledger_of(where) as mine:
        monkeypatch.setattr(Process, "current", lambda: Process(me.host, me.pid, "another birth"))
        gone = ledger_of(where)
        assert gone.claim([1, 2]) == [1, 2]
        assert mine.claim([2, 3]) == [2, 3]


def test_a_process_of_another_machine_is_dead_after_a_silence(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ledger_of(where) as mine:
        monkeypatch.setattr(Process, "current", lambda: Process("elsewhere", 1, "5"))
        other = ledger_of(where)
        assert other.claim([1, 2]) == [1, 2]
        assert mine.claim([1, 2, 3]) == [3]
        now = time.time()
        monkeypatch.setattr(processes.time, "time", lambda: now + 115)
        assert mine.claim([1]) == []
        monkeypatch.setattr(processes.time, "time", lambda: now + 125)
        assert mine.claim([1]) == [1]
        assert other.claim([1]) == []


@pytest.mark.parametrize("torn", [b'{"is":"settled","by":"alive:vm:1:2 3","at":1.0,"names":["cycles"],"outc', b"{"])
def test_a_half_written_line_is_removed_and_what_it_said_is_not_done(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "mine.ledger"
    with ledger_of(str(path)) as ledger, ledger_of(str(path)) as other:
        ledger.settle([outcome(1)])
        with path.open("ab") as killed:
            killed.write(torn)
        assert other.news() == [outcome(1)]
        ledger.settle([outcome(2)])
        assert other.news() == [outcome(2)]
    assert torn + b"\n" not in path.read_bytes() and torn + b"{" not in path.read_bytes()
    with ledger_of(str(path)) as again:
        assert again.news() == [outcome(1), outcome(2)]


def test_another_identity_is_refused_until_the_study_is_forgotten(where: str) -> None:
    with ledger_of(where) as ledger:
        ledger.settle([outcome(1)])
        other = {**IDENTITY, "goals": "minimize energy_pj"}
        with pytest.raises(ConfigurationError, match="minimize cycles -> minimize energy_pj") as refused:
            open_ledger(where, "mine", other)
        assert "sweep.restart=true" in str(refused.value)
        forget(where, "mine")
        for use in (ledger.news, lambda: ledger.claim([1]), lambda: ledger.settle([outcome(2)])):
            with pytest.raises(LauncherError, match="forgot"):
                use()
        with open_ledger(where, "mine", other) as anew:
            with pytest.raises(LauncherError, match="forgot"):
                ledger.claim([1])
            assert anew.news() == [] and anew.claim([1]) == [1]


def test_studies_of_a_database_are_apart_and_a_file_keeps_one(where: str) -> None:
    forget(where, "mine")  # nothing yet
    with ledger_of(where) as ledger:
        ledger.settle([outcome(1)])
    if "://" not in where:
        for use in (lambda: ledger_of(where, "yours"), lambda: forget(where, "yours")):
            with pytest.raises(LauncherError, match="keeps the study mine, not yours"):
                use()
        return
    with ledger_of(where, "yours") as yours, ledger_of(where) as mine:
        assert yours.news() == [] and yours.claim([1]) == [1]
        assert mine.news() == [outcome(1)]
        forget(where, "mine")
        yours.settle([outcome(1)])
        assert yours.news() == [outcome(1)]


@pytest.mark.parametrize(
    "content",
    [b'{"op_code":0,"study_name":"a"}\n', b"\x00\xff binary\n", b"somebody's notes", b"[1]\n", b'{"is":"claim"}\n'],
)
def test_a_strangers_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.ledger"
    path.write_bytes(content)
    for use in (lambda: ledger_of(str(path)), lambda: forget(str(path), "mine")):
        with pytest.raises(LauncherError, match="is damaged") as refused:
            use()
        assert str(path) in str(refused.value) and "sweep.storage" in str(refused.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("line", ["rubbish", '{"is":"claim"}', '{"is":"x","by":"a","at":1}', '{"is":"settled"}', "7"])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "mine.ledger"
    with ledger_of(str(path)) as ledger:
        ledger.settle([outcome(1)])
    count = len(path.read_text().splitlines())
    with path.open("a") as file:
        file.write(line + "\n")
    with ledger_of(str(path)) as again, pytest.raises(LauncherError, match="damaged") as refused:
        again.news()
    assert f"line {count + 1}" in str(refused.value)


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    where = f"sqlite:///{tmp_path}/mine.db"
    with ledger_of(where) as ledger:
        ledger.settle([outcome(1)])
        engine = create_engine(where)
        with engine.begin() as connection:
            connection.execute(text("update launcher_ledger_records set record = 'rubbish'"))
        engine.dispose()
        with pytest.raises(LauncherError, match="damaged"):
            ledger.news()


def test_notes_are_for_all_processes(where: str) -> None:
    with ledger_of(where) as one, ledger_of(where) as two:
        assert one.noted("run") is None
        assert one.note_once("run", {"id": "a"}) == two.note_once("run", {"id": "b"}) == {"id": "a"}
        two.note("run", [1, None])
        assert one.noted("run") == [1, None] and one.noted("other") is None


def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    for url in ("postgresql+psycopg://me:secret@127.0.0.1:1/studies", f"sqlite:///{tmp_path}/nowhere/x.db"):
        with pytest.raises(LauncherError, match="does not answer") as told:
            ledger_of(url)
        assert "secret" not in str(told.value) and "sweep.storage=" in str(told.value)
