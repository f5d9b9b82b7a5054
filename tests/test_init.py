"""`sessionize init`: what it asks and writes, and what the module that it writes does on a network."""

import importlib
import importlib.util
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from command import SAFE, Run, write

FUNCTIONS = "".join(f"\n\ndef {name}():\n    return requests.get(f'{{BASE}}/{name}'{{}}).text\n" for name in ("a", "b"))
LASTING = f"import requests\n{FUNCTIONS.replace('{}', '')}"  # doubt: lifetime
PROXIES = SAFE.replace('")', '", proxies=proxies)')  # doubt: proxies


def lines(*answers: str) -> bytes:
    return "".join(f"{answer}\n" for answer in answers).encode()


@pytest.mark.parametrize(
    ("before", "options", "file", "after"),
    [
        (None, ("-y", "--accept", "idle,lifetime"), "sessionize.toml", 'accept = ["idle", "lifetime"]\n'),
        ("", ("--yes", "--accept=idle"), "pyproject.toml", '\n\n[tool.sessionize]\naccept = ["idle"]\n'),
        (
            "[a]\nb = 1\n\n",
            ("-y", "--accept=idle"),
            "pyproject.toml",
            '[a]\nb = 1\n\n[tool.sessionize]\naccept = ["idle"]\n',
        ),
    ],
)
def test_settings_without_a_question(
    run: Run, before: str | None, options: tuple[str, ...], file: str, after: str
) -> None:
    write({"a.py": LASTING} if before is None else {"pyproject.toml": before})
    result = run("init", *options)
    assert (result.status, result.out) == (
        0,
        f"Wrote {file}.\nNow try `sessionize check`, or `sessionize fix --diff`.\n",
    )
    assert Path(file).read_text(encoding="utf-8") == after
    assert run("check", "--exit-zero").status == 0, "the settings can be read"


def test_nothing_to_write(run: Run) -> None:
    write({"pyproject.toml": ""})
    for _ in range(2):
        result = run("init", "--yes")
        assert (result.status, result.out.splitlines()[0]) == (0, "Nothing to write: the defaults apply.")
    assert Path("pyproject.toml").read_text(encoding="utf-8") == ""


def test_settings_keep_the_ends_of_lines(run: Run) -> None:
    Path("pyproject.toml").write_bytes(b"[a]\r\nb = 1\r\n")
    assert run("init", "-y", "--accept=idle").status == 0
    expected = b'[a]\r\nb = 1\r\n\r\n[tool.sessionize]\r\naccept = ["idle"]\r\n'
    assert Path("pyproject.toml").read_bytes() == expected


@pytest.mark.parametrize(
    ("answers", "settings"),
    [
        (("y", "y", "n"), 'accept = ["lifetime", "proxies"]\n'),
        (("n", "y", "n"), 'accept = ["proxies"]\n'),
    ],
)
def test_doubts_are_asked_about_one_by_one(run: Run, answers: tuple[str, ...], settings: str) -> None:
    write({"a.py": LASTING, "b.py": PROXIES})
    result = run("init", stdin=lines(*answers))
    assert "Accept `lifetime` and fix 2 more calls? `sessionize rule lifetime` says what to check" in result.err
    assert "Accept `proxies` and fix 1 more call?" in result.err
    assert Path("sessionize.toml").read_text(encoding="utf-8") == settings


@pytest.mark.parametrize(
    ("files", "default"),
    [
        (("shop/__init__.py", "tests/__init__.py"), "shop/_sessions.py"),
        (("src/shop/__init__.py",), "src/shop/_sessions.py"),
        (("shop/__init__.py", "bank/__init__.py"), "_sessions.py"),
        ((), "_sessions.py"),
    ],
)
def test_module_lies_in_the_one_package(run: Run, files: tuple[str, ...], default: str) -> None:
    write({"a.py": "", **dict.fromkeys(files, "")})
    result = run("init", "--accept=idle", stdin=lines("y", ""))
    assert f"Wrote {default}.\n" in result.out
    module = default.removeprefix("src/").removesuffix(".py").replace("/", ".")
    assert Path("sessionize.toml").read_text(encoding="utf-8") == (
        f'accept = ["idle"]\nsession-factory = "{module}:make_session"\ncookies = "factory"\n'
    )


