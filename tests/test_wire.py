"""The wire check can fail: each wrong rewrite that people made by hand is told from the program it came from."""

import os
import sys
from pathlib import Path

import pytest
from wire import Run, Servers, differences, run

BEFORE = """\
import os
import requests

base, other = os.environ["BASE"], os.environ["BASE2"]
token = {"X-Token": "secret", "X-Client": "sync"}
for name in ("first", "second"):
    print(requests.get(f"{base}/{name}", headers=token).json()["path"])
print(requests.post(f"{base}/done", json={"count": 2}).status_code)
print(requests.get(f"{other}/list", params={"page": 1}).url)
"""

RIGHT = """\
import os
import requests

base, other = os.environ["BASE"], os.environ["BASE2"]
token = {"X-Token": "secret", "X-Client": "sync"}
session = requests.Session()
for name in ("first", "second"):
    print(session.get(f"{base}/{name}", headers=token).json()["path"])
print(session.post(f"{base}/done", json={"count": 2}).status_code)
print(session.get(f"{other}/list", params={"page": 1}).url)
"""

SESSION = "session = requests.Session()\n"
LOOP = RIGHT[RIGHT.index("for ") : RIGHT.index("print(session.post")]
POST = 'print(session.post(f"{base}/done", json={"count": 2}).status_code)\n'

# what is done wrong: the right text, the wrong one, and a line that tells
WRONG = {
    "hoisted-to-calls-without": (
        SESSION,
        SESSION + "session.headers.update(token)\n",
        "+ request 3: header 'X-Token': 'secret'",
    ),
    "default-headers-replaced": (SESSION, SESSION + "session.headers = token\n", "- request 1: header 'Accept': '*/*'"),
    "header-lost": (", headers=token", "", "- request 2: header 'X-Token': 'secret'"),
    "header-in-other-case": ("X-Token", "x-token", "+ request 1: header 'x-token': 'secret'"),
    "header-changed": ("secret", "public", "+ request 1: header 'X-Token': 'public'"),
    "headers-in-other-order": (
        '{"X-Token": "secret", "X-Client": "sync"}',
        '{"X-Client": "sync", "X-Token": "secret"}',
        "+ request 1: header 'X-Client': 'sync'",
    ),
    "order-changed": (LOOP + POST, POST + LOOP, "- request 1: 'GET' '/first' at host0"),
    "call-lost": (POST, "print(200)\n", "- request 3: 'POST' '/done' at host0"),
    "call-added": (POST, POST + POST, "+ request 4: 'POST' '/done' at host0"),
    "body-lost": (', json={"count": 2}', "", "+ request 3: body b''"),
    "body-changed": ('"count": 2', '"count": 3', "+ request 3: body b'{\"count\": 3}'"),
    "method-changed": ("session.post", "session.put", "+ request 3: 'PUT' '/done' at host0"),
    "query-lost": (', params={"page": 1}', "", "+ request 4: 'GET' '/list' at host1"),
    "host-changed": ("{other}/list", "{base}/list", "+ request 4: 'GET' '/list?page=1' at host0"),
    "output-changed": (".status_code", ".ok", "+ output: 'True\\n'"),
    "output-lost": ("print(session.post", "(session.post", "- output: '200\\n'"),
    "exception-raised": (".url)", ".link)", "- error: None"),
    "exit-status-changed": (".url)", ".url)\nraise SystemExit(3)", "+ error: ('SystemExit', '3')"),
}


@pytest.fixture(scope="module")
def before(servers: Servers) -> Run:
    return run(BEFORE, servers)


def test_right_rewrite_is_equal(before: Run, servers: Servers) -> None:
    after = run(RIGHT, servers)
    assert differences(before, after) == []
    assert (before.connections, after.connections) == ([3, 1], [1, 1])


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_rewrite_is_told(wrong: str, before: Run, servers: Servers) -> None:
    right, mistake, line = WRONG[wrong]
    assert right in RIGHT
    assert line in differences(before, run(RIGHT.replace(right, mistake), servers))


def test_cookie_sent_back_is_told(cookie_servers: Servers) -> None:
    policy = "session.cookies.set_policy(requests.cookies.cookielib.DefaultCookiePolicy(allowed_domains=[]))\n"
    before = run(BEFORE, cookie_servers)
    assert differences(before, run(RIGHT.replace(SESSION, SESSION + policy), cookie_servers)) == []
    assert differences(before, run(RIGHT, cookie_servers)) == [
        "+ request 2: header 'Cookie': 'visit=1'",
        "+ request 3: header 'Cookie': 'visit=2'",
        "+ request 4: header 'Cookie': 'visit=3'",  # cookies know hosts, not ports
    ]


