"""What makes a session a doubtful thing: each condition of the safety contract, met and just not met."""

from dataclasses import replace
from typing import Any

import libcst as cst
import pytest
from around import answering

from sessionize.doubts import Doubts
from sessionize.doubts.doubt import Sharing
from sessionize.files.settings import Settings
from sessionize.fixes.obstacles import Obstacles
from sessionize.library.surroundings import Alone, Around, Version
from sessionize.sharing.facts import Facts
from sessionize.syntax.read_cst import read_cst

LOOP = "for x in y: requests.get(a)\n"
POSTS = "for x in y:\n requests.post(a)\n "


def doubt(source: str, filename: str = "sync.py", **settings: Any) -> str:
    """The first doubt about the calls of the first home that repeats some."""
    source = f"import requests\n{source}"
    facts = Facts(read_cst(cst.parse_module(source))[0], Around(filename=filename, text=source))
    calls = next(filter(None, map(facts.groups.repeated.get, sorted(facts.groups.by_frame))))
    place = facts.groups.place(calls)
    assert place is not None
    doubts = Doubts(facts, replace(Settings(), **settings)).about(Sharing(calls, place, place.tick))
    return doubts[0].reason if doubts else ""


def looped(arguments: str, before: str = "") -> str:
    return f"{before}\nfor x in y: requests.get(a, {arguments})"


# --- one call ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        "timeout=1",
        "proxies=None, hooks=None, auth=None, verify=None, cert=None",
        "auth=('a', b)",
        "auth=pair",
        "auth=requests.auth.HTTPBasicAuth('a', b)",
        "verify=True",
        "verify=False",
        "verify='/bundle.pem'",
        "verify=bundle",
        "cert='/client.pem'",
        "cert=('/client.pem', '/key.pem')",
        "headers={'Authorization': f'Bearer {token}'}",
        "headers={'Authorization': 'Bearer NTLM'}",
        "headers={'Accept': 'Negotiate'}",
        "cookies={'a': 'b'}",
    ],
)
def test_call_without_doubt(arguments: str) -> None:
    assert doubt(looped(arguments, "pair = ('a', 'b'); bundle = '/bundle.pem'")) == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("**options", "`**`"),
        ("proxies=a", "`proxies=`"),
        ("proxies={}", "`proxies=`"),
        ("hooks=a", "`hooks=`"),
        ("auth=a", "`auth=`"),
        ("auth=make()", "`auth=`"),
        ("auth=['a', 'b']", "`auth=`"),
        ("auth=('a', 'b', 'c')", "`auth=`"),
        ("auth=requests.auth.HTTPDigestAuth('a', b)", "`auth=`"),
        ("auth=two", "`auth=`"),
        ("headers={'Authorization': 'NTLM ' + a}", "authenticates its connection"),
        ("headers={'authorization': f'Negotiate {a}'}", "authenticates its connection"),
        ("headers=headers", "authenticates its connection"),
        ("verify=a", "`verify=`"),
        ("verify=x", "`verify=`"),
        ("verify=os.environ['CA']", "`verify=`"),
        ("cert=a", "`cert=`"),
        ("cert=('/client.pem', a)", "`cert=`"),
    ],
)
def test_call_with_doubt(arguments: str, reason: str) -> None:
    before = "two = ('a', 'b')\nif c: two = make()\nheaders = {'Authorization': 'NTLM abc'}"
    assert reason in doubt(looped(arguments, before))


@pytest.mark.parametrize(
    ("first", "second", "differ"),
    [
        ("", "", False),
        ("verify=True", "", False),
        ("verify=None", "verify=True", False),
        ("verify=False", "verify=False", False),
        ("verify=False", "", True),
        ("verify='/a.pem'", "verify='/b.pem'", True),
        ("cert='/a.pem'", "", True),
        ("cert='/a.pem'", "cert='/a.pem'", False),
        ("cert='/a.pem'", "cert=a or b", None),
    ],
)
def test_calls_of_one_connection(first: str, second: str, *, differ: bool | None) -> None:
    reason = doubt(f"requests.get(a, {first})\nrequests.get(b, {second})")
    assert ("differ in `verify=` or `cert=`" in reason) is bool(differ)
    assert bool(reason) is (differ is not False)


