"""LibCST tree to `Outline`: one traversal, translation only. What anything means is decided elsewhere.

Each branch visits in the order in which Python evaluates, which is not always the order of the text.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import libcst as cst

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
    with reader.build.inner_scope("module", "", "lines"):
        reader.keep(module)
        reader.statements(module.body)
    outline = reader.build.finish()
    return outline, Nodes(reader.parts, tuple(reader.calls), reader.imports, reader.references)


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
            kind = _KINDS.get(type(small), "simple")
            if isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString | cst.ConcatenatedString):
                kind = "docstring"
            with self.build.part(kind, "joined" if index else ""):
                self.keep(small)
                getattr(self, f"small_{type(small).__name__}")(small)

    def suite(self, body: cst.BaseSuite) -> None:
        self.keep(body)
        if isinstance(body, cst.SimpleStatementSuite):
            self.small_statements(body.body)
        else:
            self.statements(cast("Sequence[cst.BaseStatement]", body.body))

    def block(self, kind: str, body: cst.BaseSuite) -> None:
        with self.build.part(kind, _form(body)):
            self.suite(body)

    def statement_If(self, node: cst.If) -> None:
        with self.build.part("if") as part:
            self.keep(node)
            self.build.describe(part, test=self.expr(node.test, "read"))
            self.block("arm", node.body)
            if isinstance(node.orelse, cst.Else):
                self.block("arm", node.orelse.body)
            elif node.orelse is not None:  # `elif`: an `if` in a block where no statement can be put
                with self.build.part("arm"):
                    self.statement_If(node.orelse)

    def statement_For(self, node: cst.For) -> None:
        with self.build.part("for"):
            self.keep(node)
            values = self.expr(node.iter, "read")
            with self.build.part("turn", _form(node.body)):
                if node.asynchronous:
                    self.build.pause()
                self.target(node.target, "for", values)
                self.suite(node.body)
            if node.orelse is not None:
                self.block("else", node.orelse.body)

    def statement_While(self, node: cst.While) -> None:
        with self.build.part("while") as part:
            self.keep(node)
            with self.build.part("turn", _form(node.body)):
                self.build.describe(part, test=self.expr(node.test, "read"))
                self.suite(node.body)
            if node.orelse is not None:
                self.block("else", node.orelse.body)

    def statement_Try(self, node: cst.Try | cst.TryStar) -> None:
        with self.build.part("try"):
            self.keep(node)
            self.block("body", node.body)
            for handler in node.handlers:
                with self.build.part("handler", _form(handler.body)):
                    if handler.type is not None:
                        self.expr(handler.type, "read")
                    if handler.name is not None:
                        self.target(handler.name.name, "except")
                    self.suite(handler.body)
            if node.orelse is not None:
                self.block("else", node.orelse.body)
            if node.finalbody is not None:
                self.block("finally", node.finalbody.body)

    statement_TryStar = statement_Try

    def statement_With(self, node: cst.With) -> None:
        with self.build.part("with"):
            self.keep(node)
            for item in node.items:
                value = self.expr(item.item)
                if node.asynchronous:
                    self.build.pause()
                if item.asname is not None:
                    self.target(item.asname.name, "with", value)
            self.block("body", node.body)

    def statement_Match(self, node: cst.Match) -> None:
        with self.build.part("match") as part:
            self.keep(node)
            self.expr(node.subject)
            for case in node.cases:
                with self.build.part("arm", _form(case.body)):
                    self.pattern(case.pattern)
                    if case.guard is not None:
                        self.expr(case.guard, "read")
                    self.suite(case.body)
            last = node.cases[-1]
            names_all = isinstance(last.pattern, cst.MatchAs) and last.pattern.pattern is None
            self.build.describe(part, exhaustive=names_all and last.guard is None)

    def statement_FunctionDef(self, node: cst.FunctionDef) -> None:
        with self.build.part("def"):
            self.keep(node)
            decorators = tuple(self.expr(decorator.decorator) for decorator in node.decorators)
            defaults = self.defaults(node.params)
            for annotation in (*(p.annotation for p in _params(node.params)), node.returns):
                if annotation is not None:
                    self.expr(annotation.annotation, "read")
            self.build.bind(node.name.value, "def")
            with self.build.inner_scope("function", node.name.value, _form(node.body), decorators):
                self.type_parameters(node.type_parameters)
                self.params(node.params, defaults)
                self.suite(node.body)

    def statement_ClassDef(self, node: cst.ClassDef) -> None:
        with self.build.part("class"):
            self.keep(node)
            decorators = tuple(self.expr(decorator.decorator) for decorator in node.decorators)
            bases = tuple(self.expr(arg.value) for arg in (*node.bases, *node.keywords))
            with self.build.inner_scope("class", node.name.value, _form(node.body), decorators, bases):
                self.type_parameters(node.type_parameters)
                self.suite(node.body)
            self.build.bind(node.name.value, "class")

    def type_parameters(self, node: cst.TypeParameters | None) -> None:
        for param in node.params if node is not None else ():
            self.build.bind(param.param.name.value, "type")

    def params(self, params: cst.Parameters, defaults: dict[cst.Param, o.Value]) -> None:
        for param in _params(params):
            annotation = param.annotation.annotation if param.annotation is not None else None
            kind = annotation.value if isinstance(annotation, cst.Name) else ""
            if param in (params.star_arg, params.star_kwarg):
                self.build.bind(param.name.value, "params")
            else:
                self.build.bind_param(param.name.value, kind, defaults.get(param))

    def defaults(self, params: cst.Parameters) -> dict[cst.Param, o.Value]:
        return {param: self.expr(param.default) for param in _params(params) if param.default is not None}

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
            self.build.use(node.target.value, "read")
            self.expr(node.value, "read")
            self.target(node.target, "augment")
        else:
            self.target(node.target, "augment")
            self.expr(node.value, "read")

    def small_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            self.imports[self.build.tick + 1] = node
            self.build.import_module(alias.evaluated_name, alias.evaluated_alias)

    def small_ImportFrom(self, node: cst.ImportFrom) -> None:
        module = "." * len(node.relative) + (_dotted(node.module) if node.module is not None else "")
        if isinstance(node.names, cst.ImportStar):
            self.build.import_star(module)
            return
        for alias in node.names:
            self.imports[self.build.tick + 1] = node
            self.build.import_from(module, alias.evaluated_name, alias.evaluated_alias)

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
            with self.build.part("choice"), self.build.part("arm"):
                self.expr(node.msg)

    def small_Del(self, node: cst.Del) -> None:
        self.target(node.target, "del")

    def small_Global(self, node: cst.Global) -> None:
        self.build.declare("global", [item.name.value for item in node.names])

    def small_Nonlocal(self, node: cst.Nonlocal) -> None:
        self.build.declare("nonlocal", [item.name.value for item in node.names])

    def small_TypeAlias(self, node: cst.TypeAlias) -> None:
        self.build.bind(node.name.value, "type")

    def small_Pass(self, node: cst.Pass | cst.Break | cst.Continue) -> None:
        """Nothing to read."""

    small_Break = small_Continue = small_Pass

    # --- targets and patterns -----------------------------------------------------------------------------------------

    def target(self, node: cst.CSTNode, how: str, value: o.Value = o.OPAQUE) -> None:
        """What is bound, changed or deleted by an assignment, a loop, `with`, `del`, ..."""
        if isinstance(node, cst.Name):
            self.build.bind(node.value, how, value)
            if node.value == "__all__" and isinstance(value, o.Sequence):
                self.build.dunder_all |= {str(v.value) for v in value.items if isinstance(v, o.Const)}
        elif isinstance(node, cst.Attribute):
            self.build.attributes.add(node.attr.value)
            self.expr(node.value, f".{node.attr.value}{'del' if how == 'del' else '='}")
            if how == "assign" and isinstance(node.value, cst.Name):
                self.build.store(node.value.value, node.attr.value, value)
        elif isinstance(node, cst.Subscript):
            self.expr(node.value, "[]del" if how == "del" else "[]=")
            key = self.subscript(node)
            if isinstance(node.value, cst.Name):
                self.build.change_key(key)
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
                self.build.bind(node.name.value, "match")
        elif isinstance(node, cst.MatchValue | cst.MatchSingleton):
            self.expr(node.value, "read")
        else:
            if isinstance(node, cst.MatchClass):
                self.expr(node.cls, "read")
            for child in node.children:
                if isinstance(child, _PATTERNS):
                    self.pattern_child(child)
            if isinstance(node, cst.MatchMapping) and node.rest is not None:
                self.build.bind(node.rest.value, "match")

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
            self.build.use(node.value, how, call, taken=taken)
            return o.Name(node.value)
        if isinstance(node, cst.Attribute):
            self.build.attributes.add(node.attr.value)
            taken = how in ("value", "arg")
            if taken:
                self.references[self.build.tick + 1] = node
            value = self.expr(node.value, f".{node.attr.value}{_tail(how)}", call, taken=taken)
            return o.Attribute(value, node.attr.value)
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
            args.append(o.Argument(value, arg.keyword.value if arg.keyword is not None else None, arg.star))
        return self.build.close_call(call, func, tuple(args))

    def expr_Subscript(self, node: cst.Subscript, how: str) -> o.Value:
        value = self.expr(node.value, f"[]{_tail(how)}")
        return o.Item(value, self.subscript(node))

    def subscript(self, node: cst.Subscript) -> o.Value:
        keys = []
        for element in node.slice:
            if isinstance(element.slice, cst.Index):
                keys.append(self.expr(element.slice.value, "read"))
            else:
                piece = cst.ensure_type(element.slice, cst.Slice)
                for bound in filter(None, (piece.lower, piece.upper, piece.step)):
                    self.expr(bound, "read")
        return keys[0] if len(keys) == len(node.slice) == 1 else o.OPAQUE

    def literal(self, node: cst.SimpleString | cst.Integer | cst.Float | cst.Imaginary, how: str) -> o.Value:
        if isinstance(node, cst.SimpleString) and "\\" not in node.value and "b" not in node.prefix:
            if node.raw_value.isidentifier():
                self.build.attributes.add(node.raw_value)
            return o.Const(node.raw_value, "str")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `"\d"`
            try:
                value = node.evaluated_value
            except (SyntaxError, ValueError):  # `"\x1"`, an integer of 5,000 digits
                return o.OPAQUE
        return o.Const(value, type(value).__name__)

    expr_SimpleString = expr_Integer = expr_Float = expr_Imaginary = literal

    def expr_ConcatenatedString(self, node: cst.ConcatenatedString, how: str) -> o.Value:
        return o.joined([self.expr(node.left), self.expr(node.right)])

    def expr_FormattedString(self, node: cst.FormattedString, how: str) -> o.Value:
        parts: list[o.Value] = [o.Const("", "str")]
        escaped = "r" not in node.prefix.lower()
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                text = part.value.replace("{{", "{").replace("}}", "}")
                parts.append(_unescaped(text) if escaped and "\\" in text else o.Const(text, "str"))
            else:
                parts.append(self.hole(cst.ensure_type(part, cst.FormattedStringExpression)))
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
        with self.build.part("choice"), self.build.part("arm"):
            self.expr(node.right, how)
        return o.OPAQUE

    def expr_Comparison(self, node: cst.Comparison, how: str) -> o.Value:
        self.expr(node.left, "read")
        first, *others = node.comparisons
        self.expr(first.comparator, "read")
        for target in others:  # of `a < b < c`, `c` is read only if `a < b`
            with self.build.part("choice"), self.build.part("arm"):
                self.expr(target.comparator, "read")
        return o.OPAQUE

    def expr_IfExp(self, node: cst.IfExp, how: str) -> o.Value:
        self.expr(node.test, "read")
        with self.build.part("choice"):
            for branch in (node.body, node.orelse):
                with self.build.part("arm"):
                    self.expr(branch, how)
        return o.OPAQUE

    def expr_NamedExpr(self, node: cst.NamedExpr, how: str) -> o.Value:
        value = self.expr(node.value)
        self.build.bind(cst.ensure_type(node.target, cst.Name).value, "walrus", value)
        return o.OPAQUE

    def expr_Lambda(self, node: cst.Lambda, how: str) -> o.Value:
        defaults = self.defaults(node.params)
        with self.build.inner_scope("lambda", "lambda", ""):
            self.params(node.params, defaults)
            self.expr(node.body)
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
        with self.build.part("genexp" if lazy else "comp") as part:
            self.build.describe(part, how=how, call=call)
            with self.build.inner_scope("generator" if lazy else "comprehension", "", ""):
                self.turns(loop, values)
                if isinstance(node, cst.DictComp):
                    self.expr(node.key)
                    self.expr(node.value)
                else:
                    self.expr(node.elt)
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


def _unescaped(text: str) -> o.Value:
    """The text of a piece of an f-string with its escapes read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return o.Const(text.encode("latin-1", "backslashreplace").decode("unicode_escape"), "str")
        except UnicodeDecodeError:
            return o.OPAQUE


def _form(body: cst.BaseSuite) -> str:
    return "inline" if isinstance(body, cst.SimpleStatementSuite) else "lines"


def _params(params: cst.Parameters) -> list[cst.Param]:
    """All parameters in the order of their declaration."""
    star = [params.star_arg] if isinstance(params.star_arg, cst.Param) else []
    kwarg = [params.star_kwarg] if params.star_kwarg is not None else []
    return [*params.posonly_params, *params.params, *star, *params.kwonly_params, *kwarg]


def _dotted(node: cst.Attribute | cst.Name) -> str:
    return node.value if isinstance(node, cst.Name) else f"{_dotted(cast('cst.Name', node.value))}.{node.attr.value}"


def _tail(how: str) -> str:
    """What follows in a chain: of `x.y[0] = 1`, seen from `x.y`, it is `[]=`."""
    return how if how[0] in ".[(" else ""
