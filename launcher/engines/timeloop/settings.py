"""How Timeloop's programs are to be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FRONT_ENDS = ("timeloopfe", "direct")
CONTAINERS = ("docker", "podman")


@dataclass(frozen=True)
class TimeloopSettings:
    """Where and how Timeloop runs.

    Attributes:
        bin_dir: folder of its programs; None looks on the PATH.
        frontend: ``timeloopfe`` goes through Timeloop's Python front end, ``direct`` starts the programs on what we
            write; None takes the front end where it is installed.
        container: ``docker`` or ``podman`` run the programs in ``image``; None runs them on this machine.
        image: of the container.
        live: show the mapper's own status screen.
        timeout_s: after this many seconds a run is killed; None means never.
        mapper: settings of its search in its own words, e.g. ``victory_condition`` -> 500.
        template: its mapspace: ``uber`` (perfect factors) or ``ruby`` (imperfect ones on fan-outs as well).
        remainders: largest last iteration of an imperfect factor; None means the fan-out, 0 no imperfect factors.
    """

    bin_dir: Path | None = None
    frontend: str | None = None
    container: str | None = None
    image: str | None = None
    live: bool = False
    timeout_s: float | None = None
    mapper: Mapping[str, object] = field(default_factory=dict)
    template: str = "uber"
    remainders: int | None = None
