"""What `read_cst` makes of each kind of statement and expression, in the order in which Python evaluates it."""

import libcst as cst
import pytest

from sessionize.syntax import values as v
from sessionize.syntax.access import ARGUMENT, READ
from sessionize.syntax.outline import Outline
from sessionize.syntax.read_cst import Nodes, read_cst


def read(source: str) -> Outline:
    return read_cst(cst.parse_module(source))[0]


def value_of(expression: str) -> v.Value:
    """What is known of an expression."""
    return read(f"x = {expression}").binds[-1].value


def const(value: object) -> v.Const:
    return v.Const(value, type(value).__name__)


def called(value: v.Value) -> str:
    """The name that is called."""
    assert isinstance(value, v.Call)
    assert isinstance(value.func, v.Name)
    return value.func.name


A, B, C = v.Name("a"), v.Name("b"), v.Name("c")


def test_cells() -> None:
    outline = read("# %%\na\n# %%\n@b\ndef c(): pass\n# %%%%%%\nd\n# COMMAND ----------\ne\n")
    names = [use.name for use in outline.uses]
    assert names == ["a", "b", "d", "e"]
    a, b, d, e = (use.tick for use in outline.uses)
    first, second = outline.cells
    assert a < first < b < d < second < e


# --- names that are read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "hows"),
    [
        # expressions: https://docs.python.org/3/reference/expressions.html
        ("x", "read"),
        ("(x)", "read"),
        ("y = x", "value"),
        ("y = (x)", "value"),
        ("y = x, 1", "value"),
        ("y = [x, {x}, (*x,)]", "value value unpack"),
        ("y = *x, 1", "unpack"),
        ("y = [*x, *{*x}]", "unpack unpack"),
        ("y = {x: x, **x}", "read value unpack"),
        ("f(x, a=x, *x, **x)", "arg arg unpack unpack"),
        ("x()", "()"),
        ("x()()", "()"),
        ("x.get()", ".get()"),
        ("x.get().b", ".get()"),
        ("x.a", ".a"),
        ("x.a.b", ".a.b"),
        ("y = x.a", ".a"),
        ("x[0]", "[]"),
        ("y = x[0].a", "[].a"),
        ("x.a[0]()", ".a[]()"),
        ("y[x]", "read"),
        ("y[x:x:x, ::, x]", "read read read read"),
        ("y = -x + x * 2 - (not x)", "read read read"),
        ("y = x < x in x", "read read read"),
        ("y = x or x and x", "value value value"),
        ("f(x or 1)", "arg"),
        ("y = x if x else x", "read value value"),
        ("y = (z := x)", "value"),
        ("y = lambda: x", "value"),
        ("y = lambda a=x, *, b=x: a", "value value"),
        ("y = [x for a in x if x]", "read read value"),
        ("y = {x for a in x}", "read value"),
        ("y = {x: x for a in x if x if x}", "read read read value value"),
        ("y = (x for a in x for b in x)", "value read value"),  # it goes through the first when it is gone through
        ("f(a for a in x)", "arg"),
        ("async def f(): return await x", "value"),
        ("def f(): y = yield", ""),
        ("def f(): y = yield x", "value"),
        ("def f(): yield from x", "value"),
        ("y = f'{x}{x!r}{x:>{x}}{x=}'", "read read read read read"),
        ("y = f'{x}' 'a'", "read"),
        ("y = 'x' or b'x' or 0 or 0.0 or 0j or ... or None or True or False", ""),
        # statements: https://docs.python.org/3/reference/simple_stmts.html, compound_stmts.html
        ("x.a = 1", ".a="),
        ("x[0] = 1", "[]="),
        ("x.a[0] = 1", ".a[]="),
        ("x[0][1] = 1", "[][]="),
        ("x.a.b = 1", ".a.b="),
        ("(x.a, [*x[0]]), *x.b = y", ".a= []= .b="),
        ("x += 1", "read"),
        ("x.a += x", ".a= read"),
        ("x[0] += 1", "[]="),
        ("x: int", ""),
        ("x.a: int", ".a"),
        ("x[0]: int = 1", "[]="),
        ("y: x", "read"),
        ("y: x = x", "value read"),
        ("del x.a, x[0]", ".adel []del"),
        ("assert x", "read"),
        ("assert x, x", "read value"),
        ("def f(): return x", "value"),
        ("raise x", "value"),
        ("raise x from x", "value value"),
        ("if x: pass\nelif x: pass", "read read"),
        ("while x: x", "read read"),
        ("for a in x: pass", "read"),
        ("for x.a in y: pass", ".a="),
        ("with x, x as y: pass", "value value"),
        ("with y as x[0]: pass", "[]="),
        ("with (x as y, z): pass", "value"),
        ("try: pass\nexcept x: pass\nexcept (x, y) as e: pass", "read value"),
        ("try: pass\nexcept* x: pass", "read"),
        ("match x:\n case y.x: pass", "value"),
        ("match y:\n case x.a | -1 | 'x' | None: pass", ".a"),
        ("match y:\n case x(): pass", "read"),
        ("match y:\n case x.C(x.a, b=x.b): pass", ".C .a .b"),
        ("match y:\n case {x.a: x.b}: pass", ".a .b"),
        ("match y:\n case [x.a, (x.b)] | (x.c,): pass", ".a .b .c"),
        ("match y:\n case _ if x: pass", "read"),
        ("@x\n@x.a\n@x(1)\ndef f(): pass", "value .a ()"),
        ("@x\nclass C(x, metaclass=x): pass", "value value value"),
        ("def f(a: x = x, /, b=x, *c: x, d=x, **e: x) -> x: pass", "value value value read read read read"),
        ("def f(*a: *x): pass", "unpack"),
        ("y[*x]", "unpack"),
        ("type T = x", ""),  # evaluated lazily, if at all
        ("def f[T: x](): pass", ""),
    ],
)
def test_what_becomes_of_a_name(source: str, hows: str) -> None:
    assert sorted(str(use.access) for use in read(source).uses if use.name == "x") == sorted(hows.split())


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("x['a'] = 1", const("a")),
        ("del x[0]", const(0)),
        ("x[a] = 1", A),
        ("x[a:b] = 1", v.OPAQUE),
        ("x[0, 1] = 1", v.OPAQUE),
    ],
)
def test_key_that_is_set(source: str, key: v.Value) -> None:
    assert [use.key for use in read(source).uses if use.name == "x"] == [key]


