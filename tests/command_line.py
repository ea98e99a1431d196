"""Running the real command line in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    def must_succeed(self) -> Outcome:
        assert self.status == 0, f"exit status {self.status}\n{self.out}\n{self.err}"
        return self

    def must_explain(self, *words: str, status: int = 1) -> Outcome:
        """A user's mistake: a short message that holds all ``words``, and no traceback."""
        assert self.status == status, f"exit status {self.status}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.err + self.out
        assert len(self.err.strip().splitlines()) <= 10, self.err
        for word in words:
            assert word in self.err, f"{word!r} is not in\n{self.err}"
        return self


def launch(folder: Path, *arguments: str, **environment: str) -> Outcome:
    """``python launch.py ARGUMENTS`` in ``folder``."""
    return python(folder, str(ROOT / "launch.py"), *arguments, **environment)


def python(folder: Path, *arguments: str, **environment: str) -> Outcome:
    """``python ARGUMENTS`` in ``folder``, without anything of the caller's MLflow settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**inherited, "COLUMNS": "160", **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
