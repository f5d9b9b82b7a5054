"""Whatever a tree holds and whatever becomes of the process: whole files, clear lines, the right status, nothing lost.

And nothing of what is read is run.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import Run

import sessionize
from sessionize import cli
from sessionize.engine.results import Report
from sessionize.report.terminal import printable
from sessionize.run import run as runs
from sessionize.run.work import write_fix

pytestmark = pytest.mark.slow

LOOP = b'for year in years:\n    requests.get(f"https://example.com/{year}")\n'
SAFE = b"import requests\n" + LOOP
ISOLATED = (
    b"from http.cookiejar import DefaultCookiePolicy\n\nimport requests\nsession = requests.Session()\n"
    b"# Each call has its own cookies, as before.\n"
    b"session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))\n" + LOOP.replace(b"requests.", b"session.")
)
FIXED = b"import requests\nsession = requests.Session()\n" + LOOP.replace(b"requests.", b"session.")
PATIENCE = 120  # seconds until a process is taken to hang
BOTH = pytest.mark.parametrize("jobs", ["-j1", "-j2"])


def program(*args: str | bytes | Path, cwd: Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Runs sessionize as a process of its own; `before` is a command that starts it."""
    return subprocess.run(
        [*before, sys.executable, "-m", "sessionize", *args],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- what files hold --------------------------------------------------------------------------------------------------

AS_IT_IS = {
    "empty.py": b"",
    "form feed alone.py": b"\x0c",
    "only a comment.py": b"# requests",
}
REWRITTEN = {
    "no final newline.py": (SAFE[:-1], FIXED[:-1]),
    "form feed.py": (SAFE.replace(b"for", b"\x0c\nfor"), FIXED.replace(b"session =", b"\x0c\nsession =")),
    "mixed line ends.py": (
        SAFE.replace(b"requests\n", b"requests\r\n").replace(b":\n", b":\r"),
        FIXED.replace(b"requests\n", b"requests\r\n").replace(b"()\n", b"()\r\n").replace(b":\n", b":\r"),
    ),
    "escaped surrogate.py": (SAFE + b"print('\\ud800')\n", FIXED + b"print('\\ud800')\n"),
    "escape that is none.py": (SAFE + b"print('\\d')\n", FIXED + b"print('\\d')\n"),
    "a name\nof two lines.py": (SAFE, FIXED),
    "-q.py": (SAFE, FIXED),
    os.fsdecode(b"bytes \xff.py"): (SAFE, FIXED),
    "n" * 250 + ".py": (SAFE, FIXED),
    "line of 1 MB.py": (SAFE + b"#" * 2**20, FIXED + b"#" * 2**20),
    "string of 1 MB.py": (SAFE + b"print('" + b"x" * 2**20 + b"')\n", ISOLATED + b"print('" + b"x" * 2**20 + b"')\n"),
}
REFUSED = {
    "null.py": (SAFE + b"\0", "4:1: RQS901 source code cannot contain null bytes"),
    "not utf-8.py": (SAFE + b"'\xff'", "4:2: RQS901 byte 0xff on line 4 is not valid utf-8"),
    "surrogate.py": (SAFE + b"'\xed\xa0\x80'", "RQS901 byte 0xed on line 4 is not valid utf-8"),
    "unknown coding.py": (b"# coding: utf-9\n" + SAFE, "RQS901 unknown encoding: utf-9"),
    "wrong coding.py": (b"# coding: ascii\n" + SAFE + b"'\xc3\xa9'", "RQS901 byte 0xc3 on line 5 is not valid ascii"),
    "codec that is no text.py": (b"# coding: zlib\n" + SAFE, "RQS901 cannot be decoded as zlib: "),
    "brackets.py": (SAFE + b"(" * 1000 + b")" * 1000, "RQS901 too many nested parentheses"),
    "signs.py": (SAFE + b"print(" + b"-" * 1000 + b"1)\n", "RQS901 the code nests too deeply to be read"),
    "blocks.py": (
        SAFE + b"".join(b" " * depth + b"if year:\n" for depth in range(1000)),
        "RQS901 too many levels of indentation",
    ),
    "not Python.py": (SAFE + b"print 'done'\n", "RQS901 Missing parentheses in call to 'print'"),
}


@BOTH
def test_hostile_files(tmp_path: Path, jobs: str) -> None:
    before = {**AS_IT_IS, **{name: pair[0] for name, pair in (REWRITTEN | REFUSED).items()}}
    write(tmp_path, before)
    result = program("fix", jobs, "--output-format=concise", cwd=tmp_path)
    assert result.returncode == 2
    assert contents(tmp_path) == before | {name: after for name, (_, after) in REWRITTEN.items()}
    told = dict(line.split(".py:", 1) for line in result.stdout.splitlines())
    assert set(told) == {name.removesuffix(".py") for name in REFUSED}
    for name, (_, message) in REFUSED.items():
        assert message in told[name.removesuffix(".py")]
    count = len(REWRITTEN)
    untimed = "They have no `timeout=`; `--extend-select RQS302` finds them."
    failed = f"{len(REFUSED)} files could not be fixed."
    names = map(printable, REWRITTEN)
    assert sorted(result.stderr.splitlines()[:-1]) == sorted(f"Rewrote {name}" for name in names)
    assert result.stderr.splitlines()[-1] == f"Fixed {count} calls in {count} files. {untimed} {failed}"


def test_deep_but_readable(tmp_path: Path) -> None:
    """What Python reads is checked, however long it goes on."""
    chain = b"if year == 0:\n    pass\n" + b"".join(b"elif year == %d:\n    pass\n" % number for number in range(1000))
    tail = b".real" * 1000, b" + year" * 1000, b"()" * 1000, b"[0]" * 1000
    for number, code in enumerate((chain, *(b"print(year" + more + b")\n" for more in tail))):
        write(tmp_path, {f"{number}.py": SAFE + code})
    result = program("check", "--output-format=concise", cwd=tmp_path)
    assert result.returncode in (1, 2)
    for line in result.stdout.splitlines():
        assert "RQS101 [*]" in line or line.endswith("RQS901 the code nests too deeply to be read")
    assert len(result.stdout.splitlines()) == 5


@pytest.mark.parametrize("command", ["check", "fix"])
def test_10_megabytes(tmp_path: Path, command: str) -> None:
    data = b'TABLE = """\n' + b"2026-01-01;12.50;Amsterdam\n" * 375_000 + b'"""\n'
    write(tmp_path, {"data.py": data, "table.py": data + SAFE})
    began = os.times().children_user
    result = program(command, "--output-format=concise", cwd=tmp_path)
    assert os.times().children_user - began < 10  # seconds; it takes 1; so long a text may name a user
    assert result.returncode == (1 if command == "check" else 0)
    assert contents(tmp_path) == {"data.py": data, "table.py": data + (SAFE if command == "check" else ISOLATED)}


# --- what paths lead to -----------------------------------------------------------------------------------------------


@BOTH
def test_hostile_paths(tmp_path: Path, jobs: str) -> None:
    (tmp_path / "tree" / "folder.py").mkdir(parents=True)
    write(tmp_path, {"tree/a.py": SAFE, "tree/z.py": SAFE, "tree/folder.py/b.py": SAFE, "elsewhere.py": SAFE})
    tree = tmp_path / "tree"
    links = {"link.py": "../elsewhere.py", "loop.py": "loop.py", "self": ".", "nowhere.py": "none.py", "up": "../.."}
    for name, target in links.items():
        (tree / name).symlink_to(target)
    (tree / "hard.py").hardlink_to(tree / "a.py")
    os.mkfifo(tree / "pipe.py")
    named = ["pipe.py", "/dev/zero", "loop.py", "loop.py/a.py", "a.py/b.py", "nowhere.py", "self"]
    result = program("fix", "-q", jobs, ".", *named, cwd=tree)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "pipe.py: error: Not a regular file",
        "/dev/zero: error: Not a regular file",
        "loop.py/a.py: error: Too many levels of symbolic links",
        "a.py/b.py: error: Not a directory",
        "loop.py: error: Too many levels of symbolic links",  # links come last: what they lead to may come itself
        "nowhere.py: error: No such file or directory",
    ]
    assert {name: str((tree / name).readlink()) for name in links} == links
    python = {path for path in tmp_path.rglob("*.py") if path.is_file()}
    assert {path.read_bytes() for path in python} == {FIXED}
    # Each name of a file with several is a file of the tree, and each is fixed; they no longer share it.
    assert sorted(path.name for path in python) == ["a.py", "b.py", "elsewhere.py", "hard.py", "link.py", "z.py"]
    assert not list(tree.glob(".*"))


