"""The rooms of the house: each imports only what stands below it, and nothing goes round in a circle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import launcher

PACKAGE = Path(launcher.__file__).parent
_LINK = re.compile(r"\]\((?!http|#)([^)#]+)")
_PAGE = re.compile(r"\bdocs/[\w-]+\.md\b")

FLOORS = (
    ("_ext", "app", "__main__", "__init__"),
    ("api",),
    ("jobs", "commands", "notebook"),
    ("sweeping",),
    ("reading",),
    ("tracking",),
    ("reporting",),
    ("trial",),
    ("estimation", "engines"),
    ("config",),
    ("timeloop_files", "importing"),
    ("results",),
    ("specification", "figures"),
    ("defects",),
    ("cache_place", "disks", "fingerprint", "process_limits", "programs", "verbosity", "installed"),
    ("errors", "interrupts", "paths", "plain_text", "summing", "whole_files"),
)
"""Top to bottom. Rooms on one floor do not know each other, either; a room's files may import one another."""


@cache
def modules() -> dict[str, Path]:
    found = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file for file in PACKAGE.rglob("*.py")}
    return {name.removesuffix(".__init__"): file for name, file in found.items()}


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """Modules of the package that a file imports, those inside functions included, each with its line."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names if alias.name in modules())
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "launcher":
            members = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((name if name in modules() else node.module, node.lineno) for name in members)


@cache
def graph() -> dict[str, dict[str, int]]:
    return {name: {other: line for other, line in imports(file) if other != name} for name, file in modules().items()}


def room(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def place(module: str, line: int) -> str:
    return f"{modules()[module].relative_to(PACKAGE.parent)}:{line}"


def test_every_room_has_its_floor() -> None:
    assert {room(name) for name in modules()} == {name for floor in FLOORS for name in floor}


def test_rooms_import_only_what_stands_below_them() -> None:
    floor_of = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    wrong = [
        f"{place(module, line)} imports {other}"
        for module, others in graph().items()
        for other, line in others.items()
        if room(other) != room(module) and floor_of[room(other)] <= floor_of[room(module)]
    ]
    assert not wrong, "\n".join(wrong)


def test_no_imports_go_round_in_a_circle() -> None:
    left = {name: set(others) for name, others in graph().items()}
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    inside = [
        f"{place(name, graph()[name][other])} imports {other}" for name in left for other in left[name] & left.keys()
    ]
    assert not inside, "these imports form circles, or lead to one:\n" + "\n".join(inside)


def test_every_public_class_has_a_name_of_its_own() -> None:
    places: dict[str, list[str]] = {}
    for name, file in modules().items():
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_the_package_says_its_version() -> None:
    assert launcher.__version__ == version("timeloop-launcher")


def test_pages_that_are_named_exist() -> None:
    """In links of README.md and docs/, and in what the program says."""
    root = Path(launcher.__file__).parents[1]
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    links = [(page, page.parent / link) for page in pages for link in _LINK.findall(page.read_text(encoding="utf-8"))]
    sources = [*modules().values(), *(root / "conf").rglob("*.yaml"), *(root / "tests").glob("*.py")]
    named = [(file, root / name) for file in sources for name in _PAGE.findall(file.read_text(encoding="utf-8"))]
    assert not [f"{file.name}: {page}" for file, page in (*links, *named) if not page.exists()]
