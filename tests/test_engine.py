"""Check and fix through the Python interface: what is reported where, what is written, and what goes wrong quietly."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from textwrap import indent

import pytest
from around import answering
from command import check_file, fix_file

import sessionize
from sessionize.engine import reading
from sessionize.engine.analysis import MOST_CALLS, analyse
from sessionize.engine.check import check_bytes, check_source, check_tree
from sessionize.engine.fix import fix_bytes, fix_source, offers
from sessionize.engine.results import Diagnostic, Edit, Position, Report
from sessionize.engine.rewriting import Rewriting
from sessionize.files.settings import Settings
from sessionize.library.surroundings import UNKNOWN
from sessionize.run.work import write_fix
from sessionize.syntax.parse import UnreadableError
from sessionize.syntax.read_ast import read_ast
from sessionize.write import sessions
from sessionize.write.tree import merge_regions
from sessionize.write.writer import Change, Writer

LOOP = """\
import requests
for name in names:
    requests.get(name)
"""
FIXED = """\
import requests
session = requests.Session()
for name in names:
    session.get(name)
"""
UNSAFE = LOOP.replace("(name)", "(name, **options)")
REFUSED = LOOP.replace("(name)", "(name, 1, 2)")
TOLD = "not fixed, as the code nests too deeply to be read"
BROKEN = "import requests\nfor name in names\n"

HEADERS = """\
import requests
for name in names:
    requests.get(name, headers={"Accept": "b"}, auth=("c", "d"))
