"""What a plan says: plain values that `rewrite` carries out and reports show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sessionize.analysis.flow import Place
from sessionize.syntax.outline import Bind

SAFE, UNSAFE = "safe", "unsafe"


class LostCommentError(Exception):
    """A fix cannot be made without losing a comment."""


class Redirect(NamedTuple):
    """One call to make on a session; for a function that is handed on, `call` is minus the tick of its use.

    target: the expression that names the session there; verb: the method; name_params: whether the second argument
    needs the name `params=`.
    """

    call: int
    target: str
    verb: str
    name_params: bool


class Making(NamedTuple):
    """How a session is made.

    place: where; style: `assign` or `with` before the statement of the place, `behind` it, or in a class body as an
    `init` method, a `property` or a `field`. target: what is assigned to; create: the expression that makes the
    session; policy: the name of `DefaultCookiePolicy` where cookies are isolated; hoist: the options that the first
    call of the fix hands over.
    """

    place: Place
    style: str
    target: str
    create: str
    policy: str | None = None
    hoist: tuple[str, ...] = ()
    needs: str = ""  # the name of the helper that a `property` or a `field` is made with


class ImportEdit(NamedTuple):
    """A change of the import statement that makes `bind`.

    add: what to import besides; drop: a name that nothing uses any more; line: an import of its own, to put `behind`
    the statement or `above` it; or with a blank line between, `below` it or `apart` above it.
    """

    bind: Bind
    add: str | None = None
    drop: str | None = None
    line: str | None = None
    where: str = "behind"


class Fix(NamedTuple):
    """What is done, or why nothing is, about calls that one session serves.

    applicability: `safe`, `unsafe`, or None where it is refused; reason: why it is not safe. making: None where a
    session that exists already is used. dissolve: the statement that made the session until now: an assignment goes, a
    `with` leaves its body behind. stays: why options that repeat are not set on the session. resolves: the codes of the
    rules whose findings at the calls it is about.
    """

    calls: tuple[int, ...]
    message: str
    applicability: str | None
    reason: str
    redirects: tuple[Redirect, ...] = ()
    making: Making | None = None
    dissolve: int | None = None
    imports: tuple[ImportEdit, ...] = ()
    stays: str = ""
    resolves: frozenset[str] = frozenset()

    @property
    def hoist(self) -> tuple[str, ...]:
        return self.making.hoist if self.making is not None else ()

    @property
    def help(self) -> str:
        """One sentence for the reader of a finding."""
        if self.applicability is None:
            return f"Not fixed: {self.reason}"
        return f"{self.message}; unsafe, as {self.reason}" if self.reason else self.message

    def told(self, options: Iterable[str]) -> tuple[str, str | None]:
        """The help and the applicability of a finding about these options; None where it is not resolved."""
        if self.applicability is not None and not {*options} <= {*self.hoist}:
            return f"Not fixed: {self.stays}", None
        return self.help, self.applicability


def refusal(calls: tuple[int, ...], reason: str) -> Fix:
    return Fix(calls, "", None, reason)
