"""One fingerprint of the code, for everything that must not outlive it: studies, cached results, compiled kernels."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IMPORT = re.compile(
    rf"^[ \t]*(?:from ({_PACKAGE.name}[\w.]*) import (\([^)]*\)|[^\n]*)|import ({_PACKAGE.name}[\w.]*))", re.MULTILINE
)


@cache
def fingerprint(*modules: str) -> str:
    """Sixteen characters that change with any source that ``modules`` use.

    Used is what they import, directly or through others, imports inside functions included. So no list of files has
    to be kept in step when code moves.

    Args:
        modules: dotted names, e.g. ``launcher.trial.run``.
    """
    digest = hashlib.sha256()
    for file in sorted(closure(modules)):
        digest.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def closure(modules: Iterable[str]) -> frozenset[Path]:
    """The files of this package that are loaded when ``modules`` and all that they import are."""
    found: set[Path] = set()
    left = [file for name in modules for file in _files(name)]
    while left:
        file = left.pop()
        if file not in found:
            found.add(file)
            left.extend(_imported(file))
    return frozenset(found)


@cache
def _imported(file: Path) -> tuple[Path, ...]:
    found = _IMPORT.findall(file.read_text(encoding="utf-8"))
    return tuple(one for base, members, plain in found for one in _files(base or plain, re.findall(r"\w+", members)))


def _files(name: str, members: Iterable[str] = ()) -> list[Path]:
    """The files that ``from name import members`` uses: of submodules their own, of other names that of ``name``."""
    path = _PACKAGE.joinpath(*name.split(".")[1:])
    submodules = [_module(path / member) for member in members]
    files = [file for file in submodules if file]
    own = _module(path) if len(files) < len(submodules) or not submodules else None
    return [*files, own] if own else files


def _module(path: Path) -> Path | None:
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((file for file in candidates if file.is_file()), None)
