"""Documents as CSV and JSON for programs, as Markdown and LaTeX for papers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

from launcher.plain_text import csv_text, plain, plain_line
from launcher.reporting.sheets import Column, ReportDocument, Sheet, exact

_MARKDOWN = re.compile(r"([\\`*_|<>\[\]#])")
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_LATEX_UNITS = {"uJ": r"\textmu{}J", "J*cycles": r"J$\cdot$cycles", "mm2": r"mm\textsuperscript{2}"}
_MARKDOWN_UNITS = {"J*cycles": "J·cycles", "mm2": "mm²", "uJ": "µJ"}


def as_csv(document: ReportDocument) -> str:
    """The document's first sheet: a row of keys, then exact values; lists with commas, empty where there is none."""
    sheet = document.sheets[0]
    rows = ((_csv_cell(value) for value in record.values()) for record in sheet.records())
    return csv_text([(column.key for column in sheet.columns), *rows])


def as_json(document: ReportDocument) -> str:
    """Everything, exact: ``title``, ``facts``, ``sentences``, a list of objects per sheet, listings and notes."""
    content: dict[str, object] = {"title": document.title, "facts": dict(document.facts)}
    content["sentences"] = document.sentences
    content |= {sheet.key: sheet.records() for sheet in document.sheets}
    content |= {"listings": dict(document.listings), "notes": document.notes, **document.data}
    return json.dumps(exact(content), indent=1, allow_nan=False) + "\n"


def as_markdown(document: ReportDocument) -> str:
    """Headings, paragraphs, tables with units, listings as code."""
    return "\n".join(_markdown(document)).rstrip() + "\n"


def as_latex(document: ReportDocument) -> str:
    """Tables for ``\\usepackage{booktabs}``, to be put into a document with ``\\input``; prose as comments."""
    return "\n".join(_latex(document)).rstrip() + "\n"


FORMATS: dict[str, Callable[[ReportDocument], str]] = {
    "csv": as_csv,
    "json": as_json,
    "markdown": as_markdown,
    "latex": as_latex,
}


def latex(text: str) -> str:
    """Text as LaTeX prints it."""
    return "".join(_LATEX.get(character, character) for character in plain_line(text))


def _csv_cell(value: object) -> str:
    if isinstance(value, list):
        return ",".join(_csv_cell(item) for item in value)
    if isinstance(value, float):
        return repr(value)
    return "" if value is None else str(value)


def _markdown(document: ReportDocument) -> Iterator[str]:
    yield f"## {_plain_markdown(document.title)}"
    yield ""
    for sentence in document.sentences:
        yield from (_plain_markdown(sentence), "")
    for sheet in _filled(document):
        yield from (f"**{_plain_markdown(sheet.title)}**", "")
        yield _line(_heading(column, _MARKDOWN_UNITS, _plain_markdown) for column in sheet.columns)
        yield _line("---" if column.is_text else "---:" for column in sheet.columns)
        for row in sheet.rows:
            yield _line(_plain_markdown(text) for text in _cells(sheet, row))
        yield ""
    for heading, text in document.listings:
        yield from (f"**{_plain_markdown(heading)}**", "", *(f"    {line}" for line in plain(text).splitlines()), "")
    for heading, text in document.facts:
        yield f"* {_plain_markdown(heading)}: {_plain_markdown(text)}"
    for note in document.notes:
        yield f"* note: {_plain_markdown(note)}"


def _latex(document: ReportDocument) -> Iterator[str]:
    yield r"% \usepackage{booktabs}"
    for line in (document.title, *document.sentences, *(f"{heading}: {text}" for heading, text in document.facts)):
        yield f"% {plain_line(line)}"
    for sheet in _filled(document):
        yield from ("", f"% {plain_line(sheet.title)}")
        yield rf"\begin{{tabular}}{{{''.join(map(_alignment, sheet.columns))}}}"
        yield r"\toprule"
        yield _row(_heading(column, _LATEX_UNITS, latex) for column in sheet.columns)
        yield r"\midrule"
        for row in sheet.rows:
            yield _row(
                _latex_cell(text, column) for text, column in zip(_cells(sheet, row), sheet.columns, strict=True)
            )
        yield from (r"\bottomrule", r"\end{tabular}")
    for heading, text in document.listings:
        yield from ("", f"% {plain_line(heading)}", r"\begin{verbatim}", *_verbatim(text), r"\end{verbatim}")
    for note in document.notes:
        yield f"% note: {plain_line(note)}"


def _verbatim(text: str) -> list[str]:
    """Lines of a listing, which nothing in them ends."""
    return [line.replace("\\end{", "\\end {") for line in plain(text).splitlines()]


def _filled(document: ReportDocument) -> list[Sheet]:
    return [sheet.for_people() for sheet in document.sheets if sheet.rows]


def _cells(sheet: Sheet, row: Sequence[object]) -> list[str]:
    return [column.shown(value) for column, value in zip(sheet.columns, row, strict=True)]


def _heading(column: Column, units: dict[str, str], escape: Callable[[str], str]) -> str:
    unit = units.get(column.unit, escape(column.unit))
    return f"{escape(column.heading)} [{unit}]" if unit else escape(column.heading)


def _alignment(column: Column) -> str:
    return r"p{0.4\linewidth}" if column.kind == "prose" else "l" if column.is_text else "r"


def _latex_cell(text: str, column: Column) -> str:
    if column.kind == "ratio":
        return latex(text.removesuffix("x")) + (r"$\times$" if text.endswith("x") else "")
    return latex(text).replace(" \\%", r"\,\%") if column.kind == "share" else latex(text)


def _plain_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", plain_line(text))


def _line(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(cells: Iterator[str]) -> str:
    return " & ".join(cells) + r" \\"
