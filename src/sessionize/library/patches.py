"""Patches: the things that tests replace by name, and the calls that a fix would take out of their reach.

A test says `mock.patch("requests.get")`, and the code under it must go on calling `requests.get`: a session's method is
another function, and the test would reach the network without a word. Tests are read with `ast`, by their text alone.
What is not known is taken for what it could be: a patch too many makes a fix unsafe, one too few would make it wrong.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import PurePath
from typing import NamedTuple

from sessionize.files.paths import real_path
from sessionize.profiles.requests import FUNCTIONS, VERBS
from sessionize.syntax.parse import UnreadableError, last_name, parse_ast

# The cheap look: what a file with a patch holds.
_PATCHING = (b"patch", b"Patch", b"setattr", b"delattr", b"spy", b"Stub", b"flexmock", b"when(", b"sys.modules")
_ASSIGNING = re.compile(rb"requests[\w.]*\s*=[^=]")
# What may give requests, or a part of it, another name, or hand it on.
_HANDED = re.compile(
    rb"\brequests(?:\.\w+)*\s+as\b|\bfrom\s+requests\s+import\b[^#]{0,200}?\b(?:api|sessions|Session|utils|adapters)\b|[(,=]\s*requests\s*[,)\n]"
    rb"|(?:\(|\[)\s*[\"']requests[\"']|requests\.__dict__|(?:for|as)\s+requests\.\w|requests\.[\w.]{1,40}\s*,[^\n=]{0,200}="
)
# A line in which `requests` is the module, or the name of one, and not a word of a comment.
_NAMED = re.compile(
    rb"(?:^|[;:\r\f])[ \t]*(?:import|from)\b.*\brequests|(?:^|[\r\f])[ \t]*requests[ \t]*(?:[,)\\#\r]|as\b|$)"
    rb"|[(=.\"'][ \t]*requests|requests[\"']|requests\s*\.\S|requests\s+\.|requests\s*="
)
# What follows such a name where something may be put in its place: a text ends, or a keyword or an argument does.
_PATCHED = re.compile(rb"[\"']|\s*(?:=[^=]|[,)\]}])")
_STORED = re.compile(rb"\s*=[^=]")
_UNPACKED = re.compile(rb"\s*[,:)\]][^\n=]*=[^=]")
_DELETED = re.compile(rb"\bdel\b")
_RENAMED = re.compile(rb"\b(?:requests[\w.]*|%s)[\s\\]+as[\s\\]+(\w+)" % "|".join(sorted(FUNCTIONS)).encode())

# What takes a dotted path, or an object and a name, by the last name of the callee: of mock, pytest-mock, pytest,
# testtools, mox.
_BY_NAME = frozenset(
    (
        *("patch", "object", "multiple", "setattr", "delattr", "spy", "stub", "MonkeyPatch", "MockPatch"),
        *("MockPatchObject", "StubOutWithMock"),
    )
)
# Of wrapt; these take a module and a path in it: `patch_function_wrapper("requests", "api.get")`.
_WRAPPING = frozenset(("wrap_function_wrapper", "patch_function_wrapper", "wrap_object"))
_BY_OBJECT = frozenset({"flexmock", "when", "when2", "expect"})  # of flexmock, mockito: `when(requests).get(...)`
# A fixture that stays for tests of other files.
_FOR_ALL = re.compile(rb"scope\s*=\s*[\"'](?:session|package)|session_mocker|package_mocker")
_UNKNOWN = "?"
_MANY = 20
_DICTS = (".__dict__", "sys.modules")
_UPDATING = frozenset({"update", "setdefault", "__setitem__"})
# Requests, a module of it, or its class of sessions.
_LIBRARY = re.compile(r"(.*\.)?requests(\.(api|sessions|adapters|models))?(\.Session)?")
# What may be handed requests, and does not change it.
_LOOKING = frozenset(
    ("getattr", "hasattr", "isinstance", "print", "dir", "vars", "id", "repr", "str", "type", "reload")
)
# A text that may become the target of a patch, wherever it stands: `"client.requests.get"`.
_TARGET = re.compile(rf"(\w+\.)*requests\.(api\.)?({'|'.join(sorted(FUNCTIONS))}|sessions(\.\w+)*)|(\w+\.)+requests")
_QUOTED = re.compile(rb"[\"'](?:\w+\.)*(?:\w\.requests[\"']|requests\.\w)")

# The methods of a session that a bare call does not go through: what replaces `Session.get` reaches no `requests.get`.
_VERBS = frozenset(VERBS) - {"request"}
# The methods that a bare call and one on a session both go through: what replaces them reaches either.
_BEHIND = frozenset(
    (
        *("request", "send", "prepare_request", "get_adapter", "merge_environment_settings", "resolve_redirects"),
        *("get_redirect_target", "should_strip_auth", "rebuild_auth", "rebuild_proxies", "rebuild_method"),
    )
)


class Patch(NamedTuple):
    """One place where something is replaced: `target`, a dotted path in which `?` stands for what is not known.

    file: as it is shown; deleted: whether it is taken away instead, so that a call fails; stuck: why it can't move
    along with the calls, where that was tried; stays: whether it stays when its test is over, `requests.get = fake`.
    """

    file: str
    row: int
    target: str
    deleted: bool = False
    stuck: str = ""
    stays: bool = False

    @property
    def function(self) -> str:
        """The last name of the target: of what is replaced, where it is one function."""
        return self.target.rpartition(".")[2]

    @property
    def catches_sessions(self) -> bool:
        """True if calls on a session meet it, and bare calls don't: `requests.Session.post`."""
        parts = self.target.split(".")
        return "Session" in parts and parts[-2:] != ["sessions", "Session"]

    @property
    def obstacle(self) -> str:
        """The reason why it can't move along with the calls; empty if nothing is known against it."""
        *_, package, name = ["", *self.target.split(".")]
        if package == "requests" and name == "request":
            return (
                "`Session.request` is behind every method of a session, so a patch of it would reach more than before"
            )
        if package != "requests" or name not in _VERBS or _UNKNOWN in self.target or self.deleted:
            return "it does not replace one function of requests"
        return self.stuck

    def reaches(self, module: Sequence[str], shown: str, verb: str) -> bool:
        """Tell whether it changes what a bare call does, or what the call would do on a session.

        module: the parts of the path of the call's file; shown: the callee as it stands there.
        """
        parts = self.target.split(".")
        for end, part in enumerate(parts, 1):
            if part == "requests" and self._replaces(parts[end:], shown, verb):
                return True
        names = shown.split(".")
        for count in range(1, len(names) + 1):
            if parts[-count:] == names[:count] and is_module(parts[:-count], module):
                return True
        return self.replaces_session(module)

    def replaces_session(self, module: Sequence[str]) -> bool:
        """Tell whether it replaces the class of sessions, for all or for that module."""
        parts = self.target.split(".")
        named = parts[-1] == "Session" or (parts[-1] == "session" and _UNKNOWN not in parts)
        return (named and is_module(parts[:-1], module)) or parts[-2:] in (
            ["requests", "Session"],
            ["requests", "session"],
            ["sessions", "Session"],
        )

    def _replaces(self, path: Sequence[str], shown: str, verb: str) -> bool:
        """Tell whether replacing `requests.<path>` matters to the calls of `verb`, in whatever module they are.

        `requests.get` is one attribute of one module, by whatever way it is named; `requests.api.get` is another. They
        call `requests.api.request`, which makes a `requests.sessions.Session`; a fix makes a `requests.Session`.
        """
        if tuple(path) in {(verb,), (_UNKNOWN,)} or (list(path) == ["api", verb] and shown != f"requests.{verb}"):
            return True
        if self.deleted:
            return False
        match path:
            case ["api", "request"]:
                return verb != "request"
            case ["api", "sessions" | "?"] | ["sessions" | "utils", _] | [*_, "sessions", "Session"]:
                return True
            case ["adapters", "HTTPAdapter", "__init__" | "close"]:
                return True
            case ["Session", name] | ["sessions", "Session", name] | ["api", "sessions", "Session", name]:
                return name == verb if name in _VERBS else name not in _BEHIND
        return False

    def __str__(self) -> str:
        return f"{self.file}:{self.row}"


