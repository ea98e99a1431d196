"""Running the real command line in a folder of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXTENSIONS = ROOT / "launcher" / "_ext"


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


def command_here(folder: Path, *arguments: str, columns: int = 160, terminal: bool = False) -> Outcome:
    """``python -m launcher ARGUMENTS`` in ``folder``, without an interpreter of its own."""
    from launcher.__main__ import main  # noqa: PLC0415

    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setenv("COLUMNS", str(columns))
        if terminal:
            patch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        try:
            status = main(arguments)
        except SystemExit as end:
            status = int(end.code or 0)
    return Outcome(status, out.getvalue(), err.getvalue())


def launch_here(folder: Path, *arguments: str, columns: int = 160, terminal: bool = False) -> Outcome:
    """The same without an interpreter of its own, which would take most of the time of a short command."""
    from hydra.core.global_hydra import GlobalHydra  # noqa: PLC0415
    from hydra.core.plugins import Plugins  # noqa: PLC0415

    from launcher.app import main  # noqa: PLC0415

    if str(EXTENSIONS) not in sys.path:
        # An earlier test may have made Hydra look for its plugins when it could not see ours.
        sys.path.insert(0, str(EXTENSIONS))
        from hydra_plugins.launcher_sweepers.sweeper import LauncherSweeper  # noqa: PLC0415

        Plugins.instance().register(LauncherSweeper)
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setattr(sys, "argv", [str(ROOT / "launch.py"), *arguments])
        patch.setattr(sys, "path", list(sys.path))
        patch.setenv("COLUMNS", str(columns))
        if terminal:
            patch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
        patch.setenv("HYDRA_FULL_ERROR", "0")
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        GlobalHydra.instance().clear()
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            GlobalHydra.instance().clear()
    return Outcome(status, out.getvalue(), err.getvalue())
