"""Blank lines and comments above statements, where statements come and go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import libcst as cst

from sessionize.syntax.ipython import CELL
from sessionize.syntax.statements import CELL_COMMENT
from sessionize.write.comments import comment_of
from sessionize.write.tree import IMPORTS, Statement

# Comments that what follows belongs under: the types of a function, the beginning of a cell.
_FIRST = re.compile(rf"#\s*type:|{CELL_COMMENT.pattern}")


def move_into_block(statement: Statement) -> Statement:
    """A statement of the top level as it stands inside of a block."""
    spaced = statement.with_changes(leading_lines=single_spaced(statement.leading_lines))
    return cast("Statement", spaced.visit(_BlankLines()))


class _BlankLines(cst.CSTTransformer):
    """Keeps blank lines empty: those of the top level count as indented, by nothing."""

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> bool:
        return False

    def leave_EmptyLine(self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine) -> cst.EmptyLine:
        return updated_node if updated_node.comment is not None else updated_node.with_changes(indent=False)


def without_blank_start(lines: Sequence[cst.EmptyLine]) -> Sequence[cst.EmptyLine]:
    start = next((i for i, line in enumerate(lines) if line.comment is not None), len(lines))
    return lines[start:]


def blank_end(lines: Sequence[cst.EmptyLine]) -> Sequence[cst.EmptyLine]:
    """The blank lines at the end."""
    return lines[len(without_blank_start(lines[::-1])) :]


def single_spaced(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """The lines with no more than one blank line in a row, as inside of a block and behind imports."""
    found: list[cst.EmptyLine] = []
    for line in lines:
        if found and found[-1].comment is None and line.comment is None:
            found.pop()
        found.append(line)
    return found


def close_up(last: cst.CSTNode | None, left: Sequence[cst.EmptyLine], node: Statement) -> list[cst.EmptyLine]:
    """The lines above a statement where the one before it has gone, which stood behind `last` and had `left` above.

    There are as many blank lines as on one side of what has gone.
    """
    lines = without_blank_start(node.leading_lines)
    blank = node.leading_lines[: len(node.leading_lines) - len(lines)]
    if (last is None or _ends_cell(last) or _ends_cell(node)) and not any(map(comment_of, left)):
        return [*lines]  # nothing is there to be set off
    if left and left[0].comment and blank and is_import(last) and not is_import(node):
        left = [blank[0], *left]
    return [*left, *blank[len(blank_end(left)) :], *lines]


def _ends_cell(node: cst.CSTNode) -> bool:
    """`__cell__()`, the line between two cells of a notebook."""
    return isinstance(node, cst.SimpleStatementLine) and cst.Module([node]).code.strip() == f"{CELL}()"


def is_import(statement: cst.CSTNode | None) -> bool:
    smalls = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
    return any(isinstance(small, IMPORTS) for small in smalls)


def split_above(lines: list[cst.EmptyLine]) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """The lines above a statement: those that stay above a new one before it, and the comment right above it."""
    cut = len(lines)
    while cut and (comment := lines[cut - 1].comment) is not None and not _FIRST.match(comment.value):
        cut -= 1
    return lines[:cut], lines[cut:]