def test_call_that_gets_a_name() -> None:
    outline = read("f(g(x), lambda: y, z)")
    takers = {use.name: use.call for use in outline.uses if use.access == ARGUMENT}
    assert {name: called(outline.calls[call].value) for name, call in takers.items()} == {"x": "g", "z": "f"}


# --- names that are bound ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "binds"),
    [
        ("x = y = 1", "x:assign y:assign"),
        ("x, (y, *z) = 1", "x:unpack y:unpack z:unpack"),
        ("[x, [y]] = 1", "x:unpack y:unpack"),
        ("x.a = y[0] = 1", ""),
        ("x += 1", "x:augment"),
        ("x: int", "x:declare"),
        ("x: int = 1", "x:assign"),
        ("del x, (y, [z])", "x:del y:del z:del"),
        ("(x := 1)", "x:walrus"),
        ("import x, y.z, a.b as c", "x:import y:import c:import"),
        ("from x import y, z as a", "y:import a:import"),
        ("from .x import (y,)", "y:import"),
        ("from x import *", "*:star"),
        ("for x in y: pass", "x:for"),
        ("for x, y in z: pass", "x:unpack y:unpack"),
        ("[1 for x in y for z in x]", "x:for z:for"),
        ("with x as y, z: pass", "y:with"),
        ("with x as (y, z): pass", "y:unpack z:unpack"),
        ("try: pass\nexcept A: pass\nexcept B as x: pass", "x:except"),
        ("def f(a, /, b, *c, d, **e): pass", "f:def a:param b:param c:params d:param e:params"),
        ("def f(a, *, b): pass", "f:def a:param b:param"),
        ("def f[T, *U, **V](): pass", "f:def T:type U:type V:type"),
        ("class C[T]: x = 1", "T:type x:assign C:class"),
        ("type T = int", "T:type"),
        ("lambda a, *b: 0", "a:param b:params"),
        ("match a:\n case x: pass", "x:match"),
        ("match a:\n case _: pass", ""),
        ("match a:\n case 1 as x: pass", "x:match"),
        ("match a:\n case [x, (y), *z]: pass", "x:match y:match z:match"),
        ("match a:\n case x, *_: pass", "x:match"),
        ("match a:\n case {'k': x, 1: [y], **z}: pass", "x:match y:match z:match"),
        ("match a:\n case {}: pass", ""),
        ("match a:\n case C(x, k=[y, C(z)]): pass", "x:match y:match z:match"),
        ("match a:\n case [x] | {1: x}: pass", "x:match x:match"),
        ("def f():\n global x\n x = 1", "f:def x:assign"),
        ("pass; break; continue; return; 0", ""),
        ("*x = y\nfor *z in y: pass", "x:assign z:for"),  # no Python, but LibCST lets it through
    ],
)
def test_binds(source: str, binds: str) -> None:
    assert [f"{bind.name}:{bind.form}" for bind in read(source).binds] == binds.split()


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("import x", v.Imported("x")),
        ("import x.y", v.Imported("x")),
        ("import a.b as x", v.Imported("a.b")),
        ("from a import x", v.Imported("a.x")),
        ("from a.b import y as x", v.Imported("a.b.y")),
        ("from . import x", v.Imported(".x")),
        ("from ..a import x", v.Imported("..a.x")),
        ("x: int = a", A),
        ("y = x = 1", const(1)),
        ("y = x = f'{a}'", value_of("f'{a}'")),
        ("y = x = a", v.OPAQUE),  # two names for what may change
        ("(x := a)", A),
        ("x, y = a, b", v.OPAQUE),
        ("x += 1", v.OPAQUE),
        ("for x in a: pass", A),
        ("async def f():\n async for x in a: pass", A),
        ("[x for x in a]", A),
        ("[x for y in b for x in a]", A),
        ("with a as x: pass", A),
        ("def f(x): pass", v.OPAQUE),
        ("def f(x: str): pass", v.Name("str")),
        ("def f(x: str = 'a'): pass", v.Name("str")),
        ("def f(x: str = None): pass", v.OPAQUE),
        ("def f(x: str = a): pass", v.OPAQUE),
        ("def f(x: int = True): pass", v.OPAQUE),
        ("def f(x='a'): pass", v.OPAQUE),
        ("def f(x: str | None): pass", v.OPAQUE),
        ("def f(x: 'str'): pass", v.OPAQUE),
        ("def f(*x: str): pass", v.OPAQUE),
        ("def f(**x: str): pass", v.OPAQUE),
        ("lambda x: 0", v.OPAQUE),
    ],
)
def test_value_that_is_bound(source: str, value: v.Value) -> None:
    assert [bind.value for bind in read(source).binds if bind.name == "x"] == [value]


