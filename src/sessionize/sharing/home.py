"""A home: the place of a session that outlives a function, in a module or on an object."""

from __future__ import annotations

from typing import NamedTuple

from sessionize.analysis.flow import Place
from sessionize.sharing.facts import Facts

OPTIONS = ("headers", "auth")
MODULE_REASON = "all users of the module then share the session: look for threads, forks and tests that patch requests"
OBJECT_REASON = "it lives as long as the object: look for subclasses, threads and tests that patch requests"


class Home(NamedTuple):
    """A place for a session that outlives a function.

    style: as in `Making`.
    reason: why it is not known to be safe.
    hoist: the options that the session may hold there.
    instance: the name of the object there.
    needs: the path of the helper that its style is made with.
    """

    place: Place
    style: str
    reason: str
    hoist: tuple[str, ...] = ()
    instance: str = ""
    needs: str = ""


def line_of(facts: Facts, statement: int) -> int:
    """The first statement on the line of a statement."""
    siblings = facts.flow.children[facts.outline.parts[statement].parent]
    while facts.outline.parts[statement].form == "joined":
        statement = siblings[siblings.index(statement) - 1]
    return statement


def top_level(facts: Facts, part: int) -> int:
    """The statement of the module's top level in which a part stands, through functions and classes."""
    while True:
        for ancestor in facts.flow.ancestors(part):
            if facts.outline.parts[ancestor].parent == 0:
                return ancestor
        part = facts.outline.scopes[facts.outline.parts[facts.flow.frame[part]].scope].part
