"""`fix --verify COMMAND`: what the command fails with is taken back, and no end of it leaves anything else."""

import io
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest
from command import FIXED, SAFE, Result, Run, write

from sessionize.engine.fix import fix_bytes
from sessionize.engine.results import Report
from sessionize.files.settings import Settings
from sessionize.project.projects import Projects
from sessionize.run import guard
from sessionize.run.verify import Candidates, Command, Search

NAMES = ("a", "b", "c", "d", "e")
# Fails if a file in `bad` has a session.
CHECK = """\
import sys
from pathlib import Path
for name in Path("bad").read_text().split():
    if "session" in Path(name).read_text():
        print(f"{name} is broken")
        sys.exit(3)
"""
COMMAND = f"{sys.executable} check.py"


@pytest.fixture
def tree(run: Run) -> Run:
    """A git tree of five files that each have one fix; the check passes with those that `bad` does not name."""
    write({**{f"{name}.py": SAFE for name in NAMES}, "check.py": CHECK, "bad": ""})
    git("init", "-q")
    commit()
    return run


def git(*args: str) -> None:
    identity = ["-c", "user.name=sessionize", "-c", "user.email=sessionize@example.com"]
    subprocess.run(["git", *identity, *args], check=True)


def commit() -> None:
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "all")


def bad(*names: str) -> None:
    write({"bad": " ".join(names)})
    commit()


def fixed() -> str:
    """The names of the files that are fixed; all others are as they were."""
    contents = {name: Path(f"{name}.py").read_text() for name in NAMES}
    assert set(contents.values()) <= {SAFE, FIXED}
    return "".join(name for name, content in contents.items() if content == FIXED)


def verified(run: Run, *args: str) -> Result:
    return run("fix", "--verify", COMMAND, "--output-format=concise", *args)


def test_all_are_made_if_the_command_passes(tree: Run) -> None:
    result = verified(tree)
    assert (result.status, fixed()) == (0, "abcde")
    lines = result.err.splitlines()
    assert lines[0].startswith("Run 1, before any fix: passed (")
    assert lines[1].startswith("Run 2, with 5 of 5 fixes: passed (")
    assert lines[2:] == [
        "Verified in 2 runs; no fixes are reverted.",
        *[f"Rewrote {name}.py" for name in "abcde"],
        "Fixed 5 calls in 5 files. They have no `timeout=`; `--extend-select RQS302` finds them.",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["a", "e", "bd", "abcde"])
def test_what_breaks_is_taken_back(tree: Run, broken: str) -> None:
    bad(*(f"{name}.py" for name in broken))
    result = verified(tree, "--rejected", "rejected.patch")
    assert (result.status, fixed()) == (1, "".join(name for name in NAMES if name not in broken))
    for name in broken:
        assert f"{name}.py:3: reverted, because `{COMMAND}` fails with it: Use one `requests.Session`" in result.err
        assert f"    {name}.py is broken\n    exit status 3\n" in result.err
    assert result.out.count("RQS101") == len(broken)
    git("apply", "rejected.patch")
    assert fixed() == "abcde"


def test_quiet(tree: Run) -> None:
    bad("c.py")
    err = verified(tree, "-q").err
    assert err.startswith("c.py:3: reverted")
    assert "Run " not in err


def test_nothing_to_verify(tree: Run) -> None:
    write({f"{name}.py": FIXED for name in NAMES})
    commit()
    result = verified(tree)
    assert (result.status, "Run 1" in result.err) == (0, False)


def test_command_that_fails_before(tree: Run) -> None:
    write({"a.py": FIXED, "bad": "a.py"})
    commit()
    result = verified(tree)
    assert (result.status, fixed()) == (2, "a")
    assert result.err.endswith(
        f"    a.py is broken\n    exit status 3\nsessionize: `{COMMAND}` fails already without any fix\n"
    )


def test_command_that_changes_its_mind(tree: Run) -> None:
    flaky = "n = Path('runs'); n.write_text(n.read_text() + '.'); sys.exit(len(n.read_text()) == 2)\n"
    write({"check.py": f"import sys\nfrom pathlib import Path\n{flaky}", "runs": ""})
    commit()
    result = verified(tree)
    assert (result.status, fixed()) == (2, "")
    assert "failed once and passed once with the same files; nothing is written\n" in result.err


