"""Arithmetic in YAML: ``ceil(depth / 2) * width`` over known names, and nothing else.

An expression is parsed to a syntax tree and the tree is walked; only the operators and functions listed here exist
(those of Timeloop's front end that yield a number or a word). Sizes are bounded, so that no expression can take
noticeable time or memory.
"""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from math import isfinite
from typing import Any

from launcher.errors import SpecificationError

Value = int | float | bool | str

MAX_LENGTH = 500
"""Longest expression that is read, in characters."""

MAX_BITS = 512
"""Largest integer a step may yield, in bits."""

_LARGEST_COUNTED = 1000
"""Largest argument of a function whose result grows as a factorial does, and most digits of a rounding."""


def _round(value: int | float, *digits: int) -> int | float:
    if any(abs(one) > _LARGEST_COUNTED for one in digits):
        raise _RefusedError(f"more than {_LARGEST_COUNTED} digits")
    return round(value, *digits)


def _counted(function: Callable[..., int]) -> Callable[..., int]:
    def bounded(*values: int) -> int:
        if any(value > _LARGEST_COUNTED for value in values):
            raise _RefusedError(f"an argument of '{function.__name__}' is above {_LARGEST_COUNTED}")
        return function(*values)

    return bounded


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    **{one.__name__: one for one in (abs, bool, float, int, len, max, min, str, sum)},
    **{
        name: getattr(math, name)
        for name in (
            *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "copysign", "cos", "cosh", "degrees"),
            *("erf", "erfc", "exp", "expm1", "fabs", "floor", "fmod", "gamma", "gcd", "hypot", "isclose", "isfinite"),
            *("isinf", "isnan", "isqrt", "ldexp", "lgamma", "log", "log10", "log1p", "log2", "prod", "radians"),
            *("remainder", "sin", "sinh", "sqrt", "tan", "tanh", "trunc"),
        )
    },
    **{one.__name__: _counted(one) for one in (math.comb, math.factorial, math.perm)},
    "round": _round,
    "pow": lambda base, exponent: _power(_number(base), _number(exponent)),
}
_NOT_HERE = ("dist", "enumerate", "frexp", "fsum", "getcwd", "list", "map", "modf", "range", "tuple")
"""Functions of the front end whose results mean nothing in a specification."""

_CONSTANTS: Mapping[str, float] = {name: getattr(math, name) for name in ("pi", "e", "tau", "inf", "nan")}

_BINARY: Mapping[type[ast.operator], Callable[[int | float, int | float], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


class _RefusedError(Exception):
    """Why an expression has no value."""


def evaluate_expression(text: str, names: Mapping[str, object], where: str | None = None) -> Value:
    """Value of an arithmetic expression.

    Args:
        text: numbers, names, ``+ - * / // % **``, comparisons, ``and or not``, ``a if b else c``, parentheses, the
            functions of ``FUNCTIONS``, lists, and what mappings hold: ``spec.problem.instance["C"]``.
        names: what names stand for.
        where: file and key, for the message.

    Raises:
        SpecificationError: names the expression, its place and the cause.
    """
    if len(text) > MAX_LENGTH or "\n" in text:
        raise SpecificationError(
            f"expression {text[:40]!r}... has {len(text)} characters",
            where=where,
            expected=f"one line of at most {MAX_LENGTH}",
        )
    try:
        return _scalar(_value(_parse(text), names), text)
    except _RefusedError as cause:
        raise SpecificationError(f"cannot evaluate '{text}': {cause}", where=where) from None
    except OverflowError:
        raise SpecificationError(f"cannot evaluate '{text}': the result is too large", where=where) from None
    except (ArithmeticError, TypeError, ValueError, RecursionError) as cause:
        raise SpecificationError(f"cannot evaluate '{text}': {cause}", where=where) from None


def names_in(text: str) -> frozenset[str]:
    """The names an expression mentions, functions aside; empty when the text is not an expression."""
    try:
        tree = _parse(text) if len(text) <= MAX_LENGTH else ast.Constant(0)
        return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)) - FUNCTIONS.keys()
    except (_RefusedError, RecursionError):
        return frozenset()


def is_name(text: str) -> bool:
    """Whether the text is a single name."""
    return _NAME.fullmatch(text) is not None


