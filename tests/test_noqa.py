"""Comments that silence findings, read as flake8 reads them (`NOQA_INLINE_REGEX` and `NOQA_FILE` in its defaults)."""

import pytest

from sessionize.noqa import commented, unsuppressed


def left(text: str, *findings: tuple[str, int]) -> list[tuple[str, int]]:
    """The findings (code, row) that no comment silences."""
    return unsuppressed(list(findings), lambda found: found[0], lambda found: found[1], text)


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
        ("# ruff: noqa", ""),
    ],
)
def test_silenced_in_the_whole_file(comment: str, silenced: str) -> None:
    findings = [("RQS101", 1), ("RQS201", 3)]
    kept = left(f"call()\n{comment}\ncall()\n", *findings)
    assert kept == [finding for finding in findings if finding[0] not in silenced.split()]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_comment_is_written_at_the_end_of_its_row(end: str) -> None:
    text = end.join(["one()", "two()  # noqa: E1", "thr\x0cee()", ""])
    assert commented(text, {2: ["RQS201", "RQS101"], 3: ["RQS101"]}) == end.join(
        ["one()", "two()  # noqa: E1, RQS101, RQS201", "thr\x0cee()  # noqa: RQS101", ""]
    )


@pytest.mark.parametrize("text", ["call()\nlist = (\n", "if a:\n    call()\n  call()\n", 'call("""\n'])
def test_no_comment_is_written_where_python_cannot_tell_strings_from_code(text: str) -> None:
    assert commented(text, {1: ["RQS101"], 2: ["RQS101"]}) == text
