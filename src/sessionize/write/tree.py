"""LibCST's tree: kinds of nodes, the nodes around a part of the outline, and regions, which are written anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import libcst as cst

from sessionize.analysis.memo import memo
from sessionize.fixes.outcome import Fix, Redirect
from sessionize.syntax.outline import CallSite, Outline, Use
from sessionize.syntax.read_cst import Nodes

Statement: TypeAlias = cst.SimpleStatementLine | cst.BaseCompoundStatement
Block: TypeAlias = cst.Module | cst.IndentedBlock
# `lazy from requests import get` is LibCST's since 1.9.
IMPORT_FROM = (cst.ImportFrom, getattr(cst, "LazyImportFrom", cst.ImportFrom))
IMPORTS = (*IMPORT_FROM, cst.Import, getattr(cst, "LazyImport", cst.Import))
Line: TypeAlias = cst.SimpleStatementLine | cst.SimpleStatementSuite
# Blocks from the top level in, each with the index of the statement that the next one is in.
BlockPath: TypeAlias = tuple[tuple[Block, int], ...]


def parse_small(text: str) -> cst.BaseSmallStatement:
    line = cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine)
    return line.body[0]


def parse_lines(texts: Sequence[str], above: Sequence[cst.EmptyLine]) -> list[cst.SimpleStatementLine]:
    """New statements, a line each; the first has `above` over it."""
    lines: list[cst.SimpleStatementLine] = []
    for text in texts:
        lines.append(cst.SimpleStatementLine([parse_small(text)], leading_lines=() if lines else above))
    return lines


class Region(NamedTuple):
    """The statements of `block` from `start` up to `stop`; `outer`: the path to the statement that has the block."""

    outer: BlockPath
    block: Block
    start: int
    stop: int

    @classmethod
    def at(cls, path: BlockPath) -> Region:
        """The one statement at the end of a path."""
        *outer, (block, index) = path
        return cls(tuple(outer), block, index, index + 1)


def merge_regions(paths: Sequence[BlockPath]) -> list[Region]:
    """The statements at the ends of paths, without those inside others.

    Neighbours are one region. Inner blocks come first: comments of what goes there move out, to a new session.
    """
    ends = set(paths)
    indices: dict[tuple[BlockPath, Block], set[int]] = defaultdict(set)
    for path in paths:
        depth = next(depth for depth in range(1, len(path) + 1) if path[:depth] in ends)
        region = Region.at(path[:depth])
        indices[region.outer, region.block].add(region.start)
    regions: list[Region] = []
    for (outer, block), found in indices.items():
        for index in sorted(found):
            if index - 1 in found:
                regions[-1] = regions[-1]._replace(stop=index + 1)
            else:
                regions.append(Region(outer, block, index, index + 1))
    return sorted(regions, key=lambda region: -len(region.outer))


class Parts:
    """The parts of `outline` and the nodes from which they were read."""

    def __init__(self, outline: Outline, nodes: Nodes) -> None:
        self.outline = outline
        self.nodes = nodes

    def calls(self, fix: Fix) -> list[cst.Call]:
        return [cst.ensure_type(self.nodes.sites[redirect.call], cst.Call) for redirect in fix.redirects]

    def of(self, redirect: Redirect) -> int:
        """The part with the call, or the use of a function that is handed on."""
        return self._part_of_site[redirect.call]

    @cached_property
    def _part_of_site(self) -> dict[int, int]:
        sites: list[Use | CallSite] = [*self.outline.uses, *self.outline.calls]
        return {site.tick: site.part for site in sites}

    def nodes_around(self, part: int) -> Iterator[cst.CSTNode]:
        """The statements and blocks around a part, from the inside out."""
        while part != -1:
            if part in self.nodes.parts:
                yield self.nodes.parts[part]
            part = self.outline.outer(part)

    def path(self, part: int) -> BlockPath:
        """The blocks around a part."""
        inside_out: list[tuple[Block, int]] = []
        for node, block in pairwise(self.nodes_around(part)):
            if isinstance(block, cst.Module | cst.IndentedBlock):
                inside_out.append((block, self._indices(block)[node]))
        return tuple(reversed(inside_out))

    @memo
    def _indices(self, block: Block) -> dict[cst.CSTNode, int]:
        """The index of each statement in a block; those on one line have one."""
        found: dict[cst.CSTNode, int] = {}
        for index, line in enumerate(block.body):
            smalls = line.body if isinstance(line, cst.SimpleStatementLine) else (line,)
            found |= dict.fromkeys(smalls, index)
        return found

    def with_own_line(self, part: int) -> cst.CSTNode:
        """The statement around a part that begins a line, so that a comment can stand above it."""
        parts = self.outline.parts
        while part not in self.nodes.parts or parts[parts[part].parent].form != "lines":
            part = self.outline.outer(part)
        return self.nodes.parts[part]
