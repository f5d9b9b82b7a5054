"""Events that can run one after the other in one run of a frame: `requests.get(a); requests.get(b)`.

Branches exclude each other: of `if x: requests.get(a)` and `else: requests.get(b)` only one runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from sessionize.analysis.exits import BRANCHES, BREAK, CONTINUE, EXITS, IN_EXPRESSIONS, LOOPS, NEXT
from sessionize.analysis.flow import Flow


class Event(NamedTuple):
    """A call of interest.

    key: the thing that another must have in common with it to repeat it, such as a host; None if that is unknown.
    """

    tick: int
    part: int
    id: int
    key: str | None


# The keys and ids of the events that have run, without an id those of an earlier turn; and that by the way out.
Ran: TypeAlias = frozenset[tuple[str | None, int | None]]
Ways: TypeAlias = dict[int, Ran]


def chained(flow: Flow, frame: int, events: Iterable[Event], again: Mapping[int, list[Event]]) -> set[int]:
    """The ids of the events that can run before or after another one with a matching key, in one run of a frame.

    again: the events that each loop repeats.
    """
    chains = _Chains(flow, events, again)
    chains.part(frame, frozenset())
    return chains.found


class _Chains:
    """One pass over a frame that follows every path, with the events that have run on it."""

    def __init__(self, flow: Flow, events: Iterable[Event], again: Mapping[int, list[Event]]) -> None:
        self.flow = flow
        self.again = again
        self.found: set[int] = set()
        self.events: dict[int, dict[int, Event]] = defaultdict(dict)  # by their part and tick
        self.marked: set[int] = set()  # parts with an event inside
        for event in events:
            self.events[event.part][event.tick] = event
            self.marked.update(flow.ancestors(event.part))

    def meet(self, event: Event, ran: Ran) -> None:
        """Marks an event and those that ran before it, where their keys match."""
        for key, number in ran:
            if event.key is None or key in (event.key, None):
                self.found.update((event.id, event.id if number is None else number))

    def part(self, part: int, ran: Ran) -> Ways:
        """The events that have run on each way out of a part, `ran` before it."""
        flow = self.flow
        if part not in self.marked:
            return {bit: ran for bit in EXITS if flow.exits.of[part] & bit}
        row = flow.parts[part]
        if row.kind == "try":
            return self.attempt(flow.children[part], ran)
        if row.kind not in BRANCHES | LOOPS:
            out = self.steps(part, flow.children[part], ran)
            if NEXT in out:
                out[flow.exits.ended(part, NEXT)] = out.pop(NEXT)
            return out
        ran = self.steps(part, flow.exits.inside(part, *IN_EXPRESSIONS), ran)[NEXT]
        if row.kind in LOOPS:
            return self.loop(part, ran)
        arms, may_skip = flow.exits.arms(part)
        out = {NEXT: ran} if may_skip else {}
        for arm in arms:
            _join(out, self.part(arm, ran))
        return out

    def steps(self, part: int, children: list[int], ran: Ran) -> Ways:
        """The events of `part` itself and its `children`, one after the other."""
        out: Ways = {}
        events = self.events[part]
        statements = {self.flow.parts[child].tick: child for child in children}
        for tick in sorted((*events, *statements)):
            if tick in events:
                self.meet(events[tick], ran)
                ran |= {(events[tick].key, events[tick].id)}
                continue
            step = self.part(statements[tick], ran)
            onwards = step.pop(NEXT, None)
            _join(out, step)
            if onwards is None:
                return out
            ran = onwards
        return {**out, NEXT: ran}

    def loop(self, part: int, ran: Ran) -> Ways:
        """A loop: its iterations, again and again, and its `else` if there is one."""
        blocks = self.flow.exits.inside(part, "turn", "else")
        earlier = ((event.key, None) for event in self.again.get(part, ()))
        turn = self.part(blocks[0], ran.union(earlier))
        ended = ran.union(turn.pop(NEXT, ()), turn.pop(CONTINUE, ()))
        out = self.part(blocks[1], ended) if len(blocks) > 1 else {NEXT: ended}
        if BREAK in turn:
            turn[NEXT] = turn.pop(BREAK)
        _join(out, turn)
        return out

    def attempt(self, blocks: list[int], ran: Ran) -> Ways:
        """A `try`: its handlers run instead of its body, the `finally` behind each way out."""
        out = self.part(blocks[0], ran)
        caught: Ways = {}
        final = None
        for block in blocks[1:]:
            kind = self.flow.parts[block].kind
            if kind == "handler":
                _join(caught, self.part(block, ran))
            elif kind == "finally":
                final = block
            elif NEXT in out:
                _join(out, self.part(block, out.pop(NEXT)))
        _join(out, caught)
        if final is None:
            return out
        last: Ways = {}
        for bit, before in out.items():
            for way, after in self.part(final, before).items():
                _join(last, {bit if way == NEXT else way: after})
        return last


def _join(out: Ways, more: Ways) -> None:
    """Adds to the events that have run on each way out those of another path."""
    for bit, ran in more.items():
        out[bit] = out.get(bit, frozenset()) | ran
