"""All that follows from something, step by step: callers of callers, bases of bases, imports of imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def closure(starts: Iterable[T], following: Callable[[T], set[T]]) -> set[T]:
    """Some things, those that follow from each, and so on."""
    reached = set(starts)
    todo = list(reached)
    while todo:
        new = following(todo.pop()) - reached
        reached |= new
        todo += new
    return reached
