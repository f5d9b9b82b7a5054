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
from sessionize.syntax.parse import UnreadableError, last_name, parse_ast

# Requests and what it is made of, as it may stand in a path: `requests`, `compat.requests.sessions`.
_BENEATH = re.compile(r"(?:.*\.)?(?:requests|urllib3|socket|ssl|http\.client)(?:\.[\w?]+)*")
_STAR = re.compile(r"(?:requests|urllib3)\b.*\*")
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
_REPLACING = re.compile(r"install_cache|monkey_?patch\w*|inject_into_\w+|wrapmodule")
# What these are given they leave as it is.
_LOOKING = frozenset(
    (
        "isinstance",
        "issubclass",
        "hasattr",
        "cast",
        "TypeVar",
        "NewType",
        "super",
        "create_autospec",
        "getattr",
        "print",
    )
)
_FACTORY = re.compile(r"\w*(?:factory|class|cls|type)")  # a keyword for what is only called

# The cheap look: the words of what may be changed, but for plain uses.
_WORD = re.compile(
    rb"\b(?:requests|urllib3|socket|ssl|http\.client|http\s+import|Session|HTTPAdapter)\b"
    rb"|\.(?:%s)\s*=[^=]|\b(?:install_cache|monkey_?patch|inject_into_|wrapmodule)" % "|".join(_BEHIND).encode()
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
    """Tell whether a file sets something in requests or beneath it, or hands a module or a class of it on."""
    if _WORD.search(data) is None or _WORD.search(_PLAIN.sub(b"", data)) is None:
        return False
    try:
        reader = Reader("", parse_ast(data))
    except (UnreadableError, RecursionError):
        return False
    stars = reader.paths.get("*", ())  # `from requests.sessions import *`
    return any(map(_STAR.fullmatch, stars)) or any(chain(_replaced(reader), _changed(reader), _handed_on(reader)))


def _replaced(reader: Reader) -> Iterator[bool]:
    """`patch("requests.Session.send")`, `requests.Session.send = slow`, `sys.modules["requests"] = fake`."""
    for node, patch in reader.sites():
        beneath = _BENEATH.fullmatch(patch.target) is not None and not isinstance(node, ast.Constant)
        yield beneath and _HARMLESS.fullmatch(patch.target) is None


def _changed(reader: Reader) -> Iterator[bool]:
    """`pool_classes["http"] = Slow`, `DEFAULT_PORTS.update(...)`, `type(session).send = slow`, `install_cache()`."""
    for node in reader.nodes:
        match node:
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
                yield any(map(_is_beneath, reader.path(value)))
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _CHANGING:
                yield any(map(_is_beneath, reader.path(value)))
            case ast.Attribute(value=value, attr=attr, ctx=ast.Store()) if attr in _BEHIND:
                yield last_name(value) not in ("self", "cls")
            case ast.Call(func=func):
                yield _REPLACING.fullmatch(last_name(func)) is not None


def _handed_on(reader: Reader) -> Iterator[bool]:
    """A module or class where it is not only called, looked at or derived from: `patch(requests)`, `[Session]`."""
    plain = set(map(id, chain.from_iterable(map(_plain, reader.nodes))))
    for node in reader.nodes:
        match node:
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()) | ast.Subscript() | ast.Call():
                yield id(node) not in plain and any(map(_is_changeable, reader.path(node)))


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
        case ast.FunctionDef(returns=given) | ast.AsyncFunctionDef(returns=given):
            return _all_in([given])
        case ast.Assign(targets=[ast.Name()], value=ast.Call() as value):  # `requests = import_module("requests")`
            return [value]
        case ast.Compare() | ast.MatchClass() | ast.Expr() | ast.Raise():
            return ast.iter_child_nodes(node)
    return []


def _all_in(nodes: Iterable[ast.AST | None]) -> Iterator[ast.AST]:
    """Some nodes and those in them, but for what calls are given: `(Session, Response)`, `Session | None`."""
    for node in nodes:
        if node is not None and not isinstance(node, ast.Call):
            yield node
            yield from _all_in(ast.iter_child_nodes(node))


def _is_beneath(path: str) -> bool:
    """Tell whether a path leads into requests, or what it is made of; one of which only the end is known does not."""
    return _BENEATH.fullmatch(path) is not None and not path.startswith("?")


def _is_changeable(path: str) -> bool:
    """Tell whether a path is that of a module or class of requests, or of what it is made of."""
    return _is_beneath(path) and path.rpartition(".")[2] in _CHANGEABLE
