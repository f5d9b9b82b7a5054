"""All requests that a file sends, on sessions or not: as no fix changes them, none changes what is found by them."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property

from sessionize.library.calls import BareCall
from sessionize.library.program import Program


class RequestsSent:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.function = program.bare.function

    @cached_property
    def calls(self) -> list[BareCall]:
        return [*self.program.bare.calls, *self.program.sessions.calls(timed=True)]

    def has_neighbour(self, call: BareCall) -> bool:
        """Tell whether another function may ask the host of a call; one of an object that has just one may be asked."""
        site, owner = self.program.hosts.site(call), self._owner(call)
        asking = self._asked[site] | self._asked[""] if site else self._asking
        return not asking <= {self.function(call)} or (owner != 0 and self._number_by_class[owner] == 1)

    @cached_property
    def _asked(self) -> dict[str, set[int]]:
        """The functions by the hosts that they ask; those of unknown hosts by an empty one."""
        functions: dict[str, set[int]] = defaultdict(set)
        for call in self.calls:
            functions[self.program.hosts.site(call)].add(self.function(call))
        return functions

    @cached_property
    def _asking(self) -> set[int]:
        """The functions that send requests."""
        return set(map(self.function, self.calls))

    @cached_property
    def _number_by_class(self) -> Counter[int]:
        """The number of requests in the methods of each class."""
        return Counter(map(self._owner, self.calls))

    def _owner(self, call: BareCall) -> int:
        return self.program.graph.owner(call.site.scope)
