"""The sessions that are there already: one that some calls can join, or the reason why they can't.

A session keeps cookies and options, so a call may only join one that nothing has been put into.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import product
from typing import NamedTuple

from sessionize.analysis.flow import Place
from sessionize.doubts import Doubts
from sessionize.doubts.mixed_verify import tls_identities
from sessionize.files.settings import Settings
from sessionize.homes.home import first_of
from sessionize.homes.object_home import is_made_first
from sessionize.library.calls import BareCall
from sessionize.library.sessions import closing, methods
from sessionize.sharing.cookies import may_keep
from sessionize.sharing.facts import Facts
from sessionize.sharing.several_calls import only_read, owners, ticks
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import SET, Access, call_of

_UPDATE = call_of("headers", "update")


class ExistingSession(NamedTuple):
    """A session that is there.

    name: of a variable, or of an attribute.
    shown: `s` or `self.s`, as where it is made.
    tick: when it is bound.
    obstacle: why the calls can't join it, as in "`s` is not used, as ..."; empty where they can.
    """

    name: str
    shown: str
    tick: int
    obstacle: str = ""


class Existing:
    """Finds the sessions of one file."""

    def __init__(self, facts: Facts, settings: Settings, doubts: Doubts) -> None:
        self.facts = facts
        self.outline = facts.outline
        self.flow = facts.flow
        self.names = facts.names
        self.settings = settings
        self.doubts = doubts
        self.library = facts.library
        self.closing = closing(facts.library)
        self.plain_uses = methods(facts.library) | self.closing

    def local(self, calls: Sequence[BareCall], place: Place) -> ExistingSession | None:
        """The session of the calls' own function, or script, that was surely made at `place`."""
        binds = self._made_before(self.facts.bare.function(calls[0]), place)
        return _best([ExistingSession(b.name, b.name, b.tick, self._why_not_local(b, calls)) for b in binds])

    def of_module(self, calls: Sequence[BareCall]) -> ExistingSession | None:
        """The session that the module binds above the functions of the calls: `session = requests.Session()`."""
        binds = self._made_before(0, self.flow.place_before(first_of(self.facts, calls)))
        return _best([ExistingSession(b.name, b.name, b.tick, self._why_not_of_module(b, calls)) for b in binds])

    def of_object(self, owner: int, calls: Sequence[BareCall]) -> ExistingSession | None:
        """The session that `__init__` of the class, or of a base in this file, sets.

        `self.session = requests.Session()`.
        """
        found = []
        for cls in (owner, *sorted(self.facts.classes.ancestry(owner))):
            for store in self._stored[cls]:
                shown = f"{store.name}.{store.attr}"
                obstacle = self._why_not_of_object(owner, cls, store, calls)
                found.append(ExistingSession(store.attr, shown, store.tick, obstacle))
            for bind in self.facts.sessions.bound.get(cls, ()):
                shown = f"{self.outline.scopes[cls].name}.{bind.name}"
                found.append(ExistingSession(bind.name, shown, bind.tick, "all objects of the class share it"))
        return _best(found)

    # --- where they are made ------------------------------------------------------------------------------------------

    def _made_before(self, scope: int, place: Place) -> Iterator[o.Bind]:
        """The names that are bound to `requests.Session()` in a scope, and surely so at `place`."""
        flow = self.flow
        for bind in self.facts.sessions.bound.get(scope, ()):
            inside = bind.form == "assign" or (bind.form == "with" and bind.part in flow.ancestors(place.block))
            made = flow.place_before(bind.part)
            imported = any(self.facts.imports.import_before(name, scope, made) for name in v.names_in(bind.value))
            if inside and imported and flow.dominates(bind, place):
                yield bind

    @cached_property
    def _stored(self) -> dict[int, list[o.Store]]:
        """The attributes that methods set to what is, or may be, a `requests.Session()`, by class."""
        stored = defaultdict(list)
        making = self.flow.around(site.part for site, path in self.facts.origins.called if path == self.library.session)
        for store in self.outline.stores:
            if store.part in making and self.outline.parts[store.part].kind == "simple":
                stored[self.facts.graph.class_of(store.name, store.scope)].append(store)
        return stored

    @cached_property
    def _calls_on(self) -> dict[str, list[int]]:
        """The numbers of the calls of methods that send requests, by the last name of what they are called on."""
        calls = defaultdict(list)
        for number, site in enumerate(self.outline.calls):
            if isinstance(site.value.func, v.Attribute) and site.name in self.library.functions:
                calls[v.last_name(site.value.func.value)].append(number)
        return calls

    # --- why they are not used ----------------------------------------------------------------------------------------

    def _why_not_local(self, bind: o.Bind, calls: Sequence[BareCall]) -> str:
        """The reason why the calls can't join a session of their function; empty where they can."""
        if bind.scope == 0 and not self.facts.around.seen().isdisjoint((bind.name, "*")):
            return "other modules may use it"
        if len(self.names.binds(bind.scope, bind.name)) > 1:
            return "it is bound more than once"
        served = self.facts.sessions.session_use(bind.scope, bind.name)
        if not served.frames <= {calls[0].frame}:
            return "another function uses it"
        last = max(ticks(calls))
        for use in self.names.uses(bind.scope, bind.name):
            if use.access in self.closing and (use.tick < last or self.flow.loops(use.part)):
                return "it may be closed by then"
        if not self._is_seen(bind, calls):
            return "its name means something else there"
        return self._why_changed(bind.name, served.done) or self._why_unlike(calls, None, served.calls)

    def _why_not_of_module(self, bind: o.Bind, calls: Sequence[BareCall]) -> str:
        """The same for a session of the module."""
        if self.facts.is_used_elsewhere(bind.name):
            return "other modules may use it"
        if len(self.names.binds(0, bind.name)) > 1:
            return "it is bound more than once"
        if not self._is_seen(bind, calls):
            return "its name means something else there"
        sent = self._sends_headers(v.Name(bind.name), calls, 0)
        served = self.facts.sessions.session_use(0, bind.name)
        return self._why_changed(bind.name, served.done, sent) or self._why_unlike(calls, 0, served.calls, sent)

    def _why_not_of_object(self, owner: int, cls: int, store: o.Store, calls: Sequence[BareCall]) -> str:
        """The same for an attribute that `cls` sets, their own class (`owner`) or a base of it."""
        facts = self.facts
        if not facts.sessions.is_plain(store.value, store.scope) or len(facts.tables.stores_of[store.attr]) > 1:
            return "it may be another one"
        if not is_made_first(facts, cls, calls, store):
            return "it may not exist by then"
        sent = self._sends_headers(v.Attribute(v.Name(store.name), store.attr), calls, owner)
        done = {access for access, _ in facts.mutations.done_on(store.attr)} - {SET}
        served = [facts.sessions.on_session(number, store.attr) for number in self._calls_on[store.attr]]
        changed = self._why_changed(f"{store.name}.{store.attr}", done, sent)
        return changed or self._why_unlike(calls, owner, served, sent)

    def _is_seen(self, bind: o.Bind, calls: Sequence[BareCall]) -> bool:
        """Tell whether a name means the same wherever the calls are."""
        return owners(self.facts, bind.name, calls) == {bind.scope}

    def _why_changed(self, name: str, done: set[Access], sends_headers: bool = False) -> str:
        """The thing that is done with a session, besides calls on it, and that may give it options or hand it on."""
        if self.settings.cookies == "isolate":
            return "it keeps cookies"
        allowed = self.plain_uses | {_UPDATE} if sends_headers else self.plain_uses
        other = sorted(done - allowed, key=lambda access: "" if access.plain else str(access))
        if not other:
            return ""
        last = other[-1]
        known = last.calls or last.assigns
        return f"`{name}{last}` may change what it sends" if known else "other code may change it"

    def _sends_headers(self, session: v.Value, calls: Sequence[BareCall], owner: int) -> bool:
        """Tell whether all that `.headers.update()` gives a session is what each call passes as `headers=`, too."""
        update = v.Attribute(v.Attribute(session, "headers"), "update")
        sites = self.facts.tables.calls_of(update)
        for site, call in product(sites, calls):
            headers = call.argument("headers")
            if headers is None or site.value.args != (v.Argument(headers, None, ""),):
                return False
            if not self._is_same(headers, site.scope, call.site.scope):
                return False
            if self.facts.steady(owner).display(headers, site.scope) is None:  # `HEADERS` may change in between
                return False
        return bool(sites)

    def _is_same(self, value: v.Value, scope: int, other: int) -> bool:
        """Tell whether a value is the same in two scopes: its names are those of the module, or of the object."""
        if not v.is_known(value):
            return False
        here, there = self.facts.graph.method(scope), self.facts.graph.method(other)
        for name in v.names_in(value):
            own = here is not None and there is not None and here.instance == there.instance == name
            if not own and not self.names.owner(name, scope) == self.names.owner(name, other) == 0:
                return False
        return True

    def _why_unlike(
        self, calls: Sequence[BareCall], owner: int | None, served: Sequence[BareCall], sends_headers: bool = False
    ) -> str:
        """The thing that sets the calls apart from those that are made on the session already.

        owner: the class whose objects have the session, 0 for the module, None for their function.
        sends_headers: whether the session sends the `headers=` of the calls by itself.
        """
        together = [*calls, *served]
        if reason := self.doubts.why_not_join(together):
            return reason
        if len(tls_identities(self.facts, together)) > 1:
            return "its calls differ in `verify=` or `cert=`"
        if not only_read(served):
            return "it may be logged in"
        saying = [call for call in served if not sends_headers or call.argument("headers") is not None]
        if not may_keep(self.facts, self.settings, [*saying, *calls], owner):
            return "it keeps cookies, and its calls may be for another user"
        return ""


def joinable(session: ExistingSession | None) -> ExistingSession | None:
    """A session that was found, if the calls can join it."""
    return session if session is not None and not session.obstacle else None


def _best(found: list[ExistingSession]) -> ExistingSession | None:
    """The first session that the calls can join, else the first."""
    return min(found, key=lambda session: session.obstacle != "", default=None)
