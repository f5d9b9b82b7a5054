"""The names by which what waits is used in other files of a program: `throttle()`, `for page in slow(pages)`.

They are told by themselves, whatever has them: a method of a base in another file, a property, what a package imports
again.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter

from sessionize.analysis.closure import closure
from sessionize.analysis.memo import memo
from sessionize.library.surroundings import Delaying
from sessionize.library.waits import COMMANDS, OTHER, RETRYING, SHORT, SLEEP, WAITING, is_long
from sessionize.project.imports import Imports
from sessionize.syntax.parse import UnreadableError, parse_ast

_WAITING = re.compile(
    rb"\bsleep\b|\b(?:wait|input|acquire|select|system|popen)\(|\b(?:subprocess|tenacity|backoff|retrying|ratelimit)\b"
)
_CLASS = re.compile(rb"^class\s+(\w+)", re.MULTILINE)
_COMMANDS = frozenset(path.rpartition(".")[2] for path in COMMANDS)
_LEAVING = frozenset(("staticmethod", "classmethod"))  # decorators that leave a function as it is
# Methods of dicts, lists and texts: what has such a name is mostly one of these.
_OF_CONTAINERS = frozenset(("get", "copy", "items", "keys", "values", "pop", "append", "extend", "sort", "index")) | {
    *("count", "join", "split", "strip", "format", "replace", "encode", "decode", "read", "write", "")
}
_OTHER_NAMES = frozenset(("run", "call", "pause"))  # of commands, which much else is called, too


@dataclass(frozen=True, eq=False)
class _Part:
    """A function, a method, or another statement of a module or class.

    names: by which others use it: its own, that of its class for `__enter__`, those that a statement binds.
    held: those of the names it uses that it does not call.
    unseen: whether it waits when no name of it is called: a generator, a property, what a decorator gives.
    """

    names: frozenset[str]
    uses: frozenset[str]
    held: frozenset[str] = frozenset()
    waits: frozenset[str] = frozenset()
    unseen: bool = False
    is_function: bool = False


class Delays:
    def __init__(self, imports: Imports) -> None:
        self.imports = imports

    @memo
    def beside(self, file: str) -> Delaying:
        """The names that lead to waits in the files that a file needs, and in those with classes derived from its own.

        Of these files those are read that wait, and those that have a name which leads to a `sleep`; or, if the file
        imports them itself, to another wait.
        """
        others = (self.imports.needed_by(file) | self._deriving(file)) & self.imports.program(file) - {file}
        direct = {module for module, _ in self.imports.imported(file)}
        reading, more = set[str](), set(filter(self._may_wait, others))
        found = Delaying()
        while not more <= reading:
            reading |= more
            found = _delaying([part for other in sorted(reading) for part in self._parts(other)])
            more = self._naming(others, found.sleep) | self._naming(others & direct, found.other)
        return found

    def _naming(self, files: Iterable[str], names: Iterable[str]) -> set[str]:
        """The files that have one of some names."""
        words = list(map(str.encode, names))
        return {file for file in files if any(map(self.imports.read(file).__contains__, words))}

    def _deriving(self, file: str) -> set[str]:
        """The files that import a file, and have a class with a base that is named like one of its own."""
        own = _CLASS.findall(self.imports.read(file))
        base = re.compile(rb"^[ \t]*class\s[^:]{0,500}\b(?:%s)\b" % b"|".join(own), re.MULTILINE)
        importers = self.imports.direct_importers(file) if own else ()
        return {each for each in importers if base.search(self.imports.read(each))}

    @memo
    def _may_wait(self, file: str) -> bool:
        return _WAITING.search(self.imports.read(file)) is not None

    @memo
    def _parts(self, file: str) -> list[_Part]:
        """The parts of a file; none of one that can't be read, which does not run either."""
        with suppress(UnreadableError, RecursionError):
            return list(_parts_of(parse_ast(self.imports.read(file)).body))
        return []


