"""The command line as people type it, before Hydra reads it: where options stand, and arguments that are none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

import yaml

from launcher.config.choices import choices_of, read_override
from launcher.config.explain import EXPECTED, CommandLineError
from launcher.config.shell_line import launch_line, quoted
from launcher.figures import metric_in_its_unit
from launcher.paths import data_folder

_FLAGS = (
    *("--multirun", "-m", "--quiet", "-q", "--verbose", "-v", "--help", "-h", "--version", "--hydra-help"),
    *("--resolve", "--run", "-r", "--shell-completion", "-sc"),
)
_WITH_VALUE = (
    *("--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd"),
    "--experimental-rerun",
)
_WITH_OPTIONAL_VALUE = ("--info", "-i")
_OURS = ("--multirun", "--quiet", "--verbose", "--help", "--version", "--config-dir", "--cfg")
"""What a misspelt option may have meant."""

_KEY = r"[+~]{0,2}[A-Za-z_][\w./@-]*"
_NUMBER = re.compile(r"-[.\d].*")
_QUOTES = "'\""
_TEXT_KEYS = ("layer.expression",)
"""Values of these are texts with signs of their own."""


def arranged(arguments: Sequence[str], commands: Collection[str] = ()) -> list[str]:
    """The same arguments with all options first, because Hydra wants its overrides side by side.

    Args:
        arguments: what stands behind ``launch.py``.
        commands: of ``python -m launcher``, which are no arguments here.

    Raises:
        CommandLineError: an unknown option, or an argument that is no override; says what to type.
    """
    _refuse_spaces(arguments)
    options, overrides = _parted(arguments)
    right = [better for one in overrides for better in _pieces(one)]
    if right != overrides:
        wrong = next(one for one in overrides if _pieces(one) != [one])
        raise CommandLineError(
            f"cannot read the argument {wrong!r}", expected=EXPECTED, hint=launch_line([*options, *right])
        )
    words = [one for one in overrides if re.fullmatch(r"[\w-]+", one)]
    if words:
        raise _bare_words(words, options, overrides, commands)
    return [*options, *overrides]


def _refuse_spaces(arguments: Sequence[str]) -> None:
    """``arch.rows = 8`` and ``arch.rows=8, 16`` are several arguments to a shell, or one that Hydra cannot read."""
    joined: list[str] = []
    found = ""
    for one in arguments:
        text = re.sub(rf"^\s*({_KEY})\s*=\s*(?=\S)", r"\1=", one) if not one.startswith("-") else one
        if joined and _goes_on(joined[-1], text):
            joined[-1] += text
            found = found or joined[-1]
        else:
            joined.append(text)
            found = found or (text if text != one else "")
    if found:
        shown = next(one for one in joined if one.startswith(found))
        raise CommandLineError(
            f"there are spaces in {shown}", expected=f"{EXPECTED}, without spaces", hint=launch_line(joined)
        )


def _goes_on(before: str, after: str) -> bool:
    """Whether ``after`` belongs to the override ``before``, which a space ended too early."""
    if before.startswith("-") or re.match(rf"{_KEY}=", after) or (after.startswith("-") and not _NUMBER.match(after)):
        return False
    if re.match(r"=(?!=)", after):
        return re.fullmatch(_KEY, before) is not None
    return (re.search(r"[=,:]$", before) is not None and "=" in before) or (after.startswith(",") and "=" in before)


def _parted(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options with their values, and everything else."""
    options: list[str] = []
    overrides: list[str] = []
    left = list(arguments)
    while left:
        one = left.pop(0)
        if not one.startswith("-") or _NUMBER.match(one):
            overrides.append(one)
            continue
        name, equals, _ = one.partition("=")
        known = next((option for option in (*_FLAGS, *_WITH_VALUE, *_WITH_OPTIONAL_VALUE) if option == name), None)
        known = known or _abbreviated(name)
        if known is None or (equals and known in _FLAGS):
            raise _unknown_option(one, arguments)
        options.append(one)
        if not equals and left and (known in _WITH_VALUE or (known in _WITH_OPTIONAL_VALUE and _is_word(left[0]))):
            options.append(left.pop(0))
    return options, overrides


def _abbreviated(name: str) -> str | None:
    """Hydra takes the beginning of a long option for all of it."""
    if not re.match(r"--\w", name):
        return None
    meant = [one for one in (*_FLAGS, *_WITH_VALUE, *_WITH_OPTIONAL_VALUE) if one.startswith(name)]
    return meant[0] if len(meant) == 1 else None


def _is_word(text: str) -> bool:
    return re.fullmatch(r"[a-z-]+", text) is not None and not text.startswith("-")


