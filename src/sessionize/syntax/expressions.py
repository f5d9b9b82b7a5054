"""Expressions, as both readers read them: which use and binding each piece stands for, and in which order Python
evaluates it, which is not always the order of the text.

It imports no tree. What Python's and LibCST's name alike is read here, by methods named after the nodes; a reader takes
the other nodes apart and hands on the pieces.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Generic, TypeAlias, TypeVar

from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, CALL, DELETE, ITEM, KEPT, READ, SET, UNPACK, VALUE, Access
from sessionize.syntax.builder import Builder
from sessionize.syntax.parse import UnreadableError

E = TypeVar("E")  # an expression
# A parameter: its name, `param` or `params` (of `*args`, `**kwargs`), its annotation and its default.
Param: TypeAlias = tuple[str, str, E | None, E | None]
# A loop of a comprehension: its targets, values and conditions, and whether it is asynchronous.
Loop: TypeAlias = tuple[E, E, Sequence[E], bool]
# An argument of a call: its value, keyword and stars.
Given: TypeAlias = tuple[E, str | None, str]


@dataclass(slots=True, eq=False, repr=False)
class Expressions(Generic[E]):
    """Adds expressions to an outline, and remembers the nodes of its call sites.

    calls: by their number; references: names and attributes that are taken as values, by the tick of the use.
    """

    build: Builder
    calls: list[E] = field(default_factory=list)
    references: dict[int, E] = field(default_factory=dict)

    def sites(self, outline: o.Outline) -> Mapping[int, E]:
        """The nodes of the call sites of the outline that was built."""
        ticks = (call.tick for call in outline.calls)
        return {**self.references, **dict(zip(ticks, self.calls, strict=True))}

    @abstractmethod
    def expr(self, node: E, access: Access = VALUE, call: int = -1) -> v.Value:
        """Reads an expression whose value is then used in that way."""

    @abstractmethod
    def named(self, node: E) -> str | None:
        """The name, if the expression is one."""

    @abstractmethod
    def attr(self, node: Any) -> str:
        """The name behind the dot of an attribute."""

    @abstractmethod
    def elements(self, node: Any) -> Sequence[E]:
        """The elements of a list, tuple or set."""

    @abstractmethod
    def loops(self, node: Any) -> Sequence[Loop[E]]:
        """The loops of a comprehension, from the outer to the inner."""

    @abstractmethod
    def parameters(self, node: Any) -> Sequence[Param[E]]:
        """All parameters of a function or lambda in the order of their declaration."""

    @abstractmethod
    def subscript(self, node: E) -> v.Value:
        """Reads the brackets of an item; their value if that is one plain key."""

    def values(self, *nodes: E | None, access: Access = VALUE) -> v.Value:
        """Reads expressions of which the value is not known; those that are None are not there."""
        for node in nodes:
            if node is not None:
                self.expr(node, access)
        return v.OPAQUE

    # --- targets ------------------------------------------------------------------------------------------------------

    def target(self, node: Any, form: str, value: v.Value = v.OPAQUE) -> None:
        """Reads a target that an assignment, a loop, `with` or `del` binds, changes or deletes."""
        name = self.named(node)
        kind = type(node).__name__
        if name is not None:
            self.build.bind(name, form, value)
            if name == "__all__" and isinstance(value, v.Sequence):
                self.build.dunder_all |= {str(item.value) for item in value.items if isinstance(item, v.Const)}
        elif kind in ("Tuple", "List"):
            for element in self.elements(node):
                self.target(element, "del" if form == "del" else "unpack")
        elif kind in ("Attribute", "Subscript"):
            use = len(self.build.uses)
            match self.expr(node, DELETE if form == "del" else SET):
                case v.Attribute(v.Name(owner), attr) if form == "assign":
                    self.build.store(owner, attr, value)
                case v.Item(v.Name(), key):
                    self.build.change_key(use, key)
        else:  # `*rest`
            self.target(node.value, form)

    # --- expressions --------------------------------------------------------------------------------------------------

    def name(self, node: E, name: str, access: Access, call: int) -> v.Value:
        if access in KEPT:
            self.references[self.build.tick + 1] = node
        self.build.use(name, access, call)
        return v.Name(name)

    def Attribute(self, node: Any, access: Access, call: int) -> v.Value:
        attr = self.attr(node)
        self.build.attributes.add(attr)
        if access in KEPT:
            self.references[self.build.tick + 1] = node
        return v.Attribute(self.expr(node.value, access.behind(attr), call), attr)

    def called(self, node: E, func: E, args: Iterable[Given[E]], access: Access, into: int) -> v.Value:
        call = self.build.open_call(access, into)
        self.calls.append(node)
        callee = self.expr(func, CALL)
        read = []
        for arg, keyword, stars in args:
            value = self.expr(arg, UNPACK if stars else ARGUMENT, call)
            read.append(v.Argument(value, keyword, stars))
        return self.build.close_call(call, callee, tuple(read))

    def Subscript(self, node: Any, access: Access, call: int) -> v.Value:
        return v.Item(self.expr(node.value, access.behind(ITEM)), self.subscript(node))

    def List(self, node: Any, access: Access, call: int) -> v.Value:
        return v.Sequence(type(node).__name__.lower(), tuple(map(self.expr, self.elements(node))))

    Set = Tuple = List

    def dict_(self, items: Iterable[tuple[E | None, E]]) -> v.Value:
        read: list[tuple[v.Value | None, v.Value]] = []
        for key, value in items:
            if key is not None:
                read.append((self.expr(key, READ), self.expr(value)))
            else:
                read.append((None, self.expr(value, UNPACK)))
        return v.Dict(tuple(read))

    def binary(self, op: str | None, left: E, right: E) -> v.Value:
        """`op` is None where the operator is none of those that are known."""
        values = self.expr(left, READ), self.expr(right, READ)
        return v.Binary(op, *values) if op is not None else v.OPAQUE

    def boolean(self, op: str, first: E, others: Iterable[E], access: Access) -> v.Value:
        value = self.expr(first, access)
        before = value.values if isinstance(value, v.Check) and value.op == op else (value,)
        return v.Check(op, (*before, *[self.choice(access, other)[0] for other in others]))

    def comparison(self, left: E, others: Iterable[tuple[str, E]]) -> v.Value:
        """Reads `a < b < c`, of which `c` is evaluated only if `a < b`."""
        before = self.expr(left, READ)
        checks: list[v.Value] = []
        for op, other in others:
            value = self.choice(READ, other)[0] if checks else self.expr(other, READ)
            checks.append(v.Check(op, (before, value)))
            before = value
        return v.Check("and", tuple(checks)) if len(checks) > 1 else checks[0]

    def negation(self, operand: E) -> v.Value:
        return v.Check("not", (self.expr(operand, READ),))

    def IfExp(self, node: Any, access: Access, call: int) -> v.Value:
        self.expr(node.test, READ)
        self.choice(access, node.body, node.orelse)
        return v.OPAQUE

    def choice(self, access: Access, *branches: E) -> list[v.Value]:
        """Reads expressions of which at most one is evaluated."""
        self.build.open("choice")
        values = []
        for branch in branches:
            self.build.open("arm")
            values.append(self.expr(branch, access))
            self.build.close()
        self.build.close()
        return values

    def NamedExpr(self, node: Any, access: Access, call: int) -> v.Value:
        self.target(node.target, "walrus", self.expr(node.value))
        return v.OPAQUE

    def params(self, node: Any) -> list[tuple[str, str, v.Value, v.Value | None]]:
        """Reads the defaults of a function's parameters, then their annotations."""
        params = self.parameters(node)
        defaults = [self.expr(default) if default is not None else None for *_, default in params]
        read = []
        for (name, form, annotation, _), default in zip(params, defaults, strict=True):
            read.append((name, form, self.expr(annotation, READ) if annotation is not None else v.OPAQUE, default))
        return read

    def Lambda(self, node: Any, access: Access, call: int) -> v.Value:
        bound = self.params(node)
        self.build.open_scope("lambda", "lambda", "")
        for row in bound:
            self.build.bind_param(*row)
        self.expr(node.body)
        self.build.close_scope()
        return v.OPAQUE

    def pause(self, value: E | None) -> v.Value:
        self.values(value)
        self.build.pause()
        return v.OPAQUE

    def ListComp(self, node: Any, access: Access, call: int) -> v.Value:
        return self.comprehension(node, [node.elt], access)

    def GeneratorExp(self, node: Any, access: Access, call: int) -> v.Value:
        return self.comprehension(node, [node.elt], access, call, lazy=True)

    def DictComp(self, node: Any, access: Access, call: int) -> v.Value:
        # in Python 3.15's `{**more for more in all}` `more` is the key, and there is no value
        return self.comprehension(node, [node.key, node.value], access)

    SetComp = ListComp

    def comprehension(
        self, node: Any, elements: Iterable[E | None], access: Access, call: int = -1, *, lazy: bool = False
    ) -> v.Value:
        """`call`: the one that a generator, which is `lazy`, is handed to."""
        loops = self.loops(node)
        first = loops[0][1]
        value = self.expr(first, access if lazy else READ, call)  # a generator goes through it when it is gone through
        self.build.open("genexp" if lazy else "comp")
        self.build.describe(self.build.at, access=access, call=call)
        self.build.open_scope("generator" if lazy else "comprehension", "", "")
        for number, (target, values, conditions, pauses) in enumerate(loops):
            if number:
                value = self.expr(values, READ)
            if pauses:
                self.build.pause()
            self.target(target, "for", value)
            self.values(*conditions, access=READ)
        self.values(*elements)
        self.build.close_scope()
        self.build.close()
        return v.OPAQUE