def module_of(filename: str) -> tuple[str, ...]:
    """The parts of the dotted path by which a file may be imported, and of the folders around it."""
    parts = PurePath(real_path(filename)).with_suffix("").parts
    return parts[:-1] if parts[-1:] == ("__init__",) else parts


def is_module(path: Sequence[str], module: Sequence[str]) -> bool:
    """Tell whether a dotted path names a module, as far as it is known; tests may be told of any folder above it."""
    known = list(path)
    while _UNKNOWN in known or "__main__" in known:
        del known[0]
    if list(path) == ["sys", "modules"]:
        return True
    return bool(path) and list(module[len(module) - len(known) :]) == known


def find(file: str, source: bytes | str, names: frozenset[str] = FUNCTIONS) -> tuple[Patch, ...]:
    """The patches in a file. A file that is not Python has none.

    file: its name in reports. names: what the calls are known by, other than `requests`. A file that has none of these
    names where they could be replaced is not parsed.
    """
    data = source.encode("utf-8", "replace") if isinstance(source, str) else source
    if not (names or b"requests" in data):
        return ()
    patching = any(word in data for word in _PATCHING) or bool(_ASSIGNING.search(data))
    named = patching and any(b"requests" in line and _NAMED.search(line) for line in data.split(b"\n"))
    if (
        not named
        and not _HANDED.search(data)
        and not _QUOTED.search(data)
        and not any(_may_replace(data, name, patching=patching) for name in sorted(names))
    ):
        return ()
    try:
        tree = parse_ast(source)
    except UnreadableError:
        return ()
    found = sorted({patch for _, patch in Reader(file, tree).sites()})
    started = b".start()" in data and not (b"stop" in data or b"addCleanup" in data)  # and never undone
    for_all = started or _FOR_ALL.search(data) is not None
    return tuple(patch._replace(stays=patch.stays or for_all) for patch in found)


