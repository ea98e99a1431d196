"""One thing that was looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "missing", "broken"]


@dataclass(frozen=True)
class Finding:
    """What was found of one thing, and what to do about it.

    Attributes:
        name: of the thing.
        status: ``broken`` is there but cannot be used.
        found: version and place, or what is wrong.
        without: one line on what works without it.
        install: the command that would install or mend it; empty where there is nothing to do.
        required: nothing works without it.
    """

    name: str
    status: Status
    found: str
    without: str
    install: str = ""
    required: bool = False

    @property
    def is_fatal(self) -> bool:
        return self.required and self.status != "ok"
