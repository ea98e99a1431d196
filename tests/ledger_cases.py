"""Processes that work on one ledger, wherever it is kept."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter

from launcher.sweeping.exhaustive.ledger import PointOutcome, open_ledger

IDENTITY = {"space": {"arch.rows": "choice(8,16)"}, "goals": "minimize cycles"}

WORK = """
import random, sys
from launcher.sweeping.exhaustive.ledger import open_ledger
sys.path.insert(0, sys.argv[4])
from ledger_cases import IDENTITY, outcome
where, total, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
numbers = list(range(total))
random.Random(seed).shuffle(numbers)
with open_ledger(where, "mine", IDENTITY) as ledger:
    taken = ledger.claim(numbers, most=1 + seed % 7)
    print("open", flush=True)
    sys.stdin.readline()
    while taken:
        print(*taken, flush=True)
        ledger.settle([outcome(number) for number in taken])
        taken = ledger.claim(numbers, most=1 + seed % 7)
"""


def outcome(number: int) -> PointOutcome:
    """What every process says of a point."""
    draw = random.Random(number)
    if number % 5 == 0:
        return PointOutcome(number, "infeasible", {"area_mm2": draw.random()}, f"no room\nin {number}", 1e-3)
    return PointOutcome(number, "searched", {"cycles": draw.random() * 1e9, "area_mm2": draw.random()}, "", 0.25)


class Working:
    """A process that has claimed some points, and settles them and all others when it is told to."""

    def __init__(self, where: str, total: int, seed: int, folder: str) -> None:
        command = [sys.executable, "-c", WORK, where, str(total), str(seed), folder]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "open\n"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def taken(self) -> list[int]:
        """What it settled until it ended."""
        out, _ = self.process.communicate(timeout=120)
        whole = out[: out.rfind("\n") + 1]  # a killed process may leave half a line
        return [int(number) for number in whole.split()]


def check_that_processes_share_all_points(where: str, folder: str, total: int) -> None:
    """Two processes claim at the same time, and no point twice; a third one reads what both wrote."""
    both = [Working(where, total, seed, folder) for seed in (3, 5)]
    for one in both:
        one.go()
    taken = [one.taken() for one in both]
    assert [one.process.returncode for one in both] == [0, 0]
    assert all(taken)
    assert Counter([*taken[0], *taken[1]]) == dict.fromkeys(range(total), 1)
    with open_ledger(where, "mine", IDENTITY) as ledger:
        assert sorted(ledger.news(), key=lambda one: one.number) == [outcome(number) for number in range(total)]
        assert ledger.news() == [] and ledger.claim(range(total)) == []
