"""Proof that an option may move from the calls to a session before them: each way in which its value could differ."""

from textwrap import indent

import libcst as cst
import pytest
from around import answering

from sessionize.engine.check import check_source
from sessionize.library.surroundings import Alone, Around
from sessionize.sharing.facts import Facts
from sessionize.sharing.hoisting import Interval, is_text
from sessionize.syntax.read_cst import read_cst

IMPORTS = "import copy, json, os, requests, requests.auth\n"


def moves(source: str, option: str, *, ever: bool = False, taken: str = "") -> bool:
    """Tell whether the calls of the first frame that repeats some can share the option.

    taken: a name that other modules take from this one.
    """
    around = Around(answering(Alone, taken=lambda _: frozenset(filter(None, [taken]))), "sync.py")
    facts = Facts(read_cst(cst.parse_module(IMPORTS + source))[0], around)
    calls = next(filter(None, map(facts.groups.repeated.get, sorted(facts.groups.by_frame))))
    place = facts.groups.place(calls)
    assert place is not None
    return Interval(facts, calls, place, forever=ever).keeps(option)


def looped(headers: str, before: str = "", inside: str = "pass", after: str = "pass") -> str:
    body = f"requests.get(x, headers={headers})\n{inside}"
    return f"{before}\nfor x in y:\n{indent(body, '    ')}\n{after}\n"


# --- other modules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "taken", "may_move"),
    [
        ("H = {'A': 'b'}\ndef f():\n for x in y: requests.get(x, headers=H)", "", True),
        ("H = {'A': 'b'}\ndef f():\n for x in y: requests.get(x, headers=H)", "other", True),
        ("H = {'A': 'b'}\ndef f():\n for x in y: requests.get(x, headers=H)", "H", False),
        ("H = {'A': 'b'}\ndef f():\n for x in y: requests.get(x, headers=H)", "*", False),
        ("T = 'b'\nfor x in y: requests.get(x, headers={'A': T})", "T", False),
        ("def f(H):\n for x in y: requests.get(x, headers={'A': H})", "H", True),
    ],
)
def test_name_that_another_module_takes(source: str, taken: str, *, may_move: bool) -> None:
    assert moves(source, "headers", taken=taken) is may_move


def test_dict_that_changes_while_a_map_is_gone_through() -> None:
    mapped = "for r in map(partial(requests.get, headers=h), y): "
    source = f"from functools import partial\nh = {{'A': 'b'}}\nrequests.get(x, headers=h)\n{mapped}"
    assert not moves(f"{source}h['A'] = 'c'", "headers")


# --- displays ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        "{'A': 'b'}",
        "{'A': b'c', 'D': 1}",
        "{'A': word}",
        "{'A': f'Bearer {word}'}",
        "{'A': 'Bearer ' + word}",
        "{'A': f'{word}' 'x' + 'y'}",
    ],
)
def test_display_that_does_not_change(headers: str) -> None:
    assert moves(looped(headers, "word = 'b'"), "headers")


@pytest.mark.parametrize(
    "headers",
    [
        "None",
        "{}",
        "make()",
        "[('A', 'b')]",
        "self.headers",
        "{'A': None}",
        "{'A': 'b', **other}",
        "{key: 'b'}",
        "{1: 'b'}",
        "{b'A': 'b'}",
        "{'A': make()}",
        "{'A': self.word}",
        "{'A': words[0]}",
        "{'A': os.environ['WORD']}",
        "{'A': f'{number}'}",
        "{'A': f'{word!r}'}",
        "{'A': number + word}",
        "{'A': word % 'b'}",
        "{'A': x}",
        "{'A': f'{text}'}",
        "{'A': other}",
    ],
)
def test_display_that_may_change(headers: str) -> None:
    assert not moves(looped(headers, "word = 'b'; number = count()", "text = 'a'"), "headers")


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ("requests.get(a, headers={'A': 'b'})\nrequests.get(c, headers={'A': 'b'})", True),
        ("requests.get(a, headers={'A': 'b'})\nrequests.get(c)", False),
        ("requests.get(a)\nrequests.get(c, headers={'A': 'b'})", False),
        ("requests.get(a, headers={'A': 'b'})\nrequests.get(c, headers={'A': 'd'})", False),
        ("requests.get(a, headers={'A': 1})\nrequests.get(c, headers={'A': True})", False),
        ("h = {'A': 'b'}\n[requests.get(h, headers=h) for h in a]\nrequests.get(c, headers=h)", False),
    ],
)
def test_calls_that_pass_the_same(source: str, *, same: bool) -> None:
    assert moves(source, "headers") is same


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        looped("h", "h = {'A': 'b'}"),
        looped("h", "h: dict = {'A': 'b'}"),
        looped("h", "h = {'A': 'b'}\nh['B'] = c\ndel h['A']"),
        looped("h", "h = {'A': 'b'}", "print(h, h['A'], h.get('A'), 'A' in h, len(h), *h.items())"),
        looped("h", "h = {'A': 'b'}", "z = {**h}, h.copy(), dict(h), copy.deepcopy(h), json.dumps(h)"),
        looped("h", "h = {'A': 'b'}", "requests.post(x, headers=h)"),
        looped("h", "h = {'A': 'b'}", after="h['A'] = 'c'\nf(h)\nz = h\nh = {'C': 'd'}"),
        looped("h", "h = {'C': 'd'}\nh = {'A': 'b'}"),
        looped("h", "if a: h = {'C': 'd'}\nh = {'A': 'b'}"),
        "h = {'A': 'b'}\ndef f():\n for x in y: requests.get(x, headers=h)",
        "def f():\n h = {'A': 'b'}\n def g():\n  for x in y: requests.get(x, headers=h)",
        "def f(h):\n for x in y: requests.get(x, headers={'A': h})",
        "from a import *\n" + looped("h", "h = {'A': 'b'}"),
    ],
)
def test_name_that_does_not_change(source: str) -> None:
    assert moves(source, "headers")


