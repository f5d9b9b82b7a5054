"""The command line as a user meets it: what is printed where, exit statuses, no tracebacks."""

import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command import BROKEN, FIXED, SAFE, UNSAFE, UNTIMED, Result, Run, codes, write

from sessionize import cli
from sessionize.doubts import KINDS
from sessionize.engine import check as engine
from sessionize.engine.results import Report
from sessionize.files.settings import Settings, schema
from sessionize.report.formats import FORMATS
from sessionize.rules import RULES
from sessionize.run import cluster, output, pool, run as runs, workers

SAFE_SUMMARY = "Found 1 call to fix in 1 file: 1 with `sessionize fix`.\n"


# --- check ------------------------------------------------------------------------------------------------------------


def test_check(run: Run) -> None:
    write({"a.py": SAFE, "b/c.py": UNSAFE, "b/clean.py": "import requests\n"})
    result = run("check", "--output-format", "concise")
    assert result.status == 1
    assert [line.split("`")[0] for line in result.out.splitlines()] == [
        "a.py:3:5: RQS101 [*] ",
        "b/c.py:3:5: RQS101 [unsafe] ",
    ]
    assert result.err == (
        "Found 2 calls to fix in 2 files: 1 with `sessionize fix`, 1 with `sessionize fix --unsafe-fixes`.\n"
    )
    assert Path("a.py").read_text() == SAFE


EXISTING = """\
import requests
session = requests.Session()
session.get("https://example.com/login")
session.get("https://example.com/years")
for year in years:
    requests.get(f"https://example.com/{year}", headers={"Accept": "text/csv"}, timeout=9)
"""


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize(
    ("source", "settings", "way"),
    [
        (EXISTING, "", "with `sessionize fix`"),  # one of the two findings at the call has no fix
        (EXISTING.replace("timeout=9", "proxies=p"), "", "with `sessionize fix --unsafe-fixes`"),
        (EXISTING.replace("timeout=9", "proxies=p"), "unsafe-fixes = true", "with `sessionize fix`"),
        (EXISTING.replace("timeout=9", "url=url"), "unsafe-fixes = true", "to fix by hand"),
    ],
)
def test_check_says_what_fix_does(run: Run, style: str, source: str, settings: str, way: str) -> None:
    write({"a.py": source, "sessionize.toml": settings})
    assert run("check", "--output-format", style).err == f"Found 1 call to fix in 1 file: 1 {way}.\n"
    _, _, *options = way.split("`")[1].split() if "`" in way else ("", "", "--unsafe-fixes")
    assert run("fix", *options).status == (way == "to fix by hand")


def test_check_shows_the_line(run: Run) -> None:
    write({"a.py": SAFE})
    assert " |     ^^^^^^^^^^^^\n = help: " in run("check", "a.py").out


def test_check_finds_nothing(run: Run) -> None:
    write({"a.py": "print('requests')\n"})
    assert run("check") == Result(0, "", "All checks passed!\n")


def test_check_of_no_files(run: Run) -> None:
    assert run("check") == Result(0, "", "No Python files found.\n")


def test_json_has_the_edits(run: Run) -> None:
    write({"a.py": SAFE})
    found = json.loads(run("check", "--output-format", "json").out)[0]
    assert found["fix"]["applicability"] == "safe"
    assert "session.get" in found["fix"]["edits"][-1]["content"]


def test_files_that_fail_do_not_stop_the_others(run: Run) -> None:
    write({"a.py": BROKEN, "b.py": "# coding: no-such\nrequests\n", "c.py": SAFE})
    result = run("check", "gone\n.py", "a.py", "b.py", "c.py", "--output-format", "json")
    assert result.status == 2
    assert codes(result) == ["a.py:RQS901", "b.py:RQS901", "c.py:RQS101"]
    assert result.err.splitlines() == [
        "gone\\n.py: error: No such file or directory",
        "Found 1 call to fix in 1 file: 1 with `sessionize fix`. 3 files could not be checked.",
    ]


def test_a_file_is_checked_once(run: Run) -> None:
    write({"a.py": SAFE, "b/pyproject.toml": "[tool.sessionize]\n", "b/c.py": SAFE})
    result = run("check", "--output-format=json", "b/c.py", ".", "a.py", "./a.py", "b")
    assert codes(result) == ["b/c.py:RQS101", "a.py:RQS101"]


def test_quiet_and_exit_zero(run: Run) -> None:
    write({"a.py": SAFE})
    result = run("check", "-q", "--exit-zero")
    assert (result.status, result.err) == (0, "")
    assert "RQS101" in result.out
    assert run("check", "--quiet", "--exit-zero", "gone.py").status == 2


def test_verbose(run: Run) -> None:
    write({"a.py": SAFE, "b.py": "import os\n", "dist/c.py": SAFE})
    result = run("check", "-v", "--output-format=concise")
    assert (
        result.err == f"a.py: checked\nb.py: does not import requests or httpx or niquests or curl_cffi\n{SAFE_SUMMARY}"
    )
    assert run("check", "-v", "-q").err == "sessionize: --quiet and --verbose are mutually exclusive\n"


