"""Files that may change requests, or what it is made of, for all that use it: `requests.Session.__init__ = slow`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from sessionize.syntax.parse import UnreadableError, parse_ast

_BENEATH = frozenset(("requests", "urllib3", "socket", "ssl"))
_IMPORT = re.compile(rb"\b(?:import|from)\s[^\n]{0,300}\b(?:requests|urllib3|socket|ssl|http)\b")
# Modules and classes of requests, which who has them may change; its functions and exceptions are only called.
_CHANGEABLE = frozenset(
    ("requests", "sessions", "api", "adapters", "models", "utils", "auth", "cookies", "hooks", "structures")
) | {"Session", "HTTPAdapter", "PreparedRequest"}
# The plain uses of requests; what else there is of it is looked at closely.
_PLAIN = re.compile(
    rb"""
    ^[ \t]*(?:import[ ]requests|from[ ]requests[.\w]*[ ]import[^\n]*)[ \t]*\r?$
    | \brequests\.(?:\w+\(|exceptions\.\w+|codes\.\w+|Response\b|\w*(?:Error|Timeout|Exception|Redirects)\b)
    | ^[ \t]*\#[^\n]*
    """,
    re.VERBOSE | re.MULTILINE,
)
_CLASS = re.compile(rb"\brequests\b|\b(?:Session|HTTPAdapter|PreparedRequest|sessions|adapters|models|api)\b(?!\()")
# An attribute is set of something that is no object of the file's own.
_SET = re.compile(rb"^[ \t]*(?!self\b|cls\b)\w+(?:\.\w+)+[ \t]*(?:,|=(?!=)|\+=|:)", re.MULTILINE)
# What these are given they leave as it is.
_LOOKING = frozenset(("isinstance", "issubclass", "hasattr", "cast", "TypeVar", "NewType", "super", "create_autospec"))
_INSIDE = re.compile(r"__(?:dict|mro|globals|defaults|kwdefaults|code|subclasses|bases|wrapped)__")


def meddles(data: bytes) -> bool:
    """Tell whether a file sets something in requests or beneath it, or hands a module or a class of requests on."""
    if _IMPORT.search(data) is None or not (_SET.search(data) or _CLASS.search(_PLAIN.sub(b"", data))):
        return False
    try:
        return any(_changes(parse_ast(data)))
    except (UnreadableError, RecursionError):
        return False


def _changes(tree: ast.Module) -> Iterator[bool]:
    nodes = list(ast.walk(tree))
    paths = dict(_imported(nodes))
    for node in nodes:
        match node:
            case ast.Attribute(value=value, attr=attr):
                path = _path(value, paths)
                set_here = not isinstance(node.ctx, ast.Load) and (path or [""])[0] in _BENEATH
                yield set_here or (_is_changeable(path) and _INSIDE.fullmatch(attr) is not None)
            case ast.Call(func=func, args=args, keywords=keywords):
                looking = _last(func) in _LOOKING or (_last(func) == "getattr" and len(args) > 1 and _is_text(args[1]))
                given = [] if looking else [*args, *(keyword.value for keyword in keywords)]
                yield any(_is_changeable(_path(value, paths)) for value in given)
            case ast.Assign(value=value) | ast.NamedExpr(value=value) | ast.For(iter=value) | ast.Return(value=value):
                parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
                yield any(_is_changeable(_path(part, paths)) for part in parts)


def _imported(nodes: list[ast.AST]) -> Iterator[tuple[str, list[str]]]:
    """The names that stand for modules and classes of requests, or for what is beneath it, each with its path."""
    for node in nodes:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    path = alias.name.split(".")
                    yield (alias.asname, path) if alias.asname else (path[0], path[:1])
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for alias in names:
                    yield alias.asname or alias.name, [*module.split("."), alias.name]


def _path(value: ast.expr | None, paths: dict[str, list[str]]) -> list[str]:
    """The path of `requests.sessions.Session`; empty for what is not imported."""
    match value:
        case ast.Name(id=name):
            return paths.get(name, [])
        case ast.Attribute(value=inner, attr=attr):
            path = _path(inner, paths)
            return [*path, attr] if path else []
    return []


def _is_changeable(path: list[str]) -> bool:
    """Tell whether a path is that of a module or class of requests."""
    return path[:1] == ["requests"] and path[-1] in _CHANGEABLE


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant)


def _last(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
