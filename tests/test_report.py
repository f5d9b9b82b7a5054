"""What users and programs read: places, carets, numbers, and nothing that steers a terminal."""

import difflib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click
import pytest

from sessionize.engine.check import check_bytes
from sessionize.engine.results import Diagnostic, Edit, Position, Report
from sessionize.files.settings import Settings
from sessionize.report.diff import coloured, unified
from sessionize.report.formats import render
from sessionize.report.summary import exit_status, summary

FOUND = Diagnostic(
    code="RQS101",
    name="request-in-loop",
    message="`requests.get` in a loop opens a new connection on every iteration",
    filename="yearly.py",
    start=Position(1, 17),
    end=Position(1, 29),
    help="Create one session before the loop",
    applicability="safe",
)
UNSAFE = FOUND._replace(start=Position(2, 1), end=Position(2, 13), applicability="unsafe")
REFUSED = FOUND._replace(start=Position(3, 1), end=Position(3, 13), applicability=None)
BROKEN = FOUND._replace(code="RQS901", name="syntax-error", message="bad", help="", applicability=None)
HEADERS = FOUND._replace(code="RQS201", name="repeated-headers")


def report(*left: Diagnostic, fixed: Sequence[Diagnostic] = (), after: str | None = None) -> Report:
    return Report("yearly.py", after=after, fixed=tuple(fixed), left=left, error=None)


ERROR = Report("gone.py", error="No such file or directory")


def excerpt(line: str, found: Diagnostic) -> list[str]:
    return click.unstyle(render("full", [report(found._replace(line=line))])).split("\n")


def test_of_a_long_line_what_is_around_the_finding_is_shown() -> None:
    line = "x" * 300 + "requests.get" + "y" * 300
    found = FOUND._replace(start=Position(3, 301), end=Position(3, 313))
    _, _, shown, carets, *_ = excerpt(line, found)
    assert shown == "3| ..." + "x" * 60 + "requests.get" + "y" * 128 + "..."
    assert carets == " | " + " " * 63 + "^" * 12
    first = FOUND._replace(start=Position(3, 1), end=Position(3, 400))
    _, _, shown, carets, *_ = excerpt(line, first)
    assert shown == "3| " + line[:200] + "..."
    assert carets == " | " + "^" * 200
    last = FOUND._replace(start=Position(3, 560), end=Position(4, 1))
    _, _, shown, carets, *_ = excerpt(line, last)
    assert shown == "3| ..." + "y" * 113
    assert carets == " | " + " " * 63 + "^" * 53


def test_full() -> None:
    found = FOUND._replace(start=Position(12, 24), end=Position(12, 36))
    assert excerpt("    for year in years: requests.get(year)", found) == [
        "yearly.py:12:24: RQS101 [*] `requests.get` in a loop opens a new connection on every iteration",
        "  |",
        "12|     for year in years: requests.get(year)",
        "  |                        ^^^^^^^^^^^^",
        "  = help: Create one session before the loop",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("before_the_call", "shown", "blank"),
    [
        ("\t\tx = ", "\t\tx = ", "\t\t" + " " * 4),
        ("x = '会議', ", "x = '会議', ", " " * 12),
        ("x = 'cafe\u0301', ", "x = 'cafe\u0301', ", " " * 12),
        ("x = '\x1b[2J', ", "x = '\\x1b[2J', ", " " * 15),
        ("x = '\u202e\u200b', ", "x = '\\u202e\\u200b', ", " " * 20),
        ("x = '\x0c\x85\u2028', ", "x = '\\x0c\\x85\\u2028', ", " " * 22),
    ],
    ids=["tabs", "wide", "combining", "escape-sequence", "right-to-left", "other-ends-of-line"],
)
def test_carets_stand_below_the_call(before_the_call: str, shown: str, blank: str) -> None:
    column = len(before_the_call) + 1
    found = FOUND._replace(start=Position(2, column), end=Position(2, column + 12))
    lines = excerpt(f"{before_the_call}requests.get(x)", found)
    assert lines[2:4] == [f"2| {shown}requests.get(x)", f" | {blank}^^^^^^^^^^^^"]


def test_carets_of_a_callee_on_two_lines_end_with_the_first() -> None:
    assert excerpt("(requests", FOUND._replace(start=Position(1, 2), end=Position(2, 8)))[3] == " |  ^^^^^^^^"


def test_syntax_error_without_a_line_to_show() -> None:
    assert excerpt("", BROKEN) == ["yearly.py:1:17: RQS901 bad", "", ""]


