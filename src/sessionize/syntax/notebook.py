"""Notebooks: the bytes of one as a script, and a changed script as bytes again.

The script holds the code cells in order, each closed by a line `__cell__()`. Only the source of a changed cell is
written anew, in the way it was written, and of that only the lines that changed: no other byte of the JSON moves.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from json import JSONDecodeError
from typing import Any

from sessionize.files.lines import bare_lines
from sessionize.syntax.ipython import CELL, Cells
from sessionize.syntax.parse import UnreadableError

_SPACE = re.compile(r"[ \t\r\n]*")
_PIECE = re.compile(r"(?:[^\\]|\\[^n])*\\n|(?:[^\\]|\\[^n])+")  # a line in a JSON string
_decode = json.JSONDecoder().raw_decode


class Notebook:
    """The code cells of a notebook; none if its language is not Python.

    text: its JSON. numbers: of the code cells, counted from 1 among all cells. sources: what is in them.
    """

    def __init__(self, data: bytes) -> None:
        """UnreadableError if this is no notebook of the format that is in use since 2015."""
        try:
            self.text = data.decode()
            document = json.loads(self.text.removeprefix("\ufeff"))
        except JSONDecodeError as error:
            raise UnreadableError(f"this is not valid JSON: {error.msg}", error.lineno, error.colno) from error
        except ValueError as error:  # not UTF-8, or a number too long
            raise UnreadableError(str(error)) from error
        except RecursionError:
            raise UnreadableError("its JSON is nested too deeply") from None
        match document:
            case {"nbformat": 4, "cells": [*cells]}:
                pass
            case {"nbformat": version} if version != 4:
                raise UnreadableError(f"this notebook is of format {version!r}, save it as format 4")
            case _:
                raise UnreadableError("this is not a notebook: it lacks `nbformat` or `cells`")
        self._spans: list[tuple[int, int]] = []
        self.numbers: list[int] = []
        self.sources: list[str] = []
        for number, (cell, span) in enumerate(zip(cells, _spans(self.text), strict=True), 1):
            if _language(document) == "python" and _is_python(cell):
                self._spans.append(span)
                self.numbers.append(number)
                self.sources.append("".join(cell["source"]))

    def mentions(self, name: str) -> bool:
        """Tell whether the name stands in a cell, also in letters that Python reads as the plain ones."""
        return name in unicodedata.normalize("NFKC", "\n".join(self.sources))

    def script(self) -> Script:
        return Script(self)

    def with_sources(self, sources: list[str]) -> str:
        """The JSON with other sources for its code cells."""
        done, at = [], 0
        for (start, end), old, new in zip(self._spans, self.sources, sources, strict=True):
            if new != old:
                done += [self.text[at:start], _written(self.text, start, end, new)]
                at = end
        return "".join((*done, self.text[at:]))


class Script:
    """A notebook as one script. mistakes: the cells that are left out, and why."""

    def __init__(self, notebook: Notebook) -> None:
        self._cells = Cells()
        self.numbers = notebook.numbers
        self.mistakes: list[tuple[int, UnreadableError]] = []
        texts = []
        for number, source in zip(notebook.numbers, notebook.sources, strict=True):
            text, wrong = self._cells.python(source, number)
            texts.append(f"{text}\n{CELL}()\n")
            if wrong is not None:
                self.mistakes.append((number, wrong))
        self.text = "".join(texts)

    def sources(self, text: str) -> list[str] | None:
        """The sources of the cells in this script as it was rewritten; None if they can't be told apart."""
        # Where all lines of a cell have gone, there is no end of line before.
        *cells, rest = re.split(rf"(?:\n|^){CELL}\(\)\n", text, flags=re.MULTILINE)
        if rest or len(cells) != len(self.numbers):
            return None
        return list(map(self._cells.restored, cells))

    def restored(self, text: str) -> str:
        """A piece of the script as it stands in the notebook."""
        return self._cells.restored(text)

    def places(self, text: str) -> Callable[[int], tuple[int, int]]:
        """A function that gives the cell, and the row in it, that a row of this script is, as it reads now."""
        starts = [1]
        for row, line in enumerate(bare_lines(text), 1):
            if line == f"{CELL}()":
                starts.append(row + 1)

        def place(row: int) -> tuple[int, int]:
            cell = bisect_right(starts, row, hi=len(self.numbers)) - 1
            return self.numbers[cell], row - starts[cell] + 1

        return place


