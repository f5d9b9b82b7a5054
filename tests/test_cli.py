"""The command line as a user meets it: what is printed where, exit statuses, no tracebacks."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from sessionize import cli, engine, pool, run as runs
from sessionize.config import Settings
from sessionize.rules import RULES

SAFE = """\
import requests
for year in years:
    requests.get(f"https://example.com/{year}")
"""
FIXED = """\
import requests
session = requests.Session()
for year in years:
    session.get(f"https://example.com/{year}")
"""
UNSAFE = SAFE.replace('")', '", proxies=proxies)')
BROKEN = "import requests\nfor year in\n"
SAFE_SUMMARY = "Found 1 call to fix in 1 file: 1 with `sessionize fix`.\n"


@dataclass
class Result:
    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs the command line in an empty folder. Its output is read as latin-1, which shows every byte as it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(*args: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "argv", ["sessionize", *args])
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(stdin)))
        status = cli.main()
        return Result(status, *(text.decode("latin-1") for text in capfdbinary.readouterr()))

    return run


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="latin-1", newline="")


def codes(result: Result) -> list[str]:
    return [f"{found['filename']}:{found['code']}" for found in json.loads(result.out)]


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
        "Found 2 calls to fix in 2 files: 1 with `sessionize fix`, 1 only with `sessionize fix --unsafe-fixes`.\n"
    )
    assert Path("a.py").read_text() == SAFE


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


def test_output_file(run: Run) -> None:
    write({"a.py": SAFE})
    result = run("check", "--output-format", "concise", "--output-file", "found.txt")
    assert (result.out, result.err) == ("", SAFE_SUMMARY)
    assert Path("found.txt").read_text().startswith("a.py:3:5: RQS101 [*] ")


# --- fix --------------------------------------------------------------------------------------------------------------


def test_fix(run: Run) -> None:
    write({"a.py": SAFE, "b.py": UNSAFE})
    result = run("fix", "--output-format", "concise")
    assert (result.status, result.out.split("`")[0]) == (1, "b.py:3:5: RQS101 [unsafe] ")
    assert result.err == (
        "Fixed 1 call in 1 file. Left 1 call to fix in 1 file: 1 only with `sessionize fix --unsafe-fixes`.\n"
    )
    assert Path("a.py").read_text() == FIXED
    assert Path("b.py").read_text() == UNSAFE
    assert run("fix", "--unsafe-fixes") == Result(0, "", "Fixed 1 call in 1 file.\n")
    assert run("fix", "--unsafe-fixes") == Result(0, "", "All checks passed!\n")


def test_fix_options(run: Run) -> None:
    write({"a.py": SAFE})
    assert run("fix", "--session-style=with", "--session-name=http", "--cookies=isolate").status == 0
    assert Path("a.py").read_text() == (
        "import requests\n"
        "from http.cookiejar import DefaultCookiePolicy\n"
        "with requests.Session() as http:\n"
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
    assert [line.split("`")[0] for line in result.err.splitlines()] == [
        "b.py:3:5: RQS101 [unsafe] ",
        "pipe.py: error: Not a regular file",
        "Would fix 1 call in 1 file. Left 1 call to fix in 1 file: 1 only with ",
    ]
    assert Path("a.py").read_text(encoding="latin-1") == source
    assert run("fix", "--diff", "a.py").status == 1
    assert run("fix", "--diff", "--exit-zero", "a.py").status == 0
    assert run("fix", "--diff", "clean.py") == Result(0, "", "All checks passed!\n")


def test_diff_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.py": SAFE.replace("years", "'\x1b[2J'")})
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lines = run("fix", "--diff").out.splitlines()
    assert "\x1b[32m+session = requests.Session()\x1b[0m" in lines
    assert " for year in '\\x1b[2J':\x1b[0m" in lines
    monkeypatch.setenv("NO_COLOR", "1")
    assert "+session = requests.Session()" in run("fix", "--diff").out.splitlines()


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
    assert result == Result(0, source(FIXED).decode("latin-1"), "Fixed 1 call in 1 file.\n")


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


def test_mistake_in_settings_stops_a_fix_before_it_begins(run: Run) -> None:
    write({"a.py": SAFE, "b/sessionize.toml": "selct = []\n", "b/c.py": SAFE})
    assert run("fix").status == 2
    assert Path("a.py").read_text() == SAFE


def test_command_line_adds_to_extend_settings(run: Run) -> None:
    write({"sessionize.toml": "select = ['RQS2']\nextend-select = ['RQS101']\n", "a.py": SAFE})
    assert codes(run("check", "--output-format=json", "--extend-select", "RQS102")) == ["a.py:RQS101"]


@pytest.mark.parametrize("selected", [(), ("--select=RQS1",), ("--select=RQS2,request-in-loop",), ("--select=ALL",)])
def test_select(run: Run, selected: tuple[str, ...]) -> None:
    write({"a.py": SAFE})
    assert codes(run("check", "--output-format=json", *selected)) == ["a.py:RQS101"]


def test_link_to_itself(run: Run) -> None:
    Path("loop").symlink_to("loop")
    result = run("check", "loop/a.py", "loop")
    assert result.status == 2
    assert len(result.err.splitlines()) == 3


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "Missing command."),
        (("chek",), "No such command 'chek'"),
        (("check", "--nope"), "No such option"),
        (("check", "--select", "RQS7,nope"), "there is no rule 'RQS7', 'nope'"),
        (("check", "--jobs", "0"), "'0' is neither a number from 1 nor 'auto'"),
        (("check", "--jobs", "all"), "'all' is neither"),
        (("check", "-j2", "--cluster", "tcp://localhost:1"), "--jobs and --cluster exclude each other"),
        (("check", "--output-format", "xml"), "'xml' is not one of 'full', 'concise', 'json'"),
        (("check", "--output-file", "no/such/folder"), "'no/such/folder': No such file or directory"),
        (("check", "--files-from", "gone"), "'gone': No such file or directory"),
        (("check", "--config", "gone.toml"), "gone.toml: No such file or directory"),
        (("check", "--config", "gone.toml", "--isolated"), "--config and --isolated exclude each other"),
        (("fix", ""), "a path is empty"),
        (("check", "-", "a.py"), "cannot be combined"),
        (("check", "-", "--files-from", "-"), "cannot be combined"),
        (("check", "--stdin-filename", "a.py"), "--stdin-filename needs -"),
        (("fix", "--session-name", "1x"), "session-name: '1x'"),
        (("fix", "--session-style", "without"), "'without' is not one of 'assign', 'with'"),
        (("rule",), "give the code or the name of a rule, or --all"),
        (("rule", "--all", "RQS101"), "give the code or the name of a rule, or --all"),
        (("rule", "RQS1"), "there is no rule 'RQS1'"),
        (("check", "broken"), "pyproject.toml: "),
        (("check", "mistyped"), "pyproject.toml: unknown key 'selct', did you mean 'select'?"),
        (("check", "unknown"), "pyproject.toml: there is no rule 'RQS9X'"),
        (("check", "unknown-for-files"), "pyproject.toml: there is no rule 'RQSX'"),
    ],
    ids=" ".join,
)
def test_mistake_is_one_line(run: Run, args: tuple[str, ...], said: str) -> None:
    write(
        {
            "broken/pyproject.toml": "[tool.sessionize\n",
            "mistyped/pyproject.toml": "[tool.sessionize]\nselct = []\n",
            "unknown/pyproject.toml": "[tool.sessionize]\nextend-select = ['RQS9X']\n",
            "unknown-for-files/pyproject.toml": "[tool.sessionize]\nper-file-ignores = {'a.py' = ['RQSX']}\n",
        }
    )
    result = run(*args)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("sessionize: ")
    assert said in result.err
    assert result.err.count("\n") == 1


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


def test_rule_all(run: Run) -> None:
    pages = run("rule", "--all").out
    for rule in RULES:
        assert f"# {rule.name} ({rule.code})\n\n{rule.page}\n" in pages


def test_help_and_version(run: Run) -> None:
    assert "check" in run("-h").out
    assert "--diff" in run("fix", "--help").out
    assert run("--version").out.startswith("sessionize, version ")


# --- as a program -----------------------------------------------------------------------------------------------------


def test_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["sessionize", "rule"])
    with pytest.raises(SystemExit) as exit_info:
        runpy.run_module("sessionize", run_name="__main__", alter_sys=False)
    assert exit_info.value.code == 2


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

    def counted(workers: int) -> ProcessPoolExecutor:
        used.append(workers)
        return processes(workers)

    monkeypatch.setattr(pool, "processes", counted)
    monkeypatch.setattr(runs, "_usable_cpus", lambda: 2)
    write({"a.py": SAFE, "b.py": SAFE, "c.py": SAFE})
    run("check", "-j8", "a.py")
    run("check")
    assert used == []
    monkeypatch.setattr(runs, "BYTES_FOR_WORKERS", 10)
    run("check", "-q")
    run("check", "-q", "-j8")
    assert used == [2, 3]


def test_file_that_ends_its_process(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    check_bytes = engine.check_bytes

    def killed(data: bytes, name: str, settings: Settings, *, with_edits: bool = False) -> engine.Report:
        if name == "b.py":
            os.kill(os.getpid(), signal.SIGKILL)
        return check_bytes(data, name, settings, with_edits=with_edits)

    monkeypatch.setattr(engine, "check_bytes", killed)
    write({f"{name}.py": SAFE for name in "abcd"})
    result = run("check", "-j2", "--output-format=json")
    assert result.status == 2
    assert codes(result) == ["a.py:RQS101", "c.py:RQS101", "d.py:RQS101"]
    assert result.err.startswith("b.py: error: the process that worked on it died\n")


def test_cluster_without_dask(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    write({"a.py": SAFE})
    result = run("check", "--cluster", "tcp://127.0.0.1:1")
    assert result == Result(2, "", "sessionize: --cluster needs Dask; install sessionize with its extra `cluster`\n")


def test_progress(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.py": SAFE, "b.py": SAFE})
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert "Files" not in run("check").err
    monkeypatch.setattr(runs, "PATIENCE", -1)
    assert "Files  [####################################]  100%" in run("check").err
    assert "Files" not in run("check", "--quiet").err


def test_interrupt_ends_the_workers(tmp_path: Path) -> None:
    """Ctrl-C, which goes to all processes of the terminal."""
    for number in range(4):
        (tmp_path / f"{number}.py").write_text("import requests\n" + "requests.get(url)\n" * 4000)
    command = [sys.executable, "-m", "sessionize", "fix", "-j2", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while len(children.read_text().split()) < 2:
        time.sleep(0.01)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=5)
    assert (process.returncode, err.strip()) == (130, b"sessionize: interrupted")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.py", "1.py", "2.py", "3.py"]