@pytest.mark.parametrize(
    ("paths", "status", "out", "err"),
    [
        ((), 0, "a.py\nb.py\n", ""),
        (("--extend-exclude=b.py", "."), 0, "a.py\n", ""),
        (("dist/c.py", "gone.py"), 2, "dist/c.py\n", "gone.py: error: No such file or directory\n"),
    ],
    ids=["all", "excluded", "named"],
)
def test_show_files(run: Run, paths: tuple[str, ...], status: int, out: str, err: str) -> None:
    write({"a.py": SAFE, "b.py": "import os\n", "dist/c.py": SAFE})
    assert run("check", "--show-files", *paths) == Result(status, out, err)


def test_output_file(run: Run) -> None:
    write({"a.py": SAFE})
    result = run("check", "--output-format", "concise", "--output-file", "found.txt")
    assert (result.out, result.err) == ("", SAFE_SUMMARY)
    assert Path("found.txt").read_text().startswith("a.py:3:5: RQS101 [*] ")


def test_what_one_call_ignores_by_name(run: Run) -> None:
    headers = SAFE.replace('")', '", headers={"Accept": "text/csv"})')
    write(
        {
            "sub/pyproject.toml": "[tool.sessionize]\nper-file-ignores = {'jobs/*.py' = ['repeated-headers']}\n",
            "sub/jobs/a.py": headers,
            "sub/b.py": headers,
        }
    )
    both = ["sub/b.py:RQS101", "sub/b.py:RQS201"]
    assert codes(run("check", "--output-format=json")) == [*both, "sub/jobs/a.py:RQS101"]
    assert codes(run("check", "--output-format=json", "--ignore=request-in-loop")) == ["sub/b.py:RQS201"]
    assert codes(run("check", "--output-format=json", "--select=repeated-headers,RQS102")) == ["sub/b.py:RQS201"]


# --- fix --------------------------------------------------------------------------------------------------------------


def test_fix(run: Run) -> None:
    write({"a.py": SAFE, "b.py": UNSAFE})
    result = run("fix", "--output-format", "concise")
    assert (result.status, result.out.split("`")[0]) == (1, "b.py:3:5: RQS101 [unsafe] ")
    assert result.err == (
        f"Rewrote a.py\nFixed 1 call in 1 file. {UNTIMED} "
        "Left 1 call to fix in 1 file: 1 with `sessionize fix --unsafe-fixes`.\n"
    )
    assert Path("a.py").read_text() == FIXED
    assert Path("b.py").read_text() == UNSAFE
    assert run("fix", "--unsafe-fixes") == Result(0, "", f"Rewrote b.py\nFixed 1 call in 1 file. {UNTIMED}\n")
    assert run("fix", "--unsafe-fixes") == Result(0, "", "All checks passed!\n")


def test_fix_does_not_advise_to_select_what_is_selected(run: Run) -> None:
    write({"a.py": SAFE})
    result = run("fix", "--extend-select=RQS302", "--output-format=concise")
    assert "a.py:4:5: RQS302" in result.out
    assert result.err == "Rewrote a.py\nFixed 1 call in 1 file. Left 1 call to fix in 1 file: 1 to fix by hand.\n"


def test_fix_options(run: Run) -> None:
    write({"a.py": SAFE})
    assert run("fix", "--session-style=with", "--session-name=http", "--cookies=isolate").status == 0
    assert Path("a.py").read_text() == (
        "from http.cookiejar import DefaultCookiePolicy\n"
        "\n"
        "import requests\n"
        "with requests.Session() as http:\n"
        "    # Each call has its own cookies, as before.\n"
        "    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))\n"
        "    for year in years:\n"
        '        http.get(f"https://example.com/{year}")\n'
    )


def test_fix_diff(run: Run) -> None:
    source = f"# coding: latin-1, caf\xe9\n{SAFE}"
    write({"a.py": source, "b.py": UNSAFE, "clean.py": "import requests\n"})
    os.mkfifo("pipe.py")
    result = run("fix", "--diff", "--output-format", "concise", "a.py", "b.py", "clean.py", "pipe.py")
    assert result.status == 2
    assert result.out == (
        "--- a.py\n+++ a.py\n@@ -1,4 +1,5 @@\n # coding: latin-1, caf\xe9\n import requests\n"
        "+session = requests.Session()\n for year in years:\n"
        '-    requests.get(f"https://example.com/{year}")\n+    session.get(f"https://example.com/{year}")\n'
    )
    assert f"Would fix 1 call in 1 file. {UNTIMED} Left 1 call to fix in 1 file: 1 with " in result.err
    assert result.err.endswith(
        "1 with `sessionize fix --unsafe-fixes`; `sessionize check` says why. 1 file could not be fixed.\n"
    )
    assert [line.split("`")[0] for line in result.err.splitlines()] == [
        "pipe.py: error: Not a regular file",
        "Would fix 1 call in 1 file. It has no ",
    ]
    assert Path("a.py").read_text(encoding="latin-1") == source
    assert run("fix", "--diff", "a.py").status == 1
    assert run("fix", "--diff", "--exit-zero", "a.py").status == 0
    assert run("fix", "--diff", "clean.py") == Result(0, "", "All checks passed!\n")
    assert run("fix", "--diff", "b.py") == Result(
        1,
        "",
        "Would fix nothing. Left 1 call to fix in 1 file: 1 with `sessionize fix --unsafe-fixes`; "
        "`sessionize check` says why.\n",
    )
    assert run("fix", "--diff", "--statistics", "b.py").err.startswith("1  RQS101  [ ] request-in-loop\n")
    assert run("fix", "--diff", "--output-file=found", "b.py").status == 1
    assert Path("found").read_text().startswith("b.py:3:5: RQS101 [unsafe] ")


