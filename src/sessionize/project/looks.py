"""Looks at the text of files, which show what a program does: it serves, forks, names a user, reaches into modules.

A look sees no more than words. Where one finds something, it holds for all files of the program: how what it is about
could get to a call need not be known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sessionize.analysis.memo import memo
from sessionize.library.surroundings import Look
from sessionize.library.words import text_names_user
from sessionize.project.imports import Imports
from sessionize.project.meddling import meddles

Finds = Callable[[bytes], bool]

_FAR = 1_000_000  # bytes: what is longer is not looked through
# What names no user: a comment, a plain decorator, `pass`, a `session` of requests, and the `key` of a dict; but no
# text, `"/sessions/1?key="`.
_INNOCENT = re.compile(
    r"""
    ^[ \t]*(?:[#][^\n]*|@[\w.]+(?:\(\))?[ \t]*$)
    | \bpass(?=\s*(?:$|[#]))
    | (?<![\w?&/"'-])(?<!/\{)_*(?:(?:http|requests|make|get|create|new)_)?(?:[Ss]essions?|keys?)(?![\w/"'-])
    | ^import[ ]operator$
    """,
    re.MULTILINE | re.VERBOSE,
)


def _names_user(data: bytes) -> bool:
    return len(data) > _FAR or text_names_user(_INNOCENT.sub("", data.decode(errors="replace")))


def _has(words: bytes, pattern: bytes, but: bytes = rb"(?!)") -> Finds:
    """A look for a pattern, in which one of some words stands. but: what counts as if it was not there."""
    parts = words.split()
    compiled = re.compile(pattern, re.VERBOSE | re.MULTILINE)
    innocent = re.compile(but, re.VERBOSE | re.MULTILINE)

    def look(data: bytes) -> bool:
        return any(word in data for word in parts) and compiled.search(innocent.sub(b"", data)) is not None

    return look


_OTHER_NAME = re.compile(rb"\bimport\s+(?:os|pty|posix)\s+as\s+(\w+)")
_FORK = re.compile(rb"\b(\w+)\.fork(?:pty)?\b")
_FORK_BY_NAME = _has(
    b"fork Forking aemon",
    rb"""
    \bfrom\s+(?:os|pty|posix)\s+import\b(?:\s*\([^)]{0,300}|[^\n#]{0,300})\bfork
    | (?<![\w.])(?<!def[ ])fork(?:pty)?\(\) | getattr\(\w+,[ ]?["']fork(?:pty)?["']
    | \b(?:fork_processes | Forking\w+ | DaemonContext | DaemonRunner | [Dd]aemonize)\b
    """,
)


def _forks(data: bytes) -> bool:
    """Tell whether a file forks: `os.fork()`, also by another name for `os`, or by the name of the function."""
    modules = {b"os", b"pty", b"posix", *_OTHER_NAME.findall(data)} if b"fork" in data else set()
    return not modules.isdisjoint(_FORK.findall(data) if modules else ()) or _FORK_BY_NAME(data)


LOOKS: Mapping[Look, Finds] = MappingProxyType(
    {
        # A server that goes on beside the calls, and not for one request: `HTTPServer(...).handle_request()`.
        "serves": _has(
            b"serve_forever accept serve_until_stopped handle_request",
            rb"""
            \.(?:serve_forever|serve_until_stopped)\b | \.accept\s*\( | ["']serve_forever["']
            | \b(?:while|for)\b(?:[^\n]*\n){0,50}?[^\n]*\bhandle_request\b | \bhandle_request\b(?!\(\))
            """,
            but=rb"\b\w*alert\w*\.accept\b",  # of a browser
        ),
        "forks": _forks,
        "runs-processes": _has(
            b"multiprocessing ProcessPool get_context",
            rb"\b(?:multiprocessing|ProcessPool|get_context\b)",
            but=rb"""
            \bimport[ ]multiprocessing[ \t]*$ | \bmultiprocessing\.(?:cpu_count|dummy|pool\.ThreadPool)\b
            | \bfrom[ ]multiprocessing(?:\.pool)?[ ]import[ ](?:cpu_count|ThreadPool)[ \t]*$
            """,
        ),
        # Reaches into modules that are loaded, also into one that nothing imports.
        "reaches": _has(
            b"__main__ __globals__ f_globals f_locals getmodule gc.get_",
            rb"""
            ["']__main__(?!\.py) | (?:\bimport|\bfrom|,)\s+__main__\b
            | \b(?:__globals__|f_globals|f_locals|getmodule)\b | \bgc\.get_(?:objects|referrers|referents)\b
            """,
            but=rb"""
            (?:[!=]=|\bin\b|\brun_name[ ]?=)[ ]?[(\[{]?[^()\[\]{}\n]{0,99}["']__main__["']
            | ["']__main__["'][ ]?(?:[!=]=|:)
            """,
        ),
        # Shows the variables or the text of functions.
        "shows": _has(b"f_locals co_ getsource", rb"\b(?:f_locals|co_varnames|co_names|co_code|getsource(?:lines)?)\b"),
        "measures": _has(b".elapsed", rb"(?<!\bself)\.elapsed\b"),
        "changes-the-environment": _has(
            b"environ putenv dotenv setenv",
            rb"\benviron\b | \b(?:putenv|unsetenv|dotenv|setenv)\b",
            but=rb"""
            \bgetenv\b | \benviron\.(?:get|copy)\( | ["'][ ]in[ ](?:os\.)?environ\b | \bdict\((?:os\.)?environ\b
            | \bimport[ ]environ$ | \benviron\[[^]]*\](?![ ]*[-+|]?=[^=])
            | \benviron(?:\[|\.setdefault\()[ ]*["'](?!\w*(?:proxy|PROXY|SSL_CERT))
            """,
        ),
        # Rewrites files, maybe a certificate.
        "writes-files": _has(
            b"open write rename replace unlink shutil symlink",
            rb"""
            \.(?:write_text|write_bytes|rename|unlink|symlink_to|touch)\( | \bshutil\.(?:copy|move)
            | \bos\.(?:rename|replace|unlink|remove|symlink)\( | \bopen\([^\n]{0,200}["'][wax+]
            """,
        ),
        "follows-redirects": _has(b"next_request", rb"\bnext_request\b"),
        "sleeps": _has(b"sleep", rb"\bsleep\b"),
        "sleeps-in-generators": lambda data: b"sleep" in data and b"yield" in data,
        "names-a-user": _names_user,
        "logs-in": _has(b"netrc NETRC", rb"netrc|NETRC"),
        "reads-cookies": _has(b"cookies et-", rb"\.cookies\s*\[|\.cookies\.get\(|[Ss]et-[Cc]ookie"),
        "meddles": meddles,
    }
)


class Looks:
    def __init__(self, imports: Imports) -> None:
        self.imports = imports

    @memo
    def first(self, file: str, look: Look) -> str:
        """The first other file of a file's program in which a look (of `LOOKS`) finds something; empty if in none."""
        return next((other for other in self._others(file) if self._finds(other, look)), "")

    @memo
    def _others(self, file: str) -> list[str]:
        return sorted(self.imports.program(file) - {file})

    @memo
    def _finds(self, file: str, look: Look) -> bool:
        return LOOKS[look](self.imports.read(file))
