"""The names by which what waits is used in other files of a program: `throttle()`, `for page in slow(pages)`.

They are told by themselves, whatever has them: a method of a base in another file, a property, what a package imports
again. `Waits` says what waits in a file, `Telling` by which names others use that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath

from sessionize.analysis.grouping import grouped
from sessionize.analysis.memo import memo
from sessionize.library.program import Program
from sessionize.library.surroundings import Delaying
from sessionize.library.waits import Waits
from sessionize.project.imports import Imports
from sessionize.project.telling import Telling

# What a file has that may sleep by itself, or wait otherwise.
_SLEEPING = re.compile(rb"\b(?:sleep|wait|select|tenacity|backoff|retrying|ratelimit)\b")
_WAITING = re.compile(rb"\b(?:input|subprocess|system|acquire)\b")
_WORD = re.compile(r"\w+")
_CLASS = re.compile(rb"^class\s+(\w+)", re.MULTILINE)


class Delays:
    def __init__(self, imports: Imports, program: Callable[[str], Program | None]) -> None:
        """program: gives what a file is by itself, None if it can't be read."""
        self.imports = imports
        self._program = program

    @memo
    def beside(self, file: str, *, sleeps_only: bool) -> Delaying:
        """The names that lead to waits in the files that a file needs, and in those with classes derived from its own.

        Of these those are read that wait, and those that have a name which leads there.
        sleeps_only: other waits don't matter, and are not followed from file to file.
        """
        others = (self.imports.needed_by(file) | self._deriving(file)) & self.imports.program(file) - {file}
        reading = {other for other in others if self._may_wait(other, sleeps_only=sleeps_only)}
        found = Delaying()
        while True:
            told = self._told(reading, found)
            more = self._naming(others, told.sleep | told.unseen | (frozenset() if sleeps_only else told.other))
            if told == found and more <= reading:
                return found
            found, reading = told, reading | more

    def _told(self, files: Iterable[str], found: Delaying) -> Delaying:
        """The names that lead to waits in some files, as far as those in others are found."""
        by_last_name = [grouped(names, _last) for names in found]
        told = []
        for file in files:
            words = self._words(file)
            usable = Delaying(*(_written_with(words, names) for names in by_last_name))
            told.append(self._told_by(file, usable))
        return Delaying(*(frozenset().union(*names) for names in zip(*told, strict=True)))

    @memo
    def _told_by(self, file: str, found: Delaying) -> Delaying:
        """The names that lead to waits in one file."""
        program = self._alone(file)
        return Telling(Waits(program, found)).told(PurePath(file).stem) if program is not None else Delaying()

    @memo
    def _alone(self, file: str) -> Program | None:
        return self._program(file)

    @memo
    def _words(self, file: str) -> frozenset[str]:
        return frozenset(_WORD.findall(self.imports.read(file).decode(errors="replace")))

    @memo
    def _may_wait(self, file: str, *, sleeps_only: bool) -> bool:
        data = self.imports.read(file)
        return _SLEEPING.search(data) is not None or not (sleeps_only or _WAITING.search(data) is None)

    def _naming(self, files: Iterable[str], names: frozenset[str]) -> set[str]:
        """The files that have one of some names; of `Limiter.get`, where `get` is none of them, that have its first."""
        words = []
        for name in names:
            first, dot, last = name.partition(".")
            if not dot or last not in names:
                words.append(first)
        return {file for file in files if not self._words(file).isdisjoint(words)}

    def _deriving(self, file: str) -> set[str]:
        """The files that import a file, and have a class with a base that is named like one of its own."""
        own = _CLASS.findall(self.imports.read(file))
        base = re.compile(rb"^[ \t]*class\s[^:]{0,500}\b(?:%s)\b" % b"|".join(own), re.MULTILINE)
        importers = self.imports.direct_importers(file) if own else ()
        return {each for each in importers if base.search(self.imports.read(each))}


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _written_with(words: frozenset[str], names: Mapping[str, list[str]]) -> frozenset[str]:
    """The names, `rest` or `Limiter.get`, that a file with some words may use. names: by the last part of each."""
    found = set[str]()
    for last in filter(words.__contains__, names):
        found.update(name for name in names[last] if name.partition(".")[0] in words)
    return frozenset(found)
