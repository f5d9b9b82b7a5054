"""The patches in tests that concern a call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import takewhile
from pathlib import PurePath

from sessionize.analysis.memo import memo
from sessionize.analysis.origins import Origins
from sessionize.library.calls import BareCall, BareCalls
from sessionize.library.patches import Patch, module_of
from sessionize.library.surroundings import Around
from sessionize.profiles.requests import FUNCTIONS

# What an import may bind that a call of requests, or of a session, begins with.
_CALLED = frozenset(map("requests.{}".format, (*FUNCTIONS, "api", "sessions"))) | {"requests"}


class Patched:
    def __init__(self, origins: Origins, bare: BareCalls, around: Around) -> None:
        """around: asked only if a call is found that should share a session."""
        self.names = origins.names
        self.origins = origins
        self.bare = bare
        self.around = around

    @cached_property
    def patches(self) -> Sequence[Patch]:
        names = {bind.name for bind in self.origins.imports if self.origins.path(bind) in _CALLED}
        return self.around.patches(frozenset(names - {"requests"} | (FUNCTIONS if self.names.stars else set())))

    def patches_of(self, call: BareCall) -> list[Patch]:
        """The patches that replace the function that is called, or the class of the session that it is called on.

        Those that name the call's own module come first, then those of a test that lies near.
        """
        return self._patches_of(call.shown, call.verb) if self.patches else []

    @memo
    def _patches_of(self, shown: str, verb: str) -> list[Patch]:
        module = module_of(self.around.filename)
        bare = shown in self.bare.shown
        found = [p for p in self.patches if (p.reaches(module, shown, verb) if bare else p.replaces_session(module))]
        own = PurePath(self.around.filename).parts
        return sorted(
            found, key=lambda patch: (module[-1] not in patch.target.split("."), -_in_common(own, patch.file))
        )


def _in_common(own: Sequence[str], file: str) -> int:
    """The number of folders that a file shares with another, of which the parts of the path are given."""
    pairs = zip(own[:-1], PurePath(file).parts[:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
