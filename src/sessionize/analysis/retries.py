"""Loops that repeat a call, and calls that exclude each other: both by what tests say.

A *good answer* is there, its `ok` is True and its `status_code` 200. A loop that ends with the first good answer is a
retry loop, and repeats nothing. A loop that may end with one, by a test that is not understood, is one if it asks for
the same in every iteration; what is asked for are the arguments but those that only say how (`headers=`, `timeout=`).
"""

from __future__ import annotations

import operator
from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import Any, TypeAlias, TypeVar

from sessionize.analysis.exits import BREAK, NEXT, RETURN
from sessionize.analysis.flow import Flow
from sessionize.analysis.memo import memo
from sessionize.analysis.names import Names
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ITEM, Access

_Row = TypeVar("_Row", o.Bind, o.Use)
Known: TypeAlias = Callable[[v.Value], v.Const | None]

_TRUE, _FALSE, _OK = v.Const(value=True, kind="bool"), v.Const(value=False, kind="bool"), v.Const(200, "int")
_GOOD = v.Const(value=True, kind="answer")
_OTHER = v.Const(value=True, kind="other")  # none of the constants that a name is compared with
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "is": operator.eq,
    "is not": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda one, many: one in many,
    "not in": lambda one, many: one not in many,
}
_MANY = 16  # cases that are told apart in one function, as each is gone through
_HOW = frozenset(
    ("headers", "auth", "cookies", "timeout", "proxies", "verify", "cert", "stream", "allow_redirects", "hooks")
)


def holds(test: v.Value, known: Known) -> bool | None:
    """Tell whether a test holds, by what is `known` of the values in it; None if that does not say."""
    match test:
        case v.Check(op="not", values=(inner,)):
            inside = holds(inner, known)
            return None if inside is None else not inside
        case v.Check(op="and" | "or" as op, values=values):
            truths = {holds(value, known) for value in values}
            decisive = op == "or"
            if decisive in truths:
                return decisive
            return None if None in truths else not decisive
        case v.Check(op=op, values=(left, right)):
            return _compare(op, known(left), known(right))
    value = known(test)
    return None if value is None else bool(value.value)


def _compare(op: str, left: v.Const | None, right: v.Const | None) -> bool | None:
    if left is None or right is None:
        return None
    if _GOOD in (left, right):
        return op in ("is not", "!=") if v.NONE in (left, right) else None
    if _OTHER in (left, right):
        return {"==": False, "!=": True, "in": False, "not in": True, "is": False, "is not": True}.get(op)
    with suppress(TypeError):
        return _COMPARED[op](left.value, right.value)
    return None


def constant(value: v.Value) -> v.Const | None:
    """A literal, or a tuple of the literals in a display."""
    if isinstance(value, v.Sequence):
        items = [item.value for item in value.items if isinstance(item, v.Const)]
        return v.Const(tuple(items), "tuple") if len(items) == len(value.items) else None
    return value if isinstance(value, v.Const) else None


