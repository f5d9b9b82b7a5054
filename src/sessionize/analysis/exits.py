"""The ways in which statements and blocks can be left, as bits: an `if` of which one arm returns may go on, or return.

Only normal flow counts. An exception that leaves a statement is not followed into its handlers, so a loop whose body
returns on success is left by it, and the body of a `try` and its handlers exclude each other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from sessionize.syntax.outline import Part
from sessionize.syntax.values import Const

# How a part can be left, as bits.
NEXT, BREAK, CONTINUE, RETURN, RAISE = WAYS = 1, 2, 4, 8, 16
EXIT = RETURN | RAISE

_JUMPS = {"return": RETURN, "raise": RAISE, "break": BREAK, "continue": CONTINUE}
BRANCHES = frozenset({"if", "match", "choice"})
LOOPS = frozenset({"for", "while", "comp", "genexp"})
PLAIN = frozenset({"simple", "def", "class"})
IN_EXPRESSIONS = frozenset({"choice", "comp", "genexp"})
BLOCKS = frozenset({"arm", "turn", "else", "handler", "finally"})


class Exits:
    """of: the ways out of each part, as far as they were worked out."""

    def __init__(
        self,
        parts: Sequence[Part],
        children: list[list[int]],
        ends: Mapping[int, int],
        truths: Mapping[int, bool] = MappingProxyType({}),
        of: Sequence[int] = (),
    ) -> None:
        """`ends`: how simple statements end that do not go on. `truths`: whether the tests of some `if` and `while`
        hold."""
        self.parts = parts
        self.children = children
        self._ends = ends
        self._truths = truths
        self.of = list(of) or [0] * len(parts)
        self._rest: dict[int, int] = {}
        self._by_kind: dict[int, dict[str, int]] = {}

    def work_out(self, parts: Iterable[int]) -> None:
        for part in sorted(parts, reverse=True):  # inner parts come behind those around them
            self.of[part] = self._exits(part)

    def assuming(self, truths: Mapping[int, bool], ends: Mapping[int, int]) -> Exits:
        """The same with other `truths` and more `ends`, to be worked out for the parts around these."""
        return Exits(self.parts, self.children, {**ends, **self._ends}, truths, self.of)

    def _sequence(self, children: Iterable[int]) -> int:
        mask = 0
        for child in children:
            mask |= self.of[child] & ~NEXT
            if not self.of[child] & NEXT:
                return mask
        return mask | NEXT

    def ended(self, part: int, mask: int) -> int:
        """The ways out of a statement whose inside was left by `mask`."""
        kind = self.parts[part].kind
        if mask & NEXT and (kind in _JUMPS or part in self._ends):
            return (mask & ~NEXT) | (_JUMPS.get(kind) or self._ends[part])
        return mask

    def _exits(self, part: int) -> int:
        row = self.parts[part]
        children = self.children[part]
        if not children:
            return self.ended(part, NEXT)
        if row.kind in BRANCHES:
            arms, may_skip = self.arms(part)
            return _union(self.of[arm] for arm in arms) | (NEXT if may_skip else 0)
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

    def tested(self, loop: int, state: int) -> int:
        """The ways out of a turn, seen from the test of its loop."""
        holds = self._truths.get(loop)
        return state if holds else BREAK if holds is False else state | BREAK

    def _after_loop(self, part: int, turn: int) -> int:
        """The ways out of a loop whose turn ended by `turn`."""
        row = self.parts[part]
        otherwise = [self.of[child] for child in self.children[part] if self.parts[child].kind == "else"]
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
                blocks[kind] = blocks.get(kind, 0) | self.of[child]
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
                mask = _then(self.of[sibling], mask)
        return self._rest[child]

    def finish(self, part: int, child: int, tick: int, state: int) -> int:
        """How `part` can be left by a run that got through `child` with `state`, or is at `tick` in `part` itself."""
        row = self.parts[part]
        kind = self.parts[child].kind if child != -1 else ""
        if row.kind in BRANCHES:
            return state if kind == "arm" else self.of[part]
        if row.kind in LOOPS:
            if kind == "turn":
                back = self.of[part] if state & (NEXT | CONTINUE) else 0
                return back | (state & EXIT) | (NEXT if state & BREAK else 0)
            return state if kind == "else" else self.of[part]
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
                rest = _then(self.of[children[later]], self._after(children[later]))
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
