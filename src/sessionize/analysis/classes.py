"""The classes of a file: their bases, and what looks at all attributes of their objects."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TypeAlias

from sessionize.analysis.callgraph import CallGraph
from sessionize.analysis.closure import closure
from sessionize.analysis.memo import memo
from sessionize.analysis.origins import Origins
from sessionize.analysis.tables import Tables
from sessionize.syntax import values as v
from sessionize.syntax.access import KEPT

_Named: TypeAlias = tuple[int, str] | str  # a variable, or a name alone


# Calls that show all attributes of what they are given, and modules whose functions write them to a file.
_SHOWING = frozenset({"builtins.vars", "builtins.dir", "inspect.getmembers"}) | {
    *("dataclasses.asdict", "dataclasses.astuple", "dataclasses.fields")
}
_PICKLING = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "jsonpickle"})
_DUMPING = frozenset({"dump", "dumps", "encode"})
# Attributes that give the data of an object.
_STATE = frozenset({"__dict__", "__getstate__", "__reduce__", "__reduce_ex__"})


class Classes:
    def __init__(self, origins: Origins, graph: CallGraph, tables: Tables) -> None:
        self.outline = origins.outline
        self.names = origins.names
        self.origins = origins
        self.graph = graph
        self.tables = tables

    def ancestry(self, scope: int) -> set[int]:
        """The classes of this file from which a class is derived, by name."""
        found: set[int] = set()
        for name in closure(self._bases[scope], self._names_above):
            found.update(self._classes_of.get(name, ()))
        return found

    @memo
    def _names_above(self, name: _Named) -> set[_Named]:
        """The names by which the bases of all classes of a name are looked up."""
        return set().union(*map(self._bases.__getitem__, self._classes_of.get(name, ())))

    @cached_property
    def _bases(self) -> dict[int, set[_Named]]:
        """The names by which the bases of each class are looked up."""
        named: dict[int, set[_Named]] = {}
        for scope in self.tables.classes:
            row = self.outline.scopes[scope]
            named[scope] = set()
            for given in row.bases:
                base = given.value if isinstance(given, v.Item) else given  # `Base[int]`
                named[scope].update(self._named(base, row.parent))
                if isinstance(base, v.Name):
                    named[scope].add(v.last_name(self.origins.resolve_once(base, row.parent)))
        return named

    def _named(self, base: v.Value, scope: int) -> list[_Named]:
        """The names by which a base is looked up: a variable of this file's classes, or the last name.

        None if it is imported.
        """
        root = base.value if isinstance(base, v.Attribute) else base
        if isinstance(root, v.Name):
            variable = self.names.owner(root.name, scope), root.name
            forms = self.names.forms(*variable)
            if self.outline.scopes[scope].kind == "class" and variable[0] == scope:
                forms.add("outer")  # what a class body does not bind yet is looked up around it
            if forms <= {"import"}:
                return []
            if forms == {"class"} and v.last_name(base) not in self.tables.stores_of:
                inner = self._classes_of[variable] if base != root else ()
                names: list[_Named] = [(cls, v.last_name(base)) for cls in inner] or [variable]
                if self._classes_of.keys() >= {*names}:
                    return names
        return [v.last_name(base)]

    @cached_property
    def _classes_of(self) -> dict[_Named, list[int]]:
        """The classes by their variable, and by their name alone."""
        named: dict[_Named, list[int]] = defaultdict(list)
        for scope in self.tables.classes:
            row = self.outline.scopes[scope]
            named[row.name].append(scope)
            named[self.names.owner(row.name, row.parent), row.name].append(scope)
        return named

    @cached_property
    def descendants(self) -> dict[int, list[int]]:
        """The classes of this file that are derived from each."""
        derived = defaultdict(list)
        for scope in self.tables.classes:
            for above in self.ancestry(scope):
                derived[above].append(scope)
        return derived

    @cached_property
    def shown_objects(self) -> dict[int, str]:
        """Things that turn objects into data, by the class whose objects they see; by -1 if it may be any."""
        shown: dict[int, str] = {}
        for use in self.outline.uses:
            if use.name == "vars" and use.access in KEPT and self.names.owner("vars", use.scope) == -1:
                shown.setdefault(-1, "vars")
            for attr in _STATE.intersection(use.access.steps):
                own = use.access.attribute == attr
                shown.setdefault(self._class_of(v.Name(use.name), use.scope) if own else -1, attr)
        for call, path in self.origins.called:
            for attr in _STATE.intersection(call.access.steps):
                shown.setdefault(-1, attr)
            if path in _SHOWING and call.value.args:
                given = call.value.args[0].value
                made = self.origins.resolve_once(given, call.scope)
                parsed = isinstance(made, v.Call) and v.last_name(made.func) == "parse_args"
                imported = not (self.origins.path_of(given, call.scope) or "builtins.").startswith("builtins.")
                if not parsed and not imported:
                    shown.setdefault(self._class_of(given, call.scope), f"{call.name}()")
        return shown

    @cached_property
    def pickled_objects(self) -> dict[int, str]:
        """Calls that write objects to a file, by their class, which may say how; by -1 if it may be any."""
        pickled: dict[int, str] = {}
        for call, path in self.origins.called:
            module, _, name = (path or "").rpartition(".")
            if module in _PICKLING and name in _DUMPING and call.value.args:
                given = call.value.args[0].value
                scope = self._class_of(given, call.scope)
                if scope != -1 or (
                    isinstance(given, v.Name) and isinstance(self.origins.resolve_once(given, call.scope), v.Opaque)
                ):
                    pickled.setdefault(scope, f"{module}.{name}()")
        return pickled

    def _class_of(self, value: v.Value, scope: int) -> int:
        """The class of this file of which a value is an object: `self`, or what `Name(...)` made; -1 if unknown."""
        if isinstance(value, v.Name) and (own := self.graph.class_of(value.name, scope)):
            return own
        made = self.origins.resolve_once(value, scope)
        classes = self._classes_of.get(v.last_name(made.func), ()) if isinstance(made, v.Call) else ()
        return classes[0] if len(classes) == 1 else -1
