"""Which variable a name means, held to the rules of Python's execution model.

https://docs.python.org/3/reference/executionmodel.html#naming-and-binding
"""

from textwrap import dedent

import libcst as cst
import pytest

from sessionize.analysis.names import Names
from sessionize.syntax.outline import Outline
from sessionize.syntax.read_cst import read_cst


def read(source: str) -> tuple[Outline, Names]:
    outline, _ = read_cst(cst.parse_module(dedent(source)))
    return outline, Names(outline)


def shown(outline: Outline, scope: int) -> str:
    """A scope by its name, or its kind where it has none."""
    return "builtin" if scope == -1 else outline.scopes[scope].name or outline.scopes[scope].kind


@pytest.mark.parametrize(
    ("source", "owner"),
    [
        ("x", "builtin"),
        ("x = 1; x", "module"),
        ("x; x = 1", "module"),
        ("x = 1\ndef f(): return x", "module"),
        ("def f(): return x\nx = 1", "module"),
        ("def f(): x = 1; return x", "f"),
        ("x = 1\ndef f():\n return x\n x = 2", "f"),
        ("x = 1\ndef f(x): return x", "f"),
        ("x = 1\ndef f(*x): return x", "f"),
        ("x = 1\ndef f(a=x): x = 2", "module"),
        ("x = 1\n@x\ndef f(x): pass", "module"),
        ("x = 1\ndef f(x: x): pass", "module"),
        ("def f[x](): return x", "f"),
        ("x = 1\nlambda x: x", "lambda"),
        ("x = 1\nlambda a=x, x=2: 0", "module"),
        ("def f():\n x = 1\n def g(): return lambda: x", "f"),
        ("def f():\n def g(): return x\n return g\nx = 1", "module"),
        ("def f():\n for x in a: pass\n return x", "f"),
        ("def f():\n with a as x: return x", "f"),
        ("def f():\n try: pass\n except A as x: return x", "f"),
        ("def f():\n import x.y\n return x", "f"),
        ("def f():\n match a:\n  case [*x]: return x", "f"),
        ("def f():\n match a:\n  case {**x}: return x", "f"),
        ("def f():\n if a: del x\n return x", "f"),
        ("def f():\n x: int\n return x", "f"),
        ("def f():\n def x(): pass\n return x", "f"),
        # a class body is not seen from the functions in it
        ("class C:\n x = 1\n x", "C"),
        ("class C:\n x = 1\n def f(self): return x", "builtin"),
        ("x = 1\nclass C:\n x = 2\n def f(self): return x", "module"),
        ("def f():\n x = 1\n class C:\n  x = 2\n  def g(self): return x", "f"),
        ("class C:\n x = 1\n class D: x", "builtin"),
        ("class C:\n x = 1\n def f(self, a=x): pass", "C"),
        ("class C:\n x = 1\n lambda: x", "builtin"),
        # nor from the comprehensions, but for their first iterable
        ("class C:\n x = 1\n [x for a in b]", "builtin"),
        ("class C:\n x = 1\n [a for b in c for a in x]", "builtin"),
        ("class C:\n x = 1\n [a for a in x]", "C"),
        ("x = 1\n[x for x in a]", "comprehension"),
        ("x = 1\n[x for x in x if a][0]", "comprehension"),
        ("[x for x in a]; x", "builtin"),
        ("def f(): return (x for x in a)", "generator"),
        ("[[x for a in b] for x in c]", "comprehension"),
        # https://peps.python.org/pep-0572/#scope-of-the-target
        ("[x := 1 for a in b]; x", "module"),
        ("def f(): return [(x := a, x) for a in b]", "f"),
        ("def f():\n global x\n [x := a for a in b]\nx", "module"),
        # https://docs.python.org/3/reference/simple_stmts.html#the-global-statement
        ("def f():\n global x\n x = 1\nx", "module"),
        ("def f():\n global x\n return x", "builtin"),
        ("x = 1\ndef f(x):\n def g():\n  global x\n  return x", "module"),
        ("x = 1\ndef f(x):\n def g():\n  global x\n  def h(): return x", "module"),
        ("x = 1\ndef f(x):\n class C:\n  global x\n  x = 2\n  x", "module"),
        # https://docs.python.org/3/reference/simple_stmts.html#the-nonlocal-statement
        ("def f(x):\n def g():\n  nonlocal x\n  x = 1\n  return x", "f"),
        ("def f(x):\n def g():\n  nonlocal x\n  def h(): return x", "f"),
        ("x = 1\ndef f(x):\n class C:\n  nonlocal x\n  x = 2\n  x", "f"),
    ],
)
def test_owner(source: str, owner: str) -> None:
    outline, names = read(source)
    *_, use = (use for use in outline.uses if use.name == "x")
    assert shown(outline, names.owner("x", use.scope)) == owner


