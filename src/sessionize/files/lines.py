"""The lines of a text, divided where Python divides them.

No other module divides a text into lines: `str.splitlines` does so at form feeds and the like, too.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

_Line = TypeVar("_Line", bound=Hashable)


def split_lines(text: str) -> list[str]:
    """The lines with their ends; none is empty."""
    return io.StringIO(text, newline="").readlines()


def bare_lines(text: str) -> list[str]:
    """The lines without their ends, and what stands behind the last end, even if it is empty."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def numbered(lines: Iterable[_Line]) -> Iterator[tuple[_Line, int]]:
    """Each line, or what stands for one, with the number of equal ones before it."""
    seen: Counter[_Line] = Counter()
    for line in lines:
        yield line, seen[line]
        seen[line] += 1
