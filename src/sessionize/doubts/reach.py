"""The doubt `reach`."""

from __future__ import annotations

from collections.abc import Sequence

from sessionize.analysis.flow import Place
from sessionize.doubts.doubt import Kind, Sharing
from sessionize.library.calls import BareCall
from sessionize.sharing.closed_world import is_taken_elsewhere


class Reach(Kind):
    """A call may run where its session is not, or not any more: in a generator expression that leaves the function.

    ## Why it matters
    The session is made before the calls, once. A cell of a notebook can be run without the one that makes it; an import
    under `try` may not have run where it is made; `return (requests.get(url) for url in urls)` sends its requests
    when the function is long over, maybe from another thread.

    ## How to find out
    For a generator: who goes through it, and when? For a notebook: are its cells run from top to bottom?

    ## What to do
    Put the session beside its calls, make a list of the generator, or accept the doubt: `--accept reach`.
    """

    name = "reach"

    def reason(self, sharing: Sharing) -> str:
        if sharing.place is not None and (missing := self._may_be_missing(sharing.calls, sharing.place)):
            return f"`{missing}` may be undefined, or something else, where the session is created"
        for call in sharing.calls:
            if star := self.facts.imports.rebinding_star(call.root, call.site.scope):
                return f"`from {star} import *` may bind `{call.root}` to something else"
        if any(is_taken_elsewhere(self.facts, call.site.part) for call in sharing.calls) and sharing.owner is None:
            return "a generator expression may use the session later, and elsewhere"
        return self._without_cell(sharing.calls, sharing.made) if sharing.made is not None else ""

    def _may_be_missing(self, calls: Sequence[BareCall], place: Place) -> str:
        """The name of requests that an import may not have bound at a place; empty without one."""
        for call in calls:
            if self.facts.imports.bound(call.root, call.site.scope, place) == "maybe":
                return call.root
        return ""

    def _without_cell(self, calls: Sequence[BareCall], made: int) -> str:
        """The reason why the calls may run without the cell of a notebook in which their session is `made`; else empty.

        Cells are run one by one, again, and in any order. But a call needs the cell that imports requests as it is.
        """
        names, cell = self.facts.names, self.facts.tables.cell
        for call in calls:
            imports = names.seen(call.root, call.site.scope)
            if cell(call.site.tick) != cell(made) and {cell(bind.tick) for bind in imports} != {cell(made)}:
                return "a cell can be run without the cell that would create its session"
        return ""
