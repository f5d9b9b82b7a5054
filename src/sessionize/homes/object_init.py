"""The line in an existing `__init__` for a session: as far down as it surely runs before anything that may use it.

Whether the session goes there at all is decided in `object_home`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from functools import cached_property
from operator import attrgetter

from sessionize.analysis.flow import Place
from sessionize.homes.home import OPTIONS, Home
from sessionize.homes.object_class import ObjectClass
from sessionize.sharing.hoisting import Interval, is_pair_display, is_plain_dict, made_display
from sessionize.sharing.several_calls import passed_by_all
from sessionize.sharing.shared_headers import keeps_values, shared_headers
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import SET


class ObjectInit:
    def __init__(self, cls: ObjectClass, scope: int) -> None:
        self.cls = cls
        self.facts = cls.facts
        self.flow = cls.facts.flow
        self.tables = cls.tables
        self.parts = cls.outline.parts
        self.scope = scope
        self.block = cls.outline.scopes[scope].root
        self.others = cls.init_calls(scope)
        method = self.facts.graph.method(scope)
        self.instance = method.instance if method is not None else ""
        self.statements = sorted(set(map(self.flow.line_of, self.flow.children[self.block])))

    @property
    def follows_strangers(self) -> bool:
        """True if the `__init__` of a base that is not in this file would run behind the session: nothing may."""
        if not self.instance or self.parts[self.block].form != "lines" or not self.cls.has_strangers:
            return False
        calling = map(attrgetter("part"), self.others.values())
        return not {*self.before_stops}.issuperset(map(self._line, calling))

    def home(self) -> Home | str:
        if self.parts[self.block].form != "lines":
            return "its `__init__` stands on one line"
        if not self.instance:
            return "its `__init__` does not name the object"
        following = self.statements[len(self.before_stops) :]
        if following:
            place = self.flow.place_before(following[0])
        else:
            place = Place(self.block, self.before_stops[-1], self.facts.outline.end)
        hoist = tuple(option for option in OPTIONS if self._may_hoist(option, place))
        shared = None if "headers" in hoist else shared_headers(self.facts, self.cls.calls, place, self._store_of)
        return Home(place, "assign" if following else "behind", hoist, shared, self.instance)

    def _store_of(self, value: v.Attribute, scope: int) -> o.Store | None:
        """The one of the lines before that sets `self.key` for good."""
        store = self.cls.steady.set_once(value, scope) if value.value == v.Name(self.instance) else None
        return store if store is not None and store.part in self.before_stops else None

    @cached_property
    def before_stops(self) -> list[int]:
        """The lines that surely run before any that may use the session, or leave."""
        first = min(map(self._line, self._stops()), default=len(self.parts))
        return self.statements[: bisect_left(self.statements, first)]

    def _stops(self) -> set[int]:
        """The parts that may use the session, or leave."""
        stops = {*self.tables.returns_in.get(self.scope, ())}
        known = {} if self.cls.calls_back() else self.others
        for number, call in self.tables.super_calls[self.scope].items():
            if number - 1 not in known:  # `super().__init__()`
                stops.add(call.part)
        for bare in self.cls.calls:
            if self.scope in self.tables.scopes_around(bare.site.scope):
                stops.add(bare.site.part)
        for use in self.cls.object_uses(self.scope):
            if self._runs_setter(use) or self.cls.may_run_call(use, known, self._unknown):
                stops.add(use.part)
        return stops

    def _runs_setter(self, use: o.Use) -> bool:
        """Tell whether a use of the object sets a property."""
        bind = self.cls.inherited(use.access.path[1:]) if use.access.assigns else None
        return bind is not None and (bind.form == "def" or isinstance(bind.value, v.Call))

    @cached_property
    def _unknown(self) -> set[str]:
        """The attributes that may be properties: those of the class's body and of bases in this file.

        With `__getattr__` all that are not set here.
        """
        unknown = {use.access.attribute for use in self.cls.object_uses(self.scope)}
        unknown.difference_update(map(attrgetter("attr"), self.tables.stores_in[self.scope]))
        if not self.cls.inherited("__getattr__"):
            unknown = set(filter(self.cls.inherited, unknown))
        return (unknown | self.cls.body.keys()) - {""}

    def _line(self, part: int) -> int:
        """The line of the block in which a part stands, or the function around it, which may run from there on."""
        return self.flow.line_of(self.facts.outline.statement_in(self.block, part))

    def _may_hoist(self, option: str, place: Place) -> bool:
        """Tell whether all calls pass one attribute of the object that stays as `__init__` sets it.

        Or the same constant of the module, or a pair of such attributes.
        """
        value = passed_by_all(option, self.cls.calls)
        if value is None:
            return False
        if option == "auth" and isinstance(value, v.Sequence) and is_pair_display(value) and v.attributes_in(value):
            return all(map(self._keeps_in_pair, value.items))
        made = made_display(self.facts, value, self.cls.calls[0].site.scope) if option == "headers" else None
        if made is not None and v.names_in(value)[0] == self.instance:
            return keeps_values(self.facts, self.cls.calls, place, self._store_of, made.display)
        if not isinstance(value, v.Attribute) or value.value != v.Name(self.instance):
            return Interval(self.facts, self.cls.calls, place, forever=True).keeps(option)
        if value.attr in self.tables.class_names or self.facts.mutations.reachable_by_string(value.attr):
            return False
        stores = self.tables.stores_of[value.attr]
        is_plain = is_pair_display if option == "auth" else is_plain_dict
        if len(stores) != 1 or stores[0].scope != self.scope or not is_plain(stores[0].value):
            return False
        return self.flow.line_of(stores[0].part) in self.before_stops and self._is_only_passed(value.attr)

    def _keeps_in_pair(self, item: v.Value) -> bool:
        """Tell whether an item of `auth=(self.user, "secret")` is a text, or an attribute that stays as it is set."""
        if not isinstance(item, v.Attribute):
            return isinstance(item, v.Const) and item.kind == "str"
        return all(self._store_of(item, call.site.scope) is not None for call in self.cls.calls)

    def _is_only_passed(self, attr: str) -> bool:
        """Tell whether an attribute is set once, passed by the calls, and otherwise only looked at in this file."""
        done: Counter[str] = Counter()
        for access, use in self.facts.mutations.done_on(attr):
            own = use is not None and self.facts.graph.class_of(use.name, use.scope) == self.cls.owner
            if access.plain and not own and (use is None or use.access.taken):  # it may live on under another name
                return False
            done["" if access.plain else str(access)] += own or access == SET
        return done.pop("=") == 1 and done.pop("") == len(self.cls.calls) and done.keys() <= {"[]", ".get()"}