def test_name_outside_of_the_tree_keeps_the_old_content(tmp_path: Path) -> None:
    """As with git and `sed -i`: a backup or a cache that shares the file is not written to."""
    write(tmp_path, {"tree/a.py": SAFE})
    (tmp_path / "backup.py").hardlink_to(tmp_path / "tree" / "a.py")
    assert program("fix", "tree", cwd=tmp_path).returncode == 0
    assert contents(tmp_path) == {"tree/a.py": FIXED, "backup.py": SAFE}


@pytest.fixture
def without_privileges() -> tuple[str, ...]:
    """A command that gives up what lets root write anywhere."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may write anywhere, and there is no setpriv to give that up")
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")


@BOTH
def test_what_is_not_allowed(tmp_path: Path, jobs: str, without_privileges: tuple[str, ...]) -> None:
    names = ("a.py", "locked/b.py", "no-entry/c.py", "protected.py", "secret.py", "z.py")
    write(tmp_path, dict.fromkeys(names, SAFE))
    modes = {"locked": 0o555, "no-entry": 0, "protected.py": 0o444, "secret.py": 0}
    for name, mode in modes.items():
        (tmp_path / name).chmod(mode)
    result = program("fix", "-q", jobs, cwd=tmp_path, before=without_privileges)
    for name in modes:
        (tmp_path / name).chmod(0o755)
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        "locked/b.py: error: Permission denied",
        "no-entry: error: Permission denied",
        "protected.py: error: Permission denied",
        "secret.py: error: Permission denied",
    ]
    assert contents(tmp_path) == dict.fromkeys(names, SAFE) | {"a.py": FIXED, "z.py": FIXED}


# --- settings ---------------------------------------------------------------------------------------------------------


# Before Python 3.11 it is tomli that reads the settings, which has a limit of its own.
DEEP_KEY = "it is nested too deeply" if sys.version_info < (3, 11) else "select: expected a list, got {'a': {'a': "


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("pyproject.toml", b"[tool.sessionize]\0", "pyproject.toml: "),
        ("pyproject.toml", b"[tool.sessionize]\nselect = ['\xff']", "can't decode byte 0xff"),
        ("pyproject.toml", b"tool = []\nsessionize = 1", None),
        ("pyproject.toml", b"tool.sessionize = [[]]", "tool.sessionize: expected a table, got [[]]"),
        ("sessionize.toml", b"exclude = " + b"[" * 100_000, "sessionize.toml: error: it is nested too deeply"),
        ("sessionize.toml", b"select" + b".a" * 5000 + b" = 1", DEEP_KEY),
        ("sessionize.toml", b"unsafe-fixes = " + b"9" * 5000, "sessionize.toml: error: Exceeds the limit"),
        ("sessionize.toml", b"per-file-ignores = {'*.py' = {}}", "per-file-ignores: expected a list, got {}"),
        (
            "sessionize.toml",
            b"session-name = 'a; import os'",
            "session-name: 'a; import os' is not a valid variable name",
        ),
        ("sessionize.toml", b"exclude = ['[', '\\\\', '!', '/', 'x/**/**', '\\u0000', '(?']", None),
        ("sessionize.toml/a.py", SAFE, "sessionize.toml: error: Is a directory"),
        ("pyproject.toml/a.py", SAFE, "pyproject.toml: error: Is a directory"),
    ],
)
def test_hostile_settings(tmp_path: Path, run: Run, name: str, settings: bytes, message: str | None) -> None:
    """A mistake in them is told in one line, and nothing below them is written."""
    write(tmp_path, {"a.py": SAFE, name: settings})
    result = run("fix", "-q")
    assert (result.status, result.err.count("\n")) == ((0, 0) if message is None else (2, 1))
    assert (message or "") in result.err
    assert (tmp_path / "a.py").read_bytes() == (FIXED if message is None else SAFE)


def test_settings_file_that_is_a_pipe(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": SAFE})
    os.mkfifo(tmp_path / "pyproject.toml")
    result = program("fix", "-q", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (2, "pyproject.toml: error: Not a regular file\n")


# --- what happens meanwhile -------------------------------------------------------------------------------------------


def test_no_room(tmp_path: Path) -> None:
    """Files may grow up to 4,096 bytes."""
    long = SAFE + b"#" * (4096 - len(SAFE))
    write(tmp_path, {"a.py": SAFE, "long.py": long, "z.py": SAFE})
    limit = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    before = sys.executable, "-c", f"{limit}; os.execv(sys.argv[1], sys.argv[1:])"
    result = program("fix", "-q", cwd=tmp_path, before=before)
    assert (result.returncode, result.stderr) == (2, "long.py: error: File too large\n")
    assert contents(tmp_path) == {"a.py": FIXED, "long.py": long, "z.py": FIXED}


@pytest.mark.skipif(
    shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
    reason="a disk of its own takes the right to mount one",
)
def test_disk_full(tmp_path: Path) -> None:
    """A disk of 16 pages, of which the sources take 13."""
    long = SAFE + b"#" * (4096 * 7 - len(SAFE))
    files = dict.fromkeys(["a.py", "b.py", "y.py", "z.py"], SAFE)
    write(tmp_path, {"sources/long.py": long, **{f"sources/{name}": content for name, content in files.items()}})
    (tmp_path / "disk").mkdir()
    (tmp_path / "after").mkdir()
    mount = "mount -t tmpfs -o size=64k none disk && cp sources/* disk"
    script = f'{mount} && (cd disk && "$@"); status=$?; cp -a disk/. after; exit $status'
    result = program("fix", "-q", ".", cwd=tmp_path, before=("unshare", "-m", "sh", "-c", script, "sh"))
    assert (result.returncode, result.stderr) == (2, "long.py: error: No space left on device\n")
    assert contents(tmp_path / "after") == {**dict.fromkeys(files, FIXED), "long.py": long}


@BOTH
def test_changed_and_removed_meanwhile(
    tmp_path: Path, jobs: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Between the moment when a file is read and the moment when it is written."""

    def meanwhile(report: Report) -> Report:
        if report.filename == "changed.py":
            Path(report.filename).write_bytes(b"changed")
        if report.filename == "removed.py":
            Path(report.filename).unlink()
        return write_fix(report)

    monkeypatch.setattr(runs, "write_fix", meanwhile)
    monkeypatch.setattr(sys, "argv", ["sessionize", "fix", "-q", jobs])
    monkeypatch.chdir(tmp_path)
    write(tmp_path, dict.fromkeys(["a.py", "changed.py", "removed.py", "z.py"], SAFE))
    assert cli.main() == 2
    assert capfd.readouterr() == (
        "",
        "changed.py: error: not written, as it changed meanwhile\nremoved.py: error: No such file or directory\n",
    )
    assert contents(tmp_path) == {"a.py": FIXED, "changed.py": b"changed", "z.py": FIXED}


