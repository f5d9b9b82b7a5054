"""The names that files of a project set in other modules, and on objects that others made: `client.TOKEN = x`.

They are read by their text alone. A name counts whatever it is set on, as that may be the module or the object in
question: how that could get there need not be known. What a class does to its own objects counts where the object may
be one: where a class of the file is derived from it, or a class from both.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from itertools import chain
from operator import attrgetter
from pathlib import PurePath
from typing import NamedTuple

from sessionize.analysis.closure import closure
from sessionize.analysis.memo import memo
from sessionize.files.paths import NOTEBOOK
from sessionize.project.imports import Imports, may_reach_any
from sessionize.syntax.parse import UnreadableError, last_name, parse_ast

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
_ANY_WORDS = tuple(map(str.encode, sorted(_ANYTHING | _ANY_ATTRIBUTE)))
_ANY_WORD = re.compile(rb"\b(?:%s)\b" % b"|".join(_ANY_WORDS))
# A class with its bases, also `type("Client", (Base,), {})`; and other names for them.
_CLASS = re.compile(rb"\b(?:class\s+|type\(\s*[\"'])(\w+)[\"'\s,]*(?:\(([^)]{0,500})\)|:)")
_ALIAS = re.compile(rb"\b(\w+)\s+as\s+(\w+)|^[ \t]*(\w+)[ \t]*=[ \t]*(?:\w+\.)*(\w+)[ \t]*\r?$", re.MULTILINE)
# Names of answers and requests, whose headers are their own.
_ANSWERS = frozenset(
    ("response", "resp", "res", "rsp", "r", "reply", "answer", "result", "request", "req", "error", "e")
)
_SHOWN_BY = re.compile(rb"\bdef\s+__(?:str|repr|format)__")
_PATH = re.compile(r"[\w.:]*\w")
_FAR = 1_000_000  # bytes: what is longer is not looked through, and may set any name that it has
_COMMON = frozenset({"object", "metaclass", "ABC", "abc", "Exception", "type"})


class Changes:
    def __init__(self, imports: Imports) -> None:
        self.imports = imports
        self._known: dict[str, set[str]] | None = None

    @memo
    def may_set(self, file: str, name: str) -> bool:
        """Tell whether another file that names a file's module, or may reach any, may set a name of it.

        It does so by the name, or by a text that may be any, and has that name as a text: `setattr(client, name, x)`.
        """
        reaching = {PurePath(file).stem, _ANY}
        others = (self._setting_by_text(name) | self._setting(name)) - {file}
        return not all(reaching.isdisjoint(self._reached(other)) for other in others)

    @memo
    def _setting_by_text(self, name: str) -> set[str]:
        """The files that may set any name, and have this one as a text, or as a keyword."""
        text = re.compile(rb"[\"']%s[\"']|\b%s\s*=" % ((re.escape(name.encode()),) * 2))
        return {file for file in self._setting(_ANY) if text.search(self.imports.read(file))}

    @memo
    def may_set_attribute(self, file: str, name: str, *, inside: bool = False) -> bool:
        """Tell whether another file may set an attribute of a file's objects, or has a class with one of its own.

        One of the same program may set any by `setattr(client, name, x)`. inside: or may change a dict that it is
        bound to, under another name: `headers = client.headers`.
        """
        if not self.imports.program(file).isdisjoint(self._setting(_ANY) - {file}):
            return True
        names = [name, _KEPT + name] if inside else [name]
        own = [f"{cls}.{each}" for cls in self._related(file) for each in (*names, _ANY)]
        return any(self._setting(each) - {file} for each in (*names, *own))

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
            self._related(file)
        self._known = known

    def _setting(self, name: str) -> set[str]:
        """The files that may set a name; of a class, `Client.token`, on its own objects."""
        if self._known is not None:
            return self._known.get(name, set())
        return self._setting_last(name.rpartition(".")[2]).get(name, set())

    @memo
    def _setting_last(self, attr: str) -> dict[str, set[str]]:
        """The files that may set each of the names that end in one: `token`, `Client.token`."""
        last = attr.removeprefix(_KEPT).encode()
        word = re.escape(last)
        sets = re.compile(rb"\.\s*%s\b|[\"'.:]%s\\?[\"']|\b%s\s*[=:]|\bdef\s+%s\b" % (word, word, word, word))
        found: dict[str, set[str]] = defaultdict(set)
        for file in self.imports.files:
            data = self.imports.read(file)
            if attr == _ANY:
                may_set = any(each in data for each in _ANY_WORDS) and _ANY_WORD.search(data) is not None
            else:
                may_set = last in data and sets.search(data) is not None
            for name in self._names(file) if may_set else ():
                if name.rpartition(".")[2] == attr:
                    found[name].add(file)
        return found

    @memo
    def _reached(self, file: str) -> set[str]:
        """The modules of the project that a file names by a word, and `*` if it may reach any."""
        return self.imports.mentioned(file) | ({_ANY} if may_reach_any(self.imports.read(file)) else set())

    @memo
    def _related(self, file: str) -> set[str]:
        """The names of the classes whose methods the objects of a file's classes may have."""
        own = (cls for cls, _ in _classes(self.imports.read(file)))
        return closure(own, self._neighbours.__getitem__)

    @cached_property
    def _neighbours(self) -> dict[str, set[str]]:
        """The words in the brackets of each class of the project, and the classes in whose brackets each stands."""
        neighbours: dict[str, set[str]] = defaultdict(set)
        for cls, bases in chain.from_iterable(_classes(self.imports.read(file)) for file in self.imports.files):
            neighbours[cls] |= bases
            for base in bases:
                neighbours[base].add(cls)
        return neighbours

    @memo
    def _names(self, file: str) -> frozenset[str]:
        """The names that a file may set, `*` among them for any."""
        data = self.imports.read(file)
        if not file.endswith(NOTEBOOK) and len(data) < _FAR:
            with suppress(UnreadableError):
                return frozenset(_names_set(parse_ast(data)))
        return frozenset((*map(bytes.decode, re.findall(rb"[A-Za-z_]\w*", data)), _ANY))


