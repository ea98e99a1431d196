"""Attributes of components: expressions evaluated over variables, enclosing containers and each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from launcher.specification.expressions import FUNCTIONS, evaluate_expression, is_name, names_in
from launcher.timeloop_files.levels import WHOLE_ATTRIBUTES
from launcher.timeloop_files.load import Quoted
from launcher.timeloop_files.node import YamlNode


class _Scope(Mapping[str, object]):
    """What the names in one component's attributes stand for; an attribute is evaluated when it is first needed."""

    def __init__(self, node: YamlNode, outer: Mapping[str, object]) -> None:
        self._children = dict(node.items())
        self._outer = outer
        self._done: dict[str, object] = {}
        self._open: list[str] = []

    def __getitem__(self, key: str) -> object:
        # An attribute that mentions its own name means the enclosing one: `width: width * 2`.
        if key not in self._children or (self._open and self._open[-1] == key):
            return self._outer[key]
        if key in self._done:
            return self._done[key]
        child = self._children[key]
        if key in self._open:
            raise child.error(f"attribute '{key}' depends on itself: {' -> '.join([*self._open, key])}")
        self._open.append(key)
        self._done[key] = _evaluated(key, child, self)
        self._open.pop()
        return self._done[key]

    def __contains__(self, key: object) -> bool:
        return (key in self._children and self._open[-1:] != [key]) or key in self._outer

    def __iter__(self) -> Iterator[str]:
        yield from self._children
        yield from (key for key in self._outer if key not in self._children)

    def __len__(self) -> int:
        return len(self._children.keys() | self._outer.keys())


def evaluate_attributes(node: YamlNode, names: Mapping[str, object]) -> dict[str, object]:
    """All attributes of a mapping, evaluated; null ones are left out.

    Args:
        node: the attributes as written.
        names: variables and attributes of enclosing containers.

    Raises:
        SpecificationError: names the expression, its place and the cause.
    """
    scope = _Scope(node, names)
    return {key: scope[key] for key, _ in node.items()}


def _evaluated(key: str, node: YamlNode, scope: Mapping[str, object]) -> object:
    value = node.value
    if isinstance(value, Quoted):
        value = str(value)
    elif isinstance(value, str):
        value = _expression(key, value, node, scope)
    elif isinstance(value, dict):
        return {name: _evaluated(name, child, scope) for name, child in node.items()}
    elif isinstance(value, list | tuple):
        return [_evaluated(key, child, scope) for child in node.list()]
    if key in WHOLE_ATTRIBUTES and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _expression(key: str, text: str, node: YamlNode, scope: Mapping[str, object]) -> object:
    """Value of an unquoted text: a known name, an expression over known names, or the text itself.

    Words such as ``LPDDR4`` or ``45nm`` are not expressions; a number-like attribute must be one.
    """
    if is_name(text):
        found = scope.get(text, text)
        return text if isinstance(found, Mapping) else found  # such as `spec`, of which only parts are values
    mentioned = names_in(text)
    known = any(name in scope for name in mentioned) or any(f"{function}(" in text for function in FUNCTIONS)
    if key in WHOLE_ATTRIBUTES or known or (not mentioned and _is_arithmetic(text)):
        return evaluate_expression(text, scope, str(node.place))
    return text


def _is_arithmetic(text: str) -> bool:
    return all(character in "0123456789.+-*/%() eE" for character in text)
