"""Fixes for sessions that serve too few calls: made once, before the loop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sessionize.analysis.flow import Place
from sessionize.doubts.doubt import Sharing
from sessionize.fixes.context import IDLE, Fixes
from sessionize.fixes.outcome import Fix, ImportEdit, NewSession, Outcome, Redirect, Refusal
from sessionize.homes.home import Home
from sessionize.library.calls import BareCall
from sessionize.library.sessions import methods
from sessionize.sharing.several_calls import only_read
from sessionize.sharing.underused import UnderusedSession
from sessionize.syntax import outline as o, values as v


class UnderusedFixes(Fixes):
    def outcomes(self) -> list[Outcome]:
        """A fix or a refusal for every session that serves too few calls."""
        outcomes: list[Outcome] = []
        unnamed: dict[int, list[UnderusedSession]] = defaultdict(list)
        for session in self.facts.underused.sessions:
            if not self.wanted.codes[session.id] & IDLE:
                continue
            if not session.loops:
                outcomes.append(Refusal((session.id,), self._why_made_once(session)))
            elif session.bind is None:
                unnamed[session.calls[0].frame].append(session)
            else:
                outcomes.append(self._move_out(session, session.bind))
        return outcomes + list(map(self._gather, unnamed.values()))

    def _why_made_once(self, session: UnderusedSession) -> str:
        """The reason to leave a session that is made for one call, and what to do about it."""
        in_method = self.facts.graph.method(session.site.scope) is not None
        where = "keep one on the object" if in_method else "create it once"
        if session.plain:
            return f"a session saves time only from its second call on: {where}, and reuse it"
        return f"what is set on it may differ from call to call: {where}, and pass what differs with each call"

    def _gather(self, sessions: Sequence[UnderusedSession]) -> Outcome:
        """One session for calls like `requests.Session().get(url)` in the loops of one function."""
        made = tuple(session.id for session in sessions)
        calls = [session.calls[0] for session in sessions]
        place = self.facts.groups.place(calls)
        create = v.dotted(sessions[0].site.value.func)
        if place is None or not self._made_with(create, sessions[0], place):
            return Refusal(made, "there is no place before the loop where it could be created")
        name = self.naming.variable(
            self.library.named(self.settings.session_name), self.facts.outline.parts[calls[0].frame].scope
        )
        if reason := self.obstacles.of_sharing(calls) or self.obstacles.of_call(calls[0]):
            return Refusal(made, reason)
        doubts = self.doubts.about(Sharing(calls, made=place.tick))
        new_session, imports = self._new(calls, place, name, create)
        redirects = tuple(Redirect(call.id, name, call.verb, name_params=False) for call in calls)
        return Fix(made, "Create one session before the loop", doubts, redirects, new_session, imports=imports)

    def _move_out(self, session: UnderusedSession, bind: o.Bind) -> Outcome:
        """A session with a name, made before its loop."""
        facts = self.facts
        own = (session.id,)
        frame = facts.flow.frame[bind.part]
        served = facts.sessions.session_use(bind.scope, bind.name)
        place = facts.flow.place([session.site.part], bind.scope)
        create = v.dotted(session.site.value.func)
        if not served.done <= methods(self.library):
            reason = f"`{bind.name}` is used for more than calls in the loop, and that may differ between iterations"
            return Refusal(own, reason)
        binds = facts.names.binds(bind.scope, bind.name)
        uses = facts.names.uses(bind.scope, bind.name)
        inside = facts.outline.parts[bind.part].parent in served.around and bind.tick < uses[0].tick
        if not session.calls or len(binds) > 1 or not inside:
            return Refusal(own, f"`{bind.name}` is bound or used elsewhere too")
        if self._shares_statement(session, bind):
            return Refusal(own, "it is created together with something else; give it a statement of its own")
        if place is None or facts.flow.frame[place.block] != frame or not self._made_with(create, session, place):
            return Refusal(own, "there is no place before the loop where it could be created")
        loops = set(facts.flow.loops(bind.part))
        several = len(session.calls) > 1 or set(facts.flow.loops(session.calls[0].site.part)) - loops
        if several and self.settings.cookies != "share":
            return Refusal(own, "its calls share cookies within one iteration, but must not share them with the next")
        if reason := self.obstacles.of_sharing(session.calls) or self.obstacles.of_call(session.calls[0]):
            return Refusal(own, reason)
        doubts = self.doubts.about(Sharing(session.calls))
        if self.settings.cookies == "share" and several and not only_read(session.calls):
            reason = "cookies of one iteration, those of a login say, would be sent in the next"
            doubts += (self.doubts.doubt("lifetime", reason),)
        new_session, imports = self._new(session.calls, place, bind.name, create)
        message = f"Create `{bind.name}` once, before the loop"
        return Fix(own, message, doubts, (), new_session, bind.part, imports)

    def _shares_statement(self, session: UnderusedSession, bind: o.Bind) -> bool:
        """Tell whether the statement that makes a session does something besides."""
        if self.facts.flow.shares_line(bind.part) or len(self.facts.tables.binds_at[bind.part]) > 1:
            return True
        made = range(session.site.start + 1, session.site.tick)
        return any(use.part == bind.part and use.tick not in made for use in self.facts.outline.uses)

    def _made_with(self, create: str, session: UnderusedSession, place: Place) -> bool:
        """Tell whether the expression for the session surely means the same at `place`."""
        return self.facts.imports.bound(create.partition(".")[0], session.site.scope, place) == "surely"

    def _new(
        self, calls: Sequence[BareCall], place: Place, target: str, create: str
    ) -> tuple[NewSession, tuple[ImportEdit, ...]]:
        calls = [call._replace(root=create.partition(".")[0]) for call in calls]
        return self.context.new_session(calls, Home(place, self.context.style(calls, place)), target, create=create)
