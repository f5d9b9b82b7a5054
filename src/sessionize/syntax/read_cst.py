"""LibCST tree to `Outline`: one traversal, translation only. What anything means is decided elsewhere.

Each branch visits in the order in which Python evaluates, which is not always the order of the text.
"""

from __future__ import annotations

import ast
import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast, overload

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import READ, UNPACK, VALUE, Access
from sessionize.syntax.reader import Reader, by_type, kinds


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
    reader = _Reader()
    reader.build.open_scope("module", "", "lines")
    reader.keep(module)
    reader.statements(module.body)
    outline = reader.build.finish()
    return outline, Nodes(reader.parts, reader.sites(outline), reader.imports)


def places(module: cst.Module, nodes: Nodes) -> Callable[[int], o.Span]:
    """A function that gives the place of a call site, as `Places.span`. It costs more than the reading."""
    positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)

    def span(site: int) -> o.Span:
        node = nodes.sites[site]
        place = positions[node.func if isinstance(node, cst.Call) else node]
        return (place.start.line, place.start.column + 1), (place.end.line, place.end.column + 1)

    return span


_Param: TypeAlias = tuple[str, str, cst.BaseExpression | None, cst.BaseExpression | None]
_Comp: TypeAlias = cst.ListComp | cst.SetComp | cst.GeneratorExp
_Loop: TypeAlias = tuple[cst.BaseExpression, cst.BaseExpression, list[cst.BaseExpression], bool]


