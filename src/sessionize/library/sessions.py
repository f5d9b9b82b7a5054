"""The sessions that a file has, what it makes of them, and the calls on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property, partial
from typing import NamedTuple, TypeAlias

from sessionize.analysis.classes import Classes
from sessionize.analysis.flow import Flow
from sessionize.analysis.memo import memo
from sessionize.analysis.origins import Origins
from sessionize.analysis.tables import Tables
from sessionize.library.calls import BareCall
from sessionize.profiles import Library
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ITEM, KEPT, Access, call_of

_PROPERTIES = frozenset({"property", "cached_property"})
# Methods that tell a session something for the calls to come.
_SETTERS = frozenset({"update", "set", "set_cookie", "set_policy", "setdefault", "pop", "clear"})

# A variable: the scope that owns it and its name. An attribute: that of the class, or -1 if it may be any object's.
_Key: TypeAlias = tuple[int, str]


class SessionUse(NamedTuple):
    """The use that is made of the sessions of one name.

    calls: those made on it, as if they were bare.
    done: all that is done with it, as for a `Use`.
    handed_on: whether other code may get it.
    frames: those of its uses.
    around: the parts that hold all its uses.
    """

    calls: tuple[BareCall, ...]
    done: set[Access]
    handed_on: bool
    frames: set[int]
    around: set[int]


class Sessions:
    def __init__(self, origins: Origins, flow: Flow, tables: Tables, classes: Classes, factory: str) -> None:
        """factory: the path of a function that gives sessions, which may have timeouts of their own."""
        self.outline = origins.outline
        self.names = origins.names
        self.origins = origins
        self.library = origins.library
        self.flow = flow
        self.tables = tables
        self.graph = tables.graph
        self.classes = classes
        self.factory = factory

    def is_plain(self, value: v.Value, scope: int) -> bool:
        """Tell whether a value is `requests.Session()`."""
        return isinstance(value, v.Call) and not value.args and self._maker(value, scope) == self.library.session

    def _maker(self, value: v.Value, scope: int) -> str | None:
        """The path of what a value calls."""
        return self.origins.path_of(v.called(value), scope)

    # --- sessions by name ---------------------------------------------------------------------------------------------

    @cached_property
    def bound(self) -> dict[int, list[o.Bind]]:
        """The names bound to a plain `requests.Session()`, by scope."""
        sessions = defaultdict(list)
        for bind in self.outline.binds:
            if self.is_plain(bind.value, bind.scope):
                sessions[bind.scope].append(bind)
        return sessions

    @memo
    def session_use(self, scope: int, name: str) -> SessionUse:
        """The use of the sessions that a variable is bound to."""
        done = self.names.accesses(scope, name)
        parts = {use.part for use in self.names.uses(scope, name)}
        calls = map(partial(self.on_session, root=name), self.graph.method_calls[scope, name])
        return SessionUse(
            calls=tuple(call for call in calls if call.verb in self.library.functions),
            done=done,
            handed_on=any(access in KEPT or access.taken for access in done),
            frames=set(map(self.flow.frame.__getitem__, parts)),
            around=self.flow.common(parts),
        )

    def on_session(self, number: int, root: str) -> BareCall:
        """The call of that id on a session, which `root` names, as if it were bare."""
        site = self.outline.calls[number]
        verb = v.last_name(site.value.func)
        shown = f"{root or f'{self.library.session_class}()'}.{verb}"
        return BareCall(site.tick, verb, root, shown, site, self.flow.frame[site.part])

    # --- all calls on sessions ----------------------------------------------------------------------------------------

    def calls(self, *, timed: bool) -> Iterator[BareCall]:
        """The calls on what is a session and nothing else, as if they were bare.

        timed: also on those that may bring a timeout of their own, by an adapter, a method, or what makes them.
        """
        for number, site in enumerate(self.outline.calls):
            func = site.value.func
            if (
                isinstance(func, v.Attribute)
                and func.attr in self.library.functions
                and self._is_session(func.value, site.scope, timed)
            ):
                yield self.on_session(number, v.dotted(func.value))

    def _is_session(self, value: v.Value, scope: int, timed: bool) -> bool:
        if isinstance(value, v.Call):
            return self._are_sessions({self._maker(value, scope)}, timed) or self._gives_session(value, scope, timed)
        key = self._key(value, scope)
        return key is not None and key[0] != -1 and self._holds_session(key, timed)

    def _gives_session(self, call: v.Call, scope: int, timed: bool) -> bool:
        """Tell whether a call is that of a function of this file that returns a session: `_local.session`."""
        binds = self.names.seen(v.dotted(call.func), scope)
        functions = [number for number, row in enumerate(self.outline.scopes) if binds and row.part == binds[0].part]
        if len(binds) != 1 or binds[0].form != "def" or not functions:
            return False
        key = self._key(self.tables.returned(functions[0]), functions[0])
        return key is not None and self._holds_session(key, timed)

    def _are_sessions(self, makers: set[str | None], timed: bool) -> bool:
        """Tell whether all that makes some values makes sessions."""
        return bool(makers) and makers <= {self.library.session, *([self.factory] if timed else [])}

    def _key(self, value: v.Value, scope: int) -> _Key | None:
        match value:
            case v.Name(name=name):
                return self.names.owner(name, scope), name
            case v.Attribute(value=v.Name(name=name), attr=attr):
                return self._attribute(name, attr, scope)
        return None

    def _attribute(self, name: str, attr: str, scope: int) -> _Key:
        method = self.graph.method(scope)
        return method.owner if method is not None and method.instance == name else -1, attr

    @memo
    def _holds_session(self, key: _Key, timed: bool) -> bool:
        owner, name = key
        keys = [key]
        if owner != -1 and self.outline.scopes[owner].kind == "class":
            family = (owner, *self.classes.ancestry(owner), *self.classes.descendants[owner], -1)
            keys = [(scope, name) for scope in family]
        makers = set().union(*map(self._makers, keys))
        return self._are_sessions(makers, timed) and (timed or self._changed.isdisjoint(keys))

    @memo
    def _makers(self, key: _Key) -> set[str | None]:
        """The paths of what makes the values that a variable or attribute is bound to, but for None."""
        return {self._maker(value, scope) for value, scope in self._values.get(key, ()) if value != v.NONE}

    @cached_property
    def _values(self) -> dict[_Key, list[tuple[v.Value, int]]]:
        """The values that variables and attributes are bound to, each with the scope where that is written."""
        values = defaultdict(list)
        for bind in self.outline.binds:
            if bind.form != "declare":
                value = self._returned.get(bind.part, v.OPAQUE) if bind.form == "def" else _default(bind.value)
                values[self.names.owner(bind.name, bind.scope), bind.name].append((value, bind.scope))
        for store in self.outline.stores:
            values[self._attribute(store.name, store.attr, store.scope)].append((store.value, store.scope))
        return values

    @cached_property
    def _returned(self) -> dict[int, v.Value]:
        """The single call that a property returns, perhaps by a name, by the `def` of the property."""
        returned: dict[int, v.Value] = {}
        for number, row in enumerate(self.outline.scopes):
            value = self.origins.resolve_once(self.tables.returned(number), number)
            if isinstance(value, v.Call) and not _PROPERTIES.isdisjoint(map(v.last_name, row.decorators)):
                returned[row.part] = value
        return returned

    @cached_property
    def _changed(self) -> set[_Key | None]:
        """The variables and attributes that get an adapter other than the plain one, or another method."""
        changed = set()
        for site in self.tables.calls_by_name["mount"]:
            adapter = self.origins.resolve_once(site.value.argument("adapter", 1), site.scope)
            if isinstance(site.value.func, v.Attribute) and self._maker(adapter, site.scope) != self.library.adapter:
                changed.add(self._key(site.value.func.value, site.scope))
        for use in self.outline.uses:
            *owner, method = use.access.steps or ("",)
            if use.access.assigns and method in self.library.sending and ITEM not in owner and len(owner) < 2:
                name = v.Name(use.name)
                changed.add(self._key(v.Attribute(name, owner[0]) if owner else name, use.scope))
        return changed


def _default(value: v.Value) -> v.Value:
    """The value that is bound; for the field of a dataclass that which its factory makes."""
    if isinstance(value, v.Call) and v.last_name(value.func) == "field":
        factory = value.argument("default_factory")
        return v.Call(factory, ()) if factory is not None else v.OPAQUE
    return value


def methods(library: Library) -> frozenset[Access]:
    """The accesses to a session that only call it: `session.get(url)`."""
    return frozenset(map(call_of, library.functions))


def closing(library: Library) -> frozenset[Access]:
    """The accesses that close a session: `session.close()`."""
    return frozenset({call_of(library.closing)})


def sets_up(access: Access) -> bool:
    """Tell whether an access to a session sets something for the calls to come: `session.headers.update(...)`."""
    if access.rebinds:
        return access.attribute != ""
    return access.calls and (access.method == "mount" or (len(access.steps) == 2 and access.steps[1] in _SETTERS))
