"""One text as lines and as an outline, by the reader that can read it. Nothing is decided here."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from sessionize.files.lines import bare_lines
from sessionize.syntax.cst_text import is_same_but_for_data, without_data
from sessionize.syntax.outline import Outline, Span
from sessionize.syntax.parse import TOO_DEEP, UnreadableError, parse_ast, parse_cst
from sessionize.syntax.read_ast import read_ast

if TYPE_CHECKING:
    import libcst as cst

    from sessionize.syntax.read_cst import Nodes


@contextmanager
def limited_nesting() -> Iterator[None]:
    """UnreadableError where what is done goes deeper than Python's recursion limit allows."""
    try:
        yield
    except RecursionError:
        raise UnreadableError(TOO_DEEP) from None


class Reading:
    """A text as an outline: read through Python's own tree, or through LibCST's if that fails or is asked for.

    UnreadableError if neither reads it, RecursionError if it is nested too deeply.
    """

    def __init__(self, text: str, tree: ast.Module | None = None, *, by_libcst: bool = False) -> None:
        self.text = text
        self.tree = tree
        self._whole = False
        self.known: Callable[[int], Span | None] = lambda _: None
        try:
            if not by_libcst:
                self.tree = tree or parse_ast(text)
                self.outline, places = read_ast(self.tree, text)
                self.known = places.span
                return
        except UnreadableError as error:  # a newer Python may read it
            if error.final:
                raise
        _, self.outline, _ = self.concrete

    @cached_property
    def lines(self) -> list[str]:
        return bare_lines(self.text)

    @cached_property
    def concrete(self) -> tuple[cst.Module, Outline, Nodes]:
        """LibCST's tree, the outline of it, and the nodes that the outline is of."""
        from sessionize.syntax.read_cst import read_cst  # noqa: PLC0415  # LibCST costs more to import than all the rest

        text = self.text if self.tree is None or self._whole else without_data(self.text, self.tree)
        module = parse_cst(text, self.tree)
        outline, nodes = read_cst(module)
        if text != self.text and is_same_but_for_data(outline, self.outline):
            outline = self.outline
        return module, outline, nodes

    def read_whole(self) -> None:
        """Lets LibCST read all of the text, also long literals."""
        self._whole = True
        del self.concrete

    def span(self, site: int) -> Span:
        """The place of a call site: of its callee, or of what is taken as a value. UnreadableError as `Rewriting`."""
        return self.known(site) or self._places(site)

    @cached_property
    @limited_nesting()
    def _places(self) -> Callable[[int], Span]:
        from sessionize.syntax.read_cst import places  # noqa: PLC0415

        module, _, nodes = self.concrete
        return places(module, nodes)


def line_at(lines: Sequence[str], row: int) -> str:
    """A line; empty behind the last one, or where no text could be read."""
    return lines[row - 1] if row <= len(lines) else ""
