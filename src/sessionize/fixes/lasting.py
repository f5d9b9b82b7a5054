"""Fixes with a session that outlives the functions of its calls: on the objects of a class, or on the module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property, partial
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from sessionize.doubts.doubt import Sharing
from sessionize.fixes.context import (
    ALONE,
    ALONG,
    LASTING,
    SHARING,
    Fixes,
    beside,
    on_session,
    quoted,
    redirect,
    refused,
    set_once,
    split,
)
from sessionize.fixes.existing import ExistingSession, joinable
from sessionize.fixes.outcome import Fix, NewSession, Outcome
from sessionize.homes.home import Home
from sessionize.homes.module_home import module_home
from sessionize.homes.object_home import object_home
from sessionize.library.calls import BareCall
from sessionize.sharing.several_calls import by_id, ids
from sessionize.syntax import values as v

_MOST_TRIES = 20  # each of which looks at all calls of a class, or of the module

# Where a session for some calls is, or can be made; or why nowhere.
_Home: TypeAlias = Home | ExistingSession | str


class _Local(NamedTuple):
    """The calls of a fix with a local session, and the options that are set on it."""

    calls: Sequence[BareCall]
    hoist: Sequence[str]


class LastingFixes(Fixes):
    def _families(self) -> dict[int, list[BareCall]]:
        """The calls whose session outlives their function, by the class that holds it, 0 for the module.

        A subclass uses the session of its base.
        """
        families: dict[int, list[BareCall]] = defaultdict(list)
        for owner, calls in self.facts.groups.lasting.items():
            families[self._holder(owner, calls)] += calls
        return families

    def _holder(self, owner: int, calls: Sequence[BareCall]) -> int:
        """The topmost base in this file whose objects get a session, if there is just one; else the class itself."""
        bases = self.facts.classes.ancestry(owner) & self.facts.groups.lasting.keys() if owner else set()
        tops = [base for base in bases if bases.isdisjoint(self.facts.classes.ancestry(base))]
        own = self.existing.of_object(owner, calls) if tops else None
        return owner if len(tops) != 1 or joinable(own) is not None else tops[0]

    def outcomes(self, local: Sequence[Outcome]) -> list[Outcome]:
        """The fixes for sessions that outlive the functions of their calls, and refusals.

        They live on the objects of a class; or, where that is not right, on the module, if one can serve all objects.
        local: the outcomes for sessions that don't. Their calls share those that are made, so that a file has one
        session for all that can share it.
        """
        outcomes: list[Outcome] = []
        on_module: list[BareCall] = []
        incomplete = False
        nearby = self._nearby(local)
        for owner, calls in self._families().items():
            kept, refusals = split(self.wanted.among(calls, LASTING), partial(self._obstacle, owner))
            outcomes += refusals
            left_out = len(kept) < len(calls)
            if not owner:
                on_module += kept
                incomplete = left_out
            elif kept:
                home = self._home(owner, kept, incomplete=left_out)
                if self._may_join_module(kept, home, incomplete=left_out):
                    on_module += kept
                else:
                    outcomes.append(self._share_with(nearby.get(owner, ()), owner, kept, home))
        if on_module:
            home = self._home(0, on_module, incomplete=incomplete)
            outcomes.append(self._share_with(nearby.get(0, ()), 0, on_module, home))
        return outcomes

    # --- one session for all that can share it ------------------------------------------------------------------------

    def _nearby(self, local: Sequence[Outcome]) -> dict[int, list[_Local]]:
        """The fixes with a local session that is made, by the class that their calls stand in, or 0 for the module."""
        calls = by_id(self.facts.bare.calls)
        found: dict[int, list[_Local]] = defaultdict(list)
        for outcome in local:
            if isinstance(outcome, Fix) and outcome.new_session is not None and calls.keys() >= {*outcome.calls}:
                group = list(map(calls.__getitem__, outcome.calls))
                holder = self._holder(self.facts.groups.owner(group[0]), group)
                found[holder].append(_Local(group, outcome.hoist))
        return found

    def _share_with(self, nearby: Sequence[_Local], owner: int, calls: Sequence[BareCall], home: _Home) -> Outcome:
        """A fix for calls that takes in the calls of local sessions where nothing speaks against it.

        It takes in all of them, or else by halves, as far as a few tries go.
        """
        found = self._share(owner, calls, home)
        obstacle = partial(self._obstacle, owner)
        todo = [[group for group in nearby if not any(map(obstacle, group.calls))]]
        for _ in range(_MOST_TRIES):
            groups = todo.pop() if todo else []
            if not groups or not isinstance(found, Fix) or not self._is_made(found):
                break
            together = sorted(chain(calls, *map(attrgetter("calls"), groups)), key=attrgetter("id"))
            more = self._share(owner, together, self._home(owner, together), calls)
            if isinstance(more, Fix) and self._is_as_good(more, found, groups):
                calls, found = together, more._replace(resolves=SHARING | ALONG)
            elif len(groups) > 1:
                half = len(groups) // 2
                todo += [groups[half:], groups[:half]]
        return found

    def _is_as_good(self, more: Fix, found: Fix, groups: Sequence[_Local]) -> bool:
        """Tell whether a fix that takes in others is made, leaves no doubt more, and sets as much once as all did."""
        set_once = set(found.hoist).union(*map(attrgetter("hoist"), groups))
        return self._is_made(more) and set(more.doubt_names) <= {*found.doubt_names} and set_once <= {*more.hoist}

    def _is_made(self, fix: Fix) -> bool:
        """Tell whether the settings let a fix be made."""
        return self.settings.unsafe_fixes or not fix.open_doubts

    def _may_join_module(self, calls: Sequence[BareCall], home: _Home, *, incomplete: bool) -> bool:
        """Tell whether the module's session can serve the calls of all objects, which have no home for their own."""
        homeless = isinstance(home, str) and home != ALONE
        fits = homeless and self.obstacles.for_all_objects(calls)
        return fits and not isinstance(self._home(0, calls, incomplete=incomplete), str)

    def _obstacle(self, owner: int, call: BareCall) -> str:
        """The reason that no session which outlives its function can take a call; empty if one can."""
        if reason := self.obstacles.of_call(call):
            return reason
        if not self._is_at_top(call) and not (self._imports_at_top and self._is_imported(call)):
            return self.inside
        if owner and self.facts.graph.in_another_class(call.site.scope):
            return "it stands in a class that the method defines"
        if self.facts.visitors.gave(call):
            return "the call forwards what a visitor sent, and the session would serve several visitors"
        if self.facts.outline.scopes[self.facts.bare.function(call)].name == "__del__":
            return "`__del__` may run before the session exists, or after it is gone"
        return ""

    def _home(self, owner: int, calls: Sequence[BareCall], *, incomplete: bool = False) -> _Home:
        """The home of a session for calls on the objects of a class (or on the module: 0), or a reason for none.

        It is a session that is there, or the place for a new one.
        incomplete: whether others that could share it stay as they are.
        """
        if reason := self.obstacles.of_sharing(calls, owner):
            return reason
        if (there := joinable(self._there(owner, calls))) is not None:
            return there
        if incomplete and self._serves_one(owner, calls):
            return ALONE
        plain = self.context.keeps_cookies(calls, owner) and not self.context.width(calls, owner)
        home = object_home(self.facts, owner, calls, plain=plain) if owner else module_home(self.facts, calls)
        if isinstance(home, str):
            return home
        scope = self.facts.tables.function_around(home.place.block)
        at_top = list(filter(self._is_at_top, calls))
        for call in at_top:
            if self.facts.names.owner(call.root, scope) != 0:
                return f"{self.library.name} is the name of something else where the session would be created"
        if at_top != calls and self.naming.visible(self.library.name, home.place) is None:
            return self.inside
        for call in at_top:
            if self.facts.imports.bound(call.root, call.site.scope, home.place) != "surely":
                return f"{self.library.name} may not be imported where the session would be created"
        return home

    def _there(self, owner: int, calls: Sequence[BareCall]) -> ExistingSession | None:
        """The session that the object, or the module, has already."""
        return self.existing.of_object(owner, calls) if owner else self.existing.of_module(calls)

    def _is_at_top(self, call: BareCall) -> bool:
        """Tell whether a call names requests by an import at the top of the module."""
        return self.facts.names.owner(call.root, call.site.scope) == 0

    def _is_imported(self, call: BareCall) -> bool:
        """Tell whether the import inside of its function has surely run before a call; else it may raise an error."""
        place = self.facts.flow.place_before(call.site.part)
        return self.facts.imports.bound(call.root, call.site.scope, place) == "surely"

    @cached_property
    def _imports_at_top(self) -> bool:
        """True if the top of the module imports requests; functions that import it once more can do with that."""
        origins = self.facts.origins
        return any(bind.scope == 0 and origins.path(bind) == self.library.name for bind in origins.imports)

    @cached_property
    def _global(self) -> str:
        """The name of the module's session."""
        return self.naming.variable(self.library.named(self.settings.session_global), 0)

    def _targets(self, owner: int, calls: Sequence[BareCall], name: str) -> list[str]:
        """The name by which each call finds a session of the module (`_session`) or of its object (`self._session`)."""
        targets = []
        for call in calls:
            method = self.facts.graph.method(call.site.scope) if owner else None
            targets.append(f"{method.instance}.{name}" if method is not None else name)
        return targets

    def _serves_one(self, owner: int, kept: Sequence[BareCall]) -> bool:
        """Tell whether the calls left of a class, or of the module, would be no finding by themselves."""
        functions = set(map(self.facts.bare.function, kept))
        if any(map(self.facts.graph.is_helper, functions)):
            return False
        if owner:
            return len(kept) == 1 and not self.facts.graph.reads_instance(kept[0].site.scope)
        return len(functions) == 1

    def _share(self, owner: int, calls: Sequence[BareCall], home: _Home, lasting: Sequence[BareCall] = ()) -> Outcome:
        """The fix that makes calls on the session of their object, or of the module; a refusal without a home.

        lasting: those of the calls that repeat as calls of the object, or of the module, if not all do.
        """
        outcome = self.on_shared(calls)
        if isinstance(home, str) or outcome is not None:
            return outcome or refused(calls, str(home))
        doubts = self.doubts.about(Sharing(calls, owner=owner))
        if isinstance(home, ExistingSession):
            return on_session(calls, self._targets(owner, calls, home.name), "the existing session", doubts)
        repeated = self.wanted.options(self.context.hoistable(calls), lasting or calls)
        hoist = tuple(option for option in home.hoist if option in repeated)
        home = home._replace(hoist=hoist, shared=home.shared if "headers" in repeated else None)
        if owner:
            name = self.naming.attribute(self.library.named(self.settings.session_attribute), owner)
            target = f"{home.instance}.{name}" if home.style in ("assign", "behind", "init") else name
        else:
            name = target = self._global
        where = "class" if owner else "module"
        message = f"Share one {self.shown} between the {len(calls)} calls in this {where}"
        if len(calls) == 1:
            message = f"Keep one {self.shown} for the call in this {where}"
        apart = [doubt for doubt in doubts if doubt.name != "threads" or doubt.accepted]
        if not owner and len(apart) < len(doubts):  # the threads would share its cookies
            local = self.naming.variable("_local", 0)
            home = home._replace(style="threads", instance=local, helper="threading.local")
            doubts, name = tuple(apart), f"{name}()"
            message = f"Give each thread one {self.shown} for the {len(calls)} calls in this module"
        new_session, imports = self.context.new_session(calls, home, target, owner)
        later = _no_longer_counts(calls[0], new_session) if doubts else ""
        message += set_once(new_session) + later + beside(self._there(owner, calls))
        message += self.context.remarks(new_session, calls)
        redirects = redirect(calls, self._targets(owner, calls, name))
        stays = self.context.why_options_stay(calls)
        return Fix(ids(calls), message, doubts, redirects, new_session, imports=imports, stays=stays)


def _no_longer_counts(call: BareCall, new_session: NewSession) -> str:
    """The words for what is set on an object later: `client.headers = {...}`, where the session has its `headers`."""
    shared = new_session.home.shared.attributes if new_session.home.shared is not None else ()
    shown = list(map(quoted, shared))
    for option in new_session.home.hoist:
        value = call.argument(option) or v.NONE
        if isinstance(value, v.Call) and isinstance(value.func, v.Attribute):
            shown.append(f"what `{v.dotted(value.func)}()` returns")
        else:
            shown += map(quoted, v.dotted_in(value))
    return f"; later changes to {' or '.join(shown)} will have no effect" if shown else ""