class Retries:
    def __init__(self, outline: o.Outline, names: Names, flow: Flow, is_answer: Callable[[v.Value, int], bool]) -> None:
        """`is_answer`: whether a value of a scope is what a call of requests gives."""
        self.outline = outline
        self.names = names
        self.flow = flow
        self.is_answer = is_answer
        self._variables: dict[tuple[int, str], v.Const | None] = {}  # the constants that they are, as far as asked for

    def loops(self, site: o.CallSite) -> list[int]:
        """The loops that repeat a call, innermost first."""
        again = self.again(site).items()
        return [loop for loop, exits in again if not (exits & (BREAK | RETURN) and self._asks_for_the_same(loop, site))]

    def again(self, site: o.CallSite) -> dict[int, int]:
        """The loops that can come back to a call that gave a good answer, with the exits of their turn behind it."""
        found = self.flow.turns_again(site.part, site.tick)
        return self.good.turns_again(site.part, site.tick) if found else {}

    def alternatives(self, calls: Iterable[int]) -> Iterator[list[Flow]]:
        """The flow with each constant, for each name that two `if` or more around the parts of calls compare with some.

        `if method == "GET": ...` and below it `if method == "POST": ...`: no run goes through both.
        """
        parts = self.outline.parts
        compared: dict[v.Value, dict[int, set[v.Const]]] = defaultdict(lambda: defaultdict(set))
        for part in sorted(self.flow.around(calls)):
            for subject, value in _comparisons(parts[part].value) if parts[part].kind == "if" else ():
                compared[subject][part].add(value)
        left = _MANY
        for subject, found in compared.items():
            values = {_OTHER}.union(*found.values())
            if len(found) > 1 and len(values) <= left and self._is_settled(subject, min(found)):
                left -= len(values)
                yield [self._where(subject, value, found) for value in values]

    def _is_settled(self, subject: v.Value, first: int) -> bool:
        """Tell whether a value does not change from the `if` that is its `first` test on."""
        frame, (tick, *_) = self.flow.frame[first], self.outline.parts[first]
        attributes = {"", *v.attributes_in(subject)}
        for name in v.names_in(subject):
            variable = self.names.owner(name, self.outline.parts[first].scope), name
            for bind in self.names.binds(*variable):
                if self.flow.frame[bind.part] == frame and (bind.tick > tick or self.flow.loops(bind.part)):
                    return False
            for use in self.names.uses(*variable):
                if use.tick > tick and _changed(use.access) in attributes:
                    return False
        return True

    def _where(self, subject: v.Value, value: v.Const, parts: Iterable[int]) -> Flow:
        """The flow where a subject is this value, which the tests of these `if` compare it with."""
        truths = self._truths(parts, lambda _, inner: value if inner == subject else constant(inner))
        return self.flow.assuming(truths)

    def _truths(self, parts: Iterable[int], known: Callable[[int, v.Value], v.Const | None]) -> dict[int, bool]:
        """The tests of the `if` and `while` among parts that hold, or do not, by what is `known` in their scopes."""
        truths = {}
        for part in parts:
            row = self.outline.parts[part]
            test = _asking(row.value) if row.kind == "while" else row.value
            truth = holds(test, partial(known, row.scope)) if row.kind in ("if", "while") else None
            if truth is not None:
                truths[part] = truth
        return truths

    # --- good answers -------------------------------------------------------------------------------------------------

    @cached_property
    def good(self) -> Flow:
        """The flow of a run in which every answer is good."""
        truths = self._truths(range(len(self.outline.parts)), self._known)
        return self.flow.assuming(truths, dict(self._stops()))

    def _known(self, scope: int, value: v.Value, depth: int = 0) -> v.Const | None:
        """The constant that a value is where every answer is good."""
        match value:
            case v.Attribute(attr="OK" | "status_code"):
                return _OK
            case v.Attribute(v.Name("codes") | v.Attribute(attr="codes"), "ok"):
                return _OK
            case v.Attribute(attr="ok"):
                return _TRUE
            case v.Name(name=name) if depth < 8:
                return self._known_variable((self.names.owner(name, scope), name), depth + 1)
        return _GOOD if self.is_answer(value, scope) else constant(value)

    def _known_variable(self, variable: tuple[int, str], depth: int) -> v.Const | None:
        """The constant to which a variable is always bound where every answer is good."""
        if variable not in self._variables:
            self._variables[variable] = None  # where it is bound to itself
            binds = self.names.binds(*variable)
            plain = self.names.forms(*variable) <= {"assign", "walrus", "with"}
            known = {self._known(variable[0], bind.value, depth) for bind in binds if plain}
            if _GOOD in known:
                known.discard(v.NONE)
            self._variables[variable] = known.pop() if len(known) == 1 else None
        return self._variables[variable]

    def _stops(self) -> Iterator[tuple[int, int]]:
        """The statements that bind a name such that the test of the `while` around them fails, or may fail: behind them
        the loop ends. `while not done: ...; done = True`; but not one that only counts (`n = n + 1`)."""
        for bind in self.outline.binds:
            loop = next(iter(self.flow.loops(bind.part)), -1)
            if loop == -1 or bind.form not in ("assign", "walrus") or self.outline.parts[bind.part].kind != "simple":
                continue
            test = self.outline.parts[loop].value
            name = v.Name(bind.name)
            if name not in v.checked(test) or name in v.within(bind.value):
                continue
            known = self._known_behind(bind)
            if holds(test, known) is False:
                yield bind.part, BREAK
            elif known(name) is None:
                yield bind.part, NEXT | BREAK

    def _known_behind(self, bind: o.Bind) -> Known:
        """The values that are known where a name has just been bound."""
        value = self._known(bind.scope, bind.value)
        return lambda other: value if other == v.Name(bind.name) else self._known(bind.scope, other)

    # --- what is asked for --------------------------------------------------------------------------------------------

    def _asks_for_the_same(self, loop: int, site: o.CallSite) -> bool:
        """Tell whether nothing of what a call asks for changes between the iterations of a loop."""
        args = site.value.args
        return all(arg.keyword in _HOW or self._stays(arg.value, loop, site, frozenset()) for arg in args)

    def _stays(self, value: v.Value, loop: int, site: o.CallSite, seen: frozenset[str]) -> bool:
        """Tell whether a value stays the same in a loop around a call; `seen`: the names it is bound by."""
        attributes = v.attributes_in(value)
        for inner in v.within(value):
            match inner:
                case v.Opaque():
                    return False
                case v.Call(func=v.Name(name="next" | "input")) | v.Call(args=()):  # of an iterator, a queue, a clock
                    return False
                case v.Name(name=name):
                    binds, changed = self._changes_in(loop, self.names.owner(name, site.scope), name)
                    if len(binds) > 1 or (binds and not self._binds_the_same(binds[0], loop, site, seen)):
                        return False
                    if changed & {"", *attributes}:
                        return False
        return True

    def _binds_the_same(self, bind: o.Bind, loop: int, site: o.CallSite, seen: frozenset[str]) -> bool:
        """Tell whether a name that is bound before the call gets the same value in every iteration."""
        before = bind.form == "assign" and bind.tick < site.tick and bind.name not in seen
        return before and self._stays(bind.value, loop, site, seen | {bind.name})

    @memo
    def _changes_in(self, loop: int, owner: int, name: str) -> tuple[list[o.Bind], set[str | None]]:
        """The bindings of a variable in a loop, and its attributes that change there; an empty one is itself."""
        binds = self._in_loop(loop, self.names.binds(owner, name))
        uses = self._in_loop(loop, self.names.uses(owner, name))
        return binds, {_changed(use.access) for use in uses}

    def _in_loop(self, loop: int, rows: Sequence[_Row]) -> list[_Row]:
        """The rows that stand in a loop; they are in the order of their ticks."""
        start = bisect(rows, self.outline.parts[loop].tick, key=lambda row: row.tick)
        end = bisect(rows, self.flow.end(loop), key=lambda row: row.tick)
        return [row for row in rows[start:end] if loop in self.flow.loops(row.part)]


