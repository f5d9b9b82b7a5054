"""Whether an option may move from the calls to a session made before them, without a difference to any call.

The value must be the same at every call, at a place before the first: bound by then, not changed until the last, and
neither raising nor having an effect when it is taken early. What requests does, behind it: `Session.headers` merges a
plain dict as a call does (`merge_setting` in requests/sessions.py), and a pair becomes `HTTPBasicAuth` in either place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sessionize.analysis.flow import Place
from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts
from sessionize.syntax import outline as o

_TEXT_METHODS = frozenset({"strip", "lstrip", "rstrip", "lower", "upper", "format", "join", "replace", "hexdigest"})


def may_change(facts: Facts, option: str, calls: Sequence[BareCall], place: Place) -> str | None:
    """Why the value that the calls pass as `option` can't be taken at `place` instead; None if it can."""
    return _Steady(facts, calls, place).why_not(option)


def may_ever_change(facts: Facts, option: str, calls: Sequence[BareCall], place: Place) -> str | None:
    """The same for calls that may run at any time after `place` was passed."""
    return _Steady(facts, calls, place, forever=True).why_not(option)


def plain_dict(value: o.Value) -> str | None:
    """Why a value is not a dict display with string keys and no None, which a session merges as a call does."""
    if not isinstance(value, o.Dict) or not value.items:
        return "it is not known to be a plain dict with something in it"
    for key, item in value.items:
        if not isinstance(key, o.Const) or key.kind != "str":
            return "its keys are not all known to be strings"
        if item == o.NONE:
            return "it holds None"
    return None


def plain_pair(value: o.Value) -> str | None:
    """Why a value is not a display of a pair."""
    match value:
        case o.Sequence(kind="tuple", items=(_, _)):
            return None
    return "it is not known to be a pair"


class _Steady:
    """Whether an option has one value from a place to the last of the calls that pass it."""

    def __init__(self, facts: Facts, calls: Sequence[BareCall], place: Place, *, forever: bool = False) -> None:
        self.facts = facts
        self.names = facts.names
        self.calls = calls
        self.place = place
        parts = facts.outline.parts
        around = {parts[part].kind for call in calls for part in facts.flow.ancestors(call.site.part)}
        self.forever = forever or "genexp" in around  # of which no one knows when it is gone through
        self.text_only = False
        self.frame = facts.flow.frame[place.block]
        self.scope = facts.outline.parts[self.frame].scope
        self.end = max(call.site.tick for call in calls)
        self.turns = {loop for call in calls for loop in facts.flow.loops(call.site.part)}

    def why_not(self, option: str) -> str | None:
        values = [call.argument(option) for call in self.calls]
        value = values[0]
        if value is None or any(other != value for other in values):
            return "not all calls pass the same"
        if any(call.unpacks for call in self.calls):  # passing it twice raises, and must go on doing so
            return "a call passes `**` arguments, which may hold it too"
        for name in o.names_in(value):
            owner = self.names.owner(name, self.scope)
            if any(self.names.owner(name, call.site.scope) != owner for call in self.calls):
                return f"`{name}` is not the same variable everywhere"
        if option == "auth":
            return self.pair(value)
        self.text_only = option == "cookies"  # None would delete a cookie, or be sent
        return self.mapping(value)

    def mapping(self, value: o.Value) -> str | None:
        if isinstance(value, o.Name):
            if self.text_only:
                return "it is not a display"
            return self.name(value.name) or self.bound_to(value.name, plain_dict) or self.untouched(value.name)
        items = value.items if isinstance(value, o.Dict) else ()
        return plain_dict(value) or self.items([item for _, item in items])

    def pair(self, value: o.Value) -> str | None:
        match value:
            case o.Name(name=name):
                return self.name(name) or self.bound_to(name, plain_pair)
            case o.Sequence(kind="tuple", items=(_, _) as items):
                return self.items(list(items))
            case o.Call(func=func, args=(user, password)) if self.facts.bare.is_basic_auth(value, self.scope):
                if self.facts.imports.bound(o.names_in(func)[0], self.scope, self.place) != "surely":
                    return "its class may not be imported before the calls"
                return self.items([user.value, password.value])
        return "it is not a pair"

    def items(self, values: list[o.Value]) -> str | None:
        for value in values:
            if self.text_only and not is_text(self.facts, value, self.scope):
                return "a value in it is not known to be a string"
            if isinstance(value, o.Const) and value != o.NONE:
                continue
            if isinstance(value, o.Name):
                reason = self.name(value.name)
            elif is_text(self.facts, value, self.scope):
                reason = next(filter(None, map(self.name, o.names_in(value))), None)
            else:
                reason = "a value in it may vary or raise"
            if reason is not None:
                return reason
        return None

    def name(self, name: str) -> str | None:
        """Why a name may be unbound at the place, or bound anew before the last call."""
        facts = self.facts
        owner = self.names.owner(name, self.scope)
        binds = self.names.binds(owner, name)
        if facts.mutations.reflection:
            return f"`{name}` may change through `{facts.mutations.reflection}`"
        if owner == self.scope:
            if any(facts.flow.frame[bind.part] != self.frame or self.between(bind.tick, bind.part) for bind in binds):
                return f"`{name}` may be bound anew"
            if owner == 0 and any(self.between(star.tick, star.part) for star in self.names.stars):
                return f"`{name}` may be replaced by a star import"
            seen = self.place
        else:
            outer = facts.imports.lift(self.place, owner) if owner != -1 else None
            if outer is None or len(binds) != 1:
                return f"`{name}` may be bound anew" if outer is not None else f"`{name}` is not bound in this file"
            if facts.flow.loops(binds[0].part):
                return f"`{name}` is bound in a loop"
            seen = outer
        if any(bind.form in ("del", "except") for bind in binds):
            return f"`{name}` may be deleted"
        if not any(facts.flow.dominates(bind.part, bind.tick, seen) and bind.form != "declare" for bind in binds):
            return f"`{name}` may not be bound before the calls"
        return None

    def between(self, tick: int, part: int) -> bool:
        """Whether something of the frame can run after the place and before the last call."""
        inside = bool(self.turns.intersection(self.facts.flow.loops(part)))
        return tick > self.place.tick and (self.forever or tick < self.end or inside)

    def bound_to(self, name: str, check: Callable[[o.Value], str | None]) -> str | None:
        owner = self.names.owner(name, self.scope)
        for bind in self.names.binds(owner, name):
            reason = check(bind.value) if bind.form == "assign" else f"`{name}` is not bound to a display here"
            if reason is not None:
                return reason
            if owner == 0 and any(star.tick > bind.tick for star in self.names.stars):
                return f"`{name}` may be replaced by a star import"
        return None

    def untouched(self, name: str) -> str | None:
        """Why the dict that a name is bound to may change, or be known under another name, before the last call."""
        facts = self.facts
        owner = self.names.owner(name, self.scope)
        for use in facts.mutations.mutating_uses(owner, name):
            if facts.flow.frame[use.part] == self.frame:
                if use.tick > self.place.tick and not self.between(use.tick, use.part):
                    continue
                early = use.tick < self.place.tick and owner == self.scope
                if early and use.access.changes_item and isinstance(use.key, o.Const) and use.key.kind == "str":
                    continue
            return f"`{name}` may change between the calls"
        return None


