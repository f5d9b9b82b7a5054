"""The common ground of all plans for one file: the facts, the doubts, the names, and the sentences that they share."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from sessionize.analysis.flow import Place
from sessionize.doubts import Doubts
from sessionize.doubts.doubt import Doubt, Sharing
from sessionize.files.settings import Settings
from sessionize.fixes.existing import Existing, ExistingSession
from sessionize.fixes.naming import Naming, NewNames
from sessionize.fixes.obstacles import Obstacles
from sessionize.fixes.outcome import Fix, ImportEdit, NewSession, Outcome, Redirect, Refusal
from sessionize.homes.home import Home, first_of
from sessionize.library.calls import BareCall
from sessionize.rules import Finding, resolved_by
from sessionize.sharing.cookies import may_keep
from sessionize.sharing.facts import Facts
from sessionize.sharing.several_calls import ids, in_pool, only_read, parts, ticks

ALONE = "a session would serve only this call, as the other calls here cannot be rewritten"
ELSEWHERE = "create one session for all calls that need these cookies, and remove `cookies=`"
_NO_LOGIN = "as before, no cookies are kept from call to call (`--cookies share` keeps them)"
_UNREAD = "close `stream=True` responses that are not read, or their connections are not reused"

# The codes of the rules by the kind of fix that resolves them.
LOCAL, LASTING, IDLE, ALONG, CARRIED = map(resolved_by, ("local", "lasting", "idle", "along", "carried"))
SHARING = LOCAL | LASTING


class Wanted:
    """The findings that fixes are wanted for, by their calls: the codes, and the options that repeat."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.codes: dict[int, set[str]] = defaultdict(set)
        self._options: dict[int, set[str]] = defaultdict(set)
        for finding in findings:
            self.codes[finding.call].add(finding.code)
            self._options[finding.call].update(finding.options)

    def among(self, calls: Iterable[BareCall], codes: frozenset[str]) -> list[BareCall]:
        """The calls that rules of these codes find."""
        return [call for call in calls if self.codes[call.id] & codes]

    def options(self, able: Iterable[str], calls: Sequence[BareCall]) -> list[str]:
        """The options that repeat at all these calls."""
        repeated = set.intersection(*map(self._options.__getitem__, ids(calls)))
        return [option for option in able if option in repeated]


class Context:
    """The facts, settings, doubts, obstacles, sessions and names that all plans for one file lean on."""

    def __init__(self, facts: Facts, settings: Settings, names: NewNames) -> None:
        self.facts = facts
        self.library = facts.library
        self.settings = settings
        self.doubts = Doubts(facts, settings)
        self.obstacles = Obstacles(facts, settings)
        self.existing = Existing(facts, settings, self.doubts)
        self.naming = Naming(facts, names)

    def hoistable(self, calls: Sequence[BareCall]) -> Sequence[str]:
        """The options that may be set once on the session: none where a patch moves along and is to see them."""
        patched = self.settings.moves_patches and any(map(self.facts.patches_of, calls))
        return () if patched else self.settings.hoist

    def why_options_stay(self, calls: Sequence[BareCall]) -> str:
        """The reason that an option which all these calls repeat is not set on their session."""
        if not self.hoistable(calls):
            return "tests whose patches move along are to see the same arguments"
        return "another call here passes something else, or has to keep it"

    def style(self, calls: Sequence[BareCall], place: Place) -> str:
        """The style asked for, where that is possible.

        A `with` block needs lines of its own, and must not take in a cell's last expression, a definition or an import,
        nor an f-string that shows how its lines are indented: `{value =` up to a `}` on another line.
        """
        if place.tick > self.facts.outline.parts[place.before].tick:
            return "behind"
        if in_pool(calls):  # it makes them later
            return "assign"
        if self.settings.session_style == "assign" and self.library.closes_itself:
            return "assign"
        lines = self.facts.outline.parts[place.block].form == "lines"
        if not lines or (self.facts.tables.cells and place.block == 0):
            return "assign"
        if any(spelled.start >= place.tick and "\n" in spelled.text for spelled in self.facts.outline.spelled):
            return "assign"
        statements = self.facts.flow.children[place.block]
        inside = statements[bisect_left(statements, place.before) : bisect_right(statements, max(parts(calls)))]
        return "with" if self._defining.isdisjoint(inside) else "assign"

    @cached_property
    def _defining(self) -> set[int]:
        """The statements that define or import something."""
        return {bind.part for bind in self.facts.outline.binds if bind.form in ("def", "class", "import", "star")}

    def spans_cells(self, calls: Sequence[BareCall]) -> bool:
        """Tell whether the calls are in several cells of a notebook."""
        return len(set(map(self.facts.tables.cell, ticks(calls)))) > 1

    def new_session(
        self, calls: Sequence[BareCall], home: Home, target: str, owner: int | None = None, create: str = ""
    ) -> tuple[NewSession, tuple[ImportEdit, ...]]:
        """A session for some calls, and the imports that it needs. create: the expression that makes it, if known."""
        make = self.naming.constructor if home.style == "field" else self.naming.maker
        create, imports = (create, ()) if create else make(calls, home.place)
        apart = ""
        if not self.keeps_cookies(calls, owner) and not self.isolates(create):
            policy = ""
            if self.library.policy:
                policy, more = self.naming.imported(self.library.policy, calls, home.place)
                imports += more
            apart = self.library.apart.format(policy=policy)
        adapter = helper = ""
        width = self.width(calls, owner) if home.style != "threads" else 0  # one thread needs one connection to a host
        if width and (module := self.naming.visible(self.library.name, home.place)):
            adapter = f"{module}.{self.library.wide.format(width=width)}"
        if home.helper:
            helper, more = self.naming.imported(home.helper, calls, home.place)
            imports += more
        return NewSession(home, target, f"{create}()", apart, adapter, helper), imports

    def width(self, calls: Sequence[BareCall], owner: int | None = None) -> int:
        """The number of threads that use a session, if it is known and more than the connections that one keeps."""
        shared = owner is not None or in_pool(calls)
        width = self.facts.threads.width if shared else 0
        return width if width > self.library.kept else 0

    def remarks(self, new_session: NewSession, calls: Sequence[BareCall]) -> str:
        """The end of a message: what a new session does not do, a login's cookie and unread responses."""
        found = ""
        if new_session.apart and not only_read(calls):
            found += f"; {_NO_LOGIN}"
        if any(map(self.facts.bare.leaves_unread, calls)):
            found += f"; {_UNREAD}"
        return found

    def keeps_cookies(self, calls: Sequence[BareCall], owner: int | None = None) -> bool:
        """Tell whether a session for the calls keeps cookies; `owner` as for `may_keep`."""
        return may_keep(self.facts, self.settings, calls, owner)

    def isolates(self, create: str) -> bool:
        """Tell whether an expression names the project's factory, whose sessions keep no cookies by themselves."""
        _, _, name = self.facts.factory.rpartition(".")
        return self.settings.cookies == "factory" and create.rpartition(".")[2] == name