@pytest.mark.parametrize(
    ("oldest", "second", "doubted"),
    [
        ((2, 31), "verify=False", True),
        ((2, 32), "verify=False", False),
        ((2, 34, 2), "verify='/a.pem'", False),
        ((2, 32), "verify=a", True),
    ],
)
def test_required_version_tells_connections_apart(oldest: Version, second: str, *, doubted: bool) -> None:
    outline = read_cst(cst.parse_module(f"import requests\nrequests.get(a)\nrequests.get(b, {second})"))[0]
    facts = Facts(outline, Around(answering(Alone, oldest=lambda _: oldest), "sync.py"))
    (calls,) = filter(None, facts.groups.repeated.values())
    assert bool(Doubts(facts, Settings()).about(Sharing(calls, facts.groups.place(calls)))) is doubted


@pytest.mark.parametrize(
    ("option", "between", "doubted"),
    [
        ("cert='a.pem'", "shutil.copy(b, 'a.pem')", True),
        ("cert=('a.pem', 'b.pem')", "pathlib.Path(b).write_bytes(c)", True),
        ("verify='a.pem'", "os.replace(b, c)", True),
        ("verify='a.pem'", "file.write(c)", True),
        ("verify='a.pem'", "c.replace(b, '')", False),
        ("verify=False", "shutil.copy(b, 'a.pem')", False),
        ("verify=check", "shutil.copy(b, 'a.pem')", False),
        ("timeout=1", "shutil.copy(b, 'a.pem')", False),
    ],
)
def test_file_of_a_certificate_that_may_be_replaced(option: str, between: str, *, doubted: bool) -> None:
    reason = doubt(f"import os, pathlib, shutil\nfor x in y:\n requests.get(x, {option})\n {between}")
    assert ("may be replaced" in reason) is doubted


@pytest.mark.parametrize(
    ("first", "second", "doubted"),
    [
        ("headers={'Authorization': a}", "", True),
        ("headers={'authorization': a}", "headers={'Accept': b}", True),
        ("headers={'Authorization': a}", "headers={'Authorization': a}", False),
        ("headers={'Authorization': 'Bearer ' + a}", "", False),
        ("headers={'Authorization': f'token {a}'}", "", False),
        ("headers={'X-Key': a}", "", False),
        ("headers=dict(Authorization=a)", "", True),
        ("headers={**a, 'Authorization': b}", "", True),
        ("headers=make('Authorization')", "", True),
        ("headers=make('Authorization', 'Bearer ' + a)", "", False),
        ("headers=make('X-Key')", "", False),
        ("headers=None", "headers={'Authorization': a}", True),
        ("headers=make('Authorization')", "headers={'X-Key': a}", False),
    ],
)
def test_authorization_of_unknown_kind_beside_none(first: str, second: str, *, doubted: bool) -> None:
    reason = doubt(f"a = b = make()\nrequests.get(x, {first})\nrequests.get(y, {second})")
    assert ("of unknown kind" in reason) is doubted


@pytest.mark.parametrize(
    ("source", "doubted"),
    [
        ("print(requests.get(x).elapsed)", True),
        ("r = requests.get(x)\n print(r.elapsed.total_seconds())", True),
        ("r = requests.get(x)\n print('elapsed', elapsed, r.ok)", False),
        ("r = requests.get(x)\n print(getattr(r, 'elapsed'))", True),
        ("r = requests.get(x)\n print('elapsed', getattr(r, 'ok'))", False),
        ("r = requests.get(x)\n print([getattr(r, name) for name in ('ok', 'elapsed')])", True),
    ],
)
def test_times_of_answers(source: str, *, doubted: bool) -> None:
    assert ("`.elapsed` is read" in doubt(f"for x in y:\n {source}")) is doubted


