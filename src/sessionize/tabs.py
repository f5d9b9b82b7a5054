"""For files whose indentation mixes tabs and spaces in a way that Python reads and LibCST does not.

They are read with their indentation expanded, as Python's tokenizer does it, and what was not changed is put back.
"""

from __future__ import annotations

import ast
import difflib
import re

_INDENT = re.compile(r"[ \t]+")


def expanded(text: str) -> str:
    """The text with every line's indentation in spaces, but those inside strings. Python must accept it."""
    inside = {
        row
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant | ast.JoinedStr)
        for row in range(node.lineno, node.end_lineno or node.lineno)
    }
    lines = text.split("\n")
    for row, line in enumerate(lines):
        if row not in inside:
            indent = _indent(line)
            lines[row] = indent.expandtabs(8) + line[len(indent) :]
    return "\n".join(lines)


def restored(text: str, changed: str) -> str:
    """`changed`, which was made from `expanded(text)`, with the indentation of `text`."""
    old = text.split("\n")
    spaced, new = expanded(text).split("\n"), changed.split("\n")
    lines = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, spaced, new, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += old[i1:i2]
        else:
            near = {_indent(spaced[i]): _indent(old[i]) for i in range(max(i1 - 1, 0), min(i2 + 1, len(old)))}
            lines += [near.get(_indent(line), _indent(line)) + line[len(_indent(line)) :] for line in new[j1:j2]]
    return "\n".join(lines)


def removed_before(text: str, row: int) -> int:
    """By how many columns a line of `text` is further left than in `expanded(text)`."""
    indent = _indent(text.split("\n")[row - 1])
    return len(indent.expandtabs(8)) - len(indent)


def _indent(line: str) -> str:
    found = _INDENT.match(line)
    return found[0] if found is not None else ""