def test_fixes_make_sessions_by_the_module(run: Run) -> None:
    write({"a.py": SAFE, "b.py": LASTING})
    assert run("init", "--yes", "--accept=lifetime,threads", "--module=_sessions.py").status == 0
    assert run("fix", "-q").status == 0
    assert (
        Path("a.py")
        .read_text(encoding="utf-8")
        .startswith("from _sessions import make_session\nsession = make_session()\n")
    )
    assert "set_policy" not in Path("b.py").read_text(encoding="utf-8")
    assert run("check").status == 0


def test_all_files_share_the_session_of_the_module(run: Run) -> None:
    """Also for calls that may be for several users: it keeps no cookies."""
    users = "import requests\n\nfor user in USERS:\n    requests.post(BASE, json={'user': user})\n"
    write({"pyproject.toml": "", "shop/__init__.py": "", "shop/a.py": LASTING, "shop/b.py": users})
    assert run("init", "--yes", "--accept=lifetime,idle", "--module=shop/_sessions.py", "--shared").status == 0
    assert Path("pyproject.toml").read_text(encoding="utf-8") == (
        '\n\n[tool.sessionize]\naccept = ["lifetime", "idle"]\nsession-factory = "shop._sessions:get_session"\n'
        'cookies = "factory"\nsession-factory-shared = true\n'
    )
    assert run("fix", "-q").status == 0
    for name in ("shop/a.py", "shop/b.py"):
        after = Path(name).read_text(encoding="utf-8")
        assert after.startswith("from shop._sessions import get_session\n")
        assert "get_session()." in after
        assert "requests" not in after
    assert run("check").status == 0


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("pyproject.toml", "[tool.sessionize]\naccept = ['idle']\n", " below [tool.sessionize]"),
        ("sessionize.toml", "accept = ['idle']\n", ""),
    ],
)
def test_settings_that_are_there_are_added_to(run: Run, file: str, text: str, place: str) -> None:
    """By the user: what else is in the file, and how, is theirs."""
    write({file: text})
    result = run("init", "--yes", "--accept=lifetime,idle", "--module=_sessions.py")
    assert (result.status, result.out) == (
        0,
        "Wrote _sessions.py.\n"
        f"{Path.cwd() / file} has settings already. Put this there{place}, in place of lines with the same key:\n\n"
        '    accept = ["idle", "lifetime"]\n'
        '    session-factory = "_sessions:make_session"\n'
        '    cookies = "factory"\n\n'
        "Now try `sessionize check`, or `sessionize fix --diff`.\n",
    )
    assert Path(file).read_text() == text
    assert run("init", "--yes").out.startswith("Nothing to write: the settings apply.\n")


@pytest.mark.parametrize(
    ("files", "module", "told"),
    [
        ({"_sessions.py": ""}, "_sessions.py", "_sessions.py already exists"),
        ({"tests/test_sessions.py": ""}, "_sessions.py", "tests/test_sessions.py already exists"),
        ({}, "http.py", "http.py would hide the module http"),
        ({}, "requests.py", "requests.py would hide the module requests"),
        ({"pyproject.toml": "[tool.sessionize]\nx = 1\n"}, "_sessions.py", "unknown key 'x'"),
        ({"pyproject.toml": "[a"}, "_sessions.py", "pyproject.toml"),
        ({"pyproject.toml": "tool = {x = {y = 1}}\n"}, "_sessions.py", "pyproject.toml can't be written to: "),
        ({"pyproject.toml": "# \xe4\n"}, "_sessions.py", "pyproject.toml"),
        ({}, "class.py", "class.py cannot be imported as a module of this project"),
        ({}, "sessions", "sessions cannot be imported as a module of this project"),
        ({}, "my-sessions.py", "my-sessions.py cannot be imported as a module of this project"),
        ({}, "/tmp/sessions.py", "/tmp/sessions.py cannot be imported as a module of this project"),  # it is not made
    ],
)
def test_what_is_there_stays(run: Run, files: dict[str, str], module: str, told: str) -> None:
    write(files)
    result = run("init", "--yes", "--module", module)
    assert result.status == 2
    assert told in result.err
    assert [path for path in Path().rglob("*.*") if path.is_file()] == list(map(Path, files))


