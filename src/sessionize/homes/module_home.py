"""The home of a session in a module: behind the imports and the constants, before the first definition."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, takewhile
from operator import attrgetter

from sessionize.analysis.flow import Place
from sessionize.homes.home import OPTIONS, Home, first_of
from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts
from sessionize.sharing.hoisting import Interval
from sessionize.sharing.shared_headers import no_store, shared_headers
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.ipython import LINE


def module_home(facts: Facts, calls: Sequence[BareCall]) -> Home | str:
    """The home behind the imports and what follows them: `BASE = "..."`, `log = getLogger()`; or a reason for none.

    It is above the first function with a call, and behind the constants that a hoist needs.
    """
    first = facts.flow.line_of(first_of(facts, calls))
    top = facts.flow.children[0]
    behind = 0
    for bind in (*facts.origins.imports, *facts.names.stars):
        part = facts.outline.statement_in(0, bind.part)
        if bind.scope == 0 and part < first:
            behind = max(behind, part)
    if not behind:
        return f"{facts.library.name} is not imported at the top of the module"
    hoist = []
    for option in OPTIONS:
        needed = _constants(facts, option, calls, first)
        if needed is not None and max(needed, default=0) < first:
            hoist.append(option)
            behind = max((behind, *needed))
    if not facts.tables.cells:  # the cell of an import is the one that all others need
        behind = _last_simple(facts, behind, first)
    behind = facts.flow.line_of(behind)
    following = next(part for part in top[top.index(behind) + 1 :] if facts.flow.line_of(part) == part)
    place = Place(0, behind, facts.outline.parts[following].tick)
    shared = None if "headers" in hoist else shared_headers(facts, calls, place, no_store)
    return Home(place, "behind", tuple(hoist), shared)


def _last_simple(facts: Facts, behind: int, first: int) -> int:
    """The last of the simple statements of the top level that follow one, up to a block, a definition, or `first`.

    A text alone may describe the constant above it.
    """
    top = facts.flow.children[0]
    simple = ("simple", "docstring")
    plain = takewhile(lambda part: facts.outline.parts[part].kind in simple, top[top.index(behind) + 1 :])
    return max(takewhile(first.__gt__, plain), default=behind)


def import_home(facts: Facts, calls: Sequence[BareCall]) -> Place | None:
    """The place behind the import of requests for calls in several cells of a notebook, if one cell holds all of it.

    It is behind the imports that follow there, too, which belong above all else (E402). A cell shows its last
    expression, so nothing may go behind one on the line of an import.
    """
    parts = facts.outline.parts
    cells, last = set(), 0
    for root in {call.root for call in calls}:
        for bind in facts.names.binds(0, root):
            if parts[bind.part].parent != 0:
                return None
            cells.add(facts.tables.cell(bind.tick))
            last = max(last, bind.part)
    if len(cells) != 1:
        return None
    statement_in = facts.outline.statement_in
    imports = {statement_in(0, bind.part) for bind in facts.origins.imports if bind.scope == 0}
    imports -= {statement_in(0, call.site.part) for call in calls}
    magics = set(map(attrgetter("part"), facts.tables.calls_of(v.Name(LINE))))
    place = None
    top = facts.flow.children[0]
    for part, following in pairwise(top[top.index(last) :]):
        if part == last or part in imports:
            if "joined" in (parts[part].form, parts[following].form):
                break
            place = Place(0, part, parts[following].tick)
        elif part not in magics:
            break
    return place


def _constants(facts: Facts, option: str, calls: Sequence[BareCall], first: int) -> set[int] | None:
    """The top-level statements that bind what all calls pass as `option`, if that is the same for ever; else None."""
    place = Place(0, first, facts.outline.parts[first].tick)
    if not Interval(facts, calls, place, forever=True).keeps(option):
        return None
    needed: list[o.Bind | o.Use] = []
    for name in v.names_in(calls[0].argument(option) or v.NONE):
        needed += facts.names.binds(0, name)
        needed += [use for use in facts.names.uses(0, name) if use.access.changes_item]
    return {facts.outline.statement_in(0, row.part) for row in needed}