"""


def codes(found: tuple[Diagnostic, ...]) -> list[str]:
    return [diagnostic.code for diagnostic in found]


# --- findings ---------------------------------------------------------------------------------------------------------


def test_a_finding() -> None:
    (finding,) = check_source(LOOP, "sync.py")
    assert (finding.code, finding.name, finding.filename) == ("RQS101", "request-in-loop", "sync.py")
    assert (finding.start, finding.end) == (Position(3, 5), Position(3, 17))
    assert (finding.applicability, finding.edits) == ("safe", ())
    assert "requests.get" in finding.message
    assert "Session" in finding.help


def test_findings_are_in_order() -> None:
    found = check_source(HEADERS + LOOP)
    assert [(finding.start.row, finding.code) for finding in found] == [(3, "RQS101"), (6, "RQS101")]
    assert [(f.start.row, f.code) for f in check_source(HEADERS)] == [(3, "RQS101"), (3, "RQS201"), (3, "RQS202")]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", ""])
def test_a_finding_has_its_line(end: str) -> None:
    (found,) = check_source(f"import requests\r\nx = '\x0c'\rwhile x: requests.get(\t'\x85')  # why{end}")
    assert (found.start.row, found.line) == (3, "while x: requests.get(\t'\x85')  # why")


def test_columns_count_characters() -> None:
    (finding,) = check_source("import requests\nwhile 1: é = '😀'; (requests.get)(url)\n")
    assert (finding.start, finding.end) == (Position(2, 20), Position(2, 32))


@pytest.mark.parametrize(
    ("source", "applicability", "help_of"),
    [
        (LOOP, "safe", "Use one `requests.Session`"),
        (UNSAFE, "unsafe", "unsafe because"),
        (REFUSED, None, "Not fixed: "),
    ],
)
def test_applicability(source: str, applicability: str | None, help_of: str) -> None:
    (finding,) = check_source(source)
    assert finding.applicability == applicability
    assert help_of in finding.help


# --- selection --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (Settings(), "RQS101 RQS201 RQS202"),
        (Settings(select=("ALL",)), "RQS101 RQS201 RQS202"),
        (Settings(select=("RQS2",)), "RQS201 RQS202"),
        (Settings(select=("RQS101",)), "RQS101"),
        (Settings(select=("request-in-loop",)), "RQS101"),
        (Settings(select=()), ""),
        (Settings(select=("RQS101",), extend_select=("RQS202",)), "RQS101 RQS202"),
        (Settings(ignore=("RQS2",)), "RQS101"),
        (Settings(ignore=("RQS",)), ""),
        (Settings(ignore=("ALL",)), "RQS101 RQS201 RQS202"),
        (Settings(ignore=("repeated-headers",)), "RQS101 RQS202"),
        # of two that disagree the more specific one wins, else `ignore`
        (Settings(select=("RQS101",), ignore=("RQS",)), "RQS101"),
        (Settings(select=("RQS", "RQS201"), ignore=("RQS2",)), "RQS101 RQS201"),
        (Settings(select=("RQS1",), ignore=("RQS1",)), ""),
        (Settings(select=("R",)), "RQS101 RQS201 RQS202"),
        (Settings(per_file_ignores=(("sync.py", ("RQS101",)),)), "RQS201 RQS202"),
        (Settings(per_file_ignores=(("s*.py", ("RQS101",)), ("*.py", ("RQS202",)))), "RQS201"),
        (Settings(per_file_ignores=(("other.py", ("RQS101",)),)), "RQS101 RQS201 RQS202"),
        (Settings(ignore=("RQS202",), per_file_ignores=(("sync.py", ("RQS201",)),)), "RQS101"),
        (Settings(hoist=()), "RQS101"),
        (Settings(hoist=("headers",)), "RQS101 RQS201"),
    ],
)
def test_selection(settings: Settings, found: str) -> None:
    assert codes(check_source(HEADERS, "sync.py", settings)) == found.split()


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (Settings(), ""),
        (Settings(select=("R",)), ""),
        (Settings(select=("ALL",)), "RQS302"),
        (Settings(select=("RQS3",)), "RQS302"),
        (Settings(extend_select=("RQS302",)), "RQS302"),
        (Settings(extend_select=("session-call-without-timeout",)), "RQS302"),
        (Settings(select=("ALL",), ignore=("RQS",)), ""),
        (Settings(select=("RQS302",), ignore=("RQS",)), "RQS302"),
    ],
    ids=str,
)
def test_a_rule_that_is_off_by_default_must_be_meant(settings: Settings, found: str) -> None:
    source = "import requests\nsession = requests.Session()\nwhile True:\n    session.get(url)\n"
    assert " ".join(codes(check_source(source, settings=settings))) == found


def test_only_what_is_selected_is_fixed() -> None:
    after = fix_source(HEADERS, settings=Settings(ignore=("RQS202",))).after
    assert after is not None
    assert 'session.headers.update({"Accept": "b"})' in after
    assert 'session.get(name, auth=("c", "d"))' in after


def test_an_option_alone_is_not_fixed() -> None:
    settings = Settings(select=("RQS201",))
    (finding,) = check_source(HEADERS, settings=settings, with_edits=True)
    assert (finding.applicability, finding.edits) == (None, ())
    assert "RQS101" in finding.help
    assert fix_source(HEADERS, settings=settings).after is None


def test_an_option_is_not_set_on_a_session_that_is_there() -> None:
    """Its other calls would send it, too."""
    source = HEADERS.replace("for ", "session = requests.Session()\nsession.get(other)\nfor ")
    source = source.replace(', auth=("c", "d")', "")
    report = fix_source(source)
    assert report.after == source.replace("    requests.get(", "    session.get(")
    assert codes(report.fixed) == ["RQS101"]
    for finding in check_source(source)[1:]:
        assert (finding.code[:4], finding.applicability) == ("RQS2", None)
        assert finding.help.startswith("Not fixed: ")


@pytest.mark.parametrize(
    "comment", ["# noqa: RQS101", "# NOQA", "# ruff: ignore[RQS101]", "+ '''\nend'''  # noqa: RQS101"]
)
def test_a_silenced_call_stays(comment: str) -> None:
    source = LOOP + f"    requests.get(other)  {comment}\n"
    report = fix_source(source)
    assert report.after == FIXED + f"    requests.get(other)  {comment}\n"
    assert (codes(report.fixed), report.left) == (["RQS101"], ())


# --- fixes ------------------------------------------------------------------------------------------------------------


def test_fix() -> None:
    report = fix_source(LOOP, "sync.py")
    assert report == Report("sync.py", LOOP, FIXED, check_source(LOOP, "sync.py"), (), untimed=1)


def test_indentation_that_only_python_reads() -> None:
    """An inner block that is deeper, though it does not begin with the indentation of the outer one."""
    source = 'import requests\nfor x in y:\n\tif x:\n                requests.get(x, headers={"A": """\n\tb"""})\n'
    (finding, _) = check_source(source)
    assert (finding.start, finding.end) == (Position(4, 17), Position(4, 29))
    after = fix_source(source).after
    assert after is not None
    assert '"A": """\n\tb"""})' in after  # a tab in a string is no indentation
    assert "\n\tif x:\n                session.get(x)" in after


def test_nothing_to_fix() -> None:
    assert fix_source(FIXED) == Report("<stdin>", FIXED)


@pytest.mark.parametrize("source", [UNSAFE, REFUSED])
def test_what_is_not_safe_is_left(source: str) -> None:
    assert fix_source(source) == Report("<stdin>", source, left=check_source(source))


def test_unsafe_fixes() -> None:
    report = fix_source(UNSAFE, settings=Settings(unsafe_fixes=True, cookies="share"))
    assert report.after == FIXED.replace("(name)", "(name, **options)")
    assert [finding.applicability for finding in report.fixed] == ["unsafe"]


def test_what_is_left_is_told_where_it_is_now() -> None:
    source = f"{LOOP}def f():\n    for name in names: requests.get(name, **options)\n"
    report = fix_source(source)
    assert [(finding.start.row, finding.applicability) for finding in report.fixed] == [(3, "safe")]
    assert [(finding.start.row, finding.applicability) for finding in report.left] == [(6, "unsafe")]
    assert {finding.line for finding in report.fixed} == {"    requests.get(name)"}
    assert {finding.line for finding in report.left} == {"    for name in names: requests.get(name, **options)"}


# --- edits ------------------------------------------------------------------------------------------------------------


def applied(text: str, edits: tuple[Edit, ...]) -> str:
    """The text with the edits made, as an editor would: by row and column."""
    starts = [0]
    for line in text.replace("\r\n", "\n\n").replace("\r", "\n").split("\n\n" if "\r\n" in text else "\n"):
        starts.append(starts[-1] + len(line) + (2 if "\r\n" in text else 1))
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        begin, end = (min(starts[at.row - 1] + at.column - 1, len(text)) for at in (edit.start, edit.end))
        text = text[:begin] + edit.content + text[end:]
    return text


@pytest.mark.parametrize(
    "source",
    [
        LOOP,
        HEADERS,
        LOOP.rstrip("\n"),
        LOOP.replace("\n", "\r\n"),
        LOOP.replace("\n", "\r"),
        LOOP.replace("for", "x = '\x0c\x1c\x85\u2028'\n\x0cfor"),
        f'"""Docstring."""\n{LOOP}print(1)\n',
        "from requests import get, post\n[get(name) for name in names]\n",
        "import requests\nrequests.get(a)\nx\nrequests.get(b)",
        "import requests\ndef f(): requests.get(a); requests.get(b)\n",
    ],
)
@pytest.mark.parametrize("style", ["assign", "with"])
def test_edits_give_the_fixed_text(source: str, style: str) -> None:
    settings = Settings(session_style="with" if style == "with" else "assign")
    found = check_source(source, settings=settings, with_edits=True)
    assert len({finding.edits for finding in found}) == 1
    assert applied(source, found[0].edits) == fix_source(source, settings=settings).after


@pytest.mark.parametrize(
    ("above", "after"),
    [
        ("import os\nfrom json import loads\nfrom typing import Any\n\n", ["os", "http", "json", "typing"]),
        ("import os\nimport xml.etree.ElementTree as ET\n\n", ["ET", "http"]),
        ("from typing import Any\n\n", ["http", "typing", "requests"]),
        ("from __future__ import annotations\n\n", ["__future__", "http", "requests"]),
        ("import flask\n", ["http", "flask", "requests"]),
        ("", ["http", "requests"]),
    ],
)
def test_an_import_is_put_among_those_of_the_standard_library(above: str, after: list[str]) -> None:
    fixed = fix_source(above + LOOP, settings=Settings(cookies="isolate")).after
    assert fixed is not None
    lines = [line for line in fixed.splitlines() if "import" in line]
    rows = [next(row for row, line in enumerate(lines) if re.search(rf"\b{word}\b", line)) for word in after]
    assert rows == list(range(rows[0], rows[0] + len(rows)))


def test_an_import_is_put_below_those_of_the_future() -> None:
    attempt = "try:\n    import requests\nexcept ImportError:\n    from pip._vendor import requests\n"
    future = "from __future__ import annotations\n"
    source = f"{future}\n{attempt}{LOOP.removeprefix('import requests')}"
    after = fix_source(source, settings=Settings(cookies="isolate")).after
    assert after is not None
    assert after.startswith(f"{future}\nfrom http.cookiejar import DefaultCookiePolicy\n\n{attempt}")


def test_an_import_that_may_not_have_run_is_not_added_to() -> None:
    attempt = "try:\n    from http.cookiejar import CookieJar\nexcept ImportError:\n    CookieJar = None\n"
    fixed = fix_source(f"import requests\n{attempt}{LOOP}", settings=Settings(cookies="isolate")).after
    assert fixed is not None
    assert attempt in fixed
    assert "from http.cookiejar import DefaultCookiePolicy\n" in fixed


ALONE = answering(taken=lambda _: frozenset(), may_set=lambda *_: False, may_set_attribute=lambda *_, **__: False)


def test_an_import_is_put_above_one_that_goes() -> None:
    source = "# answers\nfrom requests import get\nimport requests\nfor name in names:\n    get(name)\n"
    assert fix_source(source, settings=Settings(cookies="isolate"), surroundings=ALONE).after == (
        "# answers\nfrom http.cookiejar import DefaultCookiePolicy\n\nimport requests\n"
        "session = requests.Session()\n# Each call has its own cookies, as before.\n"
        "session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))\n"
        "for name in names:\n    session.get(name)\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("get, Request, Response", "Request, Response, Session"),
        ("codes, get", "Session, codes"),
        ("Timeout, get, head", "Session, Timeout, head"),
        (
            "(\n    Response,  # told\n    codes,  # these\n    get\n)",
            "(\n    Response,  # told\n    Session,\n    codes  # these\n)",
        ),
        (
            "(\n    get,\n    Request,  # sent\n    Response,  # told\n)",
            "(\n    Request,  # sent\n    Response,  # told\n    Session,\n)",
        ),
        (
            "(\n    get,\n    Request,\n    Response  # told\n)",
            "(\n    Request,\n    Response,  # told\n    Session\n)",
        ),
    ],
)
def test_session_is_imported_in_the_order_of_names(before: str, after: str) -> None:
    source = f"from requests import {before}\nfor name in names:\n    get(name)\n"
    fixed = fix_source(source, surroundings=ALONE).after
    assert fixed is not None
    assert fixed.startswith(f"from requests import {after}\nsession = Session()\n")


def test_each_group_has_its_own_edits() -> None:
    source = f"{LOOP}def f():\n    for name in names:\n        requests.get(name)\n"
    script, function = check_source(source, with_edits=True)
    assert applied(source, script.edits) == source.replace(LOOP, FIXED)
    assert {edit.start.row for edit in function.edits} == {5, 6}
    both = applied(source, script.edits + function.edits)
    assert fix_source(both).after is None
    assert "requests.get" not in both


def test_functions_under_other_statements_have_their_own_edits() -> None:
    def function(name: str) -> str:
        body = "    requests.get(a)\n    requests.get(b)\n"
        return indent(f"# {name}\n\ndef {name}():\n{body}# behind {name}\n", "    ")

    source = (
        f"import requests\nif a:\n{function('f')}# above\nelif b:\n{function('g')}else:\n{function('h')}# below\n"
        f"try:\n{function('i')}{function('j')}except E:\n{function('k')}    pass\nfinally:\n{function('l')}"
        f"for x in y:\n    try:\n{indent(function('m'), '    ')}    except E:\n        pass\nelse:\n{function('n')}"
        f"match x:\n    case 1:\n{indent(function('o'), '    ')}class C:\n    with x:\n{indent(function('p'), '    ')}"
    )
    found = {finding.edits: finding.start.row for finding in reversed(check_source(source, with_edits=True))}
    assert len(found) == 11
    assert all(row <= edit.start.row <= edit.end.row <= row + 2 for edits, row in found.items() for edit in edits)
    assert applied(source, tuple(chain(*found))) == fix_source(source).after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "def f(names):\n    import requests\n    # unused\n    from requests import get  # then\n    print(names)\n"
            "    for name in names:\n        get(name)\n",
            "def f(names):\n    import requests\n    # unused\n    # then\n    print(names)\n"
            "    session = requests.Session()\n    for name in names:\n        session.get(name)\n",
        ),
        (
            "import requests\ntry:\n    from requests import get\n    from requests import post\nfinally:\n    pass\n"
            "for name in names:\n    get(name)\n    post(name)\n",
            "import requests\ntry:\n    pass\nfinally:\n    pass\nsession = requests.Session()\n"
            "for name in names:\n    session.get(name)\n    session.post(name)\n",
        ),
        (
            "import requests\ntry:\n    from requests import get\nfinally:\n    pass\n"
            "for name in names:\n    get(name)\n",
            "import requests\ntry:\n    from requests import get\nfinally:\n    pass\n"
            "session = requests.Session()\nfor name in names:\n    session.get(name)\n",
        ),
        (
            "import requests\nmatch a:\n  case 1:\n   for b in a:\n    with requests.Session() as s:\n     s.get(b)\n"
            "     # behind\n   a()",
            "import requests\nmatch a:\n  case 1:\n   s = requests.Session()\n   for b in a:\n    s.get(b)\n"
            "    # behind\n   a()",
        ),
    ],
    ids=["an import goes", "all imports go", "the only line stays", "cases"],
)
def test_what_is_left_of_a_block(before: str, after: str) -> None:
    settings = Settings(cookies="share")
    assert fix_source(before, settings=settings, surroundings=ALONE).after == after
    (edits,) = {found.edits for found in check_source(before, settings=settings, with_edits=True, surroundings=ALONE)}
    assert applied(before, edits) == after


def test_lines_that_follow_each_other_are_one_edit() -> None:
    source = "import requests\nrequests.get(a)\nfor b in a:\n    requests.get(b)\nrequests.get(c)\n"
    (edits,) = {found.edits for found in check_source(source, with_edits=True, surroundings=ALONE)}
    assert applied(source, edits) == fix_source(source).after
    assert [edit.content for edit in edits] == [
        "session = requests.Session()\nsession.get(a)\n",
        "    session.get(b)\nsession.get(c)\n",
    ]


def test_no_edits_where_there_is_no_fix() -> None:
    assert [finding.edits for finding in check_source(REFUSED, with_edits=True)] == [()]


def test_edits_of_an_unsafe_fix_are_told() -> None:
    (finding,) = check_source(UNSAFE, with_edits=True)
    assert applied(UNSAFE, finding.edits) == fix_source(UNSAFE, settings=Settings(unsafe_fixes=True)).after


# --- what is not Python -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "row"),
    [
        ("import requests\n\n\nx = $\n\n", 4),
        ("import requests\nx = 08\n", 2),
        ("import requests\nprint 'a'\n\n\n", 2),
        ("import requests\n\nif x y:\n    pass\n", 3),
        ("import requests\ndef f():\n        x\n    y\n", 4),
        ("import requests\n  x\n", 2),
    ],
)
def test_syntax_error_is_told_where_it_is(source: str, row: int) -> None:
    (finding,) = check_source(source, "sync.py")
    assert (finding.code, finding.name, finding.filename) == ("RQS901", "syntax-error", "sync.py")
    assert (finding.applicability, finding.help, finding.edits) == (None, "", ())
    assert finding.start == finding.end
    assert finding.start.row == row
    assert finding.start.column >= 1
    assert finding.line == source.split("\n")[row - 1]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("requests = 'a' b'b'", id="bytes and text are joined"),
        pytest.param(
            "requests = t'a' t'b'",  # LibCST 1.9 does not expect them
            marks=pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python reads it"),
            id="joined t-strings",
        ),
        pytest.param("requests = '\ud800'", id="half a character"),
        pytest.param("requests = " + "-" * 3000 + "1", id="deep expression"),
        pytest.param("requests" + "()" * 3000, id="long chain"),
        pytest.param("requests = " + "1 + " * 10_000 + "1", id="long sum"),
        pytest.param("requests = " + "-" * 10_000 + "1", id="deeper expression"),
        pytest.param("if requests: pass\n" + "elif a: pass\n" * 1500, id="many branches"),
    ],
)
@pytest.mark.parametrize("work", [check_source, lambda source: fix_source(source).left], ids=["check", "fix"])
def test_what_cannot_be_read_is_a_finding(work: Callable[[str], tuple[Diagnostic, ...]], source: str) -> None:
    assert codes(work(source)) == ["RQS901"]


@pytest.mark.parametrize("space", [" ", "\t"])
def test_what_only_libcst_refuses_is_found_but_not_fixed(space: str) -> None:
    """LibCST takes no brackets around what is annotated."""
    source = f"{LOOP}(x):{space}int = 1\n"
    report = fix_source(source)
    assert (report.after, codes(report.left)) == (None, ["RQS101"])
    assert "LibCST" in str(report.error)
    assert check_source(source, with_edits=True) == check_source(source) == report.left


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x = (" + "\n".join(["'a'"] * 600) + ")\n" + LOOP, id="joined strings"),
        pytest.param(LOOP.replace("name)", "name, data=(" + "\n".join(["'a'"] * 440) + "))"), id="inside the call"),
        pytest.param("x = [1 " + "for a in b " * 700 + "]\n" + LOOP, id="comprehension"),
        pytest.param("x = [1 " + "for a in b() " * 700 + "]\n" + LOOP, id="comprehension of calls"),
    ],
)
def test_what_nests_too_deeply_for_libcst_is_found_but_not_fixed(source: str) -> None:
    report = fix_source(source)
    assert (report.after, report.error) == (None, TOLD)
    assert codes(report.left) == ["RQS101"]
    assert check_source(source) == check_source(source, with_edits=True) == report.left


@pytest.mark.parametrize(
    "target", ["syntax.read_cst.read_cst", "syntax.outline.Outline.__ne__", "write.writer.Writer.changes"]
)
def test_wherever_libcst_or_a_comparison_gives_up_nothing_is_fixed(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes deepest differs from Python to Python."""

    def give_up(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(f"sessionize.{target}", give_up)
    report = fix_source(LOOP, "a.py")
    assert (report.after, report.error, codes(report.left)) == (None, TOLD, ["RQS101"])
    assert check_source(LOOP, "a.py", with_edits=True) == report.left
    offered = offers(LOOP.encode(), "a.py", Settings())
    assert fix_bytes(LOOP.encode(), "a.py", Settings(), only=offered) == report


def test_places_that_nest_too_deeply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Python 3.12 only LibCST knows what stands where in an f-string."""

    def give_up(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("sessionize.syntax.read_ast.Places.span", lambda *_: None)
    assert codes(check_source(LOOP)) == ["RQS101"]
    monkeypatch.setattr("sessionize.syntax.read_cst.places", give_up)
    assert codes(check_source(LOOP)) == codes(fix_source(LOOP).left) == ["RQS901"]


def test_where_nothing_changes_nothing_is_written() -> None:
    assert merge_regions([]) == []


METHOD = """\
    # of {0}
    @cached({0})
    def method_{0}(self, pages):

        for page in pages:
            requests.get(page)

"""


@pytest.mark.parametrize("end", ["    # the last one\n\n# after\n", "# after\n", "    # no end of line"])
@pytest.mark.parametrize("outer", ["", "if True:\n", "def made():\n", "class Site:\n"])
def test_a_fix_in_a_method_is_written_without_the_rest_of_its_class(outer: str, end: str) -> None:
    methods = [METHOD.format(number) for number in range(8)]
    head = f"import requests\n{outer}{'  ' if outer else ''}class Client:  # slow\n    LIMIT = 3\n\n"
    source = head + "".join(methods) + end
    for number, finding in enumerate(check_source(source, with_edits=True)):
        fixed = methods[number].replace("requests.", "session.")
        fixed = fixed.replace("        for", "        session = requests.Session()\n        for")
        assert (
            applied(source, finding.edits) == head + "".join((*methods[:number], fixed, *methods[number + 1 :])) + end
        )
    rewriting = Rewriting(analyse(source, "a.py", Settings(), UNKNOWN))
    changes = [change for fix in rewriting.analysis.fixes for change in rewriting.changes([fix])]
    assert len(changes) == 8
    if end.endswith("\n") and "if" not in outer:
        assert all(source[change.start : change.end].count("def method") <= 3 for change in changes)


def test_where_the_readers_differ_libcst_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "read_ast", lambda _, text: read_ast(ast.parse(UNSAFE), text))
    assert fix_source(LOOP).after is None
    monkeypatch.setattr(
        reading, "read_ast", lambda _, text: read_ast(ast.parse("" if "Session" in text else HEADERS), text)
    )
    assert fix_source(LOOP).after == FIXED
    (finding,) = check_source(LOOP, with_edits=True)
    assert applied(LOOP, finding.edits) == FIXED


def test_syntax_of_a_newer_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this Python does not know is read by LibCST."""

    def refuse(text: str) -> None:
        raise UnreadableError("invalid syntax", 2, 3)

    monkeypatch.setattr(reading, "parse_ast", refuse)
    assert fix_source(LOOP).after == FIXED
    (finding,) = check_source(LOOP)
    assert (finding.start, finding.end) == (Position(3, 5), Position(3, 17))
    assert codes(check_source(BROKEN)) == ["RQS901"]


def test_no_source_ends_the_process() -> None:
    """LibCST's parser, which is not in Python, overflows the stack on what Python itself refuses."""
    program = "import sys; from sessionize.engine.check import check_source; print(len(check_source(sys.stdin.read())))"
    path = [str(Path(sessionize.__file__).parent.parent), *sys.path]
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}; {program}"],
        input="requests = " + "(" * 5000 + ")" * 5000,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout) == (0, "1\n")


