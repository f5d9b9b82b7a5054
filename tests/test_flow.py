"""What runs again, before, after and never together, on snippets whose control flow a reader can follow.

`leave()` stands for a call that never comes back.
"""

from collections import defaultdict

import libcst as cst
import pytest

from sessionize.analysis import chains
from sessionize.analysis.chains import Event
from sessionize.analysis.flow import Flow, Place
from sessionize.syntax import values as v
from sessionize.syntax.outline import CallSite, Outline
from sessionize.syntax.read_cst import Nodes, read_cst


def read(source: str) -> tuple[Outline, Nodes, Flow]:
    outline, nodes = read_cst(cst.parse_module(source))
    return outline, nodes, Flow(outline, frozenset(call.part for call in outline.calls if name(call) == "leave"))


def name(call: CallSite) -> str:
    assert isinstance(call.value.func, v.Name)
    return call.value.func.name


def key(call: CallSite) -> str | None:
    """The first argument, if it is a literal."""
    first = call.value.args[0].value if call.value.args else None
    return str(first.value) if isinstance(first, v.Const) else None


# --- what runs again --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "loops"),
    [
        ("get()", ""),
        ("for a in b: get()", "for"),
        ("for a in b: return get()", ""),
        ("for a in get(): pass", ""),
        ("for a in b: pass\nelse: get()", ""),
        ("for get().a in b: pass", "for"),
        ("while get(): pass", "while"),
        ("while a: get()", "while"),
        ("while True: get()", "while"),
        ("while get(): break", ""),
        ("for a in b:\n while c: get()", "while for"),
        ("for a in b:\n while get(): c", "while for"),
        ("for a in b:\n while True: get()", "while"),
        ("for a in b:\n while True:\n  get()\n  if c: break", "while for"),
        ("for a in b:\n while True:\n  get()\n  if c: return", "while"),
        ("for a in b:\n while 0: get()", "while for"),
        # break, continue, return, raise
        ("for a in b:\n get()\n break", ""),
        ("for a in b:\n get(); break", ""),
        ("for a in b:\n get()\n return", ""),
        ("for a in b:\n get()\n raise c", ""),
        ("for a in b:\n raise get()", ""),
        ("for a in b:\n get()\n leave()", ""),
        ("for a in b:\n get()\n continue\n break", "for"),
        ("for a in b:\n get()\n if c: break", "for"),
        ("for a in b:\n if c: break\n get()", "for"),
        ("for a in b:\n get()\n if c: break\n else: return", ""),
        ("for a in b:\n get()\n if c: break\n elif d: return\n else: leave()", ""),
        ("for a in b:\n get()\n if c: break\n elif d: return", "for"),
        ("for a in b:\n if get(): break", "for"),
        ("for a in b:\n if get(): break\n else: return", ""),
        ("for a in b:\n if c: get()\n else: break", "for"),
        ("for a in b:\n if c:\n  get()\n  continue\n break", "for"),
        ("for a in b:\n if c: get()\n break", ""),
        ("for a in b:\n c and get()\n break", ""),
        ("for a in b:\n c = get() if d else e", "for"),
        ("for a in b:\n assert c, get()", "for"),
        ("for a in b:\n while c:\n  get()\n  break", "for"),
        ("for a in b:\n while c:\n  get()\n  return", ""),
        ("for a in b:\n while c: get()\n else: break", "while"),
        ("for a in b:\n while c:\n  if d: break\n else: get()", "for"),
        ("for a in b:\n while c: d\n else:\n  get()\n  break", ""),
        ("for a in b:\n for c in get(): return\n break", ""),
        # match
        ("for a in b:\n match get():\n  case 1: break", "for"),
        ("for a in b:\n match get():\n  case 1: break\n  case _: return", ""),
        ("for a in b:\n match c:\n  case 1:\n   get()\n   break\n  case _: pass", ""),
        ("for a in b:\n match c:\n  case 1: break\n  case _: get()", "for"),
        # try: exceptions are not followed
        ("for a in b:\n try: get()\n except E: break", "for"),
        ("for a in b:\n try:\n  get()\n  break\n except E: pass", ""),
        ("for a in b:\n try: get()\n except E: continue\n break", ""),
        ("for a in b:\n try: get()\n except E: pass\n else: break", ""),
        ("for a in b:\n try: c\n except E: pass\n else: get()", "for"),
        ("for a in b:\n try: c\n except E: get()", "for"),
        ("for a in b:\n try: c\n except E:\n  get()\n  continue\n break", "for"),
        ("for a in b:\n try: c\n except E: get()\n break", ""),
        ("for a in b:\n try: return get()\n finally: c", ""),
        ("for a in b:\n try: get()\n finally: break", ""),
        ("for a in b:\n try: return get()\n finally: continue", "for"),
        ("for a in b:\n try: c\n finally: get()", "for"),
        ("for a in b:\n try:\n  if c: return\n finally: get()", "for"),
        ("for a in b:\n try: return c\n finally: get()", ""),
        ("for a in b:\n try: c\n finally:\n  get()\n  break", ""),
        ("for a in b:\n try:\n  get()\n  if c: break\n except E: raise\n else: continue\n finally: d", "for"),
        # what else holds statements
        ("for a in b:\n with get() as c: d", "for"),
        ("for a in b:\n with c: return get()", ""),
        ("for a in b:\n with c:\n  get()\n  break", ""),
        ("for a in b:\n class C: c = get()", "for"),
        ("for a in b:\n @get()\n def f(): pass", "for"),
        ("for a in b:\n def f(c=get()): pass", "for"),
        ("for a in b:\n def f(): get()", ""),
        ("for a in b: lambda: get()", ""),
        # comprehensions
        ("[get() for a in b]", "comp"),
        ("{get() for a in b}", "comp"),
        ("{a: get() for a in b}", "comp"),
        ("(get() for a in b)", "genexp"),
        ("[a for a in get()]", ""),
        ("[a for b in c for a in get()]", "comp"),
        ("[a for a in b if get()]", "comp"),
        ("[[get() for a in b] for c in d]", "comp comp"),
        ("[[a for a in get()] for c in d]", "comp"),
        ("for a in b: return [get() for c in d]", "comp"),
        ("async def f():\n async for a in b: get()", "for"),
    ],
)
def test_turns_again(source: str, loops: str) -> None:
    outline, _, flow = read(source)
    (call,) = [call for call in outline.calls if name(call) == "get"]
    assert [outline.parts[loop].kind for loop in flow.turns_again(call.part, call.tick)] == loops.split()