def names_elsewhere(data: bytes) -> frozenset[str]:
    """At least the names other than `requests` that a file calls requests by, without parsing it."""
    return FUNCTIONS.union(name.decode(errors="ignore") for name in _RENAMED.findall(data))


def _may_replace(data: bytes, name: str, *, patching: bool) -> bool:
    """Tell whether a name may end the text, keyword or argument of a patch, or is an attribute that is set."""
    word = re.escape(name.encode())
    for found in re.finditer(rb"%s(?<!\w%s)(?![\w(])(?:\.\w+)*" % (word, word), data):  # quick, as it begins plainly
        start, end = found.span()
        if patching and _PATCHED.match(data, end):
            return True
        before = data[data.rfind(b"\n", 0, start) + 1 : start]
        unpacked = b"=" not in before and _UNPACKED.match(data, end)
        if before.endswith(b".") and (unpacked or _STORED.match(data, end) or _DELETED.search(before)):
            return True
    return False


class Reader:
    """The patches in one file's tree."""

    def __init__(self, file: str, tree: ast.Module) -> None:
        self.file = file
        self.nodes = list(ast.walk(tree))
        paths: dict[str, dict[str, None]] = defaultdict(dict)  # of imported names
        self.texts: dict[str, str] = {}  # of names bound to strings; `?` for several
        bound: list[tuple[ast.expr, ast.expr]] = []
        for node in self.nodes:
            match node:
                case ast.Import(names=names):
                    for alias in names:
                        path = alias.name if alias.asname else alias.name.partition(".")[0]
                        paths[alias.asname or path][path] = None
                case ast.ImportFrom(module=module, names=names):
                    for alias in names:
                        path = f"{module}.{alias.name}" if module else alias.name
                        paths[alias.asname or alias.name][path] = None
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if self.is_text(value):
                    self.texts[name] = _UNKNOWN if name in self.texts else self.text(value)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(attr=attr)) if attr in _BY_NAME:
                    paths[name][f"{_UNKNOWN}.{attr}"] = None  # `replace = mock.patch.object`
                case ast.Assign(
                    targets=[target], value=ast.Name() | ast.Attribute() | ast.Subscript() | ast.Call() as value
                ):
                    bound.append((target, value))
        self.paths: dict[str, list[str]] = {}
        for name, found in paths.items():
            self.paths[name] = list(found)
            if len(found) > _MANY:  # each test imports another module's
                ends = dict.fromkeys(path.rpartition(".")[2] for path in found)
                self.paths[name] = [f"{_UNKNOWN}.{end}" for end in ends]
        self.attributes: dict[str, list[str]] = {}  # paths, by names of attributes
        for target, value in bound:  # `library = sys.modules["requests"]`, `self.http = requests`
            if parts := [path for path in self.path(value) if _LIBRARY.fullmatch(path)]:
                self.attributes[last_name(target)] = parts
                if isinstance(target, ast.Name):  # `self.library` too, where a class has it
                    self.paths[target.id] = parts

    def sites(self) -> Iterator[tuple[ast.expr, Patch]]:
        """Each patch with the call that makes it, with what is assigned to, or with a text that may be its target."""
        known = set()
        for node in self.nodes:
            match node:
                case ast.Call():
                    deleted = self.called(node.func) == "delattr"
                    for target in self.of_call(node):
                        known.add(target)
                        yield node, Patch(self.file, node.lineno, target, deleted)
                case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                    for target in self.of_target(node):
                        yield node, Patch(self.file, node.lineno, target, isinstance(node.ctx, ast.Del), stays=True)
        for node in self.nodes:
            match node:
                case ast.Constant(value=str(text)) if text not in known and _TARGET.fullmatch(text):
                    yield node, Patch(self.file, node.lineno, text)

    def of_target(self, target: ast.Attribute | ast.Subscript) -> list[str]:
        """The targets of `requests.get = fake`, `sys.modules["requests"] = fake`, `requests.__dict__["get"] = fake`."""
        if isinstance(target, ast.Attribute):
            # Unlike `requests.get = fake`, `self.requests = []` replaces nothing.
            paths = [f"{path}.{target.attr}" for path in self.path(target.value)]
            paths = [path for path in paths if path[0] != _UNKNOWN or ".requests." in path]
            return [path.removesuffix(".__code__") for path in paths]
        return [f"{path}.{self.text(target.slice)}" for path in self.owners(self.path(target.value))]

    def of_call(self, call: ast.Call) -> Iterator[str]:
        """The targets of a call that replaces something."""
        name = self.called(call.func)
        options = {keyword.arg: keyword.value for keyword in call.keywords}
        subject = call.args[0] if call.args else options.get("target")
        if name in _UPDATING and isinstance(call.func, ast.Attribute):  # `vars(requests).update(get=fake)`
            for path, inner in product(self.owners(self.path(call.func.value)), self.keys(call, call.args[:1])):
                yield f"{path}.{inner}"
        if subject is None:
            return
        paths = self.whole(subject)
        names: Iterable[str] = ()  # of what is replaced in these
        if name in ("dict", "setitem", "delitem"):
            paths, names = self.owners(paths), self.keys(call, call.args[1:2])
        elif name in _BY_OBJECT:
            paths, names = [path for path in paths if path.rpartition(".")[2] == "requests"], [_UNKNOWN]
        elif name in _BY_NAME | _WRAPPING and self.path(call.func) != ["requests.patch"]:
            attribute = call.args[1] if len(call.args) > 1 else options.get("attribute", options.get("name"))
            if name == "multiple":
                names = [option or _UNKNOWN for option in options]
            elif self.is_text(subject) and name not in _WRAPPING:
                yield from paths
            elif attribute is not None:
                names = [self.text(attribute)]
        else:
            yield from self.of_helper(call)
        for path, inner in product(paths, names):
            yield f"{path}.{inner}"

    def of_helper(self, call: ast.Call) -> Iterator[str]:
        """The targets of a call that hands requests on to be changed: `count_calls(requests, "get")`."""
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if last_name(call.func) not in _LOOKING and any(self.path(value) == ["requests"] for value in given):
            for value in given:
                if self.is_text(value):
                    yield f"requests.{self.text(value)}"
                elif last_name(value) in _BY_NAME:  # `partial(patch.object, requests)`
                    yield f"requests.{_UNKNOWN}"

    def owners(self, paths: Iterable[str]) -> list[str]:
        """The modules and classes whose variables are in some dicts: `requests` of `requests.__dict__`."""
        owners = [path.removesuffix(".__dict__") for path in paths if path.endswith(_DICTS)]
        return owners + [_UNKNOWN for path in paths if path.endswith(".__globals__")]

    def called(self, func: ast.expr) -> str:
        """The last name of what is called: `patch` behind `from unittest.mock import patch as replace`."""
        name = last_name(func)
        paths = self.paths.get(name, ()) if isinstance(func, ast.Name) else ()
        return paths[0].rpartition(".")[2] if len(paths) == 1 else name

    def keys(self, call: ast.Call, values: Sequence[ast.expr]) -> Iterator[str]:
        """The keys that `patch.dict` or `monkeypatch.setitem` gives to a dict, by values or by keywords."""
        for value in values:
            keys = filter(None, value.keys) if isinstance(value, ast.Dict) else [value]
            yield from map(self.text, keys)
        yield from (keyword.arg for keyword in call.keywords if keyword.arg is not None)

    def path(self, value: ast.expr) -> list[str]:
        """The dotted paths that an expression may stand for."""
        match value:
            case ast.Name(id=name):
                return self.paths.get(name) or ["?.requests" if name == "requests" else _UNKNOWN]
            case ast.Attribute(value=inner, attr=attr):
                return self.attributes.get(attr) or [f"{path}.{attr}" for path in self.path(inner)]
            case ast.Call(func=ast.Name(id="vars"), args=[inner]):
                return [f"{path}.__dict__" for path in self.path(inner)]
            case ast.Call(func=func, args=[name, *_]) if last_name(func) in ("import_module", "__import__"):
                return [self.text(name)]
            case ast.Subscript(value=inner, slice=name) if self.path(inner) == ["sys.modules"]:
                return [self.text(name)]
        return [_UNKNOWN]

    def whole(self, subject: ast.expr) -> list[str]:
        """The paths that the first argument of a patch gives, as text or as an object."""
        return [self.text(subject)] if self.is_text(subject) else self.path(subject)

    def is_text(self, value: ast.expr) -> bool:
        match value:
            case ast.Constant(value=str()) | ast.JoinedStr():
                return True
            case ast.BinOp(op=ast.Add() | ast.Mod(), left=left, right=right):
                return self.is_text(left) or self.is_text(right)
            case ast.Call(func=ast.Attribute(value=inner, attr="format")):
                return self.is_text(inner)
            case ast.Name(id=name):
                return name in self.texts
        return False

    def text(self, value: ast.expr) -> str:
        """A string, with a `?` for each piece that is not known."""
        match value:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=values):
                return "".join(map(self.text, values))
            case ast.FormattedValue(value=inner):
                return self.text(inner)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return self.text(left) + self.text(right)
            case ast.BinOp(op=ast.Mod(), left=left):
                return re.sub(r"%(\(\w+\))?\w", _UNKNOWN, self.text(left))
            case ast.Call(func=ast.Attribute(value=inner, attr="format")):
                return re.sub(r"\{\w*\}", _UNKNOWN, self.text(inner))
            case ast.Name(id=name):
                return self.texts.get(name, _UNKNOWN)
        return _UNKNOWN