@dataclass(slots=True)
class _Reader(Reader[cst.BaseExpression, cst.BaseSuite]):
    parts: dict[int, cst.CSTNode] = field(default_factory=dict)
    imports: dict[int, cst.Import | cst.ImportFrom] = field(default_factory=dict)

    def keep(self, node: cst.CSTNode) -> None:
        """Remembers the node of the part being read."""
        self.parts[self.build.at] = node

    # --- statements ---------------------------------------------------------------------------------------------------

    def suite(self, body: cst.BaseSuite) -> None:
        self.keep(body)
        self.statements([body] if isinstance(body, cst.SimpleStatementSuite) else body.body)

    def form(self, body: cst.BaseSuite) -> str:
        return "inline" if isinstance(body, cst.SimpleStatementSuite) else "lines"

    def statements(self, body: Sequence[cst.CSTNode]) -> None:
        for statement in body:
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
        self.build.describe(self.build.at, test=self.expr(node.test, READ))
        self.block("arm", node.body)
        if isinstance(node.orelse, cst.If):  # `elif`: an `if` in a block where no statement can be put
            self.build.open("arm")
            self.statement(node.orelse)
            self.build.close()
        else:
            self.block("arm", _body(node.orelse))

    def For(self, node: cst.For) -> None:
        self.for_(node.target, node.iter, node.body, _body(node.orelse), pauses=node.asynchronous is not None)

    def While(self, node: cst.While) -> None:
        self.while_(node.test, node.body, _body(node.orelse))

    def Try(self, node: cst.Try | cst.TryStar) -> None:
        handlers = [
            (handler.type, _name(cst.ensure_type(handler.name.name, cst.Name)) if handler.name else None, handler.body)
            for handler in node.handlers
        ]
        self.try_(node.body, handlers, _body(node.orelse), _body(node.finalbody))

    def With(self, node: cst.With) -> None:
        items = [(item.item, item.asname.name if item.asname is not None else None) for item in node.items]
        self.with_(items, node.body, pauses=node.asynchronous is not None)

    def Match(self, node: cst.Match) -> None:
        last = node.cases[-1]
        names_all = isinstance(last.pattern, cst.MatchAs) and last.pattern.pattern is None
        cases = [(case.pattern, case.guard, case.body) for case in node.cases]
        self.match(node.subject, cases, exhaustive=names_all and last.guard is None)

    def FunctionDef(self, node: cst.FunctionDef) -> None:
        decorators = [decorator.decorator for decorator in node.decorators]
        returns = node.returns.annotation if node.returns is not None else None
        self.function(_name(node.name), decorators, _params(node.params), returns, _type_params(node), node.body)

    def ClassDef(self, node: cst.ClassDef) -> None:
        decorators = [decorator.decorator for decorator in node.decorators]
        bases = [arg.value for arg in (*node.bases, *node.keywords)]
        self.class_(_name(node.name), decorators, bases, _type_params(node), node.body)

    def Expr(self, node: cst.Expr) -> None:
        self.expr(node.value, READ)

    def Assign(self, node: cst.Assign) -> None:
        self.assign([target.target for target in node.targets], node.value)

    def AnnAssign(self, node: cst.AnnAssign) -> None:
        self.annotated(node.target, node.annotation.annotation, node.value)

    def AugAssign(self, node: cst.AugAssign) -> None:
        self.augmented(node.target, node.value)

    def Import(self, node: cst.Import) -> None:
        for alias in node.names:
            self.imports[self.build.tick + 1] = node
            self.build.import_module(_normal(alias.evaluated_name), _normal(alias.evaluated_alias))

    def ImportFrom(self, node: cst.ImportFrom) -> None:
        module = "." * len(node.relative) + (_dotted(node.module) if node.module is not None else "")
        if isinstance(node.names, cst.ImportStar):
            self.build.import_star(module)
            return
        for alias in node.names:
            self.imports[self.build.tick + 1] = node
            self.build.import_from(module, _normal(alias.evaluated_name), _normal(alias.evaluated_alias))

    def Return(self, node: cst.Return) -> None:
        self.values(node.value)

    def Raise(self, node: cst.Raise) -> None:
        self.values(node.exc, node.cause.item if node.cause is not None else None)

    def Assert(self, node: cst.Assert) -> None:
        self.assertion(node.test, node.msg)

    def Del(self, node: cst.Del) -> None:
        self.target(node.target, "del")

    def Global(self, node: cst.Global) -> None:
        self.build.declare("global", [_name(item.name) for item in node.names])

    def Nonlocal(self, node: cst.Nonlocal) -> None:
        self.build.declare("nonlocal", [_name(item.name) for item in node.names])

    def TypeAlias(self, node: cst.TypeAlias) -> None:
        self.build.bind(_name(node.name), "type")

    def Pass(self, node: cst.Pass | cst.Break | cst.Continue) -> None:
        """Nothing to read."""

    TryStar = Try
    Break = Continue = Pass

    # --- targets and patterns -----------------------------------------------------------------------------------------

    def target(self, node: cst.CSTNode, form: str, value: v.Value = v.OPAQUE) -> None:
        if isinstance(node, cst.Name):
            self.bind(_name(node), form, value)
        elif isinstance(node, cst.Attribute):
            self.change_attribute(node.value, _name(node.attr), form, value)
        elif isinstance(node, cst.Subscript):
            self.change_item(node.value, node, form)
        elif isinstance(node, cst.Tuple | cst.List):
            for element in node.elements:
                self.target(element.value, "del" if form == "del" else "unpack")
        else:  # `*rest`
            self.target(cst.ensure_type(node, cst.StarredElement).value, form)

    def pattern(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.MatchValue):
            self.expr(node.value, READ)
        elif isinstance(node, cst.MatchClass):
            self.expr(node.cls, READ)
        elif isinstance(node, cst.MatchMapping):
            self.values(*(element.key for element in node.elements), access=READ)
        for child in node.children:
            if isinstance(child, _PATTERNS):
                self.pattern(child.pattern if isinstance(child, _NAMED) else child)
        name = getattr(node, "rest" if isinstance(node, cst.MatchMapping) else "name", None)
        if name is not None:
            self.build.bind(_name(name), "match")

    # --- expressions --------------------------------------------------------------------------------------------------

    def expr(self, node: cst.BaseExpression, access: Access = VALUE, call: int = -1) -> v.Value:
        return _EXPRESSIONS[type(node)](self, node, access, call)  # type: ignore[no-any-return]

    def named(self, node: cst.BaseExpression) -> str | None:
        return _name(node) if isinstance(node, cst.Name) and node.value not in _CONSTANTS else None

    def Name(self, node: cst.Name, access: Access, call: int) -> v.Value:
        known = _CONSTANTS.get(node.value)
        return known if known is not None else self.name(node, _name(node), access, call)

    def Attribute(self, node: cst.Attribute, access: Access, call: int) -> v.Value:
        return self.attribute(node, node.value, _name(node.attr), access, call)

    def Call(self, node: cst.Call, access: Access, call: int) -> v.Value:
        args = [(arg.value, _name(arg.keyword) if arg.keyword is not None else None, arg.star) for arg in node.args]
        return self.called(node, node.func, args, access, call)

    def Subscript(self, node: cst.Subscript, access: Access, call: int) -> v.Value:
        return self.item(node, node.value, access)

    def subscript(self, node: cst.BaseExpression) -> v.Value:
        node = cst.ensure_type(node, cst.Subscript)
        first = node.slice[0]
        if len(node.slice) == 1 and isinstance(first.slice, cst.Index) and not isinstance(first.comma, cst.Comma):
            value = first.slice.value
            if first.slice.star is None and not isinstance(value, cst.Tuple):
                return self.expr(value, READ)
            if isinstance(value, cst.Tuple):  # `a[(b, c)]` is `a[b, c]`
                for element in value.elements:
                    self.expr(element.value, UNPACK if isinstance(element, cst.StarredElement) else READ)
                return v.OPAQUE
        for piece in (element.slice for element in node.slice):
            if isinstance(piece, cst.Index):
                self.expr(piece.value, UNPACK if piece.star is not None else READ)
            else:
                sliced = cst.ensure_type(piece, cst.Slice)
                self.values(sliced.lower, sliced.upper, sliced.step, access=READ)
        return v.OPAQUE

    def Ellipsis(self, node: cst.Ellipsis, access: Access, call: int) -> v.Value:
        return v.OPAQUE

    def Integer(self, node: cst.Integer | cst.Float | cst.Imaginary, access: Access, call: int) -> v.Value:
        return self.literal(node)

    def SimpleString(self, node: cst.BaseString, access: Access, call: int) -> v.Value:
        tick = self.build.tick
        return self.build.text(self.string(node), tick)

    ConcatenatedString = FormattedString = SimpleString
    Float = Imaginary = Integer

    def string(self, node: cst.BaseExpression) -> v.Value:
        if isinstance(node, cst.SimpleString):
            return self.literal(node)
        if isinstance(node, cst.ConcatenatedString):
            return v.joined([self.string(node.left), self.string(node.right)])
        return self.formatted(node) if isinstance(node, cst.FormattedString) else self.expr(node)

    def literal(self, node: cst.SimpleString | cst.Integer | cst.Float | cst.Imaginary) -> v.Value:
        if isinstance(node, cst.SimpleString) and not {"\\", "\r"} & set(node.value) and "b" not in node.prefix:
            return v.Const(node.raw_value, "str")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `"\d"`
            try:
                value = node.evaluated_value
            except (SyntaxError, ValueError):  # `"\x1"`, an integer of 5,000 digits
                return v.OPAQUE
        return v.Const(value, type(value).__name__)

    def formatted(self, node: cst.FormattedString) -> v.Value:
        parts: list[v.Value] = [v.Const("", "str")]
        quote = f"{'r' if 'r' in node.prefix.lower() else ''}{node.quote}"
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                parts.append(_evaluated(part.value.replace("{{", "{").replace("}}", "}"), quote))
            else:
                hole = cst.ensure_type(part, cst.FormattedStringExpression)
                if hole.equal is not None:  # `{a = !r}` shows `a = ` before the value
                    shown = hole.with_changes(conversion=None, format_spec=None).visit(_Uncommented())
                    parts.append(v.Const(cst.Module([]).code_for_node(cast("cst.CSTNode", shown))[1:-1], "str"))
                parts.append(self.hole(hole))
        return v.joined(parts)

    def hole(self, part: cst.FormattedStringExpression | cst.TemplatedStringExpression) -> v.Hole:
        value = self.expr(part.expression, READ)
        for inner in part.format_spec or ():
            if isinstance(inner, cst.FormattedStringExpression | cst.TemplatedStringExpression):
                self.hole(inner)
        return v.Hole(value, plain=part.conversion is None and part.format_spec is None and part.equal is None)

    def TemplatedString(self, node: cst.TemplatedString, access: Access, call: int) -> v.Value:
        for part in node.parts:
            if isinstance(part, cst.TemplatedStringExpression):
                self.hole(part)
        return v.OPAQUE

    def Dict(self, node: cst.Dict, access: Access, call: int) -> v.Value:
        return self.dict_([(getattr(element, "key", None), element.value) for element in node.elements])

    def List(self, node: cst.List | cst.Tuple | cst.Set, access: Access, call: int) -> v.Value:
        starred = [element if isinstance(element, cst.StarredElement) else element.value for element in node.elements]
        return v.Sequence(type(node).__name__.lower(), tuple([self.expr(element) for element in starred]))

    def StarredElement(self, node: cst.StarredElement, access: Access, call: int) -> v.Value:
        return self.values(node.value, access=UNPACK)

    def BinaryOperation(self, node: cst.BinaryOperation, access: Access, call: int) -> v.Value:
        return self.binary(_OPERATORS.get(type(node.operator)), node.left, node.right)

    def UnaryOperation(self, node: cst.UnaryOperation, access: Access, call: int) -> v.Value:
        negated = isinstance(node.operator, cst.Not)
        return self.negation(node.expression) if negated else self.values(node.expression, access=READ)

    def BooleanOperation(self, node: cst.BooleanOperation, access: Access, call: int) -> v.Value:
        return self.boolean(_CHECKS[type(node.operator)], node.left, [node.right], access)

    def Comparison(self, node: cst.Comparison, access: Access, call: int) -> v.Value:
        others = ((_CHECKS[type(target.operator)], target.comparator) for target in node.comparisons)
        return self.comparison(node.left, others)

    def IfExp(self, node: cst.IfExp, access: Access, call: int) -> v.Value:
        return self.conditional(node.test, node.body, node.orelse, access)

    def NamedExpr(self, node: cst.NamedExpr, access: Access, call: int) -> v.Value:
        return self.walrus(_name(cst.ensure_type(node.target, cst.Name)), node.value)

    def Lambda(self, node: cst.Lambda, access: Access, call: int) -> v.Value:
        return self.lambda_(_params(node.params), node.body)

    def Await(self, node: cst.Await, access: Access, call: int) -> v.Value:
        return self.pause(node.expression)

    def Yield(self, node: cst.Yield, access: Access, call: int) -> v.Value:
        return self.pause(node.value.item if isinstance(node.value, cst.From) else node.value)

    def ListComp(self, node: _Comp, access: Access, call: int) -> v.Value:
        lazy = isinstance(node, cst.GeneratorExp)
        return self.comprehension(_loops(node.for_in), [node.elt], access, call if lazy else None)

    def DictComp(self, node: cst.DictComp, access: Access, call: int) -> v.Value:
        return self.comprehension(_loops(node.for_in), [node.key, node.value], access, None)

    Set = Tuple = List
    SetComp = GeneratorExp = ListComp


