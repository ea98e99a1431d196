"""Which values of an architecture each part of a template may depend on, read off its source.

A part is a piece of the text or an output at the top level of a template. What a name may depend on is collected over
the whole template and everything that it imports, whatever the order, so a part depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import jinja2
from jinja2 import nodes

ARCH, BITS = "arch", "bits"
_SAME_FOR_ALL = ("sizes", "coefficients", "true", "false", "none", "True", "False", "None")
_PURE = ("range", "dict")
_PURE_METHODS = ("format", "join", "lower", "upper", "strip", "split", "replace", "startswith", "endswith")
_HARMLESS = (
    *(nodes.BinExpr, nodes.UnaryExpr, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.Const, nodes.List),
    *(nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword, nodes.Concat, nodes.Slice, nodes.Test, nodes.Filter),
    *(nodes.TemplateData, nodes.Getattr, nodes.Getitem, nodes.Output),
)


class UnknownReadsError(Exception):
    """A template does something whose dependencies cannot be told."""


def inlined(environment: jinja2.Environment, name: str, _above: tuple[str, ...] = ()) -> list[nodes.Node]:
    """The statements of a template, those of what it includes in their places.

    Raises:
        UnknownReadsError: what is included is not known beforehand.
    """
    if name in _above:
        raise UnknownReadsError(f"{name} includes itself")
    statements: list[nodes.Node] = []
    for one in parsed(environment, name).body:
        if isinstance(one, nodes.Include):
            if not isinstance(one.template, nodes.Const) or not one.with_context:
                raise UnknownReadsError("include")
            statements += inlined(environment, one.template.value, (*_above, name))
        else:
            statements.append(one)
    return statements


def parsed(environment: jinja2.Environment, name: str) -> nodes.Template:
    """A template's source as a tree."""
    assert environment.loader is not None
    source, file, _ = environment.loader.get_source(environment, name)
    return environment.parse(source, name, file)


class TemplateReads:
    """What the statements of a template read of the architecture."""

    def __init__(
        self, environment: jinja2.Environment, statements: Sequence[nodes.Node], functions: Iterable[str]
    ) -> None:
        """Collect what every name may depend on.

        Args:
            environment: finds what is imported.
            statements: as :func:`inlined` gives them.
            functions: names of functions whose results depend on their arguments alone.

        Raises:
            UnknownReadsError: a statement's dependencies cannot be told.
        """
        self._environment = environment
        self._functions = frozenset(functions) | frozenset(_PURE)
        self._names: dict[str, frozenset[str]] = {}
        self._macros: dict[str, frozenset[str]] = {}
        self._modules: dict[str, list[nodes.Node]] = {}
        before: object = None
        while before != (self._names, self._macros):
            before = (dict(self._names), dict(self._macros))
            for one in statements:
                self.of(one)

    def of(  # noqa: PLR0911 - one for each kind of node
        self, node: nodes.Node, control: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        """Keys of the architecture on which a statement's output, or its failing, may depend; ``bits`` are another."""
        match node:
            case nodes.Name():
                return self._name(node)
            case nodes.Getattr(node=nodes.Name(name="arch")):
                return frozenset((node.attr,))
            case nodes.Getitem(node=nodes.Name(name="arch"), arg=nodes.Const(value=str(key))):
                return frozenset((key,))
            case nodes.Getattr(node=nodes.Name(name=name)) if name in self._modules:
                return self._of_module(node.attr)
            case nodes.Call():
                return self._call(node)
            case nodes.Assign() | nodes.AssignBlock():
                inside = [node.node] if isinstance(node, nodes.Assign) else [*node.body, *filter(None, [node.filter])]
                return self._assign(node.target, control | self._all(inside, control))
            case nodes.If():
                control = control | self.of(node.test)
                return control | self._all([*node.body, *node.elif_, *node.else_], control)
            case nodes.For():
                return self._loop(node, control)
            case nodes.Macro():
                own = self._all([*node.defaults, *node.body], control)
                self._macros[node.name] = self._macros.get(node.name, frozenset()) | own
                return frozenset()
            case nodes.Import(template=nodes.Const(value=str(file))):
                return self._import(node.target, file)
            case nodes.Filter(name="random"):
                raise UnknownReadsError("random")
            case _ if isinstance(node, _HARMLESS):
                return self._all(node.iter_child_nodes(), control)
        raise UnknownReadsError(type(node).__name__)

    def _all(self, listed: Iterable[nodes.Node], control: frozenset[str] = frozenset()) -> frozenset[str]:
        return frozenset().union(*(self.of(one, control) for one in listed))

    def _name(self, node: nodes.Name) -> frozenset[str]:
        if node.name == ARCH:
            raise UnknownReadsError("arch as a whole")
        if node.name == BITS:
            return frozenset((BITS,))
        known = node.name in self._names or node.name in self._macros or node.name in _SAME_FOR_ALL
        if not known and node.name not in self._functions and node.name not in self._modules:
            # A macro's argument, which counts where it is given, or a name that does not exist.
            return frozenset()
        return self._names.get(node.name, frozenset()) | self._macros.get(node.name, frozenset())

    def _call(self, node: nodes.Call) -> frozenset[str]:
        match node.node:
            case nodes.Name(name=name) if name in self._functions or name in self._macros:
                own = self._macros.get(name, frozenset())
            case nodes.Getattr(node=nodes.Name(name=name)) if name in self._modules:
                own = self.of(node.node)
            case nodes.Getattr(attr=attr) if attr in _PURE_METHODS:
                own = self.of(node.node.node)
            case nodes.Name(name=name) if name not in ("namespace", "cycler", "joiner", "lipsum", "caller"):
                own = frozenset()  # a macro further down: known in the next round, else an error of the template's
            case _:
                raise UnknownReadsError("call")
        given = [*node.args, *node.kwargs, *filter(None, (node.dyn_args, node.dyn_kwargs))]
        return own | self._all(given)

    def _assign(self, target: nodes.Node, reads: frozenset[str]) -> frozenset[str]:
        for name in _assigned(target):
            if name in (ARCH, BITS) or name in _SAME_FOR_ALL:
                raise UnknownReadsError(f"{name} is set")
            self._names[name] = self._names.get(name, frozenset()) | reads
        return reads

    def _loop(self, node: nodes.For, control: frozenset[str]) -> frozenset[str]:
        control = control | self.of(node.iter) | self._all(filter(None, [node.test]))
        self._assign(node.target, control)
        self._names["loop"] = self._names.get("loop", frozenset()) | control
        return control | self._all([*node.body, *node.else_], control)

    def _import(self, target: str, file: str) -> frozenset[str]:
        if target not in self._modules:
            self._modules[target] = inlined(self._environment, file)
        return self._all(self._modules[target])

    def _of_module(self, name: str) -> frozenset[str]:
        if name not in self._macros and name not in self._names:
            return frozenset()  # known in the next round
        return self._macros.get(name, frozenset()) | self._names.get(name, frozenset())


def _assigned(target: nodes.Node) -> Iterator[str]:
    match target:
        case nodes.Name():
            yield target.name
        case nodes.Tuple():
            for item in target.items:
                yield from _assigned(item)
        case _:
            raise UnknownReadsError("a namespace is set")


def reads_of_parts(
    environment: jinja2.Environment, statements: Sequence[nodes.Node], functions: Mapping[str, object]
) -> list[frozenset[str]]:
    """For each statement the keys of the architecture on which it may depend.

    Raises:
        UnknownReadsError: that cannot be told.
    """
    reads = TemplateReads(environment, statements, functions)
    return [reads.of(one) for one in statements]
