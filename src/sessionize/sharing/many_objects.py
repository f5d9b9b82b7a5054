"""The number of objects of a class, as far as the file shows it: a session for each holds a connection."""

from __future__ import annotations

from functools import cached_property

from sessionize.sharing.object_class import ObjectClass
from sessionize.syntax import outline as o
from sessionize.syntax.access import KEPT, VALUE

_COPYING = frozenset({"copy.deepcopy", "copy.replace", "dataclasses.replace"})


class ManyObjects:
    def __init__(self, cls: ObjectClass) -> None:
        self.cls = cls
        self.facts = cls.facts
        self.outline = cls.outline
        self.calls = cls.calls

    def reason(self) -> str:
        """Why each object's session would serve a single request, or all of them hold too many connections."""
        if self.facts.groups.initial.issuperset(call.id for call in self.calls):
            return "its requests are made once for each object"
        if self._copies_itself():
            return "its objects make others like them, and each would make a session"
        once = len(self.calls) == 1 and not self.facts.graph.is_helper(self.facts.bare.function(self.calls[0]))
        if any(self._is_one_of_many(site, once) for site in self._givings):
            return "this file makes its objects in a loop, and the session of each would hold a connection"
        if once and not self.facts.tables.in_displays.isdisjoint(
            self.outline.scopes[scope].name for scope in self.cls.below
        ):
            return "this file makes lists of its objects, and the session of each would hold a connection"
        return ""

    def _copies_itself(self) -> bool:
        """Whether a method makes new objects of the class, as those do that are called for every step of a chain."""
        scopes, graph = self.outline.scopes, self.facts.graph
        makers = {self.facts.tables.function_around(site.part) for site in self._makings}
        own = {scope for scope in makers if (method := graph.method(scope)) and method.owner in self.cls.related}
        if any(scopes[scope].name != "__init__" for scope in own):
            return True
        related = {scopes[scope].name for scope in self.cls.related}
        others = {
            scopes[scope].name for scope in makers - own if scopes[scope].parent in self.cls.related
        }  # class methods
        for call in (call for scope in self.cls.related for call in self.facts.tables.calls_in.get(scope, ())):
            method = graph.method(call.scope)
            instance = o.Name(method.instance if method is not None else "")
            path = self.facts.origins.path_of(call.value.func, call.scope)
            match call.value.func:
                case o.Call(func=func) if self.facts.origins.path_of(func, call.scope) == "builtins.type":
                    return True
                case o.Attribute(attr="__class__") | o.Name(name="__class__"):
                    return True
                case o.Attribute(value=o.Name(name=name), attr=attr):
                    if attr in others and name in (instance.name, *related):
                        return True
            if path in _COPYING and instance in (arg.value for arg in call.value.args):
                return True
        return False

    @cached_property
    def _makings(self) -> list[o.CallSite]:
        """The calls that make objects of the class, or of one derived from it: `Name(...)`, `cls(...)`,
        `map(Name, ...)`."""
        rows = [self.outline.scopes[scope] for scope in self.cls.below]
        inner = [scope for cls in self.cls.below for scope in self.facts.tables.inner[cls]]
        variables = [*((row.parent, row.name) for row in rows), *((scope, "cls") for scope in inner)]
        return [site for variable in variables for site in self.facts.graph.sites(*variable)]

    @property
    def _givings(self) -> list[o.CallSite]:
        """The calls that make objects, and those of functions that return one."""
        found = list(self._makings)
        seen: set[int] = set()
        for site in found:  # which grows
            function = self.facts.tables.function_around(site.part)
            if function not in seen and site.access == VALUE and self._is_returned(site):
                seen.add(function)
                found += self._callers(function)
        return found

    def _callers(self, function: int) -> list[o.CallSite]:
        """The calls of a function, or of a method on whatever object, and those that run it as they are handed it."""
        row = self.outline.scopes[function]
        return [*self.facts.tables.calls_by_name[row.name], *self.facts.graph.sites(row.parent, row.name)]

    def _is_one_of_many(self, site: o.CallSite, once: bool) -> bool:
        """Whether a call gives one object after the other, of which each is kept or makes but one request.

        It stands in a loop, or in a function that is called in one.
        """
        graph, function = self.facts.graph, self.facts.tables.function_around(site.part)
        kept = self._is_kept(site)
        if graph.repeats(site) or (once and graph.is_helper(function)):
            return once or kept
        stored = not self.facts.tables.storing.isdisjoint(self.facts.flow.ancestors(site.part))  # in place of the last
        elsewhere = stored or self._is_returned(site)
        return kept and not elsewhere and any(map(graph.repeats, self._callers(function)))

    def _is_returned(self, site: o.CallSite) -> bool:
        """Whether a function returns what a call gives, perhaps by a name."""
        places = (site.part, *(use.part for use in self._uses(site)))
        around = (part for place in places for part in self.facts.flow.ancestors(place))
        return any(self.outline.parts[part].kind == "return" for part in around)

    def _is_kept(self, site: o.CallSite) -> bool:
        """Whether an object may live on: it is not called on the spot, or by a name that is only called."""
        if site.access not in KEPT:
            return False
        named = any(bind.value == site.value for bind in self.facts.tables.binds_at[site.part])
        return not named or any(use.access in KEPT for use in self._uses(site))

    def _uses(self, site: o.CallSite) -> list[o.Use]:
        """The uses of the name that what a call gives is bound to: `city = City(name)`."""
        binds = [bind for bind in self.facts.tables.binds_at[site.part] if bind.value == site.value]
        return self.facts.names.uses(binds[0].scope, binds[0].name) if binds else []
