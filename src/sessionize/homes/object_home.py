"""Chooses where the session of an object is made: in its `__init__`, in one that is added, at first use, or as a field.

Or says why it has no place. The line within an `__init__` is found in `object_init`.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from sessionize.analysis.flow import Place
from sessionize.analysis.memo import memo
from sessionize.homes.home import OPTIONS, Home
from sessionize.homes.many_objects import ManyObjects
from sessionize.homes.object_class import ATTRS, ObjectClass, head, name_of
from sessionize.homes.object_init import ObjectInit
from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts
from sessionize.sharing.hoisting import Interval
from sessionize.sharing.shared_headers import no_store, shared_headers
from sessionize.syntax import outline as o, values as v

_STRANGE_BASES = frozenset(
    ("NamedTuple", "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "Protocol", "TypedDict", "tuple", "type", "Struct")
) | {
    *("BaseModel", "BaseSettings", "RootModel"),
    # servers make such an object for each connection, which its `__init__` serves
    *map("{}RequestHandler".format, ("Base", "Stream", "Datagram", "BaseHTTP", "SimpleHTTP")),
}
# Objects of such classes may come into being without `__init__`.
_RESTORING = frozenset(
    ("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__", "__new__", "__del__")
)
_STATE = frozenset({"__getstate__", "__reduce__", "__reduce_ex__"})  # by which a class chooses what is pickled
_GUARDING = frozenset({"__setattr__", "__getattribute__"})
_DATACLASS = frozenset({"dataclasses.dataclass", "functools.total_ordering"})
_FIELDS = frozenset({"declare", "assign"})


def object_home(facts: Facts, owner: int, calls: Sequence[BareCall], *, plain: bool = True) -> Home | str:
    """The home for the session of the calls made by the objects of a class; a reason where there is none."""
    return _ObjectHome(ObjectClass(facts, owner, calls), plain=plain).home()


def is_made_first(facts: Facts, owner: int, calls: Sequence[BareCall], store: o.Store) -> bool:
    """Tell whether an attribute that `__init__` of a class sets is surely there before anything may use it."""
    cls = ObjectClass(facts, owner, calls)
    inits = cls.inits()
    if len(inits) != 1 or cls.scopes.get(inits[0].part) != store.scope:
        return False
    if any(map(cls.skips_init, facts.classes.descendants[owner])):
        return False
    return facts.flow.line_of(store.part) in ObjectInit(cls, store.scope).before_stops


class _ObjectHome:
    def __init__(self, cls: ObjectClass, *, plain: bool) -> None:
        self.cls = cls
        self.plain = plain
        self.facts = cls.facts
        self.outline = cls.outline
        self.row = cls.row

    def home(self) -> Home | str:
        if reason := self._why_strange() or ManyObjects(self.cls).reason():
            return reason
        cls = self.cls
        inits = cls.inits()
        options = cls.data.keywords if isinstance(cls.data, v.Call) else set()
        restored = any(map(cls.inherited, _RESTORING)) or "__new__" in self.outline.attributes
        skipped = restored or any(map(cls.skips_init, cls.below[1:]))
        if cls.data is not None and not inits and not skipped and "init" not in options:
            field = self._field()
            if self.plain or isinstance(field, str):
                return field
            if "slots" not in options:
                return self._at_first_use()
            return "its dataclass has no place for a session that keeps no cookies"
        if "slots" in options or ("frozen" in options and inits):
            return "its dataclass takes no attributes besides its fields"
        if not self.facts.names.forms(cls.owner, "__init__") <= {"def"}:
            return "its `__init__` is no plain method"
        if skipped or len(inits) > 1:
            return self._at_first_use()
        return self._in_init(inits[0]) if inits else self._without_init()

    def _in_init(self, bind: o.Bind) -> Home | str:
        """The home in the `__init__` that is bound, or at first use where it may not run as it is written."""
        scope = self.cls.scopes[bind.part]
        branched = self.outline.parts[bind.part].parent != self.row.root
        wrapped = self.outline.scopes[scope].decorators
        others = self.cls.init_calls(scope).values()
        beside = not self.cls.based and any(call.value.args for call in others)  # of a mixin, its options
        init = self._init(scope)
        if branched or wrapped or beside or init.follows_strangers:
            return self._at_first_use()
        return init.home()

    def _without_init(self) -> Home:
        """The home in an `__init__` that is added, or at first use where another one may be there."""
        tested = self.row.name.startswith("Test")  # pytest passes over a class with an `__init__`
        mixin = not any(map(self.cls.is_called, self.cls.below))  # or it may be one
        if self.cls.based or tested or self.row.decorators or mixin:
            return self._at_first_use()
        place = self._above_methods()
        hoist = tuple(filter(Interval(self.facts, self.cls.calls, place, forever=True).keeps, OPTIONS))
        shared = None if "headers" in hoist else shared_headers(self.facts, self.cls.calls, place, no_store)
        return Home(place, "init", hoist, shared, "self")

    def _why_strange(self) -> str:
        """The thing about the class that leaves no place for a session; empty if there is none."""
        bases = set()
        for row in self.cls.rows:
            for base in map(head, row.bases):
                path = self.facts.origins.path_of(base, row.parent) or ""  # behind an alias
                bases |= {v.last_name(base), path.rpartition(".")[2]}
        if strange := sorted(bases & _STRANGE_BASES):
            return f"a class made from `{strange[0]}` has no place for a session of its own"
        if ATTRS.intersection(map(name_of, self.row.decorators)):
            return "a class made by attrs has no place for a session that is not a field"
        declared = "declare" in map(attrgetter("form"), self.cls.body.values())
        if declared and self.cls.has_strangers and self.cls.data is None:  # `config: Config`, as in a model of pydantic
            return "its base may take no attributes besides the fields that are declared"
        if "__slots__" in self.cls.body:
            return "its `__slots__` have no place for a session"
        if guard := sorted(filter(self.cls.inherited, _GUARDING)):
            return f"its `{guard[0]}` decides what happens to attributes"
        shown = self.facts.classes.shown_objects
        if not any(map(self.cls.inherited, _STATE)):
            shown = self.facts.classes.pickled_objects | shown
        for scope in (*self.cls.related, -1):
            if scope in shown:
                return f"`{shown[scope]}` is used in this file, and would include the session"
        return ""

    def _field(self) -> Home | str:
        decorators = [self.facts.origins.path_of(head(d), self.row.parent) for d in self.row.decorators]
        if not _DATACLASS.issuperset(decorators):
            return "its decorators may expose the session, or forbid new attributes"
        last = 0
        for bind in self.cls.body.values():
            if bind.form in _FIELDS and self.outline.parts[bind.part].parent == self.row.root:
                last = max(last, bind.part)
        if not last:
            return "its dataclass has no field after which one for the session could stand"
        return Home(self.facts.flow.place_before(self.facts.flow.line_of(last)), "field", helper="dataclasses.field")

    def _at_first_use(self) -> Home:
        place = self._above_methods()
        shared = shared_headers(self.facts, self.cls.calls, place, self._store_of)
        return Home(place, "property", shared=shared, helper="functools.cached_property")

    def _store_of(self, value: v.Attribute, scope: int) -> o.Store | None:
        """The line of `__init__` that sets `self.key` for good, before anything that may make one of the calls."""
        store = self.cls.steady.set_once(value, scope) if value.value == v.Name("self") else None
        first = store is not None and store.part in self._init(store.scope).before_stops
        return store if first else None

    @memo
    def _init(self, scope: int) -> ObjectInit:
        return ObjectInit(self.cls, scope)

    def _above_methods(self) -> Place:
        """The place before the statement of the class's body that holds the first method, perhaps in a branch."""
        return self.facts.flow.place_before(self.outline.statement_in(self.row.root, min(self.cls.scopes)))