# --- what is in the JSON ----------------------------------------------------------------------------------------------


def _language(document: dict[str, Any]) -> str:
    """The notebook's language, `python` where it does not say."""
    match document:
        case {"metadata": {"language_info": {"name": str(name)}} | {"kernelspec": {"language": str(name)}}}:
            return name.lower()
    return "python"


def _is_python(cell: object) -> bool:
    match cell:
        case {"cell_type": "code", "metadata": {"vscode": {"languageId": str(language)}}} if language != "python":
            return False
        case {"cell_type": "code", "source": str()}:
            return True
        case {"cell_type": "code", "source": [*lines]}:
            return all(isinstance(line, str) for line in lines)
    return False


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """The span of the source of each cell in the JSON."""
    cells, _ = dict(_members(text, text.index("{")))["cells"]
    for _, (cell, _) in _members(text, cells):
        yield dict(_members(text, cell)).get("source", (0, 0)) if text[cell] == "{" else (0, 0)


def _members(text: str, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """The keys of the object in the JSON at `at`, and the spans of their values; those of a list have empty keys."""
    key, is_object = "", text[at] == "{"
    at = _after(text, at + 1)
    while text[at] not in "}]":
        if is_object:
            key, at = _decode(text, at)
            at = _after(text, _after(text, at) + 1)
        _, end = _decode(text, at)
        yield key, (at, end)
        at = _after(text, end)
        at = _after(text, at + 1) if text[at] == "," else at


def _after(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _written(text: str, start: int, end: int, new: str) -> str:
    """A new source, as the JSON of the one from `start` to `end`: a string or a list, indented and escaped alike."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", new)
    if text[start] == '"':
        return f'"{"".join(_encoded(lines, [text[start + 1 : end - 1]], text))}"'
    items = [span for _, span in _members(text, start)]
    old = [text[first + 1 : last - 1] for first, last in items]
    if _are_lines(old):
        lines = new.splitlines(keepends=True)
    if not lines or not items:
        return json.dumps(lines)
    (first, last), *others = items
    space = text[start + 1 : first]
    comma = text[last : others[0][0]] if others else "," + (space or _gap(text))
    strings = comma.join(f'"{line}"' for line in _encoded(lines, old, text))
    return f"[{space}{strings}{text[items[-1][1] : end]}"


def _are_lines(pieces: list[str]) -> bool:
    """Tell whether the pieces of a source are its lines, as `str.splitlines` sees them; Jupyter does."""
    decoded = [_decode(f'"{piece}"')[0] for piece in pieces]
    return "".join(decoded).splitlines(keepends=True) == decoded


def _gap(text: str) -> str:
    """The space behind commas in a file on one line."""
    return " " if re.match(r'\W*"[^"]*":\s', text) else ""


def _encoded(lines: list[str], old: list[str], text: str) -> Iterator[str]:
    """Lines as JSON, without quotes: those that are among the old ones as they were written."""
    known = {}
    for whole in old:
        for piece in (*_PIECE.findall(whole), whole):
            known[_decode(f'"{piece}"')[0]] = piece
    slashes = "\\/" in '"'.join(old)
    for line in lines:
        piece = json.dumps(line, ensure_ascii=text.isascii())[1:-1].encode(errors="backslashreplace").decode()
        yield known.get(line) or (piece.replace("/", "\\/") if slashes else piece)