@pytest.mark.parametrize(
    ("source", "differs"),
    [
        ("v = a\nfor x in y: requests.get(x, verify=v)", False),
        ("for x in y:\n v = x\n requests.get(x, verify=v)", True),
        ("v = a\nfor x in y:\n requests.get(x, verify=v)\n v = b", True),
        ("v = a\nrequests.get(a, verify=v)\nrequests.get(b, verify=v)\nv = b", False),
        ("v = a\nrequests.get(a, verify=v)\nv = b\nrequests.get(b, verify=v)", True),
        ("v = a\nif b: v = c\ndef f(v2):\n for x in y: requests.get(x, verify=v)", False),
        ("v = a\ndef g():\n global v\n v = b\ndef f():\n for x in y: g(); requests.get(x, verify=v)", True),
        ("v = a\neval(b)\nfor x in y: requests.get(x, verify=v)", True),
        ("v = a\nfor r in (requests.get(x, verify=v) for x in y): v = b", True),
        ("v = a\nfor r in (requests.get(x, verify=v) for x in y): print(r)", False),
        ("def f(v):\n for x in y: requests.get(x, cert=(v, '/key.pem'))", False),
        ("def f(v):\n for x in y: requests.get(x, cert=(v, x))", True),
        ("def f(o):\n for x in y: requests.get(x, verify=o.check)", True),
        ("def f(o):\n for x in y: o.check = x; requests.get(x, verify=o.check)", True),
        ("def f(o):\n for x in y: setattr(o, x, x); requests.get(x, verify=o.check)", True),
        ("def f(o):\n for x in y: requests.get(x, verify=o['check'])", True),
        ("def f(o):\n for x in y: requests.get(x, verify=not o)", True),
    ],
)
def test_options_of_the_connection_that_stay_the_same(source: str, *, differs: bool) -> None:
    assert ("not known to stay the same" in doubt(source)) is differs


# --- between the calls ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        POSTS + "time.sleep(2)",
        "from time import sleep as nap\n" + POSTS + "nap(2)",
        "import time\nnap = time.sleep\n" + POSTS + "nap(2)",
        POSTS + "input()",
        POSTS + "subprocess.run(b)\nimport subprocess",
        POSTS + "os.system(b)\nimport os",
        POSTS + "event.wait()",
        POSTS + "queue.get()",
        POSTS + "queue.get(timeout=5)",
        POSTS + "queue.get(True, 5)",
        POSTS + "thread.join()",
        POSTS + "thread.join(0.5)",
        POSTS + "thread.join(timeout=5)",
        POSTS + "future.result()",
        POSTS + "server.accept()",
        "import subprocess\n" + POSTS + "subprocess.getoutput('make')",
        "requests.get(a)\nsleep(2)\nrequests.patch(b)",
        "def f():\n for x in y:\n  requests.post(a)\n  yield x",
        "async def f():\n for x in y:\n  requests.post(a)\n  await x",
        "def pause(): sleep(2)\ndef f():\n for x in y:\n  requests.post(a)\n  pause()",
        "def pause(): rest()\ndef rest(): sleep(2)\ndef f():\n for x in y:\n  requests.post(a)\n  pause()",
        "import sys\nfor line in sys.stdin: requests.post(a)",
        "for change in wait(): requests.post(a)",
        "for x in y:\n requests.request('post', a)\n sleep(2)",
        "def f():\n for x in y: yield requests.post(a)\nfor x in f(): sleep(2)",
        "for x in y:\n requests.request(method='PATCH', url=a)\n sleep(2)",
        "for x in y:\n requests.request(z, a)\n sleep(2)",
    ],
)
def test_waits_between_posts(source: str) -> None:
    assert "waits between its calls" in doubt(source)


