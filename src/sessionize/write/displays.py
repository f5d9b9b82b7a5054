"""Dict displays of headers: some keys leave them, and are set on a session."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

import libcst as cst

from sessionize.fixes.outcome import Fix
from sessionize.sharing.shared_headers import Display, SharedHeaders
from sessionize.write.arguments import option_value, with_option, without_options
from sessionize.write.comments import comment_of, comments_inside, lost, speaks_of_statement
from sessionize.write.items import without_item
from sessionize.write.spacing import without_blank_start
from sessionize.write.tree import Parts, Statement


def without_keys(display: cst.Dict, keys: Collection[str]) -> cst.Dict:
    """`{"Content-Type": "text/csv"}` for `{"X-Api-Key": self.key, "Content-Type": "text/csv"}`."""
    elements = list(display.elements)
    start, end = display.lbrace.whitespace_after, display.rbrace.whitespace_before
    for element in display.elements:
        if _key(element) in keys:
            elements, start, end = without_item(elements, elements.index(element), start, end)
    if isinstance(start, cst.ParenthesizedWhitespace):
        start = start.with_changes(empty_lines=without_blank_start(start.empty_lines))
    braces = display.lbrace.with_changes(whitespace_after=start), display.rbrace.with_changes(whitespace_before=end)
    return display.with_changes(elements=elements, lbrace=braces[0], rbrace=braces[1])


def only_keys(display: cst.Dict, keys: Collection[str], indent: str | None = None) -> cst.Dict:
    """`{"X-Api-Key": self.key}` of the same, on one line, or with an indented line for each key."""
    kept = [element for element in display.elements if _key(element) in keys]
    if indent is None:
        return cst.Dict([element.with_changes(comma=cst.MaybeSentinel.DEFAULT) for element in kept])
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(indent))
    outer = cst.ParenthesizedWhitespace(indent=True)
    between = [cst.Comma(whitespace_after=inner)] * (len(kept) - 1)
    commas = [*between, cst.Comma(whitespace_after=outer)]
    elements = [element.with_changes(comma=comma) for element, comma in zip(kept, commas, strict=True)]
    return cst.Dict(elements, lbrace=cst.LeftCurlyBrace(whitespace_after=inner))


def _key(element: cst.BaseDictElement) -> object:
    """The key of an element, if it is a plain text."""
    key = element.key if isinstance(element, cst.DictElement) else None
    return key.evaluated_value if isinstance(key, cst.SimpleString | cst.ConcatenatedString) else None


def without_shared(call: cst.Call, display: Display, keys: Collection[str]) -> cst.Call:
    """A call that leaves out the headers that its session sends, if they stand in it or are all that it passes."""
    if display.goes:
        return without_options(call, ["headers"])
    if display.statement != -1:
        return call
    return with_option(call, "headers", without_keys(cst.ensure_type(option_value(call, "headers"), cst.Dict), keys))


def display_of(statement: cst.CSTNode) -> cst.Dict:
    """The display in `headers = {...}`."""
    return cst.ensure_type(cast("cst.Assign | cst.AnnAssign", statement).value, cst.Dict)


def first_display(parts: Parts, fix: Fix, shared: SharedHeaders) -> tuple[int, cst.Dict]:
    """The display that the session of a fix takes over, behind the part with it."""
    statement = shared.displays[0].statement
    if statement != -1:
        return statement, display_of(parts.nodes.parts[statement])
    first = option_value(parts.calls(fix)[0], "headers")
    return parts.of(fix.redirects[0]), cst.ensure_type(first, cst.Dict)


def displays_comments(parts: Parts, fix: Fix, hoist: Sequence[str], shared: SharedHeaders) -> list[str]:
    """The comments in and above displays that have no place where their keys, and the options of `hoist`, have gone."""
    found: list[str] = []
    for call, display in zip(parts.calls(fix), shared.displays, strict=True):
        earlier = without_options(call, hoist)
        found += lost(earlier, without_shared(earlier, display, shared.keys))
    for statement, goes in {display.statement: display.goes for display in shared.displays}.items():
        if statement == -1:
            continue
        block, index = parts.path(statement)[-1]
        line = cast("Statement", block.body[index])
        if goes:
            found += filter(speaks_of_statement, map(comment_of, line.leading_lines))
            found += comments_inside(line)
        else:
            assigned = display_of(parts.nodes.parts[statement])
            found += lost(assigned, without_keys(assigned, shared.keys))
    return found
