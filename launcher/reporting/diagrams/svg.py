"""What all diagrams share: templates, themes, sizes of text."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from launcher.reporting.diagrams.palette import class_rules, css
from launcher.reporting.numbers import count, energy, percent, short_count

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_CHARACTER_WIDTH = 0.56  # of the font's size: an average over letters and digits of common sans-serif fonts


def draw(template: str, *, standalone: bool, **content: object) -> str:
    """Fill a template in ``templates/``.

    Args:
        template: its file name.
        standalone: whether the diagram is a file of its own, which brings its colours along; inside a page, the page
            sets them.
        content: what the template asks for.
    """
    picture = _template(template).render(**content)
    return as_file(picture) if standalone else picture


def as_file(picture: str) -> str:
    """A diagram for a page as a file of its own."""
    # Viewers show a file without a size in no place at all; in a page the place decides.
    sized = _VIEW_BOX.sub(r'\g<0> width="\1" height="\2"', picture, count=1)
    return sized.replace("<title>", f"{_style()}<title>", 1)


def text_width(text: str, size: float) -> float:
    """About how wide ``text`` is, in the units of ``size``."""
    return len(text) * size * _CHARACTER_WIDTH


@cache
def _style() -> str:
    base = css("svg", dark=False) + f"@media(prefers-color-scheme:dark){{{css('svg', dark=True)}}}"
    # Whatever shows the file may be light where the system is dark, so it brings its own paper.
    return f"<style>{base}svg{{background:var(--paper)}}{class_rules()}</style>"


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"energy": energy, "count": count, "short": short_count, "percent": percent}
    return environment.get_template(name)