def test_syntax_error_is_a_place_without_an_extent() -> None:
    broken = BROKEN._replace(start=Position(1, 16), end=Position(1, 16))
    assert excerpt("import requests)", broken)[3] == " |                ^"


def test_concise() -> None:
    found = FOUND._replace(filename="a\x1b]0;\nb\udcff.py", message="one\nline")
    assert click.unstyle(render("concise", [report(found, UNSAFE, REFUSED)])) == (
        "a\\x1b]0;\\nb\\udcff.py:1:17: RQS101 [*] one\\nline\n"
        f"yearly.py:2:1: RQS101 [unsafe] {UNSAFE.message}\n"
        f"yearly.py:3:1: RQS101 {REFUSED.message}\n"
    )


def test_order_is_that_of_files_then_of_places() -> None:
    text = render("concise", [report(REFUSED, HEADERS, FOUND), report(FOUND._replace(filename="a.py"))])
    places = [tuple(line.split(" ")[:2]) for line in click.unstyle(text).splitlines()]
    assert places == [
        ("yearly.py:1:17:", "RQS101"),
        ("yearly.py:1:17:", "RQS201"),
        ("yearly.py:3:1:", "RQS101"),
        ("a.py:1:17:", "RQS101"),
    ]


def test_json() -> None:
    edit = Edit("session.get", FOUND.start, FOUND.end)
    found = FOUND._replace(filename="\udcff.py", edits=(edit,))
    text = render("json", [report(found, REFUSED._replace(message="é"))])
    text.encode("ascii")
    start, end = {"row": 1, "column": 17}, {"row": 1, "column": 29}
    assert json.loads(text) == [
        {
            "code": "RQS101",
            "name": "request-in-loop",
            "message": FOUND.message,
            "help": "Create one session before the loop",
            "filename": "\udcff.py",
            "location": start,
            "end_location": end,
            "fix": {
                "applicability": "safe",
                "doubts": [],
                "message": "Create one session before the loop",
                "edits": [{"content": "session.get", "location": start, "end_location": end}],
            },
            "noqa_row": 1,
            "url": None,
        },
        {
            "code": "RQS101",
            "name": "request-in-loop",
            "message": "é",
            "help": "Create one session before the loop",
            "filename": "yearly.py",
            "location": {"row": 3, "column": 1},
            "end_location": {"row": 3, "column": 13},
            "fix": None,
            "noqa_row": 3,
            "url": None,
        },
    ]
    assert render("json", []) == "[]\n"


@pytest.mark.parametrize(
    ("reports", "options", "said"),
    [
        ([], {}, "No Python files found."),
        ([report()], {}, "All checks passed!"),
        ([report(FOUND, HEADERS)], {}, "Found 1 call to fix in 1 file: 1 with `sessionize fix`."),
        (
            [report(FOUND, HEADERS._replace(applicability=None)), report(FOUND._replace(applicability=None), FOUND)],
            {},
            "Found 1 call to fix in 1 file: 1 with `sessionize fix`.",
        ),
        (
            [report(UNSAFE, UNSAFE._replace(code="RQS201", applicability=None))],
            {"doing": "fix"},
            "Fixed nothing. Left 1 call to fix in 1 file: 1 with `sessionize fix --unsafe-fixes`.",
        ),
        (
            [replace(report(UNSAFE, REFUSED), unsafe_fixes=True), replace(report(UNSAFE), filename="a.py")],
            {},
            "Found 2 calls to fix in 1 file: 1 with `sessionize fix`, 1 to fix by hand.",
        ),
        (
            [report(FOUND, UNSAFE, REFUSED), report(FOUND._replace(filename="a.py"))],
            {},
            "Found 4 calls to fix in 2 files: "
            "2 with `sessionize fix`, 1 with `sessionize fix --unsafe-fixes`, 1 to fix by hand.",
        ),
        ([report(BROKEN), ERROR], {}, "2 files could not be checked."),
        ([report(fixed=[FOUND, HEADERS])], {"doing": "fix"}, "Fixed 1 call in 1 file."),
        ([report(fixed=[FOUND])], {"doing": "fix", "written": False}, "Would fix 1 call in 1 file."),
        (
            [report(fixed=[FOUND], after="new"), report(after="new")],
            {"doing": "fix"},
            "Fixed 1 call in 1 file, and moved patches in 1 other file.",
        ),
        (
            [report(fixed=[FOUND], after="new"), report(after="new"), report(after="new"), report()],
            {"doing": "fix", "written": False},
            "Would fix 1 call in 1 file, and move patches in 2 other files.",
        ),
        (
            [replace(report(fixed=[FOUND]), untimed=1)],
            {"doing": "fix"},
            "Fixed 1 call in 1 file. It has no `timeout=`; `--extend-select RQS302` finds it.",
        ),
        (
            [replace(report(REFUSED._replace(code="RQS302"), fixed=[FOUND]), untimed=1)],
            {"doing": "fix"},
            "Fixed 1 call in 1 file. Left 1 call to fix in 1 file: 1 to fix by hand.",
        ),
        (
            [replace(report(fixed=[FOUND, UNSAFE, REFUSED]), untimed=n) for n in (0, 2)],
            {"doing": "fix", "written": False},
            "Would fix 3 calls in 1 file. 2 of them have no `timeout=`; `--extend-select RQS302` finds them.",
        ),
        (
            [report(UNSAFE, fixed=[FOUND]), ERROR],
            {"doing": "fix"},
            "Fixed 1 call in 1 file. Left 1 call to fix in 1 file: 1 with `sessionize fix --unsafe-fixes`. "
            "1 file could not be fixed.",
        ),
    ],
)
def test_summary(reports: list[Report], options: dict[str, Any], said: str) -> None:
    assert summary(reports, **options) == said


