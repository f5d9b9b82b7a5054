"""A change as a unified diff: bytes that `patch` and `git apply` take, or text for the eye."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import click

from sessionize.files.matcher import Matcher
from sessionize.files.paths import NOTEBOOK
from sessionize.report.terminal import printable, source_line
from sessionize.syntax.notebook import Notebook

COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def unified(filename: str, before: bytes, after: bytes) -> bytes:
    """The changes of a file; those of a notebook by cells, whose last lines have no end."""
    if not filename.endswith(NOTEBOOK):
        return _unified(filename, before, after)
    old, new = Notebook(before), Notebook(after)
    cells = zip(old.numbers, old.sources, new.sources, strict=True)
    return b"".join(_unified(f"{filename}:cell {n}", f"{was}\n".encode(), f"{now}\n".encode()) for n, was, now in cells)


def _unified(filename: str, before: bytes, after: bytes) -> bytes:
    name = printable(filename).encode()
    # Only \n ends a line here: to readers of diffs \r is part of it.
    old, new = io.BytesIO(before).readlines(), io.BytesIO(after).readlines()
    diff: list[bytes] = []
    for group in Matcher(old, new).get_grouped_opcodes():
        (_, i, _, j, _), (_, _, i_end, _, j_end) = group[0], group[-1]
        diff.append(b"@@ -%s +%s @@\n" % (_range(i, i_end), _range(j, j_end)))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                diff += _marked(b" ", old[i1:i2])
            else:
                diff += _marked(b"-", old[i1:i2])
                diff += _marked(b"+", new[j1:j2])
    head = b"--- %s\n+++ %s\n" % (name, name) if diff else b""
    return head + b"".join(diff)


def _marked(mark: bytes, lines: Sequence[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield mark + line if line.endswith(b"\n") else mark + line + b"\n\\ No newline at end of file\n"


def _range(start: int, end: int) -> bytes:
    """The lines of a hunk: the first, counted from 1, and how many; where there is none, the one before."""
    return b"%d" % end if end - start == 1 else b"%d,%d" % (start + (end > start), end - start)


def coloured(diff: bytes) -> str:
    """For the eye: a byte that is not UTF-8 is shown as an escape."""
    shown = ""
    for line in diff.decode(errors="backslashreplace").removesuffix("\n").split("\n"):
        shown += click.style(source_line(line.removesuffix("\r")), fg=COLOURS.get(line[:1])) + "\n"
    return shown
