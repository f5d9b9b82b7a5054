"""The cheap look, which spares most files the parse: can a library be imported in these bytes, or this text?

It may say yes for nothing, but never no to a file with a finding: `benchmarks/cheap_look.py` shows so on any tree.
Every run loads it, also inside flake8, so it must load nothing that takes time.
"""

from __future__ import annotations

import re
import unicodedata

from sessionize.files.paths import NOTEBOOK
from sessionize.files.text import SourceError, decode
from sessionize.profiles import LIBRARIES

_FAR = 1000  # bytes: a longer line is not worth a closer look
_ASCII = bytes(range(128))
# Most runs need few of these, so they are compiled where they are used.
_UTF_8 = rb"(?i)coding[:=][ \t]*utf-?8"  # `# coding: utf-8`
_NAMES = tuple(library.name.encode() for library in LIBRARIES)
_NAME = rb"%s(?<=[\s,\\]%s)(?!\w)"
_LINE_END = rb"\r\n?|\n"
_CONTINUED = rb"\\(?:\r\n?|\n)"
# `import `, `import os, `, `from `
_BEFORE = rb"import\s(?:[^;]*,)?\s*$|from\s+$"
# ` import`, `.sessions import`, or more than one wants to read
_AFTER_FROM = rb"[\w.\s\\\x80-\xff]{%d}|[\w.\s\\\x80-\xff]*\bimport\b" % _FAR
# The characters that Python reads as one of the letters of these names (NFKC), at least these, in UTF-8.
_LOOKALIKE = (
    rb"\xc5\xbf|\xca[\xb0\xb3]|\xcb[\xa1-\xa3]|\xe1[\xb5\xb6]|\xe2(?:\x81[\xb1\xbf]|\x82[\x91-\x9c])"
    rb"|\xe2(?:\x84[\x8e\x93\xaf\xb9]|\x85[\x87\x88\xb0\xb9\xbc\xbd])"
    rb"|\xef(?:\xac[\x80\x81\x83\x85\x86]|\xb8[\xb3\xb4]|\xb9[\x8d-\x8f]|\xbc\xbf|\xbd[\x80-\xbf])|\xf0(?:\x90\x9e|\x9d)"
)


def may_have_findings(data: bytes, filename: str = "") -> bool:
    """The cheap look at the bytes of a file: False where no library is imported, so that there is no finding."""
    if filename.endswith(NOTEBOOK):  # JSON, in which a name may be an escape
        return names_library(data) or b"\\u" in data or not data.isascii()
    if _is_plain(data):
        return _imports_library(data)
    try:
        return may_have_findings_in(decode(data).text)
    except SourceError:
        return names_library(data)


def may_have_findings_in(text: str) -> bool:
    """The cheap look at a text."""
    data = text.encode(errors="surrogatepass")
    if _has_lookalikes(data):
        data = unicodedata.normalize("NFKC", text).encode(errors="surrogatepass")
    return _imports_library(data)


def _is_plain(data: bytes) -> bool:
    """True if names stand in the bytes as Python reads them."""
    end = data.find(b"\n", data.find(b"\n") + 1)
    head = data[:end] if end != -1 else data  # where a coding comment may stand
    if b"coding" in head and head.count(b"coding") != len(re.findall(_UTF_8, head)):
        return False
    return not _has_lookalikes(data)


def _has_lookalikes(data: bytes) -> bool:
    return not data.isascii() and re.search(_LOOKALIKE, data.translate(None, _ASCII)) is not None


def names_library(data: bytes) -> bool:
    """Tell whether the name of a library stands in some bytes."""
    return any(name in data for name in _NAMES)


def _imports_library(data: bytes) -> bool:
    for name in _NAMES:
        if name in data and any(_in_import(data, found.start()) for found in re.finditer(_NAME % (name, name), data)):
            return True
    return False


def _in_import(data: bytes, at: int) -> bool:
    """True if the name at a place may stand in `import os, requests` or `from requests import get`."""
    *lines, line = re.split(_LINE_END, re.sub(_CONTINUED, b" ", data[max(at - _FAR, 0) : at]))
    if len(lines) < 2 and at > _FAR:
        return True
    before = re.search(_BEFORE, line)
    if before is None:
        return False
    if before[0].startswith(b"import"):
        return True
    return re.match(_AFTER_FROM, data[at : at + 2 * _FAR]) is not None
