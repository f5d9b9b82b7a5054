"""Regions: neighbouring statements of one block. They are all of a tree that a fix visits and writes anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from sessionize.write.tree import Block

# Blocks from the top level in, each with the index of the statement that the next one is in.
BlockPath: TypeAlias = tuple[tuple[Block, int], ...]


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