# Runs in a process of its own, which has no threads, and so may fork: a child rewrites three files again and again, and
# is killed.
KILLS = """
import os, random, signal, sys, time
from sessionize.files.store import read, write
if sys.argv[1] == "named":
    del os.O_TMPFILE
OLD, NEW = b"old" * 50_000, b"new" * 70_000
FILES = ["a.py", "b.py", "c.py"]
for name in FILES:
    open(name, "wb").write(OLD)

def rewrite():
    for name in FILES:
        write(name, *((OLD, NEW) if read(name) == OLD else (NEW, OLD)))

left = 0
for number in range(100):
    child = os.fork()
    if child == 0:
        while True:
            rewrite()
    time.sleep(random.Random(number).uniform(0.001, 0.01))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert all(read(name) in (OLD, NEW) for name in FILES)
    extra = set(os.listdir()) - set(FILES)
    assert len(extra) <= 1 + left
    left = len(extra)
rewrite()
assert sorted(os.listdir()) == FILES
"""


@pytest.mark.parametrize("kind", ["nameless", "named"])
def test_killed_while_it_writes(tmp_path: Path, kind: str) -> None:
    """Each file is the old or the new one, whole; what a kill leaves behind, the next fix of the file takes away."""
    subprocess.run([sys.executable, "-c", KILLS, kind], cwd=tmp_path, check=True, timeout=PATIENCE)