def _comparisons(test: v.Value) -> Iterator[tuple[v.Value, v.Const]]:
    """The values that a test compares with constants, each with the constant; a name alone with False."""
    match test:
        case v.Check(op="and" | "or" | "not", values=values):
            for inner in values:
                yield from _comparisons(inner)
        case v.Check(op="is" | "is not", values=(v.Name() as left, v.Const() as value)):
            yield left, value
        case v.Check(op="==" | "!=", values=(left, v.Const() as value)) if _is_plain(left):
            yield left, value
        case v.Check(op="in" | "not in", values=(left, v.Sequence(items=items))):
            for item in items:
                yield from _comparisons(v.Check("==", (left, item)))
        case v.Name():
            yield test, _FALSE


def _asking(test: v.Value) -> v.Value:
    """The part of a loop's test that its own calls decide: the second of `tries and not requests.get(url).ok`."""
    values = test.values if isinstance(test, v.Check) and test.op == "and" else (test,)
    return v.Check("and", tuple(filter(_may_call, values)))


def _may_call(test: v.Value) -> bool:
    return any(isinstance(inner, v.Call) or inner == v.OPAQUE for inner in v.checked(test))


def _is_plain(value: v.Value) -> bool:
    """Tell whether it is a name, `self.method`, or `method.upper()`."""
    match value:
        case v.Call(func=v.Attribute(value=inner, attr="upper" | "lower"), args=()) | v.Attribute(value=inner):
            return _is_plain(inner)
    return isinstance(value, v.Name)


def _changed(access: Access) -> str | None:
    """The attribute of a name that a use changes; empty if it is the object itself, None if nothing is."""
    changed = access.changed
    if changed is None:
        return None
    return changed[0] if changed and changed[0] != ITEM else ""