def _delaying(parts: Sequence[_Part]) -> Delaying:
    """The names that lead to waits in some parts."""
    using: dict[str, set[str]] = defaultdict(set)
    lasting: dict[str, set[str]] = defaultdict(set)  # by what is no function: `pages = slow(3)`
    holding: dict[str, set[str]] = defaultdict(set)  # `STEPS = {"nap": nap}`
    for part in parts:
        for name in part.uses:
            using[name] |= part.names
        for name in () if part.is_function else part.uses:
            lasting[name] |= part.names
        for name in () if part.is_function else part.held:
            holding[name] |= part.names
    sleep, short, other = (closure(_waiting(parts, kind), using.__getitem__) for kind in (SLEEP, SHORT, OTHER))
    first = _waiting(filter(attrgetter("unseen"), parts), SLEEP)
    unseen = closure(first.union(*map(holding.__getitem__, sleep)), lasting.__getitem__)
    return Delaying(*(frozenset(names - _OF_CONTAINERS) for names in (sleep, short, other, unseen)))


def _waiting(parts: Iterable[_Part], kind: str) -> set[str]:
    """The names of those parts that wait themselves."""
    return set[str]().union(*(part.names for part in parts if kind in part.waits))


def _parts_of(body: list[ast.stmt], cls: str = "") -> Iterator[_Part]:
    """The parts of a module, or of a class."""
    for statement in body:
        nodes = list(ast.walk(statement))
        uses = frozenset(map(_used, nodes)) - _OF_CONTAINERS
        held = frozenset(map(_used, set(nodes) - set(map(_inner, nodes))))
        waits = frozenset(map(_wait, nodes)) - {""} | ({SLEEP} if "sleep" in held else set())
        lazy = any(isinstance(node, ast.Lambda) for node in nodes)
        match statement:
            case ast.ClassDef(name=name):
                yield from _parts_of(statement.body, name)
                yield _Part(frozenset((name,)), frozenset(map(_used, statement.bases)))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                special = cls != "" and name.startswith("__")
                decorators = set(map(_last, statement.decorator_list)) - _LEAVING
                waits |= {SLEEP} if decorators & RETRYING else set()
                pausing = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in nodes)
                nesting = sum(isinstance(node, ast.FunctionDef) for node in nodes) > 1
                unseen = lazy or pausing or nesting or decorators != set() or (special and name != "__init__")
                names = frozenset((cls if special else name,))
                yield _Part(names, uses, held, waits, unseen, is_function=True)
            case ast.Import() | ast.ImportFrom():
                for alias in statement.names:
                    if alias.asname:
                        yield _Part(frozenset((alias.asname,)), frozenset((_end(alias.name),)))
            case ast.If() | ast.Try() | ast.While() | ast.For() | ast.With():
                for block in (statement, *getattr(statement, "handlers", ())):
                    for name in ("body", "orelse", "finalbody"):
                        yield from _parts_of(getattr(block, name, []), cls)
            case _:
                yield _Part(frozenset(_bound(nodes)), uses, held, waits, "sleep" in held, is_function=lazy)


def _inner(node: ast.AST) -> ast.AST | None:
    """The node that another calls, or takes an attribute of."""
    match node:
        case ast.Call(func=inner) | ast.Attribute(value=inner):
            return inner
    return None


def _bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name):
                yield name


def _used(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
            return name
    return ""


def _wait(node: ast.AST) -> str:
    """The kind of a wait; empty for anything else."""
    match node:
        case ast.Call(func=func, args=args, keywords=keywords):
            named, given = _last(func), [*args, *(keyword.value for keyword in keywords)]
            if named == "sleep":
                return _kind(given, SLEEP)
            if named in ("wait", "select"):
                return _kind(given, SLEEP if given and is_long(_last(given[-1])) else OTHER)
            owner = func.value.id if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) else ""
            command = named in _COMMANDS - _OTHER_NAMES or f"{owner}.{named}" in COMMANDS
            return OTHER if command or named in WAITING else ""
    return ""


def _kind(given: list[ast.expr], unknown: str) -> str:
    """The kind of a wait by its length: `sleep(5)`."""
    match given[-1:]:
        case [ast.Constant(value=int() | float() as seconds)]:
            return (SLEEP if seconds > 1 else SHORT) if seconds else ""
    return unknown


def _last(func: ast.expr) -> str:
    func = func.func if isinstance(func, ast.Call) else func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _end(path: str) -> str:
    return path.rpartition(".")[2]