class Fixes:
    """The fixes of one kind for one file, for the findings that they are wanted for."""

    def __init__(self, context: Context, wanted: Wanted) -> None:
        self.context = context
        self.wanted = wanted
        self.facts = context.facts
        self.library = context.library
        self.shown = f"`{self.library.session}`"
        self.inside = f"{self.library.name} is imported inside the function; import it at the top of the module"
        self.settings = context.settings
        self.doubts = context.doubts
        self.obstacles = context.obstacles
        self.existing = context.existing
        self.naming = context.naming

    def on_shared(self, calls: Sequence[BareCall]) -> Outcome | None:
        """The fix that makes calls on the session that the project's factory gives everybody, `get_session()`.

        None without such a factory.
        """
        factory = self.facts.factory
        if not self.settings.session_factory_shared or not self.naming.uses_factory:
            return None
        reason = f"the session of `{factory}` may keep cookies, and its calls may be for several users"
        if self.context.keeps_cookies(calls, 0) or self.settings.cookies == "factory":
            reason = self.obstacles.of_sharing(calls, 0)
        if reason:
            return refused(calls, reason)
        place = self.facts.flow.place_before(first_of(self.facts, calls))
        name, imports = self.naming.imported(factory, calls, place)
        doubts = self.doubts.about(Sharing(calls, owner=0))
        return on_session(calls, [f"{name}()"] * len(calls), "the session of the project", doubts, imports)


def refused(calls: Sequence[BareCall], reason: str) -> Refusal:
    return Refusal(ids(calls), reason)


def split(calls: Iterable[BareCall], obstacle: Callable[[BareCall], str]) -> tuple[list[BareCall], list[Refusal]]:
    """The calls that have no obstacle, and refusals for the others."""
    kept, refusals = [], []
    for call in calls:
        if reason := obstacle(call):
            refusals.append(refused([call], reason))
        else:
            kept.append(call)
    return kept, refusals


def redirect(calls: Sequence[BareCall], targets: Sequence[str]) -> tuple[Redirect, ...]:
    """The redirection of each call to the session that its target names."""
    pairs = zip(calls, targets, strict=True)
    return tuple(Redirect(call.id, target, call.verb, _names_params(call)) for call, target in pairs)


def _names_params(call: BareCall) -> bool:
    """Tell whether a second argument must get its name: `Session.get` takes none by position before requests 2.34."""
    return call.verb == "get" and call.by_position > 1


def quoted(name: str) -> str:
    return f"`{name}`"


def these(calls: Sequence[BareCall]) -> str:
    return "the call" if len(calls) == 1 else f"the {len(calls)} calls"


def on_session(
    calls: Sequence[BareCall],
    targets: Sequence[str],
    known_as: str,
    doubts: tuple[Doubt, ...],
    imports: tuple[ImportEdit, ...] = (),
) -> Fix:
    """The fix that makes calls on a session that is there. targets: the expression that names it at each call."""
    message = f"Make {these(calls)} on `{targets[0]}`, {known_as}"
    stays = f"what is set on `{targets[0]}`, the existing session, would affect its other calls too"
    return Fix(ids(calls), message, doubts, redirect(calls, targets), imports=imports, stays=stays)


def beside(session: ExistingSession | None) -> str:
    """The end of a message: why a session that is there is not used."""
    return f"; `{session.shown}` is not used because {session.obstacle}" if session is not None else ""


def set_once(new_session: NewSession) -> str:
    """The part of a message that tells what is set on a session."""
    named = list(map(quoted, new_session.home.hoist))
    if new_session.home.shared is not None:
        keys = new_session.home.shared.keys
        named.append(f"the {'header' if len(keys) == 1 else 'headers'} {', '.join(map(quoted, keys))}")
    return f" and set {' and '.join(named)} on it once" if named else ""
