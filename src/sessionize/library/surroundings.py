"""The project around a file, as far as a fix must know it: what its tests replace by name, which names its other
modules may take from the file, and whether the file is a script, or of an application.

It is handed on as functions, which are asked only where the answer matters. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sessionize.library.patches import Patch, find

EVERYTHING = frozenset("*")

# The patches that concern a file: by its name, its text, and the names other than `requests` that it calls requests by.
PatchesFor: TypeAlias = Callable[[str, str, frozenset[str]], Sequence[Patch]]
# The names that other files may take from a file; `*` for all.
TakenFrom: TypeAlias = Callable[[str], frozenset[str]]
# Whether nothing loads a file, or all that does runs in one thread of one process.
# closed: True if only the project uses its modules, False if others may, None to look.
IsClosed: TypeAlias = Callable[[str, bool | None], bool]


def everything_is_taken(_filename: str, /) -> frozenset[str]:
    return EVERYTHING


def nothing_is_closed(_filename: str, _closed: bool | None, /) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A project of which nothing is known, by default: a file has its own patches, others may take any name of it."""

    patches: PatchesFor = find
    taken: TakenFrom = everything_is_taken
    is_script: IsClosed = nothing_is_closed
    is_application: IsClosed = nothing_is_closed


UNKNOWN = Surroundings()
