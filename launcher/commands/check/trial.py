"""Checking a finished trial from its files alone: nothing is searched, and no code that searches is read."""

from __future__ import annotations

from pathlib import Path

from launcher.commands.check.bounds import check_proof
from launcher.commands.check.files import check_files
from launcher.commands.check.groups import check_groups
from launcher.commands.check.nests import check_nests, check_sums
from launcher.errors import LauncherError
from launcher.reading.sound import apart
from launcher.results.layers import layer_runs
from launcher.results.result import Result


def check(result: Result, folder: Path) -> list[str]:
    """What is wrong with a result and its files, one sentence each; nothing when all is right."""
    try:
        return check_files(result, folder) + check_result(result)
    except LauncherError:
        raise
    except Exception as error:  # whatever values that do not go together lead to
        return [apart(error)]


def check_result(result: Result) -> list[str]:
    """What is wrong with what a result says."""
    if not result.ok:
        return []
    # Groups and proofs speak of the layers, so those must be sound.
    return check_nests(result) or [*check_sums(result), *check_groups(result), *check_proof(result)]


def summary_of(result: Result) -> str:
    """What was checked of a result that is all right."""
    if not result.ok:
        return f"all right; {result.status}: {result.reason}"
    mappings = len(layer_runs(result))
    parts = [f"{mappings} mapping{'s' if mappings > 1 else ''} evaluated"]
    if result.groups:
        parts.append(f"{sum(group.is_fused for group in result.groups)} fused groups")
    if result.proof is not None:
        classes = sum(len(group.classes) for line in result.proof.lines for c in line.chains for group in c.groups)
        parts.append(f"a proof of {len(result.proof.lines)} lines over {classes:,} bounds added up")
    return "all right; " + ", ".join(parts)
