"""Folders of links: what others' code writes beside itself then stays in ours."""

from __future__ import annotations

from pathlib import Path

_MADE_WHILE_RUNNING = {"__pycache__", ".git", "cacti_inputs_outputs"}


def files_in(root: Path) -> list[Path]:
    """Files under a folder in a fixed order, or the file itself; what appears there while it is used is left out."""
    if root.is_file():
        return [root]
    inside = (path for path in sorted(root.rglob("*")) if path.is_file())
    return [path for path in inside if not _MADE_WHILE_RUNNING & set(path.relative_to(root).parts)]


def link_files(root: Path, target: Path) -> None:
    """Make ``target``, a folder of links to the files under ``root`` (or to the one file that it is)."""
    target.mkdir(parents=True)
    base = root.parent if root.is_file() else root
    for file in files_in(root):
        link = target / file.relative_to(base)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
