"""`fix --interactive`, as it is used: questions on a terminal, and what of the answers is written."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import click
import pytest
from command import FIXED, SAFE, UNSAFE, Result, Run, write

from sessionize import cli
from sessionize.engine.fix import fix_bytes, offers
from sessionize.engine.results import Report
from sessionize.files.settings import Settings
from sessionize.fixes.outcome import Fix
from sessionize.run import interactive

SECOND = """\

def archive(names):
    for name in names:
        requests.head("https://example.com/archive", params={"name": name})
"""
TWO = SAFE + SECOND
FIRST_FIXED = FIXED + SECOND
# The name is the one that it has beside the other fix: what is shown is what is written.
SECOND_FIXED = SAFE + SECOND.replace("    for", "    session_2 = requests.Session()\n    for").replace(
    "requests.head", "session_2.head"
)
BOTH_FIXED = FIXED + SECOND_FIXED.removeprefix(SAFE)
QUESTION = "[?] "

Ask = Callable[..., Result]


class Typed(BytesIO):
    """What a user types at a terminal; `\\x03` is Ctrl-C."""

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if line == b"\x03\n":
            raise KeyboardInterrupt
        return line


@pytest.fixture
def ask(run: Run, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Ask:
    """Runs `fix --interactive` in an empty folder; each of the answers is a line."""

    def ask(*args: str, answers: str = "") -> Result:
        monkeypatch.setattr(sys, "argv", ["sessionize", "fix", "-i", "--output-format=concise", *args])
        monkeypatch.setattr(
            sys, "stdin", TextIOWrapper(Typed("".join(f"{line}\n" for line in answers.split()).encode()))
        )
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        monkeypatch.setenv("NO_COLOR", "1")
        status = cli.main()
        return Result(status, *(text.decode() for text in capfdbinary.readouterr()))

    return ask


def text(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "after", "status"),
    [
        ("y y", BOTH_FIXED, 0),
        ("YES no", FIRST_FIXED, 1),
        ("n y", SECOND_FIXED, 1),
        ("n n", TWO, 1),
        ("all", BOTH_FIXED, 0),
        ("n a", SECOND_FIXED, 1),
        ("y q", FIRST_FIXED, 1),
        ("q", TWO, 1),
        ("y", TWO, 1),
        ("y \x03", TWO, 1),
    ],
    ids=["both", "first", "second", "none", "all", "all-from-second", "quit-second", "quit-first", "end", "ctrl-c"],
)
def test_what_is_accepted_is_written(ask: Ask, answers: str, after: str, status: int) -> None:
    write({"a.py": TWO})
    result = ask(answers=answers)
    assert (text("a.py"), result.status) == (after, status)
    # What is left is told on standard output, the talk is not.
    assert result.out.count("RQS101") == after.count("requests.get") + after.count("requests.head")
    assert not result.out.count(QUESTION)


def test_a_fix_is_shown_as_a_diff_before_the_question(ask: Ask) -> None:
    write({"a.py": TWO})
    shown, _, rest = ask(answers="y n").err.partition(QUESTION)
    title, message, *diff, question = shown.split("\n")
    assert title == "a.py:3:5: RQS101, fix 1 of 2"
    assert message.startswith("Use one `requests.Session` for all iterations")
    assert [line for line in diff if line[:1] in ("+", "-")] == [
        "--- a.py",
        "+++ a.py",
        "+session = requests.Session()",
        '-    requests.get(f"https://example.com/{year}")',
        '+    session.get(f"https://example.com/{year}")',
    ]
    assert question == "Make this fix? [y]es, [n]o, [a]ll, [A]LL, [q]uit, [e]xplain, "
    assert rest.startswith("a.py:7:9: RQS101, fix 2 of 2\n")
    assert rest.endswith("Left 1 call to fix in 1 file: 1 left out.\n")


@pytest.mark.parametrize("typed", ["?", "x", "yess", "é"])
def test_other_answers_list_the_keys(ask: Ask, typed: str) -> None:
    write({"a.py": SAFE})
    result = ask(answers=f"{typed} y")
    assert result.err.count(QUESTION) == 2
    for word, meaning in interactive.ANSWERS.items():
        assert f"  {word[0]}, {word:8} {meaning}\n" in result.err
    assert text("a.py") == FIXED


def test_explain_tells_the_rule_and_the_doubts_and_asks_again(ask: Ask) -> None:
    write({"a.py": UNSAFE})
    result = ask("--unsafe-fixes", answers="e n")
    assert result.err.count(QUESTION) == 2
    rule, doubt, more, *_ = result.err.split(QUESTION)[1].split("\n")
    assert rule.startswith("  RQS101: Finds calls of `requests.get`, `requests.post`, ... that a loop repeats")
    assert doubt.startswith("  proxies: A call passes `proxies=`")
    assert more == "  More: sessionize rule RQS101 proxies"
    assert text("a.py") == UNSAFE


def test_unsafe_fixes_are_offered_only_if_asked_for_and_marked(ask: Ask) -> None:
    write({"a.py": UNSAFE})
    assert QUESTION not in ask().err
    result = ask("--unsafe-fixes", answers="y")
    assert "a.py:3:5: RQS101, fix 1 of 1 (unsafe)\n" in result.err
    assert "Make this unsafe fix? " in result.err
    assert (result.status, "session.get(" in text("a.py")) == (0, True)


# --- several files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["A", "ALL"])
def test_all_in_capitals_holds_for_the_files_that_follow(ask: Ask, typed: str) -> None:
    write({"a.py": SAFE, "b.py": TWO, "c.py": SAFE})
    result = ask("-j", "2", answers=f"n {typed}")
    assert result.err.count(QUESTION) == 2
    assert [text(name) for name in ("a.py", "b.py", "c.py")] == [SAFE, BOTH_FIXED, FIXED]


@pytest.mark.parametrize("typed", ["a", "all"])
def test_all_holds_for_one_file(ask: Ask, typed: str) -> None:
    write({"a.py": TWO, "b.py": TWO, "c.py": SAFE})
    result = ask(answers=f"{typed} n y n")
    assert result.err.count(QUESTION) == 4
    assert [text(name) for name in ("a.py", "b.py", "c.py")] == [BOTH_FIXED, SECOND_FIXED, SAFE]


@pytest.mark.parametrize(("end", "second"), [("q", FIRST_FIXED), ("\x03", TWO), ("", TWO)], ids=["q", "ctrl-c", "end"])
def test_earlier_files_stay_written_when_the_user_stops(ask: Ask, end: str, second: str) -> None:
    write({"a.py": SAFE, "b.py": TWO, "c.py": SAFE})
    result = ask(answers=f"y y {end}")
    assert [text(name) for name in ("a.py", "b.py", "c.py")] == [FIXED, second, SAFE]
    assert "Stopped; what was accepted before is written.\n" in result.err
    assert result.status == 1
    assert "c.py:3:5: RQS101" in result.out
    assert "Left 2 calls" in result.err if end == "q" else "Left 3 calls" in result.err


def test_stopped_before_anything_was_accepted(ask: Ask) -> None:
    write({"a.py": SAFE})
    assert "Stopped; nothing was written.\n" in ask(answers="q").err
    assert "Stopped" not in ask("-q", answers="q").err


def test_broken_files_are_told_and_not_asked_about(ask: Ask) -> None:
    write({"a.py": "import requests\nfor year in\n", "b.py": SAFE})
    result = ask(answers="y")
    assert (result.status, text("b.py")) == (2, FIXED)
    assert "a.py:2:12: RQS901" in result.out


def test_notebooks_are_shown_by_their_cells(ask: Ask) -> None:
    cells = [{"cell_type": "code", "source": source} for source in ("import requests", TWO.partition("\n")[2])]
    write({"a.ipynb": json.dumps({"cells": cells, "nbformat": 4})})
    result = ask(answers="e y n")
    assert "\n--- a.ipynb:cell 2\n" in result.err
    assert "a.ipynb:cell 2:2:5: RQS101" in result.err
    assert text("a.ipynb").count("session.get(") == 1
    assert "requests.head(" in text("a.ipynb")


def test_a_fix_that_cannot_be_made_alone_is_left_out(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.py": TWO})
    first, _ = offers(TWO.encode(), "a.py", Settings())

    def failing(*args: Any, only: list[Fix], **options: Any) -> Report:
        if only == [first]:
            return Report("a.py", error="the fix would lose a comment; please report this file")
        return fix_bytes(*args, only=only, **options)

    monkeypatch.setattr(interactive, "fix_bytes", failing)
    result = ask(answers="y")
    assert result.err.startswith(
        "a.py: fix 1 of 2 is left out: the fix would lose a comment; please report this file\n"
    )
    assert (result.status, text("a.py")) == (1, SECOND_FIXED)


def test_a_file_that_changed_meanwhile_is_not_written(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.py": SAFE})
    monkeypatch.setattr(interactive, "_answer", lambda *_: Path("a.py").write_text(TWO) and "yes")
    result = ask()
    assert (result.status, text("a.py")) == (2, TWO)


def test_no_progress_bar_gets_between_the_questions(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.py": SAFE})
    monkeypatch.setattr("sessionize.run.output.PATIENCE", -1)
    assert "Files" not in ask(answers="n").err


def test_patches_do_not_move_whatever_the_settings_say(ask: Ask) -> None:
    """Then a patch may as well get other arguments, and so headers go to the session, as in any unsafe fix."""
    test = 'from unittest import mock\n\ndef test_a():\n    with mock.patch("a.requests.get"):\n        pass\n'
    source = SAFE.replace('")', '", headers={"Accept": "b"})')
    settings = "unsafe-fixes = true\nrewrite-patches = true\n"
    write({"b.py": SAFE, "c.py": UNSAFE, "sessionize.toml": settings})
    assert interactive.STAYS not in ask("b.py", answers="n").err
    write({"a.py": source, "test_a.py": test})
    result = ask(answers="y n n")
    assert result.err.startswith(f"{interactive.STAYS}\na.py:3:5: RQS101, RQS201, RQS301, fix 1 of 1 (unsafe)\n")
    assert result.err.count(interactive.STAYS) == 1
    assert "Make this unsafe fix?" in result.err
    fixed = FIXED.replace("Session()\n", 'Session()\nsession.headers.update({"Accept": "b"})\n')
    assert (text("a.py"), text("test_a.py")) == (fixed, test)


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "other"),
    [
        (["--diff"], "--diff"),
        (["--unsafe-fixes", "--rewrite-patches"], "--rewrite-patches"),
        (["--cluster", "127.0.0.1:1"], "--cluster"),
        (["-"], "- (standard input)"),
    ],
    ids=["diff", "patches", "cluster", "stdin"],
)
def test_what_cannot_be_combined(ask: Ask, args: list[str], other: str) -> None:
    write({"a.py": SAFE})
    assert ask(*args) == Result(2, "", f"sessionize: --interactive and {other} are mutually exclusive\n")


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("stream", ["stdin", "stderr"])
def test_it_needs_a_terminal(ask: Ask, monkeypatch: pytest.MonkeyPatch, stream: str, closed: bool) -> None:
    """What is shown stands on standard error: nobody may answer what they do not see."""
    write({"a.py": SAFE})
    answers = TextIOWrapper(Typed(b"y\n"))
    monkeypatch.setattr(sys, "argv", ["sessionize", "fix", "-i"])
    monkeypatch.setattr(sys, "stdin", answers)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    if closed:
        monkeypatch.setattr(sys, stream, None)
    else:
        monkeypatch.setattr(getattr(sys, stream), "isatty", lambda: False)
    assert cli.main() == 2
    assert (text("a.py"), answers.readline()) == (SAFE, "y\n")


def test_a_fix_left_out_on_purpose_may_stay_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof of a fix still holds where only some are made: a chosen one that changes nothing does not pass."""
    first, second = offers(TWO.encode(), "a.py", Settings())
    assert fix_bytes(TWO.encode(), "a.py", Settings(), only=[second]).after == SECOND_FIXED
    monkeypatch.setattr("sessionize.write.writer.Writer.changes", lambda *_: [])
    failed = fix_bytes(TWO.encode(), "a.py", Settings(), only=[first])
    assert (failed.after, failed.error) == (None, "a second fix would change it again; please report this file")


