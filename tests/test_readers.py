"""`read_ast` and `read_cst` give the same outline and the same places."""

import ast
import re
import sys
from pathlib import Path

import pytest
from readers import differences

from sessionize.files.text import decode
from sessionize.syntax.outline import Span
from sessionize.syntax.read_ast import read_ast

ROOT = Path(__file__).parent.parent
# LibCST cannot read mixed tabs and spaces; what a fix makes of a case adds little to it.
LEFT_OUT = re.compile(r"tabs-and-spaces|\.after\.py")
PROGRAMS = sorted(path for path in (ROOT / "fixtures").rglob("*.py") if not LEFT_OUT.search(path.name))
SEPARATOR = "# ---\n"

LAYOUT = r'''
# %%
a
# %% b
@b
@c
def d():
  # %% none
  e
# COMMAND ----------

# MAGIC %md
class f: pass
 # %% none
g; h
x = """
# %% none
"""
# %%
# ---
if a: \
  b
# ---
if a: \
  b; \
  c
d
# ---
if a:  # c: \
  b
  c  # d; \
  d
# ---
if a == "#: \
": \
  b
# ---
a\
; b
# ---
a; \
b
# ---
def f(a="#"): \
  return 1
# ---
try: \
  a
except b: \
  c
finally: a; b; \
  c
# ---
x = """
"""; y = 1
# ---
if (a
): b
else: c
# ---
if a:
  pass
else:
  if b: c
# ---
if a:
	pass
elif b:
	pass
else:
	if c:
		pass
# ---
if a:
  pass
else:
  elif_body = a
# ---
class A: x = 1; y = 2
# ---
class A:
 # comment: \
 @d
 def e(self): pass

 @b
 async def f(self): return 1; x = 2
# ---
for x in y:
  break; continue
else:
  pass;
# ---
while a: b; c
else: d
# ---
if a: pass
elif b: pass
elif c:
  pass
else: pass
# ---
match a:
 case x if y: \
  pass
 case z: pass
'''
STRINGS = r'''
'a'; b'b'; ('c'); f'd'; 'e'.f; u'g'; 'h' 'i'; 'j' f'k'; f'l' 'm'; b'n' b'o'
# ---
x = f"{a}" f"{b}"; y = "a" f"{b}" "c" "d" f""; z = f"" ""; v = u"a" r"\b" "\\"
# ---
"a\
b"; x = ("a"
 "b"
 f"{c}"
)
# ---
x = f"\{a}", f"\{{a}}", f"\€\d{a}\"", rf"\d{a}\\{b}{{", f"{{}}" "{}", F'{a}\''
# ---
x = f"""a"{b}"c\
d"{c}\""""
# ---
x = f"{a=}{a = }{ a=!s}{a=:>3}{a!r:{b}.{c}}{a:}{a!r}{a != b}{a:=5}"
# ---
x = f"{a:{b!r}}", f'{a:%H:%M}' % (b,), f"{a,}{*a, b}{ {1: 2}[1] }{a[b:c]}{(lambda: a)()}"
# ---
x = f"{requests.get(1)} {f'{requests.get(2)}'} {x.y(z=a.b)}"; y = requests.get(3)
# ---
x = f"""
{requests.get(1)}
  {
  requests.get(
  2)}
""" f"é{requests.get(3)}é{a.b(c.d)}"; requests.get(4)
# ---
x = f"\N{BULLET}\N{EURO SIGN}{a}\x41\u20ac\U0001F600\101\0", "\N{BULLET}\x41\u20ac\ud800\101\400", "\d\
\w", b"\x00\d" b'"'
# ---
x = 0xffffffffffffffffffffffffffffff, 1e999, 1_0.5e-3j, 0o17, 0b1, .5, 1., 00, -1, +1, ~1, not 1
# ---
x = ..., None, True, False, __debug__
'''
EXPRESSIONS = r"""
class A(*b, c, k=1, **d): f(a=1, *b, c=2, *d, **e); f(*b, a); f(**a, b=1)
# ---
(requests).get(1); (requests.get)(1); (requests
  .get)(1); ( requests . get ) ( 1 ); requests\
  .get(
  2).json()
# ---
x = (requests.get); y = (requests).get; z = ((requests)).get; "é", requests.get("ü", x="😀"), requests.post
# ---
(a for a in b)(); (a, b)(c); [a](); {a: b}(); "s"(); f"s"(); (lambda: 0)(); (a or b)(); (a.b)[c](); (a)()()
# ---
a[b,]; a[(b),]; a[(b, c), d]; a[()]; a[(*b, c)]; a[b:c, d] += 1; a[(b, c)] = 1; del a[b:], a[b]
# ---
None[0] = 1; None.x = 1; x[y[0]] = z; x[lambda: y] = 1; x[(z[1] for z in y)] = 1
# ---
def f(a, /, x: None = None, y: str = "a", *z: int, k: bool = True, j, **w) -> None:
  "doc"
  global a, b
# ---
ﬁ = 1; x.ﬁ = ﬁ(ﬁ=1); x.ﬁ; ﬁ += 1; import ﬁ; from ﬁ.ﬁ import ﬁ as ﬃ; (ﬁ := 1)
def ﬁ(ﬁ: ﬁ, *ﬁa, **ﬁb): nonlocal ﬁ
# ---
match ﬁ, b:
 case {"a": ﬁ, "b": ﬃ(c=d), **ﬁa}: pass
 case ﬁ(1, x, ﬁ=1, l=[z]) as ﬁ: pass
 case (1 | 2 | -3 | 4-5j | "a" "b" | None | True) as x if y: pass
 case [a, *_, b] | (c, *d): pass
 case A.B: pass
 case (x): pass
# ---
async def f():
 async with a as b, c: await d
 async for x in y: yield
 return [a async for b in c for d in e if f if g], {a: b for c in d}, (x := 1), [x := 1 for a in b]
# ---
with (a as b, c as (d, e)): pass
with (a, b): pass
# ---
lambda a, /, b=1, *c, d=2, **e: (yield from f)
# ---
x: int
x: int = 1
x.y: int = 3
x[0]: int
# ---
x = y = {}; a, *b = *c, d; (a, [b, *c]) = d; del a, (b, c.d), [e[f]]; del (a); a = b = c.d = e[f] = 1; a.b.c += d
# ---
a and b and (c and d) or e or (f or g); a < b < c < (d < e); a if b else c if d else e; a + b % c * d @ e // f ** g
# ---
[*a, *b], {*a}, {**a, "b": c}, (*a,); print >>a, b; type = match = case = _ = 4; assert a, b
# ---
import a.b.c, d as e
from . import f
from .. import g as h
from .i import *
from j.k import (l, m as n,)
__all__ = ["a", 'b' 'c', f"d"]
# ---
try: raise a from b
except (b, c) as d: raise
else: e
finally: f
# ---
@a.b(c)
@(d)
class C: pass
"""
WHITE = [
    "",
    "\n",
    "#",
    "a\r\nb\r\n",
    "x = '''a\r\nb'''\r\nif a: \\\r\n  b\r\n",
    "x = f'''a\r\n\\\r\n{b}'''\r\n",
    "a\rb\rif a:\r  b\r",
    "if a:\n\x0c  b\n",
    "a\n\\\nb\n",
    "def f():\n    a\n\\\n    while b: c\n",
    "if a: \\\n\\\n  b; c\n",
    "if a: # b: \\\n  c\n",
    "if a['#']: \\\n  c\n",
    "if a[\"'\", '\\\\\\'#']: \\\n  c\n",
    "def f():\n    a\n\\\n    while b['#']: \\\n     c\n    d\ne\n",
    "def f():\n    a\n\\\n    while b['#']: \\\n     c\n",
    "\x0c\na;\x0cb\n",
    "if a:\n    b\n\x0c\n    requests.get(1)\n",
    "x = 1;\x0c requests.get(2)\n",
    "if a:\x0c b\n",
    "x = '''\x0c\n\x0b\x85\u2028'''; requests.get(1)\n",
    "#\x0c\x1c\u2028\nrequests.get(1)\n",
    "x = 'a\tb';\trequests.get(1)",
]
NEWER = [
    ((3, 11), "try: a\nexcept* b: c\n"),
    ((3, 11), "a[*b]; a[*b, c]\n"),
    ((3, 11), "def f(*a: *b): pass\n"),
    ((3, 12), "def f[T: int, *U, **V](a: T) -> U: pass\n"),
    ((3, 12), "class C[T](B): pass\n"),
    ((3, 12), "type X[T] = a\n"),
    ((3, 12), 'x = f"{"a" + f"{b}"}{requests.get("é")}é{requests.get("é")}"'),
    ((3, 12), 'x = f"{\n  requests.get("é")  # c\n}"; requests.get("é")'),
    ((3, 12), 'x = f"{a = # c\n}"'),
    ((3, 14), 'x = t"a{b}{c!r:>{d}}" t"{requests.get(1)}"'),
]
ODD = [source for sources in (LAYOUT, STRINGS, EXPRESSIONS) for source in sources.lstrip().split(SEPARATOR)]
NEW = [pytest.param(text, marks=pytest.mark.skipif(sys.version_info < since, reason="newer")) for since, text in NEWER]


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("first", range(0, len(PROGRAMS), 100))
def test_fixtures(first: int) -> None:
    found = {path: differences(decode(path.read_bytes()).text) for path in PROGRAMS[first : first + 100]}
    assert {path: told for path, told in found.items() if told} == {}


