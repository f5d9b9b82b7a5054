"""The project around a file, and what its tests replace by name. It is read when a fix first asks, and once."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sessionize import source
from sessionize.config import Settings
from sessionize.patches import Patch, find

_MARKERS = ("pyproject.toml", "sessionize.toml", "setup.py", "setup.cfg", ".git", ".hg")
_MENTION = re.compile(rb"requests\.(\w+)\b(?![\"'])")


@dataclass(frozen=True, slots=True)
class Project:
    """patches: what its files replace by name; mentions: the functions of requests that each file may call."""

    patches: tuple[Patch, ...]
    mentions: dict[str, frozenset[str]]


class Projects:
    """For each file its project: the folder with its settings or repository, or the folder that was given, whichever is
    further out; a file that is in neither stands alone. Settings leave tests out of what is fixed, not of what is read.
    """

    def __init__(self, given: Sequence[Path] = ()) -> None:
        self._given = [Path(os.path.realpath(path)) for path in given]
        self._projects: dict[Path | None, Project] = {None: Project((), {})}
        self._places: dict[
            str, tuple[Path | None, str]
        ] = {}  # of files: the root of their project, the name in reports

    def of(self, filename: str, /) -> Project:
        root, _ = self._place(filename)
        if root is not None and root not in self._projects:
            self._projects[root] = _read(root)
        return self._projects[root]

    def patches(self, filename: str, text: str) -> tuple[Patch, ...]:
        """What a file of that text replaces by name, and then what the rest of its project does."""
        _, own = self._place(filename)
        others = (patch for patch in self.of(filename).patches if patch.file != own)
        return *find(filename, text), *others

    def read(self, filenames: Iterable[str]) -> None:
        """Reads the projects of these files at once, for the sake of workers that get a copy of this."""
        for filename in filenames:
            self.of(filename)

    def _place(self, filename: str) -> tuple[Path | None, str]:
        if filename not in self._places:
            file = Path(os.path.realpath(filename))
            self._places[filename] = self._root(file), shown(file)
        return self._places[filename]

    def _root(self, file: Path) -> Path | None:
        folders = [folder for folder in self._given if folder in file.parents]
        marked = (f for f in file.parents if any(os.path.lexists(f / marker) for marker in _MARKERS))
        folders += itertools.islice(marked, 1)
        return min(folders, key=lambda folder: len(folder.parts), default=None)


def _read(root: Path) -> Project:
    patches: list[Patch] = []
    mentions: dict[str, frozenset[str]] = {}
    for found in source.discover([root], Settings(root=root)):
        if isinstance(found, str):
            try:
                data = source.read(found)
            except source.SourceError:  # told where the file is checked
                continue
            patches += find(shown(Path(found)), data)
            if functions := _MENTION.findall(data):
                mentions[os.path.realpath(found)] = frozenset(name.decode() for name in functions)
    return Project(tuple(sorted(patches)), mentions)


def shown(file: Path) -> str:
    """A file's name in reports: short where it is below the folder that the user is in."""
    here = Path.cwd()
    return str(file.relative_to(here) if here in file.parents else file)