# --- on a real terminal -----------------------------------------------------------------------------------------------

# Makes its standard input the terminal that Ctrl-C comes from, then becomes the program.
STARTER = """\
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "sessionize", *sys.argv[1:]])
"""


class Terminal:
    """The program on a terminal of its own, in the current folder."""

    def __init__(self, *args: str) -> None:
        import pty  # noqa: PLC0415  # not everywhere

        self.screen, inside = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}
        command = [sys.executable, "-c", STARTER, *args]
        self.program = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside, env=environment)
        os.close(inside)
        self.shown = ""

    def until(self, end: str | None, keys: str = "") -> str:
        """What is shown until `end` is, or until the program ends; the keys are typed again where nothing comes.

        Python hears an interrupt that falls between its question and its reading only at the next key.
        """
        late = time.monotonic() + 60
        before = len(self.shown)
        while end is None or end not in self.shown[before:]:
            if not select.select([self.screen], [], [], 1)[0]:
                assert time.monotonic() < late, self.shown
                os.write(self.screen, keys.encode())
                continue
            try:
                data = os.read(self.screen, 65536)
            except OSError:  # how Linux tells that the other end is closed
                data = b""
            if not data:
                assert end is None, self.shown
                break
            self.shown += data.decode().replace("\r\n", "\n")
        return self.shown[before:]

    def answer(self, keys: str) -> str:
        """What is shown after keys were typed, up to the next question."""
        os.write(self.screen, keys.encode())
        return self.until(QUESTION)

    def last(self, keys: str) -> int:
        """Types the last keys; the exit status."""
        os.write(self.screen, keys.encode())
        self.until(None, keys)
        os.close(self.screen)
        return self.program.wait(60)


