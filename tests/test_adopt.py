"""A code base that begins to use the rules: what is listed or marked is told no more, anything new is."""

import json
from pathlib import Path
from typing import Any

import pytest
from command import BROKEN, SAFE, UNSAFE, UNTIMED, Run, codes, write

from sessionize.files.settings import Settings
from sessionize.run import run as runs
from sessionize.run.adopt import noqa_report
from sessionize.run.work import do

LOOP = "import requests\nfor url in urls:\n"
NEW = "for name in names:\n    requests.post(name)\n"


def found(run: Run, *args: str) -> list[str]:
    return codes(run("check", "--output-format=json", *args))


# --- baseline ---------------------------------------------------------------------------------------------------------


def test_a_baseline_lists_what_is_found(run: Run) -> None:
    headers = f"{LOOP}    requests.get(url, headers={{'A': 'b'}})\n"
    twice = f"{LOOP}    requests.get(url)\n    requests.get(url)\n"
    write({"sub/a.py": headers, "b.py": twice, "clean.py": "import requests\n"})
    result = run("check", "--write-baseline", "known.json")
    assert (result.status, result.out, result.err) == (0, "", "Listed 4 findings in 2 files.\n")
    assert Path("known.json").read_text() == (
        '{\n  "files": {\n'
        '    "b.py": {\n      "RQS101": {\n        "requests.get(url)": 2\n      }\n    },\n'
        '    "sub/a.py": {\n      "RQS101": {\n        "requests.get(url, headers={\'A\': \'b\'})": 1\n      },\n'
        "      \"RQS201\": {\n        \"requests.get(url, headers={'A': 'b'})\": 1\n      }\n    }\n  }\n}\n"
    )
    result = run("check", "--baseline", "known.json")
    assert (result.status, result.out) == (0, "")
    assert result.err == "All checks passed! 4 findings in the baseline.\n"


def test_a_baseline_of_nothing(run: Run) -> None:
    write({"a.py": "import requests\n"})
    assert run("check", "--write-baseline", "known.json").err == "All checks passed!\n"
    assert run("check", "--baseline", "known.json").err == "All checks passed!\n"


def test_a_baseline_is_the_same_whoever_writes_it(run: Run) -> None:
    write({"b.py": SAFE + UNSAFE, "a.py": SAFE, "sub/c.py": SAFE})
    run("check", "-j1", "--write-baseline", "one.json")
    run("check", "-j2", "--write-baseline", "two.json", "sub", "b.py", "a.py")
    assert Path("one.json").read_text() == Path("two.json").read_text()


def test_new_findings_are_told(run: Run) -> None:
    write({"a.py": SAFE})
    run("check", "--write-baseline", "known.json")
    write({"a.py": f"# moved\n{SAFE.replace('year in', 'year  in')}{NEW}", "b.py": SAFE})
    result = run("check", "--baseline", "known.json", "--output-format", "concise")
    assert [line.split(" ")[0] for line in result.out.splitlines()] == ["a.py:6:5:", "b.py:3:5:"]
    assert result.err == ("Found 2 calls to fix in 2 files: 2 with `sessionize fix`. 1 finding in the baseline.\n")


def test_of_equal_lines_as_many_are_known_as_there_were(run: Run) -> None:
    write({"a.py": f"{LOOP}    requests.get(url)\n"})
    run("check", "--write-baseline", "known.json")
    write({"a.py": f"{LOOP}    requests.get(url)\n    requests.get(url)\n"})
    result = run("check", "--baseline", "known.json", "--output-format=concise")
    assert [line.split(" ")[0] for line in result.out.splitlines()] == ["a.py:4:5:"]


def test_entries_that_are_gone_are_told(run: Run) -> None:
    write(dict.fromkeys(("a.py", "b.py", "c.py", "d.py", "e.py"), SAFE))
    run("check", "--write-baseline", "known.json")
    write({"a.py": "print()\n", "b.py": "import requests\n", "e.py": BROKEN})
    Path("c.py").unlink()
    result = run("check", "--baseline", "known.json")
    assert result.err.endswith("1 finding in the baseline. 3 entries of the baseline are obsolete.\n")
    assert run("check", "--baseline", "known.json", "b.py", "d.py", "-q").err == ""
    # What is not checked may still be there.
    assert run("check", "--baseline", "known.json", "b.py").err.endswith(" 2 entries of the baseline are obsolete.\n")
    write({"c.py": SAFE})
    assert run("check", "--baseline", "known.json", "d.py").err == ("All checks passed! 1 finding in the baseline.\n")
    assert "1 entry of the baseline is obsolete." in run("fix", "--baseline", "known.json", "b.py").err


