"""Data inside a page: compressed, and safe within its markup."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence


def pack(value: object) -> str:
    """JSON, compressed (zlib) and in base64; a browser's ``DecompressionStream("deflate")`` reads it."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode("ascii")


def pack_in_blocks(values: Sequence[object], size: int) -> Iterable[str]:
    """Blocks of ``size`` values each, so that a page unpacks only what it shows."""
    return (pack(values[start : start + size]) for start in range(0, len(values), size))