@pytest.mark.parametrize(
    ("source", "exported"),
    [
        ("__all__ = ['a', 'b']", {"a", "b"}),
        ("__all__ = 'a',", {"a"}),
        ("__all__ = ['a', name, *others]", {"a"}),
        ("__all__ = names", set()),
        ("other = ['a']", set()),
    ],
)
def test_dunder_all(source: str, exported: set[str]) -> None:
    assert read(source).dunder_all == exported


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("None", v.NONE),
        ("True", const(value=True)),
        ("False", const(value=False)),
        ("1", const(1)),
        ("0x_ff", const(255)),
        ("1.5", const(1.5)),
        ("2j", const(2j)),
        (r"'a\n'", const("a\n")),
        (r"r'a\n'", const(r"a\n")),
        ("b'a'", const(b"a")),
        ("'a' 'b' \"c\"", const("abc")),
        ("b'a' b'b'", const(b"ab")),
        ("...", v.OPAQUE),
        ("a", A),
        ("(a)", A),
        ("a.b.c", v.Attribute(v.Attribute(A, "b"), "c")),
        ("a['b']", v.Item(A, const("b"))),
        ("a[b]", v.Item(A, B)),
        ("a[b, c]", v.Item(A, v.OPAQUE)),
        ("a[b:c]", v.Item(A, v.OPAQUE)),
        ("f'a'", const("a")),
        ("f''", const("")),
        ("f'{a}'", v.Join((const(""), v.Hole(A, plain=True)))),
        ("f'{a!r}'", v.Join((const(""), v.Hole(A, plain=False)))),
        ("f'{a:>2}'", v.Join((const(""), v.Hole(A, plain=False)))),
        ("f'{a=}'", v.Join((const("a="), v.Hole(A, plain=False)))),
        ("f'{a = # c\n}'", v.Join((const("a = \n"), v.Hole(A, plain=False)))),
        ("f'a{b}c'", v.Join((const("a"), v.Hole(B, plain=True), const("c")))),
        ("'a' f'b{c}' 'd' f'e'", v.Join((const("ab"), v.Hole(C, plain=True), const("de")))),
        (r"f'a\t{{b}}'", const("a\t{b}")),
        (r"rf'a\t{{b}}'", const(r"a\t{b}")),
        (r"FR'\t'", const(r"\t")),
        (r"f'''\'{a}'''", v.Join((const("'"), v.Hole(A, plain=True)))),
        (r"f'é€\u20ac\N{EURO SIGN}\x41\101\d'", const(r"é€€€AA\d")),
        (r"rb'\d'", const(rb"\d")),
        (r"'\d'", const(r"\d")),
        # what Python refuses, but not LibCST
        (r"'\x'", v.OPAQUE),
        (r"f'a\x{b}'", v.OPAQUE),
        ("b'é'", v.OPAQUE),
        ("1" * 5000, v.OPAQUE),
        ("a + b", v.Binary("+", A, B)),
        ("a % b", v.Binary("%", A, B)),
        ("a * 2", v.Binary("*", A, const(2))),
        ("a - b", v.OPAQUE),
        ("-1", v.OPAQUE),
        ("not a", v.Check("not", (A,))),
        ("a and b", v.Check("and", (A, B))),
        ("a and b and c", v.Check("and", (A, B, C))),
        ("(a and b) and c", v.Check("and", (A, B, C))),
        ("a or (b or c)", v.Check("or", (A, v.Check("or", (B, C))))),
        ("a and b or c", v.Check("or", (v.Check("and", (A, B)), C))),
        ("a < b", v.Check("<", (A, B))),
        ("a < b not in c", v.Check("and", (v.Check("<", (A, B)), v.Check("not in", (B, C))))),
        ("a if b else c", v.OPAQUE),
        ("lambda: a", v.OPAQUE),
        ("[a for a in b]", v.OPAQUE),
        ("(a for a in b)", v.OPAQUE),
        ("{}", v.Dict(())),
        ("{'a': b, **c}", v.Dict(((const("a"), B), (None, C)))),
        ("[a, 'b']", v.Sequence("list", (A, const("b")))),
        ("a, b", v.Sequence("tuple", (A, B))),
        ("()", v.Sequence("tuple", ())),
        ("{a}", v.Sequence("set", (A,))),
        ("[a, *b]", v.Sequence("list", (A, v.OPAQUE))),
        ("a()", v.Call(A, ())),
        (
            "a(b, *b, k=c, **c)",
            v.Call(
                A,
                (
                    v.Argument(B, None, ""),
                    v.Argument(B, None, "*"),
                    v.Argument(C, "k", ""),
                    v.Argument(C, None, "**"),
                ),
            ),
        ),
    ],
)
def test_value(expression: str, value: v.Value) -> None:
    assert value_of(expression) == value