@pytest.mark.parametrize(
    ("reports", "written", "status"),
    [
        ([], True, 0),
        ([report()], True, 0),
        ([report(REFUSED)], True, 1),
        ([report(fixed=[FOUND], after="new")], True, 0),
        ([report(fixed=[FOUND], after="new")], False, 1),
        ([report(FOUND), report(BROKEN)], True, 2),
        ([ERROR, report(FOUND)], True, 2),
    ],
)
def test_exit_status(reports: list[Report], written: bool, status: int) -> None:
    assert exit_status(reports, written=written) == status


LINES = [b"%d\n" % number for number in range(30)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LINES, []),
        ([], LINES[:1]),
        (LINES, LINES[1:]),
        (LINES, [b"new\n", *LINES]),
        (LINES, [*LINES, b"new\n"]),
        (LINES, [*LINES[:3], b"new\n", *LINES[4:9], b"near\n", *LINES[9:20], *LINES[25:]]),
        (LINES, LINES),
    ],
)
def test_diff_is_what_patch_expects(before: list[bytes], after: list[bytes]) -> None:
    known = difflib.diff_bytes(difflib.unified_diff, before, after, b"a.py", b"a.py")
    assert unified("a.py", b"".join(before), b"".join(after)) == b"".join(known)


def test_diff_splits_lines_as_patch_does() -> None:
    diff = unified("a\n.py", b"a\r\nb\x0c\xff\nc", b"a\r\nx\x0c\xff\nc")
    assert diff == (
        b"--- a\\n.py\n+++ a\\n.py\n@@ -1,3 +1,3 @@\n a\r\n-b\x0c\xff\n+x\x0c\xff\n c\n\\ No newline at end of file\n"
    )
    assert click.unstyle(coloured(diff)) == (
        "--- a\\n.py\n+++ a\\n.py\n@@ -1,3 +1,3 @@\n a\n-b\\x0c\\xff\n+x\\x0c\\xff\n c\n\\ No newline at end of file\n"
    )


CLIENT = """\
import requests


class Client:
    def __init__(self, key):
        self.headers = {"X-Key": key}

    def users(self):
        return requests.get("https://example.com/users", headers=self.headers)

    def all(self, names):
        return [requests.get(f"https://example.com/{name}") for name in names]

    def add(self):
        return requests.post("https://example.com/users", headers=self.headers)
"""


def test_full_tells_the_calls_of_one_fix_together() -> None:
    report = check_bytes(CLIENT.encode(), "client.py", Settings())
    lines = click.unstyle(render("full", [report])).splitlines()
    heads = [line.split(" ")[:3] for line in lines if line.startswith("client.py")]
    assert heads == [
        ["client.py:9:16:", "RQS104", "[unsafe]"],
        ["client.py:9:16:", "RQS201", "[unsafe]"],  # once, as it says the same of the other call
        ["client.py:15:16:", "RQS104", "[unsafe]"],
        ["client.py:12:17:", "RQS101", "[*]"],
    ]
    assert len([line for line in lines if "help:" in line]) == 2
    assert len([line for line in lines if "^^^" in line]) == 3


def test_full_tells_each_doubt_on_a_line() -> None:
    found = FOUND._replace(help="Share one; set `a[0]`; unsafe because it waits [idle]; it lives on [lifetime]")
    assert excerpt("", found)[1:] == [
        " = help: Share one; set `a[0]`; unsafe because it waits [idle]",
        " =       it lives on [lifetime]",
        "",
        "",
    ]
