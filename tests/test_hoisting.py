"""Whether an option may move from the calls to a session before them: each way in which its value could differ."""

from textwrap import indent

import libcst as cst
import pytest

from sessionize.sharing.facts import Facts
from sessionize.sharing.hoisting import is_text, may_change, may_ever_change
from sessionize.syntax.read_cst import read_cst

IMPORTS = "import copy, json, os, requests, requests.auth\n"


def why_not(source: str, option: str, *, ever: bool = False) -> str:
    """Why the calls of the first frame that repeats some can't share the option; empty if they can."""
    facts = Facts(read_cst(cst.parse_module(IMPORTS + source))[0])
    calls = next(filter(None, map(facts.groups.repeated.get, sorted(facts.groups.by_frame))))
    place = facts.groups.place(calls)
    assert place is not None
    return (may_ever_change if ever else may_change)(facts, option, calls, place) or ""


def looped(headers: str, before: str = "", inside: str = "pass", after: str = "pass") -> str:
    body = f"requests.get(x, headers={headers})\n{inside}"
    return f"{before}\nfor x in y:\n{indent(body, '    ')}\n{after}\n"


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
    assert why_not(looped(headers, "word = 'b'"), "headers") == ""


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ("None", "plain dict"),
        ("{}", "plain dict"),
        ("make()", "plain dict"),
        ("[('A', 'b')]", "plain dict"),
        ("self.headers", "plain dict"),
        ("{'A': None}", "None"),
        ("{'A': 'b', **other}", "keys"),
        ("{key: 'b'}", "keys"),
        ("{1: 'b'}", "keys"),
        ("{b'A': 'b'}", "keys"),
        ("{'A': make()}", "vary or raise"),
        ("{'A': self.word}", "vary or raise"),
        ("{'A': words[0]}", "vary or raise"),
        ("{'A': os.environ['WORD']}", "vary or raise"),
        ("{'A': f'{number}'}", "vary or raise"),
        ("{'A': f'{word!r}'}", "vary or raise"),
        ("{'A': number + word}", "vary or raise"),
        ("{'A': word % 'b'}", "vary or raise"),
        ("{'A': x}", "`x` may be bound anew"),
        ("{'A': f'{text}'}", "`text` may be bound anew"),
        ("{'A': other}", "not bound in this file"),
    ],
)
def test_display_that_may_change(headers: str, reason: str) -> None:
    assert reason in why_not(looped(headers, "word = 'b'; number = count()", "text = 'a'"), "headers")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("requests.get(a, headers={'A': 'b'})\nrequests.get(c, headers={'A': 'b'})", ""),
        ("requests.get(a, headers={'A': 'b'})\nrequests.get(c)", "not all calls"),
        ("requests.get(a)\nrequests.get(c, headers={'A': 'b'})", "not all calls"),
        ("requests.get(a, headers={'A': 'b'})\nrequests.get(c, headers={'A': 'd'})", "not all calls"),
        ("requests.get(a, headers={'A': 1})\nrequests.get(c, headers={'A': True})", "not all calls"),
        (
            "h = {'A': 'b'}\n[requests.get(h, headers=h) for h in a]\nrequests.get(c, headers=h)",
            "not the same variable",
        ),
    ],
)
def test_calls_that_pass_the_same(source: str, reason: str) -> None:
    found = why_not(source, "headers")
    assert reason in found
    assert bool(found) is bool(reason)


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
    assert why_not(source, "headers") == ""


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        # bound anew, or not bound
        (looped("h", "h = {'A': 'b'}", "h = {'C': 'd'}"), "bound anew"),
        (looped("h", "h = {'A': 'b'}", "h |= z"), "bound anew"),
        (looped("h", "h = {'A': 'b'}", "for h in z: pass"), "bound anew"),
        (looped("h", "h = {'A': 'b'}", "def f():\n    global h\n    h = z"), "bound anew"),
        ("requests.get(a, headers=h)\nh = {'A': 'b'}\nrequests.get(b, headers=h)", "bound anew"),
        (looped("h", "if a: h = {'A': 'b'}"), "not be bound before"),
        (looped("h", after="h = {'A': 'b'}"), "not be bound before"),
        (looped("h", "h: dict"), "not be bound before"),
        (looped("h", "h = {'A': 'b'}\nif a: del h"), "deleted"),
        (looped("h", "h = {'A': 'b'}\ntry: a\nexcept E as h: pass"), "deleted"),
        ("h = {'A': 'b'}\ndef f():\n for x in y: requests.get(x, headers=h)\nh = z", "bound anew"),
        ("def f():\n for x in y: requests.get(x, headers=h)\nh = {'A': 'b'}", "not be bound before"),
        ("for z in a:\n h = {'A': z}\n def f():\n  for x in y: requests.get(x, headers=h)", "bound in a loop"),
        (looped("h"), "not bound in this file"),
        # not bound to a display
        (looped("h", "h = make()"), "plain dict"),
        (looped("h", "h = dict(A='b')"), "plain dict"),
        (looped("h", "h = {}"), "plain dict"),
        (looped("h", "h = {'A': None}"), "None"),
        (looped("h", "h = k = {'A': 'b'}"), "plain dict"),
        (looped("h", "h = {'C': 'd'}\nif a: h = make()"), "plain dict"),
        (looped("h", "from a import h"), "not bound to a display"),
        ("def f(h):\n for x in y: requests.get(x, headers=h)", "not bound to a display"),
        (looped("h", "h = {'A': 'b'}\nfrom a import *"), "star import"),
        # changed, or known under another name
        (looped("h", "h = {'A': 'b'}", "h['A'] = x"), "may change"),
        (looped("h", "h = {'A': 'b'}", "del h['A']"), "may change"),
        (looped("h", "h = {'A': 'b'}", "h.update(x)"), "may change"),
        (looped("h", "h = {'A': 'b'}", "h.setdefault('A', x)"), "may change"),
        (looped("h", "h = {'A': 'b'}", "f(h)"), "may change"),
        (looped("h", "h = {'A': 'b'}", "z = h"), "may change"),
        (looped("h", "h = {'A': 'b'}\nz = h"), "may change"),
        (looped("h", "h = {'A': 'b'}\nf(h)"), "may change"),
        (looped("h", "h = {'A': 'b'}\nh[a] = b"), "may change"),
        (looped("h", "h = {'A': 'b'}\nh.update(a)"), "may change"),
        (looped("h", "h = {'A': 'b'}\ndef f(): h['A'] = z"), "may change"),
        (looped("h", "h = {'A': 'b'}\nlen = a", "len(h)"), "may change"),
        ("h = {'A': 'b'}\ndef f():\n for x in y: requests.get(x, headers=h)\nh['A'] = z", "may change"),
        ("h = {'A': 'b'}\nh['A'] = z\ndef f():\n for x in y: requests.get(x, headers=h)", "may change"),
        ("h = {'A': 'b'}\nrequests.get(a, headers=h)\nh['A'] = c\nrequests.get(b, headers=h)", "may change"),
    ],
)
def test_name_that_may_change(source: str, reason: str) -> None:
    assert reason in why_not(source, "headers")


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
    assert (why_not(source, "headers") == "") is steady