# --- what runs together -----------------------------------------------------------------------------------------------


def chained(source: str) -> str:
    """The names of the calls `a()` to `e()` of the module that run before or after another one."""
    outline, _, flow = read(source)
    events = [
        Event(call.tick, call.part, number, key(call))
        for number, call in enumerate(outline.calls)
        if name(call) in "abcde" and flow.frame[call.part] == 0
    ]
    again: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        if flow.turns_again(event.part, event.tick):
            for loop in flow.loops(event.part):
                again[loop].append(event)
    return " ".join(sorted(name(outline.calls[number]) for number in chains.chained(flow, 0, events, again)))


@pytest.mark.parametrize(
    ("source", "together"),
    [
        ("a()", ""),
        ("a(); b()", "a b"),
        ("a(); x; b(); c()", "a b c"),
        ("a(b())", "a b"),
        ("def f(): a()\nb()", ""),
        ("class C: x = a()\nb()", "a b"),
        ("with a(): b()", "a b"),
        # exclusive paths
        ("if x: a()\nelse: b()", ""),
        ("if x: a()\nelif y: b()\nelse: c()", ""),
        ("if x: a()\nif y: b()", "a b"),
        ("if x: a()\nb()", "a b"),
        ("if x: a()\nelse: b()\nc()", "a b c"),
        ("if a(): b()\nelse: c()", "a b c"),
        ("if x:\n a()\n return\nb()", ""),
        ("if x:\n a()\n raise y\nb(); c()", "b c"),
        ("if x:\n a()\n leave()\nelse: y\nb()", ""),
        ("if x:\n if y: return\n a()\nb()", "a b"),
        ("a()\nleave()\nb()", ""),
        ("a()\nreturn\nb()", ""),
        ("a()\nif x: return\nb()", "a b"),
        ("match x:\n case 1: a()\n case 2: b()", ""),
        ("match x:\n case 1: a()\n case 2: b()\nc()", "a b c"),
        ("match x:\n case 1: return\n case _: a()\nb()", "a b"),
        ("match x:\n case 1:\n  a()\n  return\n case _: return\nb()", ""),
        ("match a():\n case 1: b()", "a b"),
        ("a() if x else b()", ""),
        ("a() if b() else c()", "a b c"),
        ("a() or b()", "a b"),
        ("x or a()\nb()", "a b"),
        ("assert a(), b()", "a b"),
        # try
        ("try: a()\nexcept E: b()", ""),
        ("try: a()\nexcept E: b()\nexcept F: c()", ""),
        ("try: a(); b()\nexcept E: c()", "a b"),
        ("try: a()\nexcept E: b()\nelse: c()", "a c"),
        ("try: a()\nexcept E: b()\nc()", "a b c"),
        ("try: return a()\nexcept E: b()\nelse: c()", ""),
        ("try: return a()\nexcept E: pass\nb()", ""),
        ("try: a()\nexcept E: return b()\nc()", "a c"),
        ("try: a()\nfinally: b()", "a b"),
        ("try: return a()\nfinally: b()", "a b"),
        ("try: x\nexcept E: a()\nfinally: b()", "a b"),
        ("try: a()\nfinally: return\nb()", ""),
        ("try: x\nfinally:\n if y: return a()\nb()", ""),
        ("a()\ntry: x\nexcept E: b()", "a b"),
        # loops
        ("for x in y: a()", "a"),
        ("for x in y:\n a()\n break\nb()", "a b"),
        ("for x in a(): b()", "a b"),
        ("for x in y:\n if z: a()\n else: b()", "a b"),
        ("for x in y:\n if z:\n  a()\n  break\n b()", "a b"),
        ("for x in y:\n if z:\n  a()\n  return\n b()\n return", ""),
        ("for x in y:\n if z:\n  a()\n  return\n break\nb()", ""),
        ("for x in y:\n if z:\n  a()\n  continue\n b()\n break", "a b"),
        ("for x in y:\n a()\n break\nelse: b()", ""),
        ("for x in y: pass\nelse: a()\nb()", "a b"),
        ("for x in y:\n if z: break\nelse:\n a()\n return\nb()", ""),
        ("for x in y:\n a()\n break\nelse:\n b()\n return\nc()", "a c"),
        ("while a(): return b()", "a b"),
        ("while True:\n try:\n  a()\n  break\n except E: b()", "a b"),
        ("while True:\n try: return a()\n except E: pass\nb()", ""),
        ("for x in y:\n for z in x:\n  a()\n  break\nb()", "a b"),
        ("[a() for x in b()]", "a b"),
        ("[x for x in a()]\nb()", "a b"),
        ("[x for z in y for x in a() if b()]", "a b"),
        # what calls must have in common
        ("a('x'); b('y')", ""),
        ("a('x'); b('x')", "a b"),
        ("a('x'); b('y'); c('x')", "a c"),
        ("a('x'); b('y'); c()", "a b c"),
        ("a(); b('x'); c('y')", "a b c"),
        ("a('x'); b('x'); c('y')", "a b"),
        ("if x: a('x')\nelse: b('y')\nc('x')", "a c"),
        ("for x in y:\n a('x')\n b('y')\n break", ""),
        ("for x in y:\n if z:\n  a('x')\n  break\n b('y')", "b"),
        ("for x in y:\n if z:\n  a('x')\n  break\n b()", "a b"),
    ],
)
def test_chained(source: str, together: str) -> None:
    assert chained(source) == together


