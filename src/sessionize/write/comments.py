"""Comments: which are for tools, which speak of the next line, and where they stand once code has moved."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

import libcst as cst

from sessionize.write.tree import Statement

_TOOLS = (
    r"(?i:noqa|nosec|nosemgrep|nosonar)\b"
    r"|(?:fmt|flake8|isort|mypy|pragma|pylint|pyrefly|pyright|pytype|ruff|ty|type|yapf):|pyre-|noinspection\b"
)
# A comment for tools, up to the next comment on its line.
_TOOL = re.compile(rf"(?:^|\s+)#+\s*(?:{_TOOLS})(?:(?!\s#\s).)*")
# One on a line of its own that speaks of the next line, where others hold from there on.
_NEXT = re.compile(r"#\s*(?:pylint:\s*disable-next|noinspection)\b")
# For mypy one above the first statement speaks of the whole module; one further down of nothing.
_IGNORE = re.compile(r"#\s*type:\s*ignore\b")


class _Collector(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def visit_Comment(self, node: cst.Comment) -> None:
        self.found.append(node.value)


# The comment above the line by which a session keeps no cookies.
WHY_NO_COOKIES = "# Each call has its own cookies, as before."


def comments(node: cst.CSTNode) -> list[str]:
    """The comments in a tree, in order."""
    collector = _Collector()
    node.visit(collector)
    return collector.found


def lost(old: cst.CSTNode, new: cst.CSTNode) -> list[str]:
    """The comments of a node that are not in what it becomes."""
    return list((Counter(comments(old)) - Counter(comments(new))).elements())


def loses_comment(old: Sequence[cst.CSTNode], new: Sequence[cst.CSTNode]) -> bool:
    """Tell whether `new`, made from `old`, lacks a comment for people, or doubles one; our own is no such comment.

    Nodes that both have are not looked at.
    """
    counts: Counter[str] = Counter()
    before, after = list(old), list(new)
    while before or after:
        shared = set(before) & set(after)
        for nodes, one in ((before, 1), (after, -1)):
            children: list[cst.CSTNode] = []
            for node in nodes:
                if isinstance(node, cst.Comment) and node not in shared:
                    counts[_prose(node.value)] += one
                if node not in shared:
                    children += _children(node)
            nodes[:] = children
    del counts[""], counts[WHY_NO_COOKIES]
    return any(counts.values())


def _children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes right below. LibCST's own `children` makes every node anew."""
    for field in fields(node):
        value = getattr(node, field.name)
        # Of a node's class `isinstance` would ask all classes of nodes, once for each type: 15 ms in each run.
        yield from (item for item in (value if isinstance(value, list | tuple) else [value]) if hasattr(item, "visit"))


def _prose(comment: str) -> str:
    """The words of a comment that are for people."""
    return _TOOL.sub("", comment).strip()


def is_for_tools(comment: str) -> bool:
    return _TOOL.search(comment) is not None


def comment_of(line: cst.EmptyLine) -> str:
    """The comment on a line of its own; empty on a blank line."""
    return line.comment.value if line.comment is not None else ""


def speaks_of_next(comment: str) -> bool:
    """A comment for tools that holds for the next line alone, as `# pylint: disable-next=...`."""
    return _NEXT.match(comment) is not None


def speaks_of_statement(comment: str) -> bool:
    """A comment above a statement that goes where the statement goes."""
    return bool(comment) and (not is_for_tools(comment) or speaks_of_next(comment))


def comment_line(text: str) -> cst.EmptyLine:
    return cst.EmptyLine(comment=cst.Comment(text))


def comment_lines(found: Iterable[str]) -> list[cst.EmptyLine]:
    """Comments on lines of their own, without what is for tools: there it would hold for all that follows."""
    return list(map(comment_line, filter(None, map(_prose, found))))


def comments_inside(node: Statement) -> list[str]:
    """The comments of a statement, without those above it."""
    return comments(node.with_changes(leading_lines=[]))


def with_comments(node: Statement, found: Sequence[str]) -> Statement:
    """A new statement with comments at the end of its first line: the first of those found, and all for tools."""
    if not found:
        return node
    tools = sorted(filter(is_for_tools, found), key=lambda comment: not comment.startswith("# type:"))
    comment = cst.Comment("  ".join(dict.fromkeys([*tools, found[0]])))  # mypy wants its own to be the first
    space = cst.TrailingWhitespace(whitespace=cst.SimpleWhitespace("  "), comment=comment)
    if isinstance(node, cst.With):
        return node.with_changes(body=node.body.with_changes(header=space))
    return node.with_changes(trailing_whitespace=space)


def without_type_ignore(node: Statement) -> Statement:
    """A statement that becomes the first of its module, without `# type: ignore` on lines of their own above it."""
    above = [line for line in node.leading_lines if not _IGNORE.match(comment_of(line))]
    return node.with_changes(leading_lines=above)