# --- other options ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "reason"),
    [
        ("('a', 'b')", ""),
        ("('a', word)", ""),
        ("pair", ""),
        ("requests.auth.HTTPBasicAuth('a', word)", ""),
        ("Later('a', 'b')", "may not be imported"),
        ("('a', x)", "bound anew"),
        ("('a', make())", "vary or raise"),
        ("('a', None)", "vary or raise"),
        ("('a', 'b', 'c')", "not a pair"),
        ("['a', 'b']", "not a pair"),
        ("requests.auth.HTTPDigestAuth('a', 'b')", "not a pair"),
        ("requests.auth.HTTPBasicAuth(x, 'b')", "bound anew"),
        ("None", "not a pair"),
        ("make()", "not a pair"),
        ("made", "not known to be a pair"),
        ("listed", "not known to be a pair"),
        ("x", "bound anew"),
    ],
)
def test_auth(auth: str, reason: str) -> None:
    before = "word = 'w'; pair = ('a', word); made = make(); listed = ['a', 'b']"
    later = "from requests.auth import HTTPBasicAuth as Later"
    found = why_not(f"{before}\nfor x in y: requests.get(x, auth={auth})\n{later}", "auth")
    assert reason in found
    assert bool(found) is bool(reason)


@pytest.mark.parametrize(
    ("cookies", "reason"),
    [
        ("{'a': 'b'}", ""),
        ("{'a': word}", ""),
        ("{'a': 1}", "not known to be a string"),
        ("{'a': number}", "not known to be a string"),
        ("jar", "not a display"),
        ("make()", "plain dict"),
    ],
)
def test_cookies(cookies: str, reason: str) -> None:
    before = "word = 'w'; number = count(); jar = {'a': 'b'}"
    found = why_not(f"{before}\nfor x in y: requests.get(x, cookies={cookies})", "cookies")
    assert reason in found
    assert bool(found) is bool(reason)


def test_for_ever() -> None:
    """A session that outlives its calls must not see a change behind them either."""
    source = looped("h", "h = {'A': 'b'}", after="h['A'] = 'c'")
    assert why_not(source, "headers") == ""
    assert "may change" in why_not(source, "headers", ever=True)
