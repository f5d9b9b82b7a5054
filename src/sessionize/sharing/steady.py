"""Values that stay the same as long as a session lives: constants, names and attributes that are bound once.

For a session that outlives its function a name of the module is one only if it is a constant, `TOKEN` or `_token`:
other modules may set any other, as in `library.api_key = ...`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, partial
from itertools import chain, filterfalse
from operator import attrgetter

from sessionize.analysis.memo import memo
from sessionize.library.program import Program
from sessionize.sharing.hoisting import is_pair_display, is_text, made_display
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, CALL, READ, SET, Access


class Steady:
    def __init__(self, facts: Program, owner: int | None) -> None:
        """owner: None for a session of the calls' own function, the class whose objects have it, 0 for the module."""
        self.facts = facts
        self.owner = owner

    def is_steady(self, value: v.Value, scope: int, depth: int = 0) -> bool:
        """Tell whether a text, or a display of texts, stays the same as long as the session lives."""
        match value:
            case v.Const():
                return True
            case v.Name(name=name):
                return depth < 4 and self._is_bound_once(name, scope, depth)
            case v.Attribute():
                return self.set_once(value, scope) is not None
            case v.Hole(value=inner):
                return self._is_steady_text(inner, scope, depth)
            case v.Join(parts=parts):
                return all(self.is_steady(part, scope, depth) for part in parts)
            case v.Sequence(items=parts):  # of `auth=`, which are made texts
                return self._are_steady_texts(parts, scope, depth)
            case v.Binary(left=left, right=right):
                return self._are_steady_texts((left, right), scope, depth)
            case v.Dict(items=items):
                return all(key is not None and self.is_steady(item, scope, depth) for key, item in items)
            case v.Call() if (made := made_display(self.facts, value, scope)) is not None:
                return self.is_steady(made.display, made.function, depth)
            case v.Call() if self.facts.bare.is_basic_auth(value, scope):
                return self._are_steady_texts(map(attrgetter("value"), value.args), scope, depth)
        return False

    def _are_steady_texts(self, values: Iterable[v.Value], scope: int, depth: int) -> bool:
        return all(self._is_steady_text(value, scope, depth) for value in values)

    def _is_steady_text(self, value: v.Value, scope: int, depth: int) -> bool:
        """Tell whether a value gives the same text each time: no class of the program may say how it is put in one."""
        if not self.is_steady(value, scope, depth):
            return False
        made, at = value, scope
        if isinstance(value, v.Attribute) and (store := self.set_once(value, scope)) is not None:
            made, at = store.value, store.scope
        return is_text(self.facts, made, at) or isinstance(made, v.Join) or not self._is_shown_by_code

    @memo
    def _is_bound_once(self, name: str, scope: int, depth: int) -> bool:
        """Tell whether a name is bound once for all calls, by the module or by the function of a local session."""
        owner = self.facts.names.owner(name, scope)
        binds = self.facts.names.binds(owner, name)
        changed = any(map(_may_change, self.facts.names.accesses(owner, name)))
        if len(binds) != 1 or changed or self.facts.mutations.reflection:
            return False
        (bind,) = binds
        if bind.form not in ("assign", "import", "param") or self.facts.flow.loops(bind.part):
            return False
        if self.facts.tables.function_around(bind.part) != owner:  # by `global TOKEN` in a function
            return False
        if owner == 0 and not self._stays_as_bound(name):
            return False
        if owner != 0 and self.owner is not None:  # another function may have a variable of that name
            return False
        if self._makes_what_changes(bind):
            return False
        if bind.form == "assign" and v.is_known(bind.value) and self.is_steady(bind.value, owner, depth + 1):
            return True
        frame = self.facts.flow.frame
        return owner == 0 or frame[bind.part] == frame[self.facts.outline.scopes[scope].root]

    @cached_property
    def _is_shown_by_code(self) -> bool:
        """True if what is no text may be put in one by a class of the program, which need not do it alike each time."""
        shown = not self._scopes.isdisjoint(("__str__", "__repr__", "__format__"))
        return shown or self.facts.around.is_shown_by_code()

    @cached_property
    def _scopes(self) -> set[str]:
        """The names of the functions and classes of the file."""
        return {row.name for row in self.facts.outline.scopes}

    def _makes_what_changes(self, bind: o.Bind) -> bool:
        """Tell whether a name is bound to a list or set, or to an object of a class of this file."""
        kept = isinstance(bind.value, v.Sequence) and bind.value.kind != "tuple"
        return kept or v.called_name(bind.value) in self.facts.tables.names_of_classes

    def _stays_as_bound(self, name: str) -> bool:
        """Tell whether nobody binds a name of the module anew: another module, or a cell that is run again."""
        if self.facts.tables.cells:
            return False
        constant = name.isupper() or name.startswith("_") or self.owner is None
        return constant and not self.facts.is_changed_elsewhere(name)

    def set_once(self, value: v.Attribute, scope: int) -> o.Store | None:
        """The one line of `__init__` that sets `self.token`, if nothing else in the file changes it."""
        own = self.facts.graph.class_of(value.value.name, scope) if isinstance(value.value, v.Name) else 0
        return self._only_store(value.attr, own) if own and self.owner in (None, own) else None

    @memo
    def _only_store(self, attr: str, owner: int) -> o.Store | None:
        """The one line of a class's `__init__` that sets an attribute of its objects, if nothing else changes it."""
        is_of_others = partial(self._is_another_class, owner)
        made = next(filterfalse(is_of_others, self.facts.tables.stores_of[attr]), None)
        mutations = self.facts.mutations
        if made is None or mutations.reflection or mutations.reachable_by_string(attr):
            return None
        in_init = self.facts.outline.scopes[made.scope].name == "__init__"
        if not in_init or self.facts.graph.class_of(made.name, made.scope) != owner:
            return None
        changes = 0
        for access, use in mutations.done_on(attr):
            changes += access.changed is not None and (use is None or not is_of_others(use))
        stays = changes == 1 and attr not in self.facts.tables.class_names and not self._is_made_anew
        elsewhere = any(map(self.facts.around.may_set_attribute, (attr, "__init__", "__getattribute__", "__class__")))
        return made if stays and not elsewhere else None

    def _is_another_class(self, owner: int, row: o.Store | o.Use) -> bool:
        """Tell whether a name is the object of a method that no object of the class `owner` has."""
        own = self.facts.graph.class_of(row.name, row.scope)
        return own != 0 and own not in self._related(owner) and self._has_own_objects(own)

    @memo
    def _has_own_objects(self, cls: int) -> bool:
        """Tell whether the methods of a class only get objects that it has made: nothing but `Other()` names it.

        `Other.renew(client)`, or another name for the class, may hand them any object.
        """
        row = self.facts.outline.scopes[cls]
        by_type = "__class__" in self.facts.outline.attributes or "builtins.type" in self.facts.origins.paths
        return not by_type and self.facts.names.accesses(row.parent, row.name) <= {CALL, READ}

    @memo
    def _related(self, owner: int) -> set[int]:
        """The classes of this file whose methods an object of a class may have: its bases', and its subclasses'."""
        classes = self.facts.classes
        below = {owner, *classes.descendants[owner]}
        return below.union(*map(classes.ancestry, below))

    @cached_property
    def _is_made_anew(self) -> bool:
        """True if an `__init__` may run again for an object: one calls it besides those of subclasses, or `__new__`."""
        tables = self.facts.tables
        calling = tables.names_of(map(attrgetter("scope"), tables.calls_by_name["__init__"]))
        return "__new__" in self._scopes or not calling <= {"__init__"}

    def display(self, value: v.Value, scope: int) -> v.Dict | None:
        """The dict display that a value is, or that its name is bound to, if nothing changes it."""
        match value:
            case v.Name(name=name):
                owner = self.facts.names.owner(name, scope)
                changed = self.facts.mutations.mutating_uses(owner, name)
                value = v.OPAQUE if changed else self.facts.origins.resolve_once(value, scope)
            case v.Call() if (made := made_display(self.facts, value, scope)) is not None:
                return made.display
            case v.Attribute(attr=attr) if (store := self.set_once(value, scope)) is not None:
                stays = self._is_only_sent(attr) and not self.facts.around.may_set_attribute(attr, inside=True)
                value = store.value if stays else v.OPAQUE
        return value if isinstance(value, v.Dict) else None

    def _is_only_sent(self, attr: str) -> bool:
        """Tell whether an attribute is only handed to calls of the library, so that no other name changes its dict."""
        for access, use in self.facts.mutations.done_on(attr):
            function = self.facts.origins.paths[use.call] if use is not None and use.call != -1 else None
            passed = access == ARGUMENT and self.facts.origins.library.function(function) is not None
            if access != SET and not passed:
                return False
        return True