def is_text(facts: Facts, value: o.Value, scope: int, depth: int = 0, *, annotated: bool = False) -> bool:
    """Whether a value is surely a string whose making has no effect beyond reading names.

    `annotated`: whether to trust a parameter's `str`: not in `+`, which raises where the caller passed None after all.
    """
    match value:
        case o.Const(kind=kind):
            return kind == "str"
        case o.Join(parts=parts):
            return all(
                isinstance(part, o.Const) or (part.plain and is_text(facts, part.value, scope, depth, annotated=True))
                for part in parts
            )
        case o.Binary(op="+", left=left, right=right):
            return is_text(facts, left, scope, depth) and is_text(facts, right, scope, depth)
        case o.Name(name=name) if depth < 8:
            owner = facts.names.owner(name, scope)
            binds = facts.names.binds(owner, name)
            return bool(binds) and all(_binds_text(facts, b, owner, depth + 1, annotated=annotated) for b in binds)
    return False


def _binds_text(facts: Facts, bind: o.Bind, owner: int, depth: int, *, annotated: bool) -> bool:
    """Whether a binding gives its name a string; how it is made does not matter here."""
    if bind.form == "param":
        return annotated and bind.value == o.Name("str")
    if bind.form != "assign":
        return False
    match bind.value:
        case o.Call(func=o.Attribute(value=receiver, attr=attr)) if attr in _TEXT_METHODS:
            return attr == "hexdigest" or is_text(facts, receiver, owner, depth)
        case o.Call(func=func):
            path = facts.origins.path_of(func, owner)
            maybe_none = annotated and path in ("os.getenv", "os.environ.get")
            return maybe_none or path in ("builtins.str", "builtins.input", "getpass.getpass")
        case o.Item(value=mapping):
            return facts.origins.path_of(mapping, owner) == "os.environ"
    return is_text(facts, bind.value, owner, depth, annotated=annotated)
