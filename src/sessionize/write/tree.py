"""Kinds of nodes in LibCST's tree, and statements from text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import libcst as cst

Statement: TypeAlias = cst.SimpleStatementLine | cst.BaseCompoundStatement
Block: TypeAlias = cst.Module | cst.IndentedBlock
Line: TypeAlias = cst.SimpleStatementLine | cst.SimpleStatementSuite


def parse_small(text: str) -> cst.BaseSmallStatement:
    line = cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine)
    return line.body[0]


def parse_lines(texts: Sequence[str], above: Sequence[cst.EmptyLine]) -> list[cst.SimpleStatementLine]:
    """New statements, a line each; the first has `above` over it."""
    lines = [cst.SimpleStatementLine([parse_small(text)]) for text in texts]
    return [line.with_changes(leading_lines=() if number else above) for number, line in enumerate(lines)]
