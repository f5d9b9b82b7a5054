"""Which findings `# noqa` and `# flake8: noqa` comments silence: flake8's grammar (flake8/defaults.py)."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

_CODES = r"[a-z]+[0-9]+(?:[,\s]+[a-z]+[0-9]+)*"
_LINE = re.compile(rf"# noqa(?::\s?(?P<codes>{_CODES}))?", re.IGNORECASE)
_FILE = re.compile(rf"\s*# flake8[:=]\s*noqa(?::\s?(?P<codes>{_CODES}|[a-z]+))?\s*$", re.IGNORECASE)

_Finding = TypeVar("_Finding")


def unsuppressed(
    findings: list[_Finding], code: Callable[[_Finding], str], row: Callable[[_Finding], int], text: str
) -> list[_Finding]:
    """The findings that no comment silences: one on the finding's row, or one for the whole file.

    A comment without codes silences all; else a code silences what begins with it.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    of_file = list(map(_FILE.match, lines))
    silent = {each for each in set(map(code, findings)) if any(_silences(comment, each) for comment in of_file)}
    return [
        finding
        for finding in findings
        if code(finding) not in silent and not _silences(_LINE.search(lines[row(finding) - 1]), code(finding))
    ]


def commented(text: str, codes: Mapping[int, Iterable[str]]) -> str:
    """The text with a comment for the codes of each row, where a row can take one.

    A comment that names codes takes them in, any other keeps its place before the new one. It cannot be written where
    a string or a backslash holds the end of the line, nor where something in a string is taken for the comment.
    """
    lines = re.split(r"(\r\n|\r|\n)", text)  # every second one is an end of line
    comments, closed = _ends(lines[::2])
    for row, missing in codes.items():
        line, comment = lines[2 * row - 2], comments.get(row)
        found = _LINE.search(line)
        if row in closed or (found is not None and (comment is None or found.start() < comment)):
            continue
        new = ", ".join(sorted(missing))
        if found is not None and found["codes"] is not None:
            line = f"{line[: found.end('codes')]}, {new}{line[found.end('codes') :]}"
        else:
            line = f"{line.rstrip()}  # noqa: {new}"
        lines[2 * row - 2] = line
    return "".join(lines)


def _ends(lines: list[str]) -> tuple[dict[int, int], set[int]]:
    """The rows that end in a comment, with its column, and the rows that cannot; all of them if Python cannot tell."""
    comments: dict[int, int] = {}
    closed: set[int] = set()
    begun: list[int] = []  # the rows of strings that are made of several tokens, as f-strings are since Python 3.12
    try:
        for token in tokenize.generate_tokens(iter(f"{line}\n" for line in lines).__next__):
            kind = tokenize.tok_name[token.type]
            (first, column), (last, _) = token.start, token.end
            if kind == "COMMENT":
                comments[first] = column
            begun += [first] * kind.endswith("STRING_START")
            if kind == "STRING" or kind.endswith("STRING_END"):
                closed |= {*range(first if kind == "STRING" else begun.pop(), last)}
    except (tokenize.TokenError, SyntaxError):
        return {}, {*range(1, len(lines) + 1)}
    continued = {row for row, line in enumerate(lines, 1) if line.endswith("\\") and row not in comments}
    return comments, closed | continued


def _silences(comment: re.Match[str] | None, code: str) -> bool:
    if comment is None:
        return False
    codes = comment["codes"]
    return codes is None or code.startswith(tuple(re.split(r"[,\s]+", codes.upper())))