def test_fix_for_programs_that_open_pull_requests(run: Run) -> None:
    write({"a.py": SAFE, "b.py": UNSAFE})
    result = run("fix", "--exit-zero")
    assert (result.status, result.err.split(".")[0]) == (0, "Rewrote a")
    assert "session.get(" in Path("a.py").read_text()
    assert run("fix").status == 1
    assert run("fix", "--exit-zero", "a.py", "gone.py").status == 2


def test_diff_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.py": SAFE.replace("years", "'\x1b[2J'")})
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lines = run("fix", "--diff").out.splitlines()
    assert "\x1b[32m+session = requests.Session()\x1b[0m" in lines
    assert " for year in '\\x1b[2J':\x1b[0m" in lines
    monkeypatch.setenv("NO_COLOR", "1")
    assert "+session = requests.Session()" in run("fix", "--diff").out.splitlines()


def test_colours_without_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.py": SAFE})
    added = "+session = requests.Session()"
    assert added in run("fix", "--diff").out.splitlines()
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert f"\x1b[32m{added}\x1b[0m" in run("fix", "--diff").out.splitlines()
    assert "\x1b[31m" in run("check").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert added in run("fix", "--diff").out.splitlines()
    assert "\x1b" not in run("check").out


def test_fix_keeps_a_name_out_of_an_encoding_that_lacks_it(run: Run) -> None:
    source = f"# coding: ascii\n{SAFE}"
    result = run("fix", "-", "--session-name", "sesión", stdin=source.encode())
    assert (result.status, result.out) == (2, source)
    assert result.err.startswith("<stdin>: error: ")


# --- standard input ---------------------------------------------------------------------------------------------------


def test_check_stdin(run: Run) -> None:
    write({"sub/pyproject.toml": "[tool.sessionize]\nignore = ['RQS101']\n"})
    assert run("check", "-", stdin=SAFE.encode()).out.startswith("<stdin>:3:5: RQS101 ")
    assert run("check", "-", "--stdin-filename", "sub/a.py", stdin=SAFE.encode()).status == 0


def test_fix_stdin_is_bytes_to_bytes(run: Run) -> None:
    def source(text: str) -> bytes:
        return b"# coding: latin-1\r\n# caf\xe9\x0c\r\n" + text.replace("\n", "\r\n").encode()

    result = run("fix", "-", stdin=source(SAFE))
    assert result == Result(0, source(FIXED).decode("latin-1"), f"Fixed 1 call in 1 file. {UNTIMED}\n")


def test_fix_stdin_prints_what_it_cannot_fix(run: Run) -> None:
    result = run("fix", "-", "--stdin-filename", "a.py", stdin=UNSAFE.encode())
    assert (result.status, result.out) == (1, UNSAFE)
    assert result.err.startswith("a.py:3:5: RQS101 ")
    result = run("fix", "-", stdin=BROKEN.encode())
    assert (result.status, result.out) == (2, BROKEN)


def test_fix_stdin_diff(run: Run) -> None:
    result = run("fix", "--diff", "-", "--stdin-filename", "a.py", stdin=SAFE.encode())
    assert result.status == 1
    assert result.out.startswith("--- a.py\n+++ a.py\n@@ ")


# --- which files, which settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("listed", [b"a.py\r\nb.py\n\n", b"a.py\0b.py\0", b"a.py\0b.py"])
def test_files_from(run: Run, listed: bytes) -> None:
    write({"a.py": SAFE, "b.py": SAFE, "c.py": SAFE})
    assert codes(run("check", "--output-format=json", "--files-from=-", stdin=listed)) == ["a.py:RQS101", "b.py:RQS101"]
    Path("list").write_bytes(listed)
    assert codes(run("check", "--output-format=json", "--files-from=list", "c.py"))[0] == "c.py:RQS101"


def test_files_from_an_empty_list_are_none(run: Run) -> None:
    write({"a.py": SAFE})
    assert run("check", "--files-from", "-") == Result(0, "", "No Python files found.\n")


def test_exclude(run: Run) -> None:
    write({"a.py": SAFE, "old/b.py": SAFE, "new/c.py": SAFE, "dist/d.py": SAFE})

    def names(*args: str) -> list[str]:
        return [name.split("/")[-1][0] for name in codes(run("check", "--output-format=json", *args))]

    assert names() == ["a", "c", "b"]
    assert names("--extend-exclude", "old, new") == ["a"]
    assert names("--extend-exclude=old", "--extend-exclude=new", "old/b.py") == ["b"]
    assert names("--exclude", "old") == ["a", "d", "c"]