def test_only_plain_pieces_of_one_kind_are_joined() -> None:
    assert v.joined([const("a"), const(b"b")]) == v.Join((const("a"), const(b"b")))
    assert v.joined([const("a"), v.OPAQUE]) == v.OPAQUE


@pytest.mark.skipif(not hasattr(cst, "TemplatedString"), reason="this LibCST knows no t-strings")
def test_template_string() -> None:
    outline = read("x = t'a{b}{c!r:>{d}}'")
    assert [use.name for use in outline.uses] == ["b", "c", "d"]
    assert {use.access for use in outline.uses} == {READ}
    assert [bind.value for bind in outline.binds] == [v.OPAQUE]


# --- control structure ------------------------------------------------------------------------------------------------


def shape(outline: Outline, number: int) -> str:
    """A part and those within it, as `kind[parts]`; `:` marks a block on lines of its own, `;` a joined statement."""
    row = outline.parts[number]
    marks = {"": "", "lines": ":", "inline": "", "joined": ";"}
    inside = " ".join(shape(outline, child) for child, part in enumerate(outline.parts) if part.parent == number)
    return f"{row.kind}{marks[row.form]}{f'[{inside}]' if inside else ''}"


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("pass", "simple"),
        ("a; b", "simple simple;"),
        ("'a'; 'b' 'c'; f'd'; b'e'.f", "docstring docstring; simple; simple;"),
        ("return; raise; break; continue", "return raise; break; continue;"),
        ("import a; from a import b; global a; nonlocal a", "simple simple; simple; simple;"),
        ("if a: b", "if[arm[simple]]"),
        ("if a:\n b\nelse: c; d", "if[arm:[simple] arm[simple simple;]]"),
        ("if a: b\nelif c: d\nelse: e", "if[arm[simple] arm[if[arm[simple] arm[simple]]]]"),
        ("for a in b: c", "for[turn[simple]]"),
        ("for a in b:\n c\nelse:\n d", "for[turn:[simple] else:[simple]]"),
        ("while a: b", "while[turn[simple]]"),
        ("while a: b\nelse: c", "while[turn[simple] else[simple]]"),
        ("try: a\nfinally: b", "try[body[simple] finally[simple]]"),
        (
            "try:\n a\nexcept b:\n c\nexcept: d\nelse:\n e\nfinally:\n f",
            "try[body:[simple] handler:[simple] handler[simple] else:[simple] finally:[simple]]",
        ),
        ("try: a\nexcept* b: c", "try[body[simple] handler[simple]]"),
        ("with a: b", "with[body[simple]]"),
        ("with a, b:\n c", "with[body:[simple]]"),
        ("match a:\n case b: c\n case d:\n  e", "match[arm[simple] arm:[simple]]"),
        ("def f(): a", "def | body[simple]"),
        ("def f():\n a", "def | body:[simple]"),
        ("class C: a", "class[body[simple]]"),
        ("class C:\n def f(): a", "class[body:[def]] | body[simple]"),
        ("lambda: a", "simple | body"),
        ("a or b", "simple[choice[arm]]"),
        ("a if b else c", "simple[choice[arm arm]]"),
        ("a < b", "simple"),
        ("a < b < c < d", "simple[choice[arm] choice[arm]]"),
        ("assert a, b", "simple[choice[arm]]"),
        ("[a for b in c]", "simple[comp[turn]]"),
        ("{a for b in c}, {a: b for c in d}", "simple[comp[turn] comp[turn]]"),
        ("(a for b in c for d in (e or f))", "simple[genexp[turn[choice[arm]]]]"),
        ("[a for b in (c for d in e)]", "simple[genexp[turn] comp[turn]]"),
    ],
)
def test_parts(source: str, parts: str) -> None:
    outline = read(source)
    module, *others = (shape(outline, number) for number, row in enumerate(outline.parts) if row.parent == -1)
    assert " | ".join([module.removeprefix("body:[").removesuffix("]"), *others]) == parts