# --- places -----------------------------------------------------------------------------------------------------------


def place_of(outline: Outline, flow: Flow, callee: str) -> Place | None:
    calls = [call for call in outline.calls if name(call) == callee]
    frame = flow.frame[calls[0].part]
    return flow.place([call.part for call in calls], outline.parts[frame].scope)


@pytest.mark.parametrize(
    ("source", "before"),
    [
        ("x\nget()", "get()"),
        ("get()\nget()", "get()"),
        ("x; y; get()", "x"),
        ("x\ny = z; get()", "y = z"),
        # the innermost block around all of them
        ("if a:\n x\n get()", "get()"),
        ("if a:\n x\n get()\nget()", "if a:"),
        ("if a:\n get()\nelse:\n get()", "if a:"),
        ("if a:\n x\nelif b:\n get()\n get()", "get()"),
        ("if a:\n x\nelif get():\n y", "if a:"),
        ("if a:\n x\nelif b:\n y\nelif get():\n get()", "if a:"),
        ("try:\n x\n get()\nfinally:\n y", "get()"),
        ("try:\n get()\nexcept E:\n get()", "try:"),
        ("match a:\n case 1:\n  x\n  get()", "get()"),
        ("match a:\n case 1:\n  get()\n case 2:\n  get()", "match a:"),
        ("with a:\n x\n get()", "get()"),
        ("with get():\n get()", "with get():"),
        # no statement can be put into a block that stands on its header's line
        ("x\nif a: get(); get()", "if a: get(); get()"),
        ("if a:\n if b: get()", "if b: get()"),
        ("if a:\n x; get(b and get())", "x"),
        # in no loop
        ("for a in b:\n get()", "for a in b:"),
        ("for a in b:\n for c in d:\n  get()", "for a in b:"),
        ("if x:\n for a in b:\n  with c:\n   get()", "for a in b:"),
        ("while get():\n x", "while get():"),
        ("for a in b:\n x\nelse:\n y\n get()", "get()"),
        ("y\nx = [get() for a in b]", "x = [get() for a in b]"),
        # of the scope itself
        ("class C:\n x = get()", "class C:"),
        ("class C:\n x = [get() for a in b]\n y = get()", "class C:"),
        ("def f():\n x\n get()", "get()"),
        ("def f():\n class C:\n  x = get()", "class C:"),
        ("def f(a=get()):\n x", "def f(a=get()):"),
        # a function that stands on one line
        ("def f(): x; get(); get()", "get()"),
        ("def f(): x; return [get() for a in b]", "return [get() for a in b]"),
    ],
)
def test_place(source: str, before: str) -> None:
    outline, nodes, flow = read(source)
    place = place_of(outline, flow, "get")
    assert place is not None
    code = cst.Module([]).code_for_node(nodes.parts[place.before])
    assert code.strip().partition("\n")[0].rstrip("; ") == before
    assert outline.parts[place.before].parent == place.block
    assert outline.parts[place.before].tick == place.tick