_STATEMENTS = by_type(_Reader, cst, (cst.BaseCompoundStatement, cst.BaseSmallStatement))
_EXPRESSIONS = by_type(_Reader, cst, (cst.BaseExpression, cst.StarredElement))
_KINDS = kinds(cst)
_NAMED = (cst.MatchKeywordElement, cst.MatchMappingElement)
_PATTERNS = (*_NAMED, cst.MatchPattern, cst.MatchStar, cst.MatchSequenceElement, cst.MatchOrElement)
_OPERATORS: dict[type[cst.CSTNode], str] = {cst.Add: "+", cst.Modulo: "%", cst.Multiply: "*", cst.BitOr: "|"}
_CHECKS: dict[type[cst.CSTNode], str] = {
    cst.And: "and",
    cst.Or: "or",
    cst.Equal: "==",
    cst.NotEqual: "!=",
    cst.Is: "is",
    cst.IsNot: "is not",
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
    cst.In: "in",
    cst.NotIn: "not in",
}
_CONSTANTS: dict[str, v.Value] = {
    "None": v.NONE,
    "True": v.Const(value=True, kind="bool"),
    "False": v.Const(value=False, kind="bool"),
}


def _evaluated(text: str, quote: str) -> v.Value:
    """The text of a piece of an f-string with its escapes read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:  # the blank keeps a quote or backslash at the end from what follows
            return v.Const(ast.literal_eval(f"{quote}{text} {quote.removeprefix('r')}")[:-1], "str")
        except (SyntaxError, ValueError):
            return v.OPAQUE


class _Uncommented(cst.CSTTransformer):
    def leave_Comment(  # type: ignore[override]  # a comment can always be left out
        self, original_node: cst.Comment, updated_node: cst.Comment
    ) -> cst.RemovalSentinel:
        return cst.RemoveFromParent()


def _is_plain_text(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.ConcatenatedString) and isinstance(node.left, cst.SimpleString):
        node = node.right
    return isinstance(node, cst.SimpleString)


def _body(node: cst.Else | cst.Finally | None) -> cst.BaseSuite | None:
    return node.body if node is not None else None


def _params(params: cst.Parameters) -> list[_Param]:
    """All parameters in the order of their declaration."""
    star = [params.star_arg] if isinstance(params.star_arg, cst.Param) else []
    kwarg = [params.star_kwarg] if params.star_kwarg is not None else []
    return [
        (
            _name(param.name),
            "params" if param in (params.star_arg, params.star_kwarg) else "param",
            param.annotation.annotation if param.annotation is not None else None,
            param.default,
        )
        for param in (*params.posonly_params, *params.params, *star, *params.kwonly_params, *kwarg)
    ]


def _type_params(node: cst.FunctionDef | cst.ClassDef) -> list[str]:
    types = node.type_parameters
    return [_name(param.param.name) for param in types.params] if types is not None else []


def _loops(loop: cst.CompFor | None) -> list[_Loop]:
    """A comprehension's loops, from the outer to the inner."""
    loops: list[_Loop] = []
    while loop is not None:
        loops.append((loop.target, loop.iter, [test.test for test in loop.ifs], loop.asynchronous is not None))
        loop = loop.inner_for_in
    return loops


def _dotted(node: cst.Attribute | cst.Name) -> str:
    return _name(node) if isinstance(node, cst.Name) else f"{_dotted(cast('cst.Name', node.value))}.{_name(node.attr)}"


def _name(node: cst.Name) -> str:
    return _normal(node.value)


@overload
def _normal(name: str) -> str: ...
@overload
def _normal(name: None) -> None: ...
def _normal(name: str | None) -> str | None:
    """A name as Python reads it (PEP 3131)."""
    return name if name is None or name.isascii() else unicodedata.normalize("NFKC", name)