@pytest.mark.parametrize(
    ("last", "exhaustive"),
    [("_", True), ("x", True), ("(x)", True), ("_ if a", False), ("1", False), ("1 as x", False), ("_ | _", False)],
)
def test_match_that_takes_everything(last: str, *, exhaustive: bool) -> None:
    (match,) = [part for part in read(f"match a:\n case 0: pass\n case {last}: pass").parts if part.kind == "match"]
    assert match.exhaustive is exhaustive


@pytest.mark.parametrize("source", ["if a: pass", "while a: pass"])
def test_test_of_a_part(source: str) -> None:
    assert [part.value for part in read(source).parts if part.kind in ("if", "while")] == [A]


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("f(a for a in b)", "arg"),
        ("f(*(a for a in b))", "unpack"),
        ("x = (a for a in b)", "value"),
        ("for x in (a for a in b): pass", "read"),
        ("(a for a in b).send(1)", ".send()"),
        ("f((a for a in b) if c else d)", "arg"),
    ],
)
def test_what_becomes_of_a_generator(source: str, how: str) -> None:
    assert [str(part.access) for part in read(source).parts if part.kind == "genexp"] == [how]


def test_call_that_gets_a_generator() -> None:
    outline = read("g(1); f(a for a in b)")
    (taker,) = [part.call for part in outline.parts if part.kind == "genexp"]
    assert called(outline.calls[taker].value) == "f"


