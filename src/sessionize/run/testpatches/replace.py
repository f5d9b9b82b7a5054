"""Replacements of nodes, and code behind nodes, written into the tree of a test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import cast

import libcst as cst


@dataclass
class Replacements:
    parents: Mapping[cst.CSTNode, cst.CSTNode]
    replaced: dict[cst.CSTNode, cst.CSTNode] = field(default_factory=dict)
    added: dict[cst.CSTNode, list[str]] = field(default_factory=lambda: defaultdict(list))  # code behind a node
    needs_requests: bool = False

    def render(self, module: cst.Module) -> str:
        """The code of a module with these replacements, and with `import requests` if they need it."""
        after = module.visit(_Replacing(self, module.config_for_parsing))
        if not self.needs_requests or any(map(_imports_requests, module.body)):
            return after.code
        body = list(after.body)
        at = len(list(takewhile(_stays_first, body)))
        line = cst.parse_statement("import requests", module.config_for_parsing)
        line = line.with_changes(leading_lines=body[at].leading_lines)
        body[at : at + 1] = [line, body[at].with_changes(leading_lines=())]
        return after.with_changes(body=body).code


class _Replacing(cst.CSTTransformer):
    def __init__(self, replacements: Replacements, config: cst.PartialParserConfig) -> None:
        super().__init__()
        self.replacements = replacements
        self.expression = partial(cst.parse_expression, config=config)
        self.statement = partial(cst.parse_statement, config=config)

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.FlattenSentinel[cst.CSTNodeT] | cst.RemovalSentinel:
        node: cst.CSTNode = self.replacements.replaced.get(original_node, updated_node)
        added = self.replacements.added.get(original_node)
        if not added:
            return cast("cst.CSTNodeT", node)
        nodes: Sequence[cst.CSTNode]
        if isinstance(node, cst.Decorator):
            # `@patch(...)`
            nodes = [node, *map(cst.Decorator, map(self.expression, added))]
        elif isinstance(node, cst.WithItem):
            # `with patch(...) as get:`
            nodes = self._items(node, cst.ensure_type(original_node, cst.WithItem), added)
        else:
            # `monkeypatch.setattr(...)`, `requests.get = fake`
            nodes = [node, *map(self.statement, added)]
        return cast("cst.FlattenSentinel[cst.CSTNodeT]", cst.FlattenSentinel(nodes))

    def _items(self, node: cst.WithItem, original: cst.WithItem, added: Sequence[str]) -> list[cst.WithItem]:
        """The item and those behind it, on lines of their own if items have lines."""
        block = cst.ensure_type(self.replacements.parents[original], cst.With)
        space: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
        opening = block.lpar.whitespace_after if isinstance(block.lpar, cst.LeftParen) else None
        if isinstance(opening, cst.ParenthesizedWhitespace):
            space = opening.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
        elif original is not block.items[-1] and isinstance(node.comma, cst.Comma):
            space = node.comma.whitespace_after
        between = cst.Comma(whitespace_after=space)
        items = [node, *map(cst.WithItem, map(self.expression, added))]
        last = items.pop().with_changes(comma=node.comma)
        return [*(item.with_changes(comma=between) for item in items), last]


def _imports_requests(statement: cst.CSTNode) -> bool:
    """Tell whether a statement is `import requests`, under whatever name."""
    for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
        if isinstance(small, cst.Import) and "requests" in [alias.evaluated_name for alias in small.names]:
            return True
    return False


def _stays_first(statement: cst.CSTNode) -> bool:
    """Tell whether a statement is a docstring or an import from the future, above which nothing may stand."""
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Expr(value=cst.SimpleString()) | cst.ImportFrom(module=cst.Name(value="__future__"))]
        ):
            return True
    return False
