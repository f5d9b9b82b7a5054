"""The stretch of a function over which its calls share a session, and the code that may run in it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

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
        if here and _is_handed_in(facts, call.value.func, call.scope):
            return True
    return False


def goes_through_handed_in(facts: Facts, calls: Sequence[BareCall]) -> bool:
    """Tell whether what is gone through between calls may be a generator that is handed in.

    A loop does, `for number in numbers`, `for number in source()`, and so does `next(numbers)`.
    """
    stretch = Stretch(facts.flow, calls)
    through: list[tuple[v.Value, int]] = []  # each with its scope
    for bind in facts.outline.binds:
        in_loop = facts.flow.parts[bind.part].kind == "turn" and stretch.holds(bind.tick, bind.part)
        if in_loop and bind.form == "unpack":  # `for number, name in numbers`, which may be anything
            return True
        if in_loop and bind.form == "for":
            through += product(_gone_through(bind.value), [bind.scope])
    for call, path in facts.origins.called:
        if path == "builtins.next" and stretch.holds(call.tick, call.part):
            through += product(_gone_through(call.value), [call.scope])
    return any(_is_handed_in(facts, value, scope) for value, scope in through)


def _gone_through(value: v.Value) -> list[v.Value]:
    """The values that a loop may go through: `numbers` in `enumerate(numbers)`, `source` in `source()`."""
    if not isinstance(value, v.Call):
        return [value]
    given = [arg.value for arg in value.args] if v.last_name(value.func) != "range" else []
    return [value.func, *given]


def _is_handed_in(facts: Facts, value: v.Value, scope: int) -> bool:
    """Tell whether others may have handed a value in.

    It is a parameter, an item, `HANDLERS[kind]`, a variable that holds one, or nothing at first, `HOOK = None`, or an
    attribute of the object that is no method of this file.
    """
    match value:
        case v.Item():
            return True
        case v.Name(name=name):
            return any(map(_binds_others, facts.names.binds(facts.names.owner(name, scope), name)))
        case v.Attribute(value=v.Name(name=name), attr=attr):
            return facts.graph.class_of(name, scope) != 0 and attr not in facts.names_of_functions
    return False


def _binds_others(bind: o.Bind) -> bool:
    """Tell whether a binding may bind what others have handed in."""
    return bind.form in _HANDED_IN or isinstance(bind.value, v.Item) or bind.value == v.NONE
