"""``python -m launcher compile``: afterwards no search has to be compiled."""

from __future__ import annotations

from pathlib import Path

from command_line import launch, python

from launcher.cache_place import cache_folder

SMALL = ["arch=eyeriss", "layer=conv", *(f"layer.{name}=2" for name in "DERSLQ"), "tracking=none", "cache=false"]


def test_after_compiling_no_search_compiles_anything(tmp_path: Path) -> None:
    done = python(tmp_path, "-m", "launcher", "compile").must_succeed()
    assert "searches with perfect factors compiled" in done.out
    assert "searches with imperfect factors compiled" in done.out
    assert str(cache_folder()) in done.out
    for factors in ("perfect", "all"):
        searched = launch(tmp_path, *SMALL, f"mapspace.factors={factors}", "verify=false").must_succeed()
        assert "compiling" not in searched.out + searched.err
    assert python(tmp_path, "-m", "launcher", "compile", "-q").must_succeed().out == ""


def test_a_cache_that_cannot_be_written_is_told_before_anything_is_compiled(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = python(tmp_path, "-m", "launcher", "compile", LAUNCHER_CACHE_DIR=str(tmp_path / "file" / "cache"))
    told.must_explain("cannot be kept", str(tmp_path / "file" / "cache"), "LAUNCHER_CACHE_DIR=FOLDER")
