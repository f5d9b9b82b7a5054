"""Lines are compared: which of them stay, and in between which come and go."""

from __future__ import annotations

import difflib
from bisect import bisect
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from sessionize.files.lines import numbered

_FAR = 500  # lines: fewer are left to difflib, which is quick enough there
_Chain: TypeAlias = "tuple[int, int, _Chain | None]"


class Matcher(difflib.SequenceMatcher[Any]):
    """Compares lines: first those that stand once on both sides, then what is between them (a patience diff).

    Where thousands of lines change here and there, difflib alone takes the square of their number.
    """

    def __init__(self, old: Sequence[Hashable], new: Sequence[Hashable], *, autojunk: bool = True) -> None:
        super().__init__(a=(), b=())  # they are compared here
        self._old, self._new, self._autojunk = old, new, autojunk

    def get_matching_blocks(self) -> list[difflib.Match]:
        blocks: list[difflib.Match] = []
        i = j = 0
        for a, b in (*_anchors(self._old, self._new), (len(self._old), len(self._new))):
            between = difflib.SequenceMatcher(None, self._old[i:a], self._new[j:b], self._autojunk)
            for at, to, size in between.get_matching_blocks():  # the last has no size: the anchor stands there
                block = difflib.Match(i + at, j + to, size or int(a < len(self._old)))
                last = blocks[-1] if blocks else block
                if block.size and (last.a + last.size, last.b + last.size) == (block.a, block.b):
                    blocks[-1] = last._replace(size=last.size + block.size)
                else:
                    blocks.append(block)
            i, j = a + 1, b + 1
        return blocks


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """The places of the lines that stand once on both sides; where these are far apart, as in a text that was pasted
    twice, also of those that stand equally often between them."""
    once = [*_in_order(old, new), (len(old), len(new))]
    for (i, j), (a, b) in pairwise([(-1, -1), *once]):
        if a - i > _FAR:
            for here, there in _in_order(_told_apart(old[i + 1 : a]), _told_apart(new[j + 1 : b])):
                yield i + 1 + here, j + 1 + there
        if a < len(old):
            yield a, b


def _told_apart(lines: Sequence[Hashable]) -> list[Hashable]:
    """Each line with the number of equal ones before it, and of equal ones in all."""
    total = Counter(lines)
    return [(line, before, total[line]) for line, before in numbered(lines)]


def _in_order(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """The places of the lines that stand once on both sides: as many of them as come in the same order."""
    here, there, places = Counter(old), Counter(new), {line: place for place, line in enumerate(new)}
    ends: list[int] = []  # the places in `new` where the best chains of each length end
    chains: list[_Chain] = []
    for i, line in enumerate(old):
        if here[line] == there[line] == 1:
            length = bisect(ends, places[line])
            ends[length : length + 1] = [places[line]]
            chains[length : length + 1] = [(i, places[line], chains[length - 1] if length else None)]
    found = []
    chain = chains[-1] if chains else None
    while chain is not None:
        i, j, chain = chain
        found.append((i, j))
    return reversed(found)
