"""The oldest version of requests that a project may run with, by what its files require.

Every requirement counts, and the lowest bound holds: whoever installs by one file does not read the others. One without
a version allows any, as does a project without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sessionize.files import store
from sessionize.library.surroundings import Version

_FILES = (
    *("pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "poetry.lock", "uv.lock", "pdm.lock"),
    *("*requirements*.txt", "*requirements*.in", "requirements/*.txt", "requirements/*.in"),
    *("*constraints*.txt", "environment*.yml", "environment*.yaml"),
)
_REQUIRED = re.compile(
    r"""
    (?<![\w.-])requests(?![\w.-])[ \t]*
    (?:\[[^\]\n]*\])?[ \t]*                                   # requests[socks]
    (?:
        \(?(?:[<!]=?\s*[\w.*]+\s*,\s*)*(?:>=?|===?|~=)     # requests >= 2.32, requests (<3, >=2.32)
        | ["']?\s*=\s*(?:\{[^}\n]*version\s*=\s*)?["'][\^~>=]*   # requests = "^2.32", requests = {version = "2.32"}
        | (?P<any>)
    )
    [ \t]*(?(any)|(?P<version>\d{1,9}(?:\.\d{1,9}){0,5})(?P<others>[^"'\n]*\|\|)?)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)
_LOCKED = re.compile(r'^name = "requests"\s+version = "(?P<version>\d{1,9}(?:\.\d{1,9}){0,5})', re.MULTILINE)


def oldest_requests(root: str) -> Version:
    """The oldest version that may be there: `(2, 32)`; empty, and so older than any, if it may be whatever."""
    return min(_bounds(Path(root)), default=())


def _bounds(root: Path) -> Iterator[Version]:
    """The lowest version that each requirement in the files of a project allows."""
    for pattern in _FILES:
        found_in = _LOCKED if pattern.endswith(".lock") else _REQUIRED
        for file in sorted(root.glob(pattern)):
            text = store.content(file).decode(errors="replace")
            for found in found_in.finditer(_COMMENT.sub("", text)):
                known = found["version"] and not found.groupdict().get("others")
                yield tuple(map(int, found["version"].split("."))) if known else ()
