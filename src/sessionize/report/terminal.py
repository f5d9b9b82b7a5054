"""Text of others on its way to a terminal. A file's name or source must not steer it, nor mislead the eye."""

from __future__ import annotations

import sys
import unicodedata

import click


def printable(text: str) -> str:
    """`text` on one line, with control, format and lone surrogate characters spelled out (`\\x1b`, `\\u202e`)."""
    return text if _plain(text) else "".join(map(_spelled, text))


def source_line(line: str) -> str:
    """`printable`, but tabs stay: the terminal lines them up."""
    return "\t".join(map(printable, line.split("\t")))


def blank(line: str) -> str:
    """White space as wide as `source_line(line)` is on the screen, tabs included."""
    return "".join(map(_blank, source_line(line)))


def echo(text: str, *, err: bool = False) -> None:
    """Writes text, what the stream's encoding lacks as escapes."""
    # A stream that the shell closed is None.
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err, nl=False)


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _spelled(char: str) -> str:
    if _plain(char):
        return char
    # Cc, Cf, Cs; and the two separators that some terminals break a line at.
    hidden = unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return char.encode("unicode_escape").decode() if hidden else char


def _blank(char: str) -> str:
    if char == "\t":
        return char
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me"}:
        return ""
    return "  " if unicodedata.east_asian_width(char) in {"W", "F"} else " "
