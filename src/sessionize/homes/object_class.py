"""A class whose objects make calls: its bases, its subclasses, and what its `__init__` may run."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cached_property
from itertools import chain

from sessionize.analysis.closure import closure
from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, Access

_PLAIN_BASES = frozenset({"object", "ABC", "ABCMeta", "Generic"})
ATTRS = frozenset({"attrs", "attr", "define", "frozen", "mutable", "s", "attributes"})
_GENERATING = ATTRS | {"dataclass"}  # decorators that write an `__init__`, which calls no other


class ObjectClass:
    def __init__(self, facts: Facts, owner: int, calls: Sequence[BareCall]) -> None:
        """calls: those that a session of the objects is to serve."""
        self.facts = facts
        self.outline = facts.outline
        self.tables = facts.tables
        self.steady = facts.steady(owner)
        self.names = facts.names
        self.calls = calls
        self.owner = owner
        self.row = self.outline.scopes[owner]
        self.body = {bind.name: bind for bind in self.tables.binds_in.get(owner, ())}
        self.family = (owner, *sorted(facts.classes.ancestry(owner)))
        self.rows = [self.outline.scopes[scope] for scope in self.family]
        self.below = (owner, *facts.classes.descendants[owner])
        self.related = (*self.family, *self.below[1:])
        self.data = next((d for d in self.row.decorators if name_of(d) == "dataclass"), None)
        self.based = bool(bases_of(self.row))

    def inherited(self, name: str) -> o.Bind | None:
        """The binding of a name in the body of the class, or of one that it is derived from."""
        for scope in self.family:
            if binds := self.names.binds(scope, name):
                return binds[-1]
        return None

    @cached_property
    def scopes(self) -> dict[int, int]:
        """The scopes of the methods and classes inside, by the statement that defines them."""
        return {self.outline.scopes[scope].part: scope for scope in self.tables.inner[self.owner]}

    def is_called(self, scope: int) -> bool:
        """Tell whether this file makes objects of a class."""
        row = self.outline.scopes[scope]
        return bool(self.facts.graph.calls[row.parent, row.name])

    def inits(self) -> list[o.Bind]:
        """The bindings of `__init__` but those for type checkers: `@overload`."""
        found = []
        for bind in self.names.binds(self.owner, "__init__"):
            decorators = self.outline.scopes[self.scopes[bind.part]].decorators if bind.form == "def" else ()
            if "overload" not in map(v.last_name, decorators):
                found.append(bind)
        return found

    def _init_scopes(self, cls: int) -> list[int]:
        """The scopes of the `__init__` methods of a class."""
        return [scope for scope in self.tables.inner[cls] if self.outline.scopes[scope].name == "__init__"]

    def init_calls(self, scope: int) -> dict[int, o.CallSite]:
        """The calls of another `__init__` in an `__init__`, with their ids."""
        return self.tables.init_calls[self.outline.scopes[scope].root]

    def object_uses(self, scope: int) -> list[o.Use]:
        """The uses of the object in a method."""
        method = self.facts.graph.method(scope)
        return self.names.uses(scope, method.instance) if method is not None else []

    def skips_init(self, subclass: int) -> bool:
        """Tell whether a subclass's `__init__` may not call another one, or uses the object before it does."""
        row = self.outline.scopes[subclass]
        generated = self.data is None and _GENERATING.intersection(map(name_of, row.decorators))
        if generated or len(bases_of(row)) > 1:  # of several bases, one's `__init__` may hide the other's
            return True
        if not self.names.forms(subclass, "__init__") <= {"def"}:
            return True
        return any(map(self._uses_object_first, self._init_scopes(subclass)))

    def _uses_object_first(self, init: int) -> bool:
        root, parts = self.outline.scopes[init].root, self.outline.parts
        others = self.init_calls(init)
        left = min(self.tables.returns_in.get(init, (len(parts),)))
        surely = [call.tick for call in others.values() if parts[call.part].parent == root and call.part < left]
        first = min(surely, default=-1)
        for use in self.object_uses(init):
            if use.tick < first and use.call not in others and _may_call(use.access):
                return True
        return not surely

    @cached_property
    def has_strangers(self) -> bool:
        """True if a base is not in this file."""
        known = self.tables.names_of(self.family[1:])
        return not known.issuperset(chain.from_iterable(map(bases_of, self.rows)))

    def calls_back(self) -> bool:
        """Tell whether the `__init__` of a base in this file may use the session."""
        for base in self.family[1:]:
            for init in self._init_scopes(base):
                others = self.init_calls(init)
                for use in self.object_uses(init):
                    if self.may_run_call(use, others, self.leading):
                        return True
        return False

    def may_run_call(self, use: o.Use, others: Container[int], attributes: Container[str]) -> bool:
        """Tell whether a use of the object may run one of the calls.

        others: calls of another `__init__`, which may be handed the object: `Base.__init__(self)`.
        attributes: those that may be properties.
        """
        if use.access == ARGUMENT and use.call in others:
            return False
        read = use.access.attribute if len(use.access.steps) > 1 or not use.access.assigns else ""
        return (_may_call(use.access) or read in attributes) and not self._is_harmless(use)

    def _is_harmless(self, use: o.Use) -> bool:
        """Tell whether a use of the object is known to run none of the calls.

        It is `super(Name, self)`, or calls a method of this file that leads to none, or asks a base elsewhere for
        something: `self.key = self.get_param("key")`, but not `self.start()`, which may call a method of this class.
        """
        called = use.access.method
        bind = self.inherited(called) if called else None
        if bind is not None and bind.form == "def":
            return called not in self.leading
        if called and bind is None and called not in self.tables.stores_of and self.has_strangers:
            asking = self.tables.calls_of(v.Attribute(v.Name(use.name), called))
            return all(site.access.keeps for site in asking if site.part == use.part)
        return use.call != -1 and self.facts.origins.paths[use.call] == "builtins.super"

    @cached_property
    def leading(self) -> set[str]:
        """The names of the functions of this file that may lead to the calls.

        The calls stand in them, or they name one of these, or no one knows that they name none.
        """
        around = {""}
        for call in self.calls:
            around |= self.tables.functions_around(call.site.scope)
        return closure(around, self.tables.functions_with.__getitem__) - {""}


def bases_of(row: o.Scope) -> list[str]:
    """The names of a class's bases that may have an `__init__`."""
    return [name for name in map(name_of, row.bases) if name not in _PLAIN_BASES]


def head(value: v.Value) -> v.Value:
    """`Generic` of `Generic[T]`, `dataclass` of `dataclass(frozen=True)`."""
    return value.value if isinstance(value, v.Item) else value.func if isinstance(value, v.Call) else value


def name_of(value: v.Value) -> str:
    """The last name of a base or a decorator: `dataclass` of `@dataclasses.dataclass(frozen=True)`."""
    return v.last_name(head(value))


def _may_call(access: Access) -> bool:
    """Tell whether a use of an object may run its methods: it is called, handed on, printed, gone through."""
    return not access.attribute or access.calls or (access.rebinds and not access.assigns)
