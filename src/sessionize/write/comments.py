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
NEXT = re.compile(r"#\s*(?:pylint:\s*disable-next|noinspection)\b")
# For mypy one above the first statement speaks of the whole module; one further down of nothing.
_IGNORE = re.compile(r"#\s*type:\s*ignore\b")


class _CommentCollector(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def visit_Comment(self, node: cst.Comment) -> None:
        self.found.append(node.value)


def comments(node: cst.CSTNode) -> list[str]:
    """The comments in a tree, in order."""
    collector = _CommentCollector()
    node.visit(collector)
    return collector.found


def loses_comment(old: Sequence[cst.CSTNode], new: Sequence[cst.CSTNode]) -> bool:
    """Whether trees that were made from others have not the same comments, but those for tools.

    What they share is not looked at.
    """
    counts: Counter[str] = Counter()
    before, after = list(old), list(new)
    while before or after:
        shared = {id(node) for node in before} & {id(node) for node in after}
        for nodes, one in ((before, 1), (after, -1)):
            own = [node for node in nodes if id(node) not in shared]
            for node in own:
                if isinstance(node, cst.Comment):
                    counts[prose(node.value)] += one
            nodes[:] = [child for node in own for child in _children(node)]
    return any(count for text, count in counts.items() if text)


def _children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """LibCST's own `children` makes every node anew."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, list | tuple):
            yield from (item for item in value if isinstance(item, cst.CSTNode))


def prose(comment: str) -> str:
    """What a comment says to people."""
    return _TOOL.sub("", comment).strip()


def is_for_tools(comment: str) -> bool:
    return _TOOL.search(comment) is not None


def moves_along(line: cst.EmptyLine) -> bool:
    """Whether a line above a statement is a comment that speaks of it."""
    comment = line.comment.value if line.comment is not None else ""
    return bool(comment) and (not is_for_tools(comment) or NEXT.match(comment) is not None)


def comment_line(text: str) -> cst.EmptyLine:
    return cst.EmptyLine(comment=cst.Comment(text))


def comment_lines(found: Iterable[str]) -> list[cst.EmptyLine]:
    """Comments on lines of their own, without what is for tools: there it would hold for all that follows."""
    return [comment_line(text) for comment in found if (text := prose(comment))]


def trailing_comments(node: Statement) -> list[str]:
    """The comments of a statement but those above it."""
    return comments(node.with_changes(leading_lines=[]))


def commented(node: Statement, found: Sequence[str]) -> Statement:
    """A new statement with comments at the end of its (first) line: the first of those found, and all for tools."""
    if not found:
        return node
    tools = sorted(filter(is_for_tools, found), key=lambda comment: not comment.startswith("# type:"))
    comment = cst.Comment("  ".join(dict.fromkeys([*tools, found[0]])))  # mypy wants its own to be the first
    space = cst.TrailingWhitespace(whitespace=cst.SimpleWhitespace("  "), comment=comment)
    if isinstance(node, cst.With):
        return node.with_changes(body=node.body.with_changes(header=space))
    return node.with_changes(trailing_whitespace=space)


def without_ignore(node: Statement) -> Statement:
    """A statement that becomes the first of its module, without `# type: ignore` on lines of their own above it."""
    above = [line for line in node.leading_lines if line.comment is None or not _IGNORE.match(line.comment.value)]
    return node.with_changes(leading_lines=above)