class _Methods(dict[type, Callable[..., Any]]):
    def __missing__(self, node: type) -> Callable[..., Any]:
        raise UnreadableError(f"sessionize does not know the syntax {node.__name__} yet")


def by_type(reader: type, nodes: ModuleType, base: type | tuple[type, ...]) -> dict[type, Callable[..., Any]]:
    """The methods of a reader that are named after types of nodes, by type. UnreadableError for one without."""
    methods = _Methods()
    for name in dir(reader):
        node = getattr(nodes, name, None)
        if isinstance(node, type) and issubclass(node, base):
            methods[node] = getattr(reader, name)
    return methods


def operators(nodes: ModuleType) -> dict[type, str]:
    """The operators of interest as they are written, by type of node."""
    found = {}
    for op, names in _OPERATORS.items():
        found.update({getattr(nodes, name): op for name in names if hasattr(nodes, name)})
    return found


# By the names of their nodes, in Python's tree and in LibCST's.
_OPERATORS = {
    "and": ("And",),
    "or": ("Or",),
    "==": ("Eq", "Equal"),
    "!=": ("NotEq", "NotEqual"),
    "is": ("Is",),
    "is not": ("IsNot",),
    "<": ("Lt", "LessThan"),
    "<=": ("LtE", "LessThanEqual"),
    ">": ("Gt", "GreaterThan"),
    ">=": ("GtE", "GreaterThanEqual"),
    "in": ("In",),
    "not in": ("NotIn",),
    "+": ("Add",),
    "%": ("Mod", "Modulo"),
    "*": ("Mult", "Multiply"),
    "|": ("BitOr",),
}