LONG = SAFE * 12


def started(tree: Path, jobs: str, last: bytes = LONG) -> "subprocess.Popen[str]":
    """A fix of sixteen files that has come to the point where it writes; it is at work as long as `last` takes."""
    command = [sys.executable, "-m", "sessionize", "fix", "-q", jobs, str(tree)]
    write(tree, dict.fromkeys((f"{number:02}.py" for number in range(15)), LONG) | {"15.py": last})
    process = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True)
    while (tree / "00.py").read_bytes() == LONG and process.poll() is None:
        time.sleep(0.001)
    return process


@BOTH
@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL])
def test_ended_in_the_middle(tmp_path: Path, jobs: str, ended_by: signal.Signals) -> None:
    process = started(tmp_path, jobs, last=SAFE * 400)
    time.sleep(random.Random(jobs).uniform(0, 0.02))
    os.killpg(process.pid, ended_by)
    _, err = process.communicate(timeout=PATIENCE)
    if ended_by == signal.SIGINT:
        assert (process.returncode, err.strip()) == (130, "sessionize: interrupted")
        assert len(list(tmp_path.iterdir())) == 16
    else:
        assert (process.returncode, err) == (-ended_by, "")
    assert (tmp_path / "15.py").read_bytes() == SAFE * 400
    (tmp_path / "15.py").write_bytes(LONG)
    files = [path.read_bytes() for path in sorted(tmp_path.glob("*.py"))]
    assert len(files) == 16
    assert len(set(files)) == 2
    result = program("fix", jobs, cwd=tmp_path)
    assert (result.returncode, len(set(contents(tmp_path).values()))) == (0, 1)
    assert len(list(tmp_path.iterdir())) == 16


