"""The text in the bytes of a file, and other text in the same bytes: encoding, byte order mark and line ends stay.

Text that could not be written back byte for byte is an error, never a guess.
"""

from __future__ import annotations

import codecs
import re
import tokenize
from typing import NamedTuple


class SourceError(Exception):
    """A file that cannot be read or written, told in one line without its path; with the place in it, if any."""

    def __init__(self, message: str, row: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.row = row
        self.column = column


class Source(NamedTuple):
    """The text of a file, line ends untouched, with its encoding and byte order mark."""

    text: str
    encoding: str
    bom: bool


def decode(data: bytes) -> Source:
    """Text as Python decodes it. SourceError if Python would not, or if `encode` would not give the same bytes."""
    body = data.removeprefix(codecs.BOM_UTF8)
    bom = body != data
    if (null := body.find(b"\0")) != -1:
        raise SourceError("source code cannot contain null bytes", *_place(body[:null]))
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


def encode(source: Source, text: str) -> bytes:
    """Another text in the encoding of `source`."""
    try:
        body = text.encode(source.encoding)
    except UnicodeEncodeError as error:
        raise SourceError(f"{text[error.start]!r} cannot be written as {source.encoding}") from error
    return codecs.BOM_UTF8 + body if source.bom else body


def _declared_encoding(body: bytes) -> str:
    """The encoding that a coding comment names: `# -*- coding: latin-1 -*-`, in the first two lines; else UTF-8."""
    # Python reads the coding comment before it knows the encoding; `detect_encoding` insists on UTF-8 around it.
    first_lines = re.split(rb"\r\n?|\n", body, maxsplit=2)[:2]
    lines = [line.decode("ascii", "replace").encode() + b"\n" for line in first_lines]
    try:
        return tokenize.detect_encoding(iter(lines).__next__)[0]
    except SyntaxError as error:  # "unknown encoding: ..."
        raise SourceError(str(error)) from error


def _place(before: bytes) -> tuple[int, int]:
    """The row and column behind some bytes; in an encoding other than UTF-8 about that column."""
    lines = (before + b"|").splitlines()
    return len(lines), len(lines[-1].decode(errors="replace"))