def _unknown_option(option: str, arguments: Sequence[str]) -> CommandLineError:
    """``--arch=pim``, ``--arch pim``, ``-M`` or ``--multi-run``."""
    place = list(arguments).index(option)
    before, after = list(arguments[:place]), list(arguments[place + 1 :])
    name, equals, value = option.lstrip("-").partition("=")
    short, folded = {one[:2]: one for one in _FLAGS if len(one) == 2}, option.partition("=")[0].lower()
    if folded in short:
        right = [folded]
    elif equals and folded in ("--multirun", "-m"):
        right = ["-m"]
    elif equals and name in _keys():
        right = [f"{name}={value}"]
    elif name in _keys() and after and "=" not in after[0] and not after[0].startswith("-"):
        right = [f"{name}={after.pop(0)}"]
    else:
        right = difflib.get_close_matches(folded, _OURS, 1, cutoff=0.7)
    hint = launch_line([*before, *right, *after]) if right else "python launch.py --help lists options, groups and keys"
    return CommandLineError(f"there is no option {option}", expected=EXPECTED, hint=hint)


def _pieces(argument: str) -> list[str]:
    """What one argument should have been; itself where nothing is wrong with it."""
    colon = re.fullmatch(rf"({_KEY}):([^=]*)", argument)
    if colon and colon[1] in _keys():
        return [f"{colon[1]}={colon[2]}"]
    key = argument.partition("=")[0]
    if argument.count("=") == 0 or key in _TEXT_KEYS or _can_be_read(argument):
        return [argument]
    parts = re.split(rf"\s*[,;]\s*(?={_KEY}=)", argument)
    if len(parts) > 1 and all(map(_can_be_read, parts)):
        return parts
    parts = argument.split()
    if len(parts) > 1 and all(re.match(rf"{_KEY}=", part) and _can_be_read(part) for part in parts):
        return parts
    listed = re.fullmatch(rf"({_KEY})=\[(.*)\]", argument)
    if listed and "[" not in listed[2]:
        entries = [f'"{_whole_name(entry.strip().strip(_QUOTES))}"' for entry in listed[2].split(",")]
        with_quotes = f"{listed[1]}=[{','.join(entries)}]"
        return [with_quotes] if _can_be_read(with_quotes) else [argument]
    return [argument]


def _whole_name(entry: str) -> str:
    """``area <= 4`` with the metric's name as limits have it."""
    found = re.fullmatch(r"\s*([\w ]+?)(\s*[<>]=?\s*\S+)", entry)
    return f"{metric_in_its_unit(found[1]) or found[1]}{found[2]}" if found else entry


def _can_be_read(argument: str) -> bool:
    return read_override(argument) is not None


def _bare_words(
    words: Sequence[str], options: Sequence[str], overrides: Sequence[str], commands: Collection[str]
) -> CommandLineError:
    """``pim KTQ``, ``doctor`` or ``help``: words that are no overrides."""
    first = words[0]
    if first.lower() in commands:
        rest = [quoted(one) for one in overrides if one != first]
        told = " ".join(["python -m launcher", first.lower(), *rest])
        return CommandLineError(f"{first} is a command of python -m launcher", hint=told)
    if f"--{first.lower()}" in ("--help", "--version", "--multirun"):
        return CommandLineError(f"cannot read the argument {first!r}", hint=f"python launch.py --{first.lower()}")
    meant = {word: chosen for word in words if (chosen := _choice(word)) is not None}
    right = [meant.get(one, one) for one in overrides]
    return CommandLineError(
        f"cannot read the argument {first!r}",
        expected=EXPECTED,
        hint=launch_line([*options, *right])
        if len(meant) == len(words)
        else "python launch.py --help lists groups, choices and keys",
    )


def _choice(word: str) -> str | None:
    """``arch=pim`` for ``pim``: the first group that has such a choice."""
    for group in ("arch", "model", "layer", "experiment", "mapper", "engine", "estimator", "tracking", "fusion"):
        for name in choices_of(group):
            if name.lower() == word.lower():
                return f"{'+' if group == 'experiment' else ''}{group}={name}"
    return None


@cache
def _keys() -> frozenset[str]:
    """Groups, and keys of the main file and of every choice."""
    conf = data_folder("conf")
    keys = {path.name for path in conf.iterdir() if path.is_dir()} | set(_below(conf / "config.yaml"))
    for file in conf.glob("*/*.yaml"):
        keys |= {f"{file.parent.name}.{name}" for name in _below(file)}
    return frozenset(keys)


def _below(file: Path) -> list[str]:
    values = yaml.safe_load(file.read_text())
    return [str(key) for key in values] if isinstance(values, dict) else []