@pytest.mark.parametrize("source", [*ODD, *WHITE, *NEW])
def test_odd_programs(source: str) -> None:
    assert differences(source) == []


def span_of_get(source: str) -> Span | None:
    outline, places = read_ast(ast.parse(source), source)
    (site,) = (call.tick for call in outline.calls if "attr='get'" in repr(call.value.func))
    return places.span(site)


def test_places() -> None:
    assert span_of_get('"é"; (\nä).get(1)') == ((1, 6), (2, 7))
    source = "x = (\n é.a); f(b)"
    outline, places = read_ast(ast.parse(source), source)
    spans = {use.name: places.span(use.tick) for use in outline.uses if use.name in "éb"}
    assert spans == {"é": ((2, 2), (2, 5)), "b": ((2, 10), (2, 11))}


def test_place_in_an_f_string() -> None:
    known = sys.version_info >= (3, 12)
    assert span_of_get("x = f'{a}{b.get(c)}'") == (((1, 11), (1, 16)) if known else None)
    assert span_of_get("x = f'{a}', b.get(c)") == ((1, 13), (1, 18))
    outline, places = read_ast(ast.parse("f'{a(b)}'"), "f'{a(b)}'")
    (b,) = (use.tick for use in outline.uses if use.name == "b")
    assert places.span(b) == (((1, 6), (1, 7)) if known else None)


def test_nesting_too_deep() -> None:
    source = "-" * 900 + "1"
    with pytest.raises(RecursionError):
        read_ast(ast.parse(source), source)