def test_force_exclude(run: Run) -> None:
    write(
        {
            "pyproject.toml": "[tool.sessionize]\nextend-exclude = ['old', 'jobs/b*']\n",
            "dist/a.py": SAFE,
            "jobs/b.py": SAFE,
            "jobs/c.py": SAFE,
            "old/deep/d.py": SAFE,
        }
    )
    paths = ("dist", "jobs/b.py", "jobs/c.py", "old/deep/d.py", "old/deep", "gone.py")
    named = codes(run("check", "--output-format=json", *paths))
    assert named == ["dist/a.py:RQS101", "jobs/b.py:RQS101", "jobs/c.py:RQS101", "old/deep/d.py:RQS101"]
    result = run("check", "--output-format=json", "--force-exclude", *paths)
    assert codes(result) == ["jobs/c.py:RQS101"]
    assert result.err.startswith("gone.py: error: No such file")
    assert codes(run("check", "--output-format=json", "--force-exclude")) == ["jobs/c.py:RQS101"]
    write({"sessionize.toml": "exclude = ['jobs']\nforce-exclude = true\n"})
    assert codes(run("check", "--output-format=json", *paths[:-1])) == ["dist/a.py:RQS101", "old/deep/d.py:RQS101"]
    assert len(codes(run("check", "--output-format=json", "--no-force-exclude", *paths))) == 4


def test_force_exclude_is_about_what_is_inside_of_the_folder_of_the_settings(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"dist/pyproject.toml": "[tool.sessionize]\n", "dist/a.py": SAFE})
    assert codes(run("check", "--output-format=json", "--force-exclude", "dist")) == ["dist/a.py:RQS101"]
    assert codes(run("check", "--output-format=json", "--force-exclude", "dist/a.py")) == ["dist/a.py:RQS101"]
    monkeypatch.chdir("dist")
    assert codes(run("check", "--output-format=json", "--force-exclude", ".")) == ["a.py:RQS101"]
    monkeypatch.chdir("/")
    assert run("check", "--force-exclude", "--isolated", "--exclude=none", "/gone.py").status == 2


def test_force_exclude_of_standard_input(run: Run) -> None:
    args = ("-", "--stdin-filename", "dist/a.py", "--force-exclude")
    assert run("check", *args, stdin=SAFE.encode()) == Result(0, "", "All checks passed!\n")
    assert run("fix", *args, stdin=SAFE.encode()) == Result(0, SAFE, "All checks passed!\n")
    assert run("check", "-", "--force-exclude", stdin=SAFE.encode()).status == 1
    assert run("check", *args[:-1], stdin=SAFE.encode()).status == 1


def test_patterns_on_the_command_line_count_from_here(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"pyproject.toml": "[tool.sessionize]\nextend-exclude = ['/a.py']\n", "sub/a.py": SAFE, "sub/b.py": SAFE})
    monkeypatch.chdir("sub")
    assert codes(run("check", "--output-format=json", "--extend-exclude=./b.py,/b.py")) == ["a.py:RQS101"]
    assert codes(run("check", "--output-format=json", "--extend-exclude=sub/b.py", "..")) == [
        "../sub/a.py:RQS101",
        "../sub/b.py:RQS101",
    ]


def test_settings_are_those_of_the_nearest_file(run: Run) -> None:
    write(
        {
            "pyproject.toml": "[tool.sessionize]\nextend-exclude = ['skipped']\n",
            "a.py": SAFE,
            "skipped/b.py": SAFE,
            "deep/er/c.py": SAFE,
            "sub/sessionize.toml": "ignore = ['RQS101']\n",
            "sub/d.py": SAFE,
        }
    )
    assert codes(run("check", "--output-format=json")) == ["a.py:RQS101", "deep/er/c.py:RQS101"]
    assert len(codes(run("check", "--output-format=json", "--isolated"))) == 4
    assert len(codes(run("check", "--output-format=json", "--config", "sub/sessionize.toml"))) == 0
    assert len(codes(run("check", "--output-format=json", "--ignore=", "sub"))) == 1


MISTAKES = {
    "b/sessionize.toml": "selct = []\n",
    "b/c.py": SAFE,
    "b/deep/d.py": SAFE,
    "b/own/pyproject.toml": "[tool.sessionize]\n",
    "b/own/e.py": SAFE,
    "c/pyproject.toml": "[tool.sessionize]\nignore = ['RQS999']\n",
    "c/f.py": SAFE,
    "d/sessionize.toml": "extend = '../b/sessionize.toml'\n",
    "d/g.py": SAFE,
    "e/sessionize.toml": "baseline = 'none.json'\n",
    "e/h.py": SAFE,
    "f/i.py": SAFE,
    "f/sessionize.toml": "per-file-ignores = {'a.py' = ['in-loop']}\n",
}
SKIPPED = ("b/c.py", "b/deep/d.py", "c/f.py", "d/g.py", "e/h.py", "f/i.py")