# --- scopes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "scopes"),
    [
        ("a", "module:-1"),
        ("def f(): pass", "module:-1 function:0"),
        ("async def f(): lambda: 0", "module:-1 function:0 lambda:1"),
        ("class C:\n def f(): pass\n class D: pass", "module:-1 class:0 function:1 class:1"),
        ("[(b for b in a) for a in {a: b for a in c}]", "module:-1 comprehension:0 comprehension:0 generator:2"),
        ("[a for a in (b for b in c)]", "module:-1 generator:0 comprehension:0"),
        ("[a for a in b for c in (d for d in a)]", "module:-1 comprehension:0 generator:1"),
        ("def f(a=lambda: 0): pass", "module:-1 lambda:0 function:0"),
        ("@(lambda f: f)\ndef f(): pass", "module:-1 lambda:0 function:0"),
        ("class C((lambda: D)()): pass", "module:-1 lambda:0 class:0"),
    ],
)
def test_scopes(source: str, scopes: str) -> None:
    assert [f"{scope.kind}:{scope.parent}" for scope in read(source).scopes] == scopes.split()


def test_scope_knows_its_body_and_its_definition() -> None:
    outline = read("def f():\n pass\n")
    module, function = outline.scopes
    assert (module.part, outline.parts[module.root].parent) == (-1, -1)
    assert (function.name, outline.parts[function.part].kind) == ("f", "def")
    assert (outline.parts[function.root].kind, outline.parts[function.root].parent) == ("body", -1)
    assert outline.parts[function.root].scope == 1


def test_global_and_nonlocal() -> None:
    outline = read("def f():\n global a, b\n def g():\n  nonlocal c\n  nonlocal d\n")
    assert [scope.globals for scope in outline.scopes] == [frozenset(), frozenset("ab"), frozenset()]
    assert [scope.nonlocals for scope in outline.scopes] == [frozenset(), frozenset(), frozenset("cd")]


@pytest.mark.parametrize(
    ("source", "scope"),
    [
        ("(x := 1)", "module"),
        ("[x := 1 for a in b]", "module"),
        ("def f(): return [[x := 1 for a in b] for c in d]", "function"),
        ("lambda: any(x := a for a in b)", "lambda"),
        ("[x for x in a]", "comprehension"),
        ("(0 for a in b for x in a)", "generator"),
        ("def f(x): pass", "function"),
        ("def x(): pass", "module"),
        ("class x: pass", "module"),
        ("class C: x = 1", "class"),
        ("class C:\n def x(self): pass", "class"),
        ("def f():\n class x: pass", "function"),
        ("def f():\n import x", "function"),
        ("def f[x](): pass", "function"),
    ],
)
def test_scope_of_a_binding(source: str, scope: str) -> None:
    outline = read(source)
    assert [outline.scopes[bind.scope].kind for bind in outline.binds if bind.name == "x"] == [scope]


