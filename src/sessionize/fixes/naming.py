"""The names that a fix brings in or leaves behind: variables, `Session`, and what import statements bind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Sequence
from functools import cached_property
from itertools import count
from operator import attrgetter

from sessionize.analysis.flow import Place
from sessionize.fixes.import_places import ImportPlaces
from sessionize.fixes.outcome import Fix, ImportEdit
from sessionize.library.calls import BareCall
from sessionize.library.patches import module_of
from sessionize.sharing.facts import Facts
from sessionize.sharing.several_calls import by_id
from sessionize.syntax import outline as o, values as v

# Names of sessions that are given another one beside sessions of something else.
_USUAL = frozenset({"session", "_session"})
_WITH_SESSIONS = frozenset(("sqlalchemy", "sqlmodel", "flask_sqlalchemy", "django", "pyspark", "neo4j", "cassandra"))


class NewNames:
    """The names that fixes bring into one file."""

    def __init__(self) -> None:
        self.given: dict[int, set[str]] = defaultdict(set)  # new names of a scope and of scopes inside it
        self.own: dict[int, set[str]] = defaultdict(set)  # new names of a scope itself
        self.attributes: dict[int, str] = {}  # new attributes, by class


class Naming:
    def __init__(self, facts: Facts, new: NewNames) -> None:
        self.facts = facts
        self.library = facts.library
        self.names = facts.names
        self.imports = facts.imports
        self.origins = facts.origins
        self.places = ImportPlaces(facts)
        self.new = new

    # --- variables ----------------------------------------------------------------------------------------------------

    def variable(self, wanted: str, scope: int) -> str:
        """A name for a new variable of a scope, which means nothing else in the scope and in what sees it."""
        taken = {wanted} if self.names.is_taken(wanted, scope) else set()
        name = self._free(self._among_other_sessions(wanted, taken), scope)
        self.new.own[scope].add(name)
        for outer in self.facts.tables.scopes_around(scope):
            self.new.given[outer].add(name)
        return name

    def _free(self, wanted: str, scope: int) -> str:
        new = self.new.given[scope].union(*map(self.new.own.__getitem__, self.facts.tables.scopes_around(scope)))
        if scope == 0:
            new |= self._offered
        return _first_free(wanted, lambda name: name in new or self.names.is_taken(name, scope))

    @cached_property
    def _offered(self) -> set[str]:
        """Public names that must not get another meaning: `__all__`, and those of submodules in `__init__.py`."""
        if not self.facts.filename.endswith("__init__.py"):
            return {*self.facts.outline.dunder_all}
        offered = {*self.facts.outline.dunder_all, *self.facts.around.beside()}
        for path in self.facts.outline.modules:
            offered.update(path.split("."))
        return offered

    def attribute(self, wanted: str, owner: int) -> str:
        """A name for a new attribute of a class: no object of this file is seen to have it, nor has a related class."""
        related = *self.facts.classes.ancestry(owner), *self.facts.classes.descendants[owner]
        given = set(map(self.new.attributes.get, related))
        wanted = self._among_other_sessions(wanted, self._seen)
        self.new.attributes[owner] = _first_free(wanted, lambda name: name in given or name in self._seen)
        return self.new.attributes[owner]

    def _among_other_sessions(self, wanted: str, taken: Container[str]) -> str:
        """`http` for `session` in a file that has sessions of something else: of a database, or a visitor's."""
        about_other = wanted in taken or self._has_other_sessions
        return wanted.replace("session", "http") if wanted in _USUAL and about_other else wanted

    @cached_property
    def _has_other_sessions(self) -> bool:
        """True if `session` means something else in this file, or it imports what has sessions of its own."""
        if not self.facts.packages.isdisjoint(_WITH_SESSIONS):
            return True
        return any(use.name == "request" and "session" in use.access.steps for use in self.facts.outline.uses)

    @cached_property
    def _seen(self) -> frozenset[str]:
        """The attributes that objects of this file are seen to have."""
        return self.facts.outline.attributes | self.facts.tables.class_names

    # --- imports ------------------------------------------------------------------------------------------------------

    def visible(self, path: str, place: Place) -> str | None:
        """A name by which an import's path can surely be used at `place`."""
        scope = self._scope(place)
        for name in self._names_of[path]:
            bind = self.imports.import_before(name, scope, place)
            own = bind is not None and self.origins.path(bind) == path  # and not a copy of it, which comes first
            means = self.origins.path_of_name(name, scope) == path
            if own and means and self.imports.bound(name, scope, place) == "surely":
                return name
        return None

    def _scope(self, place: Place) -> int:
        return self.facts.tables.function_around(place.block)

    def _is_there(self, call: BareCall, place: Place) -> bool:
        """Tell whether the name that a call begins with is the same variable at `place`, and not that of a function."""
        owner = self.names.owner
        return owner(call.root, call.site.scope) == owner(call.root, self._scope(place))

    @cached_property
    def _names_of(self) -> dict[str | None, dict[str, None]]:
        """The names that imports bind, by what they may stand for, in order."""
        names: dict[str | None, dict[str, None]] = defaultdict(dict)
        for bind in self.origins.imports:
            names[self.origins.path(bind)][bind.name] = None
        return names

    def maker(self, calls: Sequence[BareCall], place: Place) -> tuple[str, tuple[ImportEdit, ...]]:
        """The expression for what makes a session at `place`, and the import that it needs.

        That is the project's own factory, if there is one, but not in its own module, nor in what that imports.
        """
        if not self.uses_factory:
            return self.constructor(calls, place)
        for bind in self.origins.imports:
            before = self.imports.import_before(bind.name, self._scope(place), place)
            if bind.value == v.Imported(self.facts.factory) and before == bind:
                return bind.name, ()
        return self.imported(self.facts.factory, calls, place)

    @cached_property
    def uses_factory(self) -> bool:
        """True if the project has a function that makes sessions, and this is not its module, nor one that it loads."""
        *module, _ = self.facts.factory.split(".")
        own = module_of(self.facts.filename)[-len(module) :] == tuple(module)
        return bool(module) and not own and not self.facts.around.is_loaded_by(self.facts.factory)

    def constructor(self, calls: Sequence[BareCall], place: Place) -> tuple[str, tuple[ImportEdit, ...]]:
        """The expression for `Session` at `place`, and the import that it needs.

        By the import of a call, or another one that is there. Else `Session` is added to the import of the first call;
        `from requests.api import get` gets a line of its own behind it, as `Session` is not there.
        """
        module, made = self.library.name, self.library.session_class
        for maker, attributes in self.library.makers:
            for call in calls:
                path = self.origins.path_of_name(call.root, call.site.scope)
                if path == maker and self._is_there(call, place):
                    return f"{call.root}.{attributes}", ()
        visible, session = self.visible(module, place), self.visible(self.library.session, place)
        if visible or session:
            return session or f"{visible}.{made}", ()
        name = made if not self.names.is_taken(made, 0) else self._free(f"{module.capitalize()}{made}", 0)
        add = name if name == made else f"{made} as {name}"
        bind = self.import_of(calls[0], place)
        if bind.value == v.Imported(self.origins.path(bind) or ""):
            return name, (ImportEdit(bind, add=add),)
        return name, (ImportEdit(bind, line=f"from {module} import {add}", where="above"),)

    def imported(self, path: str, calls: Sequence[BareCall], place: Place) -> tuple[str, tuple[ImportEdit, ...]]:
        """A name at `place` for a path of the standard library, or of the project, and the import that it needs.

        That is a new one above requests, or below all imports, if no other is there.
        """
        module, _, wanted = path.rpartition(".")
        if (visible := self.visible(path, place)) is not None:
            return visible, ()
        if (visible := self.visible(module, place)) is not None:
            return f"{visible}.{wanted}", ()
        name = self._free(wanted, 0)
        add = wanted if name == wanted else f"{wanted} as {name}"
        for bind in self.origins.imports:
            beside = bind.scope == 0 and (self.origins.path(bind) or "").rpartition(".")[0] == module
            if beside and self.visible(f"{module}.{bind.name}", place) == bind.name:
                return name, (ImportEdit(bind, add=add),)
        neighbour, where = self.places.neighbour(module, self.import_of(calls[0], place), place)
        return name, (ImportEdit(neighbour, line=f"from {module} import {add}", where=where),)

    def import_of(self, call: BareCall, place: Place) -> o.Bind:
        """The import by which a call names requests: the one that has surely run at `place`, if one has."""
        before = self.imports.import_before(call.root, call.site.scope, place)
        if not self._is_there(call, place) and (visible := self.visible(self.library.name, place)) is not None:
            before = self.imports.import_before(visible, self._scope(place), place)
        binds = self.origins.bindings(self.names.owner(call.root, call.site.scope), call.root)
        return before or next(bind for bind in binds if isinstance(bind.value, v.Imported))

    # --- names that go ------------------------------------------------------------------------------------------------

    def unused(self, fixes: Sequence[Fix]) -> list[ImportEdit]:
        """The names that nothing uses any more when these fixes are made, here or in another module."""
        makers = {0}
        words: list[str] = []  # of the expressions that make sessions
        for new_session in filter(None, map(attrgetter("new_session"), fixes)):
            makers.update(self.facts.tables.scopes_around(self._scope(new_session.home.place)))
            words += f"{new_session.create} {new_session.adapter}".replace(".", " ").split()
        edits = []
        for (owner, name), converted in self._converted(fixes).items():
            bind, *others = self.names.binds(owner, name)
            path = self.origins.path(bind) or ""
            alone = len(self.facts.tables.binds_at[bind.part]) == 1
            unmade = owner not in makers or (self.uses_factory and name not in words)
            inner = path == self.library.name and unmade and alone  # an import in a function, or beside a factory
            droppable = not others and (inner or self.library.function(path) is not None)
            if droppable and len(self.names.uses(owner, name)) == converted and not self._is_offered(owner, name):
                edits.append(ImportEdit(bind, drop=name))
        return edits

    def _converted(self, fixes: Sequence[Fix]) -> Counter[tuple[int, str]]:
        """The number of calls that go to a session, by the variable that they begin with."""
        converted: Counter[tuple[int, str]] = Counter()
        for fix in fixes:
            for redirect in fix.redirects:
                if (call := self._calls.get(redirect.call)) is not None:
                    converted[self.names.owner(call.root, call.site.scope), call.root] += 1
        return converted

    @cached_property
    def _calls(self) -> dict[int, BareCall]:
        return by_id((*self.facts.bare.calls, *self.facts.bare.mapped))

    def _is_offered(self, owner: int, name: str) -> bool:
        """Tell whether other modules may take a name from this one, or a text names it: `-> "get"`."""
        if self._may_offer_all or name in self.facts.outline.dunder_all or name in self.facts.outline.texts:
            return True
        if any("import" in text and name in text.split() for text in self.facts.outline.texts):  # `timeit(...)`
            return True
        return owner == 0 and self.facts.is_used_elsewhere(name)

    @cached_property
    def _may_offer_all(self) -> bool:
        """True if `__all__` is put together, or the module is a package."""
        changed = "augment" in self.names.forms(0, "__all__")
        return changed or bool(self.names.uses(0, "__all__")) or self.facts.filename.endswith("__init__.py")


def _first_free(wanted: str, is_taken: Callable[[str], bool]) -> str:
    """The name that is wanted, or the first of `wanted_2`, `wanted_3`, ... that is free."""
    name = wanted
    numbers = count(2)
    while is_taken(name):
        name = f"{wanted}_{next(numbers)}"
    return name
