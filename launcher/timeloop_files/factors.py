"""Factors and permutations as Timeloop writes them: ``C=1 M<=8``, ``[C=1, M=8]``, ``C1 M8``, ``CMR``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from launcher.timeloop_files.node import YamlNode

_FACTOR = r"\s*(<=|>=|=*)\s*([0-9]{1,18})(?![0-9A-Za-z.])(\s*,\s*([0-9]+))?"
_SEPARATOR = re.compile(r"[\s,]*")


def read_factors(node: YamlNode, dimensions: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """(dimension, ``=`` or ``<=`` or ``>=``, value) in the order written; a value of 0 stays 0.

    Raises:
        SpecificationError: an unknown dimension, something that is not a factor, an imperfect factor (``C3,2``).
    """
    factors = read_imperfect_factors(node, dimensions)
    for dimension, operator, value, residual in factors:
        if residual != value:
            raise node.error(
                f"imperfect factors ('{dimension}{operator}{value},{residual}') are not supported",
                "factors that divide evenly",
            )
    return [(dimension, operator, value) for dimension, operator, value, _ in factors]


def read_imperfect_factors(node: YamlNode, dimensions: Mapping[str, int]) -> list[tuple[str, str, int, int]]:
    """As :func:`read_factors`, with the bound in the last iteration: ``C3,2`` has 2, ``C3`` has 3.

    Raises:
        SpecificationError: an unknown dimension, or something that is not a factor.
    """
    items = node.list() if node.is_list else [node]
    return [factor for item in items for factor in _read_text(item, dimensions)]


def _read_text(node: YamlNode, dimensions: Mapping[str, int]) -> list[tuple[str, str, int, int]]:
    text = "".join(part.text() for part in node.list()) if node.is_list else node.text().split("#")[0]
    result = []
    factor = _factor(tuple(dimensions))
    position = _skip(text, 0)
    while position < len(text):
        match = factor.match(text, position)
        if match is None:
            raise node.error(
                f"'{text[position : position + 40]}' is not a factor",
                "D=4, D<=4 or D>=4, separated by spaces or commas",
                "in a list, quotes keep a residual with its factor: ['D=7,3']" if text.strip().isdigit() else None,
            )
        dimension, operator, value, _, residue = match.groups()
        if dimension not in dimensions:
            raise node.error(f"unknown dimension '{dimension}' in '{text}'", f"one of: {', '.join(dimensions)}")
        result.append((dimension, operator if operator in ("<=", ">=") else "=", int(value), int(residue or value)))
        position = _skip(text, match.end())
    return result


@cache
def _factor(dimensions: tuple[str, ...]) -> re.Pattern[str]:
    """What a factor looks like. Names may end in digits, so those of the problem are looked for, the longest first."""
    names = "|".join(map(re.escape, sorted(dimensions, key=len, reverse=True)))
    return re.compile(f"({names}{'|' if names else ''}[A-Za-z_]+){_FACTOR}")


def _skip(text: str, position: int) -> int:
    match = _SEPARATOR.match(text, position)
    return match.end() if match else position


def read_permutation(node: YamlNode, dimensions: Mapping[str, int]) -> tuple[str, ...]:
    """Dimensions from innermost outwards, from ``CMR``, ``C, M, R`` or a list; longer names are separate words.

    Raises:
        SpecificationError: an unknown dimension, one that is named twice, a suffix (``_``) that binds outermost loops.
    """
    names = [name for word in node.words() for name in _names(word, dimensions)] if node.value != "" else []
    seen: set[str] = set()
    for name in names:
        if name == "_":
            raise node.error("a permutation with a suffix ('_') is not supported", "the innermost dimensions only")
        if name not in dimensions:
            raise node.error(f"unknown dimension '{name}' in the permutation", f"one of: {', '.join(dimensions)}")
        if name in seen:
            raise node.error(f"dimension '{name}' appears twice in the permutation")
        seen.add(name)
    return tuple(names)


def permutation_text(names: Sequence[str]) -> str:
    """A permutation as Timeloop reads it, ``CMR``; with commas where names are longer, which Timeloop does not know."""
    return ("" if all(len(name) == 1 for name in names) else ",").join(names)


def _names(word: str, dimensions: Mapping[str, int]) -> list[str]:
    """The dimensions in a word: itself, or its letters. Where names are longer, they are separate words."""
    letters = all(len(name) == 1 for name in dimensions) or all(letter in dimensions for letter in word)
    return list(word) if letters and word not in dimensions else [word]
