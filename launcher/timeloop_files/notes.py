"""Remarks that reading leaves: keys without effect here, as in Timeloop. They become flags of what was read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_COLLECTED: ContextVar[dict[str, None] | None] = ContextVar("launcher_reading_notes", default=None)


def note(text: str) -> None:
    """Leave a remark, once; without a collector it is lost."""
    collected = _COLLECTED.get()
    if collected is not None:
        collected.setdefault(text)


@contextmanager
def collected_notes() -> Iterator[dict[str, None]]:
    """Collect what is remarked inside, in its order; an outer collector gets it as well."""
    outer, own = _COLLECTED.get(), dict[str, None]()
    token = _COLLECTED.set(own)
    try:
        yield own
    finally:
        _COLLECTED.reset(token)
        if outer is not None:
            outer.update(own)
