"""The comments that silence findings, in flake8's grammar (`# noqa`) and in ruff's (`# ruff: ignore[...]`).

A finding is silenced here where flake8 or ruff would silence it, and nowhere else.
"""

from __future__ import annotations

import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from sessionize.files.lines import bare_lines, split_lines

# Most files have no such comment, so these are compiled where they are used.
_CODES = r"[A-Za-z]+[0-9]+(?:[,\s]+[A-Za-z]+[0-9]+)*"
_NOQA = rf"(?i)# noqa(?::\s?(?P<codes>{_CODES}))?"
_FLAKE8_FILE = rf"(?i)\s*# flake8[:=]\s*noqa(?::\s?(?P<codes>{_CODES}|[a-z]+))?\s*$"
_RUFF = r"#\s*ruff:\s*ignore\s*\[(?P<codes>[^]]*)\]"
_RUFF_FILE = rf"#\s*ruff:\s*(?:file-ignore\s*\[(?P<listed>[^]]*)\]|(?i:noqa)(?::\s*(?P<codes>{_CODES})|(?!\s*:)))"

_Rows: TypeAlias = tuple[int, int]  # the first and the last


def may_silence(text: str) -> bool:
    """The cheap look: False where there is no such comment, or only `# noqa: E501` and the like, without an R or L."""
    return re.search(r"noqa(?!:[ \t]?[A-KM-QS-Z][^RL\n]*$)|ruff", text, re.IGNORECASE | re.MULTILINE) is not None


class Comments:
    """The comments of a text that silence findings: all, or those whose codes begin as theirs do.

    flake8: `# noqa` at the end of a line, and `# flake8: noqa`. A line ends where flake8 lets it end: not in a string,
    nor at a backslash.
    ruff: `# ruff: ignore[...]` at the end of the line or above it or its statement; `# ruff: file-ignore[...]` and
    `# ruff: noqa` on a line of their own.
    """

    def __init__(self, text: str) -> None:
        lines = _LogicalLines(text)
        self.flake8 = _flake8_comments(lines)
        self.ruff = _ruff_comments(lines)


def add_noqa(text: str, codes: Mapping[int, Iterable[str]]) -> str:
    """The text with a comment for the codes of each row, at the end of what flake8 takes for its line.

    A comment that names codes takes them in, any other keeps its place before the new one. It is not written where
    something in a string is taken for the comment.
    """
    lines = _LogicalLines(text)
    missing: dict[_Rows, set[str]] = defaultdict(set)
    for row in codes.keys() & lines.spans.keys():
        missing[lines.spans[row]].update(codes[row])
    result = [*split_lines(text), ""]  # as many as bare ones
    for span, wanted in missing.items():
        row = span[1]
        line, before = lines.bare[row - 1], lines.joined(span)
        start = len(before) - len(line)
        found = re.search(_NOQA, before)
        if found is not None and found.start() < start + lines.comments.get(row, len(line)):
            continue
        added = ", ".join(sorted(wanted))
        if found is not None and found["codes"] is not None:
            end = found.end("codes") - start
            new = f"{line[:end]}, {added}{line[end:]}"
        else:
            new = f"{line.rstrip()}  # noqa: {added}"
        result[row - 1] = new + result[row - 1][len(line) :]
    return "".join(result)


class _Codes:
    """The codes that comments name, for the whole file and by row; None for one that names none, and stands for all."""

    def __init__(self) -> None:
        self.of_file: list[str | None] = []
        self.of_rows: dict[int, list[str | None]] = defaultdict(list)

    def add(self, rows: _Rows, codes: str | None) -> None:
        for row in range(rows[0], rows[1] + 1):
            self.of_rows[row].append(codes)

    def silence(self, code: str, row: int) -> bool:
        for codes in (*self.of_file, *self.of_rows.get(row, ())):
            if codes is None or code.startswith(tuple(filter(None, re.split(r"[,\s]+", codes.upper())))):
                return True
        return False


def _flake8_comments(lines: _LogicalLines) -> _Codes:
    """`# noqa: RQS101` behind a line, and `# flake8: noqa: RQS101` on one of its own."""
    result = _Codes()
    for row, line in enumerate(lines.bare, 1):
        if found := re.match(_FLAKE8_FILE, line):
            result.of_file.append(found["codes"])
        span = lines.spans.get(row, (row, row))
        if row == span[0] and (found := re.search(_NOQA, lines.joined(span))):
            result.add(span, found["codes"])
    return result


def _ruff_comments(lines: _LogicalLines) -> _Codes:
    """`# ruff: ignore[RQS101]`; on lines of their own `# ruff: file-ignore[RQS101]` and `# ruff: noqa: RQS101`."""
    result = _Codes()
    for row, column in lines.comments.items():
        comment = lines.bare[row - 1][column:]
        silenced = lines.below.get(row, lines.spans[row])
        for found in re.finditer(_RUFF, comment):
            result.add(silenced, found["codes"])
        if row in lines.below:
            for found in re.finditer(_RUFF_FILE, comment):
                result.of_file.append(found["codes"] if found["listed"] is None else found["listed"])
    return result


class _LogicalLines:
    """The lines of a text as its tokens join them. Where Python cannot tell tokens, nothing is known of them.

    bare: the lines as they stand, without their ends.
    spans: of each row, the rows of its line for flake8, which reaches over strings and backslashes.
    comments: by row, their columns.
    below: for a comment alone on its line, the rows of the statement that follows; inside of brackets, of the line.
    """

    def __init__(self, text: str) -> None:
        self.bare = bare_lines(text)
        self.spans: dict[int, _Rows] = {}
        self.comments: dict[int, int] = {}
        self.below: dict[int, _Rows] = {}
        try:
            self._read()
        except (tokenize.TokenError, SyntaxError):
            self.spans, self.comments, self.below = {}, {}, {}

    def joined(self, span: _Rows) -> str:
        return "\n".join(self.bare[span[0] - 1 : span[1]])

    def _read(self) -> None:
        line = statement = 0  # the rows where they began; 0 at their end
        alone: list[int] = []  # comments alone on their lines, until the next line of code begins; then:
        above_line: list[int] = []
        above_statement: list[int] = []
        for token in tokenize.generate_tokens(iter(f"{text}\n" for text in self.bare).__next__):
            kind, row = tokenize.tok_name[token.type], token.start[0]
            if kind in ("INDENT", "DEDENT", "ENDMARKER"):
                continue
            line = line or row
            if kind == "COMMENT":
                self.comments[row] = token.start[1]
                if not self.bare[row - 1][: token.start[1]].strip():
                    alone.append(row)
            elif kind in ("NL", "NEWLINE"):
                self.spans |= dict.fromkeys(range(line, row + 1), (line, row))
                self.below |= dict.fromkeys(above_line, (line, row))
                above_line.clear()
                line = 0
                if kind == "NEWLINE":
                    self.below |= dict.fromkeys(above_statement, (statement, row))
                    above_statement.clear()
                    statement = 0
            else:
                (above_line if statement else above_statement).extend(alone)
                alone.clear()
                statement = statement or row
        self.below |= dict.fromkeys(alone, (0, 0))