def _parse(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of literals such as `1if`, which is no user's business here
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _RefusedError("it is not an arithmetic expression") from None


def _scalar(value: object, text: str) -> Value:
    if not isinstance(value, int | float | str):
        raise _RefusedError(f"'{text}' is not a number or a word")
    return _checked(value)


def _value(node: ast.expr, names: Mapping[str, object]) -> object:  # noqa: PLR0911 - one return per kind of node
    match node:
        case ast.Constant(value=int() | float() | str() as value):
            return value
        case ast.Name(id=name):
            return _named(name, names)
        case ast.UnaryOp(op=op, operand=operand):
            return _unary(op, _value(operand, names))
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(op, _value(left, names), _value(right, names))
        case ast.BoolOp(op=op, values=values):
            truths = (bool(_value(value, names)) for value in values)
            return all(truths) if isinstance(op, ast.And) else any(truths)
        case ast.Compare():
            return _compare(node, names)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, names) else orelse, names)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, names) for item in items]
        case ast.Attribute(value=inner, attr=name):
            return _held(_value(inner, names), name)
        case ast.Subscript(value=inner, slice=key):
            return _held(_value(inner, names), _value(key, names))
        case ast.Call():
            return _called(node, names)
        case _:
            raise _RefusedError(f"'{ast.unparse(node)[:60]}' is not arithmetic")


def _called(node: ast.Call, names: Mapping[str, object]) -> object:
    """A function of a value, or the ``get`` of a mapping."""
    match node:
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
            return _checked(FUNCTIONS[name](*(_value(argument, names) for argument in node.args)))
        case ast.Call(func=ast.Attribute(value=inner, attr="get"), args=[key, *default], keywords=[]):
            held, word = _value(inner, names), _value(key, names)
            if isinstance(held, Mapping) and word in held:
                return held[word]
            if isinstance(held, Mapping) and len(default) == 1:
                return _value(default[0], names)
        case ast.Call(func=ast.Name(id=name)) if name in _NOT_HERE:
            raise _RefusedError(f"'{name}' of Timeloop's front end is not supported here")
    if not isinstance(node.func, ast.Name | ast.Attribute):
        raise _RefusedError(f"'{ast.unparse(node.func)[:60]}' is not arithmetic")
    raise _RefusedError(f"'{ast.unparse(node.func)[:60]}' is not a known function ({', '.join(FUNCTIONS)})")


def _held(holder: object, key: object) -> object:
    """What a mapping has under a word, or a list at a number."""
    if isinstance(holder, Mapping) and isinstance(key, str):
        if key not in holder:
            raise _RefusedError(f"there is no '{key}'; there are: {', '.join(map(str, holder))}"[:200])
        return holder[key]
    if isinstance(holder, Sequence) and isinstance(key, int) and -len(holder) <= key < len(holder):
        return holder[key]
    raise _RefusedError(f"nothing has '{key}' here")


def _named(name: str, names: Mapping[str, object]) -> object:
    if name in names:
        return names[name]
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    close = get_close_matches(name, [*names, *FUNCTIONS], n=1)
    raise _RefusedError(f"'{name}' is not defined" + (f" (did you mean '{close[0]}'?)" if close else ""))


def _number(value: object) -> int | float:
    if not isinstance(value, int | float):
        raise _RefusedError(f"'{value}' is not a number")
    return value


def _unary(op: ast.unaryop, value: object) -> Value:
    if isinstance(op, ast.Not):
        return not value
    if isinstance(op, ast.USub):
        return -_number(value)
    if isinstance(op, ast.UAdd):
        return +_number(value)
    raise _RefusedError("'~' is not arithmetic")


def _binary(op: ast.operator, left: object, right: object) -> Value:
    if isinstance(op, ast.Add) and isinstance(left, str) and isinstance(right, str):
        return _checked(left + right)
    left, right = _number(left), _number(right)
    if isinstance(op, ast.Pow):
        return _checked(_power(left, right))
    if type(op) not in _BINARY:
        raise _RefusedError("bit operations are not arithmetic")
    return _checked(_BINARY[type(op)](left, right))


def _power(base: int | float, exponent: int | float) -> Value:
    if isinstance(base, int) and isinstance(exponent, int) and exponent * base.bit_length() > MAX_BITS:
        raise _RefusedError(f"{base} ** {exponent} is too large")
    result = base**exponent
    if isinstance(result, complex):
        raise _RefusedError(f"{base} ** {exponent} is not a real number")
    return float(result) if isinstance(result, float) else int(result)


def _compare(node: ast.Compare, names: Mapping[str, object]) -> bool:
    left = _value(node.left, names)
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        if type(op) not in _COMPARE:
            raise _RefusedError("'in' and 'is' are not arithmetic")
        right = _value(comparator, names)
        if not _COMPARE[type(op)](left, right):
            return False
        left = right
    return True


def _checked(value: Value) -> Value:
    if isinstance(value, str) and len(value) > MAX_LENGTH:
        raise _RefusedError("the result is too long")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise _RefusedError("the result is too large")
    if isinstance(value, float) and not isfinite(value):
        raise _RefusedError("the result is not finite")
    return value
