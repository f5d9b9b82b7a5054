"""The first reason to doubt that a shared session serves some calls as well, each as a user should read it."""

from __future__ import annotations

from collections.abc import Sequence

from sessionize.analysis.flow import Place
from sessionize.files.settings import Settings
from sessionize.fixes.doubts.between import Between
from sessionize.fixes.doubts.connection import Connection
from sessionize.fixes.doubts.file import WholeFile
from sessionize.fixes.doubts.identity import Identity
from sessionize.fixes.doubts.showing import Showing
from sessionize.fixes.doubts.waiting import Waiting
from sessionize.library.calls import BareCall
from sessionize.library.threads import Threads
from sessionize.sharing.facts import Facts
from sessionize.syntax import values as v
from sessionize.syntax.access import ARGUMENT, READ, UNPACK


class Doubts:
    """The doubts about the calls of one file."""

    def __init__(self, facts: Facts, settings: Settings) -> None:
        self.facts = facts
        self.settings = settings
        self.outline = facts.outline
        self.threads = Threads(facts)
        self.between = Between(facts)
        self.connection = Connection(facts)
        self.identity = Identity(facts, settings, self.connection)
        self.waiting = Waiting(facts, self.between)
        self.showing = Showing(facts, settings)
        self.file = WholeFile(facts, self.showing)

    def unsafe(self, calls: Sequence[BareCall], place: Place) -> str:
        """The first reason to doubt that one session made at `place` serves the calls as well; empty without one."""
        for call in calls:
            if self.facts.imports.bound(call.root, call.site.scope, place) == "maybe":
                return f"`{call.root}` may be missing, or something else, where the session is made"
        return self.unsafe_sharing(calls)

    def unsafe_sharing(self, calls: Sequence[BareCall]) -> str:
        """The same, without a look at the import that the session is made with."""
        frame = calls[0].frame
        if reason := self.unsafe_calls(calls):
            return reason
        if not all(map(_repeatable, calls)) and self.waiting.waits_between(calls):
            return "a wait lies between its calls, and a connection closed meanwhile would fail a POST or PATCH"
        if frame in self.showing.by_frame:
            return f"the new variable would show in `{self.showing.by_frame[frame]}`"
        if self.showing.changes_imports(calls) and (shown := self.showing.of_imports(calls)):
            return f"what is imported would show in `{shown}`"
        if frame in self.waiting.forking:
            return "after a fork two processes would use one connection"
        if any(map(self.taken_elsewhere, calls)):
            return "a generator expression takes the session elsewhere"
        return self.file.unsafe

    def unsafe_calls(self, calls: Sequence[BareCall]) -> str:
        """The first reason in the calls themselves that speaks against one session."""
        for call in calls:
            if patches := self.facts.patched.patches_of(call):
                return f"{patches[0]} replaces `{patches[0].target}` by name"
        for call in calls:
            if reason := self.connection.unsafe_call(call):
                return f"`{call.shown}` {reason}"
        if len({self.connection.identity(call) for call in calls}) > 1:
            return "its calls differ in `verify=` or `cert=`, which requests before 2.32 mixes up on one session"
        return ""

    def pinned_by_patch(self, call: BareCall) -> str:
        """The reason why a call must stay whose patches are to move along: one can't, or would get other arguments."""
        patches = self.facts.patched.patches_of(call) if self.settings.moves_patches else []
        for patch in patches:
            if patch.obstacle:
                return f"{patch} replaces `{patch.target}` by name, and {patch.obstacle}"
        if patches and call.verb == "get" and call.argument("params", 1) is not call.argument("params"):
            return f"{patches[0]} replaces `{patches[0].target}` by name, and would get `params` by keyword"
        return ""

    def unsafe_cells(self, calls: Sequence[BareCall], made: int) -> str:
        """The reason why the calls may run without the cell of a notebook in which their session is `made`; else empty.

        Cells are run one by one, again, and in any order. But a call needs the cell that imports requests as it is.
        """
        names, cell = self.facts.names, self.facts.tables.cell
        for call in calls:
            imports = names.binds(names.owner(call.root, call.site.scope), call.root)
            if cell(call.site.tick) != cell(made) and {cell(bind.tick) for bind in imports} != {cell(made)}:
                return "a cell can be run without the one that would make its session"
        return ""

    def taken_elsewhere(self, call: BareCall) -> bool:
        """Tell whether the call is in a generator expression that is not taken to its end on the spot."""
        for part in self.facts.flow.ancestors(call.site.part):
            row = self.outline.parts[part]
            if row.kind == "genexp" and row.access not in (READ, UNPACK):
                taker = self.outline.calls[row.call] if row.access == ARGUMENT else None
                if taker is None or not self.facts.bare.is_eager(taker):
                    return True
        return False


def _repeatable(call: BareCall) -> bool:
    """Tell whether the request is no POST or PATCH, which can't be sent again when its connection was closed."""
    method: object = call.verb
    if call.verb == "request":
        value = call.argument("method", 0)
        method = value.value if isinstance(value, v.Const) else "post"
    return str(method).lower() not in ("post", "patch")