def test_every_order_of_arrival_is_kept_over_hosts(servers: Servers) -> None:
    program = """
import os, requests
for base in (os.environ["BASE2"], os.environ["BASE"], os.environ["BASE2"]):
    requests.get(base)
"""
    assert [request.host for request in run(program, servers).requests] == [1, 0, 1]


def test_what_is_recorded(servers: Servers) -> None:
    program = """
import os, requests, sys
base = os.environ["BASE"]
answers = [
    requests.request("QUERY", f"{base}/a", params={"next": f"{base}/b"}, data={"from": base}, headers={"X-From": base}),
    requests.put(f"{base}/chunks", data=iter([b"one", b"two"])),
    requests.head(f"{base}/nothing"),
    requests.get(f"{base}/redirect/2"),
    requests.get(f"{base}/status/404"),
    requests.get(f"{base}/status/204"),
    requests.get(f"{base}/status/ready"),
]
for answer in answers:
    print(answer.status_code, answer.reason, len(answer.history), answer.text)
print(base, __name__, sys.modules["__main__"].base == base, __file__, sys.argv)
sys.stdout.buffer.write(b"bytes")
"""
    seen = run(program, servers)
    assert seen.output.splitlines() == [
        '200 OK 0 {"method": "QUERY", "path": "/a?next=http%3A%2F%2Fhost0%2Fb"}',
        '200 OK 0 {"method": "PUT", "path": "/chunks"}',
        "200 OK 0 ",
        '200 OK 2 {"method": "GET", "path": "/redirect/0"}',
        '404 Not Found 0 {"method": "GET", "path": "/status/404"}',
        "204 No Content 0 ",
        '200 OK 0 {"method": "GET", "path": "/status/ready"}',
        "http://host0 __main__ True program.py ['program.py']",
        "bytes",
    ]
    query, chunks, head, *redirects = seen.requests[:6]
    assert query[:3] == (0, "QUERY", "/a?next=http%3A%2F%2Fhost0%2Fb")
    assert query.headers[0] == ("Host", "host0")
    assert ("X-From", "http://host0") in query.headers
    assert query.body == b"from=http%3A%2F%2Fhost0"
    assert (chunks.method, chunks.body) == ("PUT", b"onetwo")
    assert (head.method, head.body) == ("HEAD", b"")
    assert [request.path for request in redirects] == ["/redirect/2", "/redirect/1", "/redirect/0"]
    assert seen.connections == [7, 0]  # a bare call keeps its connection over its own redirects
    assert seen.error is None


def test_two_runs_of_one_program_are_equal(servers: Servers) -> None:
    program = """
import os, random, requests
base = os.environ["BASE"]
requests.post(base, files={"report": ("report.txt", b"text")}, headers={"X-Agent": str(random.random())})
print(object(), input())
"""
    assert differences(run(program, servers), run(program, servers)) == []


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ("", None),
        ("sys.exit()", ("SystemExit", "")),
        ("sys.exit(2)", ("SystemExit", "2")),
        ("raise ValueError(base)", ("ValueError", "http://host0")),
    ],
)
def test_ends(end: str, error: tuple[str, str] | None, servers: Servers) -> None:
    program = f'import os, sys\nbase = os.environ["BASE"]\nprint("before the end")\n{end}\n'
    seen = run(program, servers)
    assert (seen.output, seen.error) == ("before the end\n", error)


def test_leftovers_are_closed_and_recorded(servers: Servers) -> None:
    program = """
import os, requests
class Client:
    def __init__(self):
        self.session, self.me = requests.Session(), self
        self.answer = self.session.get(os.environ["BASE"], stream=True)
client = Client()
"""
    assert run(program, servers).connections == [1, 0]
    assert run("", servers).connections == [0, 0]


def test_connection_that_outlives_its_program_is_told(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wire.PATIENCE", 0.01)
    monkeypatch.setattr(sys, "kept", [], raising=False)
    program = 'import os, requests, sys\nsys.kept.append(requests.get(os.environ["BASE"], stream=True))\n'
    with pytest.raises(TimeoutError, match="still open"):
        run(program, servers)


def test_process_is_left_as_it_was(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid")
    before = dict(os.environ), sys.argv, sys.stdin, sys.stdout, sys.modules["__main__"]
    program = 'import os\nprint(os.environ.get("HTTP_PROXY"))\nos.environ["BASE"] = os.environ["MORE"] = "changed"\n'
    assert run(program, servers).output == "None\n"
    assert (dict(os.environ), sys.argv, sys.stdin, sys.stdout, sys.modules["__main__"]) == before


def test_file_is_run_in_its_own_encoding(servers: Servers, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_bytes(b'# coding: latin-1\nprint("\xe9", __file__)\n')
    assert run(program, servers).output == f"\xe9 {program}\n"
    assert run('# coding: latin-1\nprint("\xe9")\n', servers).output == "\xe9\n"  # text is decoded already
