"""Programs that act for several users, on a server with log-ins: each user gets their own answers, before and after.

The server knows a user by a cookie first, as most do. So a cookie that a session keeps for the next user's call shows
in what that call is answered.
"""

import itertools
import json
import re
from collections.abc import Iterator
from textwrap import indent
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from around import answering
from wire import Request, Servers, run

from sessionize.engine.fix import fix_source
from sessionize.files.settings import Settings

pytestmark = pytest.mark.usefixtures("unmeasured")


class LogIns(Servers):
    """Servers that greet the user of a cookie, else that of other credentials; and count the votes of a visitor."""

    def reset(self) -> None:
        super().reset()
        self.users: dict[str, str] = {}  # by session id
        self.votes: dict[str, int] = {}  # by visitor
        self.numbers = itertools.count(1)

    def answer(self, request: Request) -> bytes:
        headers = {name.lower(): value for name, value in request.headers}
        cookies = dict(pair.split("=", 1) for pair in headers.get("cookie", "").split("; ") if pair)
        given = dict(parse_qsl(urlsplit(request.path).query)) | dict(parse_qsl(request.body.decode()))
        visitor = cookies.get("visitor") or f"v{next(self.numbers)}"
        told = {"visitor": "visitor" in cookies, "cookie": self.users.get(cookies.get("sid", ""), cookies.get("sid"))}
        set_cookies = [f"visitor={visitor}; Path=/"]
        if request.path.startswith("/login"):
            number = f"s{next(self.numbers)}"
            self.users[number] = given.get("user", "")
            set_cookies.append(f"sid={number}; Path=/")
        if request.path.startswith("/vote"):
            self.votes[visitor] = self.votes.get(visitor, 0) + 1
            told["accepted"] = self.votes[visitor] == 1
        told["user"] = (
            given.get("user") or given.get("api_key") or headers.get("x-api-key", headers.get("authorization"))
        )
        body = json.dumps(told | {"path": request.path}).encode()
        head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *(f"Set-Cookie: {cookie}" for cookie in set_cookies)]
        return "\r\n".join((*head, "", "")).encode() + (b"" if request.method == "HEAD" else body)