def test_decorators_and_bases() -> None:
    outline = read("@a\n@b(1)\ndef f(): pass\n@c\nclass C(a, b[0], metaclass=c): pass\nclass D: pass\nlambda: 0")
    call = v.Call(B, (v.Argument(const(1), None, ""),))
    assert [scope.decorators for scope in outline.scopes] == [(), (A, call), (C,), (), ()]
    assert [scope.bases for scope in outline.scopes] == [(), (), (A, v.Item(B, const(0)), C), (), ()]


# --- attributes and calls ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "stores"),
    [
        ("a.x = b", [("a", "x", B)]),
        ("a.x = b.y = 1", [("a", "x", const(1)), ("b", "y", const(1))]),
        ("a.x: int = b", [("a", "x", B)]),
        ("a.x, y = b", []),
        ("a.x += b", []),
        ("del a.x", []),
        ("a.x.y = b", []),
        ("a[0].x = b", []),
        ("for a.x in b: pass", []),
        ("a = x.y", []),
    ],
)
def test_stores(source: str, stores: list[tuple[str, str, v.Value]]) -> None:
    assert [(store.name, store.attr, store.value) for store in read(source).stores] == stores


def test_attributes_are_all_that_could_be_one() -> None:
    outline = read("a.b.c = d.e(f, g=h.i); del j.k; setattr(l, 'm', n); 'not one'; 'o' 'p'; b'q'; f'r'")
    assert outline.attributes == {*"bceikmr", "op", "not"}


@pytest.mark.parametrize(
    ("source", "how", "into"),
    [
        ("x()", "read", None),
        ("y = x()", "value", None),
        ("f(x())", "arg", "f"),
        ("f(*x())", "unpack", "f"),
        ("f(a=x() or 1)", "arg", None),
        ("x().a()", ".a()", None),
        ("for a in x(): pass", "read", None),
    ],
)
def test_what_becomes_of_a_result(source: str, how: str, into: str | None) -> None:
    outline = read(source)
    (call,) = [call for call in outline.calls if call.value.func == v.Name("x")]
    assert str(call.access) == how
    assert (called(outline.calls[call.into].value) if call.into != -1 else None) == into


def test_a_call_lasts_from_its_function_to_its_end() -> None:
    outline = read("a; x(b, y(c)); d")
    ticks = {use.name: use.tick for use in outline.uses}
    x, y = outline.calls
    assert ticks["a"] <= x.start < ticks["x"] < ticks["b"] <= y.start < ticks["y"] < y.tick < x.tick < ticks["d"]
    assert outline.end > ticks["d"]


# --- order ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "order"),
    [
        # https://docs.python.org/3/reference/expressions.html#evaluation-order
        ("a(), b(), c()", "a b c"),
        ("a() + b() * c()", "a b c"),
        ("a() < b() < c()", "a b c"),
        ("a(b(), *c(), k=d())", "b c d a"),
        ("a()(b())", "a b ?"),
        ("a().m(b())", "a b ?"),
        ("a()[b():c()]", "a b c"),
        ("{a(): b(), **c(), d(): e()}", "a b c d e"),
        ("b() if a() else c()", "a b c"),
        ("a() and b() or c()", "a b c"),
        ("f'{a()}{b():{c()}}'", "a b c"),
        ("[d() for x in a() for y in b() if c()]", "a b c d"),
        ("{c(): d() for x in a() if b()}", "a b c d"),
        ("lambda x=a(): b()", "a b"),
        # https://docs.python.org/3/reference/simple_stmts.html#assignment-statements
        ("b()[c()] = a()", "a b c"),
        ("b().x, c()[d()] = e()[f()] = a()", "a b c d e f"),
        ("a()[b()] += c()", "a b c"),
        ("a().x += b()", "a b"),
        ("del a()[b()], c().x", "a b c"),
        ("x: b() = a()", "a b"),
        ("assert a(), b()", "a b"),
        ("raise a() from b()", "a b"),
        # https://docs.python.org/3/reference/compound_stmts.html
        ("for b().x in a(): c()\nelse: d()", "a b c d"),
        ("while a(): b()\nelse: c()", "a b c"),
        ("with a() as b().x, c() as d().x: e()", "a b c d e"),
        ("try: a()\nexcept b(): c()\nelse: d()\nfinally: e()", "a b c d e"),
        ("match a():\n case X.y if b(): c()", "a b c"),
        ("@a()\n@b()\ndef f(x=c(), *, y=d()): e()", "a b c d e"),
        ("@a()\nclass C(b(), k=c()): d()", "a b c d"),
    ],
)
def test_calls_are_in_order_of_evaluation(source: str, order: str) -> None:
    calls = sorted(read(source).calls, key=lambda call: call.tick)
    assert [call.value.func.name if isinstance(call.value.func, v.Name) else "?" for call in calls] == order.split()


