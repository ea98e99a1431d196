"""Folders of Timeloop runs without their parsed input: which files beside them hold architecture and problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from launcher.errors import SpecificationError
from launcher.timeloop_files.io import Document

_OWN = (".ERT.yaml", ".ART.yaml", ".ERT_summary.yaml", ".ART_summary.yaml", ".flattened_architecture.yaml")
_NEEDED = {"problem": ("problem",), "architecture": ("architecture", "arch")}
_MOST_FILES = 200
_MOST_BYTES = 2 * 2**20


def is_old_folder(folder: Path) -> bool:
    """Whether a run left only what it printed for people."""
    return any(folder.glob("*.stats.txt")) and any(folder.glob("*.map.txt"))


def inputs_of(folder: Path, given: Sequence[Document], data: Mapping[str, object]) -> tuple[Document, ...]:
    """The documents of a run: those given, and what they lack from the files beside it.

    Looked for in the folder, in the one above, and in those beside it; the nearest folder that has it counts.

    Args:
        folder: of the run.
        given: files that were named with it.
        data: variables of templates.

    Raises:
        SpecificationError: architecture or problem are neither given nor beside it, or several files hold them.
    """
    found = list(given)
    for need, keys in _NEEDED.items():
        if any(key in one.root for one in found for key in keys):
            continue
        for places in _places(folder):
            beside = [one for one in _documents(places, data) if any(key in one.root for key in keys)]
            if len(beside) > 1:
                raise _missing(folder, need, f"several files hold it: {beside[0].source}, {beside[1].source}, ...")
            if beside:
                found += [one for one in beside if one not in found]
                break
        else:
            raise _missing(folder, need, "no file in or beside the folder holds it")
    return tuple(found)


def _missing(folder: Path, need: str, why: str) -> SpecificationError:
    return SpecificationError(
        f"the {need} of this run is unknown: {why}",
        where=str(folder),
        expected=f"a file with the top-level key '{need}'",
        hint="name the files of the run in front of its folder",
    )


def _places(folder: Path) -> Iterator[list[Path]]:
    above = folder.resolve().parent
    yield [folder]
    yield [above]
    yield sorted(path for path in above.iterdir() if path.is_dir() and path != folder.resolve())[:_MOST_FILES]


def _documents(places: Sequence[Path], data: Mapping[str, object]) -> Iterator[Document]:
    """What can be read of the YAML files in some folders; others are not about this run."""
    paths = [path for place in places for path in sorted(place.glob("*.yaml")) if not path.name.endswith(_OWN)]
    for path in paths[:_MOST_FILES]:
        try:
            if path.is_file() and path.stat().st_size <= _MOST_BYTES:
                yield Document.from_file(path, data)
        except (SpecificationError, OSError):
            continue
