"""All that rules and fixes lean on: a program, and which of its calls should share a session."""

from __future__ import annotations

from functools import cached_property

from sessionize.analysis.memo import memo
from sessionize.library.program import Program
from sessionize.sharing.carried import Carried
from sessionize.sharing.groups import Groups
from sessionize.sharing.steady import Steady
from sessionize.sharing.underused import UnderusedSessions


class Facts(Program):
    @cached_property
    def groups(self) -> Groups:
        return Groups(self)

    @cached_property
    def keeping(self) -> dict[tuple[int | None, tuple[int, ...]], bool]:
        """The sessions that are known to keep cookies, or not to: by whose they are, and by their calls."""
        return {}

    @cached_property
    def carried(self) -> Carried:
        return Carried(self)

    @cached_property
    def underused(self) -> UnderusedSessions:
        return UnderusedSessions(self, self.groups)

    @memo
    def steady(self, owner: int | None) -> Steady:
        """The values that stay the same for a session; `owner` as there."""
        return Steady(self, owner)
