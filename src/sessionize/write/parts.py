"""From the outline to LibCST's tree: which nodes stand around a part."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from itertools import pairwise

import libcst as cst

from sessionize.fixes.outcome import Fix, Redirect
from sessionize.syntax.outline import Outline
from sessionize.syntax.read_cst import Nodes
from sessionize.write.regions import BlockPath
from sessionize.write.tree import Block


class Parts:
    """The parts of `outline` and the nodes from which they were read."""

    def __init__(self, outline: Outline, nodes: Nodes) -> None:
        self.outline = outline
        self.nodes = nodes
        self._indices = cache(_indices)  # asked for every statement of a block

    def calls(self, fix: Fix) -> list[cst.Call]:
        return [self.nodes.calls[redirect.call] for redirect in fix.redirects]

    def of(self, redirect: Redirect) -> int:
        """The part with the call, or the use of a function that is handed on."""
        if redirect.call >= 0:
            return self.outline.calls[redirect.call].part
        return self._part_of_use[-redirect.call]

    @cached_property
    def _part_of_use(self) -> dict[int, int]:
        """By tick."""
        return {use.tick: use.part for use in self.outline.uses}

    def outer(self, part: int) -> int:
        """The part around a part, out of a function body too; -1 around the module."""
        row = self.outline.parts[part]
        return row.parent if row.parent != -1 else self.outline.scopes[row.scope].part

    def nodes_around(self, part: int) -> Iterator[cst.CSTNode]:
        """The statements and blocks around a part, from the inside out."""
        while part != -1:
            if part in self.nodes.parts:
                yield self.nodes.parts[part]
            part = self.outer(part)

    def path(self, part: int) -> BlockPath:
        """The blocks around a part."""
        inside_out: list[tuple[Block, int]] = []
        for node, block in pairwise(self.nodes_around(part)):
            if isinstance(block, cst.Module | cst.IndentedBlock):
                inside_out.append((block, self._indices(block)[node]))
        return tuple(reversed(inside_out))

    def in_block(self, block: int, part: int) -> int:
        """The statement of a block around a part."""
        while self.outline.parts[part].parent != block:
            part = self.outline.parts[part].parent
        return part

    def with_own_line(self, part: int) -> cst.CSTNode:
        """The statement around a part that begins a line, so that a comment can stand above it."""
        parts = self.outline.parts
        while part not in self.nodes.parts or parts[parts[part].parent].form != "lines":
            part = self.outer(part)
        return self.nodes.parts[part]


def _indices(block: Block) -> dict[cst.CSTNode, int]:
    """The index of each statement in a block; those on one line have one."""
    found: dict[cst.CSTNode, int] = {}
    for index, line in enumerate(block.body):
        smalls = line.body if isinstance(line, cst.SimpleStatementLine) else (line,)
        found |= dict.fromkeys(smalls, index)
    return found
