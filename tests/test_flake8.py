"""The plugin in the real flake8: selection, comments, processes, standard input, settings. More in test_fixtures.py."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from flake8.main.cli import main

LOOP = "import requests\n\nwhile True:\n    requests.get(url)\n"
TWO = LOOP + "    requests.get(url){comment}\n"
SPAWN = """
import multiprocessing, sys
from flake8.main.cli import main
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capfd: pytest.CaptureFixture[str], *args: str) -> list[str]:
    """What flake8 prints, without the messages."""
    main(["--isolated", *args])
    return [" ".join(line.split()[:2]) for line in capfd.readouterr().out.splitlines()]


def program(*args: str, stdin: str = "", command: tuple[str, ...] = ("-m", "flake8")) -> list[str]:
    run = subprocess.run([sys.executable, *command, *args], input=stdin, capture_output=True, encoding="utf-8")
    assert run.stderr == ""
    return run.stdout.splitlines()


def test_on_by_default_and_named(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "a.py").write_text(LOOP)
    assert said(capfd, "a.py") == ["a.py:4:5: RQS101", "a.py:4:18: F821"]
    with pytest.raises(SystemExit):
        main(["--version"])
    assert "sessionize: " in capfd.readouterr().out


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        (["--select=RQS"], "RQS101 RQS201"),
        (["--select=F"], "F821"),
        (["--select=RQS2,F"], "F821 RQS201"),
        (["--extend-select=RQS101"], "F821 RQS101 RQS201"),
        (["--extend-ignore=RQS,E"], "F821"),
        (["--ignore=RQS101,F,E"], "RQS201"),
        (["--select=RQS", "--per-file-ignores=a.py:RQS101"], "RQS201"),
        (["--select=RQS", "--per-file-ignores=b.py:RQS101"], "RQS101 RQS201"),
    ],
    ids=str,
)
def test_selection(here: Path, capfd: pytest.CaptureFixture[str], options: list[str], codes: str) -> None:
    (here / "a.py").write_text(LOOP.replace("(url)", "(url, headers={'A': 'b'})"))
    assert " ".join(sorted(line.split()[1] for line in said(capfd, *options, "a.py"))) == codes


@pytest.mark.parametrize(
    ("comment", "rows"),
    [
        ("", [4, 5]),
        ("  # noqa", [4]),
        ("  # noqa: RQS101", [4]),
        ("  # noqa: RQS", [4]),
        ("  # noqa: E501", [4, 5]),
        ("\n# flake8: noqa", []),
    ],
)
def test_comments(here: Path, capfd: pytest.CaptureFixture[str], comment: str, rows: list[int]) -> None:
    (here / "a.py").write_text(TWO.format(comment=comment))
    assert said(capfd, "--select=RQS", "a.py") == [f"a.py:{row}:5: RQS101" for row in rows]
    assert said(capfd, "--select=RQS", "--disable-noqa", "a.py") == ["a.py:4:5: RQS101", "a.py:5:5: RQS101"]


@pytest.mark.parametrize(
    ("comment", "rows"), [("  # ruff: ignore[RQS101]", [4]), ("  # ruff: ignore[E501]", [4, 5]), ("\n# ruff: noqa", [])]
)
def test_comments_for_ruff_hold_here_too(
    here: Path, capfd: pytest.CaptureFixture[str], comment: str, rows: list[int]
) -> None:
    """flake8 does not know them, and `--disable-noqa` does not speak of them."""
    (here / "a.py").write_text(TWO.format(comment=comment))
    assert said(capfd, "--select=RQS", "--disable-noqa", "a.py") == [f"a.py:{row}:5: RQS101" for row in rows]


def test_a_comment_behind_a_string_of_several_lines(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "a.py").write_text(TWO.format(comment=" + '''\n'''  # noqa: RQS101"))
    assert said(capfd, "--select=RQS", "a.py") == ["a.py:4:5: RQS101"]


def test_marks_tell_what_a_fix_would_do(here: Path) -> None:
    (here / "a.py").write_text(LOOP)
    (here / "b.py").write_text(LOOP.replace("(url)", "(url, proxies=proxies)"))
    (here / "c.py").write_text(LOOP.replace("(url)", "(url, 1, 2)"))
    marks = [line.split("RQS101 ")[1].split(" ")[0] for line in program("--isolated", "--select=RQS", ".")]
    assert marks == ["[*]", "[unsafe]", "`requests.get`"]


@pytest.mark.slow
def test_processes(here: Path) -> None:
    for number in range(20):
        (here / f"m{number:02}.py").write_text("\n" * number + LOOP)
    options = ("--isolated", "--select=RQS", ".")
    expected = program("-j1", *options)
    assert len(expected) == 20
    assert program("-j2", *options) == expected
    assert program("-j2", *options, command=("-c", SPAWN)) == expected


