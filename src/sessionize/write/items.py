"""Items between commas: one is taken out together with the whitespace that was its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import libcst as cst

from sessionize.write.comments import comments

Space: TypeAlias = cst.BaseParenthesizableWhitespace
_Item = TypeVar("_Item", cst.Arg, cst.ImportAlias, cst.BaseDictElement)


def without_item(items: Sequence[_Item], index: int, start: Space, end: Space) -> tuple[list[_Item], Space, Space]:
    """Items without one and its comma; the whitespace before and behind them.

    An item that had a line to itself takes the line along.
    """
    items = list(items)
    comma = items.pop(index).comma
    last = index == len(items)
    prior = cst.ensure_type(items[index - 1].comma, cst.Comma) if index else None
    before = prior.whitespace_after if prior is not None else start
    after = comma.whitespace_after if isinstance(comma, cst.Comma) else end
    space = _joined(before, after, last=last, first=index == 0)
    if prior is None:
        return items, space, end
    if not last:
        items[index - 1] = items[index - 1].with_changes(comma=prior.with_changes(whitespace_after=space))
    elif isinstance(comma, cst.Comma):
        items[index - 1] = items[index - 1].with_changes(comma=comma.with_changes(whitespace_after=space))
    else:
        items[index - 1] = items[index - 1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        end = space
    return items, start, end


def _joined(before: Space, after: Space, *, last: bool, first: bool) -> Space:
    """The whitespace that is left where an argument or a name stood between `before` and `after`."""
    if not isinstance(before, cst.ParenthesizedWhitespace):  # something stands before it on its line
        return before if first and not comments(after) else after
    if isinstance(after, cst.ParenthesizedWhitespace):  # it had its lines to itself
        return after.with_changes(first_line=before.first_line)
    if last and before.first_line.comment is None:  # `)` stands behind it
        return after
    return before.with_changes(empty_lines=[]) if last else before


def line_break(space: Space) -> Space:
    """The break of the line in `space` without its comment; a blank if there is none."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return cst.SimpleWhitespace(" ")
    first = space.first_line.with_changes(whitespace=cst.SimpleWhitespace(""), comment=None)
    return space.with_changes(first_line=first, empty_lines=[])
