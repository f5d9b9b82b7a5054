"""Every decision about a fix: which calls share a session, where it is made, under which name, what it holds, whether
that is safe, and why not.

The reasons to refuse or to call a fix unsafe are those of the safety contract; each is stated as a user should read it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from sessionize import outline as o
from sessionize.config import Settings
from sessionize.doubts import Doubts
from sessionize.facts import VERBS, BareCall, Facts, last_name
from sessionize.flow import Place
from sessionize.rules import Finding

SAFE, UNSAFE = "safe", "unsafe"

_POLICY = "http.cookiejar.DefaultCookiePolicy"


@dataclass(frozen=True, slots=True)
class Redirect:
    """One call to make on the session: the verb it calls, and whether its second argument needs the name `params=`."""

    call: int
    verb: str
    name_params: bool


@dataclass(frozen=True, slots=True)
class Fix:
    """What is done, or why nothing is, about the calls of one home.

    applicability: `safe`, `unsafe`, or None where it is refused; `reason` says why it is not safe.
    create: the expression that makes the session; None where one that exists already (`name`) is used.
    policy: the name of `DefaultCookiePolicy` where cookies are isolated.
    """

    calls: tuple[int, ...]
    message: str
    applicability: str | None
    reason: str
    redirects: tuple[Redirect, ...] = ()
    place: Place | None = None
    style: str = "assign"
    name: str = ""
    create: str | None = None
    policy: str | None = None
    hoist: tuple[str, ...] = ()

    @property
    def help(self) -> str:
        """One sentence for the reader of a finding."""
        if self.applicability is None:
            return f"Not fixed: {self.reason}"
        return f"{self.message}; unsafe, as {self.reason}" if self.reason else self.message


@dataclass(frozen=True, slots=True)
class ImportEdit:
    """A change of the import statement that makes `bind`.

    add: what to import besides; drop: a name that nothing uses any more; follow: a line to put behind the statement.
    """

    bind: o.Bind
    add: str | None
    drop: str | None
    follow: str | None


class Planner:
    """Plans for one file."""

    def __init__(self, facts: Facts, settings: Settings) -> None:
        self.facts = facts
        self.settings = settings
        self.doubts = Doubts(facts, settings)
        self.scopes = facts.outline.scopes
        self.given: dict[int, set[str]] = defaultdict(set)  # names of new sessions of a scope and of scopes inside it
        self.own: dict[int, str] = {}  # the name of the new session of a scope

    def plan(self, findings: Iterable[Finding]) -> list[Fix]:
        """A fix for every home with findings of a repeated call; safe ones choose their names first."""
        found: dict[int, set[str]] = defaultdict(set)
        options: dict[int, set[str]] = defaultdict(set)
        for finding in findings:
            found[finding.call].add(finding.code)
            options[finding.call].update(finding.options)
        fixes: list[Fix] = []
        todo: list[tuple[Sequence[BareCall], Place, Sequence[str]]] = []
        for home in sorted(self.facts.by_home):
            calls = [c for c in self.facts.repeated(home) if any(code.startswith("RQS1") for code in found[c.id])]
            kept, refused = self._refuse(calls)
            fixes += refused
            if kept:
                place = self.facts.place(kept)
                if place is None:
                    fixes.append(self._refusal(kept, "a lambda has no room for a session; make it a function"))
                elif any(self.facts.bound(c.root, c.site.scope, place) == "never" for c in kept):
                    fixes.append(
                        self._refusal(
                            kept,
                            "the import of requests may not have run where the session belongs; import it further up",
                        )
                    )
                else:
                    hoist = [h for h in self.settings.hoist if all(h in options[call.id] for call in kept)]
                    todo.append((kept, place, hoist))
        doubts = [self.doubts.about(calls, place) for calls, place, _ in todo]
        for unsafe in (False, True):
            fixes += [
                self._fix(*group, doubt) for group, doubt in zip(todo, doubts, strict=True) if bool(doubt) == unsafe
            ]
        return fixes

    # --- refusals -----------------------------------------------------------------------------------------------------

    def _refusal(self, calls: Sequence[BareCall], reason: str) -> Fix:
        return Fix(tuple(call.id for call in calls), "", None, reason)

    def _refuse(self, calls: Sequence[BareCall]) -> tuple[list[BareCall], list[Fix]]:
        """The calls that a session can take, and refusals for the others; all are refused if too few are left."""
        refusals = {call.id: reason for call in calls if (reason := self._no_session_call(call)) is not None}
        kept = [call for call in calls if call.id not in refusals]
        if refusals and len(kept) == 1 and kept[0].id not in self.facts.loops:
            refusals[kept[0].id] = "it is the only call here that a session can take"
            kept = []
        return kept, [self._refusal([call], refusals[call.id]) for call in calls if call.id in refusals]

    def _no_session_call(self, call: BareCall) -> str | None:
        args = call.site.value.args
        positional = [arg for arg in args if arg.keyword is None and arg.stars != "**"]
        if any(arg.stars == "*" for arg in args):
            return "`*args` may hold arguments that a session's method does not take by position"
        if len(positional) > VERBS[call.verb]:
            return f"it passes more arguments by position than `requests.{call.verb}` takes"
        if _names_params(call) and call.argument("params") is not None:
            return "it passes `params` twice"
        return None

    # --- the fix ------------------------------------------------------------------------------------------------------

    def _fix(self, calls: Sequence[BareCall], place: Place, hoist: Sequence[str], doubt: str) -> Fix:
        redirects = tuple(Redirect(call.id, call.verb, _names_params(call)) for call in calls)
        ids = tuple(call.id for call in calls)
        applicability = UNSAFE if doubt else SAFE
        existing = self._existing(calls, place)
        what = "the call" if len(calls) == 1 else f"the {len(calls)} calls"
        if existing is not None:
            message = f"Make {what} on `{existing}`, the session that is already there"
            return Fix(ids, message, applicability, doubt, redirects, place, name=existing)
        message = f"Share one `requests.Session` between {what}"
        if len(calls) == 1:
            message = "Use one `requests.Session` for all turns"
        if hoist:
            message += f" and set {' and '.join(f'`{option}`' for option in hoist)} on it once"
        name = self._new_name(calls[0].home)
        lines = self.facts.outline.parts[place.block].form == "lines"
        policy = None
        if self.settings.cookies == "isolate":
            policy = self._visible(_POLICY, place) or self._free("DefaultCookiePolicy", 0)
        return Fix(
            ids,
            message,
            applicability,
            doubt,
            redirects,
            place,
            self.settings.session_style if lines else "assign",
            name,
            f"{self._constructor(calls, place)}()",
            policy,
            tuple(hoist),
        )

    def _existing(self, calls: Sequence[BareCall], place: Place) -> str | None:
        """A session of the same home that was surely made, has no options of its own and is used for calls only."""
        facts = self.facts
        home = calls[0].home
        scope = facts.outline.parts[home].scope
        end = max(call.site.tick for call in calls)
        if self.settings.cookies != "share":
            return None
        for bind in facts.sessions.get(scope, ()):
            if facts.names.binds(scope, bind.name) != [bind]:
                continue
            inside = bind.how == "assign" or (bind.how == "with" and bind.part in facts.flow.ancestors(place.block))
            if not inside or not facts.flow.dominates(bind.part, bind.tick, place):
                continue
            if any(facts.names.owner(bind.name, call.site.scope) != scope for call in calls):
                continue
            uses = facts.names.uses(scope, bind.name)
            verbs = {f".{verb}()" for verb in VERBS}
            ours = [
                use
                for use in uses
                if facts.flow.home[use.part] == home
                and (use.how in verbs or (use.how == ".close()" and use.tick > end and not facts.flow.loops(use.part)))
            ]
            together = [*calls, *self._own_calls(bind.name, scope, home)]
            alike = len({self.doubts.identity_of_connection(call) for call in together}) == 1
            plain = not any(map(self.doubts.about_call, together)) and self.doubts.for_one_user(together)
            if ours == uses and alike and plain:
                return bind.name
        return None

    def _own_calls(self, name: str, scope: int, home: int) -> list[BareCall]:
        """The calls that a session already makes, as if they were bare."""
        own = []
        for number, site in enumerate(self.facts.outline.calls):
            func = site.value.func
            on_it = isinstance(func, o.Attribute) and func.value == o.Name(name) and func.attr in VERBS
            if on_it and self.facts.names.owner(name, site.scope) == scope:
                own.append(BareCall(number, last_name(func), name, f"{name}.{last_name(func)}", site, home))
        return own

    # --- names --------------------------------------------------------------------------------------------------------

    def _new_name(self, home: int) -> str:
        scope = self.facts.outline.parts[home].scope
        name = self.own[scope] = self._free(self.settings.session_name, scope)
        while scope != -1:
            self.given[scope].add(name)
            scope = self.scopes[scope].parent
        return name

    def _free(self, wanted: str, scope: int) -> str:
        """`wanted`, or the first of `wanted_2`, ... that means nothing else in `scope` and in what sees it."""
        around = set()
        outer = scope
        while (outer := self.scopes[outer].parent) != -1:
            around.add(self.own.get(outer))
        numbered = (wanted if n == 1 else f"{wanted}_{n}" for n in count(1))
        return next(
            name
            for name in numbered
            if not (self.facts.names.is_taken(name, scope) or name in self.given[scope] or name in around)
        )

    def _visible(self, path: str, place: Place) -> str | None:
        """A name by which an import's path can be used at `place`."""
        scope = self.facts.outline.parts[self.facts.flow.home[place.block]].scope
        for bind in self.facts.imports:
            named = self.facts.origin(o.Name(bind.name), scope) == path
            if named and self.facts.bound(bind.name, scope, place) == "surely":
                return bind.name
        return None

    def _constructor(self, calls: Sequence[BareCall], place: Place) -> str:
        """How `Session` is named where the session is made: by the import of a call, or another one that is there."""
        for call in calls:
            if self.facts.origin(o.Name(call.root), call.site.scope) == "requests":
                return f"{call.root}.Session"
        module, session = self._visible("requests", place), self._visible("requests.Session", place)
        return session or (f"{module}.Session" if module else self._session_import()[0])

    def _session_import(self) -> tuple[str, str]:
        """The name `Session` gets in a file that imports functions of requests, and how it is imported."""
        if not self.facts.names.is_taken("Session", 0):
            return "Session", "Session"
        name = self._free("RequestsSession", 0)
        return name, f"Session as {name}"

    def imports(self, fixes: Sequence[Fix]) -> list[ImportEdit]:
        """The changes of import statements that go with these fixes, applied together."""
        facts = self.facts
        by_id = {call.id: call for call in facts.calls}
        edits = []
        redirected: dict[tuple[int, str], int] = defaultdict(int)
        for fix in fixes:
            for redirect in fix.redirects:
                call = by_id[redirect.call]
                redirected[facts.names.owner(call.root, call.site.scope), call.root] += 1
            if fix.create is not None and fix.place is not None:
                first = by_id[fix.redirects[0].call]
                owner = facts.names.owner(first.root, first.site.scope)
                bind = facts.import_before(first.root, first.site.scope, fix.place)
                name, wanted = self._session_import()
                add = wanted if fix.create == f"{name}()" and not self._visible("requests.Session", fix.place) else None
                follow = None
                if fix.policy is not None and self._visible(_POLICY, fix.place) is None:
                    alias = "" if fix.policy == "DefaultCookiePolicy" else f" as {fix.policy}"
                    follow = f"from http.cookiejar import DefaultCookiePolicy{alias}"
                if add or follow:
                    edits.append(ImportEdit(bind or facts.names.binds(owner, first.root)[0], add, None, follow))
        for (owner, name), converted in redirected.items():
            (bind, *others) = facts.names.binds(owner, name)
            unused = not others and isinstance(bind.value, o.Imported) and bind.value.path != "requests"
            exported = name in facts.outline.dunder_all or facts.filename.endswith("__init__.py")
            if unused and not exported and len(facts.names.uses(owner, name)) == converted:
                edits.append(ImportEdit(bind, None, name, None))
        return edits


def _names_params(call: BareCall) -> bool:
    """Whether a second argument must get its name: `Session.get` takes none by position before requests 2.34."""
    args = call.site.value.args
    return call.verb == "get" and len(args) > 1 and not args[1].keyword and not args[1].stars
