"""A result as one JSON object, and back."""

from __future__ import annotations

from typing import Any

from launcher.errors import LauncherError
from launcher.figures import DETAILS
from launcher.results.codec import decode, encode
from launcher.results.result import Result

FORMAT = 1
"""Version of the layout of result.json."""


def result_to_dict(result: Result) -> dict[str, Any]:
    """A result as JSON values: the headline figures first, everything else below.

    The headline (the figures of :data:`launcher.figures.DETAILS` and ``area_by_component_um2``; null when there is no
    mapping) repeats what the parts below say, for people and for
    ``jq``. The parts are the result's own fields, as :func:`launcher.results.codec.encode` writes them: fields that
    hold their default are left out.

    Left out altogether: nothing. ``specification`` holds the architecture, the problem, the constraints and the
    energy and area tables.
    """
    parts = encode(result)
    head = {name: parts.pop(name, None) for name in ("name", "status", "reason")}
    tail = {name: parts.pop(name) for name in ("evaluation", "mapping", "specification") if name in parts}
    return {"format": FORMAT, **head, **_headline(result), **parts, **tail}


def result_from_dict(content: Any) -> Result:
    """The result that :func:`result_to_dict` wrote; ``result_from_dict(result_to_dict(r)) == r``.

    Exceptions to equality: in parameters and attributes, which may hold anything, tuples come back as lists and
    infinite numbers as strings.

    Raises:
        LauncherError: the content was not written by this version of the launcher.
    """
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise LauncherError(
            f"unknown format {found!r} of a recorded result",
            expected=f"format: {FORMAT}",
            hint="run the trial again with this version of the launcher",
        )
    names = Result.__dataclass_fields__.keys() & content.keys()
    try:
        result: Result = decode(Result, {name: content[name] for name in names})
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise LauncherError(f"a recorded result is damaged: {error}", expected="what result.json holds") from error
    return result


def _headline(result: Result) -> dict[str, Any]:
    figures = {figure.key: figure.exact(result) for figure in DETAILS}
    return {**figures, "area_by_component_um2": result.area_by_component_um2}
