"""The only writer: LibCST tree and fixes in, changed text out.

It decides nothing. It must keep every comment, and must not touch a token that a fix does not speak of. Only the
statement around a change is visited and written anew, in the innermost block: that block may have many others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, cast

import libcst as cst

from sessionize.files.lines import split_lines
from sessionize.fixes.outcome import Fix, ImportEdit, LostCommentError
from sessionize.syntax.cst_text import restore_lines
from sessionize.syntax.outline import Outline
from sessionize.syntax.read_cst import Nodes
from sessionize.write.comments import loses_comment
from sessionize.write.rendering import Rendering
from sessionize.write.sessions import SessionCode
from sessionize.write.transform import Transformer
from sessionize.write.tree import Block, Parts, Region, merge_regions
from sessionize.write.worklist import Worklist
from sessionize.write.wrapping import width_of, wrap_lines

_INDENT_WITH_FORM_FEED = re.compile(r"^[ \t]*\f[ \t\f]+[^\s]", re.MULTILINE)


class Change(NamedTuple):
    """The text from `start` up to `end` becomes `new`."""

    start: int
    end: int
    new: str


class Writer:
    """Writes fixes of one text; `module`, `nodes` and `outline` are what was read from it."""

    def __init__(self, text: str, module: cst.Module, nodes: Nodes, outline: Outline) -> None:
        self.text = text
        self.rendering = Rendering(text, module)
        self.parts = Parts(outline, nodes)

    @cached_property
    def obstacle(self) -> str:
        """Why what LibCST writes can't be put back line by line; empty if it can."""
        if _INDENT_WITH_FORM_FEED.search(self.text):
            return "LibCST does not preserve form feeds in indentation"
        code = self.rendering.code
        if code != self.text and len(split_lines(code)) != len(split_lines(self.text)):
            return "LibCST does not preserve its line endings"
        return ""

    def changes(self, fixes: Sequence[Fix], imports: Sequence[ImportEdit]) -> list[Change]:
        """The changes of these fixes when they are made together, in the order of the text.

        LostCommentError if a comment would go.
        """
        work = Worklist(self.parts, fixes, imports)
        transformer = Transformer(work, SessionCode(self.rendering, self.parts, work.orphans))
        regions = merge_regions(work.paths)
        before = list(map(self.rendering.isolate, regions))
        after = [cast("Block", block.visit(transformer)) for block in before]
        if loses_comment(before, after):  # in all regions together: a comment in an option moves along to the session
            raise LostCommentError
        return sorted(map(self._change, regions, before, after))

    def _change(self, region: Region, old: Block, new: Block) -> Change:
        start, end = self.rendering.offsets(region)
        last = end == len(self.text)
        text = self.text[start:end]
        read = text if self.text == self.rendering.code else self.rendering.render(region, old, last=last)
        written = restore_lines(text, read, self.rendering.render(region, new, last=last))
        return Change(start, end, wrap_lines(text, written, self._width, self.rendering.module.default_indent))

    @cached_property
    def _width(self) -> int:
        return width_of(self.text)
