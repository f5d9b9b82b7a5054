"""Lines that have become too long, as `self._session.get(...)` is longer than `requests.get(...)`.

The brackets of the outermost call are opened, as Black does: with the arguments on a line of their own if they fit
there, else one on each line.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Container
from contextlib import suppress
from itertools import pairwise

from sessionize.files.lines import split_lines

_PEP8, _BLACK = 79, 88
_DEPTH = {"FSTRING_START": 1, "FSTRING_END": -1, "TSTRING_START": 1, "TSTRING_END": -1}
_NEARLY = 72  # a file with a longer line makes use of the room it has


def width_of(text: str) -> int:
    """The columns that a file's lines may have: its longest one, by which PEP 8 may be kept to; else Black's 88."""
    longest = max(len(line.rstrip("\r\n")) for line in (*split_lines(text), ""))
    return max(longest, _PEP8) if longest > _NEARLY else _BLACK


def wrap_lines(before: str, after: str, width: int, indent: str) -> str:
    """The text `after` a change of `before`, in which no new line is longer than `width`, where that can be had."""
    old = {*split_lines(before)}
    lines = split_lines(after)
    long = [row for row, line in enumerate(lines) if line not in old and len(line.rstrip("\r\n")) > width]
    inside = _rows_in_strings(after) if long else ()
    for row in long:
        if row not in inside:
            lines[row] = _wrap(lines[row], width, indent)
    return "".join(lines)


def _rows_in_strings(text: str) -> Container[int]:
    """The rows, from 0 on, in which a string goes on from the row above; all of them where the text can't be read."""
    rows: set[int] = set()
    depth, row = 0, 1  # of f-strings, which are several tokens from Python 3.12 on; where the last token ended
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
            kind = tokenize.tok_name[token.type]
            depth += _DEPTH.get(kind, 0)
            if depth or kind == "STRING":
                rows.update(range(row if depth else token.start[0], token.end[0]))
            row = token.end[0]
    except (tokenize.TokenError, SyntaxError):
        return range(len(split_lines(text)))
    return rows


def _wrap(line: str, width: int, indent: str) -> str:
    """A line in pieces; as it is where it is no whole statement, has a comment, or can't be cut so that it fits."""
    code = line.strip()
    call = _outermost_call(code) if "#" not in code else None
    if call is None:
        return line
    data = code.encode()
    args: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    starts = sorted(arg.col_offset for arg in args)
    stop = (call.end_col_offset or 0) - 1
    if data[call.func.end_col_offset : starts[0]].strip() != b"(":  # but another one, `print((a), b)`
        return line
    inside = [data[start:end].decode().rstrip(", ") for start, end in pairwise((*starts, stop))]
    head, tail = data[: starts[0]].decode(), data[stop:].decode()
    outer, end = line[: len(line) - len(line.lstrip())], line[len(line.rstrip("\r\n")) :]
    for body in ([", ".join(inside)], [f"{arg}," for arg in inside]):
        wrapped = [outer + head, *(outer + indent + piece for piece in body), outer + tail]
        if max(map(len, wrapped)) <= width and _is_same(code, "".join((head, *body, tail))):
            return (end or "\n").join(wrapped) + end
    return line


def _is_same(code: str, other: str) -> bool:
    one, two = _parsed(code), _parsed(other)
    return one is not None and two is not None and ast.dump(one) == ast.dump(two)


def _parsed(code: str) -> ast.stmt | None:
    """The one statement that a line is, or begins: `with call() as name:`."""
    with suppress(SyntaxError, ValueError):
        (statement,) = ast.parse(f"{code} pass" if code.endswith(":") else code).body
        return statement
    return None


def _outermost_call(code: str) -> ast.Call | None:
    """The call with arguments in `name = call(...).attribute`, `return call(...)[0]` or `with call(...) as name:`."""
    match _parsed(code):
        case ast.Assign(value=value) | ast.AnnAssign(value=value) | ast.Return(value=value) | ast.Expr(value=value):
            found = value
        case ast.For(iter=value) | ast.With(items=[ast.withitem(context_expr=value)]):
            found = value
        case _:
            return None
    while True:
        match found:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner, args=[], keywords=[]):
                found = inner
            case _:
                return found if isinstance(found, ast.Call) else None