@pytest.mark.parametrize(
    "given", [(), ("a.py", "b", "c", "d", "e", "f"), ("e", "d/g.py", "c", "f", "b/deep", "b/own", "a.py")]
)
def test_mistake_in_a_settings_file_is_an_error_of_what_is_below_it(run: Run, given: tuple[str, ...]) -> None:
    """One line for each settings file, with its key; all other files are done."""
    write({"a.py": SAFE, **MISTAKES})
    here = Path.cwd()
    result = run("fix", "-q", *given)
    assert result.status == 2
    assert sorted(result.err.splitlines()) == [
        "b/sessionize.toml: error: unknown key 'selct', did you mean 'select'?",
        "c/pyproject.toml: error: ignore: there is no rule 'RQS999'; `sessionize rule` lists all rules",
        f"d/sessionize.toml: error: extend: {here}/b/sessionize.toml: unknown key 'selct', did you mean 'select'?",
        f"e/sessionize.toml: error: baseline: {here}/e/none.json: No such file or directory",
        "f/sessionize.toml: error: per-file-ignores: there is no rule 'in-loop', did you mean 'request-in-loop'?",
    ]
    assert {name: Path(name).read_text() for name in SKIPPED} == dict.fromkeys(SKIPPED, SAFE)
    assert Path("a.py").read_text() == Path("b/own/e.py").read_text() == FIXED


def test_mistake_of_the_command_line_stops_a_fix_before_it_begins(run: Run) -> None:
    write({"a.py": SAFE, **MISTAKES})
    for wrong in (("--config=b/sessionize.toml",), ("--session-name=1",), ("--baseline=none.json",)):
        result = run("fix", *wrong)
        assert (result.status, result.err.count("\n")) == (2, 1)
        assert Path("a.py").read_text() == SAFE


def test_mistake_in_settings_for_standard_input(run: Run) -> None:
    write(MISTAKES)
    result = run("check", "-", "--stdin-filename=b/c.py", stdin=SAFE.encode())
    here = Path.cwd()
    assert result.err == f"sessionize: {here}/b/sessionize.toml: unknown key 'selct', did you mean 'select'?\n"


def test_command_line_adds_to_extend_settings(run: Run) -> None:
    write({"sessionize.toml": "select = ['RQS2']\nextend-select = ['RQS101']\n", "a.py": SAFE})
    assert codes(run("check", "--output-format=json", "--extend-select", "RQS102")) == ["a.py:RQS101"]


@pytest.mark.parametrize("selected", [(), ("--select=RQS1",), ("--select=RQS2,request-in-loop",), ("--select=ALL",)])
def test_select(run: Run, selected: tuple[str, ...]) -> None:
    write({"a.py": SAFE})
    assert codes(run("check", "--output-format=json", *selected)) == ["a.py:RQS101"]


@pytest.mark.parametrize(
    ("selected", "found"),
    [
        ("--select=rqs1", "RQS101"),
        ("--select=Request-In-Loop", "RQS101"),
        ("--select=All", "RQS302"),
        ("--select=rqs", "RQS101"),
        ("--select=rqs,Session-Call-Without-Timeout --ignore=rqs101", "RQS302"),
        ("--ignore=rqs1", ""),
    ],
)
def test_rules_are_selected_in_any_case(run: Run, selected: str, found: str) -> None:
    write({"a.py": FIXED if found == "RQS302" else SAFE})
    assert codes(run("check", "--output-format=json", *selected.split())) == ([f"a.py:{found}"] if found else [])


