"""The outcome of a plan: fixes, which are plain values that `write` carries out and reports show, and refusals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from sessionize.doubts.doubt import Doubt
from sessionize.homes.home import Home
from sessionize.syntax.outline import Bind

SAFE, UNSAFE = "safe", "unsafe"


class LostCommentError(Exception):
    """A fix cannot be made without losing a comment."""


class Redirect(NamedTuple):
    """One call to make on a session.

    target: the expression that names the session there.
    verb: the method.
    name_params: whether the second argument needs the name `params=`.
    """

    call: int
    target: str
    verb: str
    name_params: bool


class NewSession(NamedTuple):
    """The way a new session is made.

    home: where, in which style, and what is set on it: options that the first call of the fix hands over, or headers.
    target: the variable or attribute that it is assigned to.
    create: the expression that makes it, `requests.Session()`.
    apart: what is called on it to keep no cookies, `cookies.set_policy(...)`; empty where it keeps them.
    adapter: the expression for an adapter as wide as the pool of threads that uses the session; empty without one.
    helper: the name of the helper that a `property` or a `field` is made with.
    """

    home: Home
    target: str
    create: str
    apart: str = ""
    adapter: str = ""
    helper: str = ""


class ImportEdit(NamedTuple):
    """A change of the import statement that makes `bind`.

    add: a name to import besides.
    drop: a name that nothing uses any more.
    line: an import of its own, to put `behind` the statement or `above` it; or with a blank line between, `below` it or
    `apart` above it.
    """

    bind: Bind
    add: str | None = None
    drop: str | None = None
    line: str | None = None
    where: str = "behind"


class Fix(NamedTuple):
    """The change that makes some calls on one session.

    doubts: why it is not known to be safe, the most telling first.
    new_session: how the session is made; None where one is used that is there already.
    old_statement: the statement that made the session until now: an assignment goes, a `with` leaves its body behind.
    stays: why options that repeat are not set on the session.
    carries: the calls that leave out `cookies=`, as the session carries them.
    resolves: the codes of the rules whose findings at the calls it is about.
    """

    calls: tuple[int, ...]
    message: str
    doubts: tuple[Doubt, ...]
    redirects: tuple[Redirect, ...] = ()
    new_session: NewSession | None = None
    old_statement: int | None = None
    imports: tuple[ImportEdit, ...] = ()
    stays: str = ""
    carries: frozenset[int] = frozenset()
    resolves: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """The name of a fix in its findings, by its first call. Two ways to share one session have that in common."""
        return f"{self.calls[0]} carries" if self.carries else str(self.calls[0])

    @property
    def hoist(self) -> tuple[str, ...]:
        """The options that are set once on the session."""
        return self.new_session.home.options if self.new_session is not None else ()

    @property
    def applicability(self) -> str:
        """`safe` where all doubts are accepted, else `unsafe`."""
        return UNSAFE if self.open_doubts else SAFE

    @property
    def doubt_names(self) -> tuple[str, ...]:
        return tuple(doubt.name for doubt in self.doubts)

    @property
    def open_doubts(self) -> tuple[str, ...]:
        """The names of the doubts that the settings do not accept."""
        return tuple(doubt.name for doubt in self.doubts if not doubt.accepted)

    @property
    def help(self) -> str:
        """One sentence for the reader of a finding, with the doubts that are left, or the names of those accepted."""
        if left := [f"{doubt.reason} [{doubt.name}]" for doubt in self.doubts if not doubt.accepted]:
            return f"{self.message}; unsafe because {'; '.join(left)}"
        accepted = ", ".join(self.doubt_names)
        return f"{self.message}; safe ({accepted} accepted)" if accepted else self.message

    def answer(self, options: Iterable[str]) -> tuple[str, str | None]:
        """The help and the applicability of a finding about these options; None where it is not resolved."""
        if {*options} <= {*self.hoist}:
            return self.help, self.applicability
        return f"Not fixed: {self.stays}", None


class Refusal(NamedTuple):
    """The reason that some calls are not fixed; `resolves` as for a fix."""

    calls: tuple[int, ...]
    reason: str
    resolves: frozenset[str] = frozenset()

    def answer(self, options: Iterable[str]) -> tuple[str, None]:  # noqa: ARG002  # the same for all, as for a fix
        return f"Not fixed: {self.reason}", None


Outcome: TypeAlias = Fix | Refusal