@pytest.mark.parametrize(
    ("wait", "long"),
    [
        ("sleep(2)", True),
        ("sleep(n)", True),
        ("input()", False),
        ("os.system(b)\nimport os", False),
        ("pause()\ndef pause(): sleep(2)", True),
        ("sleep(1)", False),
        ("stop.wait(60)", True),
        ("stop.wait(0.5)", False),
        ("select.select([], [], [], 60)", True),
        ("sleep(DELAY)\nDELAY = 0.5", False),
        ("sleep(DELAY)\nDELAY = 5", True),
        ("sleep(0)", False),
        # short ones that add up
        ("for left in range(60): sleep(1)", True),
        ("pause()\ndef pause():\n for left in range(60): sleep(1)", True),
        ("pause()\ndef pause(): sleep(1)", False),
        ("for left in range(60): pause()\ndef pause(): sleep(1)", True),
        ("until()\ndef until():\n while a: pause()\ndef pause(): sleep(1)", True),
        ("nap()\ndef nap():\n sleep(1)\n nap()", True),
        ("sleep(0.5); sleep(1)", True),
        ("pause()\ndef pause():\n sleep(1)\n sleep(1)", True),
        ("again()\n@tenacity.retry(wait=wait_fixed(60))\ndef again(): pass\nimport tenacity", True),
        ("nap()\nnap = lambda: sleep(60)", True),
        ("nap()\nnap = lambda: sleep(1)", False),
        ("nap()\nimport functools, time\nnap = functools.partial(time.sleep, 60)", True),
        ("nap()\nimport time\ndef nap(pause=time.sleep): pause(60)", True),
        ("nap()\nimport time\ndef nap(): getattr(time, 'sleep')(60)", True),
        ("nap()\ndef slow(f):\n def wrapper(): sleep(60)\n return wrapper\n@slow\ndef nap(): pass", True),
        ("n.x\nclass N:\n @property\n def x(self): sleep(60)", True),
        ("n.x\nclass N:\n def x(self): sleep(60)", False),
        ("next(n)\nclass N:\n def __next__(self): sleep(60)", True),
        ("future.result()", False),
        ("thread.join()", False),
    ],
)
@pytest.mark.parametrize("call", ["get(a)", "put(a)", "request('GET', a)"])
def test_waits_between_reads(call: str, wait: str, *, long: bool) -> None:
    assert ("waits between its calls" in doubt(f"for x in y:\n requests.{call}\n {wait}")) is long


@pytest.mark.parametrize(
    "source",
    [
        POSTS + "sleep(1)",
        POSTS + "time.sleep(0.5)",
        POSTS + "pass\nsleep(2)",
        "sleep(2)\n" + POSTS + "pass",
        "def pause(): sleep(0.1)\n" + POSTS + "pause()",
        "def ask(a): return a\n" + POSTS + "ask(x)",
        POSTS + "cache.get(x)",
        POSTS + "cache.get(5)",
        POSTS + "cache.get(default=x)",
        POSTS + "', '.join(x)",
        POSTS + "print(x)",
        POSTS + "pass\ndef f(): sleep(2)",
        "requests.post(a)\nrequests.post(b)\nsleep(2)",
        "for x in wait: requests.post(a)",
    ],
)
def test_no_waits_between(source: str) -> None:
    assert doubt(source) == ""


# --- around the calls -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (LOOP + "locals()", "`locals()`"),
        (LOOP + "vars()", "`vars()`"),
        (LOOP + "dir()", "`dir()`"),
        (LOOP + "eval(a)", "`eval()`"),
        (LOOP + "exec(a)", "`exec()`"),
        (LOOP + "globals()", "`globals()`"),
        (LOOP + "def f(): globals()", "`globals()`"),
        (LOOP + "import sys\nsys.modules[__name__]", "`sys.modules`"),
        (LOOP + "import inspect\ndef f(): inspect.currentframe()", "currentframe()"),
        (LOOP + "vars(a); dir(a)", ""),
        (LOOP + "def f(): locals()", ""),
        (LOOP + "def locals(): pass\nlocals()", ""),
        (LOOP + "import os\nos.fork()", "fork"),
        (LOOP + "def f(): os.fork()\nf()", "fork"),
        (LOOP + "def f(): os.fork()", ""),
        ("list(requests.get(a) for x in y)", ""),
        ("','.join(requests.get(a).text for x in y)", ""),
        ("for z in (requests.get(a) for x in y): pass", ""),
        ("print(*(requests.get(a) for x in y))", ""),
        ("z = (requests.get(a) for x in y)", "generator"),
        ("f(requests.get(a) for x in y)", "generator"),
        ("zip((requests.get(a) for x in y), z)", "generator"),
        ("list(f(requests.get(a) for x in y))", "generator"),
    ],
)
def test_around(source: str, reason: str) -> None:
    found = doubt(source)
    assert reason in found
    assert bool(found) is bool(reason)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def g(): exec(a)\nfrom requests import get\nfor x in y: get(a)", "the new import would show in `exec()`"),
        ("def g(): exec(a)\n" + LOOP, ""),
        ("def g():\n from requests import get\n def f():\n  for x in y: get(a)\n locals()", "`locals()`"),
        ("def g():\n import requests\n def f():\n  for x in y: requests.get(a)\n locals()", ""),
        ("from requests import get\ndef g(): locals()\ndef f():\n for x in y: get(a)", ""),
    ],
)
def test_imports_that_show(source: str, reason: str) -> None:
    found = doubt(source)
    assert reason in found
    assert bool(found) is bool(reason)


