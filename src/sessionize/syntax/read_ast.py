"""`ast` tree to `Outline`: one traversal, translation only. It gives the very outline that `read_cst` gives.

It is there because it is many times faster. What the tree does not say, whether statements share a line, is read from
the text.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect, bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sessionize.files.lines import bare_lines
from sessionize.syntax import outline as o
from sessionize.syntax.access import READ
from sessionize.syntax.ast_expressions import AstExpressions, arguments
from sessionize.syntax.builder import Builder
from sessionize.syntax.expressions import by_type
from sessionize.syntax.statements import CELL_COMMENT, Statements, kinds


class Places(NamedTuple):
    """The places of call sites in a text: of calls, and of names and attributes that are taken as values."""

    lines: list[str]
    sites: Mapping[int, ast.expr]
    unplaced: set[ast.expr]

    def span(self, site: int) -> o.Span | None:
        """The place of a call's callee, or of what is taken as a value.

        None inside an f-string, where Python before 3.12 does not know it.
        """
        node = self.sites[site]
        if node in self.unplaced:
            return None
        if isinstance(node, ast.Call):
            node = node.func
        end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._place(node.lineno, node.col_offset), self._place(*end)

    def _place(self, row: int, offset: int) -> tuple[int, int]:
        return row, len(self.lines[row - 1].encode()[:offset].decode()) + 1


def read_ast(tree: ast.Module, text: str) -> tuple[o.Outline, Places]:
    """The outline of a tree that was parsed from a text, and the places of what is in it.

    Raises RecursionError where the source nests deeper than Python's recursion limit allows.
    """
    build = Builder()
    read = AstExpressions(build)
    lines = bare_lines(text)
    build.open_scope("module", "", "lines")
    marked = lines if "%%" in text or "COMMAND" in text else []  # few files are, and all are read
    cell_rows = [row for row, line in enumerate(marked, 1) if CELL_COMMENT.match(line)]
    _Statements(build, read, lines, cell_rows).suite(tree.body)
    outline = build.finish()
    return outline, Places(lines, read.sites(outline), read.unplaced)


@dataclass(slots=True, eq=False, repr=False)
class _Statements(Statements[ast.expr, Sequence[ast.stmt]]):
    lines: list[str]
    cell_rows: list[int]  # of the lines that look like `# %%`

    # --- lines --------------------------------------------------------------------------------------------------------

    def suite(self, body: Sequence[ast.stmt]) -> None:
        end = 0
        for node in body:
            if self.cell_rows and self.build.at == 0:
                self._begin_cell(node, end)
            joined = node.lineno == end or (end and self.continues(node))
            self.statement(node, "joined" if joined else "")
            end = node.end_lineno or 0

    def _begin_cell(self, node: ast.stmt, end: int) -> None:
        """Begins a cell where a comment does, between a statement and the `end` of the one before."""
        rows = [node.lineno]
        if isinstance(node, _DEFINITION):
            rows += [decorator.lineno for decorator in node.decorator_list]
        if end and bisect(self.cell_rows, end) < bisect_left(self.cell_rows, min(rows)):
            self.build.begin_cell()

    def form(self, body: Sequence[ast.stmt]) -> str:
        first = body[0]
        before = self.lines[first.lineno - 1][: first.col_offset].strip()
        return "inline" if before or self.continues(first) else "lines"

    def continues(self, node: ast.stmt) -> bool:
        r"""Tell whether a statement goes on with the row above, as after `if a: \`."""
        row = node.lineno - 1
        if self.lines[row][: node.col_offset].strip():  # `; b`
            return self.lines[row - 1].endswith("\\")
        while self.lines[row - 1].endswith("\\"):
            code = _STRING.sub("", self.lines[row - 1][:-1]).strip()
            if code:
                return code[-1] in ":;" and "#" not in code  # a comment ends where its row does
            row -= 1  # a backslash alone
        return False

    # --- statements ---------------------------------------------------------------------------------------------------

    def statement(self, node: ast.stmt, form: str = "") -> None:
        kind = _KINDS.get(type(node), "simple")
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            kind = "docstring" if isinstance(node.value.value, str | bytes) else kind
        self.build.open(kind, form)
        _STATEMENTS[type(node)](self, node)
        self.build.close()

    def If(self, node: ast.If) -> None:
        self.build.describe(self.build.at, value=self.read.expr(node.test, READ))
        self.block("arm", node.body)
        other = node.orelse[0] if node.orelse else None
        if isinstance(other, ast.If) and self.lines[other.lineno - 1].startswith("elif", other.col_offset):
            self.build.open("arm")  # no statement can be put there
            self.statement(other)
            self.build.close()
        else:
            self.block("arm", node.orelse)

    def For(self, node: ast.For | ast.AsyncFor) -> None:
        self.for_(node, pauses=isinstance(node, ast.AsyncFor))

    def Try(self, node: ast.Try) -> None:
        self.try_(node, [(handler.type, handler.name, handler.body) for handler in node.handlers])

    def With(self, node: ast.With | ast.AsyncWith) -> None:
        items = [(item.context_expr, item.optional_vars) for item in node.items]
        self.with_(items, node.body, pauses=isinstance(node, ast.AsyncWith))

    def FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.function(node, node.name, node.decorator_list, node.returns, _type_params(node))

    def ClassDef(self, node: ast.ClassDef) -> None:
        bases = [value for value, _, _ in arguments(node.bases, node.keywords)]
        self.class_(node.name, node.decorator_list, bases, _type_params(node), node.body)

    def Assign(self, node: ast.Assign) -> None:
        self.assign(node.targets, node.value)

    def AnnAssign(self, node: ast.AnnAssign) -> None:
        self.annotated(node.target, node.annotation, node.value)

    def Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.build.import_module(alias.name, alias.asname)

    def ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.build.import_star(module)
            else:
                self.build.import_from(module, alias.name, alias.asname)

    def Raise(self, node: ast.Raise) -> None:
        self.read.values(node.exc, node.cause)

    def Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.read.target(target, "del")

    def Global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.build.declare(type(node).__name__.lower(), node.names)

    AsyncFor, AsyncWith, AsyncFunctionDef, TryStar = For, With, FunctionDef, Try
    Nonlocal = Global

    def pattern(self, node: ast.pattern) -> None:
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.pattern):
                    self.pattern(child)
                elif isinstance(child, ast.expr):
                    self.read.expr(child, READ)
                elif isinstance(child, str) and name in ("name", "rest"):
                    self.build.bind(child, "match")
                elif isinstance(child, str):  # `user` of `case Visit(user=name)`
                    self.build.spell(child)


def _type_params(node: ast.AST) -> Iterator[str]:
    return (param.name for param in getattr(node, "type_params", ()))  # from Python 3.12 on


_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_STATEMENTS = by_type(_Statements, ast, ast.stmt)
# `type Name = ...`, from Python 3.12 on
_STATEMENTS[getattr(ast, "TypeAlias", ast.stmt)] = lambda reader, node: reader.read.target(node.name, "type")
_KINDS = kinds(ast)
_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