@pytest.fixture
def here(run: Run) -> None:
    """An empty folder."""


on_a_terminal = [pytest.mark.skipif(sys.platform == "win32", reason="has no pty"), pytest.mark.usefixtures("here")]


class TestTerminal:
    pytestmark = on_a_terminal

    def test_yes_no_explain_all(self) -> None:
        write({"a.py": TWO, "b.py": TWO, "c.py": SAFE})
        terminal = Terminal("fix", "--interactive")
        shown = terminal.until(QUESTION)
        assert "\x1b[32m+session = requests.Session()\x1b[0m\n" in shown
        assert "\x1b[1ma.py:3:5: RQS101, fix 1 of 2\x1b[0m\n" in shown
        assert "a.py:7:9: RQS101, fix 2 of 2" in terminal.answer("y\n")
        assert text("a.py") == TWO, "a file is written once"
        assert "More: sessionize rule RQS101" in terminal.answer("e\n")
        assert "b.py:3:5: RQS101, fix 1 of 2" in terminal.answer("no\n")
        assert text("a.py") == FIRST_FIXED
        assert terminal.last("ALL\n") == 1
        assert (text("b.py"), text("c.py")) == (BOTH_FIXED, FIXED)
        assert "Fixed 4 calls in 3 files." in terminal.shown
        assert "Traceback" not in terminal.shown

    @pytest.mark.parametrize(
        ("keys", "second"),
        [("q\n", FIRST_FIXED), ("\x03", TWO), ("\x04", TWO)],
        ids=["quit", "ctrl-c", "ctrl-d"],
    )
    def test_stopping(self, keys: str, second: str) -> None:
        write({"a.py": SAFE, "b.py": TWO})
        terminal = Terminal("fix", "-i")
        terminal.until(QUESTION)
        terminal.answer("y\n")
        terminal.answer("y\n")
        assert terminal.last(keys) == 1
        assert (text("a.py"), text("b.py")) == (FIXED, second)
        assert sorted(map(str, Path().iterdir())) == ["a.py", "b.py"]
        assert "Stopped; what was accepted before is written.\n" in terminal.shown
        assert "Traceback" not in terminal.shown

    def test_full_output_lines_up(self) -> None:
        """Carets below a call that stands behind wide, combining and tab characters; nothing waits for a key."""
        line = "\tprint('会議 \U0001f389 e\u0301', requests.get(name))"
        Path("a.py").write_text(f"import requests\nfor name in names:\n{line}\n", encoding="utf-8")
        terminal = Terminal("check")
        assert terminal.last("") == 1
        plain = click.unstyle(terminal.shown).split("\n")
        column = len("print('") + 2 + 2 + 1 + 2 + 1 + 1 + len("', ")
        assert plain[2:4] == [f"3| {line}", f" | \t{' ' * column}{'^' * len('requests.get')}"]
        assert "\x1b[31m" in terminal.shown