@pytest.mark.parametrize(
    ("source", "binds"),
    [
        ("x = 1\ndef f():\n x = 2", {"module": 1, "f": 1}),
        ("x = 1\ndef f():\n global x\n x = 2\n del x", {"module": 3}),
        ("def f():\n global x\n import x", {"module": 1}),
        ("x = 1\ndef f(x):\n def g():\n  nonlocal x\n  x = 2", {"module": 1, "f": 2}),
        ("def f(x):\n def g():\n  def h():\n   nonlocal x\n   x = 2", {"f": 2}),
        ("def f(x):\n class g:\n  x = 1\n  def h():\n   nonlocal x\n   x = 2", {"f": 2, "g": 1}),
        ("def f(x):\n def g():\n  nonlocal x\n  x = 1\n  def h():\n   nonlocal x\n   x = 2", {"f": 3}),
        ("def f(x):\n def g(x):\n  def h():\n   nonlocal x\n   x = 2", {"f": 1, "g": 2}),
        ("class f: x = 1\nx = 2", {"f": 1, "module": 1}),
    ],
)
def test_binds(source: str, binds: dict[str, int]) -> None:
    outline, names = read(source)
    found = {shown(outline, scope): len(names.binds(scope, "x")) for scope in range(len(outline.scopes))}
    assert {owner: count for owner, count in found.items() if count} == binds


def test_uses_are_those_of_one_variable() -> None:
    _, names = read("""
        x = 1
        x.a
        def f():
            x.b
            def g(x):
                x.c
            [x.d for x in x.e]
    """)
    module, f, g, comprehension = range(4)
    assert [str(use.access) for use in names.uses(module, "x")] == [".a", ".b", ".e"]
    assert [str(use.access) for use in names.uses(g, "x")] == [".c"]
    assert [str(use.access) for use in names.uses(comprehension, "x")] == [".d"]
    assert names.uses(f, "x") == []


@pytest.mark.parametrize(
    ("source", "taken"),
    [
        ("def f(): pass", False),
        ("def f(): x", True),
        ("def f(): x = 1", True),
        ("def f(x): pass", True),
        ("def f(): del x", True),
        ("def f(): global x", True),
        ("def f(): nonlocal x", True),
        ("def f(): return lambda: x", True),
        ("def f():\n class C:\n  def g(self): x = 1", True),
        ("def f(): return [x for x in a]", True),
        ("x = 1\ndef f(): pass", True),
        ("import x\ndef f(): pass", True),
        ("class C:\n x = 1\n def f(self): pass", False),  # a class body is not seen from it
        ("def g(x):\n def f(): pass", True),
        ("x\ndef f(): pass", False),  # nothing in `f` can mean it
        ("def g(): x = 1\ndef f(): pass", False),
        ("def f(): a.x(x=1)", False),
    ],
)
def test_is_taken(source: str, *, taken: bool) -> None:
    outline, names = read(source)
    (f,) = [number for number, scope in enumerate(outline.scopes) if scope.name == "f"]
    assert names.is_taken("x", f) is taken


def test_a_name_of_any_function_is_taken_in_the_module() -> None:
    _, names = read("def f(): x")
    assert names.is_taken("x", 0)
    assert not names.is_taken("y", 0)


def test_stars() -> None:
    _, names = read("from a import *\nfrom b import c")
    assert [star.name for star in names.stars] == ["*"]
