"""Compile all searches now, so that no later command has to wait for it.

Otherwise the first command that needs a search compiles it, which takes 10 to 40 s. What is compiled is kept in the
cache, for this Python, this version and this kind of processor.

exit status: 0 compiled, 1 what was compiled cannot be kept, 2 wrong command line
"""

from __future__ import annotations

import argparse
import time

from launcher.cache_place import compiled_folder
from launcher.engines.run import compile_searches
from launcher.errors import LauncherError
from launcher.reporting.console import open_console
from launcher.reporting.numbers import short_seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: it has none of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Compile, and say what is done when it is.

    Raises:
        LauncherError: the cache cannot be written.
    """
    place = compiled_folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LauncherError(
            f"what is compiled cannot be kept: {error.strerror}",
            where=str(place),
            hint="LAUNCHER_CACHE_DIR=FOLDER names another folder for the cache",
        ) from error
    console = open_console(quiet=arguments.quiet)
    started = time.perf_counter()
    with console.status("compiling"):
        for name in compile_searches():
            console.print(f"{name} compiled, {short_seconds(time.perf_counter() - started)}", highlight=False)
    console.print(f"kept in {place}", highlight=False, soft_wrap=True)
    return 0
