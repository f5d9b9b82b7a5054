"""The text in the bytes of a file, which can be written back byte for byte, or it is said why not."""

from __future__ import annotations

import codecs
import re
import tokenize
from typing import NamedTuple


class SourceError(Exception):
    """Why one file cannot be read or written: one line, without its path; and the place in it, if there is one."""

    def __init__(self, message: str, row: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.row = row
        self.column = column


class Source(NamedTuple):
    """The text of a file, line ends untouched, and what turns it back into bytes."""

    text: str
    encoding: str
    bom: bool


def decode(data: bytes) -> Source:
    """Text as Python decodes it. SourceError if Python would not, or if `encode` would not give the same bytes."""
    body = data.removeprefix(codecs.BOM_UTF8)
    if (null := body.find(b"\0")) != -1:
        raise SourceError("source code cannot contain null bytes", *_place(body[:null]))
    bom = body != data
    encoding = _declared_encoding(body)
    if bom and encoding != "utf-8":
        raise SourceError(f"the byte order mark says utf-8, the coding comment {encoding}")
    try:
        text = body.decode(encoding)
        same = text.encode(encoding) == body
    except UnicodeDecodeError as error:
        row, column = _place(error.object[: error.start])
        wrong = f"byte 0x{error.object[error.start]:02x} on line {row} is not valid {encoding}"
        raise SourceError(wrong, row, column) from error
    except (UnicodeError, LookupError) as error:  # idna gives no position; rot13 is no text encoding
        raise SourceError(f"cannot be decoded as {encoding}: {error}") from error
    if not same:
        raise SourceError(f"cannot be written back byte for byte as {encoding}")
    return Source(text, encoding, bom)


def _place(before: bytes) -> tuple[int, int]:
    """The row and column of what stands behind some bytes; in an encoding other than UTF-8 about that column."""
    lines = (before + b"|").splitlines()
    return len(lines), len(lines[-1].decode(errors="replace"))


def encode(source: Source, text: str) -> bytes:
    """Another text in the encoding of `source`."""
    try:
        body = text.encode(source.encoding)
    except UnicodeEncodeError as error:
        raise SourceError(f"{text[error.start]!r} cannot be written as {source.encoding}") from error
    return codecs.BOM_UTF8 + body if source.bom else body


def _declared_encoding(body: bytes) -> str:
    # Python reads the coding comment before it knows the encoding; `detect_encoding` insists on UTF-8 around it.
    lines = [line.decode("ascii", "replace").encode() + b"\n" for line in _first_lines(body)]
    try:
        return tokenize.detect_encoding(iter(lines).__next__)[0]
    except SyntaxError as error:  # "unknown encoding: ..."
        raise SourceError(str(error)) from error


def _first_lines(data: bytes) -> list[bytes]:
    """The lines where a coding comment may stand."""
    return re.split(rb"\r\n?|\n", data, maxsplit=2)[:2]
