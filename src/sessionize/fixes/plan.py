"""Every decision about a fix: which calls share a session, where it is made, under which name, what it holds, whether
that is safe, and why not.

The reasons to refuse or to call a fix unsafe are those of the safety contract; each is stated as a user should read it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from sessionize.analysis.flow import Place
from sessionize.files.settings import Settings
from sessionize.fixes.doubts import Doubts
from sessionize.fixes.existing import Existing, There
from sessionize.fixes.naming import Naming
from sessionize.fixes.outcome import SAFE, UNSAFE, Fix, ImportEdit, Making, Redirect, refusal
from sessionize.library.calls import ANY, BareCall
from sessionize.library.profile import METHODS, READING, VERBS
from sessionize.rules import Finding
from sessionize.sharing.facts import Facts
from sessionize.sharing.idle import IdleSession
from sessionize.sharing.module_home import MODULE_REASON, Home, import_home, module_home
from sessionize.sharing.object_home import OBJECT_REASON, object_home
from sessionize.syntax import outline as o
from sessionize.syntax.access import READ

_LOCAL = frozenset({"RQS101", "RQS102"})
_LASTING = frozenset({"RQS103", "RQS104", "RQS105"})
_ALONG = frozenset({"RQS201", "RQS202", "RQS301"})  # at the same calls, resolved with them
SHARING = _LOCAL | _LASTING  # the rules that a session is shared for
_ALONE = "a session would serve this call alone, as the others here stay as they are"
_CHOSEN = "the function is chosen at run time; choose a method of one session instead, as in `getattr(session, name)`"
_INSIDE = "requests is imported inside the function; import it at the top of the module"


class Planner:
    """Plans for one file."""

    def __init__(self, facts: Facts, settings: Settings) -> None:
        self.facts = facts
        self.settings = settings
        self.doubts = Doubts(facts, settings)
        self.existing = Existing(facts, settings, self.doubts)
        self.naming = Naming(facts)

    def plan(self, findings: Iterable[Finding]) -> list[Fix]:
        """A fix, or a refusal, for every call with a finding; safe ones choose their names first."""
        codes: dict[int, set[str]] = defaultdict(set)
        options: dict[int, set[str]] = defaultdict(set)
        for finding in findings:
            codes[finding.call].add(finding.code)
            options[finding.call].update(finding.options)
        fixes: list[Fix] = []
        todo: list[tuple[Sequence[BareCall], Place, Sequence[str]]] = []
        for home in sorted({*self.facts.groups.by_home, *(call.home for call in self.facts.bare.mapped)}):
            kept, refused = self._refuse([call for call in self.facts.groups.repeated[home] if codes[call.id] & _LOCAL])
            fixes += refused
            if kept:
                place = self._place(kept)
                if place is None:
                    fixes.append(
                        _refused(kept, "there is no line for the session; put the calls on lines of a function")
                    )
                elif self._may_be_missing(kept, place):
                    reason = "the import of requests may not have run where the session belongs; import it further up"
                    fixes.append(_refused(kept, reason))
                else:
                    hoist = [h for h in self._hoistable(kept) if all(h in options[call.id] for call in kept)]
                    todo.append((kept, place, [] if self._across(kept) else hoist))
        doubts = [self.doubts.about(calls, place) or self._doubt_of_cells(calls, place) for calls, place, _ in todo]
        for unsafe in (False, True):
            fixes += [
                self._local(*group, doubt) for group, doubt in zip(todo, doubts, strict=True) if bool(doubt) == unsafe
            ]
        fixes = _resolving(fixes, _LOCAL | _ALONG)
        fixes += _resolving(self._lasting(codes, options), _LASTING | _ALONG)
        handed_on = {call for call in codes if call < 0} - {call for fix in fixes for call in fix.calls}
        fixes += _resolving(self._handed_on(handed_on), SHARING | _ALONG)
        idle = {call for call in codes if "RQS106" in codes[call]}
        return fixes + _resolving(self._idle(idle), frozenset({"RQS106"}))

    def imports(self, fixes: Sequence[Fix]) -> list[ImportEdit]:
        """The changes of import statements that go with these fixes, applied together."""
        return [edit for fix in fixes for edit in fix.imports] + self.naming.unused(fixes)

    # --- refusals -----------------------------------------------------------------------------------------------------

    def _refuse(self, calls: Sequence[BareCall]) -> tuple[list[BareCall], list[Fix]]:
        """The calls that a session can take, and refusals for the others; all are refused if too few are left."""
        reasons = [(call.id, _no_session_call(call) or self.doubts.held(call)) for call in calls]
        refusals = {number: reason for number, reason in reasons if reason}
        kept = [call for call in calls if call.id not in refusals]
        if alone := self._alone(kept):
            refusals |= dict.fromkeys(alone, _ALONE)
            kept = [call for call in kept if call.id not in alone]
        if reason := self.doubts.leak(kept):
            refusals |= {call.id: reason for call in kept}
            kept = []
        return kept, [refusal((call.id,), refusals[call.id]) for call in calls if call.id in refusals]

    def _alone(self, calls: Sequence[BareCall]) -> set[int]:
        """Those of the calls of a home that would have a session for themselves: where the others are silenced, not
        selected or refused."""
        if not calls or len(calls) == len(self.facts.groups.by_home.get(calls[0].home, ())):
            return set()
        place = self.facts.groups.place(calls)
        if place is not None and self._joins(calls, place) is not None:
            return set()
        repeated = {*self.facts.groups.loops, *self.facts.groups.chained_among(calls)}
        return {call.id for call in calls if call.id >= 0} - repeated  # `map` calls again and again

    def _hoistable(self, calls: Sequence[BareCall]) -> Sequence[str]:
        """What may be set once on the session: nothing where a patch moves along, to get the same arguments."""
        patched = self.settings.moves_patches and any(map(self.facts.patched.patches_of, calls))
        return () if patched else self.settings.hoist

    def _why_options_stay(self, calls: Sequence[BareCall]) -> str:
        """Why an option that all these calls repeat may not be set on their session."""
        if not self._hoistable(calls):
            return "a test whose patches move along is to see the same arguments"
        return "another call here passes something else, or has to keep it"

    # --- a function or the script -------------------------------------------------------------------------------------

    def _local(self, calls: Sequence[BareCall], place: Place, hoist: Sequence[str], doubt: str) -> Fix:
        applicability = UNSAFE if doubt else SAFE
        ids = tuple(call.id for call in calls)
        there = self.existing.local(calls, place)
        if there is not None and not there.obstacle:
            message = f"Make {_these(calls)} on `{there.name}`, the session that is already there"
            redirects = _redirects(calls, [there.name] * len(calls))
            return Fix(ids, message, applicability, doubt, redirects, stays=_not_on(there.name))
        message = f"Share one `requests.Session` between {_these(calls)}"
        if len(calls) == 1:
            message = "Use one `requests.Session` for all turns"
        name = self.naming.variable(self.settings.session_name, self.facts.outline.parts[calls[0].home].scope)
        making, imports = self._making(calls, place, self._style(calls, place), name, hoist)
        if not self._names_module(calls) and all(
            self.facts.imports.import_before(c.root, c.site.scope, place) is None for c in calls
        ):
            return _refused(calls, "requests may not be imported where the session belongs; import it further up")
        redirects = _redirects(calls, [name] * len(calls))
        message += _once(hoist) + _beside(there)
        stays = self._why_options_stay(calls)
        if self._across(calls):
            stays = "the calls stand in several cells, and what they pass may be edited in between"
        return Fix(ids, message, applicability, doubt, redirects, making, None, imports, stays)

    def _joins(self, calls: Sequence[BareCall], place: Place) -> There | None:
        """The session that is there for the calls and that they are made on, if there is one."""
        there = self.existing.local(calls, place)
        return there if there is not None and not there.obstacle else None

    def _may_be_missing(self, calls: Sequence[BareCall], place: Place) -> bool:
        """Whether what calls are made by is not there yet at `place`, or is looked for between there and the last."""
        last: dict[tuple[int, str], BareCall] = {}  # by what they are made by
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

    def _names_module(self, calls: Sequence[BareCall]) -> bool:
        """Whether a session for the calls can be made by the names that they have, and needs no other import."""
        scopes = ((o.Name(call.root), call.site.scope) for call in calls)
        return self.settings.cookies == "share" and any(
            self.facts.origins.path_of(*root) == "requests" for root in scopes
        )

    def _style(self, calls: Sequence[BareCall], place: Place) -> str:
        """The style asked for; a `with` block needs lines of its own, and must not take in a cell's last expression, a
        definition or an import."""
        if place.tick > self.facts.outline.parts[place.before].tick:
            return "behind"
        if self.settings.session_style == "assign":
            return "assign"
        lines = self.facts.outline.parts[place.block].form == "lines"
        statements = self.facts.flow.children[place.block]
        last = max((call.site.part for call in calls), default=place.before)
        inside = statements[bisect_left(statements, place.before) : bisect_right(statements, last)]
        plain = lines and self._defining.isdisjoint(inside) and not (self.facts.tables.cells and place.block == 0)
        return "with" if plain else "assign"

    @cached_property
    def _defining(self) -> set[int]:
        """The statements that define or import something."""
        return {bind.part for bind in self.facts.outline.binds if bind.form in ("def", "class", "import", "star")}

    def _across(self, calls: Sequence[BareCall]) -> bool:
        """Whether the calls are in several cells of a notebook."""
        return len({self.facts.tables.cell(call.site.tick) for call in calls}) > 1

    def _place(self, calls: Sequence[BareCall]) -> Place | None:
        """Where their session is made: before them, but behind the import for several cells that all need it."""
        place = self.facts.groups.place(calls)
        if place is None or not self._across(calls) or self._joins(calls, place) is not None:
            return place
        return import_home(self.facts, calls) or place

    def _doubt_of_cells(self, calls: Sequence[BareCall], place: Place) -> str:
        existing = self._joins(calls, place) if self.facts.tables.cells else None
        return self.doubts.about_cells(calls, place.tick if existing is None else existing.tick)

    def _making(
        self, calls: Sequence[BareCall], place: Place, style: str, target: str, hoist: Sequence[str]
    ) -> tuple[Making, tuple[ImportEdit, ...]]:
        create, imports = self.naming.constructor(calls, place)
        policy = None
        if self.settings.cookies == "isolate":
            policy, more = self.naming.policy(calls, place)
            imports += more
        return Making(place, style, target, f"{create}()", policy, tuple(hoist)), imports

    # --- an object or the module --------------------------------------------------------------------------------------

    def _families(self) -> dict[int, list[BareCall]]:
        """The calls whose session outlives their function, by the class that holds it, 0 for the module: a subclass
        uses the session of its base."""
        families: dict[int, list[BareCall]] = defaultdict(list)
        for owner, calls in self.facts.groups.lasting.items():
            families[self._holder(owner, calls)] += calls
        return families

    def _holder(self, owner: int, calls: Sequence[BareCall]) -> int:
        """The topmost base in this file whose objects get a session, if there is just one; else the class itself."""
        bases = self.facts.classes.ancestry(owner) & self.facts.groups.lasting.keys() if owner else set()
        tops = [base for base in bases if bases.isdisjoint(self.facts.classes.ancestry(base))]
        own = self.existing.of_object(owner, calls) if tops else None
        return owner if len(tops) != 1 or (own is not None and not own.obstacle) else tops[0]

    def _lasting(self, codes: Mapping[int, set[str]], options: Mapping[int, set[str]]) -> list[Fix]:
        """The fixes for sessions that outlive the functions of their calls: on the objects of a class, or where that is
        not right on the module, if one can serve all objects."""
        fixes: list[Fix] = []
        joined: list[BareCall] = []
        partial = False
        for owner, calls in self._families().items():
            kept, refused = self._lastingly_able(owner, [call for call in calls if codes[call.id] & _LASTING])
            fixes += refused
            if not owner:
                joined += kept
                partial = len(kept) < len(calls)
            elif kept:
                home = self._home(owner, kept, partial=len(kept) < len(calls))
                if not isinstance(home, str):
                    fixes.append(self._shared(owner, kept, home, options))
                elif home != _ALONE and self.doubts.for_all_objects(kept) and not isinstance(self._home(0, kept), str):
                    joined += kept
                else:
                    fixes.append(_refused(kept, home))
        if joined:
            home = self._home(0, joined, partial=partial)
            fixes.append(_refused(joined, home) if isinstance(home, str) else self._shared(0, joined, home, options))
        return fixes

    def _lastingly_able(self, owner: int, calls: Sequence[BareCall]) -> tuple[list[BareCall], list[Fix]]:
        """The calls that a session can take which outlives their function, and refusals for the others."""
        kept, refused = [], []
        for call in calls:
            reason = _no_session_call(call) or self.doubts.held(call)
            if not reason and not self._is_at_top(call) and not self._imports_at_top:
                reason = _INSIDE
            if not reason and owner and self.facts.graph.in_another_class(call.site.scope):
                reason = "it stands in a class inside of the method"
            if not reason and self.facts.outline.scopes[self.facts.bare.function(call)].name == "__del__":
                reason = "`__del__` may run before a session is made, or when it is gone"
            if reason:
                refused.append(refusal((call.id,), reason))
            else:
                kept.append(call)
        return kept, refused

    def _home(self, owner: int, calls: Sequence[BareCall], *, partial: bool = False) -> Home | There | str:
        """Where a session for calls lives on the objects of a class (or on the module: 0): one that is there, or the
        place for a new one; a reason where there is none.

        partial: whether others that could share it stay as they are.
        """
        if reason := self.doubts.leak(calls, lasting=True) or self.doubts.threads.about(owner):
            return reason
        there = self._there(owner, calls)
        if there is not None and not there.obstacle:
            return there
        if partial and self._serves_one(owner, calls):
            return _ALONE
        home = object_home(self.facts, owner, calls) if owner else module_home(self.facts, calls)
        if isinstance(home, str):
            return home
        scope = self.facts.outline.parts[self.facts.flow.home[home.place.block]].scope
        at_top = [call for call in calls if self._is_at_top(call)]
        if any(self.facts.names.owner(call.root, scope) != 0 for call in at_top):
            return "requests is the name of something else where the session would be made"
        if at_top != calls and self.naming.visible("requests", home.place) is None:
            return _INSIDE
        if any(self.facts.imports.bound(call.root, call.site.scope, home.place) != "surely" for call in at_top):
            return "requests may be missing where the session would be made"
        if home.style == "field" and self.settings.cookies == "isolate":
            return "a field of a dataclass can't be told to isolate its cookies"
        return home

    def _there(self, owner: int, calls: Sequence[BareCall]) -> There | None:
        """The session that the object, or the module, has already."""
        return self.existing.of_object(owner, calls) if owner else self.existing.of_module(calls)

    def _is_at_top(self, call: BareCall) -> bool:
        """Whether a call names requests by an import at the top of the module."""
        return self.facts.names.owner(call.root, call.site.scope) == 0

    @cached_property
    def _imports_at_top(self) -> bool:
        """Whether the top of the module imports requests; functions that import it once more can do with that."""
        return any(
            bind.scope == 0 and self.facts.origins.path(bind) == "requests" for bind in self.facts.origins.imports
        )

    def _on_existing(self, owner: int, calls: Sequence[BareCall], there: There) -> Fix:
        """The fix that makes calls on the session that the object, or the module, has already."""
        reason = self.doubts.about_calls(calls) or self.doubts.about_file or (OBJECT_REASON if owner else MODULE_REASON)
        targets = self._targets(owner, calls, there.name)
        ids = tuple(call.id for call in calls)
        message = f"Make {_these(calls)} on `{targets[0]}`, the session that is already there"
        return Fix(ids, message, UNSAFE, reason, _redirects(calls, targets), stays=_not_on(targets[0]))

    def _targets(self, owner: int, calls: Sequence[BareCall], name: str) -> list[str]:
        """How each call names a session of the module (`_session`) or of its object (`self._session`)."""
        methods = [self.facts.graph.method(call.site.scope) if owner else None for call in calls]
        return [f"{method.instance}.{name}" if method is not None else name for method in methods]

    def _serves_one(self, owner: int, kept: Sequence[BareCall]) -> bool:
        """Whether what is left of the calls of a class, or of the module, would be no finding by itself."""
        helpers = {call.id for call in self.facts.groups.helpers}
        if any(call.id in helpers for call in kept):
            return False
        if owner:
            return len(kept) == 1 and not self.facts.graph.reads_instance(kept[0].site.scope)
        return len({self.facts.bare.function(call) for call in kept}) == 1

    def _shared(
        self, owner: int, calls: Sequence[BareCall], home: Home | There, options: Mapping[int, set[str]]
    ) -> Fix:
        """The fix that makes calls on the session of their object, or of the module."""
        if isinstance(home, There):
            return self._on_existing(owner, calls, home)
        able = self._hoistable(calls)
        hoist = [option for option in home.hoist if option in able and all(option in options[c.id] for c in calls)]
        reason = self.doubts.about_calls(calls) or self.doubts.about_file or home.reason
        if owner:
            name = self.naming.attribute(self.settings.session_attribute, owner)
            target = f"{home.instance}.{name}" if home.style in ("assign", "behind", "init") else name
        else:
            name = target = self.naming.variable(self.settings.session_global, 0)
        making, imports = self._making(calls, home.place, home.style, target, hoist)
        if home.needs:
            helper, more = self.naming.imported(home.needs, calls, home.place)
            making, imports = making._replace(needs=helper), imports + more
        redirects = _redirects(calls, self._targets(owner, calls, name))
        where = "class" if owner else "module"
        message = f"Share one `requests.Session` between the {len(calls)} calls of this {where}"
        if len(calls) == 1:
            message = f"Keep one `requests.Session` for the call of this {where}"
        ids = tuple(call.id for call in calls)
        message += _once(hoist) + _beside(self._there(owner, calls))
        stays = self._why_options_stay(calls)
        return Fix(ids, message, UNSAFE, reason, redirects, making, None, imports, stays)

    # --- functions that are handed on, sessions that are not reused ---------------------------------------------------

    def _handed_on(self, calls: set[int]) -> list[Fix]:
        """Refusals for the functions of requests that other code calls."""
        fixes = []
        for reference in self.facts.bare.references:
            if -reference.use.tick in calls:
                reason = "other code calls it; make a session and hand on its method instead, as in `session.get`"
                if reference.verb == ANY:
                    reason = _CHOSEN
                if reference.taker != -1 and self.doubts.threads.starts(self.facts.outline.calls[reference.taker]):
                    reason = "several threads or processes may call it, and each needs a session of its own"
                fixes.append(refusal((-reference.use.tick,), reason))
        return fixes

    def _idle(self, calls: set[int]) -> list[Fix]:
        """What is done about sessions that serve too few calls."""
        fixes = []
        direct: dict[int, list[IdleSession]] = defaultdict(list)
        for session in self.facts.idle.sessions:
            if session.id in calls:
                if not session.loops:
                    fixes.append(refusal((session.id,), self._once_made(session)))
                elif session.bind is None:
                    direct[session.calls[0].home].append(session)
                else:
                    fixes.append(self._moved(session, session.bind))
        return fixes + [self._gathered(sessions) for sessions in direct.values()]

    def _once_made(self, session: IdleSession) -> str:
        """The reason to leave a session that is made for one call, and what to do about it."""
        method = self.facts.graph.method(session.site.scope)
        if reason := self.doubts.threads.about(method.owner if method is not None else 0):
            return reason
        where = "keep one on the object" if method is not None else "make it once"
        if session.plain:
            return f"a session pays from its second call on: {where}, and use it again"
        return f"what is set on it may differ from call to call: {where}, and pass what differs with each call"

    def _gathered(self, sessions: Sequence[IdleSession]) -> Fix:
        """One session for calls like `requests.Session().get(url)` in the loops of one function."""
        ids = tuple(session.id for session in sessions)
        calls = [session.calls[0] for session in sessions]
        place = self.facts.groups.place(calls)
        create = o.dotted(sessions[0].site.value.func)
        if place is None or not self._made_with(create, sessions[0], place):
            return refusal(ids, "there is no place before the loop where it could be made")
        name = self.naming.variable(self.settings.session_name, self.facts.outline.parts[calls[0].home].scope)
        if reason := self.doubts.leak(calls) or self.doubts.held(calls[0]):
            return refusal(ids, reason)
        doubt = self.doubts.about_cells(calls, place.tick) or self.doubts.about_sharing(calls)
        making, imports = self._made(calls, place, self._style(calls, place), name, create)
        redirects = tuple(Redirect(call.id, name, call.verb, name_params=False) for call in calls)
        message = "Make one session before the loop"
        return Fix(ids, message, UNSAFE if doubt else SAFE, doubt, redirects, making, imports=imports)

    def _moved(self, session: IdleSession, bind: o.Bind) -> Fix:
        """A session with a name, moved out of its loop."""
        facts = self.facts
        ids = (session.id,)
        home = facts.flow.home[bind.part]
        served = facts.sessions.served(bind.scope, bind.name)
        place = facts.flow.place([(session.site.tick, session.site.part)], bind.scope)
        create = o.dotted(session.site.value.func)
        if not served.done <= METHODS:
            return refusal(
                ids, f"`{bind.name}` is not only called in the loop, and the rest may differ from turn to turn"
            )
        binds, uses = (find(bind.scope, bind.name) for find in (facts.names.binds, facts.names.uses))
        inside = facts.outline.parts[bind.part].parent in served.around and bind.tick < uses[0].tick
        if not session.calls or len(binds) > 1 or not inside:
            return refusal(ids, f"`{bind.name}` is bound or used elsewhere too")
        if self._shares_statement(session, bind):
            return refusal(ids, "it is made together with something else; give it a statement of its own")
        if place is None or facts.flow.home[place.block] != home or not self._made_with(create, session, place):
            return refusal(ids, "there is no place before the loop where it could be made")
        loops = set(facts.flow.loops(bind.part))
        several = len(session.calls) > 1 or set(facts.flow.loops(session.calls[0].site.part)) - loops
        if self.settings.cookies == "isolate" and several:
            return refusal(ids, "its calls share cookies within a turn")
        if reason := self.doubts.leak(session.calls) or self.doubts.held(session.calls[0]):
            return refusal(ids, reason)
        doubt = self.doubts.about_sharing(session.calls)
        if several and any(call.verb not in READING for call in session.calls):
            doubt = doubt or "what a turn leaves in its cookies, as a log-in does, would reach the next turn"
        making, imports = self._made(session.calls, place, self._style(session.calls, place), bind.name, create)
        message = f"Make `{bind.name}` once, before the loop"
        return Fix(ids, message, UNSAFE if doubt else SAFE, doubt, (), making, bind.part, imports)

    def _shares_statement(self, session: IdleSession, bind: o.Bind) -> bool:
        """Whether the statement that makes a session does something besides."""
        outline = self.facts.outline
        siblings = self.facts.flow.children[outline.parts[bind.part].parent]
        behind = bisect_right(siblings, bind.part)
        joined = any(outline.parts[part].form == "joined" for part in (bind.part, *siblings[behind : behind + 1]))
        uses = self._used_in[bind.part]
        return (
            joined
            or self._bound_in[bind.part] > 1
            or any(not session.site.start < use.tick < session.site.tick for use in uses)
        )

    @cached_property
    def _bound_in(self) -> Counter[int]:
        """How many names each part binds."""
        return Counter(bind.part for bind in self.facts.outline.binds)

    @cached_property
    def _used_in(self) -> dict[int, list[o.Use]]:
        """The names that are read in each part."""
        uses = defaultdict(list)
        for use in self.facts.outline.uses:
            uses[use.part].append(use)
        return uses

    def _made_with(self, create: str, session: IdleSession, place: Place) -> bool:
        """Whether the expression for the session surely means the same at `place`."""
        return self.facts.imports.bound(create.partition(".")[0], session.site.scope, place) == "surely"

    def _made(
        self, calls: Sequence[BareCall], place: Place, style: str, target: str, create: str
    ) -> tuple[Making, tuple[ImportEdit, ...]]:
        if self.settings.cookies == "share":
            return Making(place, style, target, f"{create}()"), ()
        maker = calls[0]._replace(root=create.partition(".")[0])
        policy, imports = self.naming.policy([maker], place)
        return Making(place, style, target, f"{create}()", policy), imports


def _resolving(fixes: Iterable[Fix], codes: frozenset[str]) -> list[Fix]:
    return [fix._replace(resolves=codes) for fix in fixes]


def _refused(calls: Sequence[BareCall], reason: str) -> Fix:
    return refusal(tuple(call.id for call in calls), reason)


def _no_session_call(call: BareCall) -> str | None:
    """Why a session's method can't take a call's arguments."""
    if call.verb == ANY:
        return _CHOSEN
    args = call.site.value.args
    positional = [arg for arg in args if arg.keyword is None and arg.stars != "**"]
    if any(arg.stars == "*" for arg in args):
        return "`*args` may hold arguments that a session's method does not take by position"
    names = VERBS[call.verb]
    if len(positional) > len(names):
        return f"it passes more arguments by position than `requests.{call.verb}` takes"
    named = {arg.keyword for arg in args}
    given = ({"method"} - {*names}).union(names[: len(positional)])
    if twice := sorted(given.intersection(filter(None, named))):
        return f"it passes `{twice[0]}` twice"
    missing = [name for name in names[len(positional) :] if name in ("method", "url") and name not in named]
    if missing and not (call.unpacks or call.id < 0):  # `map` passes the URL
        return f"it does not pass `{missing[0]}`"
    return None


def _redirect(call: BareCall, target: str) -> Redirect:
    return Redirect(call.id, target, call.verb, _names_params(call))


def _redirects(calls: Sequence[BareCall], targets: Sequence[str]) -> tuple[Redirect, ...]:
    return tuple(map(_redirect, calls, targets))


def _these(calls: Sequence[BareCall]) -> str:
    return "the call" if len(calls) == 1 else f"the {len(calls)} calls"


def _not_on(name: str) -> str:
    """Why nothing is set on a session that is there."""
    return f"what is set on `{name}`, the session that is already there, reaches its other calls too"


def _beside(there: There | None) -> str:
    """Why a session that is there is not used; `_once` comes before it."""
    return f"; `{there.shown}` is not used, as {there.obstacle}" if there is not None else ""


def _names_params(call: BareCall) -> bool:
    """Whether a second argument must get its name: `Session.get` takes none by position before requests 2.34."""
    args = call.site.value.args
    return call.verb == "get" and len(args) > 1 and not args[1].keyword and not args[1].stars


def _once(hoist: Sequence[str]) -> str:
    return f" and set {' and '.join(f'`{option}`' for option in hoist)} on it once" if hoist else ""