def test_fix_leaves_what_is_listed(run: Run) -> None:
    write({"a.py": SAFE})
    run("check", "--write-baseline", "known.json")
    write({"a.py": SAFE + NEW})
    result = run("fix", "--baseline", "known.json")
    assert (result.status, result.err) == (
        0,
        f"Rewrote a.py\nFixed 1 call in 1 file. {UNTIMED} 1 finding in the baseline.\n",
    )
    text = Path("a.py").read_text()
    assert (text.count("requests.get("), text.count("session.post(")) == (1, 1)
    assert run("fix", "--baseline", "known.json").err == "All checks passed! 1 finding in the baseline.\n"
    assert Path("a.py").read_text() == text
    assert run("fix").err == f"Rewrote a.py\nFixed 1 call in 1 file. {UNTIMED}\n"
    assert "requests.get(" not in Path("a.py").read_text()


def test_fix_of_a_line_whose_other_finding_is_listed(run: Run) -> None:
    """The call that is listed stays as it is, and nothing more is said of it."""
    text = SAFE.replace('")', '", headers={"Accept": "text/csv"})')
    write({"a.py": text})
    run("check", "--select=RQS1", "--write-baseline", "known.json")
    result = run("fix", "--baseline", "known.json", "--output-format=concise")
    assert (result.status, result.out) == (0, "")
    assert Path("a.py").read_text() == text


def test_a_baseline_counts_from_its_own_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"src/a.py": SAFE, "b.py": SAFE, "ci/none": ""})
    run("check", "--write-baseline", "ci/known.json")
    assert set(json.loads(Path("ci/known.json").read_text())["files"]) == {"../b.py", "../src/a.py"}
    here = Path.cwd()
    monkeypatch.chdir("src")
    for path in (".", "a.py", "../src", str(here)):
        assert run("check", "--baseline", "../ci/known.json", path).status == 0
    assert (
        run("check", "-", "--stdin-filename", "a.py", "--baseline", "../ci/known.json", stdin=SAFE.encode()).status == 0
    )
    assert (
        run("check", "-", "--stdin-filename", "c.py", "--baseline", "../ci/known.json", stdin=SAFE.encode()).status == 1
    )


def test_a_baseline_by_many_processes(run: Run) -> None:
    write({f"{number}.py": SAFE for number in range(8)})
    run("check", "--write-baseline", "known.json")
    write({"3.py": SAFE + NEW})
    assert found(run, "--baseline", "known.json", "-j3") == ["3.py:RQS101"]


def test_what_goes_to_a_worker_holds_in_any_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.py": SAFE, "sub/a.py": SAFE, "b.py": SAFE, "sessionize.toml": "per-file-ignores = {'/b.py' = ['RQS1']}"})
    run("check", "--write-baseline", "sub/known.json", "a.py")

    known: Any = do

    def elsewhere(*task: Any) -> object:
        with monkeypatch.context() as patch:
            patch.chdir("/")
            return known(*task, SAFE.encode())

    monkeypatch.setattr(runs, "do", elsewhere)
    assert found(run, "--baseline", "sub/known.json") == ["sub/a.py:RQS101"]


def test_a_baseline_as_a_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"pyproject.toml": "[tool.sessionize]\nbaseline = 'ci/known.json'\n", "sub/a.py": SAFE, "ci/none": ""})
    result = run("check", "-q")
    missing = Path.cwd() / "ci/known.json"
    assert result.status == 2
    assert result.err == f"pyproject.toml: error: baseline: {missing}: No such file or directory\n"
    assert run("check", "--write-baseline", "ci/known.json").status == 0
    monkeypatch.chdir("sub")
    assert found(run) == []
    assert found(run, "--no-baseline") == ["a.py:RQS101"]
    # What is listed already is listed again.
    assert run("check", "..", "--write-baseline", "../ci/known.json").err == "Listed 1 finding in 1 file.\n"
    assert run("fix").err == "All checks passed! 1 finding in the baseline.\n"
    assert run("fix", "--no-baseline").err == f"Rewrote a.py\nFixed 1 call in 1 file. {UNTIMED}\n"


