"""Text of others made fit to be shown and kept: no control characters for a terminal, no passwords of addresses."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]",
)
"""What moves a cursor, sounds a bell, hides text or turns its direction; and halves of characters."""

_PASSWORD = re.compile(r"(\\?://[^/\s:@\\]*\\?:)(?!\d{1,5}[/?])[^\s@]*@(?:[^\s/?@]*@)*")
"""In an address, whose colons Hydra may have escaped; a number before a slash is a port."""

_IN_A_QUERY = re.compile(
    r"((?:[?&;]|\\?&)(?:[\w.-]*(?:password|passwd|pwd|secret|token))\\?=)[^\s&;'\"]+", re.IGNORECASE
)
_LONGEST_ERROR = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(text: str) -> str:
    """``text`` on which no terminal acts: control characters, but for line breaks and tabs, as ``\\x1b``."""
    return _CONTROL.sub(_escape, text) if _CONTROL.search(text) else text


def is_plain_text(text: str) -> bool:
    """Whether :func:`plain` has nothing to do."""
    return _CONTROL.search(text) is None


def plain_line(text: str) -> str:
    """The same in one line."""
    return " ".join(plain(text).split())


def error_line(error: BaseException) -> str:
    """The kind and the words of an error that nobody wrote for people, in one line that is not too long."""
    return plain_line(f"{type(error).__name__} {error}")[:_LONGEST_ERROR]


def csv_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: what begins like one, and is no number, gets an apostrophe."""
    text = plain(text)
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def without_passwords(text: str) -> str:
    """``text`` with the passwords of addresses replaced by asterisks.

    Addresses are ``scheme://user:password@host`` and ``scheme://host?password=...``.
    """
    if "://" not in text.replace("\\", ""):
        return text
    return _IN_A_QUERY.sub(r"\1***", _PASSWORD.sub(r"\1***@", text))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV; texts among the cells as :func:`csv_cell` has them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([csv_cell(cell) if isinstance(cell, str) else cell for cell in row])
    return text.getvalue()
