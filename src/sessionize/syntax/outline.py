"""A file as frozen plain values: its scopes, control structure, names, bindings and calls, and no syntax node.

Whatever reads a file (`read_ast`, `read_cst`) builds an `Outline` through `Builder`; everything that decides works on
the outline alone. So decisions can be tested without a tree, and the two readers can be held equal.

A *part* is a piece of control structure: a statement, or a block of statements. A part's id is its place in
`Outline.parts`, and the same holds for scopes and calls. A *tick* orders everything as Python evaluates it. A *call
site* is a call, or a name or attribute that is taken as a value and may be called elsewhere; its id is its tick.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from sessionize.syntax.access import VALUE, Access

# --- values: what an expression says, as far as a decision may lean on it ---------------------------------------------


@dataclass(frozen=True, slots=True)
class Const:
    """A literal. `kind` is its type's name, so that `True` and `1` differ."""

    value: object
    kind: str


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Attribute:
    value: Value
    attr: str


@dataclass(frozen=True, slots=True)
class Item:
    """`value[key]`."""

    value: Value
    key: Value


@dataclass(frozen=True, slots=True)
class Hole:
    """`{value}` in an f-string; `plain` without a conversion or format."""

    value: Value
    plain: bool


@dataclass(frozen=True, slots=True)
class Join:
    """An f-string."""

    parts: tuple[Const | Hole, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """`left + right`, or with `%`, `*` or `|`."""

    op: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Dict:
    """A dict display; a key of None stands for `**value`."""

    items: tuple[tuple[Value | None, Value], ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list, tuple or set display; `kind` says which."""

    kind: str
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    value: Value
    keyword: str | None
    stars: str


@dataclass(frozen=True, slots=True)
class Call:
    func: Value
    args: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import binds: `requests`, or `requests.get` for `from requests import get`, which is_from tells from
    `import requests.get as get`."""

    path: str
    is_from: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Opaque:
    """Any other expression. Two of them are never known to be the same."""


Value: TypeAlias = Const | Name | Attribute | Item | Hole | Join | Binary | Dict | Sequence | Call | Imported | Opaque


@dataclass(frozen=True, slots=True)
class Check(Opaque):
    """`a == b` or another comparison, `a and b and c`, `a or b`, `not a`: opaque but for its truth."""

    op: str
    values: tuple[Value, ...]


OPAQUE = Opaque()
NONE = Const(None, "NoneType")
_EMPTY = Const("", "str")


def last_name(value: Value) -> str:
    """The name behind the last dot of a name or attribute; empty for anything else."""
    return value.attr if isinstance(value, Attribute) else value.name if isinstance(value, Name) else ""


def within(value: Value) -> Iterator[Value]:
    """A value and all that it is made of, in the order of the text."""
    todo: list[Value | None] = [value]
    while todo:
        match todo.pop():
            case Attribute(value=inner) | Hole(value=inner) as found:
                todo.append(inner)
            case Item(value=inner, key=key) as found:
                todo += (key, inner)
            case Dict(items=pairs) as found:
                todo += [part for pair in reversed(pairs) for part in reversed(pair)]
            case Sequence(items=parts) | Join(parts=parts) as found:
                todo += reversed(parts)
            case Binary(left=left, right=right) as found:
                todo += (right, left)
            case Call(func=func, args=args) as found:
                todo += [*(arg.value for arg in reversed(args)), func]
            case None:
                continue
            case found:
                pass
        yield found


def names_in(value: Value) -> list[str]:
    """The names in a value."""
    return [inner.name for inner in within(value) if isinstance(inner, Name)]


def is_known(value: Value) -> bool:
    """Whether the outline says all that a value is made of: nothing in it is opaque, as `a or b` is."""
    return not any(isinstance(inner, Opaque) for inner in within(value))


def checked(value: Value) -> Iterator[Value]:
    """A test and all that its truth is made of."""
    if isinstance(value, Check):
        for inner in value.values:
            yield from checked(inner)
    else:
        yield from within(value)


def dotted(value: Value) -> str:
    """Names joined by dots as they are written; empty for anything else."""
    return f"{dotted(value.value)}.{value.attr}" if isinstance(value, Attribute) else last_name(value)


def joined(parts: list[Value]) -> Value:
    """The value of adjacent string pieces: a `Const` where all are plain, else a `Join` of merged pieces."""
    pieces: list[Const | Hole] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Join) else (part,):
            last = pieces[-1] if pieces else None
            if not isinstance(piece, Const | Hole):
                return OPAQUE
            if isinstance(piece, Const) and isinstance(last, Const) and piece.kind == last.kind:
                pieces[-1] = Const(last.value + piece.value, piece.kind)  # type: ignore[operator]
            elif last is None or piece != _EMPTY:
                pieces.append(piece)
    if len(pieces) == 1 and isinstance(pieces[0], Const):
        return pieces[0]
    return Join(tuple(pieces))


# --- rows -------------------------------------------------------------------------------------------------------------


class Scope(NamedTuple):
    kind: str  # module | function | lambda | class | comprehension | generator
    name: str
    parent: int  # scope id; -1 for the module
    root: int  # the part that is its body
    part: int  # the part in which it is defined; -1 for the module
    decorators: tuple[Value, ...] = ()
    bases: tuple[Value, ...] = ()  # of a class, keywords such as `metaclass=` included
    globals: frozenset[str] = frozenset()
    nonlocals: frozenset[str] = frozenset()


class Part(NamedTuple):
    """A statement or a block.

    kind: a statement is `simple`, a `docstring`, `return`, `raise`, `break`, `continue`, `if`, `for`, `while`, `try`,
    `with`, `match`, `def` or `class`; inside expressions there are `choice` (a conditional or short-circuit), `comp`
    and `genexp`. A block is a `body`, the `turn` of a loop, an `arm` (`if`, `match`, `choice`), an `else` (of a loop or
    try), a `handler` or a `finally`.

    form: of a block, `lines` (a suite on lines of its own) or `inline` (`if x: a; b`), else empty: no statement can be
    put there. Of a statement, `joined` if a `;` sets it behind another on the same line.
    """

    tick: int
    kind: str
    parent: int  # part id; -1 for the body of a module, function or lambda
    scope: int
    form: str = ""
    test: Value = OPAQUE  # of `if` and `while`
    exhaustive: bool = False  # of `match`: the last case takes everything
    access: Access = VALUE  # of `genexp`: the way it is used
    call: int = -1  # of `genexp`: the call that it is handed to


class Use(NamedTuple):
    """A name that is read, or of which something is changed: `name`, `name.x = 1`."""

    tick: int
    part: int
    scope: int
    name: str
    access: Access
    key: Value = OPAQUE  # of the item that is set or deleted
    call: int = -1  # that it, or its attribute, is handed to


class Bind(NamedTuple):
    """A name that is bound.

    form: assign, param, params (of `*args`, `**kwargs`), import, star, for, with, except, def, class, augment, del,
    walrus, match, unpack, declare (an annotation alone) or type.
    """

    tick: int
    part: int
    scope: int
    name: str
    form: str
    value: Value = OPAQUE


class Store(NamedTuple):
    """`name.attr = value`."""

    tick: int
    part: int
    scope: int
    name: str
    attr: str
    value: Value


class CallSite(NamedTuple):
    """A call; its tick is when it runs, after its arguments were evaluated from `start` on."""

    tick: int
    part: int
    scope: int
    value: Call
    start: int
    access: Access  # the way its result is used
    into: int  # the call that its result is handed to


class Spelled(NamedTuple):
    """An f-string with `{value=}` in it: it shows `text`, and what it is made of runs between the ticks."""

    start: int
    end: int
    text: str


class Pause(NamedTuple):
    """An `await` or a `yield`: other code runs here."""

    tick: int
    part: int


class Outline(NamedTuple):
    scopes: tuple[Scope, ...]
    parts: tuple[Part, ...]
    uses: tuple[Use, ...]
    binds: tuple[Bind, ...]
    calls: tuple[CallSite, ...]
    pauses: tuple[Pause, ...]
    stores: tuple[Store, ...]
    spelled: tuple[Spelled, ...]
    attributes: frozenset[str]  # every name behind a dot, and the first word of every string: it could be one
    modules: frozenset[str]  # the paths of all that is imported
    dunder_all: frozenset[str]  # the strings of `__all__`, and names imported `as` themselves
    end: int  # a tick behind all others


# The row and column of the start and of the first character behind, from 1 on, in characters.
Span: TypeAlias = tuple[tuple[int, int], tuple[int, int]]


# --- building ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Builder:
    """Collects an outline in evaluation order. A reader opens scopes and parts, and reports what stands in them."""

    scopes: list[Scope] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    binds: list[Bind] = field(default_factory=list)
    calls: list[CallSite | tuple[int, Access, int]] = field(default_factory=list)  # a tuple where one is still open
    pauses: list[Pause] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    spelled: list[Spelled] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    dunder_all: set[str] = field(default_factory=set)
    tick: int = 0
    at: int = -1  # the part being read
    scope: int = -1

    def _next(self) -> int:
        self.tick += 1
        return self.tick

    def open(self, kind: str, form: str = "") -> None:
        """Begins a part within the one that is being read."""
        self.parts.append(Part(self._next(), kind, self.at, self.scope, form))
        self.at = len(self.parts) - 1

    def close(self) -> None:
        """Ends the part that was opened last."""
        self.at = self.parts[self.at].parent

    def open_scope(
        self, kind: str, name: str, form: str, decorators: tuple[Value, ...] = (), bases: tuple[Value, ...] = ()
    ) -> None:
        """Begins a scope and the block that is its body: run in place in a class or comprehension, else if called."""
        self.scopes.append(Scope(kind, name, self.scope, len(self.parts), self.at, decorators, bases))
        self.scope = len(self.scopes) - 1
        if kind not in ("class", "comprehension", "generator"):
            self.at = -1
        self.open("turn" if kind in ("comprehension", "generator") else "body", form)

    def close_scope(self) -> None:
        scope = self.scopes[self.scope]
        self.scope, self.at = scope.parent, scope.part

    def describe(
        self, part: int, *, test: Value = OPAQUE, exhaustive: bool = False, access: Access = VALUE, call: int = -1
    ) -> None:
        """Adds what is known of a part only once its inside has been read."""
        self.parts[part] = self.parts[part]._replace(test=test, exhaustive=exhaustive, access=access, call=call)

    def declare(self, kind: str, names: list[str]) -> None:
        """`global` or `nonlocal` names of the current scope."""
        scope = self.scopes[self.scope]
        declared = frozenset(names)
        self.scopes[self.scope] = (
            scope._replace(globals=scope.globals | declared)
            if kind == "global"
            else scope._replace(nonlocals=scope.nonlocals | declared)
        )

    def use(self, name: str, access: Access, call: int = -1) -> None:
        self.uses.append(Use(self._next(), self.at, self.scope, name, access, OPAQUE, call))

    def change_key(self, use: int, key: Value) -> None:
        """Adds the key, read only now, to the change of an item."""
        self.uses[use] = self.uses[use]._replace(key=key)

    def bind(self, name: str, form: str, value: Value = OPAQUE) -> None:
        scope = self.scope
        if form == "walrus":  # binds in the scope around all comprehensions (PEP 572)
            while self.scopes[scope].kind in ("comprehension", "generator"):
                scope = self.scopes[scope].parent
        self.binds.append(Bind(self._next(), self.at, scope, name, form, value))

    def bind_param(self, name: str, form: str, annotation: Value, default: Value | None) -> None:
        """A parameter; its value is the name of its type, if that is plain and the default is a literal of it."""
        plain = form == "param" and isinstance(annotation, Name)
        fits = default is None or (isinstance(default, Const) and Name(default.kind) == annotation)
        self.bind(name, form, annotation if plain and fits else OPAQUE)

    def text(self, value: Value, start: int = 0) -> Value:
        """A string, read from the tick `start` on: it could be the name of an attribute, or show its own source."""
        first = value.parts[0] if isinstance(value, Join) and value.parts else value
        if isinstance(first, Const) and isinstance(first.value, str):
            word = first.value.partition(" ")[0]
            if word.isidentifier():
                self.attributes.add(word)
        if isinstance(value, Join):
            before = [left for left, right in pairwise(value.parts) if isinstance(right, Hole) and not right.plain]
            text = "".join(str(left.value) for left in before if isinstance(left, Const))
            if "=" in text:
                self.spelled.append(Spelled(start, self.tick, text))
        return value

    def import_module(self, path: str, alias: str | None) -> None:
        """`import path [as alias]`; without an alias it binds the first name of the path."""
        self.modules.add(path)
        self.bind(alias or path.partition(".")[0], "import", Imported(path if alias else path.partition(".")[0]))

    def import_from(self, module: str, name: str, alias: str | None) -> None:
        self.modules.add(f"{module}.{name}")
        if alias == name:  # `import get as get`: for others to import, as in `__all__`
            self.dunder_all.add(name)
        self.bind(alias or name, "import", Imported(f"{module}.{name}", is_from=True))

    def import_star(self, module: str) -> None:
        self.bind("*", "star", Imported(module))

    def open_call(self, access: Access, into: int) -> int:
        """The id of a call whose function and arguments are about to be read."""
        self.calls.append((self.tick, access, into))
        return len(self.calls) - 1

    def close_call(self, call: int, func: Value, args: tuple[Argument, ...]) -> Call:
        value = Call(func, args)
        opened = self.calls[call]
        assert not isinstance(opened, CallSite)
        self.calls[call] = CallSite(self._next(), self.at, self.scope, value, *opened)
        return value

    def store(self, name: str, attr: str, value: Value) -> None:
        self.stores.append(Store(self._next(), self.at, self.scope, name, attr, value))

    def pause(self) -> None:
        self.pauses.append(Pause(self._next(), self.at))

    def finish(self) -> Outline:
        calls = tuple(call for call in self.calls if isinstance(call, CallSite))
        return Outline(
            tuple(self.scopes),
            tuple(self.parts),
            tuple(self.uses),
            tuple(self.binds),
            calls,
            tuple(self.pauses),
            tuple(self.stores),
            tuple(self.spelled),
            frozenset(self.attributes),
            frozenset(self.modules),
            frozenset(self.dunder_all),
            self._next(),
        )
