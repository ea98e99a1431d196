"""Command lines of ``python -m launcher``: help that fits the terminal, and mistakes told as everywhere else."""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
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

    _typed: Sequence[str] = ()

    def parse_all(self, typed: Sequence[str]) -> argparse.Namespace:
        """Like ``parse_args``; of what nobody knows, the command says what it knows, not the one above it."""
        (commands,) = (one for one in self._actions if isinstance(one, argparse._SubParsersAction))
        for one in (self, *commands.choices.values()):
            one._typed = typed
        parsed, unknown = self.parse_known_args(typed)
        if unknown:
            commands.choices[parsed.command].refuse(unknown)
        return parsed

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """End with arguments that nobody knows."""
        option = unknown[0].partition("=")[0]
        close = difflib.get_close_matches(option, self._option_string_actions, 1)
        meant = self._with(option, close[0]) if close else ""
        self._end(f"there is no {'option' if option.startswith('-') else 'place for'} {unknown[0]}", meant)

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
            self._end(f"{given} is an override, and no command", launch_line([given]), "overrides behind launch.py")
        what = f"{option} {given}: there is no such choice" if option else f"there is no command {given}"
        self._end(what, self._with(given, close[0]) if close else "", f"one of {', '.join(choices)}")

    def _with(self, wrong: str, meant: str) -> str:
        """What was typed with another word for a wrong one, as a line of the shell."""
        typed = [meant + one.removeprefix(wrong) if one.partition("=")[0] == wrong else one for one in self._typed]
        return f"python -m launcher {shlex.join(typed)}"

    def _end(self, what: str, meant: str = "", expected: str = "") -> NoReturn:
        usage = " ".join(self.format_usage().split()).removeprefix("usage: ")
        told = LauncherError(what, expected=expected or usage, hint=meant or f"{self.prog} --help")
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
