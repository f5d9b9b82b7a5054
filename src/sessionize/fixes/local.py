"""Fixes for calls that a loop repeats, or that run one after the other: one session in their own function or script."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sessionize.analysis.flow import Place
from sessionize.doubts.doubt import Doubt, Sharing
from sessionize.fixes.context import (
    ALONE,
    ALONG,
    CARRIED,
    LOCAL,
    Fixes,
    beside,
    on_session,
    redirect,
    refused,
    set_once,
    split,
    these,
)
from sessionize.fixes.existing import ExistingSession, joinable
from sessionize.fixes.outcome import Fix, Outcome, Refusal
from sessionize.homes.home import Home
from sessionize.homes.module_home import import_home
from sessionize.library.calls import BareCall
from sessionize.sharing.hoisting import Interval
from sessionize.sharing.several_calls import ids
from sessionize.sharing.shared_headers import shared_headers
from sessionize.syntax import values as v
from sessionize.syntax.access import READ


class _Candidate(NamedTuple):
    """Calls that share a session, its home, and the doubts that it is as good.

    existing: the session that is there and that they may be able to join.
    """

    calls: Sequence[BareCall]
    home: Home
    existing: ExistingSession | None
    doubts: tuple[Doubt, ...]


class LocalFixes(Fixes):
    def outcomes(self) -> list[Outcome]:
        """A fix or a refusal for every call that shares a session within its function."""
        outcomes: list[Outcome] = []
        candidates: list[_Candidate] = []
        repeated = self.facts.groups.repeated
        for frame in sorted(repeated):
            kept, refusals = self._refuse(self.wanted.among(repeated[frame], LOCAL))
            outcomes += refusals
            candidate = self._candidate(kept) if kept else None
            if isinstance(candidate, _Candidate):
                candidates.append(candidate)
            elif candidate is not None:
                outcomes.append(candidate)
        candidates.sort(key=lambda candidate: bool(candidate.doubts))  # safe ones choose names first
        for candidate in candidates:
            outcomes += self._ways(candidate)
        return outcomes

    def _refuse(self, calls: Sequence[BareCall]) -> tuple[list[BareCall], list[Refusal]]:
        """The calls that a session can take, and refusals for the others; all are refused if too few are left."""
        kept, refusals = split(calls, self.obstacles.of_call)
        alone = self._alone(kept)
        kept, more = split(kept, lambda call: ALONE if call.id in alone else "")
        if leak := self.obstacles.of_sharing(kept):
            return [], [*refusals, *more, refused(kept, leak)]
        return kept, refusals + more

    def _alone(self, calls: Sequence[BareCall]) -> set[int]:
        """The calls of a frame that would have a session for themselves, as the others are silenced or refused."""
        if not calls or len(calls) == len(self.facts.groups.by_frame.get(calls[0].frame, ())):
            return set()
        place = self.facts.groups.place(calls)
        if place is not None and self._can_join(calls, place):
            return set()
        repeated = {*self.facts.groups.loops, *self.facts.groups.chained_among(calls)}
        return {call.id for call in calls if not call.is_mapped} - repeated  # `map` calls again and again

    def _candidate(self, calls: Sequence[BareCall]) -> _Candidate | Refusal:
        """The calls with the place of their session, what it may hold, and why it is not known to be safe."""
        place = self._place(calls)
        if place is None:
            return refused(calls, "no line before the calls can hold the session; put them on lines of their own")
        if self._may_be_missing(calls, place):
            reason = (
                f"the import of {self.library.name} may not have run where the session belongs; import it further up"
            )
            return refused(calls, reason)
        hoist = [] if self.context.spans_cells(calls) else self.wanted.options(self.context.hoistable(calls), calls)
        shared = None
        if "headers" in hoist and not Interval(self.facts, calls, place).keeps("headers"):
            hoist.remove("headers")
            shared = shared_headers(self.facts, calls, place)
        existing = self.existing.local(calls, place)
        joined = joinable(existing)
        made = joined.tick if joined is not None else self.facts.outline.parts[place.before].tick
        doubts = self.doubts.about(Sharing(calls, place, made))
        home = Home(place, self.context.style(calls, place), tuple(hoist), shared)
        return _Candidate(calls, home, existing, doubts)

    def _ways(self, candidate: _Candidate) -> list[Outcome]:
        """The fix for a candidate; where its calls hand cookies on, also the one whose session carries them.

        Only that, where it may be made.
        """
        fix = self._share(candidate)
        carried = frozenset(ids(self.wanted.among(candidate.calls, CARRIED)))
        carrying = self._carrying(candidate, fix, carried) if carried else None
        if carrying is None:
            return [fix]
        if self.settings.unsafe_fixes or "carried" in self.settings.accept:
            return [carrying._replace(resolves=LOCAL | ALONG | CARRIED)]
        return [fix, carrying._replace(resolves=CARRIED)]

    def _carrying(self, candidate: _Candidate, fix: Outcome, carried: frozenset[int]) -> Fix | None:
        """A fix with a session that keeps cookies: one call gives them, in no loop, and all others pass them on.

        Else the session might send those of one user with a call for another. Whether a session of the project's own
        function keeps any is not known.
        """
        calls = candidate.calls
        if self.naming.uses_factory:
            return None
        if not isinstance(fix, Fix) or fix.new_session is None or any(call.unpacks or call.pooled for call in calls):
            return None
        first, *others = sorted(calls, key=lambda call: call.site.tick)
        for call in others:
            if call.id not in carried or self.facts.carried.answer(call) != first.id:
                return None
            for option in ("auth", "headers", "cert"):
                if call.argument(option) != first.argument(option):
                    return None
        given = first.argument("cookies") is not None
        if self.facts.flow.loops(first.site.part) or given or self._leaves_unused(calls):
            return None
        place = candidate.home.place
        sharing = Sharing(calls, place, self.facts.outline.parts[place.before].tick, carries=True)
        return fix._replace(
            message=f"Share one {self.shown} between the {len(calls)} calls, and let it carry the cookies",
            doubts=self.doubts.about(sharing),
            new_session=fix.new_session._replace(apart=""),
            imports=self.naming.constructor(calls, place)[1],  # that of the policy is none of them
            carries=carried,
        )

    def _leaves_unused(self, calls: Sequence[BareCall]) -> bool:
        """Tell whether a local variable is used in nothing but `cookies=`."""
        named: Counter[tuple[int, str]] = Counter()
        for call in calls:
            for name in v.names_in(call.argument("cookies") or v.NONE):
                named[self.facts.names.owner(name, call.site.scope), name] += 1
        return any(owner > 0 and len(self.facts.names.uses(owner, name)) <= n for (owner, name), n in named.items())

    def _share(self, candidate: _Candidate) -> Outcome:
        """The fix that makes the calls of a candidate on one session."""
        calls, home, existing, doubts = candidate
        if (outcome := self.on_shared(calls)) is not None:
            return outcome
        if (there := joinable(existing)) is not None:
            return on_session(calls, [there.name] * len(calls), "the existing session", doubts)
        message = f"Share one {self.shown} between {these(calls)}"
        if len(calls) == 1:
            message = f"Use one {self.shown} for all iterations"
        name = self.naming.variable(self.library.named(self.settings.session_name), self.facts.bare.function(calls[0]))
        new_session, imports = self.context.new_session(calls, home, name)
        if not self._names_library(calls, home.place):
            reason = f"{self.library.name} may not be imported where the session belongs; import it further up"
            return refused(calls, reason)
        stays = self.context.why_options_stay(calls)
        if self.context.spans_cells(calls):
            stays = "the calls stand in several cells, and what they pass may be edited in between"
        message += set_once(new_session) + beside(existing) + self.context.remarks(new_session, calls)
        redirects = redirect(calls, [name] * len(calls))
        return Fix(ids(calls), message, doubts, redirects, new_session, imports=imports, stays=stays)

    def _can_join(self, calls: Sequence[BareCall], place: Place) -> bool:
        """Tell whether a session is there that the calls can be made on."""
        return joinable(self.existing.local(calls, place)) is not None

    def _names_library(self, calls: Sequence[BareCall], place: Place) -> bool:
        """Tell whether one of the calls' own names is surely there at `place`, or is all that their session needs."""
        plain = self.context.keeps_cookies(calls)
        for call in calls:
            path = self.facts.origins.path_of_name(call.root, call.site.scope) if plain else None
            if (
                path == self.library.name
                or self.facts.imports.import_before(call.root, call.site.scope, place) is not None
            ):
                return True
        return False

    def _may_be_missing(self, calls: Sequence[BareCall], place: Place) -> bool:
        """Tell whether the import may not have run at `place`, or code tests `if requests:` before the last call."""
        last: dict[tuple[int, str], BareCall] = {}  # by the variable that the call begins with
        for call in sorted(calls, key=lambda call: call.site.tick):
            last[self.facts.names.owner(call.root, call.site.scope), call.root] = call
        for variable, call in last.items():
            bound = self.facts.imports.bound(call.root, call.site.scope, place)
            uses = self.facts.names.uses(*variable) if bound == "maybe" else []
            start = bisect_right(uses, place.tick, key=lambda use: use.tick)
            end = bisect_left(uses, call.site.tick, key=lambda use: use.tick)
            if bound == "never" or any(use.access == READ for use in uses[start:end]):
                return True
        return False

    def _place(self, calls: Sequence[BareCall]) -> Place | None:
        """The place of their session: before them, but behind the import for several cells that all need it."""
        place = self.facts.groups.place(calls)
        if place is None or not self.context.spans_cells(calls) or self._can_join(calls, place):
            return place
        return import_home(self.facts, calls) or place