def _may_change(access: Access) -> bool:
    """Tell whether an access may change an object, as a method of its own can: `token.renew()`."""
    return access.changed is not None or (access.calls and bool(access.steps))


def known_keys(facts: Program, value: v.Value | None, scope: int) -> tuple[str, ...] | None:
    """The keys of a dict that is a display, or that its name gets by displays, by `name["k"] = x` and by `update`.

    None if it may have others.
    """
    if not isinstance(value, v.Name):
        return keys_of_display(value)
    owner = facts.names.owner(value.name, scope)
    parts = [keys_of_display(bind.value) for bind in facts.names.binds(owner, value.name)]
    parts += [_keys_added(facts, use) for use in facts.mutations.mutating_uses(owner, value.name)]
    return _joined(parts) if parts else None


def keys_of_display(value: v.Value | None) -> tuple[str, ...] | None:
    """The keys of `{"a": 1, "b": 2}`; None for anything else."""
    if not isinstance(value, v.Dict):
        return None
    keys = tuple(str(key.value) for key, _ in value.items if isinstance(key, v.Const))
    return keys if len(keys) == len(value.items) else None


def _joined(parts: list[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """The keys of all parts; None if those of one are not known."""
    return None if None in parts else tuple(chain.from_iterable(filter(None, parts)))


def _keys_added(facts: Program, use: o.Use) -> tuple[str, ...] | None:
    """The keys that a use adds to a dict; None if they are not known."""
    if use.access.changes_item:
        return (str(use.key.value),) if isinstance(use.key, v.Const) else None
    if use.access.method != "update":
        return None
    updates = facts.tables.calls_of(v.Attribute(v.Name(use.name), "update"))
    return _joined([_keys_of_argument(arg) for site in updates for arg in site.value.args])


def _keys_of_argument(arg: v.Argument) -> tuple[str, ...] | None:
    """The keys that an argument of `update` adds: `update(a=1)`, `update({"a": 1})`; None if they are not known."""
    return (arg.keyword,) if arg.keyword else keys_of_display(arg.value)


def is_pair(facts: Program, value: v.Value, scope: int) -> bool:
    """Tell whether an `auth=` is a pair, `(user, password)` or what requests makes of one, by whatever name.

    A name or an attribute is, if all that it is bound to in the file is.
    """
    match value:
        case v.Name(name=name):
            binds = facts.names.seen(name, scope)
            return bool(binds) and all(b.form == "assign" and _is_pair_itself(facts, b.value, b.scope) for b in binds)
        case v.Attribute(value=v.Name(), attr=attr) if not facts.mutations.reachable_by_string(attr):
            stores = facts.tables.stores_of[attr]
            pairs = sum(_is_pair_itself(facts, store.value, store.scope) for store in stores)
            changes = sum(access.rebinds for access, _ in facts.mutations.done_on(attr))
            return 0 < pairs == changes and attr not in facts.tables.class_names
    return _is_pair_itself(facts, value, scope)


def _is_pair_itself(facts: Program, value: v.Value, scope: int) -> bool:
    return value == v.NONE or is_pair_display(value) or facts.bare.is_basic_auth(value, scope)