class _Own(NamedTuple):
    """A method: its class, the name of its object, and whether it makes that, `__init__`."""

    cls: str = ""
    instance: str = ""
    makes: bool = False

    def named(self, owner: ast.expr, attr: str) -> str:
        """The attribute of an expression: `Client.token` for `self.token` in one of its methods."""
        own = isinstance(owner, ast.Name) and owner.id == self.instance
        return f"{self.cls}.{attr}" if own else attr


def _names_set(tree: ast.Module) -> Iterator[str]:
    """The names that a file may set on what others made, or on objects of its classes: `x.token = 1`, `Client.token`.

    What an `__init__` does to its own object does not count.
    """
    methods: dict[ast.AST, _Own] = {}
    harmless: set[ast.expr] = set()
    for node in ast.walk(tree):  # outer ones first
        own = methods.get(node, _Own())
        match node:
            case ast.ClassDef(name=name, body=body):
                for statement in body:
                    if (bound := _bound(statement)) not in ("", "__init__"):
                        yield f"{name}.{bound}"
                    methods.update(dict.fromkeys(ast.walk(statement), _own(name, statement)))
            case ast.Attribute(value=value, attr=attr, ctx=ast.Store() | ast.Del()):
                named = own.named(value, attr)
                yield from () if own.makes and named != attr else (named,)
            case ast.Attribute(value=value, attr=attr) if attr in _ANY_ATTRIBUTE:
                yield own.named(value, _ANY)
            case ast.Assign(value=value) | ast.NamedExpr(value=value) | ast.Return(value=value):
                yield from _kept(value, own)
            case ast.Subscript(value=value, slice=key, ctx=ast.Store() | ast.Del()):
                yield from _names_in_text(key)
                yield from (name.replace(_KEPT, "") for name in _kept(value, own))
            case ast.Call(func=func, args=args):
                for value in chain(args, map(attrgetter("value"), node.keywords)):
                    yield from _kept(value, own)
                given = any(isinstance(value, ast.Constant) for value in args[:2])  # `setattr(x, "token", 1)`
                if given and last_name(func) in _SETTING:
                    harmless.add(func)
                elif last_name(func) in _ANYTHING and args and (whose := own.named(args[0], _ANY)) != _ANY:
                    harmless.add(func)  # but for objects of the class: `vars(self)`
                    yield whose
                if last_name(func) != "__init__":
                    yield from _set_by(node, last_name(func))
                elif not own.makes:  # of an object that is there
                    yield "__init__"
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in _ANYTHING and node not in harmless:
                yield _ANY


def _classes(data: bytes) -> Iterator[tuple[str, set[str]]]:
    """The classes of a file, each with the words in its brackets: the names of its bases among them."""
    found = _CLASS.findall(data)
    called: dict[bytes, set[bytes]] = defaultdict(set)
    for name, alias, other, named in _ALIAS.findall(data) if found else ():
        called[alias or other].add(name or named)
    for name, bases in found:
        words = closure(re.findall(rb"\w+", bases), called.__getitem__)
        yield name.decode(errors="replace"), {w.decode(errors="replace") for w in words} - _COMMON


def _own(cls: str, statement: ast.stmt) -> _Own:
    """The method that a statement of a class is; none of what gets any object, as a `staticmethod` does."""
    match statement:
        case ast.FunctionDef(name=name, args=args) if "staticmethod" not in map(last_name, statement.decorator_list):
            instance = [*args.posonlyargs, *args.args][:1]
            return _Own(cls, instance[0].arg, name == "__init__") if instance else _Own()
    return _Own()


def _bound(statement: ast.stmt) -> str:
    """The name that a statement of a class gives to its objects: of a method, a property, a constant."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


def _kept(value: ast.expr | None, own: _Own) -> Iterator[str]:
    """The attribute of which the value is then known by another name, `headers = client.headers`; marked as such."""
    match value:
        case ast.Attribute(value=ast.Name(id=owner) as inner, attr=attr) if owner not in _ANSWERS:
            yield own.named(inner, _KEPT + attr)
        case ast.Attribute(value=ast.Attribute(), attr=attr):
            yield _KEPT + attr
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(attr)), *_]):
            yield _KEPT + attr
        case ast.Subscript(value=inner):
            yield from _kept(inner, own)


def _set_by(call: ast.Call, name: str) -> Iterator[str]:
    """The names that a call of a function may set: `setattr(x, "token", 1)`, `mock.patch("client.TOKEN")`."""
    if name in _CHANGING and isinstance(call.func, ast.Attribute):
        yield last_name(call.func.value)
    if name in _BY_KEY:
        for keyword in call.keywords:
            yield keyword.arg or _ANY
        for keys in [value.keys for value in call.args if isinstance(value, ast.Dict)]:
            yield from chain.from_iterable(map(_names_in_text, keys))
    for value in call.args if name not in _READING else ():
        yield from _names_in_text(value)


def _names_in_text(value: ast.expr | None) -> Iterator[str]:
    """The last name of a text that is one, or a path: `TOKEN` of `"client.TOKEN"`."""
    match value:
        case ast.Constant(value=str(text)) if _PATH.fullmatch(text):
            yield re.split(r"[.:]", text)[-1]
