"""Statements, as both readers read them: which part, scope and binding each piece stands for, in the order in which
Python runs it. They hold expressions; no expression holds a statement.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from sessionize.syntax import values as v
from sessionize.syntax.access import READ, VALUE
from sessionize.syntax.builder import Builder
from sessionize.syntax.expressions import E, Expressions

B = TypeVar("B")  # a block of statements
# The comments that begin a cell of a script: in Spyder, VS Code and Jupytext, and in Databricks.
CELL_COMMENT = re.compile(r"#\s*%%(?!%%)|# COMMAND -{10}")


@dataclass(slots=True, eq=False, repr=False)
class Statements(Generic[E, B]):
    """Adds statements to an outline, and by `read` what they hold."""

    build: Builder
    read: Expressions[E]

    @abstractmethod
    def pattern(self, node: Any) -> None:
        """Reads the names that a `case` binds, and the expressions that it compares with."""

    @abstractmethod
    def suite(self, body: B) -> None:
        """Reads the statements of a block."""

    def inside(self, node: Any) -> B | None:
        """The block of an `else` or `finally`, if there is one."""
        return cast("B | None", node)

    @abstractmethod
    def form(self, body: B) -> str:
        """The form of a block's part."""

    def block(self, kind: str, body: B | None) -> None:
        if body:
            self.build.open(kind, self.form(body))
            self.suite(body)
            self.build.close()

    def for_(self, node: Any, *, pauses: bool) -> None:
        value = self.read.expr(node.iter, READ)
        self.build.open("turn", self.form(node.body))
        if pauses:
            self.build.pause()
        self.read.target(node.target, "for", value)
        self.suite(node.body)
        self.build.close()
        self.block("else", self.inside(node.orelse))

    def try_(self, node: Any, handlers: Iterable[tuple[E | None, str | None, B]]) -> None:
        self.block("body", node.body)
        for error, name, handler in handlers:
            self.build.open("handler", self.form(handler))
            self.read.values(error, access=READ)
            if name is not None:
                self.build.bind(name, "except")
            self.suite(handler)
            self.build.close()
        self.block("else", self.inside(node.orelse))
        self.block("finally", self.inside(node.finalbody))

    def with_(self, items: Iterable[tuple[E, E | None]], body: B, *, pauses: bool) -> None:
        for manager, target in items:
            value = self.read.expr(manager)
            if pauses:
                self.build.pause()
            if target is not None:
                self.read.target(target, "with", value)
        self.block("body", body)

    def function(self, node: Any, name: str, decorators: Iterable[E], returns: E | None, types: Iterable[str]) -> None:
        decorated = tuple(map(self.read.expr, decorators))
        bound = self.read.params(node)
        self.read.values(returns, access=READ)
        self.build.bind(name, "def")
        self.build.open_scope("function", name, self.form(node.body), decorated)
        for param in types:
            self.build.bind(param, "type")
        for row in bound:
            self.build.bind_param(*row)
        self.suite(node.body)
        self.build.close_scope()

    def class_(self, name: str, decorators: Iterable[E], bases: Iterable[E], types: Iterable[str], body: B) -> None:
        decorated = tuple(map(self.read.expr, decorators))
        based = tuple(map(self.read.expr, bases))
        self.build.open_scope("class", name, self.form(body), decorated, based)
        for param in types:
            self.build.bind(param, "type")
        self.suite(body)
        self.build.close_scope()
        self.build.bind(name, "class")

    def assign(self, targets: Sequence[E], node: E) -> None:
        value = self.read.expr(node)
        if len(targets) > 1 and not isinstance(value, v.Const | v.Join):
            value = v.OPAQUE  # `a = b = {}`: each is another name of something that may change
        for target in targets:
            self.read.target(target, "assign", value)

    def annotated(self, target: E, annotation: E, node: E | None) -> None:
        value = self.read.expr(node) if node is not None else None
        self.read.expr(annotation, READ)
        if value is not None:
            self.read.target(target, "assign", value)
        elif self.read.named(target) is not None:
            self.read.target(target, "declare")
        else:
            self.read.expr(target, READ)

    # --- what both trees name alike -----------------------------------------------------------------------------------

    def While(self, node: Any) -> None:
        part = self.build.at
        self.build.open("turn", self.form(node.body))
        self.build.describe(part, value=self.read.expr(node.test, READ))
        self.suite(node.body)
        self.build.close()
        self.block("else", self.inside(node.orelse))

    def Match(self, node: Any) -> None:
        part = self.build.at
        self.read.expr(node.subject)
        for case in node.cases:
            self.build.open("arm", self.form(case.body))
            self.pattern(case.pattern)
            self.read.values(case.guard, access=READ)
            self.suite(case.body)
            self.build.close()
        last = node.cases[-1]
        names_all = type(last.pattern).__name__ == "MatchAs" and last.pattern.pattern is None
        self.build.describe(part, exhaustive=names_all and last.guard is None)

    def AugAssign(self, node: Any) -> None:
        name = self.read.named(node.target)
        if name is not None:
            self.build.use(name, READ)
            self.read.expr(node.value, READ)
            self.read.target(node.target, "augment")
        else:
            self.read.target(node.target, "augment")
            self.read.expr(node.value, READ)

    def Assert(self, node: Any) -> None:
        self.read.expr(node.test, READ)
        if node.msg is not None:
            self.read.choice(VALUE, node.msg)

    def Expr(self, node: Any) -> None:
        self.read.expr(node.value, READ)

    def Return(self, node: Any) -> None:
        if node.value is not None:
            self.build.describe(self.build.at, value=self.read.expr(node.value))

    def Pass(self, node: Any) -> None:
        """Nothing to read."""

    Break = Continue = Pass


def kinds(nodes: ModuleType) -> dict[type, str]:
    """The kinds of the parts of statements that are not `simple`, by type of node."""
    return {getattr(nodes, name): kind for name, kind in _KINDS.items() if hasattr(nodes, name)}


_KINDS = {
    "If": "if",
    "For": "for",
    "While": "while",
    "Try": "try",
    "With": "with",
    "Match": "match",
    "Return": "return",
    "Raise": "raise",
    "Break": "break",
    "Continue": "continue",
    "AsyncFor": "for",
    "AsyncFunctionDef": "def",
    "AsyncWith": "with",
    "ClassDef": "class",
    "FunctionDef": "def",
    "TryStar": "try",
}
