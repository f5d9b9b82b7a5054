"""What runs again, what runs after what, and what always ran before: control flow on an outline.

Only normal flow counts. An exception that leaves a statement is not followed into its handlers, so a loop whose body
returns on success is left by it, and the body of a `try` and its handlers exclude each other.

A *frame* is the body of a module, function or lambda; class bodies and comprehensions run in place inside theirs.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping
from copy import copy
from types import MappingProxyType
from typing import NamedTuple

from sessionize.syntax.outline import Outline
from sessionize.syntax.values import Const

# How a part can be left, as bits.
NEXT, BREAK, CONTINUE, RETURN, RAISE = _WAYS = 1, 2, 4, 8, 16
EXIT = RETURN | RAISE

_JUMPS = {"return": RETURN, "raise": RAISE, "break": BREAK, "continue": CONTINUE}
BRANCHES = frozenset({"if", "match", "choice"})
LOOPS = frozenset({"for", "while", "comp", "genexp"})
_PLAIN = frozenset({"simple", "def", "class"})
_IN_EXPRESSIONS = frozenset({"choice", "comp", "genexp"})
BLOCKS = frozenset({"arm", "turn", "else", "handler", "finally"})


class Place(NamedTuple):
    """A point in a block: directly before one of its statements."""

    block: int
    before: int
    tick: int


class Flow:
    def __init__(self, outline: Outline, leaving: Iterable[int]) -> None:
        """`leaving`: simple statements that never come back, such as `sys.exit()`."""
        self.parts = outline.parts
        self._truths: Mapping[int, bool] = MappingProxyType({})  # whether the test of an `if` or `while` holds
        self._ends: Mapping[int, int] = dict.fromkeys(leaving, RAISE)  # how simple statements end that do not go on
        self.children: list[list[int]] = [[] for _ in self.parts]
        self.frame: list[int] = []
        for part, row in enumerate(self.parts):
            if row.parent == -1:
                self.frame.append(part)
            else:
                self.children[row.parent].append(part)
                self.frame.append(self.frame[row.parent])
        self._rest: dict[int, int] = {}
        self._by_kind: dict[int, dict[str, int]] = {}
        self.outcomes = [0] * len(self.parts)
        for part in reversed(range(len(self.parts))):
            self.outcomes[part] = self._outcomes(part)

    def assuming(self, truths: Mapping[int, bool], stops: Mapping[int, int] = MappingProxyType({})) -> Flow:
        """The same, where it is known whether the tests of some `if` and `while` hold, and how some statements end."""
        flow = copy(self)
        flow._truths, flow._ends = truths, {**stops, **self._ends}
        flow._rest, flow._by_kind, flow.outcomes = {}, {}, self.outcomes.copy()
        for part in sorted({outer for inner in (*truths, *stops) for outer in self.ancestors(inner)}, reverse=True):
            flow.outcomes[part] = flow._outcomes(part)
        return flow

    def place_before(self, statement: int) -> Place:
        """The place before a statement of a block."""
        row = self.parts[statement]
        return Place(row.parent, statement, row.tick)

    def ancestors(self, part: int) -> Iterator[int]:
        """The part itself and the parts around it, up to its frame."""
        while part != -1:
            yield part
            part = self.parts[part].parent

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

    def turns_again(self, part: int, tick: int) -> list[int]:
        """The loops that can come back to what runs at `tick` in `part`, after it ran to its end."""
        return [loop for loop, ways in self.ways_on(part, tick).items() if ways & (NEXT | CONTINUE)]

    def ways_on(self, part: int, tick: int) -> dict[int, int]:
        """How a turn of each loop around `part`, innermost first, can end after what runs at `tick` in it."""
        found = {}
        state, child = NEXT, -1
        for node in self.ancestors(part):
            state = self._finish(node, child, tick, state)
            if self.parts[node].kind == "turn":
                loop = self.parts[node].parent
                if self.parts[loop].kind == "while" and self._is_in_test(node, tick):
                    state = self._tested(loop, state)
                found[loop] = state
            child = node
        return found

    def place(self, events: Iterable[tuple[int, int]], scope: int) -> Place | None:
        """Where a statement dominates all `events` (tick, part) and runs once: before the first statement that
        holds one, in the innermost block around them all that is in no loop and belongs to `scope` itself.

        It is on a line of its own, unless the whole frame stands on one line (`def f(): a; b`); None in a lambda.
        """
        paths = [list(self.ancestors(part)) for _, part in events]
        common = set(paths[0]).intersection(*map(set, paths[1:]))
        spots: dict[str, Place] = {}
        for block in sorted(common):
            row = self.parts[block]
            if row.kind == "turn":
                break
            statements = [path[path.index(block) - 1] for path in paths if path[0] != block]
            if row.form and row.scope == scope and len(statements) == len(paths):
                before = min(statements)
                while row.form == "lines" and self.parts[before].form == "joined":
                    before = self.children[block][self.children[block].index(before) - 1]
                if self.parts[before].kind != "docstring":  # it must stay first
                    spots[row.form] = Place(block, before, self.parts[before].tick)
        return spots.get("lines", spots.get("inline"))

    def dominates(self, part: int, tick: int, place: Place, instead: Container[int] = ()) -> bool:
        """Whether what runs at `tick` in `part` surely ran when `place` of the same frame is reached.

        instead: the handlers that do the same."""
        if tick >= place.tick:
            return False
        around = set(self.ancestors(place.block))
        if part in around:
            return True
        if self.parts[part].kind not in _PLAIN:
            return False
        block = self.parts[part].parent
        while block not in around:
            # the body of a `try` whose handlers all leave has run to its end when anything behind the `try` runs
            attempt = self.parts[block].parent
            if self.parts[block].kind != "body" or attempt == -1 or self.parts[attempt].kind != "try":
                return False
            handlers = [child for child in self.children[attempt] if self.parts[child].kind == "handler"]
            passing = (handler for handler in handlers if self.outcomes[handler] & NEXT)
            if attempt in around or any(handler not in instead for handler in passing):
                return False
            block = self.parts[attempt].parent
        return True

    # --- ways out of a part -------------------------------------------------------------------------------------------

    def _sequence(self, children: Iterable[int]) -> int:
        mask = 0
        for child in children:
            mask |= self.outcomes[child] & ~NEXT
            if not self.outcomes[child] & NEXT:
                return mask
        return mask | NEXT

    def ways_out(self, part: int) -> list[int]:
        """The ways out of a part, each by itself."""
        return [bit for bit in _WAYS if self.outcomes[part] & bit]

    def ended(self, part: int, mask: int) -> int:
        """The ways out of a statement whose inside was left by `mask`."""
        kind = self.parts[part].kind
        if mask & NEXT and (kind in _JUMPS or part in self._ends):
            return (mask & ~NEXT) | (_JUMPS.get(kind) or self._ends[part])
        return mask

    def _outcomes(self, part: int) -> int:
        row = self.parts[part]
        children = self.children[part]
        if not children:
            return self.ended(part, NEXT)
        if row.kind in BRANCHES:
            arms, may_skip = self.arms(part)
            return _union(self.outcomes[arm] for arm in arms) | (NEXT if may_skip else 0)
        if row.kind in LOOPS:
            return self._after_loop(part, self._blocks(part)["turn"] | CONTINUE)
        if row.kind == "try":
            return self._through_finally(self._blocks(part), self._before_finally(part))
        return self.ended(part, self._sequence(children))

    def arms(self, part: int) -> tuple[list[int], bool]:
        """The arms of a statement or expression that can run, and whether it may be that none does."""
        row = self.parts[part]
        arms = [child for child in self.children[part] if self.parts[child].kind == "arm"]
        holds = self._truths.get(part)
        if holds is None:
            return arms, not (row.exhaustive or (row.kind == "if" and len(arms) == 2))
        return (arms[:1] if holds else arms[1:]), not holds and len(arms) == 1

    def _is_in_test(self, turn: int, tick: int) -> bool:
        """Whether something in the turn of a `while` runs before its first statement."""
        statements = (child for child in self.children[turn] if self.parts[child].kind not in _IN_EXPRESSIONS)
        return tick < self.parts[next(statements)].tick

    def _tested(self, loop: int, state: int) -> int:
        """The ways out of a turn, seen from the test of its loop."""
        holds = self._truths.get(loop)
        return state if holds else BREAK if holds is False else state | BREAK

    def _after_loop(self, part: int, turn: int) -> int:
        """The ways out of a loop whose turn ended by `turn`."""
        row = self.parts[part]
        otherwise = [self.outcomes[child] for child in self.children[part] if self.parts[child].kind == "else"]
        endless = row.kind == "while" and isinstance(row.test, Const) and bool(row.test.value)
        mask = turn & EXIT
        if turn & BREAK:
            mask |= NEXT
        if turn & (NEXT | CONTINUE) and not endless:
            mask |= _union(otherwise) if otherwise else NEXT
        return mask

    def _before_finally(self, part: int) -> int:
        """The ways out of a `try` without its `finally`."""
        blocks = self._blocks(part)
        return _then(blocks["body"], blocks.get("else", NEXT)) | blocks.get("handler", 0)

    def _blocks(self, part: int) -> dict[str, int]:
        """The ways out of what a statement is made of, by kind; of several handlers those of all."""
        if part not in self._by_kind:
            blocks: dict[str, int] = {}
            for child in self.children[part]:
                kind = self.parts[child].kind
                blocks[kind] = blocks.get(kind, 0) | self.outcomes[child]
            self._by_kind[part] = blocks
        return self._by_kind[part]

    @staticmethod
    def _through_finally(blocks: dict[str, int], mask: int) -> int:
        final = blocks.get("finally", NEXT)
        return mask | (final & ~NEXT) if final & NEXT else final

    # --- from a point onwards -----------------------------------------------------------------------------------------

    def _after(self, child: int) -> int:
        """The ways out of the rest of the block behind `child`."""
        if child not in self._rest:
            mask = NEXT
            for sibling in reversed(self.children[self.parts[child].parent]):
                self._rest[sibling] = mask
                mask = _then(self.outcomes[sibling], mask)
        return self._rest[child]

    def _finish(self, part: int, child: int, tick: int, state: int) -> int:
        """How `part` can be left by a run that got through `child` with `state`, or is at `tick` in `part` itself."""
        row = self.parts[part]
        kind = self.parts[child].kind if child != -1 else ""
        if row.kind in BRANCHES:
            return state if kind == "arm" else self.outcomes[part]
        if row.kind in LOOPS:
            if kind == "turn":
                back = self.outcomes[part] if state & (NEXT | CONTINUE) else 0
                return back | (state & EXIT) | (NEXT if state & BREAK else 0)
            return state if kind == "else" else self.outcomes[part]
        if row.kind == "try":
            blocks = self._blocks(part)
            if kind == "body":
                state = _then(state, blocks.get("else", NEXT))
            if kind == "finally":  # what it interrupted goes on
                return _then(state, self._before_finally(part))
            return self._through_finally(blocks, state)
        if child == -1:
            rest = NEXT
            children = self.children[part]
            later = bisect_right(children, tick, key=lambda child: self.parts[child].tick)
            if later < len(children):
                rest = _then(self.outcomes[children[later]], self._after(children[later]))
        else:
            rest = self._after(child)
        return self.ended(part, _then(state, rest))


def _then(first: int, rest: int) -> int:
    """The ways out of what runs one after the other."""
    return (first & ~NEXT) | rest if first & NEXT else first


def _union(masks: Iterable[int]) -> int:
    result = 0
    for mask in masks:
        result |= mask
    return result