@pytest.mark.parametrize(
    "source",
    [
        # Python warns when it compiles them; that is not for whoever checks a file to see
        r"requests = '\d'",
        r"requests = f'{a}\d'",
        r"requests = b'\d'",
        # Python refuses them, LibCST does not
        r"requests = '\x'",
        r"requests = f'{a}\x'",
        "requests = b'é'",
        "requests = " + "1" * 5000,
        "for *requests in a: pass",
    ],
)
def test_odd_literals_are_read_in_silence(source: str) -> None:
    assert check_source(source) == ()


def test_fix_of_broken_source() -> None:
    report = fix_source(BROKEN)
    assert report == Report("<stdin>", BROKEN, left=check_source(BROKEN))
    assert codes(report.left) == ["RQS901"]


@pytest.mark.parametrize("settings", [Settings(ignore=("RQS9",)), Settings(select=("RQS1",))])
def test_syntax_error_can_be_left_out(settings: Settings) -> None:
    assert check_source(BROKEN, settings=settings) == ()
    assert fix_source(BROKEN, settings=settings).left == ()
    assert check_bytes(b"requests \xff", "sync.py", settings).left == ()


# --- bytes and files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", [check_bytes, fix_bytes])
def test_bytes_that_do_not_mention_requests_are_not_parsed(work: Callable[[bytes, str, Settings], Report]) -> None:
    assert work(b"import urllib \xff (", "sync.py", Settings()) == Report("sync.py")