START = """\
import io, itertools, os, queue
import requests
BASE = os.environ["BASE"]
USERS = [("ann", "k1"), ("bob", "k2"), ("cyd", "k3")]
"""
# By where the users come from; each turn ends with the lines of one user.
LOOPS = {
    "list": """\
for user, key in USERS:
    ...
""",
    "generator": """\
def users():
    yield from USERS
for user, key in users():
    ...
""",
    "queue": """\
todo = queue.Queue()
for each in USERS:
    todo.put(each)
while not todo.empty():
    user, key = todo.get()
    ...
""",
    "file": """\
for line in io.StringIO("ann,k1 bob,k2".replace(" ", os.linesep)):
    user, key = line.strip().split(",")
    ...
""",
    "environment": """\
for user in os.environ.get("USERS", "ann bob").split():
    key = user.upper()
    ...
""",
    "counter": """\
for number in itertools.count():
    if number == 3:
        break
    user, key = f"u{number}", f"k{number}"
    ...
""",
    "popped": """\
left = list(USERS)
while left:
    user, key = left.pop()
    ...
""",
    "function": """\
def load(user, key):
    ...
for user, key in USERS:
    load(user, key)
""",
    "closure": """\
def make(user, key):
    def load():
        ...
        ...
    return load
for load in [make(*each) for each in USERS]:
    load()
""",
    "object": """\
class Client:
    def __init__(self, user, key):
        self.user, self.key = user, key
    def load(self):
        user, key = self.user, self.key
        ...
    def again(self):
        for _ in "ab":
            self.load()
for each in USERS:
    Client(*each).again()
""",
}
# By what tells the user.
CARRIERS = {
    "body": 'requests.post(f"{BASE}/items", data={"user": user, "key": key}, timeout=5)',
    "params": 'requests.get(f"{BASE}/items", params={"api_key": key}, timeout=5)',
    "url": 'requests.get(f"{BASE}/bot{key}/me", timeout=5)',
    "header": 'requests.get(f"{BASE}/me", headers={"X-Api-Key": key}, timeout=5)',
    "cookie": 'requests.get(f"{BASE}/me", cookies={"sid": key}, timeout=5)',
    "auth": 'requests.get(f"{BASE}/me", auth=(user, key), timeout=5)',
    "log-in": 'requests.post(f"{BASE}/login", data={"user": user, "password": key}, timeout=5)',
}
LOG_IN = f"answer = {CARRIERS['log-in']}"
ME = 'print(requests.get(f"{BASE}/me", timeout=5).text)'
HANDED_ON = 'print(requests.get(f"{BASE}/me", cookies=answer.cookies, timeout=5).text)'
OTHERS = {
    "log-in-then-own-calls": ("", f"user, key = USERS[0]\n{LOG_IN}\n{ME}\n{ME}\n"),
    "log-in-handed-on": ("", f"user, key = USERS[0]\n{LOG_IN}\n{HANDED_ON}\n{HANDED_ON}\n"),
    "log-ins-then-own-calls": ("list", f"{LOG_IN}\n{ME}\n{ME}"),
    "log-ins-handed-on": ("list", f"{LOG_IN}\n{HANDED_ON}\n"),
    "registration": ("counter", 'print(requests.post(f"{BASE}/register", data={"user": user}, timeout=5).text)'),
    "votes": ("counter", 'print(requests.post(f"{BASE}/vote", data={"for": "x"}, timeout=5).text)'),
    "votes-by-get": ("counter", 'print(requests.get(f"{BASE}/vote?for=x", timeout=5).text)'),
    "pins": ("counter", 'print(requests.post(f"{BASE}/login", data={"user": "ann", "pin": number}, timeout=5).text)'),
    "pins-in-params": ("counter", 'print(requests.get(f"{BASE}/try", params={"pin": number}, timeout=5).text)'),
    "anonymous-last": ("list", f"print({CARRIERS['auth']}.text)\n{ME}"),
    "anonymous-first": ("list", f"{ME}\nprint({CARRIERS['header']}.text)"),
    "view": ("function", 'print(requests.get(f"{BASE}/me", cookies={"sid": key}, timeout=5).text)\n' + ME),
    "token-of-all": (
        "list",
        'print(requests.get(f"{BASE}/{user}", headers={"Authorization": "Bearer t"}, timeout=5).text)',
    ),
}


def program(loop: str, lines: str) -> str:
    """The lines for each user of a loop."""
    text = LOOPS.get(loop, "...\n")
    return START + re.sub(r"( *)\.\.\.\n", lambda found: indent(f"{lines.rstrip()}\n", found[1]), text)


def programs() -> Iterator[tuple[str, str]]:
    for loop, (carrier, call) in itertools.product(LOOPS, CARRIERS.items()):
        yield f"{loop}-{carrier}", program(loop, f"print({call}.text)")
    for name, (loop, lines) in OTHERS.items():
        yield name, program(loop, lines)


PROGRAMS = dict(programs())
SCRIPT = answering(is_script=lambda _filename, _closed: True)


def fixed(text: str, **settings: Any) -> str | None:
    return fix_source(text, "program.py", Settings(**settings), surroundings=SCRIPT).after


@pytest.fixture(scope="module")
def servers() -> Iterator[LogIns]:
    made = LogIns()
    yield made
    made.close()


@pytest.mark.parametrize("name", PROGRAMS)
def test_users_get_their_own_answers(servers: LogIns, name: str) -> None:
    before = PROGRAMS[name]
    expected = run(before, servers)
    assert expected.error is None
    assert expected.output
    for after in {fixed(before), fixed(before, unsafe_fixes=True)} - {None}:
        found = run(after or "", servers)
        assert (found.requests, found.output, found.error) == (expected.requests, expected.output, None), after


@pytest.mark.slow
def test_a_jar_for_all_users_would_show(servers: LogIns) -> None:
    differing = set()
    for name, text in PROGRAMS.items():
        after = fixed(text, unsafe_fixes=True, cookies="share")
        if after is not None and run(text, servers).output != run(after, servers).output:
            differing.add(name)
    assert len(differing) >= 75
