"""The number of objects of a class, as far as the file shows it: a session for each holds a connection."""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import cached_property

from sessionize.homes.object_class import ObjectClass
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import KEPT, VALUE

_COPYING = frozenset({"copy.deepcopy", "copy.replace", "dataclasses.replace"})


class ManyObjects:
    def __init__(self, cls: ObjectClass) -> None:
        self.cls = cls
        self.facts = cls.facts
        self.scopes = cls.outline.scopes
        self.tables = cls.tables
        self.graph = cls.facts.graph

    def reason(self) -> str:
        """The reason why each object's session would serve a single request, or all of them hold many connections."""
        if all(map(self.facts.groups.is_initial, self.cls.calls)):
            return "each object makes only one request"
        if self._copies_itself():
            return "its objects make others like them, and each would create a session"
        once = len(self.cls.calls) == 1 and not self.facts.groups.is_helper(self.cls.calls[0])
        if any(self._is_one_of_many(site, once) for site in self._givings()):
            return "this file makes its objects in a loop, and the session of each would hold a connection"
        if once and not self.tables.in_displays.isdisjoint(self.tables.names_of(self.cls.below)):
            return "this file makes lists of its objects, and the session of each would hold a connection"
        return ""

    def _copies_itself(self) -> bool:
        """Tell whether a method makes new objects of the class, as one does that is called for each step of a chain."""
        related = self.cls.related
        class_methods = set()
        for site in self._makings:
            maker = self.tables.function_around(site.part)
            name = self.scopes[maker].name
            method = self.graph.method(maker)
            own = method is not None and method.owner in related
            if own and name != "__init__":
                return True
            if not own and self.scopes[maker].parent in related:
                class_methods.add(name)
        classes = self.tables.names_of(related)
        for cls in related:
            for call in self.tables.calls_in.get(cls, ()):
                if self._makes_another(call, classes, class_methods):
                    return True
        return False

    def _makes_another(self, call: o.CallSite, classes: Iterable[str], makers: Container[str]) -> bool:
        """Tell whether a call in a method makes an object like its own."""
        method = self.graph.method(call.scope)
        instance = method.instance if method is not None else ""
        path_of = self.facts.origins.path_of
        match call.value.func:
            case v.Call(func=func) if path_of(func, call.scope) == "builtins.type":  # `type(self)()`
                return True
            case v.Attribute(attr="__class__") | v.Name(name="__class__"):  # `self.__class__()`
                return True
            case v.Attribute(value=v.Name(name=name), attr=attr) if attr in makers and name in (instance, *classes):
                return True  # `Name.make()`, `self.make()`
        copied = path_of(call.value.func, call.scope) in _COPYING
        return copied and any(arg.value == v.Name(instance) for arg in call.value.args)

    @cached_property
    def _makings(self) -> list[o.CallSite]:
        """The calls that make objects of the class, or of one derived from it.

        `Name(...)`, `cls(...)`, `map(Name, ...)`.
        """
        found = []
        for cls in self.cls.below:
            found += self.graph.sites(self.scopes[cls].parent, self.scopes[cls].name)
            for scope in self.tables.inner[cls]:
                found += self.graph.sites(scope, "cls")
        return found

    def _givings(self) -> list[o.CallSite]:
        """The calls that make objects, and those of functions that return one."""
        found = list(self._makings)
        seen: set[int] = set()
        for site in found:  # which grows
            function = self.tables.function_around(site.part)
            if function not in seen and site.access == VALUE and self._is_returned(site):
                seen.add(function)
                found += self._callers(function)
        return found

    def _callers(self, function: int) -> list[o.CallSite]:
        """The calls of a function, or of a method on whatever object, and those that run it as they are handed it."""
        row = self.scopes[function]
        return [*self.tables.calls_by_name[row.name], *self.graph.sites(row.parent, row.name)]

    def _is_one_of_many(self, site: o.CallSite, once: bool) -> bool:
        """Tell whether a call gives one object after the other, of which each is kept or makes but one request.

        It stands in a loop, or in a function that is called in one.
        """
        function = self.tables.function_around(site.part)
        kept = self._is_kept(site)
        if self.graph.repeats(site) or (once and self.graph.is_helper(function)):
            return once or kept
        stored = not self.tables.storing.isdisjoint(self.facts.flow.ancestors(site.part))  # in place of the last
        elsewhere = stored or self._is_returned(site)
        return kept and not elsewhere and any(map(self.graph.repeats, self._callers(function)))

    def _is_returned(self, site: o.CallSite) -> bool:
        """Tell whether a function returns what a call gives, perhaps by a name."""
        for row in (site, *(self._uses(site) or ())):
            for part in self.facts.flow.ancestors(row.part):
                if self.cls.outline.parts[part].kind == "return":
                    return True
        return False

    def _is_kept(self, site: o.CallSite) -> bool:
        """Tell whether an object may live on: it is not called on the spot, or by a name that is only called."""
        uses = self._uses(site)
        return site.access in KEPT and (uses is None or any(use.access in KEPT for use in uses))

    def _uses(self, site: o.CallSite) -> list[o.Use] | None:
        """The uses of the name that what a call gives is bound to, `city = City(name)`; None without one."""
        for bind in self.tables.binds_at[site.part]:
            if bind.value == site.value:
                return self.facts.names.uses(bind.scope, bind.name)
        return None
