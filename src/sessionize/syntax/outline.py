"""A file as frozen plain values: its scopes, control structure, names, bindings and calls, and no syntax node.

Whatever reads a file (`read_ast`, `read_cst`) builds an `Outline` through `Builder`; everything that decides works on
the outline alone. So decisions can be tested without a tree, and the two readers can be held equal.

A *part* is a piece of control structure: a statement, or a block of statements. A part's id is its place in
`Outline.parts`, and the same holds for scopes and calls. A *tick* orders everything as Python evaluates it. A *call
site* is a call, or a name or attribute that is taken as a value and may be called elsewhere; its id is its tick.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from sessionize.syntax.access import VALUE, Access
from sessionize.syntax.values import OPAQUE, Call, Value, last_name


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
    value: Value = OPAQUE  # the test of `if` and `while`, and what a `return` gives
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

    @property
    def name(self) -> str:
        """The last name of what is called: `get` of `requests.get(url)`."""
        return last_name(self.value.func)


class Spelled(NamedTuple):
    """An f-string with `{value=}` in it: it shows `text`, and what it is made of runs between the ticks."""

    start: int
    end: int
    text: str


class Pause(NamedTuple):
    """An `await`, a `yield`, or the end of a cell: other code runs here."""

    tick: int
    part: int


class Outline(NamedTuple):
    scopes: tuple[Scope, ...]
    parts: tuple[Part, ...]
    uses: tuple[Use, ...]
    binds: tuple[Bind, ...]
    calls: tuple[CallSite, ...]
    pauses: tuple[Pause, ...]
    cells: tuple[int, ...]  # the ticks at which a comment `# %%` begins another cell of a script
    stores: tuple[Store, ...]
    spelled: tuple[Spelled, ...]
    attributes: frozenset[str]  # every name behind a dot, and the first word of every string: it could be one
    texts: frozenset[str]  # the plain pieces of every string that is no docstring
    modules: frozenset[str]  # the paths of all that is imported
    dunder_all: frozenset[str]  # the strings of `__all__`, and names imported `as` themselves
    end: int  # a tick behind all others

    def parts_around(self, part: int) -> Iterator[int]:
        """The part itself and the parts around it, up to its frame."""
        while part != -1:
            yield part
            part = self.parts[part].parent

    def outer(self, part: int) -> int:
        """The part around a part, out of a function body too; -1 around the module."""
        row = self.parts[part]
        return row.parent if row.parent != -1 else self.scopes[row.scope].part

    def statement_in(self, block: int, part: int) -> int:
        """The statement of a block in which a part stands, through functions, lambdas and classes."""
        while self.parts[part].parent != block:
            part = self.outer(part)
        return part

    def scopes_around(self, scope: int) -> Iterator[int]:
        """The scope itself and those around it."""
        while scope != -1:
            yield scope
            scope = self.scopes[scope].parent


# The row and column of the start and of the first character behind, from 1 on, in characters.
Span: TypeAlias = tuple[tuple[int, int], tuple[int, int]]
