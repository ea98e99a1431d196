"""Values of a wrong type, told in people's words and with what was most likely meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any, TypeAlias

from omegaconf import BooleanNode, DictConfig, EnumNode, FloatNode, IntegerNode, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from launcher.config.units import unit_of, without_unit
from launcher.errors import ConfigurationError

Fits: TypeAlias = Callable[[float], bool]

_RANGE = re.compile(r"(\d+)\s*(?:-|\.\.\.?|:|to)\s*(\d+)(?::(\d+))?")
_LIST = re.compile(r"\d+(?:\.\d+)?(?:\s*[/|;, ]\s*\d+(?:\.\d+)?)+")
_SIDES = re.compile(r"(\d+)\s*[xX*]\s*(\d+)")
_NOTHING = ("unlimited", "infinite", "infinity", "none", "no", "")
_OTHER_WORDS = {"imperfect": "spatial", "ruby": "spatial", "debug": "verbose", "silent": "quiet"}
_YES, _NO = ("yes", "on", "1", "t", "y"), ("no", "off", "0", "f", "n", "none")


def told_value(key: str, error: OmegaConfBaseException) -> ConfigurationError | None:
    """What is wrong with the value of ``key``; None when the error is about something else."""
    node, value = error.child_node, getattr(error, "value", None)
    if isinstance(node, ListConfig) and not isinstance(value, list):
        return ConfigurationError(f"{key}={value} is no list", expected=f"{key}=[A,B]", hint=f"'{key}=[{value}]'")
    if isinstance(node, EnumNode):
        return _choice(key, value, [member.name for member in node.enum_type])
    if isinstance(node, BooleanNode):
        return _choice(key, value, ["true", "false"])
    if isinstance(node, IntegerNode | FloatNode):
        return _number(key, value, node, error.parent_node)
    return None


def _choice(key: str, value: object, words: list[str]) -> ConfigurationError:
    folded, known = str(value).lower(), {word.lower(): word for word in words}
    folded = _OTHER_WORDS.get(folded, folded)
    close = [known[one] for one in difflib.get_close_matches(folded, known, 1, cutoff=0.7)]
    if words == ["true", "false"] and not close:
        close = ["true"] if folded in _YES else ["false"] if folded in _NO else []
    return ConfigurationError(
        f"{key}={value} is unknown",
        expected=f"one of {', '.join(words)}",
        hint=f"{key}={close[0]}" if close else None,
    )


def _number(key: str, value: object, node: IntegerNode | FloatNode, parent: object) -> ConfigurationError:
    whole = isinstance(node, IntegerNode)
    unit, span = unit_of(key), _span(key, parent)
    in_unit = f" of {unit}" if unit and unit != "a share" else ""
    between = _between(*span) if span else ""
    beyond = span is not None and isinstance(value, float) and value.is_integer() and not span[0] <= value <= span[1]
    wrong = f"{value:.0f} is out of range" if beyond else f"{_written(value)} is no {'whole ' if whole else ''}number"
    return ConfigurationError(
        f"{key}={wrong}",
        expected=f"{'a whole number' if whole else 'a number'}{in_unit}{between}, without a unit"
        if in_unit
        else f"{'a whole number' if whole else 'a number'}{between}",
        hint=_meant(key, value, node, parent, span),
    )


def _between(least: float, most: float) -> str:
    """A range that people can read; nobody comes near some of its ends."""
    if most > 1e7:
        return f" of at least {least:g}" if least >= 1 else ""
    return f" from {least:g} to {most:g}"


def _written(value: object) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)


def _span(key: str, parent: object) -> tuple[float, float] | None:
    """The range that a typed group has for the key."""
    kind = OmegaConf.get_type(parent) if isinstance(parent, DictConfig) else None
    if not isinstance(kind, type) or not is_dataclass(kind):
        return None
    found: Any = next((item.metadata for item in fields(kind) if item.name == key.rpartition(".")[2]), {})
    return (found["least"], found["most"]) if "least" in found else None


def _meant(
    key: str, value: object, node: IntegerNode | FloatNode, parent: object, span: tuple[float, float] | None
) -> str | None:
    """What to type instead."""

    def fits(number: float) -> bool:
        in_span = span is None or span[0] <= number <= span[1]
        return in_span and (isinstance(node, FloatNode) or number == int(number))

    if isinstance(value, list):
        listed = value and all(isinstance(one, int | float) and fits(one) for one in value)
        return f"-m {key}={','.join(map(str, value))}" if listed else None
    text = str(value).strip()
    number = without_unit(key, text)
    if number is not None and fits(number):
        return f"{key}={int(number) if number == int(number) else number}"
    if node._metadata.optional and text.lower() in _NOTHING:
        return f"{key}=null"
    return _several(key, text, fits) or _sides(key, text, parent, fits) or _nearest(key, value, node, span)


def _nearest(key: str, value: object, node: IntegerNode | FloatNode, span: tuple[float, float] | None) -> str | None:
    """The number that is closest to one that does not fit; without one, the value that would hold otherwise."""
    if isinstance(value, float) and isfinite(value) and span is not None:
        return f"{key}={round(min(max(value, span[0]), span[1]))}"
    usual = node._value()
    return f"{key}={usual:g}" if isinstance(usual, int | float) else None


def _sides(key: str, text: str, parent: object, fits: Fits) -> str | None:
    """``arch.rows=16x32``."""
    sides = _SIDES.fullmatch(text)
    if sides is None or key != "arch.rows" or not isinstance(parent, DictConfig) or "cols" not in parent:
        return None
    return f"arch.rows={sides[1]} arch.cols={sides[2]}" if fits(int(sides[1])) and fits(int(sides[2])) else None


def _several(key: str, text: str, fits: Fits) -> str | None:
    """``8-64`` or ``8/16/32`` as Hydra has them, whose ranges end before their end."""
    if _LIST.fullmatch(text):
        values = re.split(r"[/|;, ]+", text)
        return f"-m {key}={','.join(values)}" if all(fits(float(one)) for one in values) else None
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    low, high, step = (int(one) if one else 0 for one in found.groups())
    if low >= high or not (fits(low) and fits(high)):
        return None
    step = step or (low if low > 1 and high % low == 0 else 1)
    return f"-m '{key}=range({low},{high + 1}{f',{step}' if step > 1 else ''})'"
