"""Control flow on an outline: which loops run something again, and what has always run before something else.

Only normal flow counts (see `exits`).

A *frame* is the body of a module, function or lambda; class bodies and comprehensions run in place inside theirs.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Set as AbstractSet
from copy import copy
from types import MappingProxyType
from typing import NamedTuple

from sessionize.analysis.exits import CONTINUE, IN_EXPRESSIONS, NEXT, PLAIN, RAISE, Exits
from sessionize.syntax.outline import Bind, Outline


class Place(NamedTuple):
    """A point in a block: directly before one of its statements."""

    block: int
    before: int
    tick: int


class Flow:
    def __init__(self, outline: Outline, leaving: Iterable[int]) -> None:
        """`leaving`: simple statements that never come back, such as `sys.exit()`."""
        self.parts = outline.parts
        self.ancestors = outline.parts_around
        self.children: list[list[int]] = [[] for _ in self.parts]
        self.frame: list[int] = []
        for part, row in enumerate(self.parts):
            if row.parent == -1:
                self.frame.append(part)
            else:
                self.children[row.parent].append(part)
                self.frame.append(self.frame[row.parent])
        self.exits = Exits(self.parts, self.children, dict.fromkeys(leaving, RAISE))
        self.exits.work_out(range(len(self.parts)))

    def assuming(self, truths: Mapping[int, bool], stops: Mapping[int, int] = MappingProxyType({})) -> Flow:
        """This flow where the tests of some `if` and `while` are known to hold or not, and how some statements end."""
        flow = copy(self)
        flow.exits = self.exits.assuming(truths, stops)
        flow.exits.work_out(self.around((*truths, *stops)))
        return flow

    def place_before(self, statement: int) -> Place:
        """The place before a statement of a block."""
        row = self.parts[statement]
        return Place(row.parent, statement, row.tick)

    def function_around(self, part: int) -> int:
        """The scope of the function in which a part stands; 0 for the module."""
        return self.parts[self.frame[part]].scope

    def line_of(self, statement: int) -> int:
        """The first statement on the line of a statement."""
        siblings = self.children[self.parts[statement].parent]
        while self.parts[statement].form == "joined":
            statement = siblings[siblings.index(statement) - 1]
        return statement

    def shares_line(self, statement: int) -> bool:
        """Tell whether a `;` stands before or behind a statement."""
        siblings = self.children[self.parts[statement].parent]
        behind = bisect_right(siblings, statement)
        following = siblings[behind] if behind < len(siblings) else statement
        return "joined" in (self.parts[statement].form, self.parts[following].form)

    def around(self, parts: Iterable[int]) -> set[int]:
        """Some parts and all the parts around them."""
        return set().union(*map(self.ancestors, parts))

    def common(self, parts: Iterable[int]) -> set[int]:
        """The parts that hold all of some parts, and these themselves where they do; none if there are no parts."""
        around = [set(self.ancestors(part)) for part in parts]
        return set.intersection(*around) if around else set()

    def loops(self, part: int) -> list[int]:
        """The loops of the frame of which `part` is in the turn, innermost first."""
        return [self.parts[p].parent for p in self.ancestors(part) if self.parts[p].kind == "turn"]

    def end(self, part: int) -> int:
        """A tick that nothing in `part` reaches."""
        for node in self.ancestors(part):
            siblings = self.children[self.parts[node].parent] if self.parts[node].parent != -1 else []
            later = bisect_right(siblings, node)
            if later < len(siblings):
                return self.parts[siblings[later]].tick
        return sys.maxsize

    def turns_again(self, part: int, tick: int) -> dict[int, int]:
        """The loops that can come back to what runs at `tick` in `part`, after it ran to its end: innermost first, with
        the exits of their turn behind it."""
        found = {}
        state, child = NEXT, -1
        for node in self.ancestors(part):
            state = self.exits.finish(node, child, tick, state)
            if self.parts[node].kind == "turn":
                loop = self.parts[node].parent
                if self.parts[loop].kind == "while" and self._is_in_test(node, tick):
                    state = self.exits.tested(loop, state)
                if state & (NEXT | CONTINUE):
                    found[loop] = state
            child = node
        return found

    def place(self, parts: Iterable[int], scope: int) -> Place | None:
        """The place at which a statement dominates all that is in some parts, and runs once.

        It is before the first statement that holds one, in the innermost block around them all that is in no loop and
        belongs to `scope` itself. It is on a line of its own, unless the whole frame stands on one line (`def f(): a;
        b`); None in a lambda.
        """
        parts = set(parts)
        around = self.around(parts)
        spots: dict[str, Place] = {}
        for block in sorted(self.common(parts)):
            row = self.parts[block]
            if row.kind == "turn":
                break
            if row.form and row.scope == scope and block not in parts:
                before = min(around.intersection(self.children[block]))
                if row.form == "lines":
                    before = self.line_of(before)
                if self.parts[before].kind != "docstring":  # it must stay first
                    spots[row.form] = Place(block, before, self.parts[before].tick)
        return spots.get("lines", spots.get("inline"))

    def dominates(self, bind: Bind, place: Place, instead: AbstractSet[int] = frozenset()) -> bool:
        """Tell whether a name has surely been bound when `place` of the same frame is reached.

        instead: the handlers that do the same.
        """
        if bind.tick >= place.tick:
            return False
        around = set(self.ancestors(place.block))
        if bind.part in around:
            return True
        if self.parts[bind.part].kind not in PLAIN:
            return False
        block = self.parts[bind.part].parent
        while block not in around:
            # the body of a `try` whose handlers all leave has run to its end when anything behind the `try` runs
            attempt = self.parts[block].parent
            if self.parts[block].kind != "body" or attempt == -1 or self.parts[attempt].kind != "try":
                return False
            passing = filter(self.exits.goes_on, self.exits.inside(attempt, "handler"))
            if attempt in around or not instead >= set(passing):
                return False
            block = self.parts[attempt].parent
        return True

    def _is_in_test(self, turn: int, tick: int) -> bool:
        """Tell whether something in an iteration of a `while` runs before its first statement."""
        test = self.exits.inside(turn, *IN_EXPRESSIONS)
        first = self.children[turn][len(test)]
        return tick < self.parts[first].tick
