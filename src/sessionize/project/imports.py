"""The imports between the files of a project: what a file may load, what may load it, and what a path names there.

They are read by their text alone, and taken for all that they could be: `from shop import api` loads `shop/__init__.py`
and `shop/api.py`, wherever the project keeps its `shop`.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from operator import itemgetter
from pathlib import PurePath
from typing import NamedTuple

from sessionize.analysis.closure import closure
from sessionize.analysis.grouping import grouped
from sessionize.analysis.memo import memo

# What follows `import`, over brackets and backslashes; and what stands before it in `from shop import api`.
_IMPORT = re.compile(rb"import\b((?:\\\r?\n|[^\n\\(;#])*(?:\((?:[^)#]|#[^\n]*)*)?)")
_FROM = re.compile(rb"\bfrom\b[\s\\]*((?:\.\s*)*)([\w\x80-\xff.]*)[\s\\]*\Z")
_ALIAS = re.compile(rb"\bas\s+([\w\x80-\xff]+)")
_COMMENT = re.compile(rb"#[^\n]*")
# With letters that are not ASCII, in UTF-8.
_WORD = re.compile(rb"[\w\x80-\xff]+")
# What may stand in the name of a module; all else becomes a blank.
_TO_WORDS = bytes(byte if byte > 127 or chr(byte).isalnum() or byte in b"_-" else 32 for byte in range(256))
# A text that may be the path of a module: of what `mock.patch` replaces, or of a plugin.
_DOTTED = re.compile(rb"[\"']([\w\x80-\xff]+(?:\.[\w\x80-\xff]+)+)[\"']")
# Any text of words and dots; and one that names a file.
_TEXT = re.compile(rb"[\"']([\w\x80-\xff.]*[\w\x80-\xff])[\"']")
_QUOTED = re.compile(rb"[\"']([\w\x80-\xff.:]+)(?=[\"'])")
_FILE = re.compile(rb"(?<![\w\x80-\xff])([\w\x80-\xff]+)\.py[\"']")
_FIXTURE = re.compile(rb"\bfixture\b|\bpytest_\w+")
_TEST = re.compile(r"test_.*|.*_tests?\.py|tests?\.py|conftest\.py")
# What loads modules that a text names, or runs a file.
_LOADERS = (
    b"import_module",
    b"__import__",
    b"run_module",
    b"run_path",
    b"spec_from_file",
    b"SourceFileLoader",
    b"load_module",
    b"exec_module",
    b"iter_modules",
    b"walk_packages",
    b"import_string",
    b"resolve_name",
    b"find_modules",
    b"pydoc",
    b"exec(",
)
# What lists the files of a folder, or the modules of a package.
_LISTING = frozenset(("iter_modules", "walk_packages", "listdir", "scandir", "glob", "iterdir"))
# What reaches into modules that are loaded: `load.__globals__`, `sys.modules["__main__"]`.
_REACHING = (
    b"__globals__",
    b"f_globals",
    b"getmodule",
    b"sys.modules",
    b"from sys import",
    b"import __main__",
)
# Frameworks that load a project's modules by settings of theirs.
_LOADING = frozenset(("django", "celery", "stevedore", "pluggy", "pkg_resources", "entry_points", "scrapy"))


class Statement(NamedTuple):
    """An import statement: `from ..shop import api` has 2 dots, the path `shop` and the name `api`.

    names: None of `import shop.api`; `import a, b` counts as two statements.
    aliases: what it binds instead, `client` of `import shop.api as client`.
    """

    dots: int
    path: tuple[str, ...]
    names: tuple[str, ...] | None = None
    aliases: tuple[str, ...] = ()


def statements(data: bytes) -> Iterator[Statement]:
    """The import statements of a file, and all else that looks like one: in a comment, or in a text."""
    for found in _IMPORT.finditer(data):
        start = found.start()
        line = data.rfind(b"\n", 0, start) + 1
        while data[max(line - 3, 0) : line].endswith((b"\\\n", b"\\\r\n")):
            line = data.rfind(b"\n", 0, line - 1) + 1
        before, rest = data[line:start], found[1]
        if before[-1:].isalnum() or before.endswith(b"_"):  # `reimport`
            continue
        parts = _COMMENT.sub(b"", rest).split(b",")
        aliases = tuple(map(_decode, _ALIAS.findall(rest)))
        if source := _FROM.search(before):
            names = ("*",) if b"*" in rest else tuple(words[0] for words in map(_words, parts) if words)
            yield Statement(source[1].count(b"."), _words(source[2]), names, aliases)
        else:
            for part in parts:
                if path := _words(part.partition(b" as ")[0]):
                    yield Statement(0, path, None, aliases)


def may_load_by_text(data: bytes) -> bool:
    """Tell whether a file may load modules that a text names."""
    return any(loader in data for loader in _LOADERS)


def may_reach_any(data: bytes) -> bool:
    """Tell whether a file may load modules that a text names, or reach into those that are loaded."""
    return may_load_by_text(data) or any(word in data for word in _REACHING)


def _words(data: bytes) -> tuple[str, ...]:
    return tuple(map(_decode, _WORD.findall(data)))


def _decode(word: bytes) -> str:
    return word.decode(errors="replace")


class Imports:
    def __init__(self, files: Iterable[str], read: Callable[[str], bytes]) -> None:
        """files: their absolute names. read: gives the content of one, whenever it is looked at."""
        self.files = dict.fromkeys(files)  # in their order
        self.read = read
        self._by_parts: dict[tuple[str, ...], str] = {}
        self._by_last: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        self._inside: dict[tuple[str, ...], list[str]] = defaultdict(list)  # packages; their `__all__` may name these
        for file in self.files:
            parts = _parts(file)
            if parts not in self._by_parts or file.endswith(".py"):  # a script `load` beside `load.py` is no module
                self._by_parts[parts] = file
            self._by_last[parts[-1]].append(parts)
            self._inside[parts[:-1]].append(file)

    def may_meet(self, file: str, other: str) -> bool:
        """Tell whether a test run that loads `file` may load the other: one imports it, whatever is between."""
        if not {file, other} <= self.files.keys():
            return True
        met = self._met_with(file)
        return met is None or other in met

    @memo
    def _met_with(self, file: str) -> set[str] | None:
        """The files that test runs which load a file may load; None if that may be any.

        A `conftest.py` is loaded for all tests below its folder.
        """
        starts = {file} | self.importers(file)
        is_plugin = not is_test(file) and _FIXTURE.search(self.read(file)) is not None
        if is_plugin or not any(map(is_test, starts)):
            return None
        for start in list(starts):
            below = start.removesuffix("conftest.py")
            if below.endswith(("/", "\\")):  # a test run loads it for all below its folder
                starts.update(each for each in self.files if each.startswith(below))
        loaded = self.loaded_by(frozenset(starts))
        return None if any(map(self.loads_anything, loaded)) else loaded

    @memo
    def importers(self, file: str) -> set[str]:
        """The files that import a file, directly or not."""
        return closure({file}, self._importing.__getitem__) - {file}

    def direct_importers(self, file: str) -> set[str]:
        """The files that import a file themselves."""
        return self._importing.get(file, set())

    @memo
    def program(self, file: str) -> set[str]:
        """The files of the programs that a file is in: those but tests that import it, and all that these import."""
        if file not in self.files:
            return {file}
        importers = frozenset(each for each in self.importers(file) if not is_test(each))
        loaded = self.loaded_by(importers | {file})
        return {each for each in loaded if os.path.basename(each) != "conftest.py"}

    @memo
    def loaded_by(self, starts: frozenset[str]) -> set[str]:
        """The files that some load, with the `conftest.py` beside and above them, and what texts in them name."""
        first = set(starts)
        for start in starts:
            folders = PurePath(start).parents
            first.update(conftest for folder in folders if (conftest := str(folder / "conftest.py")) in self.files)
        for start in list(first):
            data = self.read(start)
            for found in _DOTTED.findall(data):
                first.update(self._named(tuple(found.decode().split("."))))
            for found in _FILE.findall(data):
                first.update(self._named((found.decode(),)))
        return closure(first, self._imported.__getitem__)

    def is_own(self, path: tuple[str, ...], importer: str) -> bool:
        """Tell whether an absolute path surely names another module of the project: beside a file, or at a root."""
        found = self.find(".".join(path), importer)
        return found is not None and found[0] != importer

    @memo
    def imported(self, importer: str) -> list[tuple[str, tuple[str, ...]]]:
        """The modules of the project that a file surely imports; each with what it takes from there, if that is less.

        `from shop import api` imports the module `api`, `from shop.api import fetch` takes `fetch` from that.
        """
        found = []
        for dots, path, names, _ in statements(self.read(importer)):
            paths = [path] if names is None else [(*path, name) for name in names]
            found += [self._find(dots, each, importer) for each in paths]
        return [each for each in found if each is not None]

    @memo
    def needed_by(self, start: str) -> set[str]:
        """A file and the modules that it imports by name, directly or not."""
        return closure({start}, lambda file: {module for module, _ in self.imported(file)})

    def find(self, path: str, importer: str) -> tuple[str, tuple[str, ...]] | None:
        """The module that a path names in a file, and what it names in that; None if it is not of this project.

        `..api.fetch` names `fetch` in the module `api` of the package around. An absolute path is looked up beside the
        file, and at the roots of the project.
        """
        inner = path.lstrip(".")
        return self._find(len(path) - len(inner), tuple(inner.split(".")), importer)

    def _find(self, dots: int, path: tuple[str, ...], importer: str) -> tuple[str, tuple[str, ...]] | None:
        package = _package(importer)
        if dots:
            bases = [package[: len(package) - dots + 1]]
        else:
            beside = [] if is_package(self._by_parts.get(package, "")) else [package]  # of a script
            bases = [*beside, self._root, (*self._root, "src")]
        for base in bases:
            for end in range(len(path), -1 if dots else 0, -1):
                file = self._by_parts.get((*base, *path[:end]))
                if file is not None:
                    return file, path[end:]
        return None

    @cached_property
    def _root(self) -> tuple[str, ...]:
        """The folder that all files are in; that around a package, where they all are in one."""
        folders = list(map(os.path.dirname, self.files))
        folder = os.path.commonpath(folders) if folders else ""
        while folder and os.path.join(folder, "__init__.py") in self.files:
            folder = os.path.dirname(folder)
        return tuple(folder.split(os.sep)) if folder else ()

    @memo
    def loads_anything(self, file: str) -> bool:
        """Tell whether a file may load modules that it does not import."""
        data = self.read(file)
        return may_load_by_text(data) or any(not _LOADING.isdisjoint(each.path[:1]) for each in statements(data))

    @memo
    def mentioned(self, file: str) -> set[str]:
        """The names of modules of the project that are words of a file."""
        return self._stems.intersection(self.read(file).translate(_TO_WORDS).decode(errors="replace").split())

    @cached_property
    def _stems(self) -> set[str]:
        return {PurePath(file).stem for file in self.files}

    @cached_property
    def quoted(self) -> set[str]:
        """The words of all texts that may be the path of a module, or of something in it: `"jobs.load:main"`."""
        words: set[str] = set()
        for file in self.files:
            for text in _QUOTED.findall(self.read(file)):
                words.update(_words(text))
        return words

    @cached_property
    def _imported(self) -> Mapping[str, set[str]]:
        """The files that each file imports."""
        return {file: {*self._imports_of(file, self.read(file))} - {file} for file in self.files}

    @cached_property
    def _importing(self) -> Mapping[str, set[str]]:
        """The files that import each file."""
        importing: dict[str, set[str]] = defaultdict(set)
        for file, imported in self._imported.items():
            for each in imported:
                importing[each].add(file)
        return importing

    def _imports_of(self, file: str, data: bytes) -> Iterator[str]:
        package = _package(file)
        yield from self._packages(package)
        if may_load_by_text(data):
            yield from self._loaded_by_text(file, data)
        for text in _TEXT.findall(data) if b"pytest_plugins" in data else ():
            yield from self._named(tuple(_decode(text).split(".")))
        for dots, path, names, _ in statements(data):
            inner = names or ()
            if dots:
                base = package[: len(package) - dots + 1] + path
                yield from self._exactly(base, inner)
                yield from self._inside.get(base, ()) if "*" in inner else ()
                continue
            yield from self._named(path)
            for name in inner:
                yield from self._named((*path, name))
            for parts in self._by_last.get(path[-1], ()) if path and "*" in inner else ():
                yield from self._inside.get(parts, ())

    def _loaded_by_text(self, file: str, data: bytes) -> Iterator[str]:
        """The files that one may load by texts of its own making, `import_module(f"plugins.{name}")`.

        They are those in each folder whose name is a word of it; and those beside it, if it is their `__init__.py` or
        lists a folder.
        """
        words = set(data.translate(_TO_WORDS).decode(errors="replace").split())
        beside = [_package(file)] if is_package(file) or not words.isdisjoint(_LISTING) else []
        for folder in (*beside, *chain.from_iterable(map(self._folders.__getitem__, words & self._folders.keys()))):
            yield from self._inside.get(folder, ())

    @cached_property
    def _folders(self) -> dict[str, list[tuple[str, ...]]]:
        """The folders with files of the project, by their names."""
        return grouped((parts for parts in self._inside if parts), itemgetter(-1))

    def _exactly(self, base: tuple[str, ...], names: Iterable[str]) -> Iterator[str]:
        """The files of a module, of the packages around it, and of modules in it."""
        yield from self._packages(base)
        for parts in (base, *((*base, name) for name in names)):
            if parts in self._by_parts:
                yield self._by_parts[parts]

    def _named(self, path: tuple[str, ...]) -> Iterator[str]:
        """The files that a dotted path may name, and those of the packages around them."""
        for end in range(len(path), 0, -1):
            for parts in self._by_last.get(path[end - 1], ()):
                if parts[len(parts) - end :] == path[:end]:
                    yield self._by_parts[parts]
                    yield from self._packages(parts)

    @memo
    def _packages(self, parts: tuple[str, ...]) -> list[str]:
        """The `__init__.py` of a package and of those around it."""
        if not parts:
            return []
        file = self._by_parts.get(parts, "")
        around = self._packages(parts[:-1])
        return [file, *around] if is_package(file) else around


def is_test(file: str) -> bool:
    """Tell whether a file is named as pytest's tests and their `conftest.py` are."""
    return _TEST.fullmatch(os.path.basename(file)) is not None


def is_package(file: str) -> bool:
    """Tell whether a file is the `__init__.py` of a package."""
    return os.path.basename(file).startswith("__init__.")


def _parts(file: str) -> tuple[str, ...]:
    """The path by which a file is imported from the root of the file system; that of its folder for `__init__.py`."""
    *folders, name = file.split(os.sep)
    module = name.partition(".")[0]
    return (*folders,) if module == "__init__" else (*folders, module)


def _package(file: str) -> tuple[str, ...]:
    """The path of the folder of a file."""
    return tuple(file.split(os.sep)[:-1])
