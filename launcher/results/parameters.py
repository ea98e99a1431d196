"""Parameters of trials: which differ, and how people write their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from launcher.results.result import Result

ABSENT = "-"
"""Stands for a figure or value that does not exist."""


_EFFORT = ("mapper.threads", "mapper.timeout_s")


def varying_parameters(results: Sequence[Result]) -> list[str]:
    """Parameters that do not have the same value in all trials, in the order in which they first appear."""
    names = list(dict.fromkeys(name for result in results for name in result.parameters))
    return [name for name in names if len({repr(result.parameters.get(name)) for result in results}) > 1]


def swept_parameters(results: Sequence[Result]) -> list[str]:
    """Keys whose values differ on purpose: not those that merely follow another choice, nor settings of effort.

    A trial that could not be composed knows only what was overridden; what it does not know makes no difference.
    """
    varying = [
        name for name in varying_parameters(results) if name not in _EFFORT and len(known_values(results, name)) > 1
    ]
    return [name for name in varying if not _follows(name, varying, results)]


def known_values(results: Sequence[Result], name: str) -> list[str]:
    """The values of a parameter in the trials that know it, each once."""
    return list(dict.fromkeys(plain(one.parameters[name]) for one in results if name in one.parameters))


def _follows(name: str, varying: Sequence[str], results: Sequence[Result]) -> bool:
    """Whether ``arch.rows`` differs only because ``arch`` does."""
    group = name.partition(".")[0]
    if group == name or group not in varying:
        return False
    chosen: dict[str, set[str]] = {}
    for result in results:
        if name in result.parameters:
            chosen.setdefault(plain(result.parameters.get(group)), set()).add(plain(result.parameters[name]))
    return all(len(values) == 1 for values in chosen.values())


def point_name(values: Mapping[str, object], swept: Sequence[str]) -> str:
    """What sets a trial of a sweep apart: ``KTQ rows=16 scratchpad_kib=512``; empty when nothing is swept.

    Args:
        values: parameters of the trial.
        swept: what differs between the trials; of groups such as ``layer`` the choice alone is said.
    """
    known = [name for name in swept if name in values]
    return " ".join(
        f"{name.rpartition('.')[2]}={plain(values[name])}" if "." in name else plain(values[name]) for name in known
    )


def plain(value: object) -> str:
    """A parameter's value as people write it: no needless decimals, lists with commas."""
    if isinstance(value, list | tuple):
        return ",".join(plain(item) for item in value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return ABSENT if value is None else str(value)
