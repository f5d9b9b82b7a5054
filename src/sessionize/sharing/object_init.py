"""The place in `__init__` for a session: as far down as it surely runs before anything that may use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from sessionize.analysis.flow import Place
from sessionize.sharing.hoisting import is_pair, is_plain_dict, may_ever_change
from sessionize.sharing.home import OBJECT_REASON, OPTIONS, Home, line_of
from sessionize.sharing.object_class import ObjectClass, hands_over, may_call, read_attribute
from sessionize.syntax import outline as o
from sessionize.syntax.access import SET


class ObjectInit:
    def __init__(self, cls: ObjectClass, scope: int) -> None:
        self.cls = cls
        self.facts = cls.facts
        self.outline = cls.outline
        self.scope = scope
        self.block = self.outline.scopes[scope].root
        self.above = cls.above(scope)
        self.method = self.facts.graph.method(scope)
        self.statements = [s for s in self.facts.flow.children[self.block] if self.outline.parts[s].form != "joined"]

    @property
    def follows_strangers(self) -> bool:
        """Whether the `__init__` of a base that is not in this file would run behind the session: nothing may."""
        if self.method is None or self.outline.parts[self.block].form != "lines" or not self.cls.has_strangers:
            return False
        before = self.before_stops()
        return any(self.line(call.part) not in before for call in self.above.values())

    def home(self) -> Home | str:
        if self.outline.parts[self.block].form != "lines":
            return "its `__init__` stands on one line"
        if self.method is None:
            return "its `__init__` does not name the object"
        before = self.before_stops()
        if len(before) < len(self.statements):
            place = self.facts.flow.place_before(self.statements[len(before)])
            style = "assign"
        else:
            place = Place(self.block, before[-1], self.facts.tables.end)
            style = "behind"
        hoist = tuple(option for option in OPTIONS if self.held(option, before, place))
        return Home(place, style, OBJECT_REASON, hoist, self.instance)

    @property
    def instance(self) -> str:
        return self.method.instance if self.method is not None else ""

    def before_stops(self) -> list[int]:
        """The lines that surely run before any of `stops`."""
        stops = self.stops()
        return [s for s in self.statements if not stops or s < min(stops)]

    def stops(self) -> set[int]:
        """The lines that may use the session, or leave."""
        facts = self.facts
        left = facts.tables.returns_in.get(self.scope)
        stops = {self.line(left)} if left is not None else set()
        known = {} if self.cls.calls_back() else self.above
        stops |= {
            self.line(c.part) for number, c in facts.tables.super_calls[self.scope].items() if number - 1 not in known
        }
        inside = (call for call in self.cls.calls if self.scope in facts.tables.scopes_around(call.site.scope))
        stops |= {self.line(call.site.part) for call in inside}
        for use in facts.names.uses(self.scope, self.instance):
            bind = self.cls.inherited(use.access.path[1:]) if use.access.assigns else None
            setter = bind is not None and (bind.form == "def" or isinstance(bind.value, o.Call))  # of a property
            uses = setter or may_call(use.access) or read_attribute(use.access) in self.unknown
            if uses and not (self.cls.is_harmless(use) or hands_over(use, known)):
                stops.add(self.line(use.part))
        return stops

    @cached_property
    def unknown(self) -> set[str]:
        """The attributes that may be properties: those of the class's body; with bases, all that are not set here."""
        stored = {store.attr for store in self.facts.tables.stores_in[self.scope]}
        read = {read_attribute(use.access) for use in self.facts.names.uses(self.scope, self.instance)}
        anything = self.cls.based or "__getattr__" in self.cls.body
        return (self.cls.body.keys() | (read - stored if anything else set())) - {""}

    def line(self, part: int) -> int:
        """The line of the block in which a part stands, or the function around it, which may run from there on."""
        while (home := self.facts.flow.frame[part]) != self.block:
            part = self.outline.scopes[self.outline.parts[home].scope].part
        path = list(self.facts.flow.ancestors(part))
        return line_of(self.facts, path[path.index(self.block) - 1])

    def held(self, option: str, before: Sequence[int], place: Place) -> bool:
        """Whether all calls pass the same attribute of the object, set once in `__init__` and changed nowhere in the
        file, or the same constant of the module."""
        value = self.cls.calls[0].argument(option)
        if any(call.argument(option) != value or call.unpacks for call in self.cls.calls):
            return False
        if not isinstance(value, o.Attribute) or value.value != o.Name(self.instance):
            return not may_ever_change(self.facts, option, self.cls.calls, place)
        if value.attr in self.facts.tables.class_names or self.facts.mutations.reachable_by_string(value.attr):
            return False
        stores = self.facts.tables.stores_of[value.attr]
        is_plain = is_pair if option == "auth" else is_plain_dict
        if len(stores) != 1 or stores[0].scope != self.scope or not is_plain(stores[0].value):
            return False
        if line_of(self.facts, stores[0].part) not in before:
            return False
        done: Counter[str] = Counter()
        for what, use in self.facts.mutations.done_on(value.attr):
            own = use is not None and self.is_own(use)
            if what.plain and not own and (use is None or use.access.taken):  # it may live on under another name
                return False
            done["" if what.plain else str(what)] += own or what == SET
        return done.pop("=") == 1 and done.pop("") == len(self.cls.calls) and done.keys() <= {"[]", ".get()"}

    def is_own(self, use: o.Use) -> bool:
        """Whether a name is what a method of the class calls its object."""
        method = self.facts.graph.method(use.scope)
        return method is not None and (method.owner, method.instance) == (self.cls.owner, use.name)
