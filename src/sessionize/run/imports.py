"""The imports between the files of a project: what a file may load, and what may load it.

They are read by their text alone, and taken for all that they could be: `from shop import api` loads `shop/__init__.py`
and `shop/api.py`, wherever the project keeps its `shop`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import takewhile
from pathlib import PurePath

from sessionize.analysis.closure import closure
from sessionize.analysis.memo import memo

# An import statement: its keyword, and what follows, over brackets and backslashes.
IMPORT = re.compile(rb"\b(import|from)\b((?:\\\r?\n|[^\n\\(;#])*(?:\((?:[^)#]|#[^\n]*)*)?)")
_FROM = re.compile(rb"\s*(\.*)\s*([\w.]*)\s+import\b(.*)|\s*(\.+)\s*import\b(.*)", re.DOTALL)
_WORD = re.compile(rb"\w+")
# A text that may be the path of a module: of what `mock.patch` replaces, or of a plugin.
_DOTTED = re.compile(rb"[\"'](\w+(?:\.\w+)+)[\"']")
# Any text of words and dots; and one that names a file.
_TEXT = re.compile(rb"[\"']([\w.]*\w)[\"']")
_FILE = re.compile(rb"(\w+)\.py[\"']")
_FIXTURE = re.compile(rb"\bfixture\b|\bpytest_\w+")
_TEST = re.compile(r"test_.*|.*_tests?\.py|tests?\.py|conftest\.py")
# What loads modules that a text names, or runs a file.
LOADERS = (
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
# Frameworks that load a project's modules by settings of theirs.
_LOADING = frozenset((b"django", b"celery", b"stevedore", b"pluggy", b"pkg_resources", b"entry_points", b"scrapy"))


class Imports:
    """The imports between files, given by their absolute names and contents."""

    def __init__(self, files: Iterable[tuple[str, bytes]]) -> None:
        self.contents = dict(files)
        self._by_parts: dict[tuple[str, ...], str] = {}
        self._by_last: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        self._inside: dict[tuple[str, ...], list[str]] = defaultdict(list)  # packages; their `__all__` may name these
        for file in self.contents:
            parts = _parts(file)
            self._by_parts[parts] = file
            self._by_last[parts[-1]].append(parts)
            self._inside[parts[:-1]].append(file)

    def may_meet(self, file: str, other: str) -> bool:
        """Tell whether a test run that loads `file` may load the other: one imports it, whatever is between."""
        if not {file, other} <= self.contents.keys():
            return True
        met = self._met_with(file)
        return met is None or other in met

    @memo
    def _met_with(self, file: str) -> set[str] | None:
        """The files that test runs which load a file may load; None if that may be any.

        A `conftest.py` is loaded for all tests below its folder.
        """
        starts = {file} | self.importers(file)
        is_plugin = not is_test(file) and _FIXTURE.search(self.contents[file]) is not None
        if is_plugin or not any(map(is_test, starts)):
            return None
        for conftest in [start for start in starts if PurePath(start).name == "conftest.py"]:
            below = conftest.removesuffix("conftest.py")
            starts.update(each for each in self.contents if each.startswith(below))
        loaded = self.loaded_by(frozenset(starts))
        return None if any(map(self.loads_anything, loaded)) else loaded

    @memo
    def importers(self, file: str) -> set[str]:
        """The files that import a file, directly or not."""
        return closure({file}, self._importing.__getitem__) - {file}

    @memo
    def loaded_by(self, starts: frozenset[str]) -> set[str]:
        """The files that some load, with the `conftest.py` beside and above them, and what texts in them name."""
        first = set(starts)
        for start in starts:
            folders = PurePath(start).parents
            first.update(conftest for folder in folders if (conftest := str(folder / "conftest.py")) in self.contents)
        for start in list(first):
            for found in _DOTTED.findall(self.contents[start]):
                first.update(self._named(tuple(found.decode().split("."))))
            for found in _FILE.findall(self.contents[start]):
                first.update(self._named((found.decode(),)))
        return closure(first, self._imported.__getitem__)

    def is_own(self, path: tuple[str, ...], importer: str) -> bool:
        """Tell whether an absolute path surely names another module of the project: beside a file, or at a root."""
        for base in (_package(importer), self._root, (*self._root, "src")):
            for end in range(len(path), 0, -1):
                found = self._by_parts.get((*base, *path[:end]))
                if found not in (None, importer):
                    return True
        return False

    @cached_property
    def _root(self) -> tuple[str, ...]:
        """The folder that all files are in."""
        folders = [_package(file) for file in self.contents]
        return tuple(parts[0] for parts in takewhile(lambda parts: len({*parts}) == 1, zip(*folders, strict=False)))

    @memo
    def loads_anything(self, file: str) -> bool:
        """Tell whether a file may load modules that it does not import."""
        data = self.contents[file]
        named = (_WORD.findall(rest)[:1] for _, rest in IMPORT.findall(data))
        return any(loader in data for loader in LOADERS) or any(_LOADING.issuperset(first) and first for first in named)

    @cached_property
    def _imported(self) -> Mapping[str, set[str]]:
        """The files that each file imports."""
        return {file: {*self._imports_of(file, data)} - {file} for file, data in self.contents.items()}

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
        for text in _TEXT.findall(data) if b"pytest_plugins" in data else ():
            yield from self._named(tuple(text.decode().split(".")))
        for keyword, rest in IMPORT.findall(data):
            if keyword == b"import":
                for name in rest.split(b","):
                    yield from self._named(tuple(word.decode() for word in _WORD.findall(name.partition(b" as ")[0])))
            elif found := _FROM.match(rest):
                dots, module, names = found[1] or found[4] or b"", found[2] or b"", found[3] or found[5] or b""
                path = tuple(word.decode() for word in _WORD.findall(module))
                inner = [word.decode() for word in _WORD.findall(names)]
                if dots:
                    base = package[: len(package) - len(dots) + 1] + path
                    yield from self._exactly(base, inner)
                    yield from self._inside.get(base, ()) if b"*" in names else ()
                else:
                    yield from self._named(path)
                    for name in inner:
                        yield from self._named((*path, name))
                    for parts in self._by_last.get(path[-1], ()) if b"*" in names else ():
                        yield from self._inside.get(parts, ())

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

    def _packages(self, parts: tuple[str, ...]) -> Iterator[str]:
        """The `__init__.py` of a package and of those around it."""
        for end in range(len(parts), 0, -1):
            file = self._by_parts.get(parts[:end])
            if file is not None and PurePath(file).stem == "__init__":
                yield file


def is_test(file: str) -> bool:
    """Tell whether a file is named as pytest's tests and their `conftest.py` are."""
    return _TEST.fullmatch(PurePath(file).name) is not None


def _parts(file: str) -> tuple[str, ...]:
    """The path by which a file is imported from the root of the file system; that of its folder for `__init__.py`."""
    path = PurePath(file)
    return path.parent.parts if path.stem == "__init__" else path.with_suffix("").parts


def _package(file: str) -> tuple[str, ...]:
    """The path of the folder of a file."""
    return PurePath(file).parent.parts
