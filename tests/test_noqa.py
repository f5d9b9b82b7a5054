"""Comments that silence findings, read as flake8 and ruff read them; both are asked."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from flake8.main.cli import main as flake8

from sessionize.files.noqa import Comments, add_noqa


def left(text: str, *findings: tuple[str, int]) -> list[tuple[str, int]]:
    """The findings (code, row) that no comment silences."""
    comments = Comments(text)
    return [each for each in findings if not (comments.flake8.silence(*each) or comments.ruff.silence(*each))]


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# NOQA",
        "# NoQA # why",
        "# why # noqa",
        "# noqa: RQS101",
        "# noqa:RQS101",
        "# noqa: rqs101",
        "# noqa: RQS1",
        "# noqa: RQS",
        "# noqa: E501,RQS101",
        "# noqa: E501, RQS101",
        "# noqa: E501 RQS101",
        "# noqa: RQS101 it is the only call",
        "# noqa:  E501",  # two blanks: no codes for flake8, so it speaks of all
        "# noqa : E501",
        "# noqa E501",
        "# noqa: its calls differ",
    ],
)
def test_silenced_on_its_row(comment: str) -> None:
    assert left(f"call()  {comment}", ("RQS101", 1)) == []


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "#noqa",
        "# no qa",
        "# noqa: E501",
        "# noqa: RQS102",
        "# noqa: RQS1012",
        "# noqa: E501,W503 RQS201",
        "# flake8: noqa",  # only on a line of its own
    ],
)
def test_not_silenced(comment: str) -> None:
    assert left(f"call()  {comment}", ("RQS101", 1)) == [("RQS101", 1)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_other_rows_and_codes_are_left(end: str) -> None:
    text = end.join(["one()  # noqa", "two()", "three()  # noqa: RQS1", "", "\x0cfive()  # noqa\x0c"])
    findings = [("RQS101", 1), ("RQS101", 2), ("RQS101", 3), ("RQS201", 3), ("RQS101", 4), ("RQS101", 5)]
    assert left(text, *findings) == [("RQS101", 2), ("RQS201", 3), ("RQS101", 4)]


@pytest.mark.parametrize(
    ("comment", "silenced"),
    [
        ("# flake8: noqa", "RQS101 RQS201"),
        ("# flake8:noqa", "RQS101 RQS201"),
        ("# flake8=NOQA", "RQS101 RQS201"),
        ("    # flake8: noqa  ", "RQS101 RQS201"),
        ("# flake8: noqa: RQS101", "RQS101"),
        ("# flake8: noqa:E501, rqs2", "RQS201"),
        ("# flake8: noqa: RQS", "RQS101 RQS201"),
        ("# flake8: noqa: E501", ""),
        ("# flake8: noqa because", ""),
        ("x = 1  # flake8: noqa", ""),
        ("# ruff: noqa", "RQS101 RQS201"),
        ("#ruff:noqa", "RQS101 RQS201"),
        ("    # ruff: NoQA because", "RQS101 RQS201"),
        ("# ruff: noqa: RQS101", "RQS101"),
        ("# why # ruff: noqa:E501, RQS201 because", "RQS201"),
        ("# ruff: noqa: E501", ""),
        ("# ruff: noqa: because", ""),
        ("x = 1  # ruff: noqa", ""),
        ("# ruff: file-ignore[RQS201]", "RQS201"),
        ("# ruff: file-ignore[E501, RQS201,] because", "RQS201"),
        ("# ruff: file-ignore", ""),
        ("# ruff: file-ignore[]", ""),
        ("x = 1  # ruff: file-ignore[RQS201]", ""),
    ],
)
def test_silenced_in_the_whole_file(comment: str, silenced: str) -> None:
    findings = [("RQS101", 1), ("RQS201", 3)]
    kept = left(f"call()\n{comment}\ncall()\n", *findings)
    assert kept == [finding for finding in findings if finding[0] not in silenced.split()]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_comment_is_written_at_the_end_of_its_row(end: str) -> None:
    text = end.join(["one()", "two()  # noqa: E1", "thr\x0cee()", ""])
    assert add_noqa(text, {2: ["RQS201", "RQS101"], 3: ["RQS101"]}) == end.join(
        ["one()", "two()  # noqa: E1, RQS101, RQS201", "thr\x0cee()  # noqa: RQS101", ""]
    )


# Each name that is not defined is one finding of flake8 and ruff: they say which of them a comment silences.
LINES = """\
a1  # noqa: F821
a2(\'\'\'
\'\'\', a3)  # noqa: F821
a4(
    a5)  # noqa: F821
a6, \\
    a7  # noqa: F821
a8(f\'\'\'
{a9}\'\'\')  # noqa: F821
a10(\'\'\'
    # noqa: F821
\'\'\', a11)
a12(\'\'\'
\'\'\')  # noqa: E501
a13; a14(a15, \'\'\'
\'\'\',
    a16)  # noqa: F821
if a17:
    a18(\'\'\'
    \'\'\')  # noqa: F821
a19
"""
RUFF = """\
a1  # ruff: ignore[F821]
a2  # ruff:ignore[E501, F821,] because
a3  #  ruff:  ignore [F821]
a4  # why # ruff: ignore[E501] # ruff: ignore[F821]
a5  # ruff: ignore[E501]
a6  # ruff: ignore
a7  # ruff: ignore[]
a8(\'\'\'
\'\'\')  # ruff: ignore[F821]
a9(
    a10)  # ruff: ignore[F821]
# ruff: ignore[F821]

# why
a11(
    a12,
    \'\'\'
\'\'\', a13)
a14(
    a15,  # ruff: ignore[F821]
    # ruff: ignore[F821]
    a16, \'\'\'
    \'\'\', a17,
    a18)
# ruff: ignore[F821]
for a in a19:
    a20
# ruff: ignore[F821]
if a21: a22
a23
"# ruff: ignore[F821]"; a24
if a:
    # ruff: ignore[F821]
    pass
    # ruff: ignore[F821]
a25(\'\'\'# ruff: ignore[F821]\'\'\')
a26
# ruff: ignore[F821]
"""


def rows(text: str) -> list[int]:
    """Those of the undefined names that no comment silences."""
    found = [("F821", row) for row, line in enumerate(text.splitlines(), 1) for word in re.findall(r"\ba\d+", line)]
    return [row for _, row in left(text, *found)]


def test_flake8_silences_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text(LINES)
    flake8(["--isolated", "--select=F821", str(tmp_path / "a.py")])
    told = [int(line.removeprefix(str(tmp_path)).split(":")[1]) for line in capsys.readouterr().out.splitlines()]
    assert rows(LINES) == told


def test_ruff_silences_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(RUFF)
    options = "--isolated", "--preview", "--select=F821", "--output-format=json"
    ruff = subprocess.run(["ruff", "check", *options, "a.py"], cwd=tmp_path, capture_output=True, check=False)
    assert rows(RUFF) == [found["location"]["row"] for found in json.loads(ruff.stdout)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_comment_is_written_behind_a_string_of_several_lines(end: str) -> None:
    text = end.join(["one('''", "''', two())", "three()"])
    codes = {1: ["RQS101"], 2: ["RQS201", "RQS101"]}
    assert add_noqa(text, codes) == end.join(["one('''", "''', two())  # noqa: RQS101, RQS201", "three()"])


@pytest.mark.parametrize("text", ["call()  # noqa\nlist = (\n", "if a:\n    call()  # noqa\n  call()\n"])
def test_where_python_cannot_tell_strings_from_code_a_line_is_a_line(text: str) -> None:
    rows = range(1, text.count("\n") + 1)
    assert left(text, *(("RQS101", row) for row in rows)) == [
        ("RQS101", row) for row in rows if row != text[:14].count("\n") + 1
    ]


@pytest.mark.parametrize("text", ["call()\nlist = (\n", "if a:\n    call()\n  call()\n", 'call("""\n'])
def test_no_comment_is_written_where_python_cannot_tell_strings_from_code(text: str) -> None:
    assert add_noqa(text, {1: ["RQS101"], 2: ["RQS101"]}) == text
