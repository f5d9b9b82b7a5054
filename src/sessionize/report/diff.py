"""A change as a unified diff: bytes that `patch` and `git apply` take, or text for the eye."""

from __future__ import annotations

import difflib
import io

import click

from sessionize.notebook import Notebook
from sessionize.report.terminal import printable, source_line
from sessionize.source import NOTEBOOK

COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def unified(filename: str, before: bytes, after: bytes) -> bytes:
    """What changed in a file; for a notebook in each of its cells, whose last lines have no end."""
    if not filename.endswith(NOTEBOOK):
        return _unified(filename, before, after)
    old, new = Notebook(before), Notebook(after)
    cells = zip(old.numbers, old.sources, new.sources, strict=True)
    return b"".join(_unified(f"{filename}:cell {n}", f"{was}\n".encode(), f"{now}\n".encode()) for n, was, now in cells)


def _unified(filename: str, before: bytes, after: bytes) -> bytes:
    name = printable(filename).encode()
    # Only \n ends a line here: to readers of diffs \r is part of it.
    old, new = (io.BytesIO(text).readlines() for text in (before, after))
    diff = difflib.diff_bytes(difflib.unified_diff, old, new, name, name)
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in diff)


def coloured(diff: bytes) -> str:
    """For the eye: a byte that is not UTF-8 is shown as an escape."""
    lines = diff.decode(errors="backslashreplace").removesuffix("\n").split("\n")
    shown = ((line[:1], source_line(line.removesuffix("\r"))) for line in lines)
    return "".join(f"{click.style(line, fg=COLOURS.get(mark))}\n" for mark, line in shown)
