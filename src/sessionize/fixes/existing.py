"""Sessions that are there already: which one some calls could be made on, and why they may not be.

A session keeps cookies and options, so a call may only join one that nothing has been put into.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from sessionize.analysis.flow import Place
from sessionize.files.settings import Settings
from sessionize.fixes.doubts.reasons import Doubts
from sessionize.library.calls import BareCall
from sessionize.library.profile import CLOSING, METHODS, READING, VERBS
from sessionize.sharing.facts import Facts
from sessionize.sharing.home import top_level
from sessionize.sharing.object_home import is_made_first
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import SET, Access, call_of

_UPDATE = call_of("headers", "update")


class There(NamedTuple):
    """A session that is there.

    name: of a variable, or of an attribute; shown: `s` or `self.s`, as where it is made; tick: when it is bound;
    obstacle: why the calls are not made on it, as in "`s` is not used, as ..."; empty where they can be.
    """

    name: str
    shown: str
    tick: int
    obstacle: str = ""


class Asked(NamedTuple):
    """Calls that look for a session: their scopes, the tick of the last, by what TLS tells them apart, and why none of
    them goes on a session that is there."""

    calls: Sequence[BareCall]
    scopes: set[int]
    end: int
    connections: set[tuple[v.Value, v.Value]]
    obstacle: str


class Existing:
    """Finds the sessions of one file."""

    def __init__(self, facts: Facts, settings: Settings, doubts: Doubts) -> None:
        self.facts = facts
        self.settings = settings
        self.doubts = doubts

    def local(self, calls: Sequence[BareCall], place: Place) -> There | None:
        """The session of the calls' own function, or script, that was surely made at `place`."""
        scope = self.facts.outline.parts[calls[0].frame].scope
        asked = self._asked(calls)
        return _first(self._local(bind, asked) for bind in self._made_before(scope, place))

    def of_module(self, calls: Sequence[BareCall]) -> There | None:
        """The session that the module binds above the functions of the calls: `session = requests.Session()`."""
        first = min(top_level(self.facts, call.site.part) for call in calls)
        place = Place(0, first, self.facts.outline.parts[first].tick)
        asked = self._asked(calls)
        return _first(self._of_module(bind, asked) for bind in self._made_before(0, place) if bind.form == "assign")

    def of_object(self, owner: int, calls: Sequence[BareCall]) -> There | None:
        """The session that `__init__` of the class, or of a base in this file, sets: `self.session =
        requests.Session()`."""
        found = []
        asked = self._asked(calls)
        for cls in (owner, *sorted(self.facts.classes.ancestry(owner))):
            for store in self._stored[cls]:
                shown, obstacle = f"{store.name}.{store.attr}", self._of_object(cls, store, asked)
                found.append(There(store.attr, shown, store.tick, obstacle))
            for bind in self.facts.sessions.bound.get(cls, ()):
                shown = f"{self.facts.outline.scopes[cls].name}.{bind.name}"
                found.append(There(bind.name, shown, bind.tick, "all objects of the class share it"))
        return _first(found)

    # --- where they are made ------------------------------------------------------------------------------------------

    def _made_before(self, scope: int, place: Place) -> Iterator[o.Bind]:
        """The names that are bound to `requests.Session()` in a scope, and surely so at `place`."""
        flow, parts = self.facts.flow, self.facts.outline.parts
        for bind in self.facts.sessions.bound.get(scope, ()):
            inside = bind.form == "assign" or (bind.form == "with" and bind.part in flow.ancestors(place.block))
            made = Place(parts[bind.part].parent, bind.part, parts[bind.part].tick)
            imported = any(self.facts.imports.import_before(name, scope, made) for name in v.names_in(bind.value))
            if inside and imported and flow.dominates(bind.part, bind.tick, place):
                yield bind

    @cached_property
    def _stored(self) -> dict[int, list[o.Store]]:
        """The attributes that methods set to what is, or may be, a `requests.Session()`, by class."""
        stored = defaultdict(list)
        for store in self.facts.outline.stores if self._making else ():
            method = self.facts.graph.method(store.scope)
            if method is not None and store.name == method.instance and store.part in self._making:
                stored[method.owner].append(store)
        return stored

    @cached_property
    def _making(self) -> set[int]:
        """The statements that hold a `requests.Session()`."""
        outline = self.facts.outline
        made = [
            site.part for site, path in zip(outline.calls, self.facts.origins.paths, strict=True) if path == _SESSION
        ]
        around = {ancestor for part in made for ancestor in self.facts.flow.ancestors(part)}
        return {part for part in around if outline.parts[part].kind == "simple"}

    @cached_property
    def _calls_on(self) -> dict[str, list[tuple[int, o.CallSite]]]:
        """The calls of methods, with their numbers, by the last name of what they are called on."""
        calls = defaultdict(list)
        for number, site in enumerate(self.facts.outline.calls):
            if isinstance(site.value.func, v.Attribute):
                calls[v.last_name(site.value.func.value)].append((number, site))
        return calls

    # --- why they are not used ----------------------------------------------------------------------------------------

    def _local(self, bind: o.Bind, asked: Asked) -> There:
        facts = self.facts
        scope, frame = bind.scope, asked.calls[0].frame
        uses = facts.names.uses(scope, bind.name)
        obstacle = ""
        if len(facts.names.binds(scope, bind.name)) > 1:
            obstacle = "it is bound more than once"
        elif any(facts.flow.frame[use.part] != frame for use in uses):
            obstacle = "another function uses it"
        elif any(use.access in CLOSING and (use.tick < asked.end or facts.flow.loops(use.part)) for use in uses):
            obstacle = "it may be closed by then"
        elif any(facts.names.owner(bind.name, inner) != scope for inner in asked.scopes):
            obstacle = "its name means something else there"
        obstacle = obstacle or self._changed(bind.name, {use.access for use in uses}, METHODS | CLOSING)
        calls = facts.sessions.session_use(bind.scope, bind.name).calls
        return There(bind.name, bind.name, bind.tick, obstacle or self._unlike(asked, calls))

    def _of_module(self, bind: o.Bind, asked: Asked) -> There:
        facts = self.facts
        obstacle = ""
        if len(facts.names.binds(0, bind.name)) > 1:
            obstacle = "it is bound more than once"
        elif any(facts.names.owner(bind.name, inner) != 0 for inner in asked.scopes):
            obstacle = "its name means something else there"
        passed = self._updates(v.Name(bind.name), asked.calls)
        done = {use.access for use in facts.names.uses(0, bind.name)}
        obstacle = obstacle or self._changed(bind.name, done, METHODS | CLOSING | passed)
        obstacle = obstacle or self._unlike(asked, facts.sessions.session_use(bind.scope, bind.name).calls, passed)
        return There(bind.name, bind.name, bind.tick, obstacle)

    def _of_object(self, cls: int, store: o.Store, asked: Asked) -> str:
        """Why the calls are not made on an attribute of their object; empty where they can be."""
        facts = self.facts
        value = store.value
        plain = (
            isinstance(value, v.Call) and not value.args and facts.origins.path_of(value.func, store.scope) == _SESSION
        )
        if not plain or len(facts.tables.stores_of[store.attr]) > 1:
            return "it may be another one"
        if not is_made_first(facts, cls, asked.calls, store):
            return "it may not be made by then"
        done = {access for access, _ in facts.mutations.done_on(store.attr)} - {SET}
        passed = self._updates(v.Attribute(v.Name(store.name), store.attr), asked.calls)
        there = [facts.sessions.on_session(number, store.attr) for number, _ in self._calls_on[store.attr]]
        obstacle = self._changed(f"{store.name}.{store.attr}", done, METHODS | CLOSING | passed)
        return obstacle or self._unlike(asked, [call for call in there if call.verb in VERBS], passed)

    def _changed(self, name: str, done: set[Access], allowed: frozenset[Access]) -> str:
        """What is done with a session besides calls on it that may give it options, or hand it to what does."""
        if self.settings.cookies == "isolate":
            return "it keeps cookies"
        other = sorted(done - allowed, key=lambda access: "" if access.plain else str(access))
        if not other:
            return ""
        last = other[-1]
        known = last.calls or last.assigns
        return f"`{name}{last}` may change what it sends" if known else "other code may change it"

    def _updates(self, session: v.Value, calls: Sequence[BareCall]) -> frozenset[Access]:
        """`.headers.update()` if all that a session is given by it is what each call passes as `headers=`, too."""
        update = v.Attribute(v.Attribute(session, "headers"), "update")
        sites = [site for _, site in self._calls_on["headers"] if site.value.func == update]
        args = [(arg, site.scope) for site in sites for arg in site.value.args]
        given = [(arg.value, scope) for arg, scope in args if not arg.keyword and not arg.stars]
        passed = [(call.argument("headers"), call.site.scope) for call in calls]
        same = all(one == other and self._is_same(one, a, b) for one, a in given for other, b in passed)
        return frozenset({_UPDATE} if same and len(given) == len(sites) else ())

    def _is_same(self, value: v.Value, scope: int, other: int) -> bool:
        """Whether an expression means the same in two scopes: its names are those of the module, or of the object."""
        if not v.is_known(value):
            return False
        methods = [self.facts.graph.method(each) for each in (scope, other)]
        instances = [method.instance for method in methods if method is not None]
        own = instances[:1] if instances[:1] == instances[1:] else []
        names = [name for name in v.names_in(value) if name not in own]
        return all(self.facts.names.owner(name, each) == 0 for name in names for each in (scope, other))

    def _asked(self, calls: Sequence[BareCall]) -> Asked:
        """What is to be known of some calls, whatever the session."""
        reasons = (f"`{call.shown}` {reason}" for call in calls if (reason := self.doubts.connection.unsafe_call(call)))
        return Asked(
            calls,
            {call.site.scope for call in calls},
            max(call.site.tick for call in calls),
            set(map(self.doubts.connection.identity, calls)),
            next(reasons, ""),
        )

    def _unlike(self, asked: Asked, there: Sequence[BareCall], passed: Container[Access] = ()) -> str:
        """What sets the calls apart from those that are made on the session already.

        passed: `.headers.update()` where the session sends the `headers=` of the calls by itself.
        """
        if asked.obstacle:
            return asked.obstacle
        for call in there:
            if reason := self.doubts.connection.unsafe_call(call):
                return f"`{call.shown}` {reason}"
        if len(asked.connections.union(map(self.doubts.connection.identity, there))) > 1:
            return "its calls differ in `verify=` or `cert=`"
        if any(call.verb not in READING for call in there):
            return "it may have logged in"
        saying = [call for call in there if _UPDATE not in passed or call.argument("headers") is not None]
        saying += asked.calls
        credentials = [self.doubts.users.credentials(call) for call in saying]
        if any(other != credentials[0] for other in credentials) or not self.doubts.identity.for_one_user(saying):
            return "its calls may be for another user"
        return ""


_SESSION = "requests.Session"


def _first(found: Iterable[There]) -> There | None:
    """The first that can be used, else the first."""
    every = list(found)
    return next((there for there in every if not there.obstacle), every[0] if every else None)
