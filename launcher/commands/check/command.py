"""Check a finished result from its files alone.

Every mapping is evaluated again by the model, every sum added up again, every file made again from what result.json
says; for networks that were mapped as a whole, the groups are checked against the rules of fused mapping, and the
proof's bounds are added up again. Nothing is searched, so it takes a moment. That the bounds of single classes are
right is the search's word; that nothing was changed since, and that the bounds prove what is said, is checked here.

exit status: 0 all right, 1 something is not, 2 wrong command line
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from launcher.commands.check.bounds import check_proof
from launcher.commands.check.files import check_files, read_all
from launcher.commands.check.groups import check_groups
from launcher.commands.check.nests import check_nests, check_sums
from launcher.errors import LauncherError
from launcher.results.layers import layer_runs
from launcher.results.result import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="the folder of a finished trial")


def run(arguments: argparse.Namespace) -> int:
    """Check and report.

    Returns:
        0, or 1 when something is wrong.
    """
    wrong = False
    for folder in arguments.folders:
        try:
            result = read_all(folder)
            problems = check(result, folder)
        except LauncherError as error:
            print(f"error: {error}", file=sys.stderr)
            wrong = True
            continue
        for problem in problems:
            print(f"wrong: {folder}: {problem}")
        wrong = wrong or bool(problems)
        if not problems and not arguments.quiet:
            print(f"{folder}: {_summary(result)}")
    return int(wrong)


def check(result: Result, folder: Path) -> list[str]:
    """What is wrong with a result and its files, one sentence each; nothing when all is right."""
    return check_files(result, folder) + check_result(result)


def check_result(result: Result) -> list[str]:
    """What is wrong with what a result says."""
    if not result.ok:
        return []
    # Groups and proofs speak of the layers, so those must be sound.
    return check_nests(result) or [*check_sums(result), *check_groups(result), *check_proof(result)]


def _summary(result: Result) -> str:
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