def test_killed_worker(tmp_path: Path) -> None:
    process = started(tmp_path, "-j2")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert len(list(tmp_path.iterdir())) == 16
    assert len(set(contents(tmp_path).values())) == 1


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    process = started(tmp_path, "-j2", last=SAFE * 400)
    process.kill()
    process.communicate(timeout=PATIENCE)  # ends when nobody is left that could write


# --- what is read is never run ----------------------------------------------------------------------------------------

# Each tells its name if it is run. A folder that is searched for modules is asked for the first ones.
TELLS = b"import os\nopen(os.environ['TOLD'], 'a').write(__file__ + '\\n')\n"
MODULES = (
    *("requests", "libcst", "click", "pathspec", "tomllib", "tomli", "typing", "json", "difflib", "multiprocessing"),
    *("colorama", "yaml", "typing_extensions", "concurrent/__init__", "encodings/__init__", "hatchling", "hooks"),
    *("sitecustomize", "usercustomize", "conftest", "setup", "noxfile", "package/__init__", "package/__main__"),
)
CONFIGURED = {
    "setup.cfg": b"[options]\nsetup_requires = hooks\n[flake8:local-plugins]\nextension = X = hooks:run\n",
    "tox.ini": b"[testenv]\ncommands = python hooks.py\n",
    "pytest.ini": b"[pytest]\naddopts = -p hooks\n",
    "mypy.ini": b"[mypy]\nplugins = hooks\n",
    "evil.pth": b"import hooks\n",
    ".libcst.codemod.yaml": b"modules: [hooks]\nformatter: [python, hooks.py]\n",
    "pyproject.toml": b"""\
[build-system]
requires = ["hatchling"]
build-backend = "hooks"
backend-path = ["."]
[tool.hatch.build.hooks.custom]
path = "hooks.py"
[tool.sessionize]
exclude = ["$(python hooks.py)", "`python hooks.py`"]
""",
}
# As pip writes it.
SCRIPT = "import sys\nfrom sessionize.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
# Sees whatever is run, imported or started, by whichever way.
WATCHED = """\
import os, runpy, sys
tree = os.getcwd() + os.sep
def watch(event, args):
    if event == "exec" and args[0].co_filename.startswith(tree):
        os.write(2, f"runs {args[0].co_filename}\\n".encode())
    if event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "socket.connect"):
        os.write(2, f"{event} {args}\\n".encode())
sys.addaudithook(watch)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@BOTH
@pytest.mark.parametrize("command", ["check", "fix"])
@pytest.mark.parametrize("way", ["module", "script", "watched"])
def test_nothing_of_the_tree_is_run(tmp_path: Path, way: str, command: str, jobs: str) -> None:
    tree, told = tmp_path / "tree", tmp_path / "told"
    write(tree, {f"{name}.py": TELLS + SAFE for name in MODULES} | CONFIGURED)
    write(tmp_path, {"bin/sessionize": SCRIPT.encode(), "bin/watched": WATCHED.encode()})
    ways = {
        "module": ["-m", "sessionize"],
        "script": [str(tmp_path / "bin/sessionize")],
        "watched": [str(tmp_path / "bin/watched"), str(tmp_path / "bin/sessionize")],
    }
    ours = ("PYTHONPYCACHEPREFIX",)  # there is less to compile
    kept = {name: value for name, value in os.environ.items() if name in ours or not name.startswith("PYTHON")}
    environment = kept | {
        "PYTHONPATH": str(Path(sessionize.__file__).parents[1]),
        "PYTHONSTARTUP": str(tree / "hooks.py"),
        "PYTHONBREAKPOINT": "hooks.run",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TOLD": str(told),
    }
    options = ["--unsafe-fixes"] if command == "fix" else []
    arguments = [*ways[way], command, *options, "-q", jobs, "--output-format=concise", ".", "package"]
    result = subprocess.run(
        [sys.executable, *arguments], cwd=tree, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (result.returncode, result.stderr) == (1 if command == "check" else 0, "")
    assert result.stdout.count("RQS101") == (len(MODULES) if command == "check" else 0)
    assert not told.exists()
    assert not list(tree.rglob("__pycache__"))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="this Python always looks there")
def test_workers_that_are_started_anew_run_nothing_of_the_tree(tmp_path: Path) -> None:
    """They begin as `python -c`, which looks for modules in the current folder; as on macOS."""
    write(tmp_path, {"tree/multiprocessing.py": TELLS + SAFE, "tree/struct.py": TELLS + SAFE})
    program = (
        "import sys\nfrom sessionize import cli\nsys.platform = 'darwin'\n"
        "if __name__ == '__main__':\n    sys.argv = ['sessionize', 'check', '-q', '-j2']\n    sys.exit(cli.main())\n"
    )
    write(tmp_path, {"bin/sessionize": program.encode()})
    environment = os.environ | {"TOLD": str(tmp_path / "told")}
    command = [sys.executable, str(tmp_path / "bin/sessionize")]
    result = subprocess.run(
        command, cwd=tmp_path / "tree", env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (result.returncode, result.stderr) == (1, "")
    assert not (tmp_path / "told").exists()
