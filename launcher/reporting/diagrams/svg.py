"""What all diagrams share: templates, themes, sizes of text."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from launcher.reporting.diagrams.palette import class_rules, css
from launcher.reporting.numbers import count, percent, significant

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_DIGITS = 3
_UNITS = (("mJ", 1e10), ("uJ", 1e6), ("nJ", 1e3))  # 1e10: four digits of uJ read better than a fraction of mJ
_PJ = {"mJ": 1e9, "uJ": 1e6, "nJ": 1e3, "pJ": 1.0}
_CHARACTER_WIDTH = 0.56  # of the font's size: an average over letters and digits of common sans-serif fonts


def draw(template: str, *, standalone: bool, **content: object) -> str:
    """Fill a template in ``templates/``.

    Args:
        template: its file name.
        standalone: whether the diagram is a file of its own, which brings its colours along; inside a page, the page
            sets them.
        content: what the template asks for.
    """
    style = _style() if standalone else ""
    picture = _template(template).render(style=style, **content)
    # Viewers show a file without a size in no place at all; in a page the place decides.
    return _VIEW_BOX.sub(r'\g<0> width="\1" height="\2"', picture, count=1) if standalone else picture


def text_width(text: str, size: float) -> float:
    """About how wide ``text`` is, in the units of ``size``."""
    return len(text) * size * _CHARACTER_WIDTH


def energy(energy_pj: float, like: float | None = None) -> str:
    """An energy with its unit, three significant digits: ``119 uJ``; in the unit that suits ``like``, when given."""
    size = abs(energy_pj if like is None else like)
    unit = next((name for name, least in _UNITS if size >= least), "pJ")
    return f"{significant(energy_pj / _PJ[unit], _DIGITS)} {unit}"


def short_count(value: float) -> str:
    """A number of words or cycles in three significant digits: ``512``, ``12.3k``, ``3.65M``."""
    if abs(value) < 1e4:
        return count(value)
    for unit, scale in (("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)):
        if abs(value) < 999.5 * scale:
            return f"{significant(value / scale, _DIGITS)}{unit}"
    return significant(value, _DIGITS)


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