@pytest.mark.parametrize(
    ("source", "order"),
    [
        ("x = x", "use bind"),
        ("x: int = x", "use bind"),
        ("x += 1", "use bind"),
        ("(x := x)", "use bind"),
        ("for x in x: pass", "use bind"),
        ("with x as x: pass", "use bind"),
        ("def x(a=x): pass", "use bind"),
        ("class x(x): pass", "use bind"),
        ("class x:\n x", "use bind"),
        ("match x:\n case x: pass", "use bind"),
        ("match a:\n case x if x: pass", "bind use"),
        ("try: pass\nexcept A as x: x", "bind use"),
        ("del x\nx", "bind use"),
    ],
)
def test_a_name_is_bound_when_its_value_is_known(source: str, order: str) -> None:
    outline = read(source)
    ticks = [(use.tick, "use") for use in outline.uses if use.name == "x"]
    ticks += [(bind.tick, "bind") for bind in outline.binds if bind.name == "x"]
    assert [kind for _, kind in sorted(ticks)] == order.split()


def test_ticks_are_unique() -> None:
    outline = read("import a\nfor b in a(a.c for d in b if d):\n x = [b, a(x)]\nasync def f(): await a((yield))")
    ticks = [part.tick for part in outline.parts] + [use.tick for use in outline.uses]
    ticks += [bind.tick for bind in outline.binds] + [call.tick for call in outline.calls]
    ticks += [pause.tick for pause in outline.pauses]
    assert sorted(ticks) == list(range(1, len(ticks) + 1))


@pytest.mark.parametrize(
    ("source", "pauses"),
    [
        ("async def f(): await a", 1),
        ("async def f():\n async for a in b: pass", 1),
        ("async def f():\n async with a, b as c: pass", 2),
        ("async def f(): return [a async for a in b for c in d]", 1),
        ("def f(): yield", 1),
        ("def f(): yield from a", 1),
        ("def f():\n for a in b:\n  with c: [d for d in e]", 0),
    ],
)
def test_pauses(source: str, pauses: int) -> None:
    assert len(read(source).pauses) == pauses


# --- the nodes behind it ----------------------------------------------------------------------------------------------


def test_nodes() -> None:
    module = cst.parse_module("import a\nfrom b import c, d\nif x: f(g())\nelif y: pass\n")
    outline, nodes = read_cst(module)
    assert isinstance(nodes, Nodes)

    def code(node: cst.CSTNode) -> str:
        return module.code_for_node(node).strip()

    assert [code(nodes.sites[call.tick]) for call in outline.calls] == ["f(g())", "g()"]
    assert len(nodes.sites) == 2
    assert [called(call.value) for call in outline.calls] == ["f", "g"]
    assert {bind.name: code(nodes.imports[bind.tick]) for bind in outline.binds} == {
        "a": "import a",
        "c": "from b import c, d",
        "d": "from b import c, d",
    }
    kinds = {outline.parts[part].kind: code(node) for part, node in nodes.parts.items() if part != 0}
    assert kinds == {"simple": "pass", "if": "if y: pass", "arm": "pass"}
    assert nodes.parts[0] is module


def test_nodes_of_values() -> None:
    module = cst.parse_module("x = a; f(b.c, d()); e.g; h < 1")
    outline, nodes = read_cst(module)
    names = {use.tick: use.name for use in outline.uses}
    taken = {names[site]: module.code_for_node(node) for site, node in nodes.sites.items() if site in names}
    assert taken == {"a": "a", "b": "b.c"}
