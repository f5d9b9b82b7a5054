"""The exits of statements and blocks: an `if` of which one arm returns is left to what follows, or by that `return`.

Only normal flow counts. An exception that leaves a statement is not followed into its handlers, so a loop whose body
returns on success is left by it, and the body of a `try` and its handlers exclude each other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from types import MappingProxyType

from sessionize.analysis.memo import memo
from sessionize.syntax.outline import Part
from sessionize.syntax.values import Const

# The exits of a part, as bits of a mask.
NEXT, BREAK, CONTINUE, RETURN, RAISE = EXITS = 1, 2, 4, 8, 16
_LEAVE = RETURN | RAISE

_JUMPS = {"return": RETURN, "raise": RAISE, "break": BREAK, "continue": CONTINUE}
BRANCHES = frozenset({"if", "match", "choice"})
LOOPS = frozenset({"for", "while", "comp", "genexp"})
PLAIN = frozenset({"simple", "def", "class"})
IN_EXPRESSIONS = frozenset({"choice", "comp", "genexp"})


class Exits:
    """of: the exits of each part, as far as they were worked out."""

    def __init__(
        self,
        parts: Sequence[Part],
        children: list[list[int]],
        ends: Mapping[int, int],
        truths: Mapping[int, bool] = MappingProxyType({}),
        of: Sequence[int] = (),
    ) -> None:
        """`ends`: the exits of simple statements that do not go on. `truths`: of some `if` and `while`, if their test
        holds."""
        self.parts = parts
        self.children = children
        self._ends = ends
        self._truths = truths
        self.of = list(of) or [0] * len(parts)

    def work_out(self, parts: Iterable[int]) -> None:
        for part in sorted(parts, reverse=True):  # inner parts come behind those around them
            self.of[part] = self._exits(part)

    def assuming(self, truths: Mapping[int, bool], ends: Mapping[int, int]) -> Exits:
        """These exits with other `truths` and more `ends`, to be worked out for the parts around these."""
        return Exits(self.parts, self.children, {**ends, **self._ends}, truths, self.of)

    def inside(self, part: int, *kinds: str) -> list[int]:
        """The children of a part that are of these kinds."""
        return [child for child in self.children[part] if self.parts[child].kind in kinds]

    def goes_on(self, part: int) -> bool:
        """Tell whether what stands behind a part may run after it."""
        return bool(self.of[part] & NEXT)

    def ended(self, part: int, mask: int) -> int:
        """The exits of a statement whose inside was left by `mask`."""
        kind = self.parts[part].kind
        if mask & NEXT and (kind in _JUMPS or part in self._ends):
            return (mask & ~NEXT) | (_JUMPS.get(kind) or self._ends[part])
        return mask

    def _exits(self, part: int) -> int:
        row = self.parts[part]
        if row.kind in BRANCHES:
            arms, may_skip = self.arms(part)
            return reduce(or_, map(self.of.__getitem__, arms), NEXT if may_skip else 0)
        if row.kind in LOOPS:
            return self._after_loop(part)
        if row.kind == "try":
            return self._through_finally(part, self._before_finally(part))
        return self.ended(part, reduce(_then, map(self.of.__getitem__, self.children[part]), NEXT))

    def arms(self, part: int) -> tuple[list[int], bool]:
        """The arms of a statement or expression that can run, and whether it may be that none does."""
        row = self.parts[part]
        arms = self.inside(part, "arm")
        holds = self._truths.get(part)
        if holds is None:
            return arms, not (row.exhaustive or (row.kind == "if" and len(arms) == 2))
        return (arms[:1] if holds else arms[1:]), not holds and len(arms) == 1

    def tested(self, loop: int, state: int) -> int:
        """The exits of a turn, seen from the test of its loop."""
        holds = self._truths.get(loop)
        if holds is None:
            return state | BREAK
        return state if holds else BREAK

    def _after_loop(self, part: int) -> int:
        """The exits of a loop: those of its turn, and of its `else` unless it goes on for ever."""
        row = self.parts[part]
        blocks = self._blocks(part)
        mask = blocks["turn"] & _LEAVE
        if blocks["turn"] & BREAK:
            mask |= NEXT
        endless = row.kind == "while" and isinstance(row.value, Const) and bool(row.value.value)
        return mask if endless else mask | blocks.get("else", NEXT)

    def _before_finally(self, part: int) -> int:
        """The exits of a `try` without its `finally`."""
        blocks = self._blocks(part)
        return _then(blocks["body"], blocks.get("else", NEXT)) | blocks.get("handler", 0)

    def _through_finally(self, part: int, mask: int) -> int:
        """The exits of a `try` whose other blocks were left by `mask`: what leaves its `finally` goes before."""
        return _then(self._blocks(part).get("finally", NEXT), mask)

    @memo
    def _blocks(self, part: int) -> dict[str, int]:
        """The exits of the blocks of a statement, by kind; of several handlers those of all."""
        blocks: dict[str, int] = {}
        for child in self.children[part]:
            kind = self.parts[child].kind
            blocks[kind] = blocks.get(kind, 0) | self.of[child]
        return blocks

    # --- from a point onwards -----------------------------------------------------------------------------------------

    @memo
    def _onwards(self, block: int) -> list[int]:
        """The exits of a block from each of its statements on, and behind the last."""
        masks = [NEXT]
        for child in reversed(self.children[block]):
            masks.append(_then(self.of[child], masks[-1]))
        return masks[::-1]

    def finish(self, part: int, child: int, tick: int, state: int) -> int:
        """The exits of `part` in a run that left its `child` by `state`, or that is at `tick` in `part` itself."""
        row = self.parts[part]
        kind = self.parts[child].kind if child != -1 else ""
        if row.kind in BRANCHES:
            return state if kind == "arm" else self.of[part]
        if row.kind in LOOPS:
            if kind == "turn":
                back = self.of[part] if state & (NEXT | CONTINUE) else 0
                return back | (state & _LEAVE) | (NEXT if state & BREAK else 0)
            return state if kind == "else" else self.of[part]
        if row.kind == "try":
            blocks = self._blocks(part)
            if kind == "body":
                state = _then(state, blocks.get("else", NEXT))
            if kind == "finally":  # what it interrupted goes on
                return _then(state, self._before_finally(part))
            return self._through_finally(part, state)
        children = self.children[part]
        if child != -1:
            later = bisect_right(children, child)
        else:
            later = bisect_right(children, tick, key=lambda child: self.parts[child].tick)
        return self.ended(part, _then(state, self._onwards(part)[later]))


def _then(first: int, rest: int) -> int:
    """The exits of what runs one after the other."""
    return (first & ~NEXT) | rest if first & NEXT else first
