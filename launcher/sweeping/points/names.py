"""Names that mean the same part of every architecture, so that one file of configurations suits several."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from launcher.errors import ConfigurationError

SHARED_NAMES: dict[str, dict[str, str]] = {
    "pe_rows": dict.fromkeys(("gemmini", "eyeriss", "tpu", "pim", "dimc", "aimc"), "rows"),
    "pe_cols": dict.fromkeys(("gemmini", "eyeriss", "tpu", "pim", "dimc", "aimc"), "cols"),
    "buffer_kib": {
        **dict.fromkeys(("gemmini", "dimc", "aimc"), "scratchpad_kib"),
        **dict.fromkeys(("eyeriss", "pim"), "glb_kib"),
        "simba": "global_buffer_kib",
        "tpu": "unified_buffer_kib",
    },
    "buffer_bandwidth": {
        **dict.fromkeys(("gemmini", "dimc", "aimc"), "scratchpad_bandwidth"),
        **dict.fromkeys(("eyeriss", "pim"), "glb_bandwidth"),
        "simba": "global_buffer_bandwidth",
        "tpu": "unified_buffer_bandwidth",
    },
    "accumulator_kib": {
        **dict.fromkeys(("gemmini", "tpu"), "accumulator_kib"),
        "eyeriss": "psum_spad_kib",
        "simba": "accumulation_buffer_kib",
    },
    "accumulator_bandwidth": {
        **dict.fromkeys(("gemmini", "tpu"), "accumulator_bandwidth"),
        "eyeriss": "psum_spad_bandwidth",
        "simba": "accumulation_buffer_bandwidth",
    },
    "dataflow": {"gemmini": "dataflow"},
    "norm_registers": dict.fromkeys(("gemmini", "eyeriss", "simba", "tpu", "pim", "dimc", "aimc"), "norm_registers"),
}
"""Shared name -> architecture -> its parameter."""

_GROUPS = ("arch", "model", "layer", "mapper", "fusion", "estimator", "engine")


def own_name(name: str, arch: str, parameters: Collection[str], where: str) -> str:
    """The configuration's key that a name in an entry means.

    Args:
        name: a shared name, a parameter of the architecture (``rows``), a full key (``arch.rows``), or a group.
        arch: what the architecture is called.
        parameters: its parameters.
        where: file and entry, for the message.

    Raises:
        ConfigurationError: it means nothing, or nothing that this architecture has.
    """
    base = arch.partition("_")[0]
    if name in SHARED_NAMES:
        own = SHARED_NAMES[name].get(base)
        if own is None:
            raise ConfigurationError(
                f"{name}: {arch} has no such part",
                where=where,
                expected=f"names that {arch} knows: {', '.join(known_names(arch, parameters))}",
            )
        return f"arch.{own}"
    if name in parameters:
        return f"arch.{name}"
    group, dot, rest = name.partition(".")
    if group in _GROUPS and (not dot or group != "arch" or rest in parameters):
        return name
    candidates = [*known_names(arch, parameters), *(f"arch.{one}" for one in parameters), *_GROUPS]
    close = difflib.get_close_matches(name, candidates, 1)
    raise ConfigurationError(
        f"{name} is no name of a parameter",
        where=where,
        expected=f"one of {', '.join(known_names(arch, parameters))}, or a key such as model.sequence",
        hint=f"did you mean {close[0]}?" if close else None,
    )


def known_names(arch: str, parameters: Collection[str]) -> list[str]:
    """Shared names that an architecture understands, then its own."""
    shared = [name for name, archs in SHARED_NAMES.items() if arch.partition("_")[0] in archs]
    return [*shared, *(name for name in parameters if name not in shared)]
