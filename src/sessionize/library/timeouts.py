"""Calls that wait without end: bare ones, and those on sessions that the file shows.

A session whose adapter or methods may bring a timeout of their own is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property

from sessionize.analysis.memo import memo
from sessionize.library.calls import BareCall
from sessionize.library.profile import SESSION, VERBS
from sessionize.library.program import Program
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ITEM, VALUE

_PLACE_IN_REQUEST = 8  # the place of `timeout` in `Session.request`
_PLAIN_ADAPTER = "requests.adapters.HTTPAdapter"
_PROPERTIES = frozenset({"property", "cached_property"})
_SENDING = frozenset({*VERBS, "send"})

# A variable: the scope that owns it and its name. An attribute: that of the class, or -1 if it may be any object's.
_Key = tuple[int, str]


def waits(call: BareCall) -> bool:
    """Tell whether a call surely has no `timeout=`, or None as one."""
    if call.unpacks:
        return False
    timeout = call.argument("timeout", _PLACE_IN_REQUEST if call.verb == "request" else -1)
    return timeout is None or timeout == v.NONE


def session_calls(facts: Program, *, timed: bool = False) -> Iterator[BareCall]:
    """The calls made on sessions, as if they were bare. timed: also on those that may bring a timeout of their own."""
    sessions = _Sessions(facts, timed=timed)
    for number, site in enumerate(facts.outline.calls):
        func = site.value.func
        if isinstance(func, v.Attribute) and func.attr in VERBS and sessions.include(func.value, site.scope):
            yield facts.sessions.on_session(number, v.dotted(func.value))


class _Sessions:
    def __init__(self, facts: Program, *, timed: bool) -> None:
        self.facts = facts
        self.timed = timed
        self.made_by = {SESSION}
        if timed and facts.factory:
            self.made_by.add(facts.factory)

    def include(self, value: v.Value, scope: int) -> bool:
        """Tell whether an expression is a session, and one without timeouts of its own unless these count."""
        if isinstance(value, v.Call):
            return self.makes_session(value, scope)
        key = self.key(value, scope)
        return key is not None and key[0] != -1 and self.is_session(key)

    def key(self, value: v.Value, scope: int) -> _Key | None:
        match value:
            case v.Name(name=name):
                return self.facts.names.owner(name, scope), name
            case v.Attribute(value=v.Name(name=name), attr=attr):
                return self.attribute(name, attr, scope)
        return None

    def attribute(self, name: str, attr: str, scope: int) -> _Key:
        method = self.facts.graph.method(scope)
        return method.owner if method is not None and method.instance == name else -1, attr

    def makes_session(self, value: v.Value, scope: int) -> bool:
        return isinstance(value, v.Call) and self.facts.origins.path_of(value.func, scope) in self.made_by

    @memo
    def is_session(self, key: _Key) -> bool:
        owner, name = key
        keys = [key]
        if self.facts.outline.scopes[owner].kind == "class":
            family = (owner, *self.facts.classes.ancestry(owner), *self.facts.classes.descendants[owner], -1)
            keys = [(scope, name) for scope in family]
        return set().union(*map(self.made, keys)) == {True} and (self.timed or self.changed.isdisjoint(keys))

    @memo
    def made(self, key: _Key) -> set[bool]:
        """The answers to whether what a variable or attribute is bound to makes a session, but for None."""
        bound = self.values.get(key, ())
        return {self.makes_session(value, scope) for value, scope in bound if value != v.NONE}

    @cached_property
    def values(self) -> dict[_Key, list[tuple[v.Value, int]]]:
        """The values that variables and attributes are bound to, each with the scope where that is written."""
        values = defaultdict(list)
        for bind in self.facts.outline.binds:
            if bind.form != "declare":
                value = self.returned.get(bind.part, v.OPAQUE) if bind.form == "def" else _default(bind.value)
                values[self.facts.names.owner(bind.name, bind.scope), bind.name].append((value, bind.scope))
        for store in self.facts.outline.stores:
            values[self.attribute(store.name, store.attr, store.scope)].append((store.value, store.scope))
        return values

    @cached_property
    def returned(self) -> dict[int, v.Value]:
        """The single call that a property returns, perhaps by a name, by the `def` of the property."""
        outline = self.facts.outline
        ways = Counter(part.scope for part in outline.parts if part.kind == "return")
        returned: dict[int, v.Value] = {}
        rows: tuple[o.CallSite | o.Use, ...] = (*outline.calls, *outline.uses)
        for row in rows:
            if row.access != VALUE or outline.parts[row.part].kind != "return" or ways[row.scope] != 1:
                continue
            scope = outline.scopes[row.scope]
            given = row.value if isinstance(row, o.CallSite) else v.Name(row.name)
            value = self.facts.origins.resolve_once(given, row.scope)
            if isinstance(value, v.Call) and not _PROPERTIES.isdisjoint(map(v.last_name, scope.decorators)):
                returned[scope.part] = value
        return returned

    @cached_property
    def changed(self) -> set[_Key | None]:
        """The variables and attributes that get an adapter other than the plain one, or another method."""
        facts = self.facts
        changed = set()
        for site in facts.outline.calls:
            func = site.value.func
            if isinstance(func, v.Attribute) and func.attr == "mount":
                adapter = facts.origins.resolve_once(site.value.argument("adapter", 1), site.scope)
                if not isinstance(adapter, v.Call) or facts.origins.path_of(adapter.func, site.scope) != _PLAIN_ADAPTER:
                    changed.add(self.key(func.value, site.scope))
        for use in facts.outline.uses:
            *owner, method = use.access.steps or ("",)
            if use.access.assigns and method in _SENDING and ITEM not in owner and len(owner) < 2:
                name = v.Name(use.name)
                changed.add(self.key(v.Attribute(name, owner[0]) if owner else name, use.scope))
        return changed


def _default(value: v.Value) -> v.Value:
    """The value that is bound; for the field of a dataclass that which its factory makes."""
    if isinstance(value, v.Call) and v.last_name(value.func) == "field":
        factory = value.argument("default_factory")
        return v.Call(factory, ()) if factory is not None else v.OPAQUE
    return value
