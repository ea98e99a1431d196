"""Styles, scripts and templates of pages, and data packed for them."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from launcher.reporting.diagrams.palette import class_rules, css
from launcher.reporting.sheets import exact

TEMPLATES = Path(__file__).resolve().parent / "templates"


@cache
def environment() -> Environment:
    """Where pages' templates come from; everything they insert is escaped unless it is marked as markup."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def style() -> str:
    """Colours of both themes, which follow the system unless ``data-theme`` is set, and the layout. Paper is light."""
    light, dark = css(":root", dark=False), css(":root", dark=True)
    by_system = f"@media screen and (prefers-color-scheme:dark){{{dark}}}"
    chosen = css(":root[data-theme=light]", dark=False)
    screen = f"@media screen{{{css(':root[data-theme=dark]', dark=True)}}}"
    return light + by_system + chosen + screen + class_rules() + asset("report.css")


@cache
def asset(name: str) -> str:
    """A style or a script, as it stands in ``templates/``."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def made_at() -> str:
    """Now, as a footer says it."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def pack(value: object) -> str:
    """JSON, compressed (zlib) and in base64; a browser's ``DecompressionStream("deflate")`` reads it.

    Infinite and undefined numbers, which trials that were changed by hand may have, are null.
    """
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(exact(value), separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode("ascii")


def pack_in_blocks(values: Sequence[object], size: int) -> Iterable[str]:
    """Blocks of ``size`` values each, so that a page unpacks only what it shows."""
    return (pack(values[start : start + size]) for start in range(0, len(values), size))
