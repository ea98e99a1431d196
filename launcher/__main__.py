"""``python -m launcher COMMAND``: what works on files, beside ``launch.py``, which composes experiments."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from launcher.commands import COMMANDS
from launcher.commands.parser import HelpFormatter, Parser
from launcher.defects import shown, told_defect
from launcher.errors import LauncherError
from launcher.installed import DISTRIBUTION, own_version
from launcher.plain_text import is_plain_text, plain


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        Exit status: 0 done, 1 the input cannot be used, 130 interrupted. A wrong command line exits with 2.
    """
    typed = sys.argv[1:] if arguments is None else list(arguments)
    if broken := [plain(one) for one in typed if not is_plain_text(one)]:
        print(f"error: the argument '{broken[0]}' holds characters that are no text", file=sys.stderr)
        return 1
    parsed = _parser().parse_all(typed)
    try:
        return int(import_module(COMMANDS[parsed.command]).run(parsed))
    except LauncherError as error:
        print(f"error: {shown(error)}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `python -m launcher evaluate ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except Exception as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        print(told_defect(error, sys.argv), file=sys.stderr)
        return 1


def _parser() -> Parser:
    parser = Parser(
        prog="python -m launcher",
        description="Work on Timeloop's files and on finished trials. "
        "To compose and run experiments, use launch.py (see launch.py --help).",
    )
    parser.add_argument("--version", "-V", action="version", version=f"{DISTRIBUTION} {own_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, path in COMMANDS.items():
        module = import_module(path)
        summary, _, details = (module.__doc__ or "").partition("\n")
        command = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=details.strip() or None,
            formatter_class=HelpFormatter,
        )
        how_much = command.add_mutually_exclusive_group()
        how_much.add_argument("-q", "--quiet", action="store_true", help="say nothing but mistakes")
        how_much.add_argument("-v", "--verbose", action="store_true", help="say more")
        module.add_arguments(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
