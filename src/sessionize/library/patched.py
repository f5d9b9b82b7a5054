"""The patches in tests that concern a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from sessionize.analysis.memo import memo
from sessionize.analysis.origins import Origins
from sessionize.library.calls import BareCall, BareCalls
from sessionize.library.patches import FUNCTIONS, Patch, module_of

# What an import may bind that a call of requests, or of a session, begins with.
_CALLED = frozenset(map("requests.{}".format, (*FUNCTIONS, "api", "sessions"))) | {"requests"}


class Patched:
    def __init__(
        self, origins: Origins, bare: BareCalls, filename: str, find: Callable[[frozenset[str]], Sequence[Patch]]
    ) -> None:
        """`find` gives what tests replace by name, told which other names the file has for requests; it is asked only
        if a call is found that should share a session."""
        self.names = origins.names
        self.origins = origins
        self.bare = bare
        self.filename = filename
        self.find_patches = find

    @cached_property
    def patches(self) -> Sequence[Patch]:
        names = {bind.name for bind in self.origins.imports if self.origins.path(bind) in _CALLED}
        return self.find_patches(frozenset(names - {"requests"} | (FUNCTIONS if self.names.stars else set())))

    def patches_of(self, call: BareCall) -> list[Patch]:
        """The patches that replace the function that is called, or the class of the session that it is called on.

        Those that name the call's own module come first.
        """
        return self._patches_of(call.shown, call.verb) if self.patches else []

    @memo
    def _patches_of(self, shown: str, verb: str) -> list[Patch]:
        module = module_of(self.filename)
        bare = shown in self.bare.shown
        found = [p for p in self.patches if (p.reaches(module, shown, verb) if bare else p.replaces_session(module))]
        return sorted(found, key=lambda patch: module[-1] not in patch.target.split("."))
