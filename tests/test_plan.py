"""What is done about the calls of one function: which session serves them, and why one does not."""

import ast
import re
from dataclasses import replace

import pytest
from around import answering

from sessionize.engine.check import check_source, check_tree
from sessionize.engine.fix import fix_source
from sessionize.files.settings import SessionStyle, Settings
from sessionize.rules import RULES, SYNTAX_ERROR

IMPORT = "import requests\n"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reasons"),
    [
        ("requests.get(a, 1, 2)\nrequests.get(b)", ["more positional arguments", "only this call"]),
        ("requests.get(a, 1, 2)\nrequests.get(b, 1, 2)", ["more positional arguments", "more positional arguments"]),
        ("for x in y: requests.get(x, {}, 1)", ["more positional arguments"]),
        ("for x in y: requests.post(x, {}, {}, 1)", ["more positional arguments"]),
        ("for x in y: requests.get(x, {}, params={})", ["`params` twice"]),
        ("for x in y: requests.post(x, {}, {}, json={})", ["`json` twice"]),
        ("for x in y: requests.request(x, url=y, method='GET')", ["`method` twice"]),
        ("for x in y: requests.get(x, method=y)", ["`method` twice"]),
        ("for x in y: requests.request('GET')", ["not pass `url`"]),
        ("lambda: [requests.get(x) for x in y]", ["no line before the calls can hold the session"]),
        ("requests.get(a, cert='/a.pem')\nrequests.get(b, cert='/b.pem')", ["`cert=`", "`cert=`"]),
        ("from requests_ntlm import b\nrequests.get(a, auth=b)\nrequests.get(c)", ["authenticate", "authenticate"]),
    ],
)
def test_refused(source: str, reasons: list[str]) -> None:
    found = check_source(IMPORT + source)
    assert [finding.applicability for finding in found] == [None] * len(reasons)
    for finding, reason in zip(found, reasons, strict=True):
        assert finding.help.startswith("Not fixed: ")
        assert reason in finding.help
    assert fix_source(IMPORT + source, settings=Settings(unsafe_fixes=True)).after is None


def test_an_import_that_has_not_run_is_refused() -> None:
    for finding in check_source("for x in y:\n import requests\n requests.get(x)"):
        assert "import" in finding.help
        assert finding.applicability is None


def test_the_other_calls_are_fixed() -> None:
    source = f"{IMPORT}requests.get(a, 1, 2)\nrequests.get(b)\nrequests.get(c)\n"
    report = fix_source(source)
    assert [finding.start.row for finding in report.fixed] == [3, 4]
    assert report.after is not None
    assert "\nrequests.get(a, 1, 2)\n" in report.after


def test_options_of_a_refused_call_are_refused() -> None:
    found = check_source(f"{IMPORT}for x in y: requests.get(x, 1, 2, headers={{'Accept': 'b'}})")
    assert [finding.code for finding in found] == ["RQS101", "RQS201"]
    assert found[0].help == found[1].help


# --- a session that is there ------------------------------------------------------------------------------------------

MADE = "s = requests.Session()\n"
LOOP = "for x in y: requests.get(x)\n"


@pytest.mark.parametrize(
    "source",
    [
        MADE + LOOP,
        MADE + LOOP + "s.get(a)",
        MADE + "s.head(a)\n" + LOOP + "s.close()",
        "with requests.Session() as s:\n s.get(a)\n " + LOOP,
        "def f():\n s = requests.session()\n " + LOOP + " s.get(a)",
        MADE + "requests.get(a, headers={'Accept': 'c'})\ns.get(d)\nrequests.get(e)",
        MADE + "s.get(a, auth=('b', 'c'))\n" + LOOP.replace("(x)", "(x, auth=('b', 'c'))"),
    ],
)
def test_session_that_is_reused(source: str) -> None:
    after = fix_source(IMPORT + source).after
    assert after == (IMPORT + source).replace("requests.get(", "s.get(")


