"""Calls and their options, and the values that leave them."""

from __future__ import annotations

from typing import cast

import libcst as cst

from sessionize.fixes.outcome import Redirect
from sessionize.write.items import without_item


def method(func: cst.Attribute | cst.Name, redirect: Redirect) -> cst.Attribute:
    """`session.get` in the place of `requests.get`, `get` or `requests.Session().get`."""
    target = cst.parse_expression(redirect.target)
    if isinstance(func, cst.Attribute):
        root = cast("cst.Name | cst.Call", func.value)
        return func.with_changes(value=target.with_changes(lpar=root.lpar, rpar=root.rpar))
    return cst.Attribute(target, cst.Name(redirect.verb), lpar=func.lpar, rpar=func.rpar)


def index(call: cst.Call, keyword: str) -> int:
    return next(i for i, arg in enumerate(call.args) if arg.keyword is not None and arg.keyword.value == keyword)


def without(call: cst.Call, index: int) -> cst.Call:
    """The call without one argument."""
    ends = call.whitespace_before_args, call.args[-1].whitespace_after_arg
    args, start, end = without_item(call.args, index, *ends)
    args[-1] = args[-1].with_changes(whitespace_after_arg=end)
    return call.with_changes(args=args, whitespace_before_args=start)


class Indent(cst.CSTTransformer):
    """Moves the lines of an expression that moves to another line."""

    def __init__(self, block: str, indent: str, column: int, new_column: int) -> None:
        """`block`: the indentation of its statement; `indent`: of its first line; `column`: where it began there."""
        super().__init__()
        self.block = block
        self.indent = indent
        self.shift = new_column - column
        self.column = column

    def leave_ParenthesizedWhitespace(
        self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
    ) -> cst.ParenthesizedWhitespace:
        return updated_node.with_changes(
            last_line=cst.SimpleWhitespace(self.moved(updated_node.last_line.value)),
            empty_lines=[
                line.with_changes(whitespace=cst.SimpleWhitespace(self.moved(line.whitespace.value)))
                if line.comment is not None
                else line
                for line in updated_node.empty_lines
            ],
        )

    def moved(self, extra: str) -> str:
        """What is to stand behind the block's indentation in the new place."""
        whole = self.block + extra
        if len(whole) > self.column:  # it was aligned with the bracket
            return " " * (len(whole) + self.shift)
        return whole.removeprefix(self.indent) if whole.startswith(self.indent) else extra
