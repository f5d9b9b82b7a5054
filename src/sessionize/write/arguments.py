"""Calls: their receivers and options, and the values of options that move to a session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import libcst as cst

from sessionize.fixes.outcome import Redirect
from sessionize.write.comments import comments, is_for_tools
from sessionize.write.items import without_item


def bind_method(func: cst.Attribute | cst.Name, redirect: Redirect) -> cst.Attribute:
    """`session.get` in the place of `requests.get`, `get` or `requests.Session().get`."""
    target = cst.parse_expression(redirect.target)
    if isinstance(func, cst.Attribute):
        root = cast("cst.Name | cst.Call", func.value)
        return func.with_changes(value=target.with_changes(lpar=root.lpar, rpar=root.rpar))
    return cst.Attribute(target, cst.Name(redirect.verb), lpar=func.lpar, rpar=func.rpar)


def name_params(call: cst.Call) -> cst.Call:
    """`get(url, params=query)` for `get(url, query)`."""
    value = call.args[1].value
    if isinstance(value, cst.NamedExpr) and not value.lpar:  # `get(url, p := {})`
        value = value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    params = call.args[1].with_changes(keyword=cst.Name("params"), equal=equal, value=value)
    return call.with_changes(args=[call.args[0], params, *call.args[2:]])


# --- options ----------------------------------------------------------------------------------------------------------


def option_value(call: cst.Call, option: str) -> cst.BaseExpression:
    return call.args[_index(call, option)].value


def with_option(call: cst.Call, option: str, value: cst.BaseExpression) -> cst.Call:
    """A call with another value for one of its options."""
    args = list(call.args)
    index = _index(call, option)
    args[index] = args[index].with_changes(value=value)
    return call.with_changes(args=args)


def without_options(call: cst.Call, options: Sequence[str]) -> cst.Call:
    for option in options:
        ends = call.whitespace_before_args, call.args[-1].whitespace_after_arg
        args, start, end = without_item(call.args, _index(call, option), *ends)
        args[-1] = args[-1].with_changes(whitespace_after_arg=end)
        call = call.with_changes(args=args, whitespace_before_args=start)
    return call


def _index(call: cst.Call, option: str) -> int:
    return next(i for i, arg in enumerate(call.args) if arg.keyword is not None and arg.keyword.value == option)


def orphan_comments(calls: Sequence[cst.Call], hoist: Sequence[str], option: str) -> tuple[list[str], list[str]]:
    """The comments that an option takes along from calls, where the options of `hoist` are removed in order.

    Those that go above the line where it is set; and those for tools, which stay behind the value. What stands inside
    the value of the first call is in neither, as the value itself moves.
    """
    above: list[str] = []
    behind: list[str] = []
    for number, call in enumerate(calls):
        earlier = without_options(call, hoist[: hoist.index(option)])
        kept = comments(without_options(earlier, [option]))
        if number == 0:
            kept += comments(option_value(earlier, option))
        for comment in comments(earlier):
            if comment in kept:
                kept.remove(comment)
            elif number == 0 and is_for_tools(comment):
                behind.append(comment)
            else:
                above.append(comment)
    return above, behind


# --- values that move -------------------------------------------------------------------------------------------------


class Reindent(cst.CSTTransformer):
    """Moves the lines of an expression that moves to another line, so that they keep their offset.

    A line that was indented deeper than its statement stays as much deeper; one that was aligned with a bracket of the
    first line stays under that bracket.
    """

    def __init__(self, block: str, indent: str, column: int, new_column: int) -> None:
        """`block`: the indentation of its statement; `indent`: of its first line; `column`: where it began there."""
        super().__init__()
        self.block = block
        self.indent = indent
        self.shift = new_column - column
        self.column = column

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:
        return False  # what stands in a hole may be shown: `f"{value = }"`

    def leave_ParenthesizedWhitespace(
        self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
    ) -> cst.ParenthesizedWhitespace:
        lines = [
            line.with_changes(whitespace=self._moved(line.whitespace)) if line.comment is not None else line
            for line in updated_node.empty_lines
        ]
        return updated_node.with_changes(last_line=self._moved(updated_node.last_line), empty_lines=lines)

    def _moved(self, space: cst.SimpleWhitespace) -> cst.SimpleWhitespace:
        """The whitespace behind the indentation of the block in the new place."""
        whole = self.block + space.value
        if len(whole) > self.column:  # it was aligned with the bracket
            return cst.SimpleWhitespace(" " * (len(whole) + self.shift))
        return cst.SimpleWhitespace(whole.removeprefix(self.indent)) if whole.startswith(self.indent) else space
