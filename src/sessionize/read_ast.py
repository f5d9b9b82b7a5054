"""`ast` tree to `Outline`: one traversal, translation only. It gives the very outline that `read_cst` gives.

It is there because it is many times faster. What the tree does not say, whether statements share a line, is read from
the text.
"""

from __future__ import annotations

import ast
import sys
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from typing import Any, TypeAlias

from sessionize import outline as o


@dataclass(frozen=True, slots=True)
class Places:
    """Where calls stand in the text, by id, and names and attributes that are taken as values, by the tick of the use;
    None inside an f-string, where Python does not know it (before 3.12)."""

    lines: list[str]
    callees: list[ast.expr | None]
    references: dict[int, ast.expr | None]

    def span(self, call: int) -> o.Span | None:
        """The place of the callee of a call, or of what a use (minus its tick) names."""
        node = self.references[-call] if call < 0 else self.callees[call]
        if node is None:
            return None
        end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._place(node.lineno, node.col_offset), self._place(*end)

    def _place(self, row: int, offset: int) -> tuple[int, int]:
        return row, len(self.lines[row - 1].encode()[:offset].decode()) + 1


def read_ast(tree: ast.Module, text: str) -> tuple[o.Outline, Places]:
    """The outline of a tree that was parsed from a text, and the places of what is in it.

    Raises RecursionError where the source nests deeper than Python's recursion limit allows.
    """
    reader = _Reader(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    reader.build.open_scope("module", "", "lines")
    reader.statements(tree.body)
    return reader.build.finish(), Places(reader.lines, reader.callees, reader.references)


_Comp: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class _Names(dict[str, o.Name]):
    """Each name is made once."""

    def __missing__(self, name: str) -> o.Name:
        value = self[name] = o.Name(name)
        return value


@dataclass(slots=True)
class _Reader:
    lines: list[str]
    build: o.Builder = field(default_factory=o.Builder)
    callees: list[ast.expr | None] = field(default_factory=list)
    references: dict[int, ast.expr | None] = field(default_factory=dict)
    names: _Names = field(default_factory=_Names)
    texts: dict[str, o.Value] = field(default_factory=dict)
    continued: set[tuple[int, int]] | None = None

    # --- statements ---------------------------------------------------------------------------------------------------

    def statements(self, body: Sequence[ast.stmt]) -> None:
        end = 0
        for node in body:
            joined = node.lineno == end or (end and self.continues(node))
            self.statement(node, "joined" if joined else "")
            end = node.end_lineno or 0

    def statement(self, node: ast.stmt, form: str = "") -> None:
        kind, read = _STATEMENTS[type(node)]
        if kind == "expression":
            value = node.value  # type: ignore[attr-defined]
            plain = isinstance(value, ast.Constant) and isinstance(value.value, str | bytes)
            kind = "docstring" if plain else "simple"
        self.build.open(kind, form)
        read(self, node)
        self.build.close()

    def continues(self, node: ast.stmt) -> bool:
        r"""Whether a statement that is the first in its row goes on with the row above, as after `if a: \`."""
        if not self.lines[node.lineno - 2].endswith("\\"):
            return False
        if self.continued is None:
            tokens = tokenize.generate_tokens(map("{}\n".format, self.lines).__next__)
            self.continued = {token.start for before, token in pairwise(tokens) if before.string in (":", ";")}
        return (node.lineno, node.col_offset) in self.continued

    def form(self, body: Sequence[ast.stmt]) -> str:
        first = body[0]
        before = self.lines[first.lineno - 1][: first.col_offset].strip()
        return "inline" if before or self.continues(first) else "lines"

    def block(self, kind: str, body: Sequence[ast.stmt]) -> None:
        if body:
            self.build.open(kind, self.form(body))
            self.statements(body)
            self.build.close()

    def if_(self, node: ast.If) -> None:
        part = self.build.at
        self.build.describe(part, test=self.expr(node.test, "read"))
        self.block("arm", node.body)
        if node.orelse and self.lines[node.orelse[0].lineno - 1].startswith("elif", node.orelse[0].col_offset):
            self.build.open("arm")  # no statement can be put there
            self.statement(node.orelse[0])
            self.build.close()
        else:
            self.block("arm", node.orelse)

    def for_(self, node: ast.For | ast.AsyncFor) -> None:
        values = self.expr(node.iter, "read")
        self.build.open("turn", self.form(node.body))
        if type(node) is ast.AsyncFor:
            self.build.pause()
        self.target(node.target, "for", values)
        self.statements(node.body)
        self.build.close()
        self.block("else", node.orelse)

    def while_(self, node: ast.While) -> None:
        part = self.build.at
        self.build.open("turn", self.form(node.body))
        self.build.describe(part, test=self.expr(node.test, "read"))
        self.statements(node.body)
        self.build.close()
        self.block("else", node.orelse)

    def try_(self, node: ast.Try) -> None:
        self.block("body", node.body)
        for handler in node.handlers:
            self.build.open("handler", self.form(handler.body))
            if handler.type is not None:
                self.expr(handler.type, "read")
            if handler.name is not None:
                self.build.bind(handler.name, "except")
            self.statements(handler.body)
            self.build.close()
        self.block("else", node.orelse)
        self.block("finally", node.finalbody)

    def with_(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.expr(item.context_expr)
            if type(node) is ast.AsyncWith:
                self.build.pause()
            if item.optional_vars is not None:
                self.target(item.optional_vars, "with", value)
        self.block("body", node.body)

    def match(self, node: ast.Match) -> None:
        part = self.build.at
        self.expr(node.subject)
        for case in node.cases:
            self.build.open("arm", self.form(case.body))
            self.pattern(case.pattern)
            if case.guard is not None:
                self.expr(case.guard, "read")
            self.statements(case.body)
            self.build.close()
        last = node.cases[-1]
        names_all = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        self.build.describe(part, exhaustive=names_all and last.guard is None)

    def function(self, node: _Function) -> None:
        decorators = tuple([self.expr(decorator) for decorator in node.decorator_list])
        params = self.params(node.args)
        if node.returns is not None:
            self.expr(node.returns, "read")
        self.build.bind(node.name, "def")
        self.build.open_scope("function", node.name, self.form(node.body), decorators)
        self.type_parameters(node)
        for param in params:
            self.build.bind_param(*param)
        self.statements(node.body)
        self.build.close_scope()

    def class_(self, node: ast.ClassDef) -> None:
        decorators = tuple([self.expr(decorator) for decorator in node.decorator_list])
        bases = tuple(
            [
                self.expr(arg if isinstance(arg, ast.expr) and not isinstance(arg, ast.Starred) else arg.value)
                for arg in _arguments(node.bases, node.keywords)
            ]
        )
        self.build.open_scope("class", node.name, self.form(node.body), decorators, bases)
        self.type_parameters(node)
        self.statements(node.body)
        self.build.close_scope()
        self.build.bind(node.name, "class")

    def type_parameters(self, node: _Function | ast.ClassDef) -> None:
        for param in getattr(node, "type_params", ()):  # from Python 3.12 on
            self.build.bind(param.name, "type")

    def params(self, args: ast.arguments) -> list[tuple[str, str, o.Value, o.Value | None]]:
        """Reads defaults and annotations; what is then to be bound."""
        plain = [*args.posonlyargs, *args.args]
        rows = list(zip(plain, repeat("param"), [*[None] * (len(plain) - len(args.defaults)), *args.defaults]))
        if args.vararg is not None:
            rows.append((args.vararg, "params", None))
        rows += zip(args.kwonlyargs, repeat("param"), args.kw_defaults)
        if args.kwarg is not None:
            rows.append((args.kwarg, "params", None))
        defaults = [self.expr(default) if default is not None else None for _, _, default in rows]
        kinds = [self.expr(arg.annotation, "read") if arg.annotation is not None else o.OPAQUE for arg, _, _ in rows]
        return [(arg.arg, how, kinds[i], defaults[i]) for i, (arg, how, _) in enumerate(rows)]

    def nothing(self, node: ast.Pass | ast.Break | ast.Continue) -> None:
        """Nothing to read."""

    def expression(self, node: ast.Expr) -> None:
        self.expr(node.value, "read")

    def assign(self, node: ast.Assign) -> None:
        value = self.expr(node.value)
        if len(node.targets) > 1 and not isinstance(value, o.Const | o.Join):
            value = o.OPAQUE  # `a = b = {}`: each is another name of something that may change
        for target in node.targets:
            self.target(target, "assign", value)

    def ann_assign(self, node: ast.AnnAssign) -> None:
        value = self.expr(node.value) if node.value is not None else None
        self.expr(node.annotation, "read")
        if value is not None:
            self.target(node.target, "assign", value)
        elif isinstance(node.target, ast.Name):
            self.target(node.target, "declare")
        else:
            self.expr(node.target, "read")

    def aug_assign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.build.use(node.target.id, "read")
            self.expr(node.value, "read")
            self.target(node.target, "augment")
        else:
            self.target(node.target, "augment")
            self.expr(node.value, "read")

    def import_(self, node: ast.Import) -> None:
        for alias in node.names:
            self.build.import_module(alias.name, alias.asname)

    def import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.build.import_star(module)
            else:
                self.build.import_from(module, alias.name, alias.asname)

    def return_(self, node: ast.Return) -> None:
        if node.value is not None:
            self.expr(node.value)

    def raise_(self, node: ast.Raise) -> None:
        for value in (node.exc, node.cause):
            if value is not None:
                self.expr(value)

    def assert_(self, node: ast.Assert) -> None:
        self.expr(node.test, "read")
        if node.msg is not None:
            self.choice("value", node.msg)

    def delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.target(target, "del")

    def type_alias(self, node: Any) -> None:
        self.build.bind(node.name.id, "type")

    # --- targets and patterns -----------------------------------------------------------------------------------------

    def target(self, node: ast.expr, how: str, value: o.Value = o.OPAQUE) -> None:
        """What is bound, changed or deleted by an assignment, a loop, `with`, `del`, ..."""
        if isinstance(node, ast.Name):
            self.build.bind(node.id, how, value)
            if node.id == "__all__" and isinstance(value, o.Sequence):
                self.build.dunder_all |= {str(v.value) for v in value.items if isinstance(v, o.Const)}
        elif isinstance(node, ast.Attribute):
            self.build.attributes.add(node.attr)
            owner = self.expr(node.value, f".{node.attr}{'del' if how == 'del' else '='}")
            if how == "assign" and isinstance(owner, o.Name):
                self.build.store(owner.name, node.attr, value)
        elif isinstance(node, ast.Subscript):
            owner = self.expr(node.value, "[]del" if how == "del" else "[]=")
            use = len(self.build.uses) - 1
            key = self.subscript(node)
            if isinstance(owner, o.Name):
                self.build.change_key(use, key)
        elif isinstance(node, ast.Tuple | ast.List):
            for element in node.elts:
                self.target(element, "del" if how == "del" else "unpack")
        elif isinstance(node, ast.Starred):
            self.target(node.value, how)

    def pattern(self, node: ast.pattern) -> None:
        """Names that a `case` binds, expressions that it compares with."""
        if isinstance(node, ast.MatchAs | ast.MatchStar):
            if isinstance(node, ast.MatchAs) and node.pattern is not None:
                self.pattern(node.pattern)
            if node.name is not None:
                self.build.bind(node.name, "match")
        elif isinstance(node, ast.MatchValue):
            self.expr(node.value, "read")
        elif isinstance(node, ast.MatchSequence | ast.MatchOr):
            for pattern in node.patterns:
                self.pattern(pattern)
        elif isinstance(node, ast.MatchMapping):
            for key, pattern in zip(node.keys, node.patterns, strict=True):
                self.expr(key, "read")
                self.pattern(pattern)
            if node.rest is not None:
                self.build.bind(node.rest, "match")
        elif isinstance(node, ast.MatchClass):
            self.expr(node.cls, "read")
            for pattern in (*node.patterns, *node.kwd_patterns):
                self.pattern(pattern)

    # --- expressions --------------------------------------------------------------------------------------------------

    def expr(self, node: ast.expr, how: str = "value", call: int = -1) -> o.Value:
        """Reads an expression whose value is then treated as `how` says (see `outline.Use`)."""
        return _EXPRESSIONS[type(node)](self, node, how, call)

    def name(self, node: ast.Name, how: str, call: int) -> o.Value:
        if how in ("value", "arg"):
            self.references[self.build.tick + 1] = node
        self.build.use(node.id, how, call)
        return self.names[node.id]

    def attribute(self, node: ast.Attribute, how: str, call: int) -> o.Value:
        self.build.attributes.add(node.attr)
        taken = how in ("value", "arg")
        if taken:
            self.references[self.build.tick + 1] = node
        chain = f".{node.attr}{o.tail(how)}"
        if isinstance(node.value, ast.Name):
            self.build.use(node.value.id, chain, call, taken=taken)
            return o.Attribute(self.names[node.value.id], node.attr)
        return o.Attribute(self.expr(node.value, chain, call), node.attr)

    def constant(self, node: ast.Constant, how: str, call: int) -> o.Value:
        value: object = node.value
        if value is ...:
            return o.OPAQUE
        if not isinstance(value, str):
            return o.Const(value, type(value).__name__)
        known = self.texts.get(value)
        if known is None:
            known = self.texts[value] = self.build.text(o.Const(value, "str"))
        return known

    def call(self, node: ast.Call, how: str, into: int) -> o.Value:
        call = self.build.open_call(how, into)
        self.callees.append(node.func)
        func = self.expr(node.func, "()")
        args = []
        for arg in _arguments(node.args, node.keywords):
            if isinstance(arg, ast.Starred):
                args.append(o.Argument(self.expr(arg.value, "unpack", call), None, "*"))
            elif isinstance(arg, ast.expr):
                args.append(o.Argument(self.expr(arg, "arg", call), None, ""))
            elif arg.arg is None:
                args.append(o.Argument(self.expr(arg.value, "unpack", call), None, "**"))
            else:
                args.append(o.Argument(self.expr(arg.value, "arg", call), arg.arg, ""))
        return self.build.close_call(call, func, tuple(args))

    def item(self, node: ast.Subscript, how: str, call: int) -> o.Value:
        value = self.expr(node.value, f"[]{o.tail(how)}")
        return o.Item(value, self.subscript(node))

    def subscript(self, node: ast.Subscript) -> o.Value:
        if not isinstance(node.slice, ast.Tuple):
            return self.expr(node.slice, "read")
        for element in node.slice.elts:
            self.expr(element, "read")
        return o.OPAQUE

    def join(self, node: ast.JoinedStr, how: str, call: int) -> o.Value:
        calls, tick = len(self.callees), self.build.tick
        parts = [
            o.Const(piece.value, "str") if isinstance(piece, ast.Constant) else self.hole(piece)
            for piece in node.values
        ]
        if sys.version_info < (3, 12):
            self.callees[calls:] = [None] * (len(self.callees) - calls)
            self.references |= dict.fromkeys(self.references.keys() & range(tick, self.build.tick + 1))
        return self.build.text(o.joined([o.Const("", "str"), *parts]))

    def hole(self, node: Any) -> o.Hole:
        """`{value}` of an f-string (`FormattedValue`) or a t-string (`Interpolation`)."""
        value = self.expr(node.value, "read")
        if node.format_spec is not None:
            for inner in node.format_spec.values:
                if not isinstance(inner, ast.Constant):
                    self.hole(inner)
        return o.Hole(value, plain=node.conversion == -1 and node.format_spec is None)

    def template(self, node: Any, how: str, call: int) -> o.Value:
        for part in node.values:
            if not isinstance(part, ast.Constant):
                self.hole(part)
        return o.OPAQUE

    def dict(self, node: ast.Dict, how: str, call: int) -> o.Value:
        items: list[tuple[o.Value | None, o.Value]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                items.append((self.expr(key, "read"), self.expr(value)))
            else:
                items.append((None, self.expr(value, "unpack")))
        return o.Dict(tuple(items))

    def display(self, node: ast.List | ast.Tuple | ast.Set, how: str, call: int) -> o.Value:
        return o.Sequence(type(node).__name__.lower(), tuple([self.expr(element) for element in node.elts]))

    def starred(self, node: ast.Starred, how: str, call: int) -> o.Value:
        self.expr(node.value, "unpack")
        return o.OPAQUE

    def binary(self, node: ast.BinOp, how: str, call: int) -> o.Value:
        left, right = self.expr(node.left, "read"), self.expr(node.right, "read")
        op = _OPERATORS.get(type(node.op))
        return o.Binary(op, left, right) if op is not None else o.OPAQUE

    def unary(self, node: ast.UnaryOp, how: str, call: int) -> o.Value:
        self.expr(node.operand, "read")
        return o.OPAQUE

    def boolean(self, node: ast.BoolOp, how: str, call: int) -> o.Value:
        first, *others = node.values
        self.expr(first, how)
        for value in others:
            self.choice(how, value)
        return o.OPAQUE

    def comparison(self, node: ast.Compare, how: str, call: int) -> o.Value:
        self.expr(node.left, "read")
        first, *others = node.comparators
        self.expr(first, "read")
        for value in others:  # of `a < b < c`, `c` is read only if `a < b`
            self.choice("read", value)
        return o.OPAQUE

    def conditional(self, node: ast.IfExp, how: str, call: int) -> o.Value:
        self.expr(node.test, "read")
        self.choice(how, node.body, node.orelse)
        return o.OPAQUE

    def choice(self, how: str, *branches: ast.expr) -> None:
        self.build.open("choice")
        for branch in branches:
            self.build.open("arm")
            self.expr(branch, how)
            self.build.close()
        self.build.close()

    def walrus(self, node: ast.NamedExpr, how: str, call: int) -> o.Value:
        value = self.expr(node.value)
        self.build.bind(node.target.id, "walrus", value)
        return o.OPAQUE

    def lambda_(self, node: ast.Lambda, how: str, call: int) -> o.Value:
        params = self.params(node.args)
        self.build.open_scope("lambda", "lambda", "")
        for param in params:
            self.build.bind_param(*param)
        self.expr(node.body)
        self.build.close_scope()
        return o.OPAQUE

    def pause(self, node: ast.Await | ast.Yield | ast.YieldFrom, how: str, call: int) -> o.Value:
        if node.value is not None:
            self.expr(node.value)
        self.build.pause()
        return o.OPAQUE

    def slice(self, node: ast.Slice, how: str, call: int) -> o.Value:
        for bound in (node.lower, node.upper, node.step):
            if bound is not None:
                self.expr(bound, "read")
        return o.OPAQUE

    def comprehension(self, node: _Comp, how: str, call: int) -> o.Value:
        lazy = isinstance(node, ast.GeneratorExp)
        first, *others = node.generators
        call = call if lazy else -1
        values = self.expr(first.iter, how if lazy else "read", call)  # a generator goes through it when it is used
        self.build.open("genexp" if lazy else "comp")
        self.build.describe(self.build.at, how=how, call=call)
        self.build.open_scope("generator" if lazy else "comprehension", "", "")
        self.turn(first, values)
        for loop in others:
            self.turn(loop, self.expr(loop.iter, "read"))
        for value in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.expr(value)
        self.build.close_scope()
        self.build.close()
        return o.OPAQUE

    def turn(self, loop: ast.comprehension, values: o.Value) -> None:
        """`for target in values if ...`"""
        if loop.is_async:
            self.build.pause()
        self.target(loop.target, "for", values)
        for condition in loop.ifs:
            self.expr(condition, "read")


def _arguments(args: list[ast.expr], keywords: list[ast.keyword]) -> Sequence[ast.expr | ast.keyword]:
    """Arguments in the order of the text: `*args` may follow keywords."""
    if not keywords:
        return args
    merged: list[ast.expr | ast.keyword] = [*args, *keywords]
    if any(isinstance(arg, ast.Starred) for arg in args):
        merged.sort(key=lambda arg: (arg.lineno, arg.col_offset))
    return merged


_STATEMENTS: dict[type[ast.AST], tuple[str, Callable[[_Reader, Any], None]]] = {
    ast.If: ("if", _Reader.if_),
    ast.For: ("for", _Reader.for_),
    ast.AsyncFor: ("for", _Reader.for_),
    ast.While: ("while", _Reader.while_),
    ast.Try: ("try", _Reader.try_),
    ast.With: ("with", _Reader.with_),
    ast.AsyncWith: ("with", _Reader.with_),
    ast.Match: ("match", _Reader.match),
    ast.FunctionDef: ("def", _Reader.function),
    ast.AsyncFunctionDef: ("def", _Reader.function),
    ast.ClassDef: ("class", _Reader.class_),
    ast.Expr: ("expression", _Reader.expression),
    ast.Assign: ("simple", _Reader.assign),
    ast.AnnAssign: ("simple", _Reader.ann_assign),
    ast.AugAssign: ("simple", _Reader.aug_assign),
    ast.Import: ("simple", _Reader.import_),
    ast.ImportFrom: ("simple", _Reader.import_from),
    ast.Return: ("return", _Reader.return_),
    ast.Raise: ("raise", _Reader.raise_),
    ast.Assert: ("simple", _Reader.assert_),
    ast.Delete: ("simple", _Reader.delete),
    ast.Global: ("simple", lambda reader, node: reader.build.declare("global", node.names)),
    ast.Nonlocal: ("simple", lambda reader, node: reader.build.declare("nonlocal", node.names)),
    ast.Pass: ("simple", _Reader.nothing),
    ast.Break: ("break", _Reader.nothing),
    ast.Continue: ("continue", _Reader.nothing),
}
_EXPRESSIONS: dict[type[ast.AST], Callable[[_Reader, Any, str, int], o.Value]] = {
    ast.Name: _Reader.name,
    ast.Attribute: _Reader.attribute,
    ast.Constant: _Reader.constant,
    ast.Call: _Reader.call,
    ast.Subscript: _Reader.item,
    ast.Slice: _Reader.slice,
    ast.JoinedStr: _Reader.join,
    ast.Dict: _Reader.dict,
    ast.List: _Reader.display,
    ast.Tuple: _Reader.display,
    ast.Set: _Reader.display,
    ast.Starred: _Reader.starred,
    ast.BinOp: _Reader.binary,
    ast.UnaryOp: _Reader.unary,
    ast.BoolOp: _Reader.boolean,
    ast.Compare: _Reader.comparison,
    ast.IfExp: _Reader.conditional,
    ast.NamedExpr: _Reader.walrus,
    ast.Lambda: _Reader.lambda_,
    ast.Await: _Reader.pause,
    ast.Yield: _Reader.pause,
    ast.YieldFrom: _Reader.pause,
    ast.ListComp: _Reader.comprehension,
    ast.SetComp: _Reader.comprehension,
    ast.DictComp: _Reader.comprehension,
    ast.GeneratorExp: _Reader.comprehension,
}
# What not every Python has.
if sys.version_info >= (3, 11):
    _STATEMENTS[ast.TryStar] = _STATEMENTS[ast.Try]
if sys.version_info >= (3, 12):
    _STATEMENTS[ast.TypeAlias] = ("simple", _Reader.type_alias)
if sys.version_info >= (3, 14):
    _EXPRESSIONS[ast.TemplateStr] = _Reader.template
_OPERATORS: dict[type[ast.AST], str] = {ast.Add: "+", ast.Mod: "%", ast.Mult: "*"}
