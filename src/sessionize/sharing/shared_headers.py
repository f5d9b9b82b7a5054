"""The headers that all calls of a session begin with, where a display spells them out for each call.

    headers = {"X-Api-Key": self.key, "Content-Type": "text/csv"}
    requests.post(url, data=rows, headers=headers)

A session sends its own headers first, in their order, and those of the call behind them (`merge_setting` in
requests/sessions.py). So the ones that come first in all displays can be set on it once, and the rest stays at the
calls. Those that every session has by itself, as `User-Agent`, keep their place wherever they are set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from sessionize.analysis.flow import Place
from sessionize.analysis.memo import memo
from sessionize.library.calls import BareCall
from sessionize.sharing.closed_world import ClosedWorld
from sessionize.sharing.facts import Facts
from sessionize.sharing.hoisting import Interval, all_shown, is_text
from sessionize.sharing.several_calls import ids
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT

# `requests.utils.default_headers`
_DEFAULT = frozenset({"user-agent", "accept-encoding", "accept", "connection"})

# The line that sets an attribute of the object, `self.key`, for good, and before its session is made; None without one.
StoreOf = Callable[[v.Attribute, int], o.Store | None]


def no_store(_value: v.Attribute, _scope: int, /) -> o.Store | None:
    """Tell that no object is there where the session of a module is made."""
    return None


class Display(NamedTuple):
    """A dict display with the headers of a call.

    statement: the part of `headers = {...}`; -1 where it stands in the call.
    goes: whether nothing is left of it.
    """

    call: int
    statement: int
    goes: bool


class SharedHeaders(NamedTuple):
    """Headers to set on a session: their keys, which leave the displays, and the attributes that they are made of."""

    keys: tuple[str, ...]
    attributes: tuple[str, ...]
    displays: tuple[Display, ...]


class _Spelled(NamedTuple):
    """The headers of a call: those that its display begins with.

    followed: whether others stand behind them in it: `**more`.
    changed: whether others are added to it later: `headers["Accept"] = "text/csv"`.
    """

    call: BareCall
    statement: int
    items: dict[str, v.Value]
    followed: bool
    changed: bool


def shared_headers(
    facts: Facts, calls: Sequence[BareCall], place: Place, store_of: StoreOf | None = None
) -> SharedHeaders | None:
    """The headers that a session made at `place` can send for all calls; None if there are none.

    store_of: for a session that outlives its function, as that of an object.
    """
    if facts.outline.parts[place.block].form != "lines":
        return None
    numbers = {*ids(calls)}
    spelled = [_spelled(facts, call, numbers) for call in calls]
    displays = list(filter(None, spelled))
    if len(displays) < len(calls):
        return None
    interval = Interval(facts, calls, place, forever=store_of is not None)
    keeps = _Keeping(interval, store_of)
    first = displays[0].items
    keys = _in_front([key for key in _leading(displays) if keeps.value(first[key])], displays)
    attributes: dict[str, None] = {}
    for key in keys:
        attributes |= dict.fromkeys(v.dotted_in(first[key]))
    found = []
    for display in displays:
        goes = not display.followed and display.items.keys() == {*keys}
        if goes and display.changed:  # `headers = {}` says less than what was there
            return None
        found.append(Display(display.call.id, display.statement, goes))
    return SharedHeaders(keys, tuple(attributes), tuple(found)) if keys else None


def keeps_values(facts: Facts, calls: Sequence[BareCall], place: Place, store_of: StoreOf, display: v.Dict) -> bool:
    """Tell whether all values of a display are texts that a session made at `place` can be given for all calls."""
    keeping = _Keeping(Interval(facts, calls, place, forever=True), store_of)
    return all(keeping.value(value) for _, value in display.items)


def _leading(displays: Sequence[_Spelled]) -> Iterator[str]:
    """The keys that all displays have, with the same values, in the order of the first."""
    for key, value in displays[0].items.items():
        if all(display.items.get(key) == value and v.is_known(value) for display in displays):
            yield key


def _in_front(keys: Sequence[str], displays: Sequence[_Spelled]) -> tuple[str, ...]:
    """The keys that a session can send without moving any other: all before them, in each display, are among them."""
    found: list[str] = []
    places = list(map(_placed, displays))
    for key in keys:
        if key.lower() in _DEFAULT:
            found.append(key)
        elif all(ordered and ordered[0] == key for ordered in places):
            found.append(key)
            for ordered in places:
                ordered.pop(0)
    return tuple(found)


def _placed(display: _Spelled) -> list[str]:
    """The keys of a display that a call sends in their order, behind those that every session has."""
    return [key for key in display.items if key.lower() not in _DEFAULT]


def _spelled(facts: Facts, call: BareCall, numbers: set[int]) -> _Spelled | None:
    """The headers that a display spells out for a call; None where something else may know the display."""
    value, statement, changed = call.argument("headers"), -1, False
    if call.unpacks or call.is_mapped:
        return None
    if isinstance(value, v.Name):
        owner = facts.names.owner(value.name, call.site.scope)
        binds = facts.names.binds(owner, value.name)
        if len(binds) != 1 or not _stands_alone(facts, binds[0], call) or not _is_private(facts, owner, binds[0]):
            return None
        statement = binds[0].part
        for use in facts.names.uses(owner, value.name):
            if facts.flow.frame[use.part] != call.frame:
                return None
            adds = (use.access.changes_item and use.access.assigns) or use.access.method == "update"
            if not adds and not _passes_headers(facts, use, numbers):
                return None
            changed = changed or adds
        value = binds[0].value
    return _of_display(call, statement, value, changed=changed) if isinstance(value, v.Dict) else None


def _is_private(facts: Facts, owner: int, bind: o.Bind) -> bool:
    """Tell whether only the code around a binding sees its variable: no class, no other file, and no `locals()`."""
    own = owner == facts.tables.function_around(bind.part)  # and not `global headers`
    taken = owner == 0 and facts.is_changed_elsewhere(bind.name)
    return own and not taken and not facts.mutations.reflection


def _stands_alone(facts: Facts, bind: o.Bind, call: BareCall) -> bool:
    """Tell whether `headers = {...}` has a line of its own, which can go, and has surely run before a call.

    The call is of the same function.
    """
    parts, flow = facts.outline.parts, facts.flow
    alone = len(facts.tables.binds_at[bind.part]) == 1
    if bind.form != "assign" or parts[bind.part].kind != "simple" or not alone:
        return False
    siblings = flow.children[parts[bind.part].parent]
    if flow.shares_line(bind.part) or len(siblings) == 1 or parts[parts[bind.part].parent].form != "lines":
        return False
    same = flow.frame[bind.part] == call.frame
    return same and flow.dominates(bind, flow.place_before(call.site.part))


def _passes_headers(facts: Facts, use: o.Use, numbers: set[int]) -> bool:
    """Tell whether a use of a name is `headers=name` in one of the calls."""
    if use.access != ARGUMENT:
        return False
    site = facts.outline.calls[use.call]
    passed = [arg.keyword for arg in site.value.args if arg.value == v.Name(use.name)]
    return site.tick in numbers and passed == ["headers"]


def _of_display(call: BareCall, statement: int, display: v.Dict, *, changed: bool) -> _Spelled | None:
    """The headers of a display up to the first key that is no plain text: `**more`, or a name."""
    items: dict[str, v.Value] = {}
    for key, value in display.items:
        if not isinstance(key, v.Const) or key.kind != "str":
            return _Spelled(call, statement, items, followed=True, changed=changed)
        if str(key.value).lower() in map(str.lower, items):
            return None
        items[str(key.value)] = value
    return _Spelled(call, statement, items, followed=False, changed=changed)


class _Keeping:
    """Tells which values are the same when the session is made as at all of its calls."""

    def __init__(self, interval: Interval, store_of: StoreOf | None) -> None:
        self.interval = interval
        self.facts = interval.facts
        self.store_of = store_of

    def value(self, value: v.Value) -> bool:
        """Tell whether a value is a text that the session can be given when it is made."""
        if self.store_of is None:
            return self._leaf(value)
        match value:
            case v.Const(kind=kind):
                return kind == "str"
            case v.Join(parts=parts):
                return all_shown(parts, self._formatted)
            case v.Binary(op="%", left=v.Const(value=str(template)), right=right):
                items = right.items if isinstance(right, v.Sequence) and right.kind == "tuple" else (right,)
                plain = template.count("%") == template.count("%s") == len(items)
                return plain and all(map(self._formatted, items))
            case v.Call(func=v.Attribute(value=v.Const(value=str(template)), attr="format"), args=args):
                plain = not re.search("[{}]", template.replace("{}", ""))
                fits = template.count("{}") == len(args) and not value.unpacks and not value.keywords
                return plain and fits and all(self._formatted(arg.value) for arg in args)
        return self._leaf(value)

    def _leaf(self, value: v.Value) -> bool:
        """Tell whether a name or attribute stays bound to what it is."""
        if isinstance(value, v.Attribute):
            return self._store(value) is not None
        return self.interval.means_the_same(value) and self.interval.keeps_item(value)

    @memo
    def _store(self, value: v.Attribute) -> o.Store | None:
        found = {self.store_of(value, call.site.scope) for call in self.interval.calls} if self.store_of else {None}
        return found.pop() if len(found) == 1 else None

    def _formatted(self, value: v.Value) -> bool:
        """Tell whether a name or attribute gives the same text each time that it is put into one.

        Where the whole program shows, and the fix may be safe, it is known to be a text; else it is no list, dict or
        object of this file.
        """
        if not self._leaf(value):
            return False
        made, scope = value, self.interval.scope
        if isinstance(value, v.Attribute) and (store := self._store(value)) is not None:
            made, scope = store.value, store.scope
        if is_text(self.facts, made, scope, annotated=True):
            return True
        made = self.facts.origins.resolve_once(made, scope) if isinstance(made, v.Name) else made
        kept = isinstance(made, v.Sequence | v.Dict)
        own = v.called_name(made) in self.facts.tables.names_of_classes
        return not kept and not own and not self._is_closed

    @cached_property
    def _is_closed(self) -> bool:
        """True if all of the program shows, so that a fix may be safe."""
        return ClosedWorld(self.facts, self.interval.calls).holds or self.facts.around.is_application()