@pytest.mark.slow
def test_command_without_end(tree: Run) -> None:
    bad("b.py")
    write({"check.py": CHECK.replace("sys.exit(3)", "__import__('time').sleep(60)")})
    commit()
    result = verified(tree, "--verify-timeout", "1")
    assert (result.status, fixed()) == (1, "acde")
    assert "    timed out after 1 s\n" in result.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "told", "left"),
    [
        ("Path('a.py').write_text('# mine\\n')", "a.py has changed meanwhile and stays", "# mine\n"),
        (
            "'session' in Path('a.py').read_text() and Path('a.py').write_text('# mine\\n')",
            "a.py has changed",
            "# mine\n",
        ),
        ("'session' in Path('a.py').read_text() and Path('a.py').unlink()", "a.py has changed", SAFE),
        ("'session' in Path('b.py').read_text() and Path('b.py').write_text('')", "b.py has changed", SAFE),
    ],
    ids=["before", "with-fixes", "gone", "another"],
)
def test_files_that_something_else_writes(tree: Run, changes: str, told: str, left: str) -> None:
    write({"check.py": f"from pathlib import Path\n{changes}\n"})
    commit()
    result = verified(tree)
    assert (result.status, told in result.err) == (2, True)
    assert result.err.endswith("stays as it is; all others are restored\n")
    assert (Path("a.py").read_text(), Path("c.py").read_text()) == (left, SAFE)


def test_file_that_is_written_between_two_runs(tree: Run) -> None:
    candidates = Candidates(Projects(), None)
    candidates.fix(SAFE.encode(), "a.py", Settings())
    search = Search(candidates, Command(COMMAND, None, quiet=True))
    write({"a.py": "# mine\n"})
    with pytest.raises(click.ClickException, match=r"a.py: not written, as it changed meanwhile; all others"):
        search.kept()
    search.guard.close(keep=False)
    assert Path("a.py").read_text() == "# mine\n"


def test_tree_that_is_not_clean(tree: Run) -> None:
    write({"a.py": f"{SAFE}# more\n"})
    result = verified(tree)
    assert (result.status, "a clean git tree" in result.err) == (2, True)
    write({"a.py": SAFE, "new.txt": ""})  # git does not know it, and no fix touches it
    assert verified(tree).status == 0
    assert fixed() == "abcde"
    write({"a.py": SAFE})
    assert verified(tree, "--allow-dirty").status == 0
    assert fixed() == "abcde"


def test_file_that_git_does_not_know(tree: Run) -> None:
    write({"inside/new.py": SAFE})
    result = verified(tree, "inside")
    assert (result.status, "files tracked by git, and 'new.py' is not" in result.err) == (2, True)
    assert Path("inside/new.py").read_text() == SAFE


def test_folder_without_git(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.py": SAFE})
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path.cwd().parent))
    assert "--verify needs files tracked by git, and 'a.py'" in run("fix", "--verify", "true").err
    monkeypatch.setenv("PATH", "")
    assert "--verify needs files tracked by git, and 'a.py'" in run("fix", "--verify", "true").err


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--verify", "true", "--diff"], "--verify and --diff are mutually exclusive"),
        (["--verify", "true", "-"], "--verify and - (standard input) are mutually exclusive"),
        (["--verify", "true", "-i"], "--interactive needs a terminal on standard input"),
        (["--allow-dirty"], "--verify-timeout, --allow-dirty and --rejected need --verify"),
        (["--verify", "true", "--verify-timeout", "0"], "0.0 is not in the range x>0"),
    ],
)
def test_options_that_leave_no_room(tree: Run, args: list[str], told: str) -> None:
    result = tree("fix", *args)
    assert (result.status, told in result.err) == (2, True)


TESTED = "import requests\n\n\ndef pages(urls):\n    return [requests.{}(url) for url in urls]\n"
TEST = 'from unittest.mock import patch\nimport {}\n\n@patch("requests.{}")\ndef test(fake): ...\n'


@pytest.mark.slow
def test_patches_move_with_their_calls_or_stay(tree: Run) -> None:
    write({f"{name}.py": "import requests\nkeep(requests.head)\n" for name in NAMES})
    for name, verb in (("a", "get"), ("b", "post")):
        write({f"{name}.py": TESTED.format(verb), f"test_{name}.py": TEST.format(name, verb)})
    write({"check.py": CHECK.replace("session", "ession"), "test_all.py": TEST.format("a, b", "get")})
    bad("test_b.py")
    result = verified(tree, "--unsafe-fixes", "--rewrite-patches")
    assert "b.py:5: reverted" in result.err
    assert "all fixes of the file" in result.err
    assert (Path("b.py").read_text(), Path("test_b.py").read_text()) == (
        TESTED.format("post"),
        TEST.format("b", "post"),
    )
    assert "session.get" in Path("a.py").read_text()
    assert Path("test_a.py").read_text() == TEST.format("a", "Session.get")


def test_fixes_that_the_user_wants_are_one_a_file(tree: Run) -> None:
    class Yes:
        def fix(self, data: bytes, name: str, settings: Settings) -> Report:
            return fix_bytes(data, name, settings)

    candidates = Candidates(Projects(), Yes())  # type: ignore[arg-type]
    candidates.fix(SAFE.encode(), "a.py", Settings())
    candidates.fix(b"", "empty.py", Settings())
    assert [unit.place for unit in candidates.units] == ["a.py:3"]
    assert candidates.contents(candidates.units) == {"a.py": FIXED.encode()}
    assert candidates.contents([]) == {"a.py": SAFE.encode()}