def test_link_to_itself(run: Run) -> None:
    Path("loop").symlink_to("loop")
    result = run("check", "loop/a.py", "loop")
    assert result.status == 2
    assert len(result.err.splitlines()) == 3


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("chek",), "No such command 'chek'"),
        (("broken",), "a command is missing; `sessionize check broken` reports, `sessionize fix broken` rewrites"),
        (("check", "--nope"), "No such option"),
        (("check", "--fix"), "No such option '--fix': `sessionize fix` rewrites\n"),
        (("fix", "--check"), "'--check': `sessionize check` reports, `sessionize fix --diff` shows\n"),
        (("check", "--select", "RQS7,nope"), "there is no rule 'RQS7', 'nope'"),
        (("check", "--select", ""), "Invalid value for '--select': expected at least one rule"),
        (("fix", "--select", "RQS101", "--select", " ,"), "Invalid value for '--select': expected at least one rule"),
        (("config", "--extend-select="), "Invalid value for '--extend-select': expected at least one rule"),
        (("check", "--jobs", "0"), "'0' is neither a number of at least 1 nor 'auto'"),
        (("check", "--jobs", "all"), "'all' is neither"),
        (("check", "-j2", "--cluster", "tcp://localhost:1"), "--jobs and --cluster are mutually exclusive"),
        (("check", "--output-format", "xml"), "'xml' is not one of 'full', 'concise', 'json'"),
        (("check", "--select", "RQS1,E501,S113"), "there is no rule 'E501': those of sessionize begin with RQS"),
        (("rule", "s113"), "there is no rule 's113': those of sessionize begin with RQS"),
        (("check", "--select", "RSQ101"), "there is no rule 'RSQ101', did you mean 'RQS101'?"),
        (("--select", "RQS101"), "No such option '--select': `sessionize check` has it"),
        (("check", "--version"), "No such option '--version': `sessionize` has it"),
        (("check", "--unsafe-fixes"), "No such option '--unsafe-fixes': `sessionize fix` has it"),
        (("fix", "--dry-run"), "No such option '--dry-run': `sessionize fix --diff` shows"),
        (("explain", "RQS101"), "No such command 'explain': use `sessionize rule RQS101`"),
        (("gone.py",), "a command is missing; `sessionize check gone.py` reports"),
        (("check", "--select", "RQS999"), "there is no rule 'RQS999'; `sessionize rule` lists all rules"),
        (("check", "--select", "RSQ101,RQS7"), "there is no rule 'RSQ101', 'RQS7'; `sessionize rule"),
        (("check", "--statistics", "--output-format", "sarif"), "--statistics has no sarif format"),
        (("check", "--baseline", "a", "--no-baseline"), "--baseline cannot be combined with --no-baseline"),
        (("check", "--baseline", "a", "--write-baseline", "a"), "--baseline cannot be combined with"),
        (("check", "--add-noqa", "--write-baseline", "a"), "--add-noqa and --write-baseline are mutually exclusive"),
        (("check", "--add-noqa", "-"), "--add-noqa and --write-baseline need files"),
        (("check", "--write-baseline", "a", "-"), "--add-noqa and --write-baseline need files"),
        (("check", "--write-baseline", "-"), "--write-baseline needs a file, not standard output"),
        (("check", "--baseline", os.devnull), f"the command line: baseline: {os.devnull}: Not a regular file"),
        (("config", "gone.py"), "'gone.py' does not exist"),
        (("config", ""), "'' does not exist"),
        (("config", "broken"), "pyproject.toml: "),
        (("config", "unknown"), "unknown/pyproject.toml: extend-select: there is no rule"),
        (("check", "--output-file", "no/such/folder"), "'no/such/folder': No such file or directory"),
        (("check", "--files-from", "gone"), "'gone': No such file or directory"),
        (("check", "--config", "gone.toml"), "gone.toml: No such file or directory"),
        (("check", "--config", "gone.toml", "--isolated"), "--config and --isolated are mutually exclusive"),
        (("fix", ""), "empty path"),
        (("check", "-", "a.py"), "cannot be combined"),
        (("check", "-", "--files-from", "-"), "cannot be combined"),
        (("check", "--stdin-filename", "a.py"), "--stdin-filename needs -"),
        (("fix", "--rewrite-patches"), "--rewrite-patches needs --unsafe-fixes"),
        (("fix", "--rewrite-patches", "-"), "--rewrite-patches needs --unsafe-fixes"),
        (("fix", "--session-name", "1x"), "session-name: '1x'"),
        (("fix", "--session-style", "without"), "'without' is not one of 'assign', 'with'"),
        (("rule", "--all", "RQS101"), "--all cannot be combined with names"),
        (("rule", "RQS2"), "there is no rule or doubt 'RQS2', did you mean 'RQS201', 'RQS202', 'RQS203'?"),
        (("rule", "rqs9", "Reqest-In-Loop"), "did you mean 'RQS901', 'request-in-loop'?"),
        (("config", "mistyped"), "pyproject.toml: unknown key 'selct', did you mean 'select'?"),
    ],
    ids=" ".join,
)
def test_mistake_is_one_line(run: Run, args: tuple[str, ...], said: str) -> None:
    write(
        {
            "broken/pyproject.toml": "[tool.sessionize\n",
            "mistyped/pyproject.toml": "[tool.sessionize]\nselct = []\n",
            "unknown/pyproject.toml": "[tool.sessionize]\nextend-select = ['RQS9X']\n",
        }
    )
    result = run(*args)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("sessionize: ")
    assert said in result.err
    assert result.err.count("\n") == 1
    assert not Path("-").exists()