@pytest.mark.parametrize("source", ["lambda: [get() for a in b]", "'docstring'; get()"])
def test_no_place(source: str) -> None:
    outline, _, flow = read(source)
    assert place_of(outline, flow, "get") is None


@pytest.mark.parametrize(
    ("source", "surely"),
    [
        ("x = 1\nhere()", True),
        ("here()\nx = 1", False),
        ("x = 1; y\nhere()", True),
        ("x = 1; here()", False),  # its place is before the line
        ("import x\nif a:\n for b in c:\n  here()", True),
        ("def x(): pass\nhere()", True),
        ("class x: pass\nhere()", True),
        ("def f(x):\n here()", True),
        ("def f(x): here()", True),
        ("if a:\n x = 1\n here()", True),
        ("if a: x = 1\nhere()", False),
        ("if a: x = 1\nelse: here()", False),
        ("if (x := a):\n here()", True),
        ("a and (x := 1)\nhere()", False),
        ("[x := 1 for a in b]\nhere()", False),
        ("with a as x:\n here()", True),
        ("with a:\n x = 1\nhere()", False),  # it may suppress an exception
        ("for x in a: pass\nhere()", False),
        ("for x in a: here()", False),
        ("for a in b:\n x = 1\n here()", False),
        ("match a:\n case x:\n  here()", True),
        ("match a:\n case x: pass\nhere()", False),
        ("class C:\n x = 1\nhere()", False),
        # a `try` whose handlers all leave
        ("try: x = 1\nexcept E: raise\nhere()", True),
        ("try: x = 1\nexcept E: leave()\nhere()", True),
        ("try: x = 1\nexcept E: return\nhere()", True),
        ("try: x = 1\nfinally: y\nhere()", True),
        ("try:\n try: x = 1\n except E: raise\nexcept F: raise\nhere()", True),
        ("try: x = 1\nexcept E: pass\nhere()", False),
        ("try: x = 1\nexcept E: raise\nexcept F: pass\nhere()", False),
        ("try:\n try: x = 1\n except E: raise\nexcept F: pass\nhere()", False),
        ("try: a\nexcept E: x = 1\nhere()", False),
        ("try:\n x = 1\n here()\nexcept E: pass", True),
        ("try: x = 1\nexcept E:\n here()\n raise", False),
        ("try: x = 1\nfinally:\n here()", False),
        ("try:\n if a: x = 1\nexcept E: raise\nhere()", False),
    ],
)
def test_dominates(source: str, *, surely: bool) -> None:
    outline, _, flow = read(source)
    place = place_of(outline, flow, "here")
    assert place is not None
    (bind,) = [bind for bind in outline.binds if bind.name == "x"]
    assert flow.dominates(bind, place) is surely