@pytest.mark.parametrize("work", [check_bytes, fix_bytes])
def test_bytes_that_are_no_text(work: Callable[[bytes, str, Settings], Report]) -> None:
    report = work(b"import requests \xff", "sync.py", Settings())
    assert codes(report.left) == ["RQS901"]
    assert (report.left[0].start, report.left[0].line) == (Position(1, 17), "")
    assert (report.before, report.after, report.error) == (None, None, None)


def test_bytes() -> None:
    assert check_bytes(LOOP.encode(), "sync.py", Settings()) == Report(
        "sync.py", LOOP, left=check_source(LOOP, "sync.py")
    )
    change = LOOP.encode(), FIXED.encode()
    assert fix_bytes(LOOP.encode(), "sync.py", Settings()) == replace(fix_source(LOOP, "sync.py"), change=change)
    with_edits = check_bytes(LOOP.encode(), "sync.py", Settings(), with_edits=True)
    assert with_edits.left == check_source(LOOP, "sync.py", with_edits=True)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "sync.py"
    path.write_bytes(LOOP.encode())
    name = str(path)
    assert check_file(path, Settings()).left == check_source(LOOP, name)
    assert check_file(path, Settings(), with_edits=True).left == check_source(LOOP, name, with_edits=True)
    fixed = replace(fix_source(LOOP, name), change=(LOOP.encode(), FIXED.encode()))
    assert fix_file(path, Settings(), write=False) == fixed
    assert path.read_bytes() == LOOP.encode()
    assert fix_file(path, Settings()) == fixed
    assert path.read_bytes() == FIXED.encode()
    assert fix_file(path, Settings()) == Report(name, FIXED)


