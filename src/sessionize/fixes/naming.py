"""The names that a fix brings in or leaves behind: variables, `Session`, and what import statements bind."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import count

from sessionize.analysis.flow import Place
from sessionize.fixes.outcome import Fix, ImportEdit
from sessionize.library.calls import BareCall
from sessionize.library.profile import VERBS
from sessionize.sharing.facts import Facts
from sessionize.syntax import outline as o, values as v

_POLICY = "http.cookiejar.DefaultCookiePolicy"
_STANDARD = sys.stdlib_module_names - {"__future__"}  # which stands above all others


class Naming:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.scopes = facts.outline.scopes
        self._given: dict[int, set[str]] = defaultdict(set)  # new names of a scope and of scopes inside it
        self._attributes: dict[int, str] = {}  # new attributes, by class
        self._own: dict[int, set[str]] = defaultdict(set)  # new names of a scope itself
        self._neighbours: dict[tuple[str, int], tuple[o.Bind, str]] = {}  # of imported modules, above each import
        self._begin: dict[str, int] = {}  # by wanted name, the first number that the module does not bind

    # --- variables ----------------------------------------------------------------------------------------------------

    def variable(self, wanted: str, scope: int) -> str:
        """A name for a new variable of a scope: `wanted`, or the first of `wanted_2`, ... that means nothing else in
        the scope and in what sees it."""
        name = self._free(wanted, scope)
        self._own[scope].add(name)
        while scope != -1:
            self._given[scope].add(name)
            scope = self.scopes[scope].parent
        return name

    def _free(self, wanted: str, scope: int) -> str:
        around: set[str] = set(self._given[scope])
        if scope == 0:
            around |= self._offered
        outer = scope
        while (outer := self.scopes[outer].parent) != -1:
            around |= self._own[outer]
        numbers = count(self._begin.get(wanted, 1))
        self._begin[wanted] = next(n for n in numbers if not self.facts.names.binds(0, _numbered(wanted, n)))
        numbered = (_numbered(wanted, n) for n in count(self._begin[wanted]))
        return next(name for name in numbered if name not in around and not self.facts.names.is_taken(name, scope))

    @cached_property
    def _offered(self) -> set[str]:
        """The names by which others may look for something else in the module: those in `__all__`, and in a package
        those of the modules beside it, which importing them binds."""
        modules = self.facts.outline.modules if self.facts.filename.endswith("__init__.py") else ()
        return {*self.facts.outline.dunder_all, *(word for path in modules for word in path.split("."))}

    def attribute(self, wanted: str, owner: int) -> str:
        """A name for a new attribute of a class: one that no object of this file is seen to have, and no related class
        was given. It begins with `__`, which makes it the class's own, if a class of another file may have it."""
        if self._has_strangers(owner):
            wanted = f"__{wanted.lstrip('_')}"
        related = {*self.facts.classes.ancestry(owner), *self.facts.classes.descendants[owner]}
        given = {self._attributes[other] for other in related if other in self._attributes}
        numbered = (_numbered(wanted, n) for n in count(1))
        self._attributes[owner] = next(n for n in numbered if n not in given and n not in self._seen)
        return self._attributes[owner]

    def _has_strangers(self, owner: int) -> bool:
        """Whether a class is derived from one that is neither in this file nor in the standard library."""
        family = [self.scopes[scope] for scope in (owner, *self.facts.classes.ancestry(owner))]
        known = {row.name for row in family[1:]}
        bases = [(base.value if isinstance(base, v.Item) else base, row.parent) for row in family for base in row.bases]
        paths = [
            self.facts.origins.path_of(base, scope) or "" for base, scope in bases if v.last_name(base) not in known
        ]
        return any(path.partition(".")[0] not in {*_STANDARD, "builtins"} for path in paths)

    @cached_property
    def _seen(self) -> frozenset[str]:
        """The attributes that objects of this file are seen to have."""
        return self.facts.outline.attributes | self.facts.tables.class_names

    # --- imports ------------------------------------------------------------------------------------------------------

    def visible(self, path: str, place: Place) -> str | None:
        """A name by which an import's path can surely be used at `place`."""
        scope = self._scope(place)
        for name in self._names_of[path]:
            bind = self.facts.imports.import_before(name, scope, place)
            own = bind is not None and self.facts.origins.path(bind) == path  # and not a copy of it, which comes first
            means = self.facts.origins.path_of(v.Name(name), scope) == path
            if own and means and self.facts.imports.bound(name, scope, place) == "surely":
                return name
        return None

    def _scope(self, place: Place) -> int:
        return self.facts.outline.parts[self.facts.flow.frame[place.block]].scope

    def _is_there(self, call: BareCall, place: Place) -> bool:
        """Whether the name that a call begins with is the same variable at `place`, and not that of a function."""
        owner = self.facts.names.owner
        return owner(call.root, call.site.scope) == owner(call.root, self._scope(place))

    @cached_property
    def _names_of(self) -> dict[str | None, dict[str, None]]:
        """The names that imports bind, by what they may stand for, in order."""
        names: dict[str | None, dict[str, None]] = defaultdict(dict)
        for bind in self.facts.origins.imports:
            names[self.facts.origins.path(bind)][bind.name] = None
        return names

    def constructor(self, calls: Sequence[BareCall], place: Place) -> tuple[str, tuple[ImportEdit, ...]]:
        """The expression for `Session` at `place`, and the import that it needs.

        By the import of a call, or another one that is there. Else `Session` is added to the import of the first call;
        `from requests.api import get` gets a line of its own behind it, as `Session` is not there.
        """
        for module, attributes in (("requests", "Session"), ("requests.api", "sessions.Session")):
            for call in calls:
                if self.facts.origins.path_of(v.Name(call.root), call.site.scope) == module and self._is_there(
                    call, place
                ):
                    return f"{call.root}.{attributes}", ()
        visible, session = self.visible("requests", place), self.visible("requests.Session", place)
        if visible or session:
            return session or f"{visible}.Session", ()
        name = "Session" if not self.facts.names.is_taken("Session", 0) else self._free("RequestsSession", 0)
        add = name if name == "Session" else f"Session as {name}"
        bind = self.import_of(calls[0], place)
        if bind.value == v.Imported(self.facts.origins.path(bind) or ""):
            return name, (ImportEdit(bind, add=add),)
        return name, (ImportEdit(bind, line=f"from requests import {add}", where="above"),)

    def policy(self, calls: Sequence[BareCall], place: Place) -> tuple[str, tuple[ImportEdit, ...]]:
        """The name of `DefaultCookiePolicy` at `place`, and the import it needs."""
        return self.imported(_POLICY, calls, place)

    def imported(self, path: str, calls: Sequence[BareCall], place: Place) -> tuple[str, tuple[ImportEdit, ...]]:
        """A name for what `path` of the standard library leads to, at `place`; imported above requests if need be."""
        module, _, wanted = path.rpartition(".")
        if (visible := self.visible(path, place)) is not None:
            return visible, ()
        if (visible := self.visible(module, place)) is not None:
            return f"{visible}.{wanted}", ()
        name = self._free(wanted, 0)
        for bind in self._imports_from[module]:
            if self.visible(f"{module}.{bind.name}", place) == bind.name:
                return name, (ImportEdit(bind, add=wanted if name == wanted else f"{wanted} as {name}"),)
        line = f"from {module} import {wanted}" + ("" if name == wanted else f" as {name}")
        last = self.import_of(calls[0], place)
        if self.facts.origins.alike(self.facts.names.owner(last.name, last.scope), last.name):  # in a `try`, if it runs
            last = max((bind for bind in self._imports_in[0] if bind.tick < place.tick), default=last)
        neighbour, where = self._neighbour(module, last)
        return name, (ImportEdit(neighbour, line=line, where=where),)

    def _neighbour(self, module: str, last: o.Bind) -> tuple[o.Bind, str]:
        """Where `from module import ...` is in isort's order: next to which import, and on which side of it.

        Only imports up to `last` count that stand in its block, and in its cell: they have run where it has.
        """
        if (module, last.tick) not in self._neighbours:
            cell = self.facts.tables.cell(last.tick)
            binds = self._imports_in[self.facts.outline.parts[last.part].parent]
            together = [bind for bind in binds if bind.tick <= last.tick and self.facts.tables.cell(bind.tick) == cell]
            paths = [(bind, self.facts.origins.path(bind) or "") for bind in together]
            standard = [(bind, path) for bind, path in paths if path.partition(".")[0] in _STANDARD]
            behind = [
                bind
                for bind, path in standard
                if isinstance(bind.value, v.Imported) and (not bind.value.is_from or path.rpartition(".")[0] < module)
            ]
            others = [bind for bind, path in paths if not path.startswith("__future__.")]
            if standard:
                found = (behind[-1], "behind") if behind else (standard[0][0], "above")
            else:
                found = (others[0], "apart") if others else (last, "below")
            self._neighbours[module, last.tick] = found
        return self._neighbours[module, last.tick]

    @cached_property
    def _imports_in(self) -> dict[int, list[o.Bind]]:
        """The imports by the block that they stand in."""
        imports = defaultdict(list)
        for bind in self.facts.origins.imports:
            imports[self.facts.outline.parts[bind.part].parent].append(bind)
        return imports

    @cached_property
    def _imports_from(self) -> dict[str, list[o.Bind]]:
        """The imports at the top, by the module that they take a name from."""
        imports = defaultdict(list)
        for bind in self.facts.origins.imports:
            if bind.scope == 0:
                imports[(self.facts.origins.path(bind) or "").rpartition(".")[0]].append(bind)
        return imports

    def import_of(self, call: BareCall, place: Place) -> o.Bind:
        """The import by which a call names requests: the one that has surely run at `place`, if one has."""
        owner = self.facts.names.owner(call.root, call.site.scope)
        before = self.facts.imports.import_before(call.root, call.site.scope, place)
        if not self._is_there(call, place) and (visible := self.visible("requests", place)) is not None:
            before = self.facts.imports.import_before(visible, self._scope(place), place)
        return before or next(
            b for b in self.facts.origins.bindings(owner, call.root) if isinstance(b.value, v.Imported)
        )

    @cached_property
    def _calls(self) -> dict[int, BareCall]:
        return {call.id: call for call in (*self.facts.bare.calls, *self.facts.bare.mapped)}

    def unused(self, fixes: Sequence[Fix]) -> list[ImportEdit]:
        """The names that nothing uses any more when these fixes are made, here or in another module."""
        facts = self.facts
        redirected: dict[tuple[int, str], int] = defaultdict(int)
        for redirect in (redirect for fix in fixes for redirect in fix.redirects):
            if (call := self._calls.get(redirect.call)) is not None:
                redirected[facts.names.owner(call.root, call.site.scope), call.root] += 1
        places = [self._scope(fix.making.place) for fix in fixes if fix.making is not None]
        makers = {0, *(scope for made in places for scope in facts.tables.scopes_around(made))}
        edits = []
        changed = any(bind.form == "augment" for bind in facts.names.binds(0, "__all__"))
        public = changed or bool(facts.names.uses(0, "__all__")) or facts.filename.endswith("__init__.py")
        for (owner, name), converted in redirected.items():
            (bind, *others) = facts.names.binds(owner, name)
            path = self.facts.origins.path(bind) or ""
            inner = path == "requests" and owner not in makers and self._is_alone(bind)  # an import in a function
            verb = not others and (inner or path.removeprefix("requests.") in VERBS)
            exported = public or name in facts.outline.dunder_all
            unused = verb and not exported and len(facts.names.uses(owner, name)) == converted
            if unused and (owner != 0 or not self._taken & {name, "*"}):
                edits.append(ImportEdit(bind, drop=name))
        return edits

    @cached_property
    def _taken(self) -> frozenset[str]:
        """The names of this module that others may take, `*` for all; a notebook is not imported."""
        return frozenset() if self.facts.filename.endswith(".ipynb") else self.facts.find_taken()

    def _is_alone(self, bind: o.Bind) -> bool:
        """Whether an import statement binds nothing else."""
        beside = self._imports_in[self.facts.outline.parts[bind.part].parent]
        return sum(other.part == bind.part for other in beside) == 1


def _numbered(wanted: str, number: int) -> str:
    return wanted if number == 1 else f"{wanted}_{number}"