@pytest.mark.parametrize(
    "source",
    [
        "if a: s = requests.Session()\n" + LOOP,  # perhaps not made
        LOOP + MADE,
        "for a in b:\n s = requests.Session()\n s.get(a)\n s.get(b)\n" + LOOP,
        "with requests.Session() as s: s.get(a); s.get(b)\n" + LOOP,  # closed
        MADE + "s.close()\n" + LOOP,
        MADE + "def f():\n for x in y: requests.get(x)",  # another function's
        MADE + "s = a\n" + LOOP,  # bound twice
        MADE + "[requests.get(s) for s in y]\ns.get(a)",  # another variable where the call is
        MADE + "s.headers['A'] = 'b'\n" + LOOP,  # has options of its own
        MADE + "s.verify = False\n" + LOOP,
        MADE + "f(s)\n" + LOOP,  # others know it
        MADE + "def f(): s.get(a)\n" + LOOP,
        MADE + LOOP + "return s",
        MADE + "s.post(a)\n" + LOOP,  # perhaps a log-in
        MADE + "s.get(a, auth=('b', 'c'))\n" + LOOP,
        MADE + "s.get(a, verify=False)\n" + LOOP,  # another connection
        MADE + "s.get(a, proxies=b)\n" + LOOP,
        MADE + "s.get(a, auth=('b', 'c'))\n" + LOOP.replace("(x)", "(x, auth=('d', 'e'))"),  # another user
    ],
)
def test_session_that_is_not_reused(source: str) -> None:
    after = fix_source(IMPORT + source, settings=Settings(select=("RQS101", "RQS102"), unsafe_fixes=True)).after
    assert after is not None
    assert "session = requests.Session()" in after
    assert "session.get(" in after


@pytest.mark.parametrize(
    ("done", "why"),
    [
        ("s.post(a)", "may be logged in"),
        ("s.headers['A'] = 'b'", "`s.headers[]=` may change what it sends"),
        ("f(s)", "other code may change it"),
        ("s = a", "bound more than once"),
        ("s.close()", "may be closed"),
        ("s.get(a, verify=False)", "differ in `verify=`"),
        ("s.get(a, proxies=b)", "`s.get` passes `proxies=`"),
        ("s.get(a, auth=('b', 'c'))", "another user"),
    ],
)
def test_help_says_why_a_session_that_is_there_is_not_used(done: str, why: str) -> None:
    (found,) = check_source(IMPORT + MADE + done + "\n" + LOOP, settings=Settings(select=("RQS101",)))
    assert "; `s` is not used because " in found.help
    assert why in found.help


OBJECT = """\
import requests
KEY = {{}}
class A:
    def __init__(self, key):
        self.key = key
        {made}
        {then}
    def get(self):
        return requests.get(a, headers={headers})
    def put(self):
        return requests.put(a, headers={headers})
"""


@pytest.mark.parametrize(
    ("made", "then", "why"),
    [
        ("self.s = requests.Session()", "self.s.headers.update({headers})", None),
        ("self.s = requests.Session()", "self.s.headers.update(key)", "`self.s.headers.update()` may change"),
        ("self.s = requests.Session()", "self.s.headers.update(key={headers})", "`self.s.headers.update()` may change"),
        ("self.get()", "self.s = requests.Session()", "may not exist by then"),
        ("self.s = requests.Session()", "self.s = None", "may be another one"),
    ],
)
@pytest.mark.parametrize("headers", ["self.key", "KEY"])
def test_session_of_the_object_is_used_or_told(made: str, then: str, why: str | None, headers: str) -> None:
    source = OBJECT.format(made=made, then=then.format(headers=headers), headers=headers)
    if why is None and headers == "self.key":  # which another file may set
        why = "`self.s.headers.update()` may change"
    for finding in check_source(source, settings=Settings(select=("RQS104",), cookies="share")):
        assert ("`self.s` is not used because " in finding.help) == (why is not None)
        assert (why or "Make the 2 calls on `self.s`") in finding.help


def test_session_of_the_class_is_told() -> None:
    source = OBJECT.format(made="", then="", headers="KEY").replace("class A:", "class A:\n    s = requests.Session()")
    for finding in check_source(source, settings=Settings(select=("RQS104",))):
        assert "`A.s` is not used because all objects of the class share it" in finding.help


@pytest.mark.parametrize("headers", ["a if b else c", "key", "key or other", "not key"])
def test_session_of_the_object_may_have_other_headers(headers: str) -> None:
    source = OBJECT.format(
        made="self.s = requests.Session()", then=f"self.s.headers.update({headers})", headers=headers
    )
    for finding in check_source(source, settings=Settings(select=("RQS104",))):
        assert "`self.s` is not used because `self.s.headers.update()` may change" in finding.help


