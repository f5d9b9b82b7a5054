"""Applications: modules of which all users are in the project, and use them from one thread of one process."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from sessionize.project.imports import Imports, is_test
from sessionize.sharing.closed_world import CALLED_BY_A_SERVICE
from sessionize.syntax.parse import UnreadableError, parse_ast

# Of the standard library, what runs functions in other threads or processes, serves, waits, or loads what a text names.
_LOUD = frozenset(
    (
        *("threading", "_thread", "concurrent", "multiprocessing", "asyncio", "sched", "subprocess", "pty", "signal"),
        *("socket", "socketserver", "select", "selectors", "http", "xmlrpc", "wsgiref", "asyncore", "asynchat"),
        *("tkinter", "turtle", "curses", "cmd", "code", "pdb", "idlelib", "fileinput"),
        *("importlib", "runpy", "pkgutil", "imp"),
    )
)
# Packages that call what they are handed in the thread in which they are called, at once, and start no other.
_QUIET = frozenset(
    (
        *("requests", "urllib3", "certifi", "chardet", "charset_normalizer", "idna", "requests_toolbelt", "jwt"),
        *("bs4", "lxml", "html5lib", "parsel", "cssselect", "feedparser", "xmltodict", "defusedxml", "unidecode"),
        *("numpy", "pandas", "scipy", "polars", "pyarrow", "matplotlib", "seaborn", "plotly", "networkx"),
        *("geopy", "shapely", "geopandas", "pyproj", "rasterio", "fiona", "nltk", "regex", "jellyfish", "fuzzywuzzy"),
        *("dateutil", "pytz", "tzlocal", "arrow", "pendulum", "dateparser", "humanize", "tabulate", "prettytable"),
        *("yaml", "ruamel", "toml", "tomli", "tomlkit", "dotenv", "environs", "decouple", "jsonschema", "simplejson"),
        *("ujson", "orjson", "json5", "jsonpath_ng", "jmespath", "pydantic", "attr", "attrs", "marshmallow", "slugify"),
        *("click", "typer", "docopt", "rich", "tqdm", "colorama", "termcolor", "loguru", "structlog", "jinja2", "six"),
        *("openpyxl", "xlrd", "xlwt", "xlsxwriter", "docx", "PyPDF2", "pypdf", "pdfplumber", "PIL", "markdown"),
        *("cachetools", "more_itertools", "toolz", "typing_extensions", "future", "setuptools"),
        *("psycopg2", "pymysql", "MySQLdb", "peewee", "dataset", "tinydb", "Crypto", "cryptography", "nacl"),
        *("pytest", "mock", "responses", "requests_mock", "vcr", "freezegun", "hypothesis"),
    )
)
# Parts of quiet packages that are not: `tqdm.contrib.concurrent`.
_LOUD_PARTS = frozenset(("concurrent", "parallel", "threading", "multiprocessing", "asyncio", "contrib", "async_api"))
# Names that fork, wait, ask a user, or load a module anew.
_TELLING = frozenset(
    (
        *("fork", "forkpty", "system", "popen", "waitpid", "spawnv", "spawnl", "posix_spawn", "startfile"),
        *("sleep", "pause", "wait", "poll", "listen", "watch", "until", "acquire", "start_new_thread"),
        *("input", "stdin", "getpass", "getch", "prompt", "confirm", "Prompt", "Confirm", "ask", "readline"),
        *("reload", "wsgi", "asgi", "wsgi_app", "application", "lambda_handler", "process_map", "thread_map"),
        *("show", "FuncAnimation", "TimedAnimation", "new_timer", "mpl_connect", "ginput", "waitforbuttonpress"),
        *("breakpoint", "set_trace", "edit", "visible_input", "QueueListener", "read_until", "interact"),
    )
)
# What a service gives to the functions that it calls.
_GIVEN_BY_A_SERVICE = frozenset(("event", "request", "req", "environ", "start_response", "context", "_context"))


def is_used_from_one_thread(imports: Imports, file: str) -> bool:
    """Tell whether all that can lead to a file's code runs in one thread of one process, without a wait.

    It is the file, those that import it, one of which is a script that runs itself, and all that these import. They use
    but the standard library's quiet part and quiet packages. No file of the project loads modules by a text, and none
    has a text that may name the file: `"jobs.load"`, `"load:main"`.
    """
    importers = imports.importers(file)
    if not importers or any(map(imports.loads_anything, imports.files)):
        return False
    path = PurePath(file)
    name = path.parent.name if path.stem == "__init__" else path.stem
    if name in imports.quoted:
        return False
    program = imports.loaded_by(frozenset({file} | importers))
    return any(_runs_itself(imports, each) for each in importers) and all(_is_quiet(imports, each) for each in program)


def _runs_itself(imports: Imports, file: str) -> bool:
    """Tell whether a file is a script: it calls something at its top, or `if __name__ == "__main__":`."""
    tree = None if is_test(file) else _tree(imports.read(file))
    for statement in tree.body if tree is not None else ():
        match statement:
            case ast.Expr(value=ast.Call()) | ast.For() | ast.While() | ast.With():
                return True
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                return True
    return False


def _is_quiet(imports: Imports, file: str) -> bool:
    tree = _tree(imports.read(file)) if file.endswith(".py") else None
    if tree is None:
        return False
    nodes = list(ast.walk(tree))
    paths = [path for path in _imported_paths(nodes) if not _is_harmless(path)]
    return not any(map(_is_telling, nodes)) and all(imports.is_own(path, file) for path in paths)


def _tree(data: bytes) -> ast.Module | None:
    try:
        return parse_ast(data)
    except UnreadableError:
        return None


def _is_telling(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
            return name.rpartition(".")[2] in _TELLING
        case ast.FunctionDef(name=name, args=ast.arguments(args=args)):
            return CALLED_BY_A_SERVICE.fullmatch(name) is not None or not _GIVEN_BY_A_SERVICE.isdisjoint(
                arg.arg for arg in args
            )
        case ast.AsyncFunctionDef():
            return True
    return False


def _imported_paths(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ...]]:
    """The absolute paths that import statements name."""
    for node in nodes:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield tuple(alias.name.split("."))
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for alias in names:
                    yield *module.split("."), alias.name


def _is_harmless(path: tuple[str, ...]) -> bool:
    package = path[0]
    quiet = package in _QUIET and _LOUD_PARTS.isdisjoint(path)
    return quiet or (package in sys.stdlib_module_names and package not in _LOUD)
