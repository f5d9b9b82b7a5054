"""A home: the place of a session that outlives a function, in a module or on an object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sessionize.analysis.flow import Place
from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts
from sessionize.sharing.shared_headers import SharedHeaders

OPTIONS = ("headers", "auth")


class Home(NamedTuple):
    """A place for a session, and its form there.

    style: `assign` or `with` before the statement of the place, `behind` it; in a class an `init` that is added, a
    `property` made at first use, or the `field` of a dataclass; in a module a function that gives each of its `threads`
    one.
    hoist: the options that the session may hold there.
    shared: the headers that it may hold there, where the calls pass others besides.
    instance: the name of the object there; of the `threading.local()` of threads.
    helper: the path of the helper that its style is made with.
    """

    place: Place
    style: str
    hoist: tuple[str, ...] = ()
    shared: SharedHeaders | None = None
    instance: str = ""
    helper: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """The options that the session may hold there, or a part of them."""
        return (*self.hoist, "headers") if self.shared is not None else self.hoist


def first_of(facts: Facts, calls: Iterable[BareCall]) -> int:
    """The first statement of the module's top level in which one of some calls stands."""
    return min(facts.outline.statement_in(0, call.site.part) for call in calls)
