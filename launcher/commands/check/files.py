"""Whether the files in a trial's folder say what its result says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from launcher.errors import LauncherError
from launcher.reporting.artifacts import artifact_texts
from launcher.results.files import PROOF_JSON, RESULT_JSON, read_result
from launcher.results.result import Result
from launcher.results.result_json import proof_from_text, result_to_dict

_FOOTER = re.compile(r"<footer>[^<]*</footer>")
_DRAWN = (".html", ".svg")
"""Of what is drawn: it may look otherwise in another version, which no figure does."""


def read_all(folder: Path) -> Result:
    """The result in a folder, with its proof where it has one.

    Raises:
        LauncherError: there is no result, or one of its files cannot be read.
    """
    result = read_result(folder)
    file = folder / PROOF_JSON
    if not file.is_file():
        return result
    try:
        return replace(result, proof=proof_from_text(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise LauncherError(f"cannot read a proof: {error}", where=str(file)) from error


def check_files(result: Result, folder: Path) -> list[str]:
    """Files that are missing, or that are not what the result makes them."""
    problems = []
    content = json.loads((folder / RESULT_JSON).read_text(encoding="utf-8"))
    expected = json.loads(json.dumps(result_to_dict(result)))
    if content != expected:
        keys = [key for key in {**content, **expected} if content.get(key) != expected.get(key)]
        problems.append(f"{RESULT_JSON} was changed: {', '.join(keys)} do not go with the rest")
    for name, text in artifact_texts(result).items():
        if name == RESULT_JSON:
            continue
        try:
            found = (folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            problems.append(f"{name} is missing")
            continue
        if not _same(found, text, data=name.endswith(RESULT_JSON)):
            unless = ", unless another version of the launcher made it" if name.endswith(_DRAWN) else ""
            problems.append(f"{name} is not what {RESULT_JSON} makes it{unless}")
    return problems


def _same(found: str, expected: str, *, data: bool) -> bool:
    """Whether a file says what it should; when a page was made does not matter."""
    if not data:
        return _FOOTER.sub("", found) == _FOOTER.sub("", expected)
    try:
        return bool(json.loads(found) == json.loads(expected))
    except ValueError:
        return False