@pytest.mark.parametrize(
    ("mark", "encoding"), [(b"\xef\xbb\xbf", "utf-8"), (b"# coding: latin-1\r\n", "latin-1"), (b"", "utf-8")]
)
def test_encoding_is_kept(tmp_path: Path, mark: bytes, encoding: str) -> None:
    path = tmp_path / "sync.py"
    tail = "# café\r\n".encode(encoding)
    path.write_bytes(mark + LOOP.replace("\n", "\r\n").encode() + tail)
    assert fix_file(path, Settings()).error is None
    assert path.read_bytes() == mark + FIXED.replace("\n", "\r\n").encode() + tail


def test_file_that_changes_meanwhile_is_left(tmp_path: Path) -> None:
    path = tmp_path / "sync.py"
    path.write_text(LOOP)
    fixed = fix_file(path, Settings(), write=False)
    path.write_text("# saved by an editor\n")
    report = write_fix(fixed)
    assert report == Report(str(path), error=report.error)
    assert report.error
    assert path.read_text() == "# saved by an editor\n"


# --- the proof of a fix -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("for", "break"),
        (LOOP.replace("for", "# told\nfor"), "change it again"),
    ],
)
def test_a_wrong_fix_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, error: str) -> None:
    """Should `rewrite` ever fail, the file stays as it is, with its findings and an error."""
    source = LOOP.replace("for", "# told\nfor")
    path = tmp_path / "sync.py"
    path.write_text(source)

    monkeypatch.setattr(Writer, "changes", lambda *_: [Change(0, len(source), wrong)])
    report = fix_file(path, Settings())
    assert (report.before, report.after, report.fixed) == (source, None, ())
    assert report.left == check_source(source, str(path))
    assert error in str(report.error)
    assert path.read_text() == source


