"""Values that stay the same as long as a session lives: constants, names and attributes that are bound once."""

from __future__ import annotations

from sessionize.sharing.facts import Facts
from sessionize.syntax import values as v


class Steady:
    def __init__(self, facts: Facts, owner: int | None) -> None:
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
            case v.Attribute(value=v.Name(name=name), attr=attr):
                return self._is_set_once(name, attr, scope)
            case v.Hole(value=inner):
                return self.is_steady(inner, scope, depth)
            case v.Join(parts=parts) | v.Sequence(items=parts):
                return all(self.is_steady(part, scope, depth) for part in parts)
            case v.Binary(left=left, right=right):
                return self.is_steady(left, scope, depth) and self.is_steady(right, scope, depth)
            case v.Dict(items=items):
                return all(key is not None and self.is_steady(item, scope, depth) for key, item in items)
            case v.Call():
                return self.facts.bare.is_basic_auth(value, scope) and all(
                    self.is_steady(arg.value, scope, depth) for arg in value.args
                )
        return False

    def _is_bound_once(self, name: str, scope: int, depth: int) -> bool:
        """Tell whether a name is bound once for all calls, by the module or by the function of a local session."""
        owner = self.facts.names.owner(name, scope)
        binds = self.facts.names.binds(owner, name)
        changed = any(use.access.changed is not None for use in self.facts.names.uses(owner, name))
        if len(binds) != 1 or changed or self.facts.mutations.reflection:
            return False
        (bind,) = binds
        if bind.form not in ("assign", "import", "param") or self.facts.flow.loops(bind.part):
            return False
        if self.facts.tables.function_around(bind.part) != owner:  # by `global TOKEN` in a function
            return False
        if bind.form == "assign" and v.is_known(bind.value) and self.is_steady(bind.value, owner, depth + 1):
            return True
        own = self.owner is None and self.facts.flow.frame[bind.part] == self._frame(scope)
        return owner == 0 or own

    def _frame(self, scope: int) -> int:
        return self.facts.flow.frame[self.facts.outline.scopes[scope].root]

    def _is_set_once(self, name: str, attr: str, scope: int) -> bool:
        """Tell whether `self.token` is set by `__init__` alone, and changed nowhere in the file."""
        method = self.facts.graph.method(scope)
        if method is None or method.instance != name or (self.owner is not None and self.owner != method.owner):
            return False
        stores = self.facts.tables.stores_of.get(attr, [])
        if len(stores) != 1 or self.facts.mutations.reachable_by_string(attr):
            return False
        init = self.facts.graph.method(stores[0].scope)
        made = init is not None and init.owner == method.owner and init.instance == stores[0].name
        if not made or self.facts.outline.scopes[stores[0].scope].name != "__init__":
            return False
        changes = [access for access, _ in self.facts.mutations.done_on(attr) if access.changed is not None]
        return len(changes) == 1 and attr not in self.facts.tables.class_names

    def display(self, value: v.Value, scope: int) -> v.Dict | None:
        """The dict display that a value is, or that its name is bound to, if nothing changes it."""
        match value:
            case v.Name(name=name):
                owner = self.facts.names.owner(name, scope)
                changed = self.facts.mutations.mutating_uses(owner, name)
                value = v.OPAQUE if changed else self.facts.origins.resolve_once(value, scope)
            case v.Attribute(value=v.Name(name=name), attr=attr) if self._is_set_once(name, attr, scope):
                value = self.facts.tables.stores_of[attr][0].value
        return value if isinstance(value, v.Dict) else None

    def is_pair(self, value: v.Value, scope: int) -> bool:
        followed = self.facts.origins.resolve_once(value, scope)
        pair = isinstance(followed, v.Sequence) and followed.kind == "tuple" and len(followed.items) == 2
        return pair or self.facts.bare.is_basic_auth(followed, scope)
