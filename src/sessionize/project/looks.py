"""Looks at the text of files, which show what a program does: it serves, forks, names a user, reaches into modules.

A look sees no more than words. Where one finds something, it holds for all files of the program: how what it is about
could get to a call need not be known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sessionize.analysis.memo import memo
from sessionize.library.words import text_names_user
from sessionize.project.imports import Imports
from sessionize.project.meddling import meddles

Look = Callable[[bytes], bool]

_FAR = 1_000_000  # bytes: what is longer is not looked through
# What names no user: a comment, a decorator, `pass`, a `session` of requests, and the keys of a dict.
_INNOCENT = re.compile(
    r"""
    ^[ \t]*[#@][^\n]*
    | \bpass(?=\s*$)
    | \b_*(?:(?:http|requests|make|get|create|new)_)?(?:[Ss]essions?|keys?)\b
    | ^import[ ]operator$
    """,
    re.MULTILINE | re.VERBOSE,
)

_OTHER_NAME = re.compile(rb"\bimport\s+(?:os|pty|posix)\s+as\s+(\w+)")
_FORK = re.compile(rb"\b(\w+)\.fork(?:pty)?\b")
_FORK_BY_NAME = re.compile(
    rb"\bfrom\s+(?:os|pty|posix)\s+import\b[^\n]{0,300}\bfork|getattr\(\w+, ?[\"']fork(?:pty)?[\"']|\bDaemonContext\b"
)


def _names_user(data: bytes) -> bool:
    return len(data) > _FAR or text_names_user(_INNOCENT.sub("", data.decode(errors="replace")))


def _has(words: str, pattern: bytes) -> Look:
    """A look for a pattern, in which one of some words stands."""
    parts = words.encode().split()
    compiled = re.compile(pattern, re.VERBOSE | re.MULTILINE)
    return lambda data: any(word in data for word in parts) and compiled.search(data) is not None


def _forks(data: bytes) -> bool:
    """Tell whether a file forks: `os.fork()`, also by another name for `os`, or by the name of the function."""
    if b"fork" not in data and b"DaemonContext" not in data:
        return False
    modules = {b"os", b"pty", b"posix", *_OTHER_NAME.findall(data)}
    return not modules.isdisjoint(_FORK.findall(data)) or _FORK_BY_NAME.search(data) is not None


LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        # A server that goes on beside the calls, and not for one request: `HTTPServer(...).handle_request()`.
        "serves": _has(
            "serve_forever accept serve_until_stopped handle_request",
            rb"""
            \.(?:serve_forever|accept|serve_until_stopped)\b | [\"']serve_forever[\"']
            | \bwhile\b[^\n:]{0,200}:\s{0,200}[^\n]{0,200}\bhandle_request\b
            """,
        ),
        "forks": _forks,
        "runs processes": _has(
            "multiprocessing ProcessPool get_context", rb"\b(?:multiprocessing|ProcessPool|get_con)"
        ),
        # Reaches into modules that are loaded, also into one that nothing imports.
        "reaches": _has(
            "__main__ __globals__ f_globals f_locals f_back getmodule gc.get_",
            rb"""
            (?<!==[ ][\"'])(?<!==[\"'])\b__main__\b(?!\.py)(?![\"'][ ]*(?:==|:))
            | \b(?:__globals__|f_globals|f_locals|f_back|getmodule)\b | \bgc\.get_
            """,
        ),
        # Shows the variables or the text of functions.
        "shows": _has("f_locals co_ getsource", rb"\b(?:f_locals|co_varnames|co_names|co_code|getsource(?:lines)?)\b"),
        "measures": _has(".elapsed", rb"\.elapsed\b"),
        "names a user": _names_user,
        "logs in": _has("netrc NETRC", rb"netrc|NETRC"),
        "reads cookies": _has("cookies et-", rb"\.cookies\s*\[|\.cookies\.get\(|[Ss]et-[Cc]ookie"),
        "meddles": meddles,
    }
)


class Looks:
    def __init__(self, imports: Imports) -> None:
        self.imports = imports

    @memo
    def first(self, file: str, look: str) -> str:
        """The first other file of a file's program in which a look (of `LOOKS`) finds something; empty if in none."""
        others = self.imports.program(file) - {file}
        return next((other for other in sorted(others) if self._finds(other, look)), "")

    @memo
    def _finds(self, file: str, look: str) -> bool:
        return LOOKS[look](self.imports.read(file))
