"""Sums of products of two tensors, as people write them: ``O[n,d,p] += I[n,c,2*p+r] * W[c,d,r]``.

    equation = tensor "+=" tensor "*" tensor
    tensor   = name "[" rank { "," rank } "]"
    rank     = term { "+" term }
    term     = dimension | factor "*" dimension | dimension "*" factor
    factor   = integer | name of several letters

A dimension is a single letter, as in Timeloop. Nothing is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from launcher.errors import SpecificationError
from launcher.specification.expressions import MAX_LENGTH
from launcher.specification.problem import Term

_TOKEN = re.compile(r"(?P<name>[A-Za-z_]\w*)|(?P<number>[0-9]+)|(?P<sign>\+=|[][,+*])")
_EXAMPLE = "O[d,l] += W[e,d] * I[e,l]"
_LARGEST = 2**31


@dataclass(frozen=True)
class EinsumTerm:
    """One summand of a rank.

    Attributes:
        dimension: a single letter.
        factor: a number, or the name of one.
        place: of the dimension in the expression; the first character is 1.
    """

    dimension: str
    factor: int | str = 1
    place: int = field(default=0, compare=False)


@dataclass(frozen=True)
class EinsumTensor:
    """A tensor, with the terms of each of its ranks.

    Attributes:
        name: as it is written.
        ranks: one for each axis.
        place: of the name in the expression; the first character is 1.
    """

    name: str
    ranks: tuple[tuple[EinsumTerm, ...], ...]
    place: int = field(default=0, compare=False)

    @property
    def terms(self) -> tuple[EinsumTerm, ...]:
        return tuple(term for rank in self.ranks for term in rank)

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(term.dimension for term in self.terms)

    @property
    def slides(self) -> bool:
        """Whether a rank is a sum, along which windows slide."""
        return any(len(rank) > 1 for rank in self.ranks)

    def projection(self, factors: Mapping[str, int]) -> tuple[tuple[Term, ...], ...]:
        """Its ranks with numbers for the names of factors."""
        return tuple(tuple(Term(term.dimension, _number(term.factor, factors)) for term in rank) for rank in self.ranks)


@dataclass(frozen=True)
class Einsum:
    """``output += first * second``."""

    output: EinsumTensor
    first: EinsumTensor
    second: EinsumTensor

    @property
    def tensors(self) -> tuple[EinsumTensor, EinsumTensor, EinsumTensor]:
        return self.output, self.first, self.second

    @property
    def places(self) -> dict[str, int]:
        """Where each dimension stands first."""
        found: dict[str, int] = {}
        for tensor in self.tensors:
            for term in tensor.terms:
                found.setdefault(term.dimension, term.place)
        return found

    @property
    def factors(self) -> dict[str, int]:
        """Names of factors, and the place of a dimension that has one."""
        return {t.factor: t.place for tensor in self.tensors for t in tensor.terms if isinstance(t.factor, str)}


def parse_einsum(text: str) -> Einsum:
    """What an expression says.

    Raises:
        SpecificationError: wrong syntax, a dimension twice in a tensor, an output along which windows slide or with
            a dimension that no input has; each with its place.
    """
    if len(text) > MAX_LENGTH:
        raise SpecificationError(f"the expression has {len(text)} characters", expected=f"at most {MAX_LENGTH}")
    reader = _Reader(text)
    output = reader.tensor()
    reader.sign("+=")
    first = reader.tensor()
    reader.sign("*")
    second = reader.tensor()
    reader.end()
    found = Einsum(output, first, second)
    _check(found)
    return found


def at(place: int) -> str:
    """How a place in an expression is named."""
    return f"character {place}"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: int


class _Reader:
    """The pieces of an expression, one after the other."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0

    def tensor(self) -> EinsumTensor:
        name = self._take("name", "the name of a tensor")
        self.sign("[")
        ranks = [self._rank()]
        while self._is(","):
            self._next += 1
            ranks.append(self._rank())
        self.sign("]")
        return EinsumTensor(name.text, tuple(ranks), name.place)

    def sign(self, sign: str) -> None:
        if not self._is(sign):
            self._refuse(f"'{sign}'")
        self._next += 1

    def end(self) -> None:
        if self._tokens[self._next].kind != "end":
            self._refuse("the end: one output, two inputs")

    def _rank(self) -> tuple[EinsumTerm, ...]:
        terms = [self._term()]
        while self._is("+"):
            self._next += 1
            terms.append(self._term())
        return tuple(terms)

    def _term(self) -> EinsumTerm:
        first = self._operand()
        if not self._is("*"):
            return EinsumTerm(_dimension(first), 1, first.place)
        self._next += 1
        second = self._operand()
        factor, dimension = (second, first) if len(first.text) == 1 and first.kind == "name" else (first, second)
        return EinsumTerm(_dimension(dimension), _factor(factor), dimension.place)

    def _operand(self) -> _Token:
        kind = "number" if self._tokens[self._next].kind == "number" else "name"
        return self._take(kind, "a dimension")

    def _is(self, sign: str) -> bool:
        token = self._tokens[self._next]
        return token.kind == "sign" and token.text == sign

    def _take(self, kind: str, wanted: str) -> _Token:
        token = self._tokens[self._next]
        if token.kind != kind:
            self._refuse(wanted)
        self._next += 1
        return token

    def _refuse(self, wanted: str) -> None:
        token = self._tokens[self._next]
        found = f"'{token.text}' stands" if token.text else "the expression ends"
        raise SpecificationError(f"{found} where {wanted} is expected", where=at(token.place), expected=_EXAMPLE)


