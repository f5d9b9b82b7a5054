"""Text to syntax tree: Python's own, and LibCST's. Neither parser may end the process, whatever the text holds."""

from __future__ import annotations

import ast
import threading
import warnings
from typing import TYPE_CHECKING

from sessionize.syntax.cst_text import expand_indents

if TYPE_CHECKING:
    import libcst as cst

_LEVELS = 1000  # at about 3,000 LibCST's parser, which is not in Python, overflows the stack
# `ast.parse`, in older versions of Python, and `catch_warnings` are not for several threads at once.
_ONE = threading.Lock()
TOO_DEEP = "the code nests too deeply to be read"


class UnreadableError(Exception):
    """A text that is not Python, and the row and column where that shows, from 1 on.

    final: a newer Python would not read it either.
    """

    def __init__(self, message: str, row: int = 1, column: int = 1, *, final: bool = False) -> None:
        super().__init__(message)
        self.row = row
        self.column = column
        self.final = final


def parse_ast(text: str | bytes) -> ast.Module:
    """Python's own tree. UnreadableError with what this Python says against the text."""
    try:
        with _ONE, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        final = "too many" in error.msg or "too complex" in error.msg
        raise UnreadableError(error.msg, max(error.lineno or 1, 1), max(error.offset or 1, 1), final=final) from None
    except (RecursionError, MemoryError):
        raise UnreadableError(TOO_DEEP, final=True) from None
    except ValueError as error:  # lone surrogates
        raise UnreadableError(str(error)) from None


def refusal(tree: ast.Module) -> str:
    """The reason why Python does not compile what it parsed, `too many statically nested blocks`; empty if it does."""
    try:
        with _ONE, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree, "<text>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError) as error:
        return str(error)
    return ""


def parse_cst(text: str, tree: ast.Module | None = None) -> cst.Module:
    """LibCST's tree; where tabs and spaces mix as it does not read them, that of the text with its indents expanded.

    `tree` is Python's own, if it is known. UnreadableError if there is none.
    """
    refused = None
    try:
        _refuse_deep(tree or parse_ast(text))
    except UnreadableError as error:
        if error.final:
            raise
        refused = error
    module = _tree(text)
    if not isinstance(module, str):
        return module
    if refused is not None:
        raise refused
    if "\t" in text:
        with _ONE:
            expanded = expand_indents(text)
        again = _tree(expanded)
        if not isinstance(again, str):
            return again
    raise UnreadableError(f"LibCST cannot read it: {module}")


def _tree(text: str) -> cst.Module | str:
    """The tree of a text, or why LibCST can't make one."""
    import libcst as cst  # noqa: PLC0415  # most files need none of its trees

    try:
        return cst.parse_module(text)
    except (cst.ParserSyntaxError, cst.CSTValidationError, cst.CSTLogicError, UnicodeEncodeError) as error:
        return str(error).partition("\n")[0]


def _refuse_deep(tree: ast.AST) -> None:
    """UnreadableError if a tree is deeper than `_LEVELS`."""
    level: list[ast.AST] = [tree]
    for _ in range(_LEVELS):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise UnreadableError(TOO_DEEP, final=True)


def last_name(node: ast.expr) -> str:
    """The last name of a path: `token` of `client.token`; empty for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