@pytest.mark.parametrize(
    "source",
    [
        # bound anew, or not bound
        looped("h", "h = {'A': 'b'}", "h = {'C': 'd'}"),
        looped("h", "h = {'A': 'b'}", "h |= z"),
        looped("h", "h = {'A': 'b'}", "for h in z: pass"),
        looped("h", "h = {'A': 'b'}", "def f():\n    global h\n    h = z"),
        "requests.get(a, headers=h)\nh = {'A': 'b'}\nrequests.get(b, headers=h)",
        looped("h", "if a: h = {'A': 'b'}"),
        looped("h", after="h = {'A': 'b'}"),
        looped("h", "h: dict"),
        looped("h", "h = {'A': 'b'}\nif a: del h"),
        looped("h", "h = {'A': 'b'}\ntry: a\nexcept E as h: pass"),
        "h = {'A': 'b'}\ndef f():\n for x in y: requests.get(x, headers=h)\nh = z",
        "def f():\n for x in y: requests.get(x, headers=h)\nh = {'A': 'b'}",
        "for z in a:\n h = {'A': z}\n def f():\n  for x in y: requests.get(x, headers=h)",
        looped("h"),
        # not bound to a display
        looped("h", "h = make()"),
        looped("h", "h = dict(A='b')"),
        looped("h", "h = {}"),
        looped("h", "h = {'A': None}"),
        looped("h", "h = k = {'A': 'b'}"),
        looped("h", "h = {'C': 'd'}\nif a: h = make()"),
        looped("h", "from a import h"),
        "def f(h):\n for x in y: requests.get(x, headers=h)",
        looped("h", "h = {'A': 'b'}\nfrom a import *"),
        # changed, or known under another name
        looped("h", "h = {'A': 'b'}", "h['A'] = x"),
        looped("h", "h = {'A': 'b'}", "del h['A']"),
        looped("h", "h = {'A': 'b'}", "h.update(x)"),
        looped("h", "h = {'A': 'b'}", "h.setdefault('A', x)"),
        looped("h", "h = {'A': 'b'}", "f(h)"),
        looped("h", "h = {'A': 'b'}", "z = h"),
        looped("h", "h = {'A': 'b'}\nz = h"),
        looped("h", "h = {'A': 'b'}\nf(h)"),
        looped("h", "h = {'A': 'b'}\nh[a] = b"),
        looped("h", "h = {'A': 'b'}\nh.update(a)"),
        looped("h", "h = {'A': 'b'}\ndef f(): h['A'] = z"),
        looped("h", "h = {'A': 'b'}\nlen = a", "len(h)"),
        "h = {'A': 'b'}\ndef f():\n for x in y: requests.get(x, headers=h)\nh['A'] = z",
        "h = {'A': 'b'}\nh['A'] = z\ndef f():\n for x in y: requests.get(x, headers=h)",
        "h = {'A': 'b'}\nrequests.get(a, headers=h)\nh['A'] = c\nrequests.get(b, headers=h)",
    ],
)
def test_name_that_may_change(source: str) -> None:
    assert not moves(source, "headers")