@pytest.mark.parametrize("inside", [False, True], ids=["module", "method"])
def test_a_comment_that_would_be_lost(monkeypatch: pytest.MonkeyPatch, *, inside: bool) -> None:
    """Should a comment find no new place, nothing is changed."""
    source = LOOP.replace("(name)", "(\n        name,\n        # told\n        headers=HEADERS,\n    )")
    source = source.replace("for", 'HEADERS = {"Accept": "b"}\nfor')
    if inside:
        head, loop = source.split("for")
        source = f"{head}class Client:\n    def get(self, names):\n" + indent(f"for{loop}", " " * 8)
    assert "# told" in (fix_source(source, surroundings=ALONE).after or "")
    monkeypatch.setattr(sessions, "orphan_comments", lambda *_: ([], []))
    report = fix_source(source, surroundings=ALONE)
    assert (report.after, report.left) == (None, check_source(source, surroundings=ALONE))
    assert "comment" in str(report.error)
    (edits,) = {found.edits for found in check_source(source, with_edits=True, surroundings=ALONE)}
    assert edits == ()


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_nesting_that_python_gives_up_on(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(source: str) -> None:
        raise error

    monkeypatch.setattr(ast, "parse", give_up)
    (finding,) = check_source("import requests")
    assert (finding.code, finding.message) == ("RQS901", "the code nests too deeply to be read")


def test_nesting_that_would_end_libcst_is_left_to_python() -> None:
    (finding,) = check_source("requests = " + "(" * 300 + ")" * 300)
    assert (finding.code, finding.message) == ("RQS901", "too many nested parentheses")


@pytest.mark.parametrize("work", [check_source, lambda source: fix_source(source).left], ids=["check", "fix"])
def test_nesting_beyond_the_recursion_limit(work: Callable[[str], tuple[Diagnostic, ...]]) -> None:
    (finding,) = work("requests" + "()" * 600)
    assert finding.message == "the code nests too deeply to be read"


def test_nesting_beyond_the_recursion_limit_of_a_tree() -> None:
    source = "requests" + "()" * 600
    (finding,) = check_tree(ast.parse(source), source, "a.py", Settings())
    assert finding.message == "the code nests too deeply to be read"


# --- calls without a timeout ------------------------------------------------------------------------------------------


def test_calls_without_a_timeout_are_counted_as_they_are_redirected() -> None:
    kinds = ("", ", timeout=None", ", timeout=3", ", **options", ", stream=True")
    source = "import requests\nwhile True:\n" + "".join(f"    requests.get(url{kind})\n" for kind in kinds)
    assert fix_source(source, settings=Settings(unsafe_fixes=True)).untimed == 3
    assert fix_source(source.replace("while True", "if True").replace("options", "")).untimed == 0


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("for page in pages:\n\x0c    requests.get(page)\n", "form feeds in indentation"),
        ("for page in pages:\n    requests.get(page)\n    \x0c    print(page)\n", "form feeds in indentation"),
        (" \\\nx = 1\nfor page in pages:\n    requests.get(page)\n", "its line endings"),
        ("\\\nx = 1\nfor page in pages:\n    requests.get(page)\n", "its line endings"),
    ],
)
def test_what_libcst_does_not_keep_is_not_fixed(source: str, why: str) -> None:
    report = fix_source("import requests\n" + source)
    assert (report.after, report.error) == (None, f"not fixed, as LibCST does not preserve {why}")
    assert [found.code for found in report.left] == ["RQS101"]


def test_a_backslash_alone_above_all_is_a_line() -> None:
    source = "\\\n# one\nimport requests\nx = 1\nfor page in pages:\n    requests.get(page)\n"
    expected = source.replace("for", "session = requests.Session()\nfor").replace("requests.get", "session.get")
    assert fix_source(source).after == expected


CALL = "requests.get('https://a.test')\n"


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
def test_a_file_with_very_many_calls_is_analysed() -> None:
    assert len(check_source("import requests\n" + MOST_CALLS * CALL)) == MOST_CALLS


def test_a_file_with_too_many_calls_is_not_analysed() -> None:
    report = fix_source("import requests\n" + (MOST_CALLS + 1) * CALL)
    (found,) = report.left
    assert (found.code, found.message) == ("RQS901", "more than 2,000 calls of requests in one file are not analysed")
    assert report.after is None
