"""Commands that run in a terminal, and what Ctrl-C does to them."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path


class Terminal:
    """A command that runs in a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        main, side = pty.openpty()
        environment = {**os.environ, "COLUMNS": "160", "TERM": "xterm"}
        self._process = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, stdin=side, stdout=side, stderr=side, env=environment,
            start_new_session=True,
        )  # fmt: skip
        os.close(side)
        self._main = main
        self.text = ""

    def wait_for(self, pattern: str, timeout_s: float = 300.0) -> None:
        end = time.monotonic() + timeout_s
        while not re.search(pattern, self.text):
            assert time.monotonic() < end, self.text
            assert self._read(), f"it ended:\n{self.text}"

    def interrupt(self) -> None:
        """Ctrl-C, which a terminal sends to a command and its workers alike."""
        os.killpg(self._process.pid, signal.SIGINT)

    def end(self) -> int:
        """Its exit status."""
        while self._read():
            pass
        os.close(self._main)
        return self._process.wait(30)

    def _read(self) -> bool:
        try:
            chunk = os.read(self._main, 65536).decode(errors="replace")
        except OSError:  # the other side is closed
            return False
        self.text += chunk
        return bool(chunk)