@pytest.mark.parametrize("option", [("--shared",), ("--per-thread",), ("--timeout", "5")])
def test_what_only_a_module_needs(run: Run, option: tuple[str, ...]) -> None:
    result = run("init", "--yes", *option)
    assert (result.status, result.err) == (2, "sessionize: --shared, --per-thread and --timeout need --module\n")


def test_one_for_all_or_one_for_each(run: Run) -> None:
    result = run("init", "--yes", "--module=_sessions.py", "--shared", "--per-thread")
    assert (result.status, result.err) == (2, "sessionize: give --shared or --per-thread, not both\n")


def test_accepting_what_tests_replace_moves_it_along(run: Run) -> None:
    assert run("init", "--yes", "--accept=patched").status == 0
    assert Path("sessionize.toml").read_text(encoding="utf-8") == 'accept = ["patched"]\nrewrite-patches = true\n'


@pytest.mark.parametrize("timeout", ["nan", "inf", "0"])
def test_no_time_to_wait(run: Run, timeout: str) -> None:
    assert run("init", "--yes", "--module=_sessions.py", "--timeout", timeout).status == 2
    assert list(Path().iterdir()) == []


# --- what the module does ---------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """Answers with the path; `left_out`: so many requests get no answer, but the end of the connection."""

    protocol_version = "HTTP/1.1"
    left_out = 0
    connections = 0

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def do_GET(self) -> None:
        if type(self).left_out:
            type(self).left_out -= 1
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.send_header("Set-Cookie", "sid=1")
        self.end_headers()
        self.wfile.write(self.path.encode())

    do_POST = do_GET  # noqa: N815  # as the base class wants it

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


