"""Types and ranges of what finds mappings: ``mapper``, ``mapspace`` and ``engine``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar

from omegaconf import MISSING

from launcher.config.checked import Checked, between
from launcher.specification.constraints import Factors

_NATIVE = ("objective", "timeout_s", "threads")


class Algorithm(StrEnum):
    """Search algorithms of ``timeloop-mapper``."""

    exhaustive = "exhaustive"
    hybrid = "hybrid"
    linear_pruned = "linear_pruned"
    random = "random"
    random_pruned = "random_pruned"


def _whole(least: int) -> Any:
    """An optional whole number; None is Timeloop's own default."""
    return field(default=None, metadata={"least": least, "most": 2**31 - 1})


@dataclass
class Mapper(Checked):
    """How to search. Everything below ``threads`` belongs to Timeloop's search; None is Timeloop's own default."""

    group: ClassVar[str] = "mapper"

    objective: Any = MISSING
    timeout_s: float | None = field(default=None, metadata={"least": 1e-3, "most": 1e9})
    threads: int = between(1, 1024)

    algorithm: Algorithm | None = None
    num_threads: int | None = field(default=None, metadata={"least": 1, "most": 1024})
    victory_condition: int | None = _whole(0)
    timeout: int | None = _whole(1)
    search_size: int | None = _whole(0)
    sync_interval: int | None = _whole(0)
    optimization_metrics: list[str] | None = None
    max_permutations_per_if_visit: int | None = _whole(1)
    live_status: bool | None = None
    diagnostics: bool | None = None
    filter_revisits: bool | None = None
    log_stats: bool | None = None
    log_suboptimal: bool | None = None
    max_temporal_loops_in_a_mapping: int | None = _whole(1)
    penalize_consecutive_bypass_fails: bool | None = None

    @property
    def timeloop_settings(self) -> dict[str, object]:
        """What is set for Timeloop's search, in its own words."""
        names = [item.name for item in fields(self) if item.name not in _NATIVE]
        values = {name: getattr(self, name) for name in names}
        return {
            name: str(value) if isinstance(value, StrEnum) else value
            for name, value in values.items()
            if value is not None
        }


class Template(StrEnum):
    """Timeloop's mapspaces: with perfect factors, or with imperfect ones on fan-outs as well."""

    uber = "uber"
    ruby = "ruby"


@dataclass
class Mapspace(Checked):
    """Which mappings there are.

    ``template`` is Timeloop's word for it: ``ruby`` is ``factors=spatial`` where ``factors`` is left at ``perfect``.
    ``remainders`` bounds the last iteration of imperfect factors in Timeloop's search; None is the fan-out, 0 leaves
    them out.
    """

    group: ClassVar[str] = "mapspace"

    factors: Factors = Factors.perfect
    template: Template = Template.uber
    remainders: int | None = _whole(0)

    @property
    def asked(self) -> Factors:
        """Which loops may be imperfect, whichever key says it."""
        if self.remainders == 0:
            return Factors.perfect
        by_template = self.template is Template.ruby and self.factors is Factors.perfect
        return Factors.spatial if by_template else self.factors


class EngineMode(StrEnum):
    """Whether the engine looks for the best mapping, or evaluates a given one."""

    search = "search"
    evaluate = "evaluate"


class FrontEnd(StrEnum):
    """How Timeloop is started."""

    timeloopfe = "timeloopfe"
    direct = "direct"


class Runtime(StrEnum):
    """What runs containers."""

    docker = "docker"
    podman = "podman"


@dataclass
class EngineChoice(Checked):
    """Who evaluates and searches, and where Timeloop is: for ``engine=timeloop``, and to verify the native engine."""

    group: ClassVar[str] = "engine"

    name: str = MISSING
    mode: EngineMode = EngineMode.search
    bin_dir: str | None = None
    frontend: FrontEnd | None = None
    container: Runtime | None = None
    image: str | None = None
    live: bool = False
    timeout_s: float | None = field(default=None, metadata={"least": 1e-3, "most": 1e9})
