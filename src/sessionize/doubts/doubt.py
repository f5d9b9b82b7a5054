"""Doubts and their kinds: `Doubt`, `Kind`, and the calls they are about."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from sessionize.analysis.flow import Place
from sessionize.files.settings import Settings
from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts


class Doubt(NamedTuple):
    """A reason why a fix is not known to be safe.

    name: of its kind; reason: the end of "unsafe because ..."; accepted: whether the settings accept it.
    """

    name: str
    reason: str
    accepted: bool = False


class Sharing(NamedTuple):
    """Calls that are to share a session, and where it would be made.

    place: where it is made; None where the imports there need no look.
    made: the tick at which it is there.
    owner: the class whose objects have it, 0 for the module, None for the calls' own function.
    carries: whether it sends cookies that the calls handed on by themselves.
    """

    calls: Sequence[BareCall]
    place: Place | None = None
    made: int | None = None
    owner: int | None = None
    carries: bool = False


class Kind:
    """A kind of doubt, in one file. The docstring of each is its page."""

    name: ClassVar[str]

    def __init__(self, facts: Facts, settings: Settings) -> None:
        self.facts = facts
        self.settings = settings

    def of_call(self, call: BareCall) -> str:  # noqa: ARG002
        """The reason in one call, as the rest of a sentence about it; empty without one."""
        return ""

    def reason(self, sharing: Sharing) -> str:
        """The first reason in some calls and around them; empty without one."""
        for call in sharing.calls:
            if reason := self.of_call(call):
                return f"`{call.shown}` {reason}"
        return ""

    @classmethod
    def page(cls) -> str:
        """The page of the kind, in Markdown."""
        return inspect.getdoc(cls) or ""

    @classmethod
    def summary(cls) -> str:
        """The first paragraph of the page, on one line."""
        return " ".join(cls.page().partition("\n\n")[0].splitlines())

    @classmethod
    def titled(cls) -> str:
        """The page with its title, as it is printed."""
        return f"# {cls.name}\n\n{cls.page()}\n"
