"""Timeloop's own status screen, shown in our terminal and kept in a file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from launcher.errors import EngineError


class Screen:
    """A pseudo-terminal whose content goes to ours.

    Raises:
        EngineError: our standard output is not a terminal.
    """

    def __init__(self) -> None:
        if not sys.stdout.isatty():
            raise EngineError(
                "engine.live=true shows Timeloop's status screen, and there is no terminal to show it on",
                where="engine.live",
                hint="engine.live=false; progress is shown all the same",
            )

    @contextmanager
    def shown(self, copy: BinaryIO) -> Iterator[int]:
        """The file descriptor for the program's output, which appears on our terminal and in ``copy``."""
        ours, theirs = pty.openpty()
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        pump = threading.Thread(target=self._pump, args=(ours, copy), daemon=True)
        pump.start()
        try:
            yield theirs
        finally:
            os.close(theirs)
            pump.join(timeout=1)
            os.close(ours)

    @staticmethod
    def _pump(source: int, copy: BinaryIO) -> None:
        with contextlib.suppress(OSError):  # Linux reports the end of a pseudo-terminal as an error
            while chunk := os.read(source, 65536):
                copy.write(chunk)
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