def test_files_are_read_as_they_were(tree: Run) -> None:
    candidates = Candidates(Projects(), None)
    candidates.fix(SAFE.encode(), "a.py", Settings())
    write({"a.py": FIXED, "other.py": ""})
    assert candidates._read(os.path.realpath("a.py")) == SAFE.encode()
    assert candidates._read(os.path.realpath("other.py")) == b""


def test_command_is_ended_with_what_ends_this(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Any] = []
    wait = subprocess.Popen.wait

    def interrupted(process: "subprocess.Popen[bytes]", timeout: float | None = None) -> int:
        ended.append(process)
        if len(ended) == 1:
            raise KeyboardInterrupt
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Command(f"{sys.executable} -c 'import time; time.sleep(60)'", None, quiet=True).run("")
    assert ended[0].returncode == -signal.SIGKILL


def test_command_that_leaves_a_server_behind() -> None:
    """A run ends with its command, not with what that has started."""
    start = time.monotonic()
    assert Command("sleep 30 & exit 0", 60, quiet=True).run("") is None
    assert time.monotonic() - start < 25


def test_some_fixes_of_a_file(tree: Run) -> None:
    two = SAFE + "\n\ndef more(names):\n    for name in names:\n        requests.get(f'https://example.com/{name}')\n"
    candidates = Candidates(Projects(), None)
    candidates.fix(two.encode(), "a.py", Settings())
    assert [unit.place for unit in candidates.units] == ["a.py:3", "a.py:8"]
    assert candidates.contents(candidates.units[:1])["a.py"].startswith(FIXED.encode())
    assert candidates.contents(candidates.units[:1])["a.py"].count(b"requests.get") == 1


@pytest.mark.slow
def test_few_runs(tree: Run) -> None:
    """About two times the logarithm of all for each that is taken back."""
    candidates = Candidates(Projects(), None)
    for number in range(64):
        write({f"x{number}.py": SAFE})
        candidates.fix(SAFE.encode(), f"x{number}.py", Settings())
    write({"bad": "x17.py x40.py"})
    command = Command(COMMAND, None, quiet=True)
    search = Search(candidates, command)
    assert len(search.kept()) == 62
    search.guard.close(keep=True)
    assert [unit.path for unit, _ in search.taken_back] == ["x17.py", "x40.py"]
    assert command.runs <= 2 * 2 * 6 + 1


# --- ends -------------------------------------------------------------------------------------------------------------


def started(*names: str) -> subprocess.Popen[bytes]:
    bad(*names)
    command = [sys.executable, "-m", "sessionize", "fix", "--verify", COMMAND, "-q"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def settled(old: str, new: str) -> str:
    """The files that are fixed once the guard has ended: it may take a moment longer than what it guards."""
    late = time.monotonic() + 30
    while fixed_or_none() not in (old, new) and time.monotonic() < late:
        time.sleep(0.02)
    return fixed()


def fixed_or_none() -> str | None:
    try:
        return fixed()
    except OSError:  # between two names
        return None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no signals")
def test_killed_at_any_moment(tree: Run) -> None:
    chance = random.Random(0)
    ends = set()
    for _ in range(4):
        process = started("b.py", "d.py")
        time.sleep(chance.uniform(0.2, 2.5))
        process.kill()
        process.communicate()
        ends.add(settled("", "ace"))
        git("checkout", "-q", ".")
    assert ends <= {"", "ace"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no signals")
def test_interrupted(tree: Run) -> None:
    waits = "import time\nfrom pathlib import Path\nif 'session' in Path('a.py').read_text():\n    time.sleep(60)\n"
    write({"check.py": waits})
    process = started()
    late = time.monotonic() + 30
    while Path("a.py").read_text() == SAFE and time.monotonic() < late:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.strip(), fixed()) == (130, b"sessionize: interrupted", "")


def test_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handled: dict[int, object] = {}
    monkeypatch.setattr(signal, "signal", handled.setdefault)
    file, gone, mine = (tmp_path / name for name in ("a.py", "gone.py", "mine.py"))
    contents = {str(path): b"old" for path in (file, gone, mine, tmp_path / "no folder" / "b.py")}
    ends: list[list[object]] = [[None], []]
    for end in ends:
        file.write_bytes(b"new")
        mine.write_bytes(b"mine")
        gone.unlink(missing_ok=True)
        told = b"".join(map(pickle.dumps, [contents, (str(file), b"new"), *end]))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(told)))
        guard.main()
        assert (file.read_bytes(), gone.exists()) == ((b"new", False) if end else (b"old", True))
        assert mine.read_bytes() == b"mine"
    assert handled[signal.SIGINT] == signal.SIG_IGN


def test_guard_that_has_ended(tmp_path: Path) -> None:
    watching = guard.Guard({str(tmp_path / "a.py"): b"x" * 100})
    watching.process.kill()
    watching.process.wait()
    watching.expect(str(tmp_path / "a.py"), b"y" * 100)
    watching.close(keep=True)