@pytest.mark.parametrize(
    ("made", "parameter", "why"),
    [
        ("s = requests.Session()", "", None),
        ("s = requests.Session()", "s", "means something else"),
        ("s = requests.Session(); s = a", "", "bound more than once"),
    ],
)
def test_session_of_the_module_is_used_or_told(made: str, parameter: str, why: str | None) -> None:
    source = f"{IMPORT}{made}\ndef f({parameter}): requests.get(a)\ndef g(): requests.get(b)\n"
    alone = answering(taken=lambda _: frozenset(), may_set=lambda *_: False)
    for finding in check_source(source, settings=Settings(select=("RQS105",)), surroundings=alone):
        assert ("`s` is not used because " in finding.help) == (why is not None)
        assert (why or "Make the 2 calls on `s`") in finding.help


@pytest.mark.parametrize("taken", ["s", "*"])
def test_session_of_the_module_that_others_may_use(taken: str) -> None:
    source = f"{IMPORT}s = requests.Session()\ndef f(): requests.get(a)\ndef g(): requests.get(b)\n"
    around = answering(taken=lambda _: frozenset({taken}), may_set=lambda *_: False)
    for finding in check_source(source, settings=Settings(select=("RQS105",)), surroundings=around):
        assert "`s` is not used because other modules may use it" in finding.help


def test_session_that_is_there_is_not_isolated() -> None:
    after = fix_source(IMPORT + MADE + LOOP, settings=Settings(cookies="isolate")).after
    assert after is not None
    assert "for x in y: session.get(x)" in after


def test_session_made_before_its_import_is_none() -> None:
    after = fix_source(MADE + IMPORT + LOOP).after
    assert after == MADE + IMPORT + "session = requests.Session()\n" + LOOP.replace("requests.get", "session.get")


# --- which rule a finding needs ---------------------------------------------------------------------------------------

HEADERS = "headers={'Accept': 'b'}"
CLASS = f"""\
class Client:
    def __init__(self):
        self.base = '/'
    def items(self): return requests.get(self.base, {HEADERS})
    def users(self): return requests.get(self.base, {HEADERS})
"""


@pytest.mark.parametrize(
    ("source", "select", "said"),
    [
        (f"for x in y: requests.get(x, {HEADERS})", "RQS201", "request-in-loop (RQS101); select it too"),
        (f"requests.get(a, {HEADERS})\nrequests.get(a, {HEADERS})", "RQS2,RQS101", "repeated-requests (RQS102); sel"),
        (f"def f(x): return requests.get(x, {HEADERS})\nfor x in y: f(x)", "RQS2", "request-helper-in-loop (RQS103);"),
        (CLASS, "RQS201,RQS101,RQS102", "client-without-session (RQS104); select it too"),
        (CLASS.replace(HEADERS, "auth=('b', 'c')"), "RQS202", "client-without-session (RQS104); select it too"),
        (
            "def f(x): requests.get(x, auth=('b', 'c'))\ndef g(x): requests.get(x, auth=('b', 'c'))",
            "RQS2",
            "module-without-session (RQS105); select it too",
        ),
        (
            f"for x in y: requests.get(x, {HEADERS})\nrequests.get(a, {HEADERS})",
            "RQS2",
            "request-in-loop (RQS101) and repeated-requests (RQS102); select them too",
        ),
    ],
)
def test_help_names_the_rule_that_helps(source: str, select: str, said: str) -> None:
    settings = Settings(select=tuple(select.split(",")))
    helps = {finding.help for finding in check_source(IMPORT + source, settings=settings)}
    assert len(helps) == 1
    (help_,) = helps
    assert help_.startswith(f"Fixed only together with {said}")
    everything = replace(settings, select=(*settings.select, *re.findall(r"RQS\d+", help_)), unsafe_fixes=True)
    after = fix_source(IMPORT + source.replace("  # noqa: RQS101", ""), settings=everything).after
    assert after is not None
    assert after.count(HEADERS.partition("=")[0] + "=") == 0


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (CLASS + "requests.get = fetch", "is replaced in this file"),
        (MADE + f"s.get(a)\nfor x in y: requests.get(x, {HEADERS})", "what is set on `s`"),
        (f"for x in y: requests.get(x, 1, 2, {HEADERS})", "more positional arguments"),
        (f"for x in y: requests.get(x, {HEADERS})\nrequests.get(a, {HEADERS})  # noqa: RQS201", "has to keep it"),
    ],
)
def test_no_rule_is_named_that_does_not_help(source: str, reason: str) -> None:
    helps = {finding.help for finding in check_source(IMPORT + source, settings=Settings(select=("RQS201",)))}
    assert len(helps) == 1
    (help_,) = helps
    assert help_.startswith("Not fixed: ")
    assert reason in help_


