"""A class whose objects make calls: its bases, its subclasses, and what its `__init__` may run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts
from sessionize.syntax import outline as o
from sessionize.syntax.access import ARGUMENT, Access
from sessionize.syntax.outline import last_name

_PLAIN_BASES = frozenset({"object", "ABC", "ABCMeta", "Generic"})
ATTRS = frozenset({"attrs", "attr", "define", "frozen", "mutable", "s", "attributes"})
_GENERATING = ATTRS | {"dataclass"}  # decorators that write an `__init__`, which calls no other


class ObjectClass:
    def __init__(self, facts: Facts, owner: int, calls: Sequence[BareCall]) -> None:
        """calls: those that a session of the objects is to serve."""
        self.facts = facts
        self.outline = facts.outline
        self.calls = calls
        self.owner = owner
        self.row = self.outline.scopes[owner]
        self.body = {bind.name: bind for bind in facts.tables.binds_in.get(owner, ())}
        self.statements = facts.flow.children[self.row.root]
        self.family = (owner, *sorted(facts.classes.ancestry(owner)))
        self.below = (owner, *facts.classes.descendants[owner])
        self.data = next((d for d in self.row.decorators if last_name(bare(d)) == "dataclass"), None)
        self.based = bool(bases_of(self.row))

    def inherited(self, name: str) -> o.Bind | None:
        """What the body of the class, or of one that it is derived from, binds to a name."""
        found = (self.facts.names.binds(scope, name) for scope in self.family)
        return next((binds[-1] for binds in found if binds), None)

    @cached_property
    def scopes(self) -> dict[int, int]:
        """The scopes of the methods and classes inside, by the statement that defines them."""
        return {self.outline.scopes[scope].part: scope for scope in self.facts.tables.inner[self.owner]}

    def is_called(self, scope: int) -> bool:
        """Whether this file makes objects of a class."""
        row = self.outline.scopes[scope]
        return bool(self.facts.graph.calls[row.parent, row.name])

    def inits(self) -> list[o.Bind]:
        """The bindings of `__init__` but those for type checkers."""
        return [
            bind
            for bind in self.facts.tables.binds_in.get(self.owner, ())
            if bind.name == "__init__"
            and not (
                bind.form == "def"
                and "overload" in map(last_name, self.outline.scopes[self.scopes[bind.part]].decorators)
            )
        ]

    @cached_property
    def related(self) -> tuple[int, ...]:
        """The class, those that it is derived from, and those that are derived from it."""
        return (*self.family, *self.below[1:])

    def skips_init(self, subclass: int) -> bool:
        """Whether a subclass's `__init__` may not call another one, or uses the object before it does."""
        row = self.outline.scopes[subclass]
        generated = self.data is None and _GENERATING.intersection(last_name(bare(d)) for d in row.decorators)
        if generated or len(bases_of(row)) > 1:  # of several bases, one's `__init__` may hide the other's
            return True
        if any(bind.name == "__init__" and bind.form != "def" for bind in self.facts.tables.binds_in[subclass]):
            return True
        for scope in self.facts.tables.inner[subclass]:
            if self.outline.scopes[scope].name != "__init__":
                continue
            root = self.outline.scopes[scope].root
            inits = self.facts.tables.init_calls[root]
            left = self.facts.tables.returns_in.get(scope, len(self.outline.parts))
            above = [
                call.tick
                for call in inits.values()
                if self.outline.parts[call.part].parent == root and call.part < left
            ]
            method = self.facts.graph.method(scope)
            uses = self.facts.names.uses(scope, method.instance) if method is not None else []
            uses = [use for use in uses if use.call not in inits and may_call(use.access)]
            if not above or any(use.tick < min(above) for use in uses):
                return True
        return False

    @cached_property
    def has_strangers(self) -> bool:
        """Whether a base is not in this file."""
        known = {self.outline.scopes[scope].name for scope in self.family[1:]}
        bases = (base for scope in self.family for base in bases_of(self.outline.scopes[scope]))
        return any(last_name(bare(base)) not in known for base in bases)

    def above(self, scope: int) -> dict[int, o.CallSite]:
        """The calls of another `__init__` in an `__init__`, with their ids."""
        return self.facts.tables.init_calls[self.outline.scopes[scope].root]

    def calls_back(self) -> bool:
        """Whether the `__init__` of a base in this file may use the session."""
        for scope in (scope for cls in self.family[1:] for scope in self.facts.tables.inner[cls]):
            method = self.facts.graph.method(scope)
            if method is not None and self.outline.scopes[scope].name == "__init__":
                uses = self.facts.names.uses(scope, method.instance)
                uses = [use for use in uses if not (self.is_harmless(use) or hands_over(use, self.above(scope)))]
                if any(may_call(use.access) or read_attribute(use.access) in self.leading for use in uses):
                    return True
        return False

    def is_harmless(self, use: o.Use) -> bool:
        """Whether a use of the object is known to run none of the calls: `super(Name, self)`, or a method of this file
        that leads to none."""
        called = use.access.method
        bind = self.inherited(called) if called else None
        if bind is not None and bind.form == "def":
            return called not in self.leading
        return use.call != -1 and self.facts.origins.paths[use.call] == "builtins.super"

    @cached_property
    def leading(self) -> set[str]:
        """The names of the functions of this file in which the calls stand, that name one of these, or that no one
        knows to name none."""
        rows = [
            self.outline.scopes[scope]
            for call in self.calls
            for scope in self.facts.tables.scopes_around(call.site.scope)
        ]
        todo = ["", *(row.name for row in rows if row.kind == "function")]
        found: set[str] = set()
        while todo:
            if (name := todo.pop()) not in found:
                found.add(name)
                todo += self.facts.tables.functions_with[name]
        return found - {""}


def bases_of(row: o.Scope) -> list[o.Value]:
    """The bases of a class that may have an `__init__`."""
    return [base for base in row.bases if last_name(bare(base)) not in _PLAIN_BASES]


def bare(value: o.Value) -> o.Value:
    """`Generic` of `Generic[T]`, `dataclass` of `dataclass(frozen=True)`."""
    return value.value if isinstance(value, o.Item) else value.func if isinstance(value, o.Call) else value


def read_attribute(access: Access) -> str:
    """The attribute that a use of an object reads; empty if it sets one, or uses it otherwise."""
    return access.attribute if len(access.steps) > 1 or not access.assigns else ""


def may_call(access: Access) -> bool:
    """Tell whether a use of an object may run its methods: it is called, handed on, printed, gone through."""
    return not access.attribute or access.calls or (access.rebinds and not access.assigns)


def hands_over(use: o.Use, calls: Mapping[int, o.CallSite]) -> bool:
    """Whether a use hands the object itself to one of the calls: `Base.__init__(self)`."""
    return use.access == ARGUMENT and use.call in calls
