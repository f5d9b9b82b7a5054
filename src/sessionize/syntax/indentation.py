"""Lines that LibCST reads otherwise than Python.

LibCST does not read indentation that mixes tabs and spaces as Python allows it, and drops some form feeds. So a text
may be read with its indentation expanded, as Python's tokenizer does it; and what was not changed is put back.
"""

from __future__ import annotations

import ast

from sessionize.files.lines import split_lines
from sessionize.files.matcher import Matcher


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


def restore_lines(text: str, read: str, changed: str) -> str:
    """`changed`, which was made from `read`, LibCST's rendering of `text`, line by line as it is in `text`."""
    if read == text:
        return changed
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
