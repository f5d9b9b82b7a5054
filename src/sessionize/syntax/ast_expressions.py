"""Expressions of Python's own tree, for an outline: translation only."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from typing import Any

from sessionize.syntax import values as v
from sessionize.syntax.access import READ, UNPACK, VALUE, Access
from sessionize.syntax.expressions import Expressions, Given, Loop, Param, by_type, operators


@dataclass(slots=True, eq=False, repr=False)
class AstExpressions(Expressions[ast.expr]):
    """unplaced: the call sites in f-strings, of which Python before 3.12 does not know the place."""

    texts: dict[str, v.Value] = field(default_factory=dict)
    unplaced: set[ast.expr] = field(default_factory=set)

    def expr(self, node: ast.expr, access: Access = VALUE, call: int = -1) -> v.Value:
        return _EXPRESSIONS[type(node)](self, node, access, call)  # type: ignore[no-any-return]

    def named(self, node: ast.expr) -> str | None:
        return node.id if isinstance(node, ast.Name) else None

    def attr(self, node: ast.Attribute) -> str:
        return node.attr

    def elements(self, node: ast.List | ast.Tuple | ast.Set) -> list[ast.expr]:
        return node.elts

    def loops(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> list[Loop[ast.expr]]:
        return [(loop.target, loop.iter, loop.ifs, bool(loop.is_async)) for loop in node.generators]

    def parameters(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[Param[ast.expr]]:
        args = node.args
        plain = [*args.posonlyargs, *args.args]
        defaults = [*[None] * (len(plain) - len(args.defaults)), *args.defaults]
        found: list[Param[ast.expr]] = []
        for arg, default in zip(plain, defaults, strict=True):
            found.append((arg.arg, "param", arg.annotation, default))
        if args.vararg is not None:  # `*args`
            found.append((args.vararg.arg, "params", args.vararg.annotation, None))
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            found.append((arg.arg, "param", arg.annotation, default))
        if args.kwarg is not None:  # `**kwargs`
            found.append((args.kwarg.arg, "params", args.kwarg.annotation, None))
        return found

    def Name(self, node: ast.Name, access: Access, call: int) -> v.Value:
        return self.name(node, node.id, access, call)

    def Constant(self, node: ast.Constant, access: Access, call: int) -> v.Value:
        value: object = node.value
        if isinstance(value, str):
            known = self.texts.get(value)
            if known is None:
                known = self.texts[value] = self.build.text(v.Const(value, "str"))
            else:
                self.build.spell(value)  # it may have been a docstring before
            return known
        self.build.spell(value)
        return v.Const(value, type(value).__name__) if value is not ... else v.OPAQUE

    def Call(self, node: ast.Call, access: Access, call: int) -> v.Value:
        return self.called(node, node.func, arguments(node.args, node.keywords), access, call)

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
            references = self.references.keys() & inside
            self.unplaced.update(self.calls[calls:], map(self.references.__getitem__, references))
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

    def Starred(self, node: ast.Starred, access: Access, call: int) -> v.Value:
        return self.values(node.value, access=UNPACK)

    def BinOp(self, node: ast.BinOp, access: Access, call: int) -> v.Value:
        return self.binary(_OPERATORS.get(type(node.op)), node.left, node.right)

    def UnaryOp(self, node: ast.UnaryOp, access: Access, call: int) -> v.Value:
        return self.negation(node.operand) if isinstance(node.op, ast.Not) else self.values(node.operand, access=READ)

    def BoolOp(self, node: ast.BoolOp, access: Access, call: int) -> v.Value:
        return self.boolean(_OPERATORS[type(node.op)], node.values[0], node.values[1:], access)

    def Compare(self, node: ast.Compare, access: Access, call: int) -> v.Value:
        ops = map(_OPERATORS.__getitem__, map(type, node.ops))
        return self.comparison(node.left, zip(ops, node.comparators, strict=True))

    def Await(self, node: ast.Await | ast.Yield | ast.YieldFrom, access: Access, call: int) -> v.Value:
        return self.pause(node.value)

    TemplateStr = JoinedStr
    Yield = YieldFrom = Await


def arguments(args: list[ast.expr], keywords: list[ast.keyword]) -> list[Given[ast.expr]]:
    """Arguments in the order of the text: `*args` may follow keywords."""
    found: list[Given[ast.expr]] = [
        (arg.value, None, "*") if isinstance(arg, ast.Starred) else (arg, None, "") for arg in args
    ]
    found += [(keyword.value, keyword.arg, "" if keyword.arg else "**") for keyword in keywords]
    if keywords and any(stars for _, _, stars in found):
        found.sort(key=lambda arg: (arg[0].lineno, arg[0].col_offset))
    return found


_EXPRESSIONS = by_type(AstExpressions, ast, ast.expr)
_OPERATORS = operators(ast)
