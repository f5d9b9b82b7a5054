"""LibCST tree to `Outline`: one traversal, translation only. What anything means is decided elsewhere.

Each branch visits in the order in which Python evaluates, which is not always the order of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from sessionize.syntax import outline as o
from sessionize.syntax.access import READ
from sessionize.syntax.builder import Builder
from sessionize.syntax.cst_expressions import CstExpressions, name_of, normal
from sessionize.syntax.expressions import by_type
from sessionize.syntax.statements import CELL_COMMENT, Statements, kinds


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes from which an outline was read: of parts, of call sites, and of imports by the tick of the binding."""

    parts: dict[int, cst.CSTNode]
    sites: Mapping[int, cst.BaseExpression]
    imports: dict[int, cst.Import | cst.ImportFrom]


def read_cst(module: cst.Module) -> tuple[o.Outline, Nodes]:
    """The outline of a module and the nodes behind it.

    Raises RecursionError where the source nests deeper than Python's recursion limit allows.
    """
    build = Builder()
    read = CstExpressions(build)
    reader = _Statements(build, read)
    build.open_scope("module", "", "lines")
    reader.keep(module)
    reader.statements(module.body)
    outline = build.finish()
    return outline, Nodes(reader.parts, read.sites(outline), reader.imports)


def places(module: cst.Module, nodes: Nodes) -> Callable[[int], o.Span]:
    """A function that gives the place of a call site, as `Places.span`. It costs more than the reading."""
    positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)

    def span(site: int) -> o.Span:
        node = nodes.sites[site]
        place = positions[node.func if isinstance(node, cst.Call) else node]
        return (place.start.line, place.start.column + 1), (place.end.line, place.end.column + 1)

    return span


