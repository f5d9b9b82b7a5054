"""The project around a file: what its tests replace by name, what its modules take from each other. It is read when a
fix first asks, and once.

A file's project is the next folder around it that a marker shows to be one (`pyproject.toml`, `.git`, ...), without
the projects inside of it. So each file is in one project, by whatever path and from wherever it is named.
"""

from __future__ import annotations

import ast
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from sessionize.analysis.closure import closure
from sessionize.analysis.memo import memo
from sessionize.files import store, walk
from sessionize.files.paths import NOTEBOOK, SUFFIXES, absolute, has_init, project_root, shown
from sessionize.files.settings import Settings
from sessionize.library.patches import Patch, find
from sessionize.library.surroundings import EVERYTHING, Version
from sessionize.library.threads import STARTERS
from sessionize.library.visitors import FRAMEWORKS
from sessionize.project.application import is_used_from_one_thread
from sessionize.project.callers import Callers
from sessionize.project.changes import Changes
from sessionize.project.delays import Delays
from sessionize.project.imports import Imports, Statement, is_test, may_load_by_text, may_reach_any, statements
from sessionize.project.looks import Looks
from sessionize.project.requirements import oldest_requests
from sessionize.syntax.parse import UnreadableError, parse_ast

_MENTION = re.compile(rb"requests\.(\w+)\b(?![\"'])")
_TESTS = ("test", "tests")
# What puts something in the place of another: a patch, `Client.get = fake`.
_REPLACING = re.compile(rb"mock|[Mm]onkey[Pp]atch|attr\(|sys\.modules|__dict__|\b[A-Z]\w*\.\w+[ \t]*=[^=]")
_BUILD = {
    "pyproject.toml": re.compile(rb"^\[(build-system|project|tool\.poetry|tool\.flit)", re.MULTILINE),
    "setup.cfg": re.compile(rb"^\[(metadata|options)", re.MULTILINE),
    "setup.py": re.compile(rb"setup"),
}
_ANY_MODULE = "*"
_STARTER = re.compile(rb"\b(%s)\b" % "|".join(sorted(STARTERS)).encode())
_INNER = re.compile(rb"\.\s*([\w\x80-\xff]+)(?=\s*\.)")  # `common` of `shop.common.get`
# The folders of a published project that are not published themselves.
_UNPUBLISHED = frozenset(
    ("scripts", "script", "tools", "bin", "examples", "example", "samples", "demo", "demos", "docs", "doc")
) | {"dev", "ci", ".ci", ".github", "benchmarks", "benchmark", "contrib", "hack", "misc", "notebooks"}


class _Words(NamedTuple):
    """The words of files that may be the name of a module.

    naming: the files that have each word in an import, `*` for any, or behind its package: `shop.common.get`.
    aliases: the other names that imports give to what they name: `net` for `client`.
    starred: the last words of what files take all names from: `common` of `from shop.common import *`.
    loaders: the content of the files that may load modules by a text, or reach into them: `load.__globals__`.
    """

    naming: dict[str, set[str]]
    aliases: dict[str, set[str]]
    starred: set[str]
    loaders: list[bytes]


