"""The projects around the files of a run. What it takes to read one is loaded when a finding first asks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from sessionize.analysis.memo import memo
from sessionize.files import store
from sessionize.files.paths import NOTEBOOK, has_init, in_package, project_root, shown
from sessionize.library.surroundings import EVERYTHING, CallElsewhere, Delaying, Look, Surroundings, Version
from sessionize.profiles import LIBRARIES
from sessionize.profiles.requests import FUNCTIONS

if TYPE_CHECKING:
    from sessionize.library.patches import Patch
    from sessionize.project.project import Project


class Projects(Surroundings):
    """For each file its project. Settings leave tests out of what is fixed, not of what is read."""

    def __init__(self) -> None:
        self._projects: dict[str, Project] = {}  # by root
        self._roots: dict[str, str | None] = {}  # of folders
        self._reals: dict[str, str] = {}  # of folders

    def of(self, filename: str, /) -> Project:
        folder = os.path.dirname(self._real(filename))
        root = project_root(folder, self._roots) or _outside_of_packages(folder)
        if root not in self._projects:
            from sessionize.project.project import Project

            self._projects[root] = Project(root, self._roots)
        return self._projects[root]

    def patches(self, filename: str, text: str, names: frozenset[str] = FUNCTIONS) -> tuple[Patch, ...]:
        """The patches in a file of that text, and then those in the rest of its project (see `find`)."""
        file = self._real(filename)
        own, project = shown(file), self.of(filename)
        module = Path(file).stem
        found = list(super().patches(filename, text, names))
        for patch in project.patches(names):
            if patch.file != own:
                found += [each for each in project.readings(patch, module) if project.concerns(each, file)]
        return tuple(found)

    def taken(self, filename: str) -> frozenset[str]:
        """The names that other modules of the project may take from a file (see `Project.taken`)."""
        if filename.startswith("<"):  # a text that may be any module's
            return EVERYTHING
        if self.other_that(filename, "reaches"):
            return EVERYTHING
        return self.of(filename).taken(Path(self._real(filename)).stem)

    def may_set(self, filename: str, name: str) -> bool:
        """Tell whether another file may set a name of a file's module (see `Changes.may_set`)."""
        return filename.startswith("<") or self.of(filename).changes.may_set(self._real(filename), name)

    def may_set_attribute(self, filename: str, name: str, *, inside: bool = False) -> bool:
        """Tell whether another file may set an attribute of a file's objects (see `Changes.may_set_attribute`)."""
        if filename.startswith("<"):
            return True
        return self.of(filename).changes.may_set_attribute(self._real(filename), name, inside=inside)

    def is_shown_by_code(self, filename: str) -> bool:
        """Tell whether objects of a file's program are put in texts by a `__str__` (see `Changes.is_shown_by_code`)."""
        return not filename.startswith("<") and self.of(filename).changes.is_shown_by_code(self._real(filename))

    def is_starred(self, filename: str) -> bool:
        """Tell whether a file takes all names of this one (see `Project.is_starred`)."""
        return not filename.startswith("<") and self.of(filename).is_starred(Path(self._real(filename)).stem)

    def seen(self, filename: str) -> frozenset[str]:
        """The names that other modules of the project may take from a file, if it is one (see `Project.taken`)."""
        return frozenset() if filename.startswith("<") else self.taken(filename)

    def may_replace(self, filename: str, name: str) -> bool:
        """Tell whether another file sets the name of a library in a file's module (see `Changes.may_set`)."""
        return not filename.startswith("<") and self.of(filename).changes.may_set(self._real(filename), name)

    def file_replacing(self, filename: str, names: frozenset[str]) -> str:
        """The first other file that may replace a part of a library (see `Project.file_replacing`)."""
        other = self.of(filename).file_replacing(self._real(filename), names)
        return shown(other) if other else ""

    def is_script(self, filename: str, closed: bool | None) -> bool:
        """Tell whether nothing imports a file (see `Project.is_script`)."""
        return _is_module(filename) and self.of(filename).is_script(self._real(filename), closed)

    def is_application(self, filename: str, closed: bool | None) -> bool:
        """Tell whether all users of a file run in one thread (see `Project.is_application`)."""
        return _is_module(filename) and self.of(filename).is_application(self._real(filename), closed)

    def runs_at_once(self, filename: str) -> bool:
        """Tell whether a file's functions may run at once, in threads or for visitors (see `Project.runs_at_once`)."""
        return not filename.startswith("<") and self.of(filename).runs_at_once(self._real(filename))

    def other_that(self, filename: str, look: Look) -> str:
        """The first other file of a file's program in which a look finds something (see `LOOKS`)."""
        if filename.startswith("<"):
            return ""
        other = self.of(filename).looks.first(self._real(filename), look)
        return shown(other) if other else ""

    def calls(self, filename: str, function: str) -> Sequence[CallElsewhere]:
        """The calls of a file's function in other files (see `Callers.calls`)."""
        if not _is_module(filename):
            return ()
        found = self.of(filename).callers.calls(self._real(filename), function)
        return [call._replace(file=shown(call.file)) for call in found]

    def delays(self, filename: str, *, sleeps_only: bool) -> Delaying:
        """The names that lead to waits in other files of a file's program (see `Delays.beside`)."""
        if filename.startswith("<"):
            return Delaying()
        return self.of(filename).delays.beside(self._real(filename), sleeps_only=sleeps_only)

    def oldest(self, filename: str) -> Version:
        """The oldest requests that a file's project may run with (see `oldest_requests`)."""
        return () if filename.startswith("<") else self.of(filename).oldest

    @memo
    def beside(self, filename: str) -> frozenset[str]:
        """The names of the modules and packages beside a file."""
        names: list[str] = []
        with suppress(OSError):  # standard input may be called what is not there
            names = os.listdir(os.path.dirname(self._real(filename)))
        return frozenset(name.partition(".")[0] for name in names)

    @memo
    def in_package(self, filename: str) -> bool:
        """Tell whether a file is in a package, beside an `__init__.py`."""
        return not filename.startswith("<") and in_package(self._real(filename))

    def is_loaded_by(self, filename: str, function: str) -> bool:
        """Tell whether the module of a function imports a file, so that the file can't import it at its top."""
        imports, file = self.of(filename).imports, self._real(filename)
        found = imports.find(function, file)
        return found is not None and file in imports.needed_by(found[0])

    def read(self, filenames: Sequence[str], *, whole: bool = False) -> None:
        """Reads the projects of these files at once, for the sake of workers that get a copy of this.

        whole: all that may be asked for later; else what most files ask for.
        """
        from sessionize.library.patches import names_elsewhere
        from sessionize.project.looks import LOOKS

        contents = list(map(store.content, filenames if whole else ()))
        unread = [library for library in LIBRARIES if not library.reads_patches]
        names = frozenset[str]().union(*map(names_elsewhere, contents), [library.name for library in LIBRARIES])
        for library, data in product(unread, contents):
            names = names.union(_aliases(library.name, data))
        for filename in filenames:
            self.of(filename).patches(names)
        if not whole:
            return
        for filename in filenames:
            self.patches(filename, "", names)
            for ask in (
                self.taken,
                self.oldest,
                self.in_package,
                self.beside,
                self.runs_at_once,
                self.is_starred,
                self.is_shown_by_code,
            ):
                ask(filename)
            for name in names:
                self.may_replace(filename, name)
            for library in unread:
                self.file_replacing(filename, library.named_in_tests)
            for look in LOOKS:
                self.other_that(filename, look)
            for sleeps_only in (False, True):
                self.delays(filename, sleeps_only=sleeps_only)
            for closed in (None, True):
                self.is_script(filename, closed)
                self.is_application(filename, closed)
        for project in self._projects.values():
            project.callers.read()
            project.changes.read()

    def _real(self, filename: str) -> str:
        """`os.path.realpath`, with the system asked once about each folder."""
        folder, name = os.path.split(filename)
        if folder not in self._reals:
            self._reals[folder] = os.path.realpath(folder)
        file = os.path.join(self._reals[folder], name)
        return os.path.realpath(file) if os.path.islink(file) else file


def _aliases(name: str, data: bytes) -> Iterator[str]:
    """The names that a file may give to a module: `net` of `import httpx as net`."""
    for found in re.finditer(rf"\b{name}[\s\\]+as[\s\\]+(\w+)".encode(), data):
        yield found[1].decode(errors="ignore")


def _is_module(filename: str) -> bool:
    """Tell whether others can import a file: it is no text like `<stdin>`, and no notebook."""
    return not filename.startswith("<") and not filename.endswith(NOTEBOOK)


def _outside_of_packages(folder: str) -> str:
    """The folder itself, or the next one around it that is no package."""
    while has_init(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return folder