@dataclass(slots=True, eq=False, repr=False)
class _Statements(Statements[cst.BaseExpression, cst.BaseSuite]):
    parts: dict[int, cst.CSTNode] = field(default_factory=dict)
    imports: dict[int, cst.Import | cst.ImportFrom] = field(default_factory=dict)

    def keep(self, node: cst.CSTNode) -> None:
        """Remembers the node of the part being read."""
        self.parts[self.build.at] = node

    def suite(self, body: cst.BaseSuite) -> None:
        self.keep(body)
        self.statements([body] if isinstance(body, cst.SimpleStatementSuite) else body.body)

    def inside(self, node: cst.Else | cst.Finally | None) -> cst.BaseSuite | None:
        return node.body if node is not None else None

    def form(self, body: cst.BaseSuite) -> str:
        return "inline" if isinstance(body, cst.SimpleStatementSuite) else "lines"

    def statements(self, body: Sequence[cst.CSTNode]) -> None:
        for number, statement in enumerate(body):
            above = getattr(statement, "leading_lines", ())
            if number and self.build.at == 0 and any(map(_is_cell_comment, above)):
                self.build.begin_cell()
            if isinstance(statement, cst.SimpleStatementLine | cst.SimpleStatementSuite):
                for index, small in enumerate(statement.body):
                    self.statement(small, "joined" if index else "")
            else:
                self.statement(statement)

    def statement(self, node: cst.CSTNode, form: str = "") -> None:
        kind = _KINDS.get(type(node), "simple")
        self.build.open("docstring" if isinstance(node, cst.Expr) and _is_plain_text(node.value) else kind, form)
        self.keep(node)
        _STATEMENTS[type(node)](self, node)
        self.build.close()

    def If(self, node: cst.If) -> None:
        self.build.describe(self.build.at, value=self.read.expr(node.test, READ))
        self.block("arm", node.body)
        if isinstance(node.orelse, cst.If):  # `elif`: an `if` in a block where no statement can be put
            self.build.open("arm")
            self.statement(node.orelse)
            self.build.close()
        else:
            self.block("arm", self.inside(node.orelse))

    def For(self, node: cst.For) -> None:
        self.for_(node, pauses=node.asynchronous is not None)

    def Try(self, node: cst.Try | cst.TryStar) -> None:
        handlers = []
        for handler in node.handlers:
            name = name_of(cst.ensure_type(handler.name.name, cst.Name)) if handler.name is not None else None
            handlers.append((handler.type, name, handler.body))
        self.try_(node, handlers)

    def With(self, node: cst.With) -> None:
        items = [(item.item, item.asname.name if item.asname is not None else None) for item in node.items]
        self.with_(items, node.body, pauses=node.asynchronous is not None)

    def FunctionDef(self, node: cst.FunctionDef) -> None:
        returns = node.returns.annotation if node.returns is not None else None
        self.function(node, name_of(node.name), _decorators(node), returns, _type_params(node))

    def ClassDef(self, node: cst.ClassDef) -> None:
        bases = [arg.value for arg in (*node.bases, *node.keywords)]
        self.class_(name_of(node.name), _decorators(node), bases, _type_params(node), node.body)

    def Assign(self, node: cst.Assign) -> None:
        self.assign([target.target for target in node.targets], node.value)

    def AnnAssign(self, node: cst.AnnAssign) -> None:
        self.annotated(node.target, node.annotation.annotation, node.value)

    def Import(self, node: cst.Import) -> None:
        for alias in node.names:
            self.imports[self.build.tick + 1] = node
            self.build.import_module(normal(alias.evaluated_name), normal(alias.evaluated_alias))

    def ImportFrom(self, node: cst.ImportFrom) -> None:
        module = "." * len(node.relative) + (_dotted(node.module) if node.module is not None else "")
        if isinstance(node.names, cst.ImportStar):
            self.build.import_star(module)
            return
        for alias in node.names:
            self.imports[self.build.tick + 1] = node
            self.build.import_from(module, normal(alias.evaluated_name), normal(alias.evaluated_alias))

    def Raise(self, node: cst.Raise) -> None:
        self.read.values(node.exc, node.cause.item if node.cause is not None else None)

    def Del(self, node: cst.Del) -> None:
        self.read.target(node.target, "del")

    def Global(self, node: cst.Global | cst.Nonlocal) -> None:
        self.build.declare(type(node).__name__.lower(), [name_of(item.name) for item in node.names])

    def TypeAlias(self, node: cst.TypeAlias) -> None:
        self.build.bind(name_of(node.name), "type")

    TryStar = Try
    Nonlocal = Global
    LazyImport = Import
    LazyImportFrom = ImportFrom

    def pattern(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.MatchValue):
            self.read.expr(node.value, READ)
        elif isinstance(node, cst.MatchClass):
            self.read.expr(node.cls, READ)
        elif isinstance(node, cst.MatchMapping):
            for element in node.elements:
                self.read.expr(element.key, READ)
        for child in node.children:
            if isinstance(child, _PATTERNS):
                self.pattern(child.pattern if isinstance(child, _NAMED) else child)
        if isinstance(node, cst.MatchClass):
            for keyword in node.kwds:
                self.build.spell(normal(keyword.key.value))
        name = getattr(node, "rest" if isinstance(node, cst.MatchMapping) else "name", None)
        if name is not None:
            self.build.bind(name_of(name), "match")


_STATEMENTS = by_type(_Statements, cst, (cst.BaseCompoundStatement, cst.BaseSmallStatement))
_KINDS = kinds(cst)
_NAMED = (cst.MatchKeywordElement, cst.MatchMappingElement)
_PATTERNS = (*_NAMED, cst.MatchPattern, cst.MatchStar, cst.MatchSequenceElement, cst.MatchOrElement)


def _is_cell_comment(line: cst.EmptyLine) -> bool:
    return line.comment is not None and not line.whitespace.value and bool(CELL_COMMENT.match(line.comment.value))


def _is_plain_text(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.ConcatenatedString) and isinstance(node.left, cst.SimpleString):
        node = node.right
    return isinstance(node, cst.SimpleString)


def _decorators(node: cst.FunctionDef | cst.ClassDef) -> list[cst.BaseExpression]:
    return [decorator.decorator for decorator in node.decorators]


def _type_params(node: cst.FunctionDef | cst.ClassDef) -> list[str]:
    types = node.type_parameters
    return [name_of(param.param.name) for param in types.params] if types is not None else []


def _dotted(node: cst.Attribute | cst.Name) -> str:
    if isinstance(node, cst.Name):
        return name_of(node)
    return f"{_dotted(cast('cst.Name', node.value))}.{name_of(node.attr)}"