def _tokens(text: str) -> list[_Token]:
    tokens = []
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if text[place].isspace():
            place += 1
        elif found is None or found.lastgroup is None:
            raise SpecificationError(f"'{text[place]}' means nothing here", where=at(place + 1), expected=_EXAMPLE)
        else:
            tokens.append(_Token(found.lastgroup, found[0], place + 1))
            place = found.end()
    return [*tokens, _Token("end", "", len(text) + 1)]


def _dimension(token: _Token) -> str:
    if token.kind != "name" or len(token.text) > 1 or not token.text.isalpha() or not token.text.isascii():
        raise SpecificationError(
            f"'{token.text}' is not a dimension", where=at(token.place), expected="a single letter, as in Timeloop"
        )
    return token.text


def _factor(token: _Token) -> int | str:
    if token.kind == "number":
        if not 0 < int(token.text) <= _LARGEST:
            raise SpecificationError(
                f"the factor {token.text} is not positive", where=at(token.place), expected=f"1 to {_LARGEST}"
            )
        return int(token.text)
    if len(token.text) == 1:
        raise SpecificationError(
            f"'{token.text}' is a second dimension of one product",
            where=at(token.place),
            expected="a number, or a name of several letters",
        )
    return token.text


def _number(factor: int | str, factors: Mapping[str, int]) -> int:
    return factors[factor] if isinstance(factor, str) else factor


def _check(einsum: Einsum) -> None:
    names = [tensor.name for tensor in einsum.tensors]
    for number, tensor in enumerate(einsum.tensors):
        if tensor.name in names[:number]:
            raise SpecificationError(f"two tensors are called {tensor.name}", where=at(tensor.place))
        _check_once(tensor)
    for rank in einsum.output.ranks:
        if len(rank) > 1 or rank[0].factor != 1:
            raise SpecificationError(
                f"the output {einsum.output.name} slides along {rank[0].dimension}",
                where=at(rank[0].place),
                expected="plain dimensions in the output",
                hint="layer=conv_transposed for a transposed convolution",
            )
    read = {*einsum.first.dimensions, *einsum.second.dimensions}
    for term in einsum.output.terms:
        if term.dimension not in read:
            raise SpecificationError(f"no input has the output's dimension {term.dimension}", where=at(term.place))


def _check_once(tensor: EinsumTensor) -> None:
    for number, term in enumerate(tensor.terms):
        if term.dimension in tensor.dimensions[:number]:
            raise SpecificationError(
                f"{term.dimension} stands twice in {tensor.name}",
                where=at(term.place),
                expected="each dimension at most once in a tensor",
            )
