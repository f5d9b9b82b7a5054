"""The project around a file, as far as a fix must know it: what its tests replace by name, which names its other
modules may take from the file, who calls its functions, whether the file is a script, of an application, or in a
package, and which requests it requires.

It is handed on as functions, which are asked only where the answer matters. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

from sessionize.library.patches import Patch, find

EVERYTHING = frozenset("*")


class CallElsewhere(NamedTuple):
    """A call of a file's function in another file of its project.

    repeats: True if it runs in a loop there, or in a function that does.
    """

    file: str
    row: int
    repeats: bool


Version: TypeAlias = tuple[int, ...]
# The patches that concern a file: by its name, its text, and the names other than `requests` that it calls requests by.
PatchesFor: TypeAlias = Callable[[str, str, frozenset[str]], Sequence[Patch]]
# The names that other files may take from a file; `*` for all.
TakenFrom: TypeAlias = Callable[[str], frozenset[str]]
# Whether nothing loads a file, or all that does runs in one thread of one process.
# closed: True if only the project uses its modules, False if others may, None to look.
IsClosed: TypeAlias = Callable[[str, bool | None], bool]
# The calls elsewhere of a file's function `fetch`, or method `Client.fetch`.
CallsOf: TypeAlias = Callable[[str, str], Sequence[CallElsewhere]]
# The oldest requests that a file's project may run with: `(2, 32)`; empty if that may be any.
OldestFor: TypeAlias = Callable[[str], Version]
# Whether a file is in a package, beside an `__init__.py`.
InPackage: TypeAlias = Callable[[str], bool]
# Whether the module of a function, `shop.http.get_session`, imports a file, directly or not.
IsLoadedBy: TypeAlias = Callable[[str, str], bool]


def everything_is_taken(_filename: str, /) -> frozenset[str]:
    return EVERYTHING


def nothing_is_closed(_filename: str, _closed: bool | None, /) -> bool:
    return False


def nothing_is_called(_filename: str, _function: str, /) -> Sequence[CallElsewhere]:
    return ()


def nothing_is_required(_filename: str, /) -> Version:
    return ()


def nothing_is_packaged(_filename: str, /) -> bool:
    return False


def nothing_is_loaded(_filename: str, _function: str, /) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Around:
    """The surroundings of one file; of a file alone by default."""

    patches: Callable[[frozenset[str]], Sequence[Patch]] = lambda _: ()
    taken: Callable[[], frozenset[str]] = frozenset
    is_script: Callable[[], bool] = lambda: False
    is_application: Callable[[], bool] = lambda: False
    calls: Callable[[str], Sequence[CallElsewhere]] = lambda _: ()
    oldest: Callable[[], Version] = tuple
    in_package: Callable[[], bool] = lambda: False
    is_loaded_by: Callable[[str], bool] = lambda _: False


ALONE = Around()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A project of which nothing is known, by default: a file has its own patches, others may take any name of it."""

    patches: PatchesFor = find
    taken: TakenFrom = everything_is_taken
    is_script: IsClosed = nothing_is_closed
    is_application: IsClosed = nothing_is_closed
    calls: CallsOf = nothing_is_called
    oldest: OldestFor = nothing_is_required
    in_package: InPackage = nothing_is_packaged
    is_loaded_by: IsLoadedBy = nothing_is_loaded

    def around(self, filename: str, text: str, *, closed: bool | None) -> Around:
        """The surroundings of a file of that text; closed: as the settings say."""
        return Around(
            partial(self.patches, filename, text),
            partial(self.taken, filename),
            partial(self.is_script, filename, closed),
            partial(self.is_application, filename, closed),
            partial(self.calls, filename),
            partial(self.oldest, filename),
            partial(self.in_package, filename),
            partial(self.is_loaded_by, filename),
        )


UNKNOWN = Surroundings()
