"""Text of regions, as LibCST renders them, and the rows at which they stand in the text that was read.

LibCST renders a block from a module alone, and finds positions by rendering all of it. So a region is put into a module
of its own, as deep as it was, and the rows of other statements are counted without them.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import accumulate
from typing import cast

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from sessionize.analysis.memo import memo
from sessionize.files.lines import split_lines
from sessionize.write.tree import Block, BlockPath, Region, Statement

_HAVE_BLOCKS = (
    cst.BaseCompoundStatement,
    cst.Else,
    cst.ExceptHandler,
    cst.ExceptStarHandler,
    cst.Finally,
    cst.MatchCase,
)


class Rendering:
    """`text` as it is rendered from `module`, which was read from it."""

    def __init__(self, text: str, module: cst.Module) -> None:
        self.text = text
        # LibCST sees no end of line in a final carriage return.
        self.module = module.with_changes(has_trailing_newline=text.endswith(("\n", "\r")))

    @cached_property
    def code(self) -> str:
        """The whole text."""
        if not self.module.has_trailing_newline:
            return self.module.code
        render = self.module.code_for_node
        return "".join((*map(render, self.module.header), *self._statements, *map(render, self.module.footer)))

    @cached_property
    def _statements(self) -> list[str]:
        """The statements of the top level, with the lines above each."""
        return list(map(self.module.code_for_node, self.module.body))

    # --- a region in a module of its own ------------------------------------------------------------------------------

    def isolate(self, region: Region) -> Block:
        """The block of a region with nothing but its statements, and what follows the last one."""
        body = region.block.body[region.start : region.stop]
        footer = region.block.footer if region.stop == len(region.block.body) else ()
        if isinstance(region.block, cst.Module):
            return self.module.with_changes(header=(), body=body, footer=footer)
        return region.block.with_changes(header=cst.TrailingWhitespace(), body=body, footer=footer)

    def _embed(self, region: Region, block: Block) -> cst.Module:
        """A module with `block`, which the block of a region became, inside as many others: each begins with a line."""
        for outer, index in reversed(region.outer):
            suite = cst.ensure_type(block, cst.IndentedBlock)
            if isinstance(match := outer.body[index], cst.Match):  # its cases are deeper, and no block
                default = self.module.default_indent
                suite = suite.with_changes(indent=(match.indent or default) + (suite.indent or default))
            inside = [cst.If(cst.Name("_"), suite)]
            if isinstance(outer, cst.IndentedBlock):
                block = cst.IndentedBlock(inside, indent=outer.indent)
            else:
                block = self.module.with_changes(header=(), body=inside, footer=())
        return cst.ensure_type(block, cst.Module)

    def render(self, region: Region, block: Block, *, last: bool) -> str:
        """The code of `block`, which the block of a region became; `last`: the text ends behind it."""
        module = self._embed(region, block)
        code = module.with_changes(has_trailing_newline=self.module.has_trailing_newline or not last).code
        lines_around = len(region.outer)
        if region.outer and not block.body and region.stop - region.start < len(region.block.body):
            lines_around += 1  # LibCST puts a `pass` where the others of the block are left out
        return "".join(split_lines(code)[lines_around:])

    def column(self, node: cst.CSTNode, path: BlockPath, statement: cst.CSTNode) -> tuple[int, str, str]:
        """The column at which a node begins, and the indentation of its statement and of its own line."""
        region = Region.at(path)
        module = self._embed(region, self.isolate(region))
        positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
        lines = split_lines(module.code)
        start = positions[node].start
        return start.column, _indent(lines[positions[statement].start.line - 1]), _indent(lines[start.line - 1])

    # --- rows ---------------------------------------------------------------------------------------------------------

    def offsets(self, region: Region) -> tuple[int, int]:
        """Where a region begins and ends in the text."""
        rows = self._rows(region.outer, region.block)
        return self.line_offsets[rows[region.start]], self.line_offsets[rows[region.stop]]

    @cached_property
    def line_offsets(self) -> list[int]:
        """Where each line of the text begins, and where the last one ends."""
        return list(accumulate(map(len, split_lines(self.text)), initial=0))

    @memo
    def _rows(self, outer: BlockPath, block: Block) -> list[int]:
        """The rows at which the statements of a block begin, and the one behind the block; counted from 0."""
        code = self.module.code_for_node
        if isinstance(block, cst.Module):
            header = "".join(map(code, self.module.header))
            *rows, _ = accumulate(map(len, map(split_lines, (header, *self._statements))))
            return [*rows, len(self.line_offsets) - 1]
        *before, (around, index) = outer
        cut = around.body[index].visit(_Cut(block, self._unused_name))
        above, _ = code(cast("Statement", cut)).split(self._unused_name)
        row = self._rows(tuple(before), around)[index] + len(split_lines(above)) - 1
        rows = list(accumulate(map(len, map(split_lines, map(code, block.body))), initial=row))
        rows[-1] += len(block.footer)
        return rows

    @cached_property
    def _unused_name(self) -> str:
        """A name that is nowhere in the text."""
        return "_" * (max(map(len, re.findall("_+", self.text)), default=0) + 1)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


class _Cut(cst.CSTTransformer):
    """Puts a name in the place of a block of a statement, so that the lines above it can be counted."""

    def __init__(self, block: cst.IndentedBlock, name: str) -> None:
        super().__init__()
        self.block = block
        self.line = cst.SimpleStatementLine([cst.Expr(cst.Name(name))])

    def on_visit(self, node: cst.CSTNode) -> bool:
        return isinstance(node, _HAVE_BLOCKS)

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> cst.CSTNodeT:
        return updated_node.with_changes(body=[self.line], footer=()) if original_node is self.block else updated_node
