"""Things by a key of theirs: calls by their frame, bindings by their scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")


class _Groups(dict[K, list[T]]):
    def __missing__(self, key: K) -> list[T]:
        return []  # and whoever looks for a key adds none


def grouped(things: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Some things by a key of theirs, in their order; none for any other key."""
    groups: _Groups[K, T] = _Groups()
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return groups
