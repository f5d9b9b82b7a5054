"""Values that stay the same as long as a session lives: constants, names and attributes that are bound once.

For a session that outlives its function a name of the module is one only if it is a constant, `TOKEN` or `_token`:
other modules may set any other, as in `library.api_key = ...`.
"""

from __future__ import annotations

from functools import cached_property
from itertools import chain

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
                return all(self._is_steady_text(part, scope, depth) for part in parts)
            case v.Binary(left=left, right=right):
                return self._is_steady_text(left, scope, depth) and self._is_steady_text(right, scope, depth)
            case v.Dict(items=items):
                return all(key is not None and self.is_steady(item, scope, depth) for key, item in items)
            case v.Call() if (made := made_display(self.facts, value, scope)) is not None:
                return self.is_steady(made.display, made.function, depth)
            case v.Call():
                return self.facts.bare.is_basic_auth(value, scope) and all(
                    self._is_steady_text(arg.value, scope, depth) for arg in value.args
                )
        return False

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
        changed = any(_may_change(use.access) for use in self.facts.names.uses(owner, name))
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
        methods = {row.name for row in self.facts.outline.scopes}
        return not methods.isdisjoint(("__str__", "__repr__", "__format__")) or self.facts.around.is_shown_by_code()

    def _makes_what_changes(self, bind: o.Bind) -> bool:
        """Tell whether a name is bound to a list or set, or to an object of a class of this file."""
        kept = isinstance(bind.value, v.Sequence) and bind.value.kind != "tuple"
        return kept or v.last_name(v.called(bind.value)) in self.facts.tables.names_of_classes

    def _stays_as_bound(self, name: str) -> bool:
        """Tell whether nobody binds a name of the module anew: another module, or a cell that is run again."""
        if self.facts.tables.cells:
            return False
        constant = name.isupper() or name.startswith("_") or self.owner is None
        return constant and not self.facts.is_changed_elsewhere(name)

    def set_once(self, value: v.Attribute, scope: int) -> o.Store | None:
        """The one line of `__init__` that sets `self.token`, if nothing else in the file changes it."""
        method = self.facts.graph.method(scope)
        if method is None or value.value != v.Name(method.instance) or self.owner not in (None, method.owner):
            return None
        return self._only_store(value.attr, method.owner)

    @memo
    def _only_store(self, attr: str, owner: int) -> o.Store | None:
        """The one line of a class's `__init__` that sets an attribute of its objects, if nothing else changes it."""
        stores = self.facts.tables.stores_of.get(attr, ())
        made = [store for store in stores if not self._is_another_class(store.name, store.scope, owner)]
        if not made or self.facts.mutations.reachable_by_string(attr):
            return None
        init = self.facts.graph.method(made[0].scope)
        in_init = self.facts.outline.scopes[made[0].scope].name == "__init__"
        if init is None or not in_init or (init.owner, init.instance) != (owner, made[0].name):
            return None
        changes = 0
        for access, use in self.facts.mutations.done_on(attr):
            others = use is not None and self._is_another_class(use.name, use.scope, owner)
            changes += access.changed is not None and not others
        stays = changes == 1 and attr not in self.facts.tables.class_names and not self._is_made_anew
        elsewhere = any(map(self.facts.around.may_set_attribute, (attr, "__init__", "__getattribute__", "__class__")))
        return made[0] if stays and not elsewhere else None

    def _is_another_class(self, name: str, scope: int, owner: int) -> bool:
        """Tell whether a name is the object of a method that no object of the class `owner` has."""
        method = self.facts.graph.method(scope)
        if method is None or method.instance != name or method.owner in self._related(owner):
            return False
        return self._has_own_objects(method.owner)

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
        scopes = self.facts.outline.scopes
        calls = self.facts.tables.calls_by_name["__init__"]
        return "__new__" in {row.name for row in scopes} or any(scopes[call.scope].name != "__init__" for call in calls)

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
    called = v.Attribute(v.Name(use.name), "update")
    updates = [site.value.args for site in facts.tables.calls_by_name["update"] if site.value.func == called]
    return _joined([*map(_keys_of_argument, chain(*updates))])


def _keys_of_argument(arg: v.Argument) -> tuple[str, ...] | None:
    """The keys that an argument of `update` adds: `update(a=1)`, `update({"a": 1})`; None if they are not known."""
    return (arg.keyword,) if arg.keyword else keys_of_display(arg.value)


def is_pair(facts: Program, value: v.Value, scope: int) -> bool:
    """Tell whether an `auth=` is a pair, `(user, password)` or what requests makes of one, by whatever name.

    A name or an attribute is, if all that it is bound to in the file is.
    """
    match value:
        case v.Name(name=name):
            owner = facts.names.owner(name, scope)
            binds = facts.names.binds(owner, name)
            return bool(binds) and all(b.form == "assign" and _is_pair_itself(facts, b.value, owner) for b in binds)
        case v.Attribute(value=v.Name(), attr=attr) if not facts.mutations.reachable_by_string(attr):
            stores = facts.tables.stores_of.get(attr, [])
            pairs = [store for store in stores if _is_pair_itself(facts, store.value, store.scope)]
            changes = [access for access, _ in facts.mutations.done_on(attr) if access.rebinds]
            return 0 < len(pairs) == len(changes) and attr not in facts.tables.class_names
    return _is_pair_itself(facts, value, scope)


def _is_pair_itself(facts: Program, value: v.Value, scope: int) -> bool:
    return value == v.NONE or is_pair_display(value) or facts.bare.is_basic_auth(value, scope)
