"""The names that files of a project set in other modules, and on objects that others made: `client.TOKEN = x`.

They are read by their text alone. A name counts whatever it is set on, as that may be the module or the object in
question: how that could get there need not be known.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from itertools import chain
from pathlib import PurePath

from sessionize.analysis.memo import memo
from sessionize.files.paths import NOTEBOOK
from sessionize.project.imports import Imports, may_reach_any
from sessionize.syntax.parse import UnreadableError, parse_ast

_ANY = "*"
_KEPT = "&"
# Methods that change the dict they are called on: `client.HEADERS.update(x)`.
_CHANGING = frozenset({"update", "setdefault", "pop", "popitem", "clear", "__setitem__", "__delitem__", "__ior__"})
# What takes the names it sets as keywords, or as keys: `vars(client).update(token=x)`, `mock.patch.dict(...)`.
_BY_KEY = frozenset({"update", "dict", "multiple"})
# What takes a text that is a name, or its path, and sets nothing.
_READING = frozenset(("get", "getenv", "getattr", "hasattr", "print", "pop", "add_argument", "getLogger"))
# What may set any name.
_SETTING = frozenset({"setattr", "delattr"})
_ANYTHING = frozenset({"exec", "eval", "globals", "vars", *_SETTING})
_ANY_ATTRIBUTE = frozenset({"__dict__", "__setattr__", "__delattr__", "__globals__", "f_globals"})
_BASES = re.compile(rb"\bclass\s+\w+\s*\(([^)]*)\)")
# Names of answers and requests, whose headers are their own.
_ANSWERS = frozenset(
    ("response", "resp", "res", "rsp", "r", "reply", "answer", "result", "request", "req", "error", "e")
)
_SHOWN_BY = re.compile(rb"\bdef\s+__(?:str|repr|format)__")
_PATH = re.compile(r"[\w.:]*\w")


class Changes:
    def __init__(self, imports: Imports) -> None:
        self.imports = imports
        self._known: dict[str, set[str]] | None = None

    @memo
    def may_set(self, file: str, name: str) -> bool:
        """Tell whether another file that names a file's module, or may reach any, may set a name of it.

        One that imports the module may set any by `setattr(client, name, x)`.
        """
        reaching = {PurePath(file).stem, _ANY}
        others = self._setting(name) - {file}
        return not all(reaching.isdisjoint(self._reached(other)) for other in others)

    @memo
    def may_set_attribute(self, file: str, name: str, *, inside: bool = False) -> bool:
        """Tell whether another file may set an attribute of a file's objects, or has a class with one of its own.

        One of the same program may set any by `setattr(client, name, x)`. inside: or may change a dict that it is
        bound to, under another name: `headers = client.headers`.
        """
        others = self._setting(name) | (self._setting(_KEPT + name) if inside else set())
        return bool(others - {file}) or not self.imports.program(file).isdisjoint(self._setting(_ANY) - {file})

    @memo
    def is_shown_by_code(self, file: str) -> bool:
        """Tell whether a class says how its objects are put in a text, where a file's program has it: by `__str__`."""
        return any(_SHOWN_BY.search(self.imports.read(each)) for each in self.imports.program(file))

    def read(self) -> None:
        """Reads all files at once, for the sake of workers that see none."""
        known: dict[str, set[str]] = defaultdict(set)
        for file in self.imports.files:
            for name in self._names(file):
                known[name].add(file)
            self._reached(file)
        self._known = known

    @memo
    def _setting(self, name: str) -> set[str]:
        """The files that may set a name."""
        if self._known is not None:
            return self._known.get(name, set())
        word = re.escape(name.removeprefix(_KEPT).encode())
        may_set = re.compile(rb"\.\s*%s\b|[\"'.:]%s\\?[\"']|\b%s\s*[=:]|\bdef\s+%s\b" % (word, word, word, word))
        if name == _ANY:
            may_set = re.compile(rb"\b(?:%s)\b" % "|".join(_ANYTHING | _ANY_ATTRIBUTE).encode())
        return {f for f in self.imports.files if may_set.search(self.imports.read(f)) and name in self._names(f)}

    @memo
    def _reached(self, file: str) -> set[str]:
        """The modules of the project that a file names by a word, and `*` if it may reach any."""
        return self.imports.mentioned(file) | ({_ANY} if may_reach_any(self.imports.read(file)) else set())

    @cached_property
    def _bases(self) -> set[str]:
        """The words in the brackets of all classes: the names of bases among them."""
        found = chain.from_iterable(_BASES.findall(self.imports.read(file)) for file in self.imports.files)
        return {word.decode(errors="replace") for bases in found for word in re.findall(rb"\w+", bases)}

    @memo
    def _names(self, file: str) -> frozenset[str]:
        """The names that a file may set, `*` among them for any."""
        data = self.imports.read(file)
        if not file.endswith(NOTEBOOK):
            with suppress(UnreadableError):
                return frozenset(_names_set(parse_ast(data), self._bases))
        return frozenset((*map(bytes.decode, re.findall(rb"[A-Za-z_]\w*", data)), _ANY))


