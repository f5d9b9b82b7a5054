"""The text that LibCST is given where it is not to read the file's, and the way back to that, line by line.

LibCST does not read indentation that mixes tabs and spaces as Python allows it, and drops some form feeds. So a text
may be read with its indentation expanded, as Python's tokenizer does it. And as it takes a minute for 5 MB, it is not
given long literals, `CITIES = {...}` over thousands of lines. What was not changed is put back.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sessionize.files.lines import split_lines
from sessionize.syntax.outline import Outline
from sessionize.syntax.values import OPAQUE

MARK = "# sessionize: line "
_LONG = 2000  # lines; LibCST reads as many in a second
_LITERAL = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.unaryop, ast.expr_context)


def expand_indents(text: str) -> str:
    """The text with every line's indentation in spaces, but those inside strings. Python must accept it."""
    inside: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant | ast.JoinedStr):
            inside.update(range(node.lineno, node.end_lineno or node.lineno))
    found = split_lines(text)
    for row, line in enumerate(found):
        if row not in inside:
            indent = _indent(line)
            found[row] = indent.expandtabs(8) + line[len(indent) :]
    return "".join(found)


def without_data(text: str, tree: ast.Module) -> str:
    """The text with a stand-in for each long literal that a name of the module is bound to.

    It has as many lines, indented alike and each unlike all others, so that `restore_lines` finds them; and no tick
    less in the outline. A line that begins with `MARK` and is left after that was not found.
    """
    values = list(_long_literals(tree))
    if not values or MARK in text:
        return text
    lines = split_lines(text)
    for value in values:
        first, last = value.lineno - 1, (value.end_lineno or 0) - 1
        before, after = _cut(lines[first], value.col_offset)[0], _cut(lines[last], value.end_col_offset or 0)[1]
        lines[first] = f"{before}({_end(lines[first])}"
        lines[last] = f"{_indent(lines[last])}){after}"
        for row in range(first + 1, last):
            lines[row] = f"{_indent(lines[row])}{MARK}{row}{_end(lines[row])}"
    return "".join(lines)


def _long_literals(tree: ast.Module) -> Iterator[ast.expr]:
    """`{...}` in `CITIES = {...}`, where it is long, and holds nothing but texts, numbers and the like.

    No other statement stands on its lines.
    """
    ends = [0, *(node.end_lineno or 0 for node in tree.body)]
    starts = [*(node.lineno for node in tree.body[1:]), ends[-1] + 1]
    for statement, above, below in zip(tree.body, ends, starts, strict=False):
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.List | ast.Tuple | ast.Dict | ast.Set):
            end = value.end_lineno or 0
            alone = above < statement.lineno and (statement.end_lineno or 0) < below
            if alone and end - value.lineno > _LONG and all(isinstance(node, _LITERAL) for node in ast.walk(value)):
                yield value


def _cut(line: str, offset: int) -> tuple[str, str]:
    """The parts of a line before and behind an offset in bytes."""
    data = line.encode()
    return data[:offset].decode(), data[offset:].decode()


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def is_same_but_for_data(one: Outline, other: Outline) -> bool:
    """Tell whether two outlines differ in nothing but what names are bound to, and in the texts of the file."""
    return _without_values(one) == _without_values(other)


def _without_values(outline: Outline) -> Outline:
    binds = tuple(bind._replace(value=OPAQUE) for bind in outline.binds)
    return outline._replace(binds=binds, attributes=frozenset(), texts=frozenset())


def restore_lines(text: str, read: str, changed: str) -> str:
    """`changed`, which was made from `read`, LibCST's rendering of `text`, line by line as it is in `text`."""
    if read == text:
        return changed
    from sessionize.files.matcher import Matcher  # noqa: PLC0415  # few texts need it

    old, seen, new = split_lines(text), split_lines(read), split_lines(changed)
    result = []
    for tag, i1, i2, j1, j2 in Matcher(seen, new, autojunk=False).get_opcodes():
        if tag == "equal":
            result += old[i1:i2]
        else:
            near = {_indent(seen[i]): _indent(old[i]) for i in range(max(i1 - 1, 0), min(i2 + 1, len(old)))}
            for line in new[j1:j2]:
                indent = _indent(line)
                result.append(near.get(indent, indent) + line[len(indent) :])
    return "".join(result)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]