def test_requests_that_may_be_missing() -> None:
    assert "may be undefined" in doubt("try: import requests\nexcept ImportError: requests = None\n" + LOOP)


# --- the whole file ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("requests.get = a", "changes requests"),
        ("requests.Session.request = a", "changes requests"),
        ("requests.adapters.DEFAULT_RETRIES += 1", "changes requests"),
        ("del requests.get", "changes requests"),
        ("cls = requests.Session\ncls.request = a", "changes requests"),
        ("def g():\n util = requests.utils\n util.default_headers = a", "changes requests"),
        ("cls = requests.Session\ncls.request(a)", ""),
        ("session = requests.Session()\nsession.trust_env = False", ""),
        ("import urllib3\nurllib3.util.connection.HAS_IPV6 = False", "changes requests"),
        ("import socket\nsocket.socket = a", "changes requests"),
        ("import sys\nsys.modules['requests'] = a", "changes requests"),
        ("import sys\ndef g(): sys.modules['requests'] = a", "changes requests"),
        ("import sys\ndef g(): sys.path[0] = a", ""),
        ("import os\nos.environ = a", ""),
        ("b.requests = a", ""),
        ("import sys\nsys.path[0] = a", ""),
        ("b = requests", "changes requests"),
        ("f(requests)", "changes requests"),
        ("requests.__dict__", "changes requests"),
        ("requests.exceptions", ""),
        ("mock.patch('requests.get')", "changes requests"),
        ("mock.patch('app.sync.requests.get')", "changes requests"),
        ("mock.patch.object(requests, 'get')", "changes requests"),
        ("mock.patch.object(requests.sessions, 'Session')", "changes requests"),
        ("setattr(requests.adapters, 'x', 1)", "changes requests"),
        ("importlib.import_module('requests')", ""),
        ("f(importlib.import_module('requests'))", "changes requests"),
        ("mock.patch('requests_html.get')", ""),
        ("mock.patch()", ""),
        ("import requests_cache", "requests_cache"),
        ("import requests_random_user_agent", "requests_random_user_agent"),
        ("import requests_unixsocket\nrequests_unixsocket.monkeypatch()", "requests_unixsocket.monkeypatch"),
        ("import wrapt\n@wrapt.patch_function_wrapper('requests', 'api.get')\ndef f(): ...", "changes requests"),
        ("from httpretty import enabled", "httpretty"),
        ("import http.server as s", "server"),
        ("from http.server import HTTPServer", "server"),
        ("import http.server\nhttp.server.HTTPServer(a)", "server"),
        ("import socketserver", "server"),
        ("from socketserver import TCPServer", "server"),
        ("import http.client", ""),
        ("import pytest", "test"),
        ("from unittest.mock import Mock", "test"),
        ("import responses", "test"),
        ("import testing_tools", ""),
        ("import machine", "MicroPython"),
        ("from machine import Pin", "MicroPython"),
        ("import machinery", ""),
    ],
)
def test_file(source: str, reason: str) -> None:
    found = doubt(f"def f():\n {LOOP}\n{source}")
    assert reason in found
    assert bool(found) is bool(reason)


