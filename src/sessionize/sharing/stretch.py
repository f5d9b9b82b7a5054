"""The stretch of a function over which its calls share a session, and the code that may run in it."""

from __future__ import annotations

from collections.abc import Sequence

from sessionize.analysis.flow import Flow
from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts
from sessionize.sharing.several_calls import parts, ticks
from sessionize.syntax import outline as o, values as v

# The forms in which a name is bound to what others hand in.
_HANDED_IN = frozenset({"param", "params", "for"})


class Stretch:
    """The stretch of one function from the first of some calls to the last, with the loops around them."""

    def __init__(self, flow: Flow, calls: Sequence[BareCall]) -> None:
        self.flow = flow
        self.first, self.last = min(ticks(calls)), max(ticks(calls))
        self.loops: set[int] = set().union(*map(flow.loops, parts(calls)))

    def holds(self, tick: int, part: int) -> bool:
        """Tell whether something in that function may run after one of the calls and before another."""
        return self.first < tick < self.last or not self.loops.isdisjoint(self.flow.loops(part))


def runs_code_of_others(facts: Facts, calls: Sequence[BareCall]) -> bool:
    """Tell whether code that is handed in may run between calls of a function: `callback(page)`, `self.on_page(page)`.

    It may while a generator pauses, too.
    """
    frame, stretch = calls[0].frame, Stretch(facts.flow, calls)
    if frame in facts.tables.pausing:
        return True
    for call in facts.outline.calls:
        here = facts.flow.frame[call.part] == frame and stretch.holds(call.tick, call.part)
        if here and _is_handed_in(facts, call):
            return True
    return False


def _is_handed_in(facts: Facts, call: o.CallSite) -> bool:
    """Tell whether a call is one of a parameter, or of an attribute of the object that is no method of this file."""
    match call.value.func:
        case v.Name(name=name):
            return not _HANDED_IN.isdisjoint(facts.names.forms(facts.names.owner(name, call.scope), name))
        case v.Attribute(value=v.Name(name=name), attr=attr):
            return facts.graph.class_of(name, call.scope) != 0 and attr not in facts.names_of_functions
    return False
