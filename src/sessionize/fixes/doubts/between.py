"""The time between calls: whether something can come between two of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts


class Span(NamedTuple):
    """The stretch in which some calls run: their frame, the first and the last tick, and the loops around any."""

    frame: int
    first: int
    last: int
    loops: set[int]


class Between:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def span(self, calls: Sequence[BareCall]) -> Span:
        ticks = [call.site.tick for call in calls]
        loops: set[int] = set()
        for part in {call.site.part for call in calls}:
            loops.update(self.facts.flow.loops(part))
        return Span(calls[0].frame if calls else -1, min(ticks, default=0), max(ticks, default=0), loops)

    def holds(self, span: Span, runs: Iterable[tuple[int, int]]) -> bool:
        """Tell whether something of the calls' frame, (tick, part), can come between two of them."""
        _, first, last, loops = span
        return any(first < tick < last or not loops.isdisjoint(self.facts.flow.loops(part)) for tick, part in runs)
