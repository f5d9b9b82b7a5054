"""`ast` tree to `Outline`: one traversal, translation only. It gives the very outline that `read_cst` gives.

It is there because it is many times faster. What the tree does not say, whether statements share a line, is read from
the text.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, cast

from sessionize.files.lines import bare_lines
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import READ, UNPACK, VALUE, Access
from sessionize.syntax.reader import Reader, by_type, kinds


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
    reader = _Reader(lines=bare_lines(text))
    reader.build.open_scope("module", "", "lines")
    reader.suite(tree.body)
    outline = reader.build.finish()
    return outline, Places(reader.lines, reader.sites(outline), reader.unplaced)


_Param: TypeAlias = tuple[str, str, ast.expr | None, ast.expr | None]
_Comp: TypeAlias = ast.ListComp | ast.SetComp | ast.GeneratorExp


@dataclass(slots=True)
class _Reader(Reader[ast.expr, Sequence[ast.stmt]]):
    lines: list[str] = field(default_factory=list)
    texts: dict[str, v.Value] = field(default_factory=dict)
    unplaced: set[ast.expr] = field(default_factory=set)

    # --- lines --------------------------------------------------------------------------------------------------------

    def suite(self, body: Sequence[ast.stmt]) -> None:
        end = 0
        for node in body:
            joined = node.lineno == end or (end and self.continues(node))
            self.statement(node, "joined" if joined else "")
            end = node.end_lineno or 0

    def form(self, body: Sequence[ast.stmt]) -> str:
        first = body[0]
        before = self.lines[first.lineno - 1][: first.col_offset].strip()
        return "inline" if before or self.continues(first) else "lines"

    def continues(self, node: ast.stmt) -> bool:
        r"""Whether a statement goes on with the row above, as after `if a: \`."""
        row = node.lineno - 1
        if self.lines[row][: node.col_offset].strip():  # `; b`
            return self.lines[row - 1].endswith("\\")
        while self.lines[row - 1].endswith("\\"):
            if code := _STRING.sub("", self.lines[row - 1][:-1]).strip():
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
        self.build.describe(self.build.at, test=self.expr(node.test, READ))
        self.block("arm", node.body)
        other = node.orelse[0] if node.orelse else None
        if isinstance(other, ast.If) and self.lines[other.lineno - 1].startswith("elif", other.col_offset):
            self.build.open("arm")  # no statement can be put there
            self.statement(other)
            self.build.close()
        else:
            self.block("arm", node.orelse)

    def For(self, node: ast.For | ast.AsyncFor) -> None:
        self.for_(node.target, node.iter, node.body, node.orelse, pauses=isinstance(node, ast.AsyncFor))

    def While(self, node: ast.While) -> None:
        self.while_(node.test, node.body, node.orelse)

    def Try(self, node: ast.Try) -> None:
        handlers = [(handler.type, handler.name, handler.body) for handler in node.handlers]
        self.try_(node.body, handlers, node.orelse, node.finalbody)

    def With(self, node: ast.With | ast.AsyncWith) -> None:
        items = [(item.context_expr, item.optional_vars) for item in node.items]
        self.with_(items, node.body, pauses=isinstance(node, ast.AsyncWith))

    def Match(self, node: ast.Match) -> None:
        last = node.cases[-1]
        names_all = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        cases = [(case.pattern, case.guard, case.body) for case in node.cases]
        self.match(node.subject, cases, exhaustive=names_all and last.guard is None)

    def FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        types = _type_params(node)
        self.function(node.name, node.decorator_list, _params(node.args), node.returns, types, node.body)

    def ClassDef(self, node: ast.ClassDef) -> None:
        bases = [value for value, _, _ in _arguments(node.bases, node.keywords)]
        self.class_(node.name, node.decorator_list, bases, _type_params(node), node.body)

    def Expr(self, node: ast.Expr) -> None:
        self.expr(node.value, READ)

    def Assign(self, node: ast.Assign) -> None:
        self.assign(node.targets, node.value)

    def AnnAssign(self, node: ast.AnnAssign) -> None:
        self.annotated(node.target, node.annotation, node.value)

    def AugAssign(self, node: ast.AugAssign) -> None:
        self.augmented(node.target, node.value)

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

    def Return(self, node: ast.Return) -> None:
        self.values(node.value)

    def Raise(self, node: ast.Raise) -> None:
        self.values(node.exc, node.cause)

    def Assert(self, node: ast.Assert) -> None:
        self.assertion(node.test, node.msg)

    def Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.target(target, "del")

    def Global(self, node: ast.Global) -> None:
        self.build.declare("global", node.names)

    def Nonlocal(self, node: ast.Nonlocal) -> None:
        self.build.declare("nonlocal", node.names)

    def Pass(self, node: ast.Pass | ast.Break | ast.Continue) -> None:
        """Nothing to read."""

    AsyncFor, AsyncWith, AsyncFunctionDef, TryStar = For, With, FunctionDef, Try
    Break = Continue = Pass

    # --- targets and patterns -----------------------------------------------------------------------------------------

    def target(self, node: ast.expr, form: str, value: v.Value = v.OPAQUE) -> None:
        if isinstance(node, ast.Name):
            self.bind(node.id, form, value)
        elif isinstance(node, ast.Attribute):
            self.change_attribute(node.value, node.attr, form, value)
        elif isinstance(node, ast.Subscript):
            self.change_item(node.value, node, form)
        elif isinstance(node, ast.Tuple | ast.List):
            for element in node.elts:
                self.target(element, "del" if form == "del" else "unpack")
        else:  # `*rest`
            self.target(cast("ast.Starred", node).value, form)

    def pattern(self, node: ast.pattern) -> None:
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.pattern):
                    self.pattern(child)
                elif isinstance(child, ast.expr):
                    self.expr(child, READ)
                elif isinstance(child, str) and name in ("name", "rest"):
                    self.build.bind(child, "match")

    # --- expressions --------------------------------------------------------------------------------------------------

    def expr(self, node: ast.expr, access: Access = VALUE, call: int = -1) -> v.Value:
        return _EXPRESSIONS[type(node)](self, node, access, call)  # type: ignore[no-any-return]

    def named(self, node: ast.expr) -> str | None:
        return node.id if isinstance(node, ast.Name) else None

    def Name(self, node: ast.Name, access: Access, call: int) -> v.Value:
        return self.name(node, node.id, access, call)

    def Attribute(self, node: ast.Attribute, access: Access, call: int) -> v.Value:
        return self.attribute(node, node.value, node.attr, access, call)

    def Constant(self, node: ast.Constant, access: Access, call: int) -> v.Value:
        value: object = node.value
        if isinstance(value, str):
            known = self.texts.get(value)
            if known is None:
                known = self.texts[value] = self.build.text(v.Const(value, "str"))
            return known
        return v.Const(value, type(value).__name__) if value is not ... else v.OPAQUE

    def Call(self, node: ast.Call, access: Access, call: int) -> v.Value:
        return self.called(node, node.func, _arguments(node.args, node.keywords), access, call)

    def Subscript(self, node: ast.Subscript, access: Access, call: int) -> v.Value:
        return self.item(node, node.value, access)

    def subscript(self, node: Any) -> v.Value:
        if not isinstance(node.slice, ast.Tuple):
            return self.expr(node.slice, READ)
        return self.values(*node.slice.elts, access=READ)

    def Slice(self, node: ast.Slice, access: Access, call: int) -> v.Value:
        return self.values(node.lower, node.upper, node.step, access=READ)

    def JoinedStr(self, node: Any, access: Access, call: int) -> v.Value:
        """An f-string, or a t-string (`TemplateStr`), of which no value is known."""
        calls, tick = len(self.calls), self.build.tick
        pieces = [v.Const(p.value, "str") if isinstance(p, ast.Constant) else self.hole(p) for p in node.values]
        inside = range(tick + 1, self.build.tick + 1) if sys.version_info < (3, 12) else ()
        if inside:
            self.unplaced |= {*self.calls[calls:], *(self.references[t] for t in inside if t in self.references)}
        known = v.joined([v.Const("", "str"), *pieces])
        return self.build.text(known, tick) if isinstance(node, ast.JoinedStr) else v.OPAQUE

    def hole(self, node: Any) -> v.Hole:
        """`{value}` of an f-string (`FormattedValue`) or a t-string (`Interpolation`)."""
        value = self.expr(node.value, READ)
        for inner in node.format_spec.values if node.format_spec is not None else ():
            if not isinstance(inner, ast.Constant):
                self.hole(inner)
        return v.Hole(value, plain=node.conversion == -1 and node.format_spec is None)

    def Dict(self, node: ast.Dict, access: Access, call: int) -> v.Value:
        return self.dict_(zip(node.keys, node.values, strict=True))

    def List(self, node: ast.List | ast.Tuple | ast.Set, access: Access, call: int) -> v.Value:
        return v.Sequence(type(node).__name__.lower(), tuple([self.expr(element) for element in node.elts]))

    def Starred(self, node: ast.Starred, access: Access, call: int) -> v.Value:
        return self.values(node.value, access=UNPACK)

    def BinOp(self, node: ast.BinOp, access: Access, call: int) -> v.Value:
        return self.binary(_OPERATORS.get(type(node.op)), node.left, node.right)

    def UnaryOp(self, node: ast.UnaryOp, access: Access, call: int) -> v.Value:
        return self.negation(node.operand) if isinstance(node.op, ast.Not) else self.values(node.operand, access=READ)

    def BoolOp(self, node: ast.BoolOp, access: Access, call: int) -> v.Value:
        return self.boolean(_CHECKS[type(node.op)], node.values[0], node.values[1:], access)

    def Compare(self, node: ast.Compare, access: Access, call: int) -> v.Value:
        ops = (_CHECKS[type(op)] for op in node.ops)
        return self.comparison(node.left, zip(ops, node.comparators, strict=True))

    def IfExp(self, node: ast.IfExp, access: Access, call: int) -> v.Value:
        return self.conditional(node.test, node.body, node.orelse, access)

    def NamedExpr(self, node: ast.NamedExpr, access: Access, call: int) -> v.Value:
        return self.walrus(node.target.id, node.value)

    def Lambda(self, node: ast.Lambda, access: Access, call: int) -> v.Value:
        return self.lambda_(_params(node.args), node.body)

    def Await(self, node: ast.Await | ast.Yield | ast.YieldFrom, access: Access, call: int) -> v.Value:
        return self.pause(node.value)

    def ListComp(self, node: _Comp, access: Access, call: int) -> v.Value:
        return self.comprehension(
            _loops(node), [node.elt], access, call if isinstance(node, ast.GeneratorExp) else None
        )

    def DictComp(self, node: ast.DictComp, access: Access, call: int) -> v.Value:
        return self.comprehension(_loops(node), [node.key, node.value], access, None)

    TemplateStr = JoinedStr
    Set = Tuple = List
    SetComp = GeneratorExp = ListComp
    Yield = YieldFrom = Await


def _params(args: ast.arguments) -> list[_Param]:
    """All parameters in the order of their declaration."""
    plain = [*args.posonlyargs, *args.args]
    defaults = [*[None] * (len(plain) - len(args.defaults)), *args.defaults]
    return [
        *((arg.arg, "param", arg.annotation, default) for arg, default in zip(plain, defaults, strict=True)),
        *((arg.arg, "params", arg.annotation, None) for arg in (args.vararg,) if arg is not None),
        *(
            (arg.arg, "param", arg.annotation, value)
            for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True)
        ),
        *((arg.arg, "params", arg.annotation, None) for arg in (args.kwarg,) if arg is not None),
    ]


def _type_params(node: ast.AST) -> Iterator[str]:
    return (param.name for param in getattr(node, "type_params", ()))  # from Python 3.12 on


def _arguments(args: list[ast.expr], keywords: list[ast.keyword]) -> list[tuple[ast.expr, str | None, str]]:
    """Arguments in the order of the text: `*args` may follow keywords."""
    read: list[tuple[ast.expr, str | None, str]] = [
        (arg.value, None, "*") if isinstance(arg, ast.Starred) else (arg, None, "") for arg in args
    ]
    read += [(keyword.value, keyword.arg, "" if keyword.arg else "**") for keyword in keywords]
    if keywords and any(stars for _, _, stars in read):
        read.sort(key=lambda arg: (arg[0].lineno, arg[0].col_offset))
    return read


def _loops(node: _Comp | ast.DictComp) -> list[tuple[ast.expr, ast.expr, list[ast.expr], bool]]:
    return [(loop.target, loop.iter, loop.ifs, bool(loop.is_async)) for loop in node.generators]


_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_STATEMENTS = by_type(_Reader, ast, ast.stmt)
_STATEMENTS[getattr(ast, "TypeAlias", ast.stmt)] = lambda reader, node: reader.target(node.name, "type")  # Python 3.12
_EXPRESSIONS = by_type(_Reader, ast, ast.expr)
_KINDS = kinds(ast)
_OPERATORS: dict[type[ast.AST], str] = {ast.Add: "+", ast.Mod: "%", ast.Mult: "*", ast.BitOr: "|"}
_CHECKS: dict[type[ast.AST], str] = {
    ast.And: "and",
    ast.Or: "or",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