def test_standard_input(here: Path) -> None:
    (here / "sub").mkdir()
    (here / "sub/pyproject.toml").write_text("[tool.sessionize]\nhoist = []\n")
    source = LOOP.replace("(url)", "(url, headers={'A': 'b'})")
    command = ("--isolated", "--select=RQS", "--format=%(path)s:%(row)d:%(col)d %(code)s", "-")
    assert program(*command, stdin=source) == ["stdin:4:5 RQS101", "stdin:4:5 RQS201"]
    assert program(*command, "--stdin-display-name=sub/é.py", stdin=source) == ["sub/é.py:4:5 RQS101"]


def test_settings_of_the_nearest_folder_but_not_their_selection(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for folder, settings in (
        ("a", "ignore = ['RQS']"),
        ("b", "hoist = []"),
        ("c", "per-file-ignores = {'*' = ['RQS']}"),
    ):
        (here / folder).mkdir()
        (here / folder / "pyproject.toml").write_text(f"[tool.sessionize]\n{settings}\n")
        (here / folder / "m.py").write_text(LOOP.replace("(url)", "(url, headers={'A': 'b'})"))
    assert said(capfd, "--select=RQS", "a", "b", "c") == [
        "a/m.py:4:5: RQS101",
        "a/m.py:4:5: RQS201",
        "b/m.py:4:5: RQS101",
        "c/m.py:4:5: RQS101",
        "c/m.py:4:5: RQS201",
    ]


def test_tests_of_the_project_that_replace_requests(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "setup.cfg").write_text("")
    (here / "a.py").write_text(LOOP)
    (here / "test_a.py").write_text("import a\nfrom unittest import mock\nmock.patch('requests.get')\n")
    assert said(capfd, "--select=RQS", "a.py") == ["a.py:4:5: RQS101", "a.py:4:5: RQS301"]


def test_settings_that_cannot_be_used_end_the_run(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "pyproject.toml").write_text("[tool.sessionize]\ncookie = 'share'\n")
    (here / "a.py").write_text("import os\n")
    assert said(capfd, "--select=RQS", "a.py") == []
    (here / "a.py").write_text(LOOP)
    (here / "b.py").write_text(LOOP)
    for jobs in ("-j1", "-j2"):  # in a process of its own: this one has threads, and may not fork
        command = [sys.executable, "-m", "flake8", "--isolated", "--select=RQS", jobs, "."]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
        assert done.returncode == 1
        assert "failed during execution" in done.stdout
        assert "pyproject.toml: unknown key 'cookie', did you mean 'cookies'?" in done.stdout


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"\xef\xbb\xbf" + LOOP.encode(), "4:5"),
        (LOOP.replace("\n", "\r\n").encode(), "4:5"),
        (LOOP.replace("\n", "\r").encode(), "4:5"),
        (b"# coding: latin-1\n" + LOOP.replace("requests.get", "'\xe4', requests.get").encode("latin-1"), "5:10"),
        (LOOP.replace("requests.get", "'\U0001f600', requests.get").encode(), "4:10"),
        (LOOP.replace("requests.get", "\uff52equests.get").encode(), "4:5"),
        (LOOP.replace("requests", "\uff52equests").encode(), "4:5"),
    ],
    ids=["mark", "crlf", "cr", "latin-1", "wide", "compatible letter", "only compatible letters"],
)
def test_bytes(here: Path, capfd: pytest.CaptureFixture[str], data: bytes, place: str) -> None:
    (here / "a.py").write_bytes(data)
    assert said(capfd, "--select=RQS", "a.py") == [f"a.py:{place}: RQS101"]


def test_a_file_that_python_cannot_read_is_left_to_flake8(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "a.py").write_text("import requests\nprint 'x'\n")
    assert [line.split()[1] for line in said(capfd, "--select=E9,RQS", "a.py")] == ["E999"]


def test_nothing_is_loaded_for_files_that_do_not_mention_requests(here: Path) -> None:
    (here / "a.py").write_text("import os\n\nos.remove(name)\n")
    check = (
        "import sys; from flake8.main.cli import main; main(['a.py']); print('sessionize.engine.check' in sys.modules)"
    )
    assert program(command=("-c", check))[-1] == "False"
    (here / "a.py").write_text(LOOP)
    assert program(command=("-c", check))[-1] == "True"
    assert program(command=("-c", check.replace("sessionize.engine.check", "libcst")))[-1] == "False"


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_as_before(here: Path, capfd: pytest.CaptureFixture[str], *, collects: bool) -> None:
    seen = []

    def check_tree(*_args: object, **_options: object) -> tuple[()]:
        seen.append(gc.isenabled())
        return ()

    (here / "a.py").write_text(LOOP)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sessionize.engine.check.check_tree", check_tree)
        (gc.enable if collects else gc.disable)()
        try:
            said(capfd, "-j1", "a.py")
            assert (seen, gc.isenabled()) == ([False], collects)
        finally:
            gc.enable()