def _names_set(tree: ast.Module, derived: set[str]) -> Iterator[str]:
    """The names that a file may set on what others made, or gives a class of theirs: `x.token = 1`, `def token(self)`.

    What an `__init__` does to its own object does not count, nor `vars(self)` in a class that has no bases, and is none
    of the `derived` ones.
    """
    making: dict[ast.AST, str] = {}  # the nodes of each `__init__`, with the name of its object
    own: dict[ast.AST, str] = {}  # those of all methods of classes without bases
    harmless: set[ast.expr] = set()
    for node in ast.walk(tree):  # outer ones first
        match node:
            case ast.FunctionDef(name="__init__", args=ast.arguments(args=[ast.arg(arg=instance), *_])):
                making.update(dict.fromkeys(ast.walk(node), instance))
            case ast.ClassDef(name=name, bases=bases, body=body) if name not in derived and {*map(_last, bases)} <= {
                "object"
            }:
                for method in body:
                    own.update(dict.fromkeys(ast.walk(method), "self"))
            case ast.ClassDef(body=body):
                yield from {*map(_bound, body)} - {"", "__init__"}
            case ast.Attribute(value=value, attr=attr, ctx=ast.Store() | ast.Del()):
                yield from () if _is_name(value, making.get(node)) else (attr,)
            case ast.Attribute(value=value, attr=attr) if attr in _ANY_ATTRIBUTE and not _is_name(value, own.get(node)):
                yield _ANY
            case ast.Assign(value=value) | ast.NamedExpr(value=value) | ast.Return(value=value):
                yield from _kept(value)
            case ast.Subscript(value=value, slice=key, ctx=ast.Store() | ast.Del()):
                yield from _names_in_text(key)
                yield from map(_unmarked, _kept(value))
            case ast.Call(func=func, args=args):
                yield from chain.from_iterable(map(_kept, (*args, *(keyword.value for keyword in node.keywords))))
                named = any(isinstance(value, ast.Constant) for value in args[:2])  # `setattr(x, "token", 1)`
                if (named and _last(func) in _SETTING) or (args and _is_name(args[0], own.get(node))):
                    harmless.add(func)
                if _last(func) != "__init__":
                    yield from _set_by(node, _last(func))
                elif node not in making:  # of an object that is there
                    yield "__init__"
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in _ANYTHING and node not in harmless:
                yield _ANY


def _kept(value: ast.expr | None) -> Iterator[str]:
    """The attribute of which the value is then known by another name, `headers = client.headers`; marked as such."""
    match value:
        case ast.Attribute(value=ast.Name(id=owner), attr=attr) if owner not in _ANSWERS:
            yield _KEPT + attr
        case ast.Attribute(value=ast.Attribute(), attr=attr):
            yield _KEPT + attr
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(attr)), *_]):
            yield _KEPT + attr
        case ast.Subscript(value=inner):
            yield from _kept(inner)


def _unmarked(name: str) -> str:
    return name.removeprefix(_KEPT)


def _is_name(value: ast.expr, name: str | None) -> bool:
    return isinstance(value, ast.Name) and value.id == name


def _bound(statement: ast.stmt) -> str:
    """The name that a statement of a class gives to its objects: of a method, a property, a constant."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


def _set_by(call: ast.Call, name: str) -> Iterator[str]:
    """The names that a call of a function may set: `setattr(x, "token", 1)`, `mock.patch("client.TOKEN")`."""
    if name in _CHANGING and isinstance(call.func, ast.Attribute):
        yield _last(call.func.value)
    if name in _BY_KEY:
        for keyword in call.keywords:
            yield keyword.arg or _ANY
        for keys in [value.keys for value in call.args if isinstance(value, ast.Dict)]:
            yield from chain.from_iterable(map(_names_in_text, keys))
    for value in call.args if name not in _READING else ():
        yield from _names_in_text(value)


def _last(value: ast.expr) -> str:
    """The last name of a path: `token` of `client.token`; empty for anything else."""
    return value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""


def _names_in_text(value: ast.expr | None) -> Iterator[str]:
    """The last name of a text that is one, or a path: `TOKEN` of `"client.TOKEN"`."""
    match value:
        case ast.Constant(value=str(text)) if _PATH.fullmatch(text):
            yield re.split(r"[.:]", text)[-1]
