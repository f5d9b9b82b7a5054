"""The project around a file, as far as a fix must know it: what its tests replace by name, which names its other
modules may take from the file, who calls its functions, whether the file is a script, of an application, or in a
package, and which requests it requires.

It is asked only where the answer matters. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from sessionize.profiles.requests import FUNCTIONS

if TYPE_CHECKING:
    from sessionize.library.patches import Patch

EVERYTHING = frozenset("*")

# What other files of a program may do, as far as their text shows.
Look: TypeAlias = Literal[
    "serves",
    "forks",
    "runs-processes",
    "reaches",
    "shows",
    "measures",
    "changes-the-environment",
    "writes-files",
    "follows-redirects",
    "sleeps",
    "sleeps-in-generators",
    "names-a-user",
    "logs-in",
    "reads-cookies",
    "meddles",
]


class CallElsewhere(NamedTuple):
    """A call of a file's function in another file of its project.

    repeats: True if it runs in a loop there, or in a function that does.
    """

    file: str
    row: int
    repeats: bool


class Delaying(NamedTuple):
    """The names in other files that lead to waits: to a `sleep`, to short ones, to others.

    unseen: those by which something sleeps wherever they are used, and not called: generators, `with Limiter():`.
    """

    sleep: frozenset[str] = frozenset()
    short: frozenset[str] = frozenset()
    other: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()


Version: TypeAlias = tuple[int, ...]


class Surroundings:
    """The projects around files, of which nothing is known here: other files may take any name of a file.

    closed: True if only its project uses a file's module, False if others may, None to look.
    """

    def patches(self, filename: str, text: str, names: frozenset[str] = FUNCTIONS) -> Sequence[Patch]:
        """The patches that concern a file of that text. names: other than `requests`, that it calls requests by."""
        from sessionize.library.patches import find

        return find(filename, text, names)

    def taken(self, filename: str) -> frozenset[str]:
        """The names that other files may take from a file; `*` for all."""
        return EVERYTHING

    def may_set(self, filename: str, name: str) -> bool:
        """Tell whether another file may set a name of a file's module."""
        return True

    def may_set_attribute(self, filename: str, name: str, *, inside: bool = False) -> bool:
        """Tell whether another file may set an attribute of a file's objects; inside: or change what it is bound to."""
        return True

    def is_shown_by_code(self, filename: str) -> bool:
        """Tell whether a class in a file's program has a `__str__` that says how its objects are put in a text."""
        return False

    def is_starred(self, filename: str) -> bool:
        """Tell whether another file takes all public names of a file, `from shop import *`, also a new one."""
        return False

    def seen(self, filename: str) -> frozenset[str]:
        """The names that other files are known to take from a file, or that they may; `*` for all."""
        return frozenset()

    def may_replace(self, filename: str, name: str) -> bool:
        """Tell whether another file is known to set the name of a library, `requests`, in a file's module."""
        return False

    def file_replacing(self, filename: str, names: frozenset[str]) -> str:
        """The first other file that has one of the names of a library, and may replace a part of it; else empty."""
        return "another file"

    def is_script(self, filename: str, closed: bool | None) -> bool:
        """Tell whether nothing loads a file."""
        return False

    def is_application(self, filename: str, closed: bool | None) -> bool:
        """Tell whether all that loads a file runs in one thread of one process."""
        return False

    def runs_at_once(self, filename: str) -> bool:
        """Tell whether what is in a file may run for several threads or visitors at once."""
        return False

    def other_that(self, filename: str, look: Look) -> str:
        """The first other file of a file's program that `serves`, or `forks`; empty if none does."""
        return ""

    def calls(self, filename: str, function: str) -> Sequence[CallElsewhere]:
        """The calls elsewhere of a file's function `fetch`, or method `Client.fetch`."""
        return ()

    def delays(self, filename: str, *, sleeps_only: bool) -> Delaying:
        """The names that lead to waits in other files of a file's program; or at least those that lead to sleeps."""
        return Delaying()

    def oldest(self, filename: str) -> Version:
        """The oldest requests that a file's project may run with: `(2, 32)`; empty if that may be any."""
        return ()

    def beside(self, filename: str) -> frozenset[str]:
        """The names of the modules and packages beside a file."""
        return frozenset()

    def in_package(self, filename: str) -> bool:
        """Tell whether a file is in a package, beside an `__init__.py`."""
        return False

    def is_loaded_by(self, filename: str, function: str) -> bool:
        """Tell whether the module of a function, `shop.http.get_session`, imports a file, directly or not."""
        return False


class Alone(Surroundings):
    """No other files."""

    def patches(self, filename: str, text: str, names: frozenset[str] = FUNCTIONS) -> Sequence[Patch]:
        return ()

    def taken(self, filename: str) -> frozenset[str]:
        return frozenset()

    def may_set(self, filename: str, name: str) -> bool:
        return False

    def may_set_attribute(self, filename: str, name: str, *, inside: bool = False) -> bool:
        return False

    def file_replacing(self, filename: str, names: frozenset[str]) -> str:
        return ""


class Around(NamedTuple):
    """The surroundings of one file of that text; closed: as the settings say."""

    surroundings: Surroundings = Alone()
    filename: str = ""
    text: str = ""
    closed: bool | None = None

    def patches(self, names: frozenset[str]) -> Sequence[Patch]:
        return self.surroundings.patches(self.filename, self.text, names)

    def taken(self) -> frozenset[str]:
        if self.filename.endswith(".ipynb"):  # nobody imports a notebook
            return frozenset()
        return self.surroundings.taken(self.filename)

    def may_set(self, name: str) -> bool:
        return not self.filename.endswith(".ipynb") and self.surroundings.may_set(self.filename, name)

    def may_set_attribute(self, name: str, *, inside: bool = False) -> bool:
        if self.filename.endswith(".ipynb"):
            return False
        return self.surroundings.may_set_attribute(self.filename, name, inside=inside)

    def is_shown_by_code(self) -> bool:
        return self.surroundings.is_shown_by_code(self.filename)

    def is_starred(self) -> bool:
        return self.surroundings.is_starred(self.filename)

    def seen(self) -> frozenset[str]:
        return self.surroundings.seen(self.filename)

    def may_replace(self, name: str) -> bool:
        return self.surroundings.may_replace(self.filename, name)

    def file_replacing(self, names: frozenset[str]) -> str:
        return self.surroundings.file_replacing(self.filename, names)

    def is_script(self) -> bool:
        return self.surroundings.is_script(self.filename, self.closed)

    def is_application(self) -> bool:
        return self.surroundings.is_application(self.filename, self.closed)

    def runs_at_once(self) -> bool:
        return self.surroundings.runs_at_once(self.filename)

    def other_that(self, look: Look) -> str:
        return self.surroundings.other_that(self.filename, look)

    def calls(self, function: str) -> Sequence[CallElsewhere]:
        return self.surroundings.calls(self.filename, function)

    def delays(self, *, sleeps_only: bool) -> Delaying:
        return self.surroundings.delays(self.filename, sleeps_only=sleeps_only)

    def oldest(self) -> Version:
        return self.surroundings.oldest(self.filename)

    def beside(self) -> frozenset[str]:
        return self.surroundings.beside(self.filename)

    def in_package(self) -> bool:
        return self.surroundings.in_package(self.filename)

    def is_loaded_by(self, function: str) -> bool:
        return self.surroundings.is_loaded_by(self.filename, function)


UNKNOWN = Surroundings()
