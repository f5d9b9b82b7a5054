"""Files that may change requests, or what it is made of, for all that use it: `requests.Session.__init__ = slow`.

A file may call what it has of requests, derive classes from it, catch it, look at it and name it in annotations. In any
other place, `patch(requests.sessions, ...)`, `CLASSES = [Session]`, a module or a class may get to who changes it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from sessionize.library.patches import Reader
from sessionize.profiles.requests import FUNCTIONS
from sessionize.syntax.parse import UnreadableError, last_name, parse_ast

# Requests and what it is made of, as it may stand in a path: `requests`, `compat.requests.sessions`.
_BENEATH = re.compile(r"(?:.*\.)?(?:requests|urllib3|socket|ssl|http\.client|httpx|httpcore)(?:\.[\w?]+)*")
_LIBRARY = re.compile(r"(?:requests|urllib3)\b")
# Modules and classes of it, which who has them may change; its functions and exceptions are only called.
_CHANGEABLE = frozenset(("requests", "sessions", "api", "adapters", "models", "utils")) | {
    *("auth", "cookies", "hooks", "structures", "packages", "urllib3", "connection", "connectionpool", "poolmanager"),
    *("util", "ssl_", "Session", "HTTPAdapter", "PreparedRequest", "HTTPConnection", "HTTPSConnection"),
    *("HTTPConnectionPool", "HTTPSConnectionPool", "PoolManager", "ProxyManager"),
}
# What these are set to makes no difference between calls and a session.
_HARMLESS = re.compile(r".*\b(?:_create_default_https_context|debuglevel)")
_INSIDE = re.compile(r"__(?:dict|mro|globals|defaults|kwdefaults|code|subclasses|bases|wrapped)__")
# Methods that change a list, dict or set: `DEFAULT_PORTS.update(...)`.
_CHANGING = frozenset(("update", "append", "extend", "insert", "setdefault", "pop", "remove", "clear", "add"))
# The methods of sessions and adapters behind every call; who sets them on anything changes how requests are sent.
_BEHIND = frozenset(("send", "get_adapter", "prepare_request", "merge_environment_settings", "init_poolmanager"))
_REPLACING = re.compile(
    r".*\b(?:install_cache|monkey_?patch\w*|inject_into_\w+|wrapmodule)|requests_\w+\.(?:patch|install)\w*"
)
# Modules that put something in the place of a connection, or of requests.
_PATCHING = frozenset({"pytest_socket", "httpretty"})
# What these are given they leave as it is.
_LOOKING = frozenset(("isinstance", "issubclass", "hasattr", "cast", "TypeVar", "NewType", "super", "getattr")) | {
    *("create_autospec", "bool", "print")
}
_FACTORY = re.compile(r"\w*(?:factory|class|cls|type)")  # a keyword for what is only called

# The cheap look: the words of what may be changed, but for plain uses.
_WORD = re.compile(
    rb"\b(?:requests|urllib3|socket|ssl|http\.client|http\s+import|httpcore|Session|HTTPAdapter)\b"
    rb"|\.(?:%s)\s*=[^=]|\btype\([^\n]{1,80}\)\.\w+\s*=[^=]"
    rb"|\b(?:install_cache|monkey_?patch|inject_into_|wrapmodule|pytest_socket|httpretty|requests_\w+\.(?:patch|install))"
    % "|".join(_BEHIND).encode()
)
_PLAIN = re.compile(
    rb"""
    ^[ \t]*import[ ](?:requests|urllib3|socket|ssl)[ \t]*\r?$
    | ^[ \t]*from[ ]requests[.\w]*[ ]import(?![^\n]*(?:\*|\b(?:sessions|api|adapters|models|utils|packages)\b))
    | \b(?:requests|urllib3|socket|ssl)\.(?:\w+\(|exceptions\.\w+|codes\.\w+|Response\b)
    | \b(?:requests|urllib3|socket|ssl)\.\w*(?:[Ee]rror|Timeout|Exception)\b
    | \bSession\(
    | ^[ \t]*\#[^\n]*
    """,
    re.VERBOSE | re.MULTILINE,
)


def meddles(data: bytes) -> bool:
    return meddling(data) != ""


def meddling(data: bytes) -> str:
    """The first code in a file that sets something in requests or beneath it, or hands a module or a class of it on.

    It is empty where there is none, or where the file is not Python.
    """
    if _WORD.search(data) is None or _WORD.search(_PLAIN.sub(b"", data)) is None:
        return ""
    try:
        reader = Reader("", parse_ast(data))
    except (UnreadableError, RecursionError):
        return ""
    places = chain(_star_imports(reader), _replaced(reader), _changed(reader), _handed_on(reader))
    return next(map(ast.unparse, places), "")


def _star_imports(reader: Reader) -> Iterator[ast.AST]:
    """`from requests.sessions import *`, behind which no name tells what it is."""
    for node in reader.nodes:
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*" and _LIBRARY.match(node.module or ""):
            yield node


def _replaced(reader: Reader) -> Iterator[ast.AST]:
    """`patch("requests.Session.send")`, `requests.Session.send = slow`, `sys.modules["requests"] = fake`."""
    for node, patch in reader.sites():
        counts = _BENEATH.fullmatch(patch.target) and not _HARMLESS.fullmatch(patch.target)
        if counts and not isinstance(node, ast.Constant):  # which may be a text for people
            yield node


def _changed(reader: Reader) -> Iterator[ast.AST]:
    """`pool_classes["http"] = Slow`, `DEFAULT_PORTS.update(...)`, `type(session).send = slow`, `install_cache()`."""
    for node in reader.nodes:
        match node:
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()) if _is_beneath(reader, value):
                yield node
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _CHANGING:
                if _is_beneath(reader, value):
                    yield node
            case ast.Attribute(value=value, attr=attr, ctx=ast.Store()) if attr in _BEHIND:
                if last_name(value) not in ("self", "cls"):
                    yield node
            case ast.Attribute(value=ast.Call(func=ast.Name(id="type"), args=[whose]), attr=attr, ctx=ast.Store()):
                if attr in FUNCTIONS | {"__init__"} and last_name(whose) != "self":
                    yield node
            case ast.Import(names=names) if _PATCHING.intersection(alias.name for alias in names):
                yield node
            case ast.ImportFrom(module=str(module)) if module in _PATCHING:
                yield node
            case ast.Call(func=func) if any(map(_REPLACING.fullmatch, reader.path(func))):
                yield node


def _handed_on(reader: Reader) -> Iterator[ast.AST]:
    """A module or class where it is not only called, looked at or derived from: `patch(requests)`, `[Session]`."""
    plain = set(map(id, chain.from_iterable(map(_plain, reader.nodes))))
    for node in reader.nodes:
        match node:
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()) | ast.Subscript() | ast.Call():
                if id(node) not in plain and _is_changeable(reader, node):
                    yield node


def _plain(node: ast.AST) -> Iterable[ast.AST]:
    """The nodes in a node that are only called, looked at, derived from, caught, or named in an annotation."""
    match node:
        case ast.Call(func=func, args=args, keywords=keywords):
            looking = last_name(func) in _LOOKING
            options = [option.value for option in keywords if _FACTORY.fullmatch(option.arg or "")]
            return [func, *options, *_all_in(args if looking else [])]
        case ast.Attribute(value=value, attr=attr):
            return [] if _INSIDE.fullmatch(attr) else [value]
        case ast.Subscript(value=value, slice=key):
            return [value, *_all_in([key])]
        case ast.ClassDef(bases=bases):
            return bases
        case ast.ExceptHandler(type=given) | ast.arg(annotation=given) | ast.AnnAssign(annotation=given):
            return _all_in([given])
        case ast.FunctionDef(args=args, returns=given) | ast.AsyncFunctionDef(args=args, returns=given):
            return chain(_all_in([given]), _parameters(node, args))
        case ast.Assign(targets=[ast.Name()], value=value):  # followed by its other name, but for that of a module
            return [value] if isinstance(value, ast.Call) or last_name(value) == "Session" else []
        case (
            ast.BinOp(op=ast.BitOr())
            | ast.UnaryOp(op=ast.Not())
            | ast.Compare()
            | ast.MatchClass()
            | ast.Expr()
            | ast.Raise()
            | ast.FormattedValue()
        ):
            return ast.iter_child_nodes(node)
    return []


def _all_in(nodes: Iterable[ast.AST | None]) -> Iterator[ast.AST]:
    """Some nodes and those in them, but for what calls are given: `(Session, Response)`, `Session | None`."""
    for node in nodes:
        if node is not None and not isinstance(node, ast.Call):
            yield node
            yield from _all_in(ast.iter_child_nodes(node))


def _parameters(function: ast.AST, args: ast.arguments) -> Iterator[ast.AST]:
    """The names in a function that are its parameters: `requests` in `def batch(requests)`."""
    names = {arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)}
    for node in ast.walk(function) if "requests" in names else ():
        if isinstance(node, ast.Name) and node.id in names:
            yield node


def _is_beneath(reader: Reader, value: ast.expr) -> bool:
    """Tell whether something is in requests, or in what it is made of; what is of no import, is not."""
    return any(_BENEATH.fullmatch(path) and not path.startswith("?") for path in reader.path(value))


def _is_changeable(reader: Reader, value: ast.expr) -> bool:
    """Tell whether something is a module or class of requests, or of what it is made of."""
    return _is_beneath(reader, value) and any(path.rpartition(".")[2] in _CHANGEABLE for path in reader.path(value))