class Project:
    def __init__(self, root: str, roots: dict[str, str | None]) -> None:
        """roots: what is known of folders (see `project_root`)."""
        self.root = root
        self._roots = roots
        self._marked = project_root(root, roots)  # None of a folder that nothing marks as a project
        self._patches: dict[frozenset[str], tuple[Patch, ...]] = {}  # by the names that were asked for

    def patches(self, names: frozenset[str]) -> tuple[Patch, ...]:
        """The patches in its files (see `find`)."""
        for more, patches in self._patches.items():
            if names <= more:
                return patches
        found = (patch for file, data in self._files() for patch in find(shown(file), data, names))
        return self._patches.setdefault(names, tuple(sorted(found)))

    def concerns(self, patch: Patch, file: str) -> bool:
        """Tell whether what a test replaces may be gone when a file's code runs: the test loads it, or names it."""
        named = Path(file).stem in patch.target.split(".")
        return patch.stays or named or self.imports.may_meet(absolute(patch.file), file)

    def file_replacing(self, file: str, names: frozenset[str]) -> str:
        """The first other file in which one of some names stands, and that may replace a part of what it names.

        That is what patches something, sets an attribute of it or of a class, gives it another name, or hands it on.
        """
        return next((other for other in self._replacing(names) if os.path.realpath(other) != file), "")

    @memo
    def _replacing(self, names: frozenset[str]) -> list[str]:
        """All such files."""
        named = f"(?:{'|'.join(map(re.escape, sorted(names)))})"
        handed = rf"{named}[\w.]*[ \t]*=[^=]|[(,=][ \t]*{named}[ \t]*[,)\n]|import\b[^\n]*{named}[^\n]*\bas\b"
        naming, changing = re.compile(named.encode()), re.compile(handed.encode())
        found = []
        for file, data in self._files():
            named_here = naming.search(data) is not None
            if named_here and (_REPLACING.search(data) or changing.search(data)):
                found.append(file)
        return found

    @memo
    def taken(self, module: str) -> frozenset[str]:
        """The names that its files may take from modules of a name; `*` among them stands for all.

        `from common import get`, `from . import common` with `common.get`, `import common as c` with `c.get`, also
        where `c` is taken from the module that imports it so.
        """
        if module == "__init__":  # of a package, which its modules may name in any way
            return EVERYTHING
        word = re.compile(rb"\b%s\b" % re.escape(os.fsencode(module)))
        if any(map(word.search, self._words.loaders)):
            return EVERYTHING
        naming = self._words.naming
        names: set[str] = set()
        for called in self._names_of(module):
            for file in {*naming[called], *naming["*"]}:
                names |= _taken(called, file)
        return frozenset(names)

    @memo
    def _names_of(self, module: str) -> set[str]:
        """The name of a module, and the aliases that imports give it."""
        return closure([module], self._words.aliases.__getitem__)

    def readings(self, patch: Patch, module: str) -> list[Patch]:
        """A patch as it is written; and also by the name of a module, where a part of it may be an alias of that.

        `pkg.api.get` is `pkg.client.get`, too, where a file has `from . import client as api`. Such a patch can't move.
        """
        called = self._names_of(module)
        target = ".".join(module if part in called else part for part in patch.target.split("."))
        if target == patch.target:
            return [patch]
        return [patch, patch._replace(target=target, stuck=f"it names the module as `{patch.target}`")]

    def is_starred(self, module: str) -> bool:
        """Tell whether a file takes all names from a module, `from shop.common import *`, or from any package."""
        starred = self._words.starred
        return module in starred or (module == "__init__" and bool(starred))

    @cached_property
    def _words(self) -> _Words:
        """The names of modules in its files."""
        found = _Words(defaultdict(set), defaultdict(set), set(), [])
        for file, data in self._files():
            words = {word.decode(errors="replace") for word in _INNER.findall(data)}
            for statement in statements(data):
                named = {*statement.path, *(statement.names or ())}
                words |= named
                for name in named if statement.aliases else ():
                    found.aliases[name].update(statement.aliases)
                if "*" in named:
                    found.starred.add(statement.path[-1] if statement.path else "")
            for word in words:
                found.naming[word].add(file)
            if may_reach_any(data):
                found.loaders.append(data)
        return found

    @memo
    def is_script(self, file: str, closed: bool | None) -> bool:
        """Tell whether no other file mentions a module by its name, and nobody can import it from a published package.

        Of a folder that nothing marks as a project it is not known who uses its files.
        closed: what the settings say: True if nobody outside of the project imports its modules, False if they may.
        """
        apart = self._is_apart(file, closed) and not self._is_mentioned(file)
        return apart and not self.looks.first(file, "reaches")

    @memo
    def is_application(self, file: str, closed: bool | None) -> bool:
        """Tell whether all that imports a file is in the project, as the settings say, and runs in one thread.

        That is not known without them: a program without a suffix may import it, or one beside the project.
        """
        told = closed is True and self._is_apart(file, closed) and not self.looks.first(file, "reaches")
        return told and is_used_from_one_thread(self.imports, file)

    def runs_at_once(self, file: str) -> bool:
        """Tell whether a file, or one that imports it, names what starts threads, or imports a web framework.

        `ThreadPoolExecutor`, `from flask import Flask`. Tests do not count: they act for nobody.
        """
        loading = {file} | self.imports.importers(file) if file in self.imports.files else set()
        return any(self._starts(each) for each in loading if not is_test(each))

    @memo
    def _starts(self, file: str) -> bool:
        data = store.content(file)
        imported = {statement.path[0] for statement in statements(data) if statement.path and not statement.dots}
        return not imported.isdisjoint(FRAMEWORKS) or _STARTER.search(data) is not None

    def _is_apart(self, file: str, closed: bool | None) -> bool:
        """Tell whether nobody outside of a project can import a file of it."""
        if closed is False or self._marked is None:
            return False
        first = Path(os.path.relpath(file, self.root)).parts[0]
        inside = os.path.join(self.root, first)
        return closed or not self._is_published or (first in _UNPUBLISHED and not has_init(inside))

    def _is_mentioned(self, file: str) -> bool:
        """Tell whether another file has a module's name as a word, or may load any module by a text."""
        module = Path(file).stem
        mentioning = self._mentioning[module] | self._mentioning[_ANY_MODULE]
        return module.startswith("__") or mentioning != {file} & mentioning

    @cached_property
    def _mentioning(self) -> dict[str, set[str]]:
        """The files that mention each module by its name, and by `_ANY_MODULE` those that may load any."""
        mentioning: dict[str, set[str]] = defaultdict(set)
        for file, data in self._files():
            for word in self.imports.mentioned(file) | ({_ANY_MODULE} if may_load_by_text(data) else set()):
                mentioning[word].add(file)
        return mentioning

    @cached_property
    def imports(self) -> Imports:
        return Imports(self._paths, store.content)

    @cached_property
    def oldest(self) -> Version:
        return oldest_requests(self.root)

    @cached_property
    def callers(self) -> Callers:
        return Callers(self.imports)

    @cached_property
    def delays(self) -> Delays:
        return Delays(self.imports, self.callers.program)

    @cached_property
    def looks(self) -> Looks:
        return Looks(self.imports)

    @cached_property
    def changes(self) -> Changes:
        return Changes(self.imports)

    @cached_property
    def _is_published(self) -> bool:
        """True if a file describes how the project is built."""
        return any(pattern.search(store.content(os.path.join(self.root, name))) for name, pattern in _BUILD.items())

    @cached_property
    def mentions(self) -> dict[str, frozenset[str]]:
        """The functions of requests that each file may call."""
        mentions = {}
        for file, data in self._files():
            if names := _MENTION.findall(data):
                mentions[os.path.realpath(file)] = frozenset(map(bytes.decode, names))
        return mentions

    def _files(self) -> Iterator[tuple[str, bytes]]:
        for file in self._paths:
            yield file, store.content(file)

    @cached_property
    def _paths(self) -> list[str]:
        """File of the modules, and programs of other names."""
        within = [self.root] if self._marked is not None else _beside(self.root)
        found = walk.discover(within, Settings(root=Path(self.root)), programs=True)
        files = [each for each in found if isinstance(each, str)]
        return [file for file in files if project_root(os.path.dirname(file), self._roots) == self._marked]