def test_no_command_prints_the_help(run: Run) -> None:
    result = run()
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("Usage: sessionize [OPTIONS]")
    assert "\n  check   Report calls that should share a session.\n" in result.err


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [(KeyboardInterrupt(), 130, "interrupted"), (OSError(28, "No space left"), 2, "[Errno 28] No space left")],
)
def test_end_in_the_middle(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, said: str
) -> None:
    def check_bytes(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(engine, "check_bytes", check_bytes)
    write({"a.py": SAFE})
    result = run("check")
    assert (result.status, result.err.strip()) == (status, f"sessionize: {said}")


# --- rule, help, version ----------------------------------------------------------------------------------------------


def test_rule(run: Run) -> None:
    result = run("rule", "RQS901", "request-in-loop", "rqs102")
    headings = [line for line in result.out.splitlines() if line.startswith("# ")]
    assert headings == ["# syntax-error (RQS901)", "# request-in-loop (RQS101)", "# repeated-requests (RQS102)"]
    assert (result.status, result.err) == (0, "")


def test_rules_are_listed(run: Run) -> None:
    *rules, doubts = run("rule").out.splitlines()
    assert rules == [f"{rule.code}  {rule.name}" for rule in RULES]
    assert doubts == f"doubts: {', '.join(kind.name for kind in KINDS)}"


def test_rule_all(run: Run) -> None:
    pages = run("rule", "--all").out
    for rule in RULES:
        assert f"# {rule.name} ({rule.code})\n\n{rule.page}\n" in pages


def test_help_and_version(run: Run) -> None:
    assert "check" in run("-h").out
    helped = " ".join(run("fix", "--help").out.split())
    assert "--diff" in helped
    assert "codes, prefixes, names or ALL" in helped
    assert "Skip the findings that this file lists." in helped
    for default in ("auto", "assign", "session", "full"):
        assert f"[default: {default}]" in helped
    assert run("--version").out.startswith("sessionize, version ")


# --- config -----------------------------------------------------------------------------------------------------------


def test_config_is_a_settings_file(run: Run) -> None:
    write(
        {
            "pyproject.toml": "[tool.sessionize]\nextend-exclude = ['old/*.py']\nignore = ['RQS102']\n",
            "a\x1b/sessionize.toml": """
                extend = "../pyproject.toml"
                session-name = "http"
                per-file-ignores = { "a\\u00e9.py" = ["RQS1", "RQS201"] }
            """,
            "a\x1b/b.py": "",
        }
    )
    result = run("config", "a\x1b/b.py", "--session-style=with", "--extend-exclude=gen", "--unsafe-fixes")
    assert (result.status, result.err) == (0, "")
    here = Path.cwd()
    lines = dict(line.split(" = ", maxsplit=1) for line in result.out.splitlines() if "=" in line)
    assert lines["select"] == '["RQS"]  # default'
    assert lines["ignore"] == f'["RQS102"]  # {here}/pyproject.toml'
    assert lines["session-name"] == f'"http"  # {here}/a\\x1b/sessionize.toml'
    assert lines["session-style"] == '"with"  # the command line'
    assert lines["extend-exclude"] == f'["old/*.py", "gen"]  # {here}/pyproject.toml, the command line'
    assert lines["force-exclude"] == "false  # default"
    assert "# baseline is not set" in result.out.splitlines()
    Path("shown.toml").write_text(result.out, encoding="latin-1")
    Path("shown.json").write_text(run("config", "--config", "shown.toml", "--output-format=json").out)
    said = json.loads(run("config", "a\x1b", "--output-format=json").out)
    again = json.loads(Path("shown.json").read_text())
    assert {key for key in said if said[key]["value"] != again[key]["value"]} == {
        "extend-exclude",
        "session-style",
        "unsafe-fixes",
    }
    assert said["session-name"] == {"value": "http", "from": [f"{here}/a\x1b/sessionize.toml"]}
    assert said["select"] == {"value": ["RQS"], "from": []}


def test_config_without_a_file(run: Run) -> None:
    write({"sessionize.toml": "session-name = 'http'\nbaseline = 'known.json'\n"})
    assert '"http"' not in run("config", "--isolated").out
    assert run("config").status == 2
    assert f'"http"  # {Path.cwd()}/sessionize.toml' in run("config", "--no-baseline").out
    run("check", "--write-baseline", "known.json")
    assert f'baseline = "{Path.cwd()}/known.json"' in run("config").out


def test_config_schema(run: Run) -> None:
    assert json.loads(run("config", "--schema").out) == schema()


# --- as a program -----------------------------------------------------------------------------------------------------


def test_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["sessionize", "rule", "none"])
    home = str(Path(cli.__file__).parents[1])
    for path in ([home, "/a"], ["/current", home]):
        monkeypatch.setattr(sys, "path", [*path, *sys.path])
        with pytest.raises(SystemExit) as exit_info:
            runpy.run_module("sessionize", run_name="__main__", alter_sys=False)
        assert exit_info.value.code == 2
        assert sys.path[0] == home


def test_reader_that_goes_away(tmp_path: Path) -> None:
    write({str(tmp_path / "a.py"): SAFE})
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "sessionize", "check", str(tmp_path)]
    result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (result.returncode, result.stderr) == (1, b"")


@pytest.mark.parametrize(("stream", "args"), [("stdout", ["check"]), ("stderr", ["check"]), ("stdin", ["check", "-"])])
def test_closed_stream(run: Run, monkeypatch: pytest.MonkeyPatch, stream: str, args: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["sessionize", *args])
    monkeypatch.setattr(sys, stream, None)
    assert cli.main() == (2 if stream == "stdin" else 0)


