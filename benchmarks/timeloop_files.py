"""How many architecture files of public repositories the launcher takes, and why not the others.

Usage: python benchmarks/timeloop_files.py FOLDER... [--markdown] [--list WORD] [--runs N]

Result folders (with a *.stats.txt) are evaluated, too, and compared with what Timeloop printed.

Each FOLDER is a checkout of one repository; nothing is fetched here. Every different YAML file that holds an
architecture is read with the files that belong to it (components, variables, constraints of its folder) and with a
problem that fits: its own, one of the folders around it, or one of two small ones. A file that is read is also given
energies, as ``evaluate`` does.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from hashlib import sha256
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from launcher.__main__ import main as main_of_launcher
from launcher.commands.energies import with_energies
from launcher.errors import LauncherError
from launcher.timeloop_files.dense import dense_part
from launcher.timeloop_files.io import Document, Source, read_specification

_ARCHITECTURE = re.compile(r"^(architecture|arch)\s*:", re.MULTILINE)
_PROBLEM = re.compile(r"^problem\s*:", re.MULTILINE)
_BESIDE = re.compile(r"^(components|compound_components|variables)\s*:", re.MULTILINE)
_SPARSE = re.compile(
    r"^\s*(- )?(sparse_optimizations|action-optimization|action_optimization)\s*:\s*[^\s\[]*\s*$", re.M
)
_PROBLEMS_TRIED = 6
_LARGEST = 2**20
_SHOWN_REASONS = 4
_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|\b\d+\b")

_SMALL_PROBLEMS = (
    """
problem:
  shape:
    name: conv
    dimensions: [C, M, R, S, N, P, Q]
    coefficients: [{name: Wstride, default: 1}, {name: Hstride, default: 1}, {name: Wdilation, default: 1}, \
{name: Hdilation, default: 1}]
    data_spaces:
    - {name: Weights, projection: [[[C]], [[M]], [[R]], [[S]]]}
    - {name: Inputs, projection: [[[N]], [[C]], [[R, Wdilation], [P, Wstride]], [[S, Hdilation], [Q, Hstride]]]}
    - {name: Outputs, projection: [[[N]], [[M]], [[Q]], [[P]]], read_write: True}
  instance: {C: 4, M: 4, R: 3, S: 3, N: 1, P: 8, Q: 8}
""",
    """
problem:
  shape:
    name: gemm
    dimensions: [M, N, K]
    data_spaces:
    - {name: A, projection: [[[M]], [[K]]]}
    - {name: B, projection: [[[N]], [[K]]]}
    - {name: Z, projection: [[[M]], [[N]]], read_write: True}
  instance: {M: 8, N: 16, K: 16}
""",
    """
problem:
  shape:
    name: layer_of_a_transformer
    dimensions: [E, D, R, S, N, L, Q, G]
    data_spaces:
    - {name: Weights, projection: [[[E]], [[D]], [[R]], [[S]], [[G]]]}
    - {name: Inputs, projection: [[[N]], [[E]], [[R], [L]], [[S], [Q]], [[G]]]}
    - {name: Outputs, projection: [[[N]], [[D]], [[Q]], [[L]], [[G]]], read_write: True}
  instance: {E: 16, D: 16, R: 1, S: 1, N: 1, L: 16, Q: 1, G: 1}
""",
)


@dataclass
class Repository:
    """What became of one repository's files.

    Attributes:
        name: of its folder.
        read, complete: files that get in, and those whose energies are all known.
        sparse, dense: refused as sparse, and those of them whose dense part gets in (--dense).
        lists: component lists without a hierarchy, among the refused.
        runs, compared: result folders, and those that were tried.
        agreeing, older: those whose printed figures are ours, and those whose are by an older Timeloop's rule.
        reasons: why the others do not get in.
        refused: the others, with their reasons.
    """

    name: str
    files: int = 0
    read: int = 0
    complete: int = 0
    sparse: int = 0
    dense: int = 0
    lists: int = 0
    runs: int = 0
    compared: int = 0
    agreeing: int = 0
    older: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[Path, str]] = field(default_factory=list)


def main() -> None:
    """Try the folders' files and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--markdown", action="store_true", help="print the table that docs/timeloop-files.md has")
    parser.add_argument("--runs", type=int, default=25, metavar="N", help="result folders tried per repository (25)")
    parser.add_argument("--list", metavar="WORD", help="also name the refused files whose reason has this word")
    arguments = parser.parse_args()
    found = []
    for folder in arguments.folders:
        found.append(tried(folder))
        _compare_runs(folder, found[-1], arguments.runs)
        if not arguments.markdown:
            _print(found[-1], arguments.list)
    if arguments.markdown:
        print(markdown(found))
    else:
        print(_totals(found))


@dataclass(frozen=True)
class Texts:
    """A repository's YAML files by what they hold, each by its folder.

    Attributes:
        architectures: file -> text of all files with an architecture.
        problems, beside: folder -> files with a problem; with components or variables, and nothing else.
    """

    architectures: dict[Path, str]
    problems: dict[Path, list[Path]]
    beside: dict[Path, list[Path]]


def tried(folder: Path) -> Repository:
    """Read every different architecture file below ``folder``."""
    texts = texts_in(folder)
    result = Repository(folder.name)
    seen: set[str] = set()
    for path, text in texts.architectures.items():
        digest = sha256(text.encode()).hexdigest()
        if digest not in seen:
            seen.add(digest)
            _try(path, text, texts, result)
    return result


