"""Which findings comments silence, in flake8's grammar (`# noqa`) and in ruff's (`# ruff: ignore[...]`)."""

from __future__ import annotations

import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

_CODES = r"[A-Za-z]+[0-9]+(?:[,\s]+[A-Za-z]+[0-9]+)*"
_LINE = re.compile(rf"# noqa(?::\s?(?P<codes>{_CODES}))?", re.IGNORECASE)
_FILE = re.compile(rf"\s*# flake8[:=]\s*noqa(?::\s?(?P<codes>{_CODES}|[a-z]+))?\s*$", re.IGNORECASE)
_RUFF = re.compile(r"#\s*ruff:\s*ignore\s*\[(?P<codes>[^]]*)\]")
_RUFF_FILE = re.compile(
    rf"#\s*ruff:\s*(?:file-ignore\s*\[(?P<listed>[^]]*)\]|(?i:noqa)(?::\s*(?P<codes>{_CODES})|(?!\s*:)))"
)


def may_silence(text: str) -> bool:
    """The cheap look: whether there can be such a comment."""
    return re.search("noqa|ruff", text, re.IGNORECASE) is not None


class Comments:
    """The comments of a text that silence findings: all, or those whose codes begin as theirs do."""

    def __init__(self, text: str) -> None:
        self._lines = _Lines(re.split(r"\r\n|\r|\n", text))
        self._of_line: dict[tuple[int, int], re.Match[str] | None] = {}  # by the rows of a line, as they are asked for
        whole = [found["codes"] for found in map(_FILE.match, self._lines.lines) if found is not None]
        self._of_file = _prefixes(whole)
        self._ruff: dict[int, list[str]] = defaultdict(list)  # by row
        ruff_of_file: list[str | None] = []
        for row, column in self._lines.comments.items():
            comment = self._lines.lines[row - 1][column:]
            first, last = self._lines.below.get(row, self._lines.spans[row])
            for found in _RUFF.finditer(comment):
                for silent in range(first, last + 1):
                    self._ruff[silent].append(found["codes"])
            if row in self._lines.below:
                files = _RUFF_FILE.finditer(comment)
                ruff_of_file += [found["codes"] if found["listed"] is None else found["listed"] for found in files]
        self._ruff_of_file = _prefixes(ruff_of_file)

    def for_flake8(self, code: str, row: int) -> bool:
        """Whether they silence a finding by `# noqa` at the end of its line, or by `# flake8: noqa`.

        A line ends where flake8 lets it end: not in a string, nor at a backslash.
        """
        span = self._lines.spans.get(row, (row, row))
        if span not in self._of_line:
            self._of_line[span] = _LINE.search(self._lines.joined(span))
        found = self._of_line[span]
        of_line = [found["codes"]] if found is not None else []
        return code.startswith(self._of_file + _prefixes(of_line))

    def for_ruff(self, code: str, row: int) -> bool:
        """Whether they do by `# ruff: ignore[...]`, at the end of the line or above it or its statement, or by
        `# ruff: file-ignore[...]` or `# ruff: noqa` on a line of its own."""
        return code.startswith(self._ruff_of_file + _prefixes(self._ruff.get(row, ())))


def commented(text: str, codes: Mapping[int, Iterable[str]]) -> str:
    """The text with a comment for the codes of each row, at the end of what flake8 takes for its line.

    A comment that names codes takes them in, any other keeps its place before the new one. It is not written where
    something in a string is taken for the comment.
    """
    pieces = re.split(r"(\r\n|\r|\n)", text)  # every second one is an end of line
    lines = _Lines(pieces[::2])
    missing: dict[tuple[int, int], set[str]] = defaultdict(set)
    for row in codes.keys() & lines.spans.keys():
        missing[lines.spans[row]] |= {*codes[row]}
    for span, wanted in missing.items():
        line, before = lines.lines[span[1] - 1], lines.joined(span)
        start = len(before) - len(line)
        found = _LINE.search(before)
        if found is not None and found.start() < start + lines.comments.get(span[1], len(line)):
            continue
        new = ", ".join(sorted(wanted))
        if found is not None and found["codes"] is not None:
            end = found.end("codes") - start
            line = f"{line[:end]}, {new}{line[end:]}"
        else:
            line = f"{line.rstrip()}  # noqa: {new}"
        pieces[2 * span[1] - 2] = line
    return "".join(pieces)


class _Lines:
    """The lines of a text as its tokens join them. Where Python cannot tell tokens, nothing is known of them.

    spans: of each row, from where to where a line reaches for flake8, over strings and backslashes. comments: by row,
    their columns. below: for a comment alone on its line, the rows of the statement that follows; inside of brackets,
    of the line.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.spans: dict[int, tuple[int, int]] = {}
        self.comments: dict[int, int] = {}
        self.below: dict[int, tuple[int, int]] = {}
        try:
            self._read()
        except (tokenize.TokenError, SyntaxError):
            self.spans, self.comments, self.below = {}, {}, {}

    def joined(self, span: tuple[int, int]) -> str:
        return "\n".join(self.lines[span[0] - 1 : span[1]])

    def _read(self) -> None:
        line = statement = 0  # the rows where they began; 0 at their end
        alone: list[int] = []  # comments alone on their lines, until the next line of code begins; then:
        above_line: list[int] = []
        above_statement: list[int] = []
        for token in tokenize.generate_tokens(iter(f"{text}\n" for text in self.lines).__next__):
            kind, row = tokenize.tok_name[token.type], token.start[0]
            if kind in ("INDENT", "DEDENT", "ENDMARKER"):
                continue
            line = line or row
            if kind == "COMMENT":
                self.comments[row] = token.start[1]
                if not self.lines[row - 1][: token.start[1]].strip():
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


def _prefixes(comments: Iterable[str | None]) -> tuple[str, ...]:
    """The codes that comments name, each once; a comment that names none stands for all codes, which begin with ""."""
    names: dict[str, None] = {}
    for codes in comments:
        names |= dict.fromkeys([""] if codes is None else filter(None, re.split(r"[,\s]+", codes.upper())))
    return tuple(names)