def test_encoding_that_lacks_a_character(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(SAFE.replace("https", "日本"), encoding="utf-8")
    command = [sys.executable, "-m", "sessionize", "check", str(file)]
    result = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert result.returncode == 1
    assert b'requests.get(f"\\u65e5\\u672c://' in result.stdout


# --- many files by many processes -------------------------------------------------------------------------------------


def many(number: int = 40) -> dict[str, str]:
    kinds = [SAFE, UNSAFE, BROKEN, "print('requests')\n", "import os\n"]
    return {f"{index:02}/a.py": kinds[index % len(kinds)] for index in range(number)}


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("args", [("check",), ("check", "--output-format=json"), ("fix", "--diff")], ids=" ".join)
def test_jobs_change_nothing(run: Run, args: tuple[str, ...]) -> None:
    write(many())
    alone = run(*args, "-j1", ".", "gone.py")
    assert alone.status == 2
    assert run(*args, "-j3", ".", "gone.py") == alone
    assert run(*args, "--jobs=auto", ".", "gone.py") == alone


def test_jobs_fix_the_same(run: Run) -> None:
    write({f"{name}/{path}": text for name in ("one", "two") for path, text in many().items()})
    one, two = run("fix", "-q", "-j1", "one"), run("fix", "-q", "-j2", "two")
    assert (one.status, one.out) == (2, two.out.replace("two/", "one/"))
    assert [path.read_text() for path in sorted(Path("one").rglob("*.py"))] == [
        path.read_text() for path in sorted(Path("two").rglob("*.py"))
    ]


def test_workers_are_used_where_it_pays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    processes = pool.processes

    def counted(workers: int, work: Any) -> Any:
        used.append(workers)
        return processes(workers, work)

    monkeypatch.setattr(pool, "processes", counted)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    write({"a.py": SAFE, "b.py": SAFE, "c.py": SAFE})
    run("check", "-j8", "a.py")
    run("check")
    assert used == []
    monkeypatch.setattr(workers, "BYTES_FOR_WORKERS", 10)
    run("check", "-q")
    run("check", "-q", "-j8")
    assert used == [2, 3]


def test_large_files_begin_first() -> None:
    sizes = dict(enumerate([1, 500, *[1] * 30, 900, 90]))
    tasks = [(number, f"{number}.py", Settings()) for number in sizes]
    bunches = list(workers._bunches(tasks, sizes, workers=1))
    assert [[number for number, *_ in bunch] for bunch in bunches[:2]] == [[32], [1]]
    assert [sum(sizes[number] for number, *_ in bunch) for bunch in bunches[2:]] == [96, 8, 8, 8, 1]
    assert sorted(task for bunch in bunches for task in bunch) == tasks


def test_file_that_ends_its_process(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    check_bytes = engine.check_bytes

    def killed(data: bytes, name: str, settings: Settings, **options: Any) -> Report:
        if name == "b.py":
            os.kill(os.getpid(), signal.SIGKILL)
        return check_bytes(data, name, settings, **options)

    monkeypatch.setattr(engine, "check_bytes", killed)
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # a fork knows of that, whatever other tests left running
    write({f"{name}.py": SAFE for name in "abcd"})
    result = run("check", "-j2", "--output-format=json")
    assert result.status == 2
    assert codes(result) == ["a.py:RQS101", "c.py:RQS101", "d.py:RQS101"]
    assert result.err.startswith("b.py: error: its worker process died\n")


def test_cluster_without_dask(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    write({"a.py": SAFE})
    result = run("check", "--cluster", "tcp://127.0.0.1:1")
    assert result == Result(2, "", "sessionize: --cluster needs Dask; install sessionize with its extra `cluster`\n")


@contextmanager
def threads(address: str) -> Iterator[tuple[pool.Executors[Any], int, tuple[type[Exception], ...]]]:
    yield lambda work: (ThreadPoolExecutor(2), work), 2, ()


@pytest.mark.parametrize("elsewhere", [(), ("--cluster", "tcp://127.0.0.1:1")])
def test_file_that_vanishes(run: Run, monkeypatch: pytest.MonkeyPatch, elsewhere: tuple[str, ...]) -> None:
    def look(data: bytes, filename: str) -> bool:
        Path("a.py").unlink(missing_ok=True)
        return b"requests" in data

    monkeypatch.setattr(runs, "may_have_findings", look)
    monkeypatch.setattr(cluster, "connected", threads)
    write({"a.py": SAFE, "b.py": SAFE})
    result = run("check", "--output-format=json", *elsewhere)
    assert (result.status, codes(result)) == (2, ["b.py:RQS101"])
    assert result.err.startswith("a.py: error: No such file or directory\n")


def test_progress(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.py": SAFE, "b.py": SAFE})
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert "Files" not in run("check").err
    monkeypatch.setattr(output, "PATIENCE", -1)
    assert "Files  [####################################]  100%" in run("check").err
    assert "Files" not in run("check", "--quiet").err


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A fix that has begun, and its workers."""
    for number in range(40):
        (tmp_path / f"{number:02}.py").write_text("import requests\n" + "requests.get(url)\n" * 200)
    command = [sys.executable, "-m", "sessionize", "fix", "-j2", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while len(children.read_text().split()) < 2 or not any(map(changed, tmp_path.iterdir())):
            time.sleep(0.01)
        yield process, [int(pid) for pid in children.read_text().split()]
        process.kill()


def changed(path: Path) -> bool:
    return "Session" in path.read_text()


@pytest.mark.slow
def test_interrupt_ends_the_workers(busy: tuple[subprocess.Popen[bytes], list[int]], tmp_path: Path) -> None:
    """Ctrl-C, which goes to all processes of the terminal."""
    process, _ = busy
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (130, b"", b"sessionize: interrupted")
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == [f"{number:02}.py" for number in range(40)]
    assert not all(map(changed, files))
    assert all(path.read_text().count("(url)\n") == 200 for path in files)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_run(busy: tuple[subprocess.Popen[bytes], list[int]], number: int) -> None:
    process, workers = busy
    process.send_signal(number)
    process.wait(timeout=30)
    late = time.monotonic() + 30
    while any(map(alive, workers)) and time.monotonic() < late:
        time.sleep(0.01)
    assert not any(map(alive, workers))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
