"""The project around a file, and what its tests replace by name. It is read when a fix first asks, and once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from sessionize import source
from sessionize.config import Settings
from sessionize.patches import FUNCTIONS, Patch, find, names_elsewhere

_MARKERS = ("pyproject.toml", "sessionize.toml", "setup.py", "setup.cfg", ".git", ".hg")
_MENTION = re.compile(rb"requests\.(\w+)\b(?![\"'])")


class Project:
    def __init__(self, root: str | None) -> None:
        """Of a `root` of None nothing is read."""
        self.root = root
        self._patches: dict[frozenset[str], tuple[Patch, ...]] = {}  # by the names that were asked for

    def patches(self, names: frozenset[str]) -> tuple[Patch, ...]:
        """What its files replace by name (see `find`)."""
        for more, patches in self._patches.items():
            if names <= more:
                return patches
        found = (patch for file, data in self._files() for patch in find(shown(file), data, names))
        return self._patches.setdefault(names, tuple(sorted(found)))

    @cached_property
    def mentions(self) -> dict[str, frozenset[str]]:
        """The functions of requests that each file may call."""
        found = ((os.path.realpath(file), _MENTION.findall(data)) for file, data in self._files())
        return {file: frozenset(name.decode() for name in names) for file, names in found if names}

    def _files(self) -> Iterator[tuple[str, bytes]]:
        if self.root is not None:
            for found in source.discover([self.root], Settings(root=Path(self.root))):
                if isinstance(found, str):
                    try:
                        yield found, source.read(found)
                    except source.SourceError:  # told where the file is checked
                        continue


class Projects:
    """For each file its project: the folder with its settings or repository, or the folder that was given, whichever is
    further out; a file that is in neither stands alone. Settings leave tests out of what is fixed, not of what is read.
    """

    def __init__(self, given: Sequence[Path] = ()) -> None:
        self._given = [os.path.realpath(path) for path in given]
        self._projects: dict[str | None, Project] = {}  # by root
        self._nearest: dict[str, str | None] = {}  # of folders: the next one with a marker
        self._reals: dict[str, str] = {}  # of folders

    def of(self, filename: str, /) -> Project:
        root = self._root(os.path.dirname(self._real(filename)))
        if root not in self._projects:
            self._projects[root] = Project(root)
        return self._projects[root]

    def patches(self, filename: str, text: str, names: frozenset[str] = FUNCTIONS) -> tuple[Patch, ...]:
        """What a file of that text replaces by name, and then what the rest of its project does (see `find`)."""
        own = shown(self._real(filename))
        others = (patch for patch in self.of(filename).patches(names) if patch.file != own)
        return *find(filename, text, names), *others

    def read(self, filenames: Sequence[str], *, whole: bool = False) -> None:
        """Reads the projects of these files at once, for the sake of workers that get a copy of this.

        whole: all that may be asked for later; else what most files ask for.
        """
        names: set[str] = set()
        for filename in filenames if whole else ():
            with suppress(source.SourceError):
                names |= names_elsewhere(source.read(filename))
        for filename in filenames:
            self.of(filename).patches(frozenset(names))

    def _real(self, filename: str) -> str:
        """`os.path.realpath`, with the system asked once about each folder."""
        folder, name = os.path.split(filename)
        if folder not in self._reals:
            self._reals[folder] = os.path.realpath(folder)
        file = os.path.join(self._reals[folder], name)
        return os.path.realpath(file) if os.path.islink(file) else file

    def _root(self, folder: str) -> str | None:
        roots = [given for given in self._given if os.path.join(folder, "").startswith(os.path.join(given, ""))]
        marked = self._marked(folder)
        return min([*roots, marked] if marked is not None else roots, key=len, default=None)

    def _marked(self, folder: str) -> str | None:
        """The folder itself, or the next one around it, that has a marker."""
        if folder not in self._nearest:
            above = os.path.dirname(folder)
            here = any(os.path.lexists(os.path.join(folder, marker)) for marker in _MARKERS)
            self._nearest[folder] = folder if here else self._marked(above) if above != folder else None
        return self._nearest[folder]


def shown(file: str) -> str:
    """The name in reports of a file with an absolute path: short where it is below the folder that the user is in."""
    return file.removeprefix(os.path.join(os.getcwd(), ""))
