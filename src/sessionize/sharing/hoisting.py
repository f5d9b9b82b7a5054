"""The proof that an option may move from the calls to a session made before them, without a difference to any call.

The value must be the same at every call, at a place before the first: bound by then, not changed until the last, and
neither raising nor having an effect when it is taken early. What requests does, behind it: `Session.headers` merges a
plain dict as a call does (`merge_setting` in requests/sessions.py), and a pair becomes `HTTPBasicAuth` in either place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeGuard

from sessionize.analysis.flow import Place
from sessionize.library.calls import BareCall
from sessionize.library.program import Program
from sessionize.sharing.several_calls import owners, passed_by_all, ticks
from sessionize.syntax import outline as o, values as v

_TEXT_METHODS = frozenset({"strip", "lstrip", "rstrip", "lower", "upper", "format", "join", "replace", "hexdigest"})


def is_lazy(facts: Program, call: BareCall) -> bool:
    """Tell whether a call stands in a generator expression."""
    return any(facts.outline.parts[part].kind == "genexp" for part in facts.flow.ancestors(call.site.part))


def is_plain_dict(value: v.Value) -> TypeGuard[v.Dict]:
    """Tell whether a value is a dict display with string keys and no None, which a session merges as a call does."""
    if not isinstance(value, v.Dict) or not value.items:
        return False
    for key, item in value.items:
        named = isinstance(key, v.Const) and key.kind == "str"
        if not named or item == v.NONE:
            return False
    return True


def is_pair_display(value: v.Value) -> bool:
    """Tell whether a value is a display of a pair: `(user, password)`."""
    return isinstance(value, v.Sequence) and value.kind == "tuple" and len(value.items) == 2


class Interval:
    """The run of a frame from the place of a session to the last of its calls.

    forever: whether the calls may run at any time after the place was passed.
    """

    def __init__(self, facts: Program, calls: Sequence[BareCall], place: Place, *, forever: bool = False) -> None:
        self.facts = facts
        self.names = facts.names
        self.flow = facts.flow
        self.calls = calls
        self.place = place
        self.frame = self.flow.frame[place.block]
        self.scope = facts.outline.parts[self.frame].scope
        self.end = max(ticks(calls))
        self.forever = forever
        self.turns: set[int] = set()
        for call in calls:
            self.turns.update(self.flow.loops(call.site.part))
            # a `map`, a pool or a generator makes it later, and no one knows when
            self.forever = self.forever or call.is_mapped or is_lazy(facts, call)

    def keeps(self, option: str) -> bool:
        """Tell whether all calls pass one value as `option`, which may as well be taken at the place."""
        value = passed_by_all(option, self.calls)
        if value is None or not self.means_the_same(value):
            return False
        if option == "auth":
            return self._keeps_pair(value)
        if option == "headers":
            value = self._copied(value)
            if isinstance(value, v.Call):
                return self._keeps_made(value)
        if isinstance(value, v.Name) and option != "cookies":
            name = value.name
            return self._keeps_name(name) and self._is_bound_to(is_plain_dict, name) and self._is_untouched(name)
        if not is_plain_dict(value):
            return False
        for _, item in value.items:
            if option == "cookies" and not is_text(self.facts, item, self.scope):
                return False  # None would delete a cookie, or be sent
        return self._keeps_items(value)

    def _keeps_items(self, display: v.Dict) -> bool:
        return all(self.keeps_item(item) for _, item in display.items)

    def _copied(self, value: v.Value) -> v.Value:
        """The dict that a value is a copy of: `HEADERS` for `dict(HEADERS)`, `HEADERS.copy()` and `{**HEADERS}`.

        Another `dict` would count as one that may change what it is handed.
        """
        match value:
            case (
                v.Dict(items=((None, inner),))
                | v.Call(func=v.Attribute(value=inner, attr="copy"), args=())
                | v.Call(func=v.Name(name="dict"), args=(v.Argument(value=inner, keyword=None, stars=""),))
            ):
                return inner
        return value

    def _keeps_made(self, value: v.Call) -> bool:
        """Tell whether a function of the module makes headers alike whenever it is called: `get_headers()`."""
        made = made_display(self.facts, value, self.scope)
        if made is None or not isinstance(value.func, v.Name) or not self._keeps_name(value.func.name):
            return False
        for name in v.names_in(made.display):
            if not self.names.owner(name, made.function) == self.names.owner(name, self.scope) == 0:
                return False
        return self._keeps_items(made.display)

    def means_the_same(self, value: v.Value) -> bool:
        """Tell whether the names in a value are the same variables at all calls."""
        for name in v.names_in(value):
            if owners(self.facts, name, self.calls) != {self.names.owner(name, self.scope)}:
                return False
        return True

    def _keeps_pair(self, value: v.Value) -> bool:
        match value:
            case v.Name(name=name):
                return self._keeps_name(name) and self._is_bound_to(is_pair_display, name)
            case v.Sequence(items=items) if is_pair_display(value):
                return all(map(self.keeps_item, items))
            case v.Call(func=func, args=(user, password)) if self.facts.bare.is_basic_auth(value, self.scope):
                imported = self.facts.imports.bound(v.names_in(func)[0], self.scope, self.place) == "surely"
                return imported and self.keeps_item(user.value) and self.keeps_item(password.value)
        return False

    def keeps_item(self, value: v.Value) -> bool:
        """Tell whether a value is a constant, a name that keeps its value, or a string made of such."""
        if value == v.NONE:
            return False
        plain = isinstance(value, v.Const | v.Name) or is_text(self.facts, value, self.scope)
        return plain and all(map(self._keeps_name, v.names_in(value)))

    def _keeps_name(self, name: str) -> bool:
        """Tell whether a name is bound at the place, and not bound anew before the last call."""
        owner = self.names.owner(name, self.scope)
        binds = self.names.binds(owner, name)
        if self.facts.mutations.reflection or owner == -1:
            return False
        if owner == 0 and self.facts.is_changed_elsewhere(name):
            return False
        if owner == self.scope:
            starring = self.names.stars if owner == 0 else []
            if any(map(self._comes_between, [*binds, *starring])):
                return False
        elif len(binds) != 1 or self.flow.loops(binds[0].part):
            return False
        seen = self.facts.imports.lift(self.place, owner)
        if seen is None or not self.names.forms(owner, name).isdisjoint(("del", "except")):
            return False
        return any(bind.form != "declare" and self.flow.dominates(bind, seen) for bind in binds)

    def _comes_between(self, event: o.Bind | o.Use) -> bool:
        """Tell whether something may run after the place and before the last call; in another frame it may any time."""
        if self.flow.frame[event.part] != self.frame:
            return True
        inside = not self.turns.isdisjoint(self.flow.loops(event.part))
        return event.tick > self.place.tick and (self.forever or event.tick < self.end or inside)

    def _is_bound_to(self, is_plain: Callable[[v.Value], bool], name: str) -> bool:
        """Tell whether a name is only bound to displays of a kind, and by no star import."""
        owner = self.names.owner(name, self.scope)
        starring = self.names.stars[-1].tick if owner == 0 and self.names.stars else -1
        for bind in self.names.binds(owner, name):
            if bind.form != "assign" or not is_plain(bind.value) or bind.tick < starring:
                return False
        return True

    def _is_untouched(self, name: str) -> bool:
        """Tell whether the dict of a name stays as it is, and known by no other name, up to the last call."""
        owner = self.names.owner(name, self.scope)
        for use in self.facts.mutations.mutating_uses(owner, name):
            if self._comes_between(use):
                return False
            early = use.tick < self.place.tick and owner == self.scope
            named = use.access.changes_item and isinstance(use.key, v.Const) and use.key.kind == "str"
            if use.tick <= self.place.tick and not (early and named):  # `name["Accept"] = "text/csv"`
                return False
        return True


class Made(NamedTuple):
    """A plain dict that a function of this file does nothing but return."""

    display: v.Dict
    function: int


def made_display(facts: Program, value: v.Value | None, scope: int) -> Made | None:
    """The headers that `get_headers()` or `self._headers()` gives; None where another function may be called."""
    match value:
        case v.Call(func=v.Name(name=name), args=()):
            owner = facts.names.owner(name, scope)
            changed = owner == 0 and facts.is_changed_elsewhere(name)
        case v.Call(func=v.Attribute(value=v.Name(name=instance), attr=name), args=()):
            owner = facts.graph.class_of(instance, scope)
            if not owner:
                return None
            below = any(facts.names.binds(each, name) for each in facts.classes.descendants[owner])
            stored = below or name in facts.tables.stores_of or facts.mutations.reachable_by_string(name)
            changed = stored or facts.around.may_set_attribute(name)
        case _:
            return None
    binds = facts.names.binds(owner, name)
    if changed or facts.mutations.reflection or len(binds) != 1 or binds[0].form != "def":
        return None
    function = next(number for number, row in enumerate(facts.outline.scopes) if row.part == binds[0].part)
    row = facts.outline.scopes[function]
    kinds = [facts.outline.parts[part].kind for part in facts.flow.children[row.root]]
    display = facts.tables.returned(function)
    alone = kinds in (["return"], ["docstring", "return"]) and not row.decorators
    return Made(display, function) if alone and is_plain_dict(display) else None


def all_shown(parts: Sequence[v.Value], fits: Callable[[v.Value], bool]) -> bool:
    """Tell whether all that an f-string of these parts shows fits, and is shown without a conversion or format."""
    holes = [part for part in parts if isinstance(part, v.Hole)]
    return all(hole.plain and fits(hole.value) for hole in holes)


def is_text(facts: Program, value: v.Value, scope: int, depth: int = 0, *, annotated: bool = False) -> bool:
    """Tell whether a value is surely a string whose making has no effect beyond reading names.

    annotated: whether to trust a parameter's `str`: not in `+`, which raises where the caller passed None after all.
    """
    match value:
        case v.Const(kind=kind):
            return kind == "str"
        case v.Join(parts=parts):
            return all_shown(parts, lambda value: is_text(facts, value, scope, depth, annotated=True))
        case v.Binary(op="+", left=left, right=right):
            return is_text(facts, left, scope, depth) and is_text(facts, right, scope, depth)
        case v.Name(name=name) if depth < 8:
            owner = facts.names.owner(name, scope)
            binds = facts.names.binds(owner, name)
            return bool(binds) and all(_binds_text(facts, b, owner, depth + 1, annotated=annotated) for b in binds)
    return False


def _binds_text(facts: Program, bind: o.Bind, owner: int, depth: int, *, annotated: bool) -> bool:
    """Tell whether a binding gives its name a string; how it is made does not matter here."""
    if bind.form == "param":
        return annotated and bind.value == v.Name("str")
    if bind.form != "assign":
        return False
    match bind.value:
        case v.Call(func=v.Attribute(value=receiver, attr=attr)) if attr in _TEXT_METHODS:
            return attr == "hexdigest" or is_text(facts, receiver, owner, depth)
        case v.Call(func=func):
            path = facts.origins.path_of(func, owner)
            maybe_none = annotated and path in ("os.getenv", "os.environ.get")
            return maybe_none or path in ("builtins.str", "builtins.input", "getpass.getpass")
        case v.Item(value=mapping):
            return facts.origins.path_of(mapping, owner) == "os.environ"
    return is_text(facts, bind.value, owner, depth, annotated=annotated)
