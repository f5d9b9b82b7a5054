"""What is done about the calls of one function: which session serves them, and why one does not."""

import pytest

from sessionize.config import Settings
from sessionize.engine import check_source, fix_source

IMPORT = "import requests\n"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reasons"),
    [
        ("requests.get(*a)\nrequests.get(b)", ["`*args`", "this call alone"]),
        ("requests.get(*a)\nrequests.get(*b)", ["`*args`", "`*args`"]),
        ("for x in y: requests.get(x, {}, 1)", ["more arguments by position"]),
        ("for x in y: requests.post(x, {}, {}, 1)", ["more arguments by position"]),
        ("for x in y: requests.get(x, {}, params={})", ["`params` twice"]),
        ("for x in y: requests.post(x, {}, {}, json={})", ["`json` twice"]),
        ("for x in y: requests.request(x, url=y, method='GET')", ["`method` twice"]),
        ("for x in y: requests.get(x, method=y)", ["`method` twice"]),
        ("for x in y: requests.request('GET')", ["not pass `url`"]),
        ("lambda: [requests.get(x) for x in y]", ["no line for the session"]),
        ("requests.get(a, cert='/a.pem')\nrequests.get(b, cert='/b.pem')", ["`cert=`", "`cert=`"]),
        ("requests.get(a, auth=b)\nrequests.get(c)", ["authenticate", "authenticate"]),
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
    source = f"{IMPORT}requests.get(*a)\nrequests.get(b)\nrequests.get(c)\n"
    report = fix_source(source)
    assert [finding.start.row for finding in report.fixed] == [3, 4]
    assert report.after is not None
    assert "\nrequests.get(*a)\n" in report.after


def test_options_of_a_refused_call_are_refused() -> None:
    found = check_source(f"{IMPORT}for x in y: requests.get(*x, headers={{'A': 'b'}})")
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
        MADE + "s.post(a)\n" + LOOP + "s.close()",
        "with requests.Session() as s:\n s.get(a)\n " + LOOP,
        "def f():\n s = requests.session()\n " + LOOP + " s.get(a)",
        MADE + "requests.get(a, headers={'B': 'c'})\ns.get(d)\nrequests.get(e)",
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


def test_session_that_is_there_is_not_isolated() -> None:
    after = fix_source(IMPORT + MADE + LOOP, settings=Settings(cookies="isolate")).after
    assert after is not None
    assert "for x in y: session.get(x)" in after


def test_session_made_before_its_import_is_none() -> None:
    after = fix_source(MADE + IMPORT + LOOP).after
    assert after == MADE + IMPORT + "session = requests.Session()\n" + LOOP.replace("requests.get", "session.get")