def test_what_cannot_be_parsed_cannot_be_put_off(run: Run) -> None:
    write({"a.py": BROKEN, "b.py": SAFE})
    result = run("check", "--write-baseline", "known.json", "a.py", "b.py", "gone.py", "--output-format=json")
    assert (result.status, codes(result)) == (2, ["a.py:RQS901"])
    assert result.err == (
        "gone.py: error: No such file or directory\nListed 1 finding in 1 file. 2 files could not be checked.\n"
    )
    result = run("check", "--baseline", "known.json", "a.py", "b.py", "--output-format=json")
    assert (result.status, codes(result)) == (2, ["a.py:RQS901"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory"),
        (b"", "not a baseline: Expecting value"),
        (b"\xff", "not a baseline: "),
        (b"[" * 100_000, "not a baseline: "),
        (b"[]", "not a baseline; `sessionize check --write-baseline` makes one"),
        (b"{}", "not a baseline; "),
        (b'{"files": []}', "not a baseline; "),
        (b'{"files": {"a.py": ["RQS101"]}}', "not a baseline; "),
        (b'{"files": {"a.py": {"RQS101": {"x": "1"}}}}', "not a baseline; "),
        (b'{"files": {"a.py": {"RQS101": {"x": 0}}}}', "not a baseline; "),
    ],
)
@pytest.mark.parametrize("command", ["check", "fix"])
def test_a_baseline_that_is_none(run: Run, command: str, content: bytes | None, said: str) -> None:
    write({"a.py": SAFE})
    if content is not None:
        Path("known.json").write_bytes(content)
    result = run(command, "--baseline", "known.json")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"sessionize: the command line: baseline: known.json: {said}")
    assert result.err.count("\n") == 1
    assert Path("a.py").read_text() == SAFE


def test_a_baseline_that_cannot_be_written(run: Run) -> None:
    write({"a.py": SAFE})
    result = run("check", "--write-baseline", "no/such/folder.json")
    assert (result.status, result.out) == (2, "")
    assert "No such file or directory: 'no/such/folder.json'" in result.err


def test_a_name_that_is_no_text(run: Run) -> None:
    write({"a.py": SAFE})
    Path("a.py").rename(b"\xff.py".decode(errors="surrogateescape"))
    assert run("check", "--write-baseline", "known.json").status == 0
    assert Path("known.json").read_text(encoding="utf-8").isascii()
    assert found(run, "--baseline", "known.json") == []


# --- noqa -------------------------------------------------------------------------------------------------------------


def silenced(text: str) -> str:
    """What becomes of a text; whatever can be silenced is, and a second time nothing changes."""
    report = noqa_report(text.encode(), "jobs.py", Settings())
    after = text if report.after is None else report.after
    again = noqa_report(after.encode(), "jobs.py", Settings())
    assert (again.after, again.fixed, again.left) == (None, (), report.left)
    return after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("requests.get(url)", "requests.get(url)  # noqa: RQS101"),
        ("requests.get(url)   ", "requests.get(url)  # noqa: RQS101"),
        ("requests.get(url)  # why", "requests.get(url)  # why  # noqa: RQS101"),
        ("requests.get(url)  # why \\", "requests.get(url)  # why \\  # noqa: RQS101"),
        ("requests.get(url)  # type: ignore", "requests.get(url)  # type: ignore  # noqa: RQS101"),
        ("requests.get(url)  # noqa: E501", "requests.get(url)  # noqa: E501, RQS101"),
        ("requests.get(url)  # NOQA:E501,W291 # why", "requests.get(url)  # NOQA:E501,W291, RQS101 # why"),
        (
            "requests.get(url)  # noqa: S113 the server is ours",
            "requests.get(url)  # noqa: S113, RQS101 the server is ours",
        ),
        ("requests.get(url)  # nosec B113", "requests.get(url)  # nosec B113  # noqa: RQS101"),
        ("requests.get(\n        url)  # noqa: E501", "requests.get(  # noqa: RQS101\n        url)  # noqa: E501"),
        (
            "text = ('''a\nb''' + requests.get(url).text)",
            "text = ('''a\nb''' + requests.get(url).text)  # noqa: RQS101",
        ),
        ("text = requests.get(url).text + '''\n'''", "text = requests.get(url).text + '''\n'''  # noqa: RQS101"),
        ("text = f'''{requests.get(url).text}\n'''", "text = f'''{requests.get(url).text}\n'''  # noqa: RQS101"),
        ("text = f'''{f'{requests.get(url)}'}\n'''", "text = f'''{f'{requests.get(url)}'}\n'''  # noqa: RQS101"),
        (
            "text = f'''{\n    requests.get(url)\n    }'''",
            "text = f'''{\n    requests.get(url)\n    }'''  # noqa: RQS101",
        ),
        (
            "text = requests.get(url).text \\\n        + 'end'",
            "text = requests.get(url).text \\\n        + 'end'  # noqa: RQS101",
        ),
        (
            "requests.get('''\n''')  # noqa: S113\n    requests.get('''\n''')",
            "requests.get('''\n''')  # noqa: S113, RQS101\n    requests.get('''\n''')  # noqa: RQS101",
        ),
        (
            "text = [\n    # why\n    requests.get('a'), '''\n''', requests.get('b')]",
            "text = [\n    # why\n    requests.get('a'), '''\n''', requests.get('b')]  # noqa: RQS101",
        ),
        ("text = f'{requests.get(url)}'", "text = f'{requests.get(url)}'  # noqa: RQS101"),
        (
            "requests.get(url, headers={'Accept': 'text/csv'})",
            "requests.get(url, headers={'Accept': 'text/csv'})  # noqa: RQS101, RQS201",
        ),
        (
            "a = requests.get(url); b = requests.get(url)",
            "a = requests.get(url); b = requests.get(url)  # noqa: RQS101",
        ),
    ],
)
def test_a_comment_is_written(before: str, after: str) -> None:
    assert silenced(f"{LOOP}    {before}\n") == f"{LOOP}    {after}\n"
    assert silenced(f"{LOOP}    {before}") == f"{LOOP}    {after}"


