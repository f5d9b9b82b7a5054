"""The calls of a file's functions in the other files of its project: `from api import fetch`, and `fetch(x)` in a loop.

They are followed through packages that import a name again, and through one attribute: `self.api.fetch(x)` where the
class sets `self.api = Client()`. Of whatever else an object may be nothing is guessed. Tests don't count: they call a
function again and again whose program does so once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

from sessionize.analysis.callgraph import TAKING
from sessionize.analysis.memo import memo
from sessionize.files.paths import in_package
from sessionize.files.text import SourceError, decode
from sessionize.library.program import Program
from sessionize.library.surroundings import Alone, Around, CallElsewhere
from sessionize.project.imports import Imports, is_package, is_test, statements
from sessionize.syntax import outline as o
from sessionize.syntax.parse import UnreadableError, parse_ast
from sessionize.syntax.read_ast import Places, read_ast
from sessionize.syntax.values import last_name

# So many packages may import a name from each other.
_MOST_PACKAGES = 4


class _Target(NamedTuple):
    """A function of the project: `fetch`, or `Client.fetch`, of a file."""

    file: str
    function: str


class _InPackage(Alone):
    """All that counts in a file that calls others: whether it is in a package, whose main block is a demonstration."""

    def in_package(self, filename: str) -> bool:
        return in_package(filename)


class Callers:
    def __init__(self, imports: Imports) -> None:
        self.imports = imports
        self._known: dict[_Target, list[CallElsewhere]] | None = None

    def calls(self, file: str, function: str) -> list[CallElsewhere]:
        """The calls of a function, `fetch`, or of a method, `Client.fetch`, in other files that are no tests."""
        target = _Target(file, function)
        if self._known is not None:
            return self._known.get(target, [])
        name, _, method = function.partition(".")
        word = re.compile(rb"\b%s\b" % re.escape((method or name).encode()))
        found: list[CallElsewhere] = []
        for importer in sorted(self._importers(file, name)):
            if word.search(self.imports.read(importer)):
                found += self._calls_in(importer).get(target, ())
        return found

    def read(self) -> None:
        """Reads all calls at once, for the sake of workers that see no files."""
        named, whole = self._index
        known: dict[_Target, list[CallElsewhere]] = defaultdict(list)
        for importer in sorted(set().union(*named.values(), *whole.values())):
            for target, calls in self._calls_in(importer).items():
                known[target] += calls
        self._known = known

    def _importers(self, file: str, name: str) -> set[str]:
        """The files that import a name of a module, or the module: it, or a package that imports the name again."""
        named, whole = self._index
        importers: set[str] = set()
        modules = [file]
        for module in modules:  # which grows
            importing = named[module, name]
            modules += [each for each in importing if is_package(each) and each not in modules]
            importers |= importing | whole[module]
        return importers - {file}

    @cached_property
    def _index(self) -> tuple[dict[tuple[str, str], set[str]], dict[str, set[str]]]:
        """The files that import each name of each module; and those that import each module as a whole."""
        named: dict[tuple[str, str], set[str]] = defaultdict(set)
        whole: dict[str, set[str]] = defaultdict(set)
        for importer in self.imports.files:
            if importer.endswith(".py") and not is_test(importer):
                for module, inner in self.imports.imported(importer):
                    if inner:
                        named[module, inner[0]].add(importer)
                    else:
                        whole[module].add(importer)
        return named, whole

    @memo
    def _calls_in(self, importer: str) -> dict[_Target, list[CallElsewhere]]:
        """The calls that a file makes of functions in other files of the project; none if it can't be read."""
        read = self._read(importer)
        if read is None:
            return {}
        program, places = read
        found: dict[_Target, list[CallElsewhere]] = defaultdict(list)
        for call in program.outline.calls:
            target = self._target(program, call, importer)
            if target is not None and target.file != importer and not program.graph.is_demonstration(call):
                around = program.tables.function_around(call.part)
                repeats = program.graph.repeats(call) or program.graph.is_helper(around)
                found[target].append(CallElsewhere(importer, places.sites[call.tick].lineno, repeats))
        return found

    def program(self, file: str) -> Program | None:
        """A file by itself; None if it can't be read."""
        read = self._read(file)
        return read[0] if read is not None else None

    def _read(self, file: str) -> tuple[Program, Places] | None:
        """A file and the places of what is in it; None if it can't be read, which is told where it is checked."""
        try:
            text = decode(self.imports.read(file)).text
            outline, places = read_ast(parse_ast(text), text)
        except (SourceError, UnreadableError, RecursionError):
            return None
        return Program(outline, Around(_InPackage(), file)), places

    def _target(self, program: Program, call: o.CallSite, importer: str) -> _Target | None:
        """The function of the project that a call calls, or runs as it is handed it: `pool.map(fetch, items)`."""
        func = call.value.func
        if last_name(func) in TAKING and call.value.args:
            func = call.value.args[0].value
        path = program.path_of_callee(func, call.scope)
        return self._function(path, importer) if path is not None else None

    def _function(self, path: str, importer: str) -> _Target | None:
        """The function of the project that a path names in a file."""
        for _ in range(_MOST_PACKAGES):
            found = self.imports.find(path, importer)
            if found is None or not found[1]:
                return None
            file, (name, *inner) = found
            again = self._imported_again(file, name)
            if again is None:
                return _Target(file, ".".join((name, *inner)))
            path, importer = ".".join((again, *inner)), file
        return None

    def _imported_again(self, package: str, name: str) -> str | None:
        """The path of a name that a package takes from a module: `.api.fetch` by `from .api import fetch`."""
        for dots, path, names, _ in statements(self.imports.read(package)) if is_package(package) else ():
            if names is not None and name in names:
                return "." * dots + ".".join((*path, name))
        return None