@pytest.mark.parametrize("comment", ["# noqa: RQS101", "# ruff: ignore[RQS101]"])
def test_nothing_more_is_said_of_a_call_that_stays(comment: str) -> None:
    """Neither that its headers repeat, nor that a test replaces it."""
    loop = f"for x in y: requests.get(x, {HEADERS})  {comment}\n"
    assert check_source(f"{IMPORT}{loop}") == ()
    assert [found.code for found in check_source(f"{IMPORT}{loop.replace('101', '201')}")] == ["RQS101"]


def test_what_a_comment_silences_is_not_fixed() -> None:
    source = "import requests\nfor x in y: requests.get(x)  # noqa\n"
    (found,) = check_tree(ast.parse(source), source, "a.py", Settings())
    assert (found.code, found.help, found.applicability) == ("RQS101", "Not fixed: silenced by a comment", None)


def test_each_rule_has_an_answer() -> None:
    kinds = {"local", "lasting", "idle", "carried", "along"}
    answered = {rule.code for rule in RULES if bool(rule.by_hand) != (rule.cure in kinds)}
    unanswered = {rule.code for rule in RULES} - answered - {SYNTAX_ERROR.code}
    assert not unanswered, f"{unanswered}: say by `cure=` which fix resolves it, or by `by_hand=` why none does"


def test_a_call_left_alone_may_join_the_session_that_is_there() -> None:
    source = f"{IMPORT}{MADE}s.get(a)\nrequests.get(b)\nrequests.get(c)  # noqa\n"
    assert fix_source(source).after == source.replace("requests.get(b)", "s.get(b)")


def test_a_helper_left_alone_has_the_session_of_the_module() -> None:
    source = f"{IMPORT}def f(): requests.get(a)\ndef g(): requests.get(b)  # noqa\nfor x in y: f()\n"
    after = fix_source(source, settings=Settings(unsafe_fixes=True)).after
    assert after is not None
    assert "def f(): _session.get(a)" in after


@pytest.mark.parametrize(
    "rest",
    [
        "    def set_up(self): self.s = requests.Session()\n",
        "    def __init__(self): self.s = requests.Session()\nclass B(A):\n    def __init__(self): pass\n",
    ],
)
def test_session_of_the_object_may_not_be_made(rest: str) -> None:
    source = f"{IMPORT}class A:\n    def f(self): requests.get(self.a)\n    def g(self): requests.get(self.b)\n{rest}"
    for finding in check_source(source, settings=Settings(select=("RQS104",))):
        assert "`self.s` is not used because it may not exist by then" in finding.help


def test_headers_set_below_a_call_stay() -> None:
    source = (
        f"{IMPORT}class A:\n    def __init__(self):\n        self.f()\n        self.h = {{'Accept': 'b'}}\n"
        "    def f(self): requests.get(self.a, headers=self.h)\n    def g(self): requests.get(self.b, headers=self.h)\n"
    )
    after = fix_source(source, settings=Settings(unsafe_fixes=True)).after
    assert after is not None
    assert after.count("headers=self.h") == 2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "r = requests.get(a)\nprint(r.ok)\nrequests.get(b, cookies=r.cookies)",
            "Fixed only together with repeated-requests",
        ),
        ("def f():\n r = requests.get(a)\n requests.get(b, cookies=r.cookies)", "Not fixed: create one session"),
        ("if a: r = requests.get(a)\nelse: requests.get(b, cookies=r.cookies)", "Not fixed: create one session"),
    ],
)
@pytest.mark.parametrize("select", [("RQS203",), ("RQS",)])
def test_cookies_that_are_carried(source: str, said: str, select: tuple[str, ...]) -> None:
    settings = Settings(select=select)
    (help_,) = {found.help for found in check_source(IMPORT + source, settings=settings) if found.code == "RQS203"}
    carries = "Share one `requests.Session` between the 2 calls, and let it carry the cookies; unsafe"
    assert help_.startswith(carries if said.startswith("Fixed") and select == ("RQS",) else said)


