"""The kinds of doubt. Adding one is a module of its own, a line in `KINDS` and one in `codes.DOUBTS`."""

from __future__ import annotations

from collections.abc import Sequence

from sessionize.doubts.carried import Carried, SessionsDiffer
from sessionize.doubts.connection_auth import ConnectionAuth
from sessionize.doubts.doubt import Doubt, Kind, Sharing
from sessionize.doubts.forks import Forks
from sessionize.doubts.hooks import Hooks
from sessionize.doubts.idle import Idle
from sessionize.doubts.lifetime import Lifetime
from sessionize.doubts.mixed_verify import MixedVerify
from sessionize.doubts.patched import PatchedLibrary
from sessionize.doubts.proxies import Proxies
from sessionize.doubts.reach import Reach
from sessionize.doubts.threads import Threads
from sessionize.doubts.unknown_arguments import UnknownArguments
from sessionize.doubts.visible import Visible
from sessionize.files.settings import Settings
from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts

# The most telling first: that of a fix whose help line has room for one.
KINDS: tuple[type[Kind], ...] = (
    PatchedLibrary,
    UnknownArguments,
    Proxies,
    Hooks,
    ConnectionAuth,
    MixedVerify,
    Idle,
    Visible,
    Carried,
    Threads,
    Forks,
    Reach,
    Lifetime,
    SessionsDiffer,
)


class Doubts:
    """The doubts about fixes of one file."""

    def __init__(self, facts: Facts, settings: Settings) -> None:
        self.settings = settings
        self.kinds = [kind(facts, settings) for kind in KINDS]

    def about(self, sharing: Sharing) -> tuple[Doubt, ...]:
        """The doubts about letting some calls share a session: of each kind at most one, with its first reason."""
        reasons = [(kind.name, kind.reason(sharing)) for kind in self.kinds]
        return tuple(self.doubt(name, reason) for name, reason in reasons if reason)

    def doubt(self, name: str, reason: str) -> Doubt:
        """A doubt of a kind, accepted if the settings accept that."""
        return Doubt(name, reason, name in self.settings.accept)

    def why_not_join(self, calls: Sequence[BareCall]) -> str:
        """The first reason, not accepted, why one of some calls may not join others; empty if there is none."""
        for call in calls:
            for kind in self.kinds:
                if kind.name not in self.settings.accept and (reason := kind.of_call(call)):
                    return f"`{call.shown}` {reason}"
        return ""