def _beside(folder: str) -> list[str]:
    """A project where no marker shows one: the files of a folder, its packages and its tests.

    That is not all there is below: it may be the user's home.
    """
    try:
        with os.scandir(folder) as scan:
            return sorted(entry.path for entry in scan if _belongs(entry.path))
    except OSError:  # told where its files are checked
        return []


def _belongs(path: str) -> bool:
    """Tell whether something in a folder is a file of Python, a package or a folder of tests."""
    if os.path.isfile(path):
        return path.endswith(SUFFIXES) or walk.is_program(path)
    return os.path.basename(path) in _TESTS or has_init(path)


def _taken(module: str, file: str) -> frozenset[str]:
    """The names that a file may take from a module that it imports, or reaches by its package: `shop.common.get`.

    All where it hands the module on.
    """
    data = store.content(file)
    if os.fsencode(module) not in data:  # `from shop import *`, which need not be about this one
        return frozenset()
    if file.endswith(NOTEBOOK):
        return EVERYTHING
    importing = any(_may_bind(module, statement) for statement in statements(data))
    try:
        nodes = _nodes(data)
    except UnreadableError:
        return EVERYTHING
    called = {module}  # common, and c by `import common as c`
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            called.update(alias.asname for alias in node.names if alias.asname and _last(alias.name) == module)
        if isinstance(node, ast.ImportFrom) and _last(node.module or "") == module:  # from shop.common import get
            names.update(alias.name for alias in node.names)
    inner = set()
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr=attr) if name in called:
                inner.add(node.value)
                names.add(attr)
    handed_on = any(isinstance(node, ast.Name) and node.id in called and node not in inner for node in nodes)
    return frozenset(names) | (EVERYTHING if handed_on and importing else frozenset())


def _may_bind(module: str, statement: Statement) -> bool:
    """Tell whether an import statement may bind a module, or names of it."""
    return module in statement.path or (statement.names is not None and not {module, "*"}.isdisjoint(statement.names))


@lru_cache(maxsize=4)  # a package's `__init__.py` is asked about each of its modules
def _nodes(data: bytes) -> list[ast.AST]:
    """All nodes of a file. UnreadableError if it can't be read."""
    return list(ast.walk(parse_ast(data)))


def _last(path: str) -> str:
    return path.rpartition(".")[2]
