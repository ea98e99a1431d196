"""What a command line names: Timeloop files that belong together, folders that a run wrote, a JSON file to write."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from launcher.commands.old_folders import inputs_of, is_old_folder
from launcher.commands.output import write_file
from launcher.errors import SpecificationError
from launcher.results.files import CONSTRAINTS_YAML, SPECIFICATION_YAML
from launcher.timeloop_files.dense import dense_part
from launcher.timeloop_files.io import Document
from launcher.timeloop_files.load import resolve_scalar

_LONGEST_TITLE = 60
_STATS = ".stats.txt"
_INPUTS = ("parsed-processed-input.yaml", SPECIFICATION_YAML)


@dataclass(frozen=True)
class Input:
    """Files that make up one specification and its mappings.

    Attributes:
        name: for headings: the folder, or the files.
        documents: all of them, parsed once.
        stats: the report of the Timeloop run that wrote the folder, if there is one.
        map_text: the mapping as that run printed it for people, where it wrote no other.
    """

    name: str
    documents: tuple[Document, ...]
    stats: Path | None = None
    map_text: Path | None = None

    @property
    def title(self) -> str:
        """The name without the folders where it is long, so that what is said of it can be seen."""
        if len(self.name) <= _LONGEST_TITLE:
            return self.name
        names = [Path(name).name for name in self.name.split(", ")]
        return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def add_experiment_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what composes an experiment, as ``launch.py`` does."""
    parser.add_argument("overrides", nargs="*", metavar="OVERRIDE", help="what stands behind python launch.py")
    parser.add_argument(
        "--config-dir", type=Path, metavar="FOLDER", help="a folder with groups and templates of your own"
    )


def add_dense_argument(parser: argparse.ArgumentParser) -> None:
    """Declare the option that takes the dense part of a sparse input."""
    parser.add_argument(
        "--dense", action="store_true", help="drop densities and sparse optimizations: the dense part alone"
    )


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--data``, which fills in templates."""
    what = "a variable of the files' Jinja2 templates; may be given several times"
    parser.add_argument("--data", action="append", default=[], type=_named_value, metavar="NAME=VALUE", help=what)


def _named_value(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not (equals and name.isidentifier()):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, resolve_scalar(value)


def read_inputs(
    paths: Sequence[Path], *, mapspace: bool = False, data: Sequence[tuple[str, object]] = (), dense: bool = False
) -> list[Input]:
    """Files that are named together form one input; every folder is one (or one for each report in it).

    Args:
        paths: files and folders.
        mapspace: whether to take the constraints, too, from a folder in which a trial left them beside its
            specification.
        data: variables of the files' templates.
        dense: whether to drop what is about sparse data.

    Raises:
        SpecificationError: a file is missing or is not YAML; a folder holds no Timeloop input.
    """
    files = [path for path in paths if not path.is_dir()]
    folders = [path for path in paths if path.is_dir()]
    documents = tuple(Document.from_file(path, dict(data)) for path in files)
    inputs: list[Input] = []
    # Files beside folders that lack their input are that input.
    if files and not any(_input_file(folder) is None and is_old_folder(folder) for folder in folders):
        inputs.append(Input(", ".join(str(path) for path in files), documents))
    for folder in folders:
        if _input_file(folder) is None and is_old_folder(folder):
            inputs += _runs(folder, inputs_of(folder, documents, dict(data)))
        else:
            inputs += _folder(folder, mapspace=mapspace)
    if dense:
        return [replace(one, documents=tuple(map(dense_part, one.documents)), stats=None) for one in inputs]
    return inputs


def seconds(text: str) -> float:
    """A time limit on a command line."""
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("a number of seconds above 0")
    return value


def positive(text: str) -> float:
    """A finite number above 0 on a command line."""
    value = float(text)
    if not 0 < value < inf:
        raise argparse.ArgumentTypeError("a number above 0")
    return value


def write_json(path: Path, content: object) -> None:
    """Write plain values to ``path`` as JSON.

    Raises:
        LauncherError: the file cannot be written.
    """
    write_file(path, json.dumps(content, indent=1) + "\n")


def _input_file(folder: Path) -> Path | None:
    return next((folder / name for name in _INPUTS if (folder / name).is_file()), None)


def _folder(folder: Path, *, mapspace: bool) -> list[Input]:
    specification = _input_file(folder)
    if specification is None:
        raise SpecificationError(
            "the folder holds no Timeloop input",
            where=str(folder),
            expected=" or ".join(_INPUTS) + ", with *.ERT.yaml, *.ART.yaml, *.map.yaml and *.stats.txt beside it",
            hint="name the files themselves",
        )
    document = Document.from_file(specification)
    constraints = folder / CONSTRAINTS_YAML
    # What Timeloop parsed has its constraints in it.
    apart = mapspace and specification.name == SPECIFICATION_YAML and constraints.is_file()
    return _runs(folder, (document, *([Document.from_file(constraints)] if apart else [])))


def _runs(folder: Path, documents: tuple[Document, ...]) -> list[Input]:
    """One input for each report in a folder, or for the folder without any."""
    reports = sorted(folder.glob(f"*{_STATS}"))
    if not reports:
        return [Input(str(folder), (*documents, *_beside(folder, documents, "*")))]
    inputs = []
    for report in reports:
        prefix = report.name.removesuffix(_STATS)
        name = str(folder) if len(reports) == 1 else str(report)
        beside = _beside(folder, documents, prefix)
        printed = folder / f"{prefix}.map.txt"
        mapped = any(key in one.root for one in (*documents, *beside) for key in ("mapping", "mappings"))
        inputs.append(Input(name, (*documents, *beside), report, None if mapped else printed))
    return inputs


def _beside(folder: Path, documents: Sequence[Document], prefix: str) -> list[Document]:
    """The tables and the mapping of a run, unless its input holds them already."""
    found = []
    for key, patterns in (
        ("ERT", (f"{prefix}.ERT.yaml", "ERT.yaml")),
        ("ART", (f"{prefix}.ART.yaml", "ART.yaml")),
        ("mapping", (f"{prefix}.map.yaml", "mapping.yaml")),
    ):
        if any(document.root.get(key) for document in documents):
            continue
        matches = next((paths for pattern in patterns if (paths := sorted(folder.glob(pattern)))), [])
        if len(matches) > 1:
            raise SpecificationError(
                f"the folder holds {len(matches)} files '{patterns[0]}'", where=str(folder), hint="name the files"
            )
        found += [Document.from_file(path) for path in matches]
    return found
