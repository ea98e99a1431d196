"""Ctrl-C: once asks to stop and to keep what is there, twice stops."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_asked = threading.Event()


def stop_asked() -> bool:
    """Whether Ctrl-C was pressed inside :func:`first_asks`."""
    return _asked.is_set()


@contextmanager
def first_asks(what_is_kept: str) -> Iterator[None]:
    """Inside, the first Ctrl-C only asks: :func:`stop_asked` is true from then on. The second one interrupts.

    Who works inside looks at :func:`stop_asked` where it can end in good order. Outside a process's main thread,
    where signals cannot be caught, nothing changes.

    Args:
        what_is_kept: said at the first Ctrl-C, e.g. ``keeping the best mapping so far``.
    """
    _asked.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: FrameType | None) -> None:
        if _asked.is_set():
            raise KeyboardInterrupt
        _asked.set()
        # Not print: the signal may have come in the middle of one.
        os.write(
            sys.__stderr__.fileno() if sys.__stderr__ else 2,
            f"\nstopping: {what_is_kept}; Ctrl-C again stops at once\n".encode(),
        )

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