@pytest.mark.parametrize(
    ("filename", "test"),
    [
        ("test_sync.py", True),
        ("sync_test.py", True),
        ("sync_tests.py", True),
        ("tests.py", True),
        ("test.py", True),
        ("conftest.py", True),
        ("tests/sync.py", True),
        ("a/test/b/sync.py", True),
        ("testing/sync.pyi", True),
        ("sync.py", False),
        ("latest.py", False),
        ("contest/sync.py", False),
        ("attest_sync.py", False),
        ("<stdin>", False),
    ],
)
def test_filename(filename: str, *, test: bool) -> None:
    assert ("this is a test" in doubt(LOOP, filename)) is test


# --- what no session may do -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "leaks"),
    [
        ("", "", False),
        ("auth=make()", "", True),
        ("auth=a", "auth=a", False),
        ("auth=a", "auth=b", True),
        ("auth=('a', 'b')", "", False),
        ("headers={'Authorization': 'NTLM a'}", "auth=('a', 'b')", True),
        ("headers={'Authorization': 'NTLM a'}", "headers={'Authorization': 'NTLM a'}", False),
        ("cert='/a.pem'", "", True),
        ("cert=a", "cert=b", True),
        ("cert=a or c", "cert=a or c", True),
        ("cert=a", "cert=a", False),
        ("cert=o", "cert=o", False),
        ("cert='/a.pem'", "cert='/a.pem'", False),
        ("verify=False", "", False),
    ],
)
def test_leak(first: str, second: str, *, leaks: bool) -> None:
    imports = "import requests, requests_ntlm"  # without that it is a doubt
    source = f"{imports}\na = make()\no = make() or other\nrequests.get(a, {first})\nrequests.get(b, {second})"
    facts = Facts(read_cst(cst.parse_module(source))[0])
    assert bool(Obstacles(facts, Settings()).of_sharing(facts.bare.calls)) is leaks


@pytest.mark.parametrize(
    ("bound", "leaks"),
    [
        ("a = make()\nb = a", False),
        ("a = b\nb = a", False),
        ("b = HttpNtlmAuth('a', 'b')\nb.username = a", True),
        ("from a import b", False),
        ("def b(): pass", True),
        ("for b in c: pass", True),
        ("if a: b = make()\nelse: b = c", True),
        ("from a import HttpNtlmAuth\nb = HttpNtlmAuth('a', 'b')", False),
    ],
)
def test_leak_by_an_object(bound: str, *, leaks: bool) -> None:
    source = f"import requests, requests_ntlm\n{bound}\nfor x in y: requests.get(x, auth=b)"
    facts = Facts(read_cst(cst.parse_module(source))[0])
    assert bool(Obstacles(facts, Settings()).of_sharing(facts.bare.calls)) is leaks


@pytest.mark.parametrize(
    ("auth", "leaks"),
    [
        ("HttpNtlmAuth('a', 'b')", False),
        ("HttpNtlmAuth(x, 'b')", True),
        ("HttpNtlmAuth(*a)", True),
        ("make('a')", True),
        ("Login('a')", False),
        ("Login(x)", True),
        ("self.make('a')", True),
    ],
)
def test_leak_by_what_is_made_for_each_call(auth: str, *, leaks: bool) -> None:
    imports = "import requests\nfrom requests_ntlm import HttpNtlmAuth, make\nclass Login: pass\n"
    source = f"{imports}for x in y: requests.get(x, auth={auth})"
    facts = Facts(read_cst(cst.parse_module(source))[0])
    assert bool(Obstacles(facts, Settings()).of_sharing(facts.bare.calls)) is leaks


@pytest.mark.parametrize(
    "source",
    [
        "while True:\n sleep(1)\n if a: requests.get(b)",
        "for x in y:\n sleep(0.5)\n if x in a: continue\n requests.get(b)",
        "for x in y:\n try: a()\n except E: requests.get(b)\n sleep(1)",
    ],
)
def test_short_waits_between_calls_that_come_now_and_then(source: str) -> None:
    assert "waits between its calls" in doubt(source)