def texts_in(folder: Path) -> Texts:
    """The YAML files below ``folder``."""
    texts = Texts({}, {}, {})
    for path in _yaml_files(folder):
        text = _text(path)
        if text is None:
            continue
        if _ARCHITECTURE.search(text):
            texts.architectures[path] = text
        elif _PROBLEM.search(text):
            texts.problems.setdefault(path.parent, []).append(path)
        elif _BESIDE.search(text):
            texts.beside.setdefault(path.parent, []).append(path)
    return texts


def _try(path: Path, text: str, texts: Texts, result: Repository) -> None:
    result.files += 1
    reasons: list[str] = []
    for sources in _inputs(path, text, texts):
        try:
            specification = with_energies(read_specification(sources, partial=True))
        except LauncherError as error:
            reasons.append(_kind(error))
            continue
        result.read += 1
        result.complete += not specification.assumed
        return
    # The first problem is the file's own or its neighbour's: what speaks against it says most.
    reason = next((one for one in reasons if "sparse" in one), reasons[0] if reasons else "nothing was tried")
    result.lists += "component list" in reason
    if "sparse" in reason:
        result.sparse += 1
        result.dense += any(_reads_dense(sources) for sources in _inputs(path, text, texts))
    result.reasons[reason] += 1
    result.refused.append((path, reason))


def _reads_dense(sources: list[Source]) -> bool:
    try:
        documents = [one if isinstance(one, Document) else Document.from_file(one) for one in sources]
        with_energies(read_specification(list(map(dense_part, documents)), partial=True))
    except LauncherError:
        return False
    return True


def _compare_runs(folder: Path, result: Repository, most: int) -> None:
    """Evaluate result folders spread over the repository, and count those in which every printed figure is ours."""
    runs = sorted({path.parent for path in folder.rglob("*.stats.txt")})
    result.runs = len(runs)
    chosen = runs[:: max(1, len(runs) // most)][:most] if most else []
    for run in chosen:
        result.compared += 1
        reports = _reports(run)
        agrees = bool(reports) and all(one["agrees"] for one in reports)
        result.agreeing += agrees
        result.older += bool(reports) and not agrees and all(_by_some_rule(one) for one in reports)


def _by_some_rule(report: dict[str, bool]) -> bool:
    return report["agrees"] or report["timeloop_before_2025"]


def _reports(run: Path) -> list[dict[str, bool]]:
    """What ``evaluate`` says of a folder's reports; empty where the folder cannot be read."""
    with TemporaryDirectory() as folder, redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        out = Path(folder) / "out.json"
        main_of_launcher(["evaluate", str(run), "--json", str(out)])
        found = json.loads(out.read_text()) if out.is_file() else []
    return [one["report"] for one in found if "report" in one]


def _inputs(path: Path, text: str, texts: Texts) -> Iterator[list[Source]]:
    """The file with what belongs to it, and one problem after the other."""
    if _PROBLEM.search(text):
        yield [path]
        return
    # Its own folder and those in it, the folders above, and those beside its own.
    near = [path.parent, *path.parent.iterdir(), *islice(path.parents, 1, 3), *path.parent.parent.iterdir()]
    own = (path.parent, path.parent / "components", path.parent.parent / "components")
    beside: list[Source] = [other for folder in own for other in texts.beside.get(folder, ())]
    problems = [other for folder in dict.fromkeys(near) for other in texts.problems.get(folder, ())]
    for problem in problems[:_PROBLEMS_TRIED]:
        yield [path, problem, *beside]
        if beside:
            yield [path, problem]
    for small in _SMALL_PROBLEMS:
        yield [path, Document.from_text(small, "a small problem"), *beside]
        if beside:
            yield [path, Document.from_text(small, "a small problem")]


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for ending in ("*.yaml", "*.yml") for path in folder.rglob(ending) if path.is_file())


def _text(path: Path) -> str | None:
    if path.stat().st_size > _LARGEST:
        return None
    return path.read_text(encoding="utf-8", errors="replace")


def _kind(error: LauncherError) -> str:
    """What the message says, without the names and figures of the one file."""
    return _NAMES.sub("…", str(error).splitlines()[0])[:110]


def _print(one: Repository, word: str | None) -> None:
    print(
        f"{one.name}: {one.read} of {one.files} get in, {one.complete} with all energies; "
        f"{one.sparse} sparse, {one.dense} of them by --dense; {one.lists} component lists"
    )
    if one.runs:
        print(
            f"  of {one.runs} result folders {one.compared} tried: {one.agreeing} agree, {one.older} by an older rule"
        )
    for reason, count in one.reasons.most_common():
        print(f"  {count:5}  {reason}")
    for path, reason in one.refused:
        if word is not None and word in reason:
            print(f"         {path}: {reason}")


def _totals(found: Sequence[Repository]) -> str:
    names = ("files", "read", "sparse", "dense", "lists")
    files, read, sparse, dense, lists = (sum(getattr(one, name) for one in found) for name in names)
    return f"all: {read} of {files} get in; {sparse} are sparse, {dense} of them by --dense; {lists} component lists"


def markdown(found: Sequence[Repository]) -> str:
    """The table of the documentation."""
    headings = (
        *("repository", "files", "get in", "no energy assumed", "sparse", "by `--dense`", "lists", "result folders"),
        "other reasons",
    )
    lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    for one in found:
        reasons = [
            f"{count} {reason}"
            for reason, count in one.reasons.most_common()
            if not any(word in reason for word in ("sparse", "component list"))
        ]
        shown = "; ".join(reasons[:_SHOWN_REASONS]).replace("|", "/")
        figures = (one.files, one.read, one.complete, one.sparse, one.dense, one.lists)
        runs = f"{one.agreeing + one.older} of {one.compared}" if one.compared else ""
        lines.append(f"| {one.name} | {' | '.join(map(str, figures))} | {runs} | {shown} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
