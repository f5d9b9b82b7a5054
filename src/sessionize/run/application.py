"""Applications: modules of which all users are in the project, and use them from one thread of one process."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from sessionize.run.imports import Imports
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
# Packages that call what they are handed in the thread in which they are called, and start no other.
_QUIET = frozenset(
    (
        *("requests", "urllib3", "certifi", "chardet", "charset_normalizer", "idna", "requests_toolbelt", "jwt"),
        *("bs4", "lxml", "html5lib", "parsel", "cssselect", "feedparser", "xmltodict", "defusedxml", "unidecode"),
        *("numpy", "pandas", "scipy", "polars", "pyarrow", "matplotlib", "seaborn", "plotly", "sklearn", "networkx"),
        *("geopy", "shapely", "geopandas", "pyproj", "rasterio", "fiona", "nltk", "regex", "jellyfish", "fuzzywuzzy"),
        *("dateutil", "pytz", "tzlocal", "arrow", "pendulum", "dateparser", "humanize", "tabulate", "prettytable"),
        *("yaml", "ruamel", "toml", "tomli", "tomlkit", "dotenv", "environs", "decouple", "jsonschema", "simplejson"),
        *("ujson", "orjson", "json5", "jsonpath_ng", "jmespath", "pydantic", "attr", "attrs", "marshmallow", "slugify"),
        *("click", "typer", "docopt", "rich", "tqdm", "colorama", "termcolor", "loguru", "structlog", "jinja2", "six"),
        *("openpyxl", "xlrd", "xlwt", "xlsxwriter", "docx", "PyPDF2", "pypdf", "pdfplumber", "PIL", "markdown"),
        *("tenacity", "retrying", "backoff", "cachetools", "more_itertools", "toolz", "typing_extensions", "future"),
        *("psycopg2", "pymysql", "MySQLdb", "peewee", "dataset", "tinydb", "Crypto", "cryptography", "nacl"),
        *("pytest", "mock", "responses", "requests_mock", "vcr", "freezegun", "hypothesis", "setuptools"),
    )
)
# Words of files that fork, wait, are run by a service, or load a module anew.
_TELLING = re.compile(rb"\b(?:fork|forkpty|sleep|input|stdin|getpass|lambda_handler|wsgi|asgi|reload)\b")


def is_used_from_one_thread(imports: Imports, file: str) -> bool:
    """Tell whether all that can lead to a file's code runs in one thread of one process, without a wait.

    It is the file and those that import it; without any, nobody knows who does. They use but the standard library's
    quiet part and quiet packages. No file of the project loads modules by a text, and none has a text that may be the
    file's: `"jobs.load"`, `"load:main"`.
    """
    if file not in imports.contents or any(map(imports.loads_anything, imports.contents)):
        return False
    path = PurePath(file)
    name = path.parent.name if path.stem == "__init__" else path.stem
    named = re.compile(rb"[\"'](?:\w+\.)*%s(?:[.:]\w+)*[\"']" % re.escape(name.encode()))
    if any(named.search(data) for data in imports.contents.values()):
        return False
    importers = imports.importers(file)
    return bool(importers) and all(_is_quiet(imports, each) for each in {file} | importers)


def _is_quiet(imports: Imports, file: str) -> bool:
    data = imports.contents[file]
    if not file.endswith(".py") or _TELLING.search(data):
        return False
    try:
        nodes = list(ast.walk(parse_ast(data)))
    except UnreadableError:
        return False
    return all(_is_harmless(path) or imports.is_own(path) for path in _imported_paths(nodes))


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
    return package in _QUIET or (package in sys.stdlib_module_names and package not in _LOUD)
