"""LibCST tree to `Outline`: one traversal, translation only. What anything means is decided elsewhere.

Each branch visits in the order in which Python evaluates, which is not always the order of the text.
"""

from __future__ import annotations

import ast
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast, overload

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from sessionize import outline as o


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes from which parts and calls were read, by id; imports, by the tick of the binding; and names and
    attributes that are taken as values, by the tick of the use."""

    parts: dict[int, cst.CSTNode]
    calls: tuple[cst.Call, ...]
    imports: dict[int, cst.Import | cst.ImportFrom]
    references: dict[int, cst.BaseExpression]


def read_cst(module: cst.Module) -> tuple[o.Outline, Nodes]:
    """The outline of a module and the nodes behind it.

    Raises RecursionError where the source nests deeper than Python's recursion limit allows.
    """
    reader = _Reader()
    reader.build.open_scope("module", "", "lines")
    reader.keep(module)
    reader.statements(module.body)
    outline = reader.build.finish()
    return outline, Nodes(reader.parts, tuple(reader.calls), reader.imports, reader.references)


def places(module: cst.Module, nodes: Nodes) -> Callable[[int], o.Span]:
    """Where the callee of a call stands, or what a use (minus its tick) names. It costs more than the reading."""
    positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)

    def span(call: int) -> o.Span:
        place = positions[nodes.references[-call] if call < 0 else nodes.calls[call].func]
        return (place.start.line, place.start.column + 1), (place.end.line, place.end.column + 1)

    return span


_Comp: TypeAlias = cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp


@dataclass(slots=True)
class _Reader:
    build: o.Builder = field(default_factory=o.Builder)
    parts: dict[int, cst.CSTNode] = field(default_factory=dict)
    calls: list[cst.Call] = field(default_factory=list)
    imports: dict[int, cst.Import | cst.ImportFrom] = field(default_factory=dict)
    references: dict[int, cst.BaseExpression] = field(default_factory=dict)

    def keep(self, node: cst.CSTNode) -> None:
        """Remembers the node of the part being read."""
        self.parts[self.build.at] = node

    # --- statements ---------------------------------------------------------------------------------------------------

    def statements(self, body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> None:
        for statement in body:
            if isinstance(statement, cst.SimpleStatementLine):
                self.small_statements(statement.body)
            else:
                getattr(self, f"statement_{type(statement).__name__}")(statement)

    def small_statements(self, body: Sequence[cst.BaseSmallStatement]) -> None:
        for index, small in enumerate(body):
            plain = isinstance(small, cst.Expr) and _is_plain_text(small.value)
            self.build.open("docstring" if plain else _KINDS.get(type(small), "simple"), "joined" if index else "")
            self.keep(small)
            getattr(self, f"small_{type(small).__name__}")(small)
            self.build.close()

    def suite(self, body: cst.BaseSuite) -> None:
        self.keep(body)
        if isinstance(body, cst.SimpleStatementSuite):
            self.small_statements(body.body)
        else:
            self.statements(cast("Sequence[cst.BaseStatement]", body.body))

    def block(self, kind: str, node: cst.Else | cst.Finally | cst.BaseSuite | None) -> None:
        if node is not None:
            body = node if isinstance(node, cst.BaseSuite) else node.body
            self.build.open(kind, _form(body))
            self.suite(body)
            self.build.close()

    def compound(self, kind: str, node: cst.BaseStatement) -> int:
        """Begins the part of a statement and returns its id."""
        self.build.open(kind)
        self.keep(node)
        return self.build.at

    def statement_If(self, node: cst.If) -> None:
        part = self.compound("if", node)
        self.build.describe(part, test=self.expr(node.test, "read"))
        self.block("arm", node.body)
        if isinstance(node.orelse, cst.If):  # `elif`: an `if` in a block where no statement can be put
            self.build.open("arm")
            self.statement_If(node.orelse)
            self.build.close()
        else:
            self.block("arm", node.orelse)
        self.build.close()

    def statement_For(self, node: cst.For) -> None:
        self.compound("for", node)
        values = self.expr(node.iter, "read")
        self.build.open("turn", _form(node.body))
        if node.asynchronous:
            self.build.pause()
        self.target(node.target, "for", values)
        self.suite(node.body)
        self.build.close()
        self.block("else", node.orelse)
        self.build.close()

    def statement_While(self, node: cst.While) -> None:
        part = self.compound("while", node)
        self.build.open("turn", _form(node.body))
        self.build.describe(part, test=self.expr(node.test, "read"))
        self.suite(node.body)
        self.build.close()
        self.block("else", node.orelse)
        self.build.close()

    def statement_Try(self, node: cst.Try | cst.TryStar) -> None:
        self.compound("try", node)
        self.block("body", node.body)
        for handler in node.handlers:
            self.build.open("handler", _form(handler.body))
            if handler.type is not None:
                self.expr(handler.type, "read")
            if handler.name is not None:
                self.target(handler.name.name, "except")
            self.suite(handler.body)
            self.build.close()
        self.block("else", node.orelse)
        self.block("finally", node.finalbody)
        self.build.close()

    statement_TryStar = statement_Try

    def statement_With(self, node: cst.With) -> None:
        self.compound("with", node)
        for item in node.items:
            value = self.expr(item.item)
            if node.asynchronous:
                self.build.pause()
            if item.asname is not None:
                self.target(item.asname.name, "with", value)
        self.block("body", node.body)
        self.build.close()

    def statement_Match(self, node: cst.Match) -> None:
        part = self.compound("match", node)
        self.expr(node.subject)
        for case in node.cases:
            self.build.open("arm", _form(case.body))
            self.pattern(case.pattern)
            if case.guard is not None:
                self.expr(case.guard, "read")
            self.suite(case.body)
            self.build.close()
        last = node.cases[-1]
        names_all = isinstance(last.pattern, cst.MatchAs) and last.pattern.pattern is None
        self.build.describe(part, exhaustive=names_all and last.guard is None)
        self.build.close()

    def statement_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.compound("def", node)
        decorators = tuple(self.expr(decorator.decorator) for decorator in node.decorators)
        params = self.params(node.params, node.returns)
        self.build.bind(_name(node.name), "def")
        self.build.open_scope("function", _name(node.name), _form(node.body), decorators)
        self.type_parameters(node.type_parameters)
        for param in params:
            self.build.bind_param(*param)
        self.suite(node.body)
        self.build.close_scope()
        self.build.close()

    def statement_ClassDef(self, node: cst.ClassDef) -> None:
        self.compound("class", node)
        decorators = tuple(self.expr(decorator.decorator) for decorator in node.decorators)
        bases = tuple(self.expr(arg.value) for arg in (*node.bases, *node.keywords))
        self.build.open_scope("class", _name(node.name), _form(node.body), decorators, bases)
        self.type_parameters(node.type_parameters)
        self.suite(node.body)
        self.build.close_scope()
        self.build.bind(_name(node.name), "class")
        self.build.close()

    def type_parameters(self, node: cst.TypeParameters | None) -> None:
        for param in node.params if node is not None else ():
            self.build.bind(_name(param.param.name), "type")

    def params(
        self, params: cst.Parameters, returns: cst.Annotation | None = None
    ) -> list[tuple[str, str, o.Value, o.Value | None]]:
        """Reads defaults and annotations; what is then to be bound."""
        rows = _params(params)
        defaults = [self.expr(param.default) if param.default is not None else None for param in rows]
        kinds = [self.expr(p.annotation.annotation, "read") if p.annotation is not None else o.OPAQUE for p in rows]
        if returns is not None:
            self.expr(returns.annotation, "read")
        stars = (params.star_arg, params.star_kwarg)
        hows = ["params" if param in stars else "param" for param in rows]
        return list(zip([_name(param.name) for param in rows], hows, kinds, defaults, strict=True))

    # --- small statements ---------------------------------------------------------------------------------------------

    def small_Expr(self, node: cst.Expr) -> None:
        self.expr(node.value, "read")

    def small_Assign(self, node: cst.Assign) -> None:
        value = self.expr(node.value)
        if len(node.targets) > 1 and not isinstance(value, o.Const | o.Join):
            value = o.OPAQUE  # `a = b = {}`: each is another name of something that may change
        for target in node.targets:
            self.target(target.target, "assign", value)

    def small_AnnAssign(self, node: cst.AnnAssign) -> None:
        value = self.expr(node.value) if node.value is not None else None
        self.expr(node.annotation.annotation, "read")
        if value is not None:
            self.target(node.target, "assign", value)
        elif isinstance(node.target, cst.Name):
            self.target(node.target, "declare")
        else:
            self.expr(node.target, "read")

    def small_AugAssign(self, node: cst.AugAssign) -> None:
        if isinstance(node.target, cst.Name):
            self.build.use(_name(node.target), "read")
            self.expr(node.value, "read")
            self.target(node.target, "augment")
        else:
            self.target(node.target, "augment")
            self.expr(node.value, "read")

    def small_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            self.imports[self.build.tick + 1] = node
            self.build.import_module(_normal(alias.evaluated_name), _normal(alias.evaluated_alias))

    def small_ImportFrom(self, node: cst.ImportFrom) -> None:
        module = "." * len(node.relative) + (_dotted(node.module) if node.module is not None else "")
        if isinstance(node.names, cst.ImportStar):
            self.build.import_star(module)
            return
        for alias in node.names:
            self.imports[self.build.tick + 1] = node
            self.build.import_from(module, _normal(alias.evaluated_name), _normal(alias.evaluated_alias))

    def small_Return(self, node: cst.Return) -> None:
        if node.value is not None:
            self.expr(node.value)

    def small_Raise(self, node: cst.Raise) -> None:
        if node.exc is not None:
            self.expr(node.exc)
            if node.cause is not None:
                self.expr(node.cause.item)

    def small_Assert(self, node: cst.Assert) -> None:
        self.expr(node.test, "read")
        if node.msg is not None:
            self.choice(node.msg, "value")

    def small_Del(self, node: cst.Del) -> None:
        self.target(node.target, "del")

    def small_Global(self, node: cst.Global) -> None:
        self.build.declare("global", [_name(item.name) for item in node.names])

    def small_Nonlocal(self, node: cst.Nonlocal) -> None:
        self.build.declare("nonlocal", [_name(item.name) for item in node.names])

    def small_TypeAlias(self, node: cst.TypeAlias) -> None:
        self.build.bind(_name(node.name), "type")

    def small_Pass(self, node: cst.Pass | cst.Break | cst.Continue) -> None:
        """Nothing to read."""

    small_Break = small_Continue = small_Pass

    # --- targets and patterns -----------------------------------------------------------------------------------------

    def target(self, node: cst.CSTNode, how: str, value: o.Value = o.OPAQUE) -> None:
        """What is bound, changed or deleted by an assignment, a loop, `with`, `del`, ..."""
        if isinstance(node, cst.Name):
            self.build.bind(_name(node), how, value)
            if node.value == "__all__" and isinstance(value, o.Sequence):
                self.build.dunder_all |= {str(v.value) for v in value.items if isinstance(v, o.Const)}
        elif isinstance(node, cst.Attribute):
            attr = _name(node.attr)
            self.build.attributes.add(attr)
            owner = self.expr(node.value, f".{attr}{'del' if how == 'del' else '='}")
            if how == "assign" and isinstance(owner, o.Name):
                self.build.store(owner.name, attr, value)
        elif isinstance(node, cst.Subscript):
            owner = self.expr(node.value, "[]del" if how == "del" else "[]=")
            use = len(self.build.uses) - 1
            key = self.subscript(node)
            if isinstance(owner, o.Name):
                self.build.change_key(use, key)
        elif isinstance(node, cst.Tuple | cst.List):
            for element in node.elements:
                self.target(element.value, "del" if how == "del" else "unpack")
        else:  # `*rest`
            self.target(cast("cst.StarredElement", node).value, how)

    def pattern(self, node: cst.CSTNode) -> None:
        """Names that a `case` binds, expressions that it compares with."""
        if isinstance(node, cst.MatchAs | cst.MatchStar):
            if isinstance(node, cst.MatchAs) and node.pattern is not None:
                self.pattern(node.pattern)
            if node.name is not None:
                self.build.bind(_name(node.name), "match")
        elif isinstance(node, cst.MatchValue | cst.MatchSingleton):
            self.expr(node.value, "read")
        else:
            if isinstance(node, cst.MatchClass):
                self.expr(node.cls, "read")
            for child in node.children:
                if isinstance(child, _PATTERNS):
                    self.pattern_child(child)
            if isinstance(node, cst.MatchMapping) and node.rest is not None:
                self.build.bind(_name(node.rest), "match")

    def pattern_child(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.MatchMappingElement):
            self.expr(node.key, "read")
        self.pattern(node if isinstance(node, cst.MatchStar) else getattr(node, "value", None) or node.pattern)  # type: ignore[attr-defined]

    # --- expressions --------------------------------------------------------------------------------------------------

    def expr(self, node: cst.BaseExpression, how: str = "value", call: int = -1, *, taken: bool = False) -> o.Value:
        """Reads an expression whose value is then treated as `how` says (see `outline.Use`)."""
        if isinstance(node, cst.Name):
            if node.value in _CONSTANTS:
                return _CONSTANTS[node.value]
            if how in ("value", "arg"):
                self.references[self.build.tick + 1] = node
            self.build.use(_name(node), how, call, taken=taken)
            return o.Name(_name(node))
        if isinstance(node, cst.Attribute):
            attr = _name(node.attr)
            self.build.attributes.add(attr)
            taken = how in ("value", "arg")
            if taken:
                self.references[self.build.tick + 1] = node
            value = self.expr(node.value, f".{attr}{o.tail(how)}", call, taken=taken)
            return o.Attribute(value, attr)
        if isinstance(node, cst.Call):
            return self.call(node, how, call)
        if isinstance(node, cst.GeneratorExp):
            return self.comprehension(node, how, call)
        handler = getattr(self, f"expr_{type(node).__name__}", None)
        return cast("o.Value", handler(node, how)) if handler is not None else o.OPAQUE

    def call(self, node: cst.Call, how: str, into: int) -> o.Value:
        call = self.build.open_call(how, into)
        self.calls.append(node)
        func = self.expr(node.func, "()")
        args = []
        for arg in node.args:
            value = self.expr(arg.value, "unpack" if arg.star else "arg", call=call)
            args.append(o.Argument(value, _name(arg.keyword) if arg.keyword is not None else None, arg.star))
        return self.build.close_call(call, func, tuple(args))

    def expr_Subscript(self, node: cst.Subscript, how: str) -> o.Value:
        value = self.expr(node.value, f"[]{o.tail(how)}")
        return o.Item(value, self.subscript(node))

    def subscript(self, node: cst.Subscript) -> o.Value:
        first = node.slice[0]
        if len(node.slice) == 1 and isinstance(first.slice, cst.Index) and not isinstance(first.comma, cst.Comma):
            value = first.slice.value
            if first.slice.star is None and not isinstance(value, cst.Tuple):
                return self.expr(value, "read")
            if isinstance(value, cst.Tuple):  # `a[(b, c)]` is `a[b, c]`
                for element in value.elements:
                    self.expr(element.value, "unpack" if isinstance(element, cst.StarredElement) else "read")
                return o.OPAQUE
        for piece in (element.slice for element in node.slice):
            if isinstance(piece, cst.Index):
                self.expr(piece.value, "unpack" if piece.star is not None else "read")
            else:
                sliced = cst.ensure_type(piece, cst.Slice)
                for bound in filter(None, (sliced.lower, sliced.upper, sliced.step)):
                    self.expr(bound, "read")
        return o.OPAQUE

    def expr_SimpleString(self, node: cst.BaseString, how: str) -> o.Value:
        return self.build.text(self.string(node))

    expr_ConcatenatedString = expr_FormattedString = expr_SimpleString

    def string(self, node: cst.BaseExpression) -> o.Value:
        if isinstance(node, cst.SimpleString):
            return self.literal(node)
        if isinstance(node, cst.ConcatenatedString):
            return o.joined([self.string(node.left), self.string(node.right)])
        return self.formatted(node) if isinstance(node, cst.FormattedString) else self.expr(node)

    def literal(self, node: cst.SimpleString | cst.Integer | cst.Float | cst.Imaginary, how: str = "") -> o.Value:
        if isinstance(node, cst.SimpleString) and not {"\\", "\r"} & set(node.value) and "b" not in node.prefix:
            return o.Const(node.raw_value, "str")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `"\d"`
            try:
                value = node.evaluated_value
            except (SyntaxError, ValueError):  # `"\x1"`, an integer of 5,000 digits
                return o.OPAQUE
        return o.Const(value, type(value).__name__)

    expr_Integer = expr_Float = expr_Imaginary = literal

    def formatted(self, node: cst.FormattedString) -> o.Value:
        parts: list[o.Value] = [o.Const("", "str")]
        quote = f"{'r' if 'r' in node.prefix.lower() else ''}{node.quote}"
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                parts.append(_evaluated(part.value.replace("{{", "{").replace("}}", "}"), quote))
            else:
                hole = cst.ensure_type(part, cst.FormattedStringExpression)
                if hole.equal is not None:  # `{a = !r}` shows `a = ` before the value
                    shown = hole.with_changes(conversion=None, format_spec=None)
                    parts.append(o.Const(cst.Module([]).code_for_node(shown)[1:-1], "str"))
                parts.append(self.hole(hole))
        return o.joined(parts)

    def hole(self, part: cst.FormattedStringExpression | cst.TemplatedStringExpression) -> o.Hole:
        value = self.expr(part.expression, "read")
        for inner in part.format_spec or ():
            if isinstance(inner, cst.FormattedStringExpression | cst.TemplatedStringExpression):
                self.hole(inner)
        return o.Hole(value, plain=part.conversion is None and part.format_spec is None and part.equal is None)

    def expr_TemplatedString(self, node: cst.TemplatedString, how: str) -> o.Value:
        for part in node.parts:
            if isinstance(part, cst.TemplatedStringExpression):
                self.hole(part)
        return o.OPAQUE

    def expr_Dict(self, node: cst.Dict, how: str) -> o.Value:
        items: list[tuple[o.Value | None, o.Value]] = []
        for element in node.elements:
            if isinstance(element, cst.DictElement):
                key = self.expr(element.key, "read")
                items.append((key, self.expr(element.value)))
            else:
                items.append((None, self.expr(element.value, "unpack")))
        return o.Dict(tuple(items))

    def display(self, node: cst.List | cst.Tuple | cst.Set, how: str) -> o.Value:
        items: list[o.Value] = []
        for element in node.elements:
            starred = isinstance(element, cst.StarredElement)
            value = self.expr(element.value, "unpack" if starred else "value")
            items.append(o.OPAQUE if starred else value)
        return o.Sequence(type(node).__name__.lower(), tuple(items))

    expr_List = expr_Tuple = expr_Set = display

    def expr_StarredElement(self, node: cst.StarredElement, how: str) -> o.Value:
        self.expr(node.value, "unpack")
        return o.OPAQUE

    def expr_BinaryOperation(self, node: cst.BinaryOperation, how: str) -> o.Value:
        left, right = self.expr(node.left, "read"), self.expr(node.right, "read")
        op = _OPERATORS.get(type(node.operator))
        return o.Binary(op, left, right) if op is not None else o.OPAQUE

    def expr_UnaryOperation(self, node: cst.UnaryOperation, how: str) -> o.Value:
        self.expr(node.expression, "read")
        return o.OPAQUE

    def expr_BooleanOperation(self, node: cst.BooleanOperation, how: str) -> o.Value:
        self.expr(node.left, how)
        self.choice(node.right, how)
        return o.OPAQUE

    def expr_Comparison(self, node: cst.Comparison, how: str) -> o.Value:
        self.expr(node.left, "read")
        first, *others = node.comparisons
        self.expr(first.comparator, "read")
        for target in others:  # of `a < b < c`, `c` is read only if `a < b`
            self.choice(target.comparator, "read")
        return o.OPAQUE

    def expr_IfExp(self, node: cst.IfExp, how: str) -> o.Value:
        self.expr(node.test, "read")
        self.choice(node.body, how, node.orelse)
        return o.OPAQUE

    def choice(self, node: cst.BaseExpression, how: str, other: cst.BaseExpression | None = None) -> None:
        """What may not be evaluated, or another in its place."""
        self.build.open("choice")
        for branch in (node, other) if other is not None else (node,):
            self.build.open("arm")
            self.expr(branch, how)
            self.build.close()
        self.build.close()

    def expr_NamedExpr(self, node: cst.NamedExpr, how: str) -> o.Value:
        value = self.expr(node.value)
        self.build.bind(_name(cst.ensure_type(node.target, cst.Name)), "walrus", value)
        return o.OPAQUE

    def expr_Lambda(self, node: cst.Lambda, how: str) -> o.Value:
        params = self.params(node.params)
        self.build.open_scope("lambda", "lambda", "")
        for param in params:
            self.build.bind_param(*param)
        self.expr(node.body)
        self.build.close_scope()
        return o.OPAQUE

    def expr_Await(self, node: cst.Await, how: str) -> o.Value:
        self.expr(node.expression)
        self.build.pause()
        return o.OPAQUE

    def expr_Yield(self, node: cst.Yield, how: str) -> o.Value:
        if isinstance(node.value, cst.From):
            self.expr(node.value.item)
        elif node.value is not None:
            self.expr(node.value)
        self.build.pause()
        return o.OPAQUE

    def comprehension(self, node: _Comp, how: str, call: int = -1) -> o.Value:
        loop = node.for_in
        lazy = isinstance(node, cst.GeneratorExp)
        values = self.expr(
            loop.iter, how if lazy else "read", call
        )  # a generator goes through it when it is gone through
        self.build.open("genexp" if lazy else "comp")
        self.build.describe(self.build.at, how=how, call=call)
        self.build.open_scope("generator" if lazy else "comprehension", "", "")
        self.turns(loop, values)
        if isinstance(node, cst.DictComp):
            self.expr(node.key)
            self.expr(node.value)
        else:
            self.expr(node.elt)
        self.build.close_scope()
        self.build.close()
        return o.OPAQUE

    def turns(self, loop: cst.CompFor, values: o.Value) -> None:
        """`for target in values if ...`, then the loops inside it; `values` of the first was read outside."""
        if loop.asynchronous is not None:
            self.build.pause()
        self.target(loop.target, "for", values)
        for condition in loop.ifs:
            self.expr(condition.test, "read")
        if loop.inner_for_in is not None:
            self.turns(loop.inner_for_in, self.expr(loop.inner_for_in.iter, "read"))

    expr_ListComp = expr_SetComp = expr_DictComp = comprehension


_KINDS: dict[type[cst.CSTNode], str] = {
    cst.Return: "return",
    cst.Raise: "raise",
    cst.Break: "break",
    cst.Continue: "continue",
}
_PATTERNS = (
    cst.MatchPattern,
    cst.MatchStar,
    cst.MatchSequenceElement,
    cst.MatchOrElement,
    cst.MatchMappingElement,
    cst.MatchKeywordElement,
)
_OPERATORS: dict[type[cst.CSTNode], str] = {cst.Add: "+", cst.Modulo: "%", cst.Multiply: "*"}
_CONSTANTS: dict[str, o.Value] = {
    "None": o.NONE,
    "True": o.Const(value=True, kind="bool"),
    "False": o.Const(value=False, kind="bool"),
}


def _evaluated(text: str, quote: str) -> o.Value:
    """The text of a piece of an f-string with its escapes read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:  # the blank keeps a quote or backslash at the end from what follows
            return o.Const(ast.literal_eval(f"{quote}{text} {quote.removeprefix('r')}")[:-1], "str")
        except (SyntaxError, ValueError):
            return o.OPAQUE


def _is_plain_text(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.ConcatenatedString) and isinstance(node.left, cst.SimpleString):
        node = node.right
    return isinstance(node, cst.SimpleString)


def _form(body: cst.BaseSuite) -> str:
    return "inline" if isinstance(body, cst.SimpleStatementSuite) else "lines"


def _params(params: cst.Parameters) -> list[cst.Param]:
    """All parameters in the order of their declaration."""
    star = [params.star_arg] if isinstance(params.star_arg, cst.Param) else []
    kwarg = [params.star_kwarg] if params.star_kwarg is not None else []
    return [*params.posonly_params, *params.params, *star, *params.kwonly_params, *kwarg]


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
