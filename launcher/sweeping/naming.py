"""What sweeps are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser

from launcher.config.compose import ALL


def sweep_name(choices: Mapping[str, Any], swept: Sequence[str]) -> str:
    """What is the same for all trials, and what differs: ``gemmini KQV sweep: rows, scratchpad_kib``.

    Args:
        choices: of the groups.
        swept: keys and groups.
    """
    subject = "model" if choices["layer"] == ALL else "layer"
    common = [str(choices[group]) for group in ("arch", subject) if group not in swept]
    return f"{' '.join([*common, 'sweep'])}: {', '.join(name.rpartition('.')[2] for name in swept)}"


def swept_keys(arguments: Sequence[str]) -> list[str]:
    """The keys of a multirun's overrides that have several values; a list is one value."""
    overrides = OverridesParser.create().parse_overrides(list(arguments))
    several = [str(one.key_or_group) for one in overrides if one.is_sweep_override()]
    return [key for key in several if not key.startswith(("hydra", "tracking", "sweep"))]