@pytest.mark.parametrize(
    "line",
    [
        "requests.get('# noqa: E501')",
        "requests.get('# noqa: E501')  # why",
        "requests.get('# noqa: E501')  # noqa: S113",
        "requests.get('''\n # noqa: E501''')",
        "requests.get('''\n # noqa: E501''')  # noqa: S113",
    ],
)
def test_a_line_that_takes_no_comment(line: str) -> None:
    text = f"{LOOP}    {line}\n    requests.get(url)\n"
    assert silenced(text) == f"{text[:-1]}  # noqa: RQS101\n"


def test_add_noqa(run: Run) -> None:
    latin = f"# coding: latin-1\r\n# caf\xe9\x0c\r\n{SAFE}".replace("\n", "\r\n").replace("\r\r", "\r")
    write({"a.py": latin, "b.py": f"{LOOP}    requests.get('# noqa: E501')\n", "c.py": "import requests\n"})
    Path("a.py").chmod(0o755)
    result = run("check", "--add-noqa", "--output-format=json")
    assert (result.status, codes(result)) == (1, ["b.py:RQS101"])
    assert result.err == (
        "Rewrote a.py\nSilenced 1 call in 1 file. Left 1 call in 1 file, on lines that cannot take a comment.\n"
    )
    assert Path("a.py").read_bytes().decode("latin-1") == f"{latin[:-2]}  # noqa: RQS101\r\n"
    assert Path("a.py").stat().st_mode & 0o777 == 0o755
    assert run("check", "a.py", "c.py").err == "All checks passed!\n"
    assert run("check", "--add-noqa", "a.py", "c.py").err == "All checks passed!\n"
    assert run("fix", "a.py").err == "All checks passed!\n"


def test_add_noqa_to_what_no_baseline_lists(run: Run) -> None:
    write({"a.py": SAFE})
    run("check", "--write-baseline", "known.json")
    write({"a.py": SAFE + NEW})
    assert run("check", "--add-noqa", "--baseline", "known.json").status == 0
    assert Path("a.py").read_text() == f"{SAFE}{NEW[:-1]}  # noqa: RQS101\n"


def test_add_noqa_to_files_that_fail(run: Run) -> None:
    write({"a.py": BROKEN, "b.py": SAFE})
    result = run("check", "--add-noqa", "gone.py", "a.py", "b.py", "--output-format=json")
    assert (result.status, codes(result)) == (2, ["a.py:RQS901"])
    assert result.err == (
        "gone.py: error: No such file or directory\nRewrote b.py\n"
        "Silenced 1 call in 1 file. 2 files could not be checked.\n"
    )
    assert Path("a.py").read_text() == BROKEN


def test_add_noqa_by_many_processes(run: Run) -> None:
    write(dict.fromkeys(("a.py", "b.py", "c.py"), SAFE))
    rewritten = "Rewrote a.py\nRewrote b.py\nRewrote c.py\n"
    assert run("check", "--add-noqa", "-j2").err == f"{rewritten}Silenced 3 calls in 3 files.\n"
    assert {Path(name).read_text() for name in ("a.py", "b.py", "c.py")} == {f"{SAFE[:-1]}  # noqa: RQS101\n"}
