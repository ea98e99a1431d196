"""Command lines of ``python -m launcher``: help that fits the terminal, and mistakes told as everywhere else."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import textwrap
from collections.abc import Sequence
from typing import NoReturn

from launcher.config.shell_line import launch_line
from launcher.defects import shown
from launcher.errors import LauncherError

_INVALID = re.compile(r"argument (?P<name>[^:]+): invalid choice: '(?P<given>.*?)'")


class Parser(argparse.ArgumentParser):
    """As argparse has it, but that a mistake is a message of ours; the exit status is 2."""

    def parse_all(self, typed: Sequence[str]) -> argparse.Namespace:
        """Like ``parse_args``; of what nobody knows, the command says what it knows, not the one above it."""
        parsed, unknown = self.parse_known_args(typed)
        if unknown:
            (commands,) = (one for one in self._actions if isinstance(one, argparse._SubParsersAction))
            commands.choices[parsed.command].refuse(unknown)
        return parsed

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """End with arguments that nobody knows."""
        option = unknown[0].partition("=")[0]
        close = difflib.get_close_matches(option, self._option_string_actions, 1)
        self._end(f"there is no {'option' if option.startswith('-') else 'place for'} {unknown[0]}", close)

    def error(self, message: str) -> NoReturn:
        """End with what argparse found wrong."""
        choice = _INVALID.match(message)
        if choice is None:
            self._end(message.replace("the following arguments are required:", f"{self.prog} lacks"))
        action = next(one for one in self._actions if choice["name"] in (one.metavar, "/".join(one.option_strings)))
        choices = [str(one) for one in action.choices or ()]
        close = difflib.get_close_matches(choice["given"], choices, 1)
        option = choice["name"] if action.option_strings else ""
        given = choice["given"]
        if not option and "=" in given:
            self._end(f"{given} is an override, and no command", [launch_line([given])], "overrides behind launch.py")
        what = f"{option} {given}: there is no such choice" if option else f"there is no command {given}"
        self._end(what, [f"{option or self.prog} {one}" for one in close], f"one of {', '.join(choices)}")

    def _end(self, what: str, close: Sequence[str] = (), expected: str = "") -> NoReturn:
        usage = " ".join(self.format_usage().split()).removeprefix("usage: ")
        hint = close[0] if close else f"{self.prog} --help"
        told = LauncherError(what, expected=expected or usage, hint=hint)
        print(f"error: {shown(told)}", file=sys.stderr)
        sys.exit(2)


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Paragraphs as wide as the terminal; what is indented stays as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = textwrap.dedent(text).split("\n\n")
        return "\n\n".join(
            one if re.search(r"^\s", one, re.MULTILINE) else textwrap.fill(one, width, break_on_hyphens=False)
            for one in paragraphs
        )
