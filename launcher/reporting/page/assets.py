"""Templates, styles and the words that every page ends with."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from launcher.reporting.diagrams.palette import class_rules, css

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