SHOWN = 'import requests\nfor n in N:\n    requests.get(a,\n                 json=f"""{b =\n      }""")\n'


@pytest.mark.parametrize("style", ["assign", "with"])
def test_text_that_shows_how_its_lines_are_indented_stays(style: SessionStyle) -> None:
    after = fix_source(SHOWN, settings=Settings(session_style=style)).after
    assert after is not None
    assert after.endswith('for n in N:\n    session.get(a,\n                json=f"""{b =\n      }""")\n')


@pytest.mark.parametrize(
    ("used", "unread"),
    [
        ("a = requests.get(x, stream=True)\na.raise_for_status()\nprint(a.headers['ETag'], a.status_code)", True),
        ("print(requests.get(x, stream=True).ok)", True),
        ("a = requests.get(x, stream=True)\nprint(a.headers, a.text)", False),
        ("a = requests.get(x, stream=True)\nprint(a)", False),
        ("with requests.get(x, stream=True) as a: print(a.ok)", False),
        ("a = requests.get(x, stream=STREAM)\nprint(a.ok)", False),
        ("a = requests.get(x)\nprint(a.ok)", False),
    ],
)
def test_answers_that_are_not_read_are_told(used: str, unread: bool) -> None:
    for finding in check_source(f"{IMPORT}{used}\nrequests.get(y)\n"):
        assert ("or their connections are not reused" in finding.help) is unread


def test_a_fix_of_some_calls_changes_nothing_about_others() -> None:
    source = (
        f"{IMPORT}BASE = 'http://a'\nclass Client:\n"
        " def one(self):\n  requests.get(f'{BASE}/1', headers=self.a)\n  requests.get(f'{BASE}/2', headers=self.a)\n"
        " def two(self):\n  requests.get(f'{BASE}/3', headers=self.a)\n"
        "class Sub(Client):\n def one(self): return requests.get('http://a/4')\n"
    )
    for unsafe in (False, True):
        assert fix_source(source, settings=Settings(cookies="share", unsafe_fixes=unsafe)).error is None


def test_a_fix_in_one_method_changes_nothing_about_the_others() -> None:
    """The class sends three requests, before and after: its single call goes on to be one of an object."""
    source = (
        "import requests\n\n\nclass Reports:\n"
        "    def both(self):\n        return requests.get(A), requests.get(B)\n\n"
        "    def last(self):\n        return requests.get(C)\n"
    )
    alone = answering()
    assert [found.code for found in check_source(source, surroundings=alone)] == ["RQS102", "RQS102", "RQS104"]
    report = fix_source(source, surroundings=alone)
    assert [found.code for found in report.left] == ["RQS104"]


@pytest.mark.parametrize("session", ["session = requests.Session()", "self.session = requests.Session()", ""])
def test_headers_of_a_call_on_a_session_are_as_known_as_those_of_a_bare_call(session: str) -> None:
    """An `Authorization` of unknown kind beside none is doubted, whatever the other calls are made on."""
    made = session.partition(" = ")[0] or "requests"
    source = (
        f"import os, requests\nHEADERS = {{'Authorization': os.environ['A']}}\n\n\nclass Client:\n"
        f"    def one(self):\n        {session or 'pass'}\n"
        f"        {made}.get(A, headers=HEADERS)\n        {made}.get(B, headers=HEADERS)\n\n"
        "    def two(self):\n        requests.get(A, headers=HEADERS)\n        requests.get(B)\n"
    )
    found = check_source(source, surroundings=answering())
    doubts = [set(finding.doubts) for finding in found if finding.start.row > 12]
    assert doubts
    assert all("connection-auth" in names for names in doubts)
    assert fix_source(source, surroundings=answering()).error is None


def test_headers_of_a_call_on_what_is_no_session_may_change() -> None:
    source = (
        "import requests\n\n\ndef load(pages):\n    headers = {'Accept': 'a'}\n    other = make()\n"
        "    other.auth = AUTH\n    for page in pages:\n        requests.get(page, headers=headers)\n"
        "        other.get(page, headers=headers)\n"
    )
    assert "set `headers`" not in check_source(source)[0].help
    assert "set `headers`" in check_source(source.replace("make", "requests.Session"))[0].help
