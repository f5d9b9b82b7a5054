"""Expressions of LibCST's tree, for an outline: translation only."""

from __future__ import annotations

import ast
import unicodedata
import warnings
from dataclasses import dataclass
from typing import Any, cast, overload

import libcst as cst

from sessionize.syntax import values as v
from sessionize.syntax.access import READ, UNPACK, VALUE, Access
from sessionize.syntax.expressions import Expressions, Loop, Param, by_type, operators


@dataclass(slots=True, eq=False, repr=False)
class CstExpressions(Expressions[cst.BaseExpression]):
    def expr(self, node: cst.BaseExpression, access: Access = VALUE, call: int = -1) -> v.Value:
        return _EXPRESSIONS[type(node)](self, node, access, call)  # type: ignore[no-any-return]

    def named(self, node: cst.BaseExpression) -> str | None:
        return name_of(node) if isinstance(node, cst.Name) and node.value not in _CONSTANTS else None

    def attr(self, node: cst.Attribute) -> str:
        return name_of(node.attr)

    def elements(self, node: cst.List | cst.Tuple | cst.Set) -> list[cst.BaseExpression]:
        return [element if isinstance(element, cst.StarredElement) else element.value for element in node.elements]

    def loops(self, node: cst.BaseComp) -> list[Loop[cst.BaseExpression]]:
        loop: cst.CompFor | None = node.for_in
        loops: list[Loop[cst.BaseExpression]] = []
        while loop is not None:
            loops.append((loop.target, loop.iter, [test.test for test in loop.ifs], loop.asynchronous is not None))
            loop = loop.inner_for_in
        return loops

    def parameters(self, node: cst.FunctionDef | cst.Lambda) -> list[Param[cst.BaseExpression]]:
        params = node.params
        star = [params.star_arg] if isinstance(params.star_arg, cst.Param) else []
        kwarg = [params.star_kwarg] if params.star_kwarg is not None else []
        found: list[Param[cst.BaseExpression]] = []
        for param in (*params.posonly_params, *params.params, *star, *params.kwonly_params, *kwarg):
            form = "params" if param in (params.star_arg, params.star_kwarg) else "param"
            annotation = param.annotation.annotation if param.annotation is not None else None
            found.append((name_of(param.name), form, annotation, param.default))
        return found

    def Name(self, node: cst.Name, access: Access, call: int) -> v.Value:
        known = _CONSTANTS.get(node.value)
        return known if known is not None else self.name(node, name_of(node), access, call)

    def Call(self, node: cst.Call, access: Access, call: int) -> v.Value:
        args = [(arg.value, name_of(arg.keyword) if arg.keyword is not None else None, arg.star) for arg in node.args]
        return self.called(node, node.func, args, access, call)

    def subscript(self, node: cst.BaseExpression) -> v.Value:
        node = cst.ensure_type(node, cst.Subscript)
        first = node.slice[0]
        if len(node.slice) == 1 and isinstance(first.slice, cst.Index) and not isinstance(first.comma, cst.Comma):
            value = first.slice.value
            if first.slice.star is None and not isinstance(value, cst.Tuple):
                return self.expr(value, READ)
            if isinstance(value, cst.Tuple):  # `a[(b, c)]` is `a[b, c]`
                return self.values(*self.elements(value), access=READ)
        for piece in node.slice:
            if isinstance(piece.slice, cst.Index):
                self.expr(piece.slice.value, UNPACK if piece.slice.star is not None else READ)
            else:
                sliced = cst.ensure_type(piece.slice, cst.Slice)
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
        return _evaluated(node.value)

    def formatted(self, node: cst.FormattedString) -> v.Value:
        parts: list[v.Value] = [v.Const("", "str")]
        raw = "r" if "r" in node.prefix.lower() else ""
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                text = part.value.replace("{{", "{").replace("}}", "}")
                # the blank keeps a quote or backslash at the end from what follows
                piece = _evaluated(f"{raw}{node.quote}{text} {node.quote}")
                parts.append(v.Const(str(piece.value)[:-1], "str") if isinstance(piece, v.Const) else piece)
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

    def StarredElement(self, node: cst.StarredElement, access: Access, call: int) -> v.Value:
        return self.values(node.value, access=UNPACK)

    def BinaryOperation(self, node: cst.BinaryOperation, access: Access, call: int) -> v.Value:
        return self.binary(_OPERATORS.get(type(node.operator)), node.left, node.right)

    def UnaryOperation(self, node: cst.UnaryOperation, access: Access, call: int) -> v.Value:
        negated = isinstance(node.operator, cst.Not)
        return self.negation(node.expression) if negated else self.values(node.expression, access=READ)

    def BooleanOperation(self, node: cst.BooleanOperation, access: Access, call: int) -> v.Value:
        return self.boolean(_OPERATORS[type(node.operator)], node.left, [node.right], access)

    def Comparison(self, node: cst.Comparison, access: Access, call: int) -> v.Value:
        others = ((_OPERATORS[type(target.operator)], target.comparator) for target in node.comparisons)
        return self.comparison(node.left, others)

    def Await(self, node: cst.Await, access: Access, call: int) -> v.Value:
        return self.pause(node.expression)

    def Yield(self, node: cst.Yield, access: Access, call: int) -> v.Value:
        return self.pause(node.value.item if isinstance(node.value, cst.From) else node.value)

    def StarredDictComp(self, node: Any, access: Access, call: int) -> v.Value:
        """`{**more for more in all}`, since Python 3.15 and LibCST 1.9."""
        return self.comprehension(node, [node.value], access)


_EXPRESSIONS = by_type(CstExpressions, cst, (cst.BaseExpression, cst.StarredElement))
_OPERATORS = operators(cst)
_CONSTANTS: dict[str, v.Value] = {
    "None": v.NONE,
    "True": v.Const(value=True, kind="bool"),
    "False": v.Const(value=False, kind="bool"),
}


def _evaluated(literal: str) -> v.Value:
    """The constant that a literal is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `"\d"`
        try:
            value = ast.literal_eval(literal)
        except (SyntaxError, ValueError):  # `"\x1"`, an integer of 5,000 digits
            return v.OPAQUE
    return v.Const(value, type(value).__name__)


class _Uncommented(cst.CSTTransformer):
    def leave_Comment(  # type: ignore[override]  # a comment can always be left out
        self, original_node: cst.Comment, updated_node: cst.Comment
    ) -> cst.RemovalSentinel:
        return cst.RemoveFromParent()


def name_of(node: cst.Name) -> str:
    return normal(node.value)


@overload
def normal(name: str) -> str: ...
@overload
def normal(name: None) -> None: ...
def normal(name: str | None) -> str | None:
    """A name as Python reads it (PEP 3131)."""
    return name if name is None or name.isascii() else unicodedata.normalize("NFKC", name)