# --- strings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("binding", "text", "formatted"),
    [
        ("word = 'a'", True, True),
        ("word = f'{a}'", False, False),
        ("word = 'a' + 'b'", True, True),
        ("word = str(a)", True, True),
        ("word = input()", True, True),
        ("word = os.environ['A']", True, True),
        ("word = os.environ.get('A')", False, True),
        ("word = os.getenv('A')", False, True),
        ("word = ' a '.strip()", True, True),
        ("word = '-'.join(a)", True, True),
        ("word = a.strip()", False, False),
        ("word = a.hexdigest()", True, True),
        ("word = a.upper", False, False),
        ("word = a['b']", False, False),
        ("word = b'a'", False, False),
        ("word = 1", False, False),
        ("other = 'a'\nword = other", True, True),
        ("word = word", False, False),
        ("word = 'a'\nif a: word = 'b'", True, True),
        ("word = 'a'\nif a: word = 1", False, False),
        ("for word in a: pass", False, False),
        ("str = a\nword = str(b)", False, False),
        ("pass", False, False),
    ],
)
def test_is_text(binding: str, *, text: bool, formatted: bool) -> None:
    outline = read_cst(cst.parse_module(f"{IMPORTS}{binding}\nx = word\ny = f'{{word}}'"))[0]
    facts = Facts(outline)
    assert is_text(facts, outline.binds[-2].value, 0) is text
    assert is_text(facts, outline.binds[-1].value, 0) is formatted


@pytest.mark.parametrize(
    ("value", "steady"),
    [("f'{word}'", True), ("word", True), ("'a' + word", False), ("f'{number}'", False), ("f'{maybe}'", False)],
)
def test_parameters_that_are_said_to_be_strings(value: str, *, steady: bool) -> None:
    """In an f-string, where it does no harm if they are not: `+` would raise early."""
    parameters = "word: str, number: int, maybe: str = None"
    source = f"def f({parameters}):\n for x in y: requests.get(x, headers={{'A': {value}}})"
    assert moves(source, "headers") is steady


# --- other options ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "steady"),
    [
        ("('a', 'b')", True),
        ("('a', word)", True),
        ("pair", True),
        ("requests.auth.HTTPBasicAuth('a', word)", True),
        ("Later('a', 'b')", False),
        ("('a', x)", False),
        ("('a', make())", False),
        ("('a', None)", False),
        ("('a', 'b', 'c')", False),
        ("['a', 'b']", False),
        ("requests.auth.HTTPDigestAuth('a', 'b')", False),
        ("requests.auth.HTTPBasicAuth(x, 'b')", False),
        ("None", False),
        ("make()", False),
        ("made", False),
        ("listed", False),
        ("x", False),
    ],
)
def test_auth(auth: str, *, steady: bool) -> None:
    before = "word = 'w'; pair = ('a', word); made = make(); listed = ['a', 'b']"
    later = "from requests.auth import HTTPBasicAuth as Later"
    assert moves(f"{before}\nfor x in y: requests.get(x, auth={auth})\n{later}", "auth") is steady


@pytest.mark.parametrize(
    ("cookies", "steady"),
    [
        ("{'a': 'b'}", True),
        ("{'a': word}", True),
        ("{'a': 1}", False),
        ("{'a': number}", False),
        ("jar", False),
        ("make()", False),
    ],
)
def test_cookies(cookies: str, *, steady: bool) -> None:
    before = "word = 'w'; number = count(); jar = {'a': 'b'}"
    assert moves(f"{before}\nfor x in y: requests.get(x, cookies={cookies})", "cookies") is steady


def test_for_ever() -> None:
    """A session that outlives its calls must not see a change behind them either."""
    source = looped("h", "h = {'A': 'b'}", after="h['A'] = 'c'")
    assert moves(source, "headers")
    assert not moves(source, "headers", ever=True)


@pytest.mark.parametrize(
    "code",
    [
        "globals()['TOKEN'] = 'b'",
        "take = globals\ntake()['TOKEN'] = 'b'",
        "list(map(exec, [page.text]))",
        "vars()['TOKEN'] = 'b'",
        "import importlib\nimportlib.import_module(__name__).TOKEN = 'b'",
        "__import__(__name__).TOKEN = 'b'",
        "import sys\nsys.modules[__name__].TOKEN = 'b'",
        "from sys import modules\nmodules[__name__].TOKEN = 'b'",
        "import inspect\ninspect.getmodule(load).TOKEN = 'b'",
        "from pkgutil import resolve_name\nresolve_name('a').TOKEN = 'b'",
        "load.__globals__['TOKEN'] = 'b'",
        "error.__traceback__.tb_frame.f_globals['TOKEN'] = 'b'",
    ],
)
def test_what_reaches_variables_without_their_names(code: str) -> None:
    """A constant of the module may then change between two calls of a function, `for page in pages()`."""
    loop = "for page in pages:\n        requests.get(page, headers={'X-Thing': TOKEN})\n"
    source = f"import requests\nTOKEN = 'a'\n\n\ndef load(pages):\n    {loop}"
    assert "set `headers`" in check_source(source, surroundings=answering(Alone))[0].help
    assert "set `headers`" not in check_source(f"{source}\n\n{code}\n", surroundings=answering(Alone))[0].help