@pytest.fixture
def url() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        Handler.left_out = Handler.connections = 0
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def make(run: Run) -> Callable[[], requests.Session]:
    """The function of a module that `sessionize init` has written."""
    assert run("init", "--yes", "--module=_sessions.py", "--pool=64", "--retries=2", "--timeout=30").status == 0
    spec = importlib.util.spec_from_file_location("_sessions", "_sessions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[], requests.Session] = module.make_session
    return found


def test_connection_that_the_server_closes_meanwhile(make: Callable[[], requests.Session], url: str) -> None:
    with requests.Session() as plain, make() as made:
        for session in (plain, made):
            session.get(url)
        Handler.left_out = 1
        with pytest.raises(requests.ConnectionError):
            plain.get(url)
        Handler.left_out = 2
        assert made.get(url).ok
        Handler.left_out = 1
        with pytest.raises(requests.ConnectionError):  # it may have been done
            made.post(url)


def test_calls_have_a_timeout(make: Callable[[], requests.Session]) -> None:
    make.__globals__["TIMEOUT"] = 0.1
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as silent, make() as session:  # nobody serves
        url = f"http://127.0.0.1:{silent.server_port}"
        with pytest.raises(requests.ConnectionError, match="Read timed out"):
            session.get(url)


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
def test_sixty_four_threads(make: Callable[[], requests.Session], url: str, caplog: pytest.LogCaptureFixture) -> None:
    paths = [f"/{number}" for number in range(1000)]
    with caplog.at_level(logging.WARNING), make() as session, ThreadPoolExecutor(64) as pool:
        assert [*pool.map(lambda path: session.get(f"{url}{path}").text, paths)] == paths
        assert not session.cookies
    assert caplog.records == []
    assert Handler.connections <= 64


FETCHING = """\
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from threading import Barrier, Thread

import requests

BASE = sys.argv[1]
barrier = Barrier(32)
found = []


def fetch(path):
    barrier.wait()
    answer = requests.get(BASE + path, headers={"X-Path": path})
    found.append(answer.text == path)
    return answer.text


def again(path):
    return requests.get(BASE + path).text


paths = [f"/{number}" for number in range(320)]
%s
print(found.count(True), len(found))
"""


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(
    "work",
    [
        "with ThreadPoolExecutor(32) as pool:\n    print(list(pool.map(fetch, paths)) == paths)",
        "with ThreadPoolExecutor(32) as pool:\n    futures = [pool.submit(fetch, path) for path in paths]\n"
        "print([future.result() for future in futures] == paths)",
        "for start in range(0, 320, 32):\n    some = paths[start : start + 32]\n"
        "    threads = [Thread(target=fetch, args=(path,)) for path in some]\n"
        "    for thread in threads:\n        thread.start()\n"
        "    for thread in threads:\n        thread.join()\nprint(True)",
        "with ThreadPool(32) as pool:\n    print(pool.map(fetch, paths, 1) == paths)",
    ],
)
def test_threads_of_a_program(run: Run, url: str, work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty-two at a time: each call opens a connection before, and after that at most each thread does."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)  # as workers of a run before this may have set
    program = [sys.executable, "fetching.py", url]
    write({"fetching.py": FETCHING % work})
    before = subprocess.run(program, capture_output=True, text=True)
    assert (before.stdout, Handler.connections) == ("True\n320 320\n", 320), before.stderr
    for option in ("--shared", "--per-thread", "--cookies=share"):
        Path("_sessions.py").unlink(missing_ok=True)
        write({"fetching.py": FETCHING % work, "pyproject.toml": ""})
        if option == "--cookies=share":
            assert run("fix", "-q", "--unsafe-fixes", option).status == 0
        else:
            options = ("--accept=lifetime,idle", "--module=_sessions.py", "--pool=32", option)
            assert run("init", "--yes", *options).status == 0
            assert run("fix", "-q").status == 0
        assert Path("fetching.py").read_text(encoding="utf-8").count("_session().get(") == 2
        Handler.connections = 0
        after = subprocess.run(program, capture_output=True, text=True)
        assert (after.stdout, after.stderr) == (before.stdout, before.stderr)
        assert Handler.connections <= (320 if "Thread(target" in work and option != "--shared" else 32)


def test_session_of_each_thread(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("init", "--yes", "--module=_each.py", "--per-thread").status == 0
    monkeypatch.syspath_prepend(Path.cwd())
    get_session = importlib.import_module("_each").get_session
    with ThreadPoolExecutor(1) as pool:
        others = [pool.submit(get_session).result() for _ in range(2)]
    assert get_session() is get_session() is not others[0] is others[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks")
def test_forked_process_has_connections_of_its_own(make: Callable[[], requests.Session], url: str) -> None:
    with make() as session:
        session.get(url)
        before = Handler.connections
        child = os.fork()
        if not child:
            os._exit(0 if session.get(f"{url}/child").text == "/child" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert Handler.connections == before + 1
        assert session.get(f"{url}/parent").text == "/parent"
        assert Handler.connections == before + 1, "the parent goes on with its own"


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--shared",), ("--per-thread",)])
def test_what_is_written_is_clean_and_passes(run: Run, options: tuple[str, ...]) -> None:
    write({"shop/__init__.py": "", "tests/__init__.py": ""})
    assert run("init", "--yes", "--module=shop/_sessions.py", *options).status == 0
    for command in (
        ("pytest", "-q", "-p", "no:cacheprovider"),
        ("ruff", "check", "--isolated", "--select=E,F,I,UP,B", "--target-version=py38"),
        ("ruff", "format", "--isolated", "--check"),
    ):
        done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
