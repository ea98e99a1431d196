"""Arithmetic expressions: values, refusals, and that none can run away."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.errors import SpecificationError
from launcher.specification.expressions import MAX_LENGTH, evaluate_expression

NAMES = {
    "depth": 48,
    "width": 16,
    "scale": 0.5,
    "technology": "32nm",
    "on": True,
    "spec": {"problem": {"instance": {"M": 7, "N": 16}}, "variables": {"bits": 8}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-9", 1e-9),
        (" depth * width ", 768),
        ("depth / 32", 1.5),
        ("depth // 32", 1),
        ("depth % 32", 16),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("(depth + 16) * scale", 32.0),
        ("max(1, ceil(log2(depth)))", 6),
        ("max(1, ceil(log2(depth))) if depth >= 1 else 1", 6),
        ("min(depth, width, 3)", 3),
        ("floor(2.7) + round(2.5) + abs(-3)", 7),
        ("int(depth / 7)", 6),
        ("1 < width <= 16", True),
        ("width == 16 and not depth < 2", True),
        ("technology == '32nm'", True),
        ("on or 1 / 0", True),
        ("technology", "32nm"),
        ("len(spec.problem.instance)", 2),
        ("spec.problem.instance['M'] * 2", 14),
        ("min(spec.variables.get('bits', 4), spec.variables.get('other', 3))", 3),
        ("sum([depth, width]) + [1, 2][1]", 66),
        ("'a' + str(width)", "a16"),
        ("pow(2, 3) + comb(4, 2) + prod([2, 3]) + gcd(12, 8)", 24),
        ("round(pi, 2)", 3.14),
    ],
)
def test_value(text: str, value: object) -> None:
    result = evaluate_expression(text, NAMES)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("widht * 2", "did you mean 'width'"),
        ("1 / 0", "division by zero"),
        ("log2(0)", "math domain error"),
        ("9 ** 9 ** 9", "too large"),
        ("10.0 ** 400", "too large"),
        ("(-8) ** 0.5", "not a real number"),
        ("2 ** 600", "too large"),
        ("1e308 * 10", "not finite"),
        ("1 << 3", "bit operations"),
        ("~3", "not arithmetic"),
        ("3 in 4", "not arithmetic"),
        ("'a' * 10", "not a number"),
        ("technology + 1", "not a number"),
        ("depth.real", "nothing has 'real'"),
        ("[1, 2][2]", "nothing has '2'"),
        ("[1, 2]", "not a number or a word"),
        ("spec.problem.instance", "not a number or a word"),
        ("spec.problem.instance['X']", "there is no 'X'; there are: M, N"),
        ("spec.variables.keys()", "not a known function"),
        ("spec.variables.get()", "not a known function"),
        ("sum(range(3))", "'range' of Timeloop's front end is not supported"),
        ("factorial(100000)", "above 1000"),
        ("comb(10 ** 9, 10 ** 8)", "above 1000"),
        ("round(1, -10 ** 9)", "more than 1000 digits"),
        ("len(3)", "has no len"),
        ("{1: 2}", "not arithmetic"),
        ("(lambda: 1)()", "not arithmetic"),
        ("__import__('os')", "not a known function"),
        ("open('x')", "not a known function"),
        ("max(*depth)", "not arithmetic"),
        ("round(1, ndigits=2)", "not a known function"),
        ("3 +", "not an arithmetic expression"),
        ("", "not an arithmetic expression"),
        ("import os", "not an arithmetic expression"),
        ("f'{depth}'", "not arithmetic"),
        ("1j", "not arithmetic"),
        ("None", "not arithmetic"),
    ],
)
def test_refused_with_expression_place_and_cause(text: str, cause: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        evaluate_expression(text, NAMES, "arch.yaml:3 (variables.x)")
    message = str(caught.value)
    assert cause in message
    assert text in message
    assert "arch.yaml:3 (variables.x)" in message


@pytest.mark.parametrize(
    "text",
    [
        "9**" * 100 + "9",
        "(" * 240 + "1" + ")" * 240,
        "-" * 490 + "1",
        "not " * 120 + "1",
        "2**500" + " * 2**500" * 40,
        "9**9**9**9",
        "max(" * 80 + "1" + ")" * 80,
        "1" * (MAX_LENGTH + 1),
        "1 +\n 2",
        "1e999999",
        "0x" + "f" * 400,
    ],
)
def test_hostile_text_ends_quickly(text: str) -> None:
    start = time.perf_counter()
    try:
        evaluate_expression(text, {})
    except SpecificationError as error:
        assert len(str(error).splitlines()) <= 10
    assert time.perf_counter() - start < 0.5


_NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))
_TREES = st.recursive(
    _NUMBERS.map(str) | st.sampled_from(("depth", "width", "scale")),
    lambda inner: st.tuples(inner, st.sampled_from(("+", "-", "*", "/", "//", "%")), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=8,
)


@given(_TREES)
def test_agrees_with_python(text: str) -> None:
    # Python itself is the oracle here; only generated text is ever given to it.
    try:
        expected = eval(text, {"__builtins__": {}}, dict(NAMES))  # noqa: S307
    except ZeroDivisionError:
        with pytest.raises(SpecificationError, match="cannot evaluate"):
            evaluate_expression(text, NAMES)
        return
    assert math.isclose(float(evaluate_expression(text, NAMES)), expected, rel_tol=0, abs_tol=0)


@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_an_explanation(text: str) -> None:
    try:
        assert isinstance(evaluate_expression(text, NAMES), int | float | bool | str)
    except SpecificationError as error:
        assert error.what
