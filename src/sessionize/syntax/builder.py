"""The building of an outline, in the order in which Python evaluates what a reader reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from sessionize.syntax.access import VALUE, Access
from sessionize.syntax.outline import Bind, CallSite, Outline, Part, Pause, Scope, Spelled, Store, Use
from sessionize.syntax.values import OPAQUE, Argument, Call, Const, Hole, Imported, Join, Name, Value

_UNREAD = Call(OPAQUE, ())


@dataclass(slots=True, eq=False, repr=False)
class Builder:
    """Collects an outline in evaluation order. A reader opens scopes and parts, and reports what stands in them."""

    scopes: list[Scope] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    binds: list[Bind] = field(default_factory=list)
    calls: list[CallSite] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    spelled: list[Spelled] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
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
        self, part: int, *, value: Value = OPAQUE, exhaustive: bool = False, access: Access = VALUE, call: int = -1
    ) -> None:
        """Adds what is known of a part only once its inside has been read."""
        self.parts[part] = self.parts[part]._replace(value=value, exhaustive=exhaustive, access=access, call=call)

    def declare(self, kind: str, names: list[str]) -> None:
        """`global` or `nonlocal` names of the current scope."""
        scope = self.scopes[self.scope]
        if kind == "global":
            scope = scope._replace(globals=scope.globals.union(names))
        else:
            scope = scope._replace(nonlocals=scope.nonlocals.union(names))
        self.scopes[self.scope] = scope

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
        pieces = value.parts if isinstance(value, Join) else (value,)
        for piece in pieces:
            if isinstance(piece, Const):
                self.spell(piece.value)
        first = pieces[0] if pieces else OPAQUE
        if isinstance(first, Const) and isinstance(first.value, str):
            word = first.value.partition(" ")[0]
            if word.isidentifier():
                self.attributes.add(word)
        if isinstance(value, Join):
            text = ""
            for left, right in pairwise(pieces):
                if isinstance(left, Const) and isinstance(right, Hole) and not right.plain:
                    text += str(left.value)
            if "=" in text:
                self.spelled.append(Spelled(start, self.tick, text))
        return value

    def spell(self, value: object) -> None:
        """A constant; only texts, or bytes, are of interest."""
        if isinstance(value, str | bytes) and self.parts[self.at].kind != "docstring":
            self.texts.add(value if isinstance(value, str) else value.decode("latin-1"))

    def import_module(self, path: str, alias: str | None) -> None:
        """`import path [as alias]`; without an alias it binds the first name of the path."""
        self.modules.add(path)
        bound = path if alias else path.partition(".")[0]
        self.bind(alias or bound, "import", Imported(bound))

    def import_from(self, module: str, name: str, alias: str | None) -> None:
        path = f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
        self.modules.add(path)
        if alias == name:  # `import get as get`: for others to import, as in `__all__`
            self.dunder_all.add(name)
        self.bind(alias or name, "import", Imported(path, is_from=True))

    def import_star(self, module: str) -> None:
        self.bind("*", "star", Imported(module))

    def open_call(self, access: Access, into: int) -> int:
        """The id of a call whose function and arguments are about to be read."""
        self.calls.append(CallSite(0, self.at, self.scope, _UNREAD, self.tick, access, into))
        return len(self.calls) - 1

    def close_call(self, call: int, func: Value, args: tuple[Argument, ...]) -> Call:
        value = Call(func, args)
        site = self.calls[call]
        self.calls[call] = CallSite(self._next(), self.at, self.scope, value, site.start, site.access, site.into)
        return value

    def store(self, name: str, attr: str, value: Value) -> None:
        self.stores.append(Store(self._next(), self.at, self.scope, name, attr, value))

    def pause(self) -> None:
        self.pauses.append(Pause(self._next(), self.at))

    def begin_cell(self) -> None:
        """A comment `# %%` between two statements of the module: the cell above may be run without the one below."""
        self.pause()
        self.cells.append(self.tick)

    def finish(self) -> Outline:
        return Outline(
            tuple(self.scopes),
            tuple(self.parts),
            tuple(self.uses),
            tuple(self.binds),
            tuple(self.calls),
            tuple(self.pauses),
            tuple(self.cells),
            tuple(self.stores),
            tuple(self.spelled),
            frozenset(self.attributes),
            frozenset(self.texts),
            frozenset(self.modules),
            frozenset(self.dunder_all),
            self._next(),
        )
