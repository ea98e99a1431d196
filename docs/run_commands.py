"""Runs the commands of README.md and docs/ and compares what they print: python docs/run_commands.py [README.md ...]

Takes some minutes, so that it is run by hand. A command is a line of an indented block that begins with `$`, or with
`python launch.py` or `python -m launcher`; what follows a `$` line in its block is what it prints. Every line of it has
to be printed again, numbers included; durations, dates, identifiers and frames are not compared. Commands with
placeholders, servers and what needs other programs are named as left out. Exit status 1: something failed or printed
something else.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[1]
WIDTHS = (80, 120, 160)
WIDTH = re.compile(r"left out at (\d+) columns")
COMMAND = re.compile(r"(?:python launch\.py|python -m launcher)\b")
PROGRAMS = r"engine=timeloop|estimator=(?:accelergy|hwcomponents)|model=(?:onnx|torch)"
LEFT_OUT = {
    r"\b[A-Z]{2,}[_A-Z]*(?:\.[A-Za-z]+)?(?=[\s'\"=.]|$)(?<!KTQ)(?<!KQV)(?<!FF1)(?<!ERT)": "a placeholder",
    r"20\d\d-\d\d-\d\d": "a folder of another run",
    r"mlflow ui|://": "a server",
    r"slurm|hydra/launcher=ray": "a cluster",
    r"transformer_\w+/|\barch/base\.yaml|\btop\.yaml": "files of others",
    PROGRAMS: "other programs",
    r"\.\.\.": "not a whole command",
}
LAYERS = ("MAC", "KTQ", "KQV", "FF1", "FF2", "LPDDR4", "DDR3", "HBM2", "SIGKILL")
DURATION = re.compile(r"\d[\d.,]*\s?(?:ms|s|min|h)\b")
PASSING = re.compile(
    r"20\d\d-\d\d-\d\d[/\d-]*(?: \d\d:\d\d)?|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|[─━│┃┌┐└┘├┤┏┓┗┛┡┩╇┳╋┬┴┼]+"
)


@dataclass(frozen=True)
class Command:
    """A command, where it stands, and what is said to come out; None where nothing is."""

    place: str
    text: str
    printed: tuple[str, ...] | None


def commands_of(document: Path) -> Iterator[Command]:
    """The commands of a document in their order."""
    lines = document.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("    "):
            continue
        place, text, end = f"{document.name}:{number + 1}", line.strip(), number + 1
        while text.endswith("\\"):
            text, end = f"{text[:-1].strip()} {lines[end].strip()}", end + 1
        if text.startswith("$ "):
            yield Command(place, text[2:], tuple(_following(lines[end:])))
        elif COMMAND.match(text):
            yield Command(place, re.sub(r"\s{2,}#.*| # .*", "", text), None)


def _following(lines: list[str]) -> Iterator[str]:
    """The rest of an indented block, up to its next command."""
    for line in lines:
        text = line.strip()
        if (text and not line.startswith("    ")) or text.startswith("$ ") or COMMAND.match(text):
            return
        yield text


def why_not(command: Command) -> str | None:
    """Why a command is left out; None where it can be run."""
    text = command.text
    if not COMMAND.search(text):
        return "not one of this project's"
    for name in LAYERS:
        text = text.replace(name, name.lower())
    text = re.sub(r"\b[A-Z]=|\b[A-Z]\b|(?:MB|GB|KB)\d?", "", text)
    if any("verified by timeloop" in line for line in command.printed or ()):
        return LEFT_OUT[PROGRAMS]
    return next((why for pattern, why in LEFT_OUT.items() if re.search(pattern, text)), None)


def normal(line: str, *, durations: bool) -> str:
    """A line without what differs from run to run, or from width to width."""
    line = PASSING.sub(" ", line)
    if durations:  # a search may come from the cache, which is said in its place
        line = re.sub(r"\bsearch(?:ing)?\b.*?(?=\bengine\b|$)", "search ", DURATION.sub("T", line))
    return " ".join(line.split())


def prepare(folder: Path) -> None:
    """The files that commands of the documents speak of."""
    blocks = _blocks("architectures.md", "## An architecture of your own")
    architecture, problem, _, chain, *_ = _blocks("coming-from.md", "## Specifications of AccelForge")
    designs = re.search(r"\n    \{\n(?:    .*\n)+?    \}\n", (ROOT / "docs/exploration.md").read_text(encoding="utf-8"))
    files = {
        "my_conf/arch/mine.yaml": blocks[0],
        "my_conf/arch_templates/mine.yaml.j2": blocks[1],
        "copied/arch/mine.yaml": "name: mine\ntemplate: mine.yaml.j2\nrows: 8\n",
        "copied/arch_templates/mine.yaml.j2": (ROOT / "arch_templates/gemmini.yaml.j2").read_text(encoding="utf-8"),
        "arch.yaml": architecture,
        "problem.yaml": problem,
        "chain.yaml": chain,
        "constraints.yaml": "constraints: {targets: [{target: Buffer, type: temporal, permutation: [M, N, K]}]}",
        "designs.json": dedent(designs[0]) if designs else "[]",
        "unknown.json": '[{"bufer_kib": 256}]',
        "config.json": (ROOT / "tests/model_configs/Llama-3.2-1B.json").read_text(encoding="utf-8"),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _blocks(page: str, heading: str) -> list[str]:
    """The indented blocks below a heading of a page."""
    below = (ROOT / "docs" / page).read_text(encoding="utf-8").split(heading)[1]
    return [dedent(block) for block in re.findall(r"\n\n((?:(?:    .*|)\n)+)(?=\n?\S)", below)]


def run(command: Command, folder: Path, timeout_s: float, width: int) -> tuple[int, str]:
    """Exit status and everything that was printed."""
    python = shlex.quote(sys.executable)
    text = command.text.replace("python launch.py", f"{python} {shlex.quote(str(ROOT / 'launch.py'))}")
    text = text.replace("python -m launcher", f"{python} -m launcher")
    variables = {**os.environ, "COLUMNS": str(width), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(  # noqa: S603 - the documents are this project's
        ["bash", "-c", text],  # noqa: S607
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output = "".join(process.communicate(timeout=timeout_s))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # what it started as well
            return 124, f"took more than {timeout_s:g} s"
    return process.returncode, output.replace(f"{folder}/", "")


def differences(command: Command, output: str) -> list[str]:
    """What is said to come out and did not; where a sentence is wrapped does not matter.

    What a page leaves out it says with ``...``: a line of its own, or at the end of one.
    """
    parts: list[list[str]] = [[]]
    for line in command.printed or ():
        parts[-1].append(line.removesuffix("..."))
        if line.endswith("..."):
            parts.append([])
    wrong: list[str] = []
    for part in parts:
        if not _stands_in(part, output):
            missing = [line for line in part if not _stands_in([line], output)]
            wrong += missing or [f"one after the other: {' / '.join(part)}"]
    return wrong


def _stands_in(lines: list[str], output: str) -> bool:
    return any(
        " ".join(" ".join(normal(line, durations=masked) for line in lines).split())
        in " ".join(" ".join(normal(line, durations=masked) for line in output.splitlines()).split())
        for masked in (False, True)
    )


def widths_of(command: Command) -> tuple[int, ...]:
    """The widths to try: the one that the page says, else some; one where nothing is said to come out."""
    said = WIDTH.search("\n".join(command.printed or ()))
    if said:
        return (int(said[1]),)
    return WIDTHS if command.printed else WIDTHS[:1]


def verdict(command: Command, folder: Path, timeout_s: float) -> str:
    """``same``, ``ran`` where nothing is said of what comes out, or what is wrong."""
    best: list[str] | None = None
    for width in widths_of(command):
        status, output = run(command, folder, timeout_s, width)
        fails = any(line.startswith("error:") for line in command.printed or ())
        if status and not fails:
            return f"FAILED with {status}: {' / '.join(output.strip().splitlines()[-3:])}"
        if not command.printed:
            return "ran"
        missing = differences(command, output)
        best = missing if best is None or len(missing) < len(best) else best
        if not missing:
            return "same"
    return "DIFFERS, not printed: " + "; ".join(best or [])[:600]


def main() -> int:
    """Run them, a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="*", type=Path, help="default: README.md and docs/*.md")
    parser.add_argument("--only", default="", metavar="TEXT", help="commands that hold this text")
    parser.add_argument("--timeout", type=float, default=600, metavar="S", help="of each command")
    parser.add_argument("--list", action="store_true", help="say what would be run")
    arguments = parser.parse_args()
    documents = arguments.documents or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="commands-") as scratch:
        for document in documents:
            folder = Path(scratch, document.stem)
            prepare(folder)
            for command in commands_of(document):
                if arguments.only not in command.text:
                    continue
                started, left_out = time.monotonic(), why_not(command)
                said = f"left out: {left_out}" if left_out else "to run"
                if not left_out and not arguments.list:
                    said = verdict(command, folder, arguments.timeout)
                seconds = time.monotonic() - started
                print(f"{command.place}  {command.text}\n    {said} ({seconds:.1f} s)", flush=True)
                first = said.split(":")[0].split(",")[0].split(" with")[0]
                counts[first] = counts.get(first, 0) + 1
    print(", ".join(f"{number} {said}" for said, number in counts.items()))
    return 1 if {"FAILED", "DIFFERS"} & counts.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
