"""What other files of a project do to a value, to requests or to a connection, and what a fix makes of it."""

import re
from pathlib import Path

import pytest
from command import Run, write

from sessionize.library.surroundings import Around, Surroundings
from sessionize.project.looks import LOOKS
from sessionize.project.projects import Projects

TOKEN = """\
import requests

TOKEN = "alice"


def load(pages):
    for page in pages:
        requests.get(f"https://a.test/v1/{page}", headers={"X-Thing": TOKEN})
"""
CLIENT = """\
import requests


class Client:
    def __init__(self, token):
        self.token = token

    def sync(self):
        for page in range(3):
            requests.get(f"https://a.test/v1/{page}", headers={"Authorization": self.token})
"""
LOOP = """\
import requests
from links import links

for link in links():
    requests.get("https://a.test" + link)
"""


def fixed(run: Run, name: str, files: dict[str, str]) -> str:
    """A file of a project as `fix` leaves it."""
    write({"pyproject.toml": "", **files})
    run("fix", name)
    return Path(name).read_text()


@pytest.mark.parametrize(
    ("other", "hoisted"),
    [
        ("import client\n\n\ndef pages():\n    client.load(pages())\n", True),
        ("TOKEN = 'bob'\nprint(TOKEN, x.TOKEN)\n", True),
        ("import client\nclient.TOKEN = 'bob'\n", False),
        ("import pkg\npkg.client.TOKEN = 'bob'\n", False),
        ("def pages(module):\n    module.TOKEN = 'bob'  # that of client\n", False),
        ("def pages(module):\n    module.TOKEN = 'bob'\n", True),
        ("import __main__\n__main__.TOKEN = 'bob'\n", False),
        ("import sys\nsys.modules['__main__'].TOKEN = 'bob'\n", False),
        ("def pages(load):\n    load.__globals__['TOKEN'] = 'bob'\n", False),
        ("from importlib import import_module\nimport_module(name).TOKEN = 'bob'\n", False),
        ("from importlib import import_module\nimport_module(name).KEY = 'bob'\n", True),
        ("from unittest import mock\nwith mock.patch('client.TOKEN', 'bob'): pass\n", False),
        ("from unittest import mock\nwith mock.patch('client.KEY', 'bob'): pass\n", True),
        ("from unittest import mock\nwith mock.patch.dict('client.__dict__', TOKEN='bob'): pass\n", False),
    ],
)
def test_constant_that_another_file_sets_is_not_hoisted(run: Run, other: str, hoisted: bool) -> None:
    after = fixed(run, "client.py", {"client.py": TOKEN, "other.py": other})
    assert "session = requests.Session()" in after
    assert ("headers.update" in after) == hoisted


@pytest.mark.parametrize(
    ("other", "keeps"),
    [
        ("from client import Client\nClient('x').sync(pages)\n", True),
        ("class Other:\n    def __init__(self, token):\n        self.token = token\n", True),
        ("class Other:\n    def renew(self, token):\n        self.token = token\n", True),
        ("class Other:\n    @staticmethod\n    def renew(client):\n        client.token = 'x'\n", False),
        ("class Other:\n    def renew(self, /, client):\n        client.token = 'x'\n", False),
        ("class Other:\n    def renew(self, /):\n        self.token = 'x'\n", True),
        ("class Other:\n    def renew():\n        client.token = 'x'\n", False),
        ("class Other(client.Client):\n    def renew(self, token):\n        self.token = token\n", False),
        ("client.token = 'bob'\n", False),
        ("setattr(client, 'token', 'bob')\n", False),
        ("setattr(client, 'name', 'bob')\n", True),
        ("import client\nsetattr(it, name, 'bob')\n", False),
        ("setattr(it, name, 'bob')\n", True),  # of no module that could have a client
        ("import client\n\n\nclass It:\n    def put(self, name):\n        setattr(self, name, 'bob')\n", True),
        (
            "import client\n\n\nclass It(client.Client):\n    def put(self, name):\n        setattr(self, name, 1)\n",
            False,
        ),
        ("import client\nput = setattr\n", False),
        ("import client\nvars(it).update(x)\n", False),
        ("import client\nit.__dict__.update(x)\n", False),
        ("import client\nprint(vars)\n", False),
        ("vars(it).update(token='bob')\n", False),
        ("vars(it).update({'token': 'bob'})\n", False),
        ("it.__dict__['token'] = 'bob'\n", False),
        ("names['key'] = 'bob'\n", True),
        ("for it.token in names: pass\n", False),
        ("class It(Client):\n    token = 'x'\n", False),
        ("class It(Base):\n    token = 'x'\n", True),
        ("from client import Client as Base\n\n\nclass It(Base):\n    token = 'x'\n", False),
        ("Base = client.Client\n\n\nclass It(Base):\n    token = 'x'\n", False),
        ("class Base(Client): ...\n\n\nclass It(Base):\n    token = 'x'\n", False),
        ("It = type('It', (Rotating, Client), {})\n\n\nclass Rotating:\n    token = 'x'\n", False),
        ("class It:\n    token = 'x'\n", True),
        ("class It(object):\n    token = 'x'\n", True),
        ("class It(Client):\n    token: str = 'x'\n", False),
        ("class It(Client):\n    token: str\n", True),
        ("class It(Client):\n    @property\n    def token(self): ...\n", False),
        ("class It(Client):\n    def __getattribute__(self, name): ...\n", False),
        ("class It(Base):\n    def __init__(self):\n        super().__init__('x')\n", True),
        ("it.__init__('bob')\n", False),
        ("it.__class__ = Other\n", False),
        ("it.token = ", False),  # cannot be read
    ],
)
def test_session_with_a_token_that_another_file_may_set_keeps_no_cookies(run: Run, other: str, keeps: bool) -> None:
    after = fixed(run, "client.py", {"client.py": CLIENT, "other.py": other})
    assert "session = requests.Session()" in after
    assert ("set_policy" not in after) == keeps


KEPT = """\
import requests


class Client:
    def __init__(self):
        self.headers = {"Authorization": "alice"}

    def sync(self, pages):
        for page in pages:
            requests.get(f"https://a.test/v1/{page}", headers=self.headers)
"""


@pytest.mark.parametrize(
    ("other", "keeps"),
    [
        ("client.sync(client.names)\n", True),
        ("headers = client.headers\n", False),
        ("headers = client.kind.headers\n", False),
        ("headers = response.headers\n", True),
        ("print(requests.get(url).headers)\n", True),
        ("become(client.headers, 'bob')\n", False),
        ("become(headers=client.headers)\n", False),
        ("def headers(client):\n    return client.headers\n", False),
        ("client.headers['Authorization'] = 'bob'\n", False),
        ("client.headers.update(x)\n", False),
        ("getattr(client, 'headers')['Authorization'] = 'bob'\n", False),
        ("print(client.headers['Accept'])\n", False),  # which may be one that can be changed
    ],
)
def test_headers_of_an_object_that_another_file_may_change(run: Run, other: str, keeps: bool) -> None:
    after = fixed(run, "client.py", {"client.py": KEPT, "other.py": other})
    assert ("set_policy" not in after) == keeps


@pytest.mark.parametrize(
    ("main", "keeps"),
    [
        ("class Pool(Rotating, Client):\n    pass\n", False),
        ("class Pool(Client):\n    other = Rotating()\n", True),
    ],
)
def test_class_that_another_derives_from_together_with_the_client(run: Run, main: str, keeps: bool) -> None:
    mixin = "class Rotating:\n    @property\n    def token(self):\n        return next(tokens)\n"
    main = f"from client import Client\nfrom mixin import Rotating\n\n\n{main}"
    after = fixed(run, "client.py", {"client.py": CLIENT, "mixin.py": mixin, "main.py": main})
    assert ("set_policy" not in after) == keeps


@pytest.mark.parametrize(
    ("value", "keeps"),
    [('{"Authorization": self.token}', True), ('{"Authorization": f"Bearer {self.token}"}', False)],
)
def test_class_that_says_how_it_is_shown_matters_in_texts_only(run: Run, value: str, keeps: bool) -> None:
    models = "import client\n\n\nclass City:\n    def __repr__(self):\n        return 'City'\n"
    code = CLIENT.replace('{"Authorization": self.token}', value)
    assert ("set_policy" not in fixed(run, "client.py", {"client.py": code, "models.py": models})) == keeps


def test_notebook_that_may_set_any_name_it_has(run: Run) -> None:
    cell = '{"cells": [{"cell_type": "code", "source": ["it.token = 1"]}], "metadata": {}}'
    assert "set_policy" in fixed(run, "client.py", {"client.py": CLIENT, "look.ipynb": cell})


@pytest.mark.parametrize(
    ("account", "keeps"),
    [
        ("account = 'alice'\n", True),
        ("class Account:\n    name = 'alice'\n\n\naccount = Account()\n", True),
        ("class Account:\n    def __str__(self):\n        return next(names)\n\n\naccount = Account()\n", False),
        (
            "class Account:\n    def __format__(self, spec):\n        return next(names)\n\n\naccount = Account()\n",
            False,
        ),
    ],
)
def test_value_that_is_put_in_a_text_by_code_of_another_file(run: Run, account: str, keeps: bool) -> None:
    code = """\
import requests
from account import account

for page in range(3):
    requests.get(f"https://a.test/v1/{page}", headers={"Authorization": f"Bearer {account}"})
"""
    after = fixed(run, "main.py", {"main.py": code, "account.py": account})
    assert ("set_policy" not in after) == keeps


@pytest.mark.parametrize(
    ("code", "links", "keeps"),
    [
        (LOOP, "/login?user=alice", False),
        (LOOP, "/size/oslo", True),
        (LOOP.replace("links()", "links"), "/login?user=alice", False),
        (LOOP.replace('"https://a.test" + link', 'f"https://a.test/v1/{link}"'), "login?user=alice", False),
        (LOOP.replace('"https://a.test" + link', '"https://a.test", params={"q": link}'), "login?user=alice", True),
        (LOOP.replace('"https://a.test" + link', 'f"https://a.test/v1/{link}"'), "size/oslo", True),
        (LOOP.replace("from links import links", "import links\n\nlinks = ['/1', '/2'].copy"), "/login?user=a", False),
        (LOOP.replace("from links import links", "from os import listdir as links"), "/login?user=alice", True),
    ],
)
def test_session_for_urls_of_another_file(run: Run, code: str, links: str, keeps: bool) -> None:
    """It keeps no cookies where that names a user."""
    after = fixed(run, "main.py", {"main.py": code, "links.py": f"def links():\n    yield {links!r}\n"})
    assert ("set_policy" not in after) == keeps


PAGES = """\
import requests


class Pages:
    def load(self):
        for path in self.paths():
            requests.get("https://a.test" + path)


def load(links):
    for link in links:
        requests.get("https://a.test" + link)
"""


@pytest.mark.parametrize(
    ("main", "keeps"),
    [
        ("import load\nload.load(['/login?user=alice'])\n", False),
        ("import load\nload.load(['/size/oslo'])\n", True),
        ("import load\nuser = load.load(['/size/oslo'])\n", False),
        ("import load\nload.load([f'/size/{user}'])\n", False),
        ("import load\nload.load([f'of {user}', '/size/oslo'])\n", False),
        ("go(['/login?user=alice'])\n", True),  # another function
        ("import load\nload.load(['/login\n", False),  # cannot be read
    ],
)
def test_sessions_for_urls_that_other_files_give(run: Run, main: str, keeps: bool) -> None:
    after = fixed(run, "load.py", {"load.py": PAGES, "main.py": main})
    assert after.count("session = requests.Session()") == 2
    assert after.count("set_policy") == (0 if keeps else 2)


@pytest.mark.parametrize(("link", "keeps"), [("/login?user=alice", False), ("/size/oslo", True)])
@pytest.mark.parametrize("back", [False, True])
def test_sessions_for_urls_that_come_through_a_file_between(run: Run, link: str, keeps: bool, back: bool) -> None:
    if back:
        files = {
            "load.py": LOOP,
            "links.py": "from data import links\n",
            "data.py": f"def links():\n    yield {link!r}\n",
        }
    else:
        between = "from load import load\n\n\ndef go(links):\n    load(links)\n"
        files = {"load.py": PAGES, "between.py": between, "main.py": f"from between import go\ngo([{link!r}])\n"}
    assert ("set_policy" not in fixed(run, "load.py", files)) == keeps


LINKS = "def links():\n    yield '/login?user=alice'\n"


@pytest.mark.parametrize(
    ("files", "keeps"),
    [
        ({"data.py": LINKS, "main.py": "from data import links\nfrom load import load\n\nload(links())\n"}, False),
        ({"data.py": LINKS, "main.py": "from load import load\n\nload(['/size/oslo'])\n"}, True),  # another program
        ({"main.py": "import load\n\n\ndef go(users):\n    load.load(['/of/' + user for user in users])\n"}, False),
        ({"main.py": "import load\nload.load(['/'.join(('login', x)) for x in 'ab'])\n"}, False),
        ({"main.py": "import load\nload.session = {}\nfor key in 'ab':\n    pass\n# of a user\n"}, True),
        ({"main.py": "import load, os\nload.load([os.environ['ACCOUNT']])\n"}, False),
        ({"main.py": "import load, os\nload.load([os.environ['CITY']])\n"}, True),
        ({"main.ipynb": '{"cells": [{"cell_type": "code", "source": ["import load\\n", "user = 1"]}]}'}, False),
        ({"test_load.py": "import load\nload.load(['/login?user=alice'])\n"}, True),
    ],
)
def test_other_file_that_names_a_user(run: Run, files: dict[str, str], keeps: bool) -> None:
    """The sessions of all files of its program keep no cookies."""
    assert ("set_policy" not in fixed(run, "load.py", {"load.py": PAGES, **files})) == keeps


@pytest.mark.parametrize(
    ("main", "keeps"),
    [("load('impersonate/alice')\n", False), ("load('size/oslo')\n", True), ("user = load('size/oslo')\n", False)],
)
def test_session_of_one_user_for_urls_that_name_another(run: Run, main: str, keeps: bool) -> None:
    code = """\
import requests

AUTH = ("service", "x")


def load(path):
    for number in range(3):
        requests.get(f"https://a.test/{path}/{number}", auth=AUTH)
"""
    after = fixed(run, "pages.py", {"pages.py": code, "main.py": f"from pages import load\n{main}"})
    assert ("set_policy" not in after) == keeps


@pytest.mark.parametrize(
    ("path", "keeps"),
    [
        ("str(number)", True),
        ("QUEUE.get()", False),
        ("input()", False),
        ("PATHS[number]", False),
        ("job.path", False),
    ],
)
def test_session_of_one_user_for_paths_that_come_by_the_module(run: Run, path: str, keeps: bool) -> None:
    code = f"""\
import requests
from queue import Queue

AUTH = ("service", "x")
QUEUE = Queue()
PATHS = {{}}


class job:
    path = ""


for number in range(3):
    requests.get(f"https://a.test/{{{path}}}/{{number}}", auth=AUTH)
"""
    after = fixed(run, "pages.py", {"pages.py": code, "main.py": "import pages\nuser = 1\n"})
    assert ("set_policy" not in after) == keeps


LIMITER = (
    "import time\n\n\nclass Limiter:\n    def throttle(self):\n        self.nap()\n\n    def nap(self):\n        %s\n"
)


@pytest.mark.parametrize(
    ("files", "verb", "doubted"),
    [
        ({"slow.py": "import time\n\n\ndef throttle():\n    time.sleep(5)\n"}, "get", True),
        ({"slow.py": "import time\n\n\ndef throttle():\n    time.sleep(0.1)\n"}, "get", False),
        (
            {"slow.py": "import time\n\n\ndef throttle():\n    pass\n\n\ndef other():\n    time.sleep(5)\n"},
            "get",
            False,
        ),
        ({"slow.py": "from naps import throttle\n", "naps.py": "def throttle():\n    input()\n"}, "get", False),
        (
            {
                "slow.py": "from naps import nap\n\n\ndef throttle():\n    nap()\n",
                "naps.py": "from time import sleep\n\n\ndef nap():\n    sleep(5)\n",
            },
            "get",
            True,
        ),
        ({"slow.py": "def throttle():\n    input()\n"}, "get", False),
        ({"slow.py": "def throttle():\n    input()\n"}, "post", True),
        ({"slow.py": "import subprocess\n\n\ndef throttle():\n    subprocess.run(['x'])\n"}, "post", True),
        (
            {"slow.py": "import main\nimport time\n\n\ndef throttle():\n    main.nap()\n    time.sleep(5)\n"},
            "get",
            True,
        ),
        ({"slow.py": "import main\n\n\ndef throttle():\n    main.nap()  # no sleep\n"}, "get", False),
        ({"slow.py": "def throttle(:\n    time.sleep(5)\n"}, "get", False),
    ],
)
def test_wait_in_another_file(run: Run, files: dict[str, str], verb: str, doubted: bool) -> None:
    code = f"""\
import requests
from slow import throttle


def nap():
    throttle()


for page in range(3):
    throttle()
    requests.{verb}(f"https://a.test/v1/{{page}}")
"""
    assert ("requests.Session()" not in fixed(run, "main.py", {"main.py": code, **files})) == doubted


@pytest.mark.parametrize(("wait", "doubted"), [("time.sleep(5)", True), ("time.time()", False)])
@pytest.mark.parametrize("call", ["Limiter().throttle()", "limiter.throttle()", "Work().limiter.throttle()"])
def test_wait_in_a_method_of_another_file(run: Run, wait: str, doubted: bool, call: str) -> None:
    code = f"""\
import requests
from slow import Limiter


class Work:
    def __init__(self):
        self.limiter = Limiter()


limiter = Limiter()
for page in range(3):
    {call}
    requests.get(f"https://a.test/v1/{{page}}")
"""
    assert ("requests.Session()" not in fixed(run, "main.py", {"main.py": code, "slow.py": LIMITER % wait})) == doubted


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (
            "from http.server import HTTPServer\nHTTPServer().serve_forever()\n",
            "a server of this program, by other.py, may wait",
        ),
        ("import socket\nsocket.create_server(('', 0)).accept()\n", "a server of this program, by other.py, may wait"),
        ("import os\nos.fork()\n", "other.py may fork the process"),
        ("from http.server import HTTPServer\nHTTPServer().handle_request()\n", ""),
        ("from os import path, fork as go\ngo()\n", "other.py may fork the process"),
        ("repository.fork()\n", ""),
    ],
)
@pytest.mark.parametrize("imported", [True, False])
def test_server_or_fork_in_another_file_of_the_program(run: Run, other: str, reason: str, imported: bool) -> None:
    code = f"import requests\n{'import other' if imported else ''}\n\nfor n in range(3):\n    requests.get('https://a.test')\n"
    write({"pyproject.toml": "", "main.py": code, "other.py": other})
    result = run("check", "main.py")
    assert ("unsafe" in result.out) == bool(reason and imported)
    assert reason in result.out or not imported


@pytest.mark.parametrize(
    ("code", "hoisted"),
    [
        ("", True),
        ("import builtins\ngetattr(builtins, name)()['TOKEN'] = 'bob'\n", False),
        ("import builtins\nbuiltins.print()\n", True),
        ("run = __builtins__\n", False),
        ("import cProfile\ncProfile.run(text)\n", False),
        ("import cProfile\ncProfile.Profile()\n", True),
        ("import gc\ngc.get_objects()\n", False),
    ],
)
def test_constant_that_its_own_file_may_change_is_not_hoisted(run: Run, code: str, hoisted: bool) -> None:
    assert ("headers.update" in fixed(run, "client.py", {"client.py": f"{TOKEN}\n\n{code}"})) == hoisted


@pytest.mark.parametrize(
    ("code", "keeps"),
    [
        ("", True),
        ("put = setattr\n", False),
        ("list(map(setattr, clients, names, tokens))\n", False),
        ("list(map(getattr, clients, names))\n", True),
        ("def setattr(x): ...\n\n\nput = setattr\n", True),
    ],
)
def test_attribute_that_its_own_file_may_set_keeps_no_cookies(run: Run, code: str, keeps: bool) -> None:
    assert ("set_policy" not in fixed(run, "client.py", {"client.py": f"{CLIENT}\n\n{code}"})) == keeps


@pytest.mark.parametrize(
    ("code", "made"),
    [
        ("", True),
        ("print(load.__code__.co_varnames)\n", False),
        ("print(load.__code__.co_filename)\n", True),
    ],
)
def test_variable_that_would_show(run: Run, code: str, made: bool) -> None:
    assert ("requests.Session()" in fixed(run, "client.py", {"client.py": f"{TOKEN}\n\n{code}"})) == made


@pytest.mark.parametrize("ignored", ["*.txt", "other.py"])
def test_file_that_git_ignores_counts(run: Run, ignored: str) -> None:
    files = {"client.py": TOKEN, "other.py": "import client\nclient.TOKEN = 'bob'\n", ".gitignore": f"{ignored}\n"}
    Path(".git").mkdir()
    assert "headers.update" not in fixed(run, "client.py", files)


PACED = "def paced(items):\n    for item in items:\n        SLEEP\n        yield item\n"
WRAPPING = "def paced(run):\n    def run_later():\n        SLEEP\n    return run_later\n"
HARMLESS = "def paced(run):\n    return run\n\n\ndef other():\n    SLEEP\n"
OBJECT = "class paced:\n    def %s(self):\n        SLEEP\n"


@pytest.mark.parametrize(
    ("slow", "step", "doubted"),
    [
        (PACED, "for part in paced(parts):", True),
        (PACED.replace("SLEEP", "print()"), "for part in paced(parts):", False),
        (PACED, "parts = paced(parts)\nfor part in parts:", True),
        (OBJECT % "__next__", "for part in paced(parts):", True),
        (OBJECT % "__enter__", "for part in parts:\n    with paced(): pass", True),
        (OBJECT % "__enter__", "import slow\nfor part in parts:\n    with slow.paced(): pass", True),
        (OBJECT % "other", "for part in parts:\n    with paced(): pass", False),
        (OBJECT % "__call__", "pace = paced()\nfor part in parts:\n    pace()", True),
        (OBJECT % "__init__", "for part in parts:\n    paced()", True),
        (WRAPPING, "go = paced(print)\nfor part in parts:", True),
        (HARMLESS, "go = paced(print)\nfor part in parts:", False),
    ],
)
def test_wait_in_another_file_that_no_name_shows(run: Run, slow: str, step: str, doubted: bool) -> None:
    imports = "" if "import" in step else "from slow import paced\n"
    code = f"import requests\n{imports}\nparts = [1, 2]\n{step}\n    requests.get('https://a.test/v1')\n"
    slow = f"import time\n\n\n{slow}".replace("SLEEP", "time.sleep(5)")
    assert ("requests.Session()" not in fixed(run, "main.py", {"main.py": code, "slow.py": slow})) == doubted


def test_text_of_no_file_may_be_any_module() -> None:
    assert Projects().may_set_attribute("<stdin>", "token")
    assert not Surroundings().other_that("client.py", "names-a-user")
    assert Surroundings().may_set("client.py", "TOKEN")


def test_nobody_sets_what_a_notebook_has() -> None:
    assert not Around(Surroundings(), "look.ipynb").may_set_attribute("token")


@pytest.mark.parametrize(("size", "keeps"), [(1000, True), (1_000_001, False)])
def test_files_that_are_too_long_to_look_through(run: Run, size: int, keeps: bool) -> None:
    links = f"def links():\n    yield '/size/oslo'\n#{'x' * size}\n"
    assert ("set_policy" not in fixed(run, "main.py", {"main.py": LOOP, "links.py": links})) == keeps
    other = f"print(token=1)\n#{'x' * size}\n"
    assert ("set_policy" not in fixed(run, "client.py", {"client.py": CLIENT, "other.py": other})) == keeps


ITEMS = """\
import requests
import lib
for n in range(2):
    lib.mute(n)
    print(requests.get(f"https://a.test/v1/{n}"))
"""


@pytest.mark.parametrize(
    ("lib", "safe"),
    [
        ("import requests\n\n\ndef mute(n):\n    requests.get('https://a.test')\n", True),
        ("from requests.api import sessions\n\n\ndef mute(n):\n    sessions.Session = Fake\n", False),
        ("import requests\ncls = requests.sessions.Session\n\n\ndef mute(n):\n    cls.__init__ = init\n", False),
        ("import requests\nfor cls in requests.Session.__mro__:\n    pass\n", False),
        ("import requests\npatch(requests.sessions, default_headers=dict)\n", False),
        ("import requests\npatch(owner=requests)\n", False),
        ("from requests import Session\n\n\n@replaces(Session, '__init__')\ndef init(self):\n    pass\n", False),
        ("import requests\nrequests.api.__dict__['sessions'].Session = Mine\n", False),
        ("import requests\nrequests.adapters.DEFAULT_RETRIES = 5\n", False),
        ("import requests\nrequests.adapters.HTTPAdapter.__init__.__defaults__ = ()\n", False),
        ("import requests\nmodules = [requests]\n", False),
        ("import requests\n\n\ndef library():\n    return requests\n", False),
        ("import requests\n\n\nclass Mine(requests.Session):\n    pass\n", True),
        ("import requests\n\n\ndef mute(s: requests.Session):\n    isinstance(s, requests.Session)\n", True),
        ("import requests\n\ntry:\n    get = requests.get\nexcept requests.Timeout:\n    pass\n", True),
        ("import requests\nwait = getattr(requests, 'get')\n", True),
        ("import requests\nwait = getattr(requests, name)\n", True),
        ("import socket\n\n\ndef mute(n):\n    socket.socket = Mine\n", False),
        ("import socket as s\n\n\ndef mute(n):\n    s.create_connection(n)\n", True),
        ("from urllib3.util import connection\n\n\ndef mute(n):\n    connection.create_connection = n\n", False),
        ("import socket\n\n\ndef mute(n):\n    it.socket = socket\n", True),
        ("import requests\nprint 'this is not Python'\n", True),
        ("import requests\nrequests.get = fake\nprint 'this is not Python'\n", True),
        ("def mute(reply):\n    return reply.elapsed\n", False),
        ("import inspect\n\n\ndef mute(f):\n    return inspect.getsource(f)\n", False),
        ("import sys\n\n\ndef mute(n):\n    print(sorted(sys._getframe(1).f_locals))\n", False),
        ("import os as system\n\n\ndef mute(n):\n    system.fork()\n", False),
        ("import posix\n\n\ndef mute(n):\n    posix.fork()\n", False),
        ("import os\n\n\ndef mute(n):\n    getattr(os, 'fork')()\n", False),
        ("def mute(repo):\n    repo.fork()\n", True),
        ("def mute(repo):\n    return {'fork': repo['fork']}\n", True),
        ("import multiprocessing\n", True),  # whose children have no use of a session in a frame
        ("def mute(server):\n    while True: server.handle_request()\n", False),
        ("def mute(server):\n    while server:\n        server.handle_request()\n", False),
        ("def mute(server):\n    server.handle_request()\n", True),
        ("def mute(server):\n    getattr(server, 'serve_forever')()\n", False),
    ],
)
def test_what_another_file_of_the_program_does(run: Run, lib: str, safe: bool) -> None:
    assert ("requests.Session()" in fixed(run, "main.py", {"main.py": ITEMS, "lib.py": lib})) == safe


@pytest.mark.parametrize(
    ("main", "safe"),
    [
        ("import pages\nsetattr(pages, 'other', 1)\n", True),
        ("import pages\nfor name in ('requests',):\n    setattr(pages, name, Fake)\n", False),
        ("import pages\npages.requests = Fake\n", False),
        ("import pages\nvars(pages).update({'requests': Fake})\n", False),
        ("import pages\nx = {'requests': Fake}\nvars(pages).update(x)\n", False),
        ("import pages\nx = dict(requests=Fake)\npages.load.__globals__.update(x)\n", False),
    ],
)
def test_module_whose_requests_another_file_may_replace(run: Run, main: str, safe: bool) -> None:
    code = "import requests\n\n\ndef load():\n    for n in range(3):\n        requests.get(f'https://a.test/{n}')\n"
    assert ("requests.Session()" in fixed(run, "pages.py", {"pages.py": code, "main.py": main})) == safe


def test_requests_beside_a_script(run: Run) -> None:
    code = "import requests\nfor n in range(3):\n    requests.get(f'https://a.test/{n}')\n"
    files = {"main.py": code, "requests.py": "def get(url):\n    return url\n"}
    assert "Session" not in fixed(run, "main.py", files)


JOINED = """\
import requests
from lib import prepare
s = requests.Session()
s.get("https://a.test/v1")
prepare()
for n in range(2):
    requests.get(f"https://a.test/{n}")
"""


@pytest.mark.parametrize(
    ("lib", "joined"),
    [
        ("def prepare():\n    pass\n", True),
        ("def prepare():\n    from main import s\n    s.headers['X-Kind'] = 'k'\n", False),
        ("import __main__\n\n\ndef prepare():\n    __main__.s.headers['X-Kind'] = 'k'\n", False),
        ("import sys\n\n\ndef prepare():\n    sys._getframe(1).f_globals['s'].headers['X-Kind'] = 'k'\n", False),
        ("def prepare():\n    pass\n\n\nif __name__ == '__main__':\n    prepare()\n", True),
        ('def prepare():\n    pass\n\n\nif __name__=="__main__":\n    prepare()\n', True),
        ('def prepare():\n    pass\n\n\nif "__main__" == __name__:\n    prepare()\n', True),
    ],
)
def test_session_of_a_script_that_another_file_may_change(run: Run, lib: str, joined: bool) -> None:
    after = fixed(run, "main.py", {"main.py": JOINED, "lib.py": lib})
    assert (" s.get(f" in after) == joined


@pytest.mark.parametrize(
    ("other", "closed"),
    [
        ("def work():\n    pass\n", True),
        ("import __main__\n\n\ndef work():\n    __main__.fetch(1)\n", False),
        ("import multiprocessing\n\n\ndef work():\n    multiprocessing.Pool()\n", False),
        ("import multiprocessing\n\n\ndef work():\n    multiprocessing.cpu_count()\n", True),
    ],
)
def test_script_whose_functions_another_file_may_call(run: Run, other: str, closed: bool) -> None:
    code = """\
import requests
import other


def fetch(n):
    return requests.get(f"https://a.test/v1/{n}")


def main():
    print(fetch(1), fetch(2))
    other.work()


if __name__ == "__main__":
    main()
"""
    assert ("_session = requests.Session()" in fixed(run, "main.py", {"main.py": code, "other.py": other})) == closed


@pytest.mark.parametrize(
    ("other", "safe"),
    [
        ("import main\nprint(main.A)\n", True),
        ("import main\nprint(main.session)\n", False),
        ("import main\nprint(vars(main))\n", False),
        ("import main\nprint(main.__dict__)\n", False),
        ("import main\nprint(getattr(main, 'session', None))\n", False),
    ],
)
def test_new_name_of_a_module_that_another_file_looks_at(run: Run, other: str, safe: bool) -> None:
    code = "import requests\nA = [requests.get(f'https://a.test/{n}') for n in range(2)]\n"
    assert ("requests.Session()" in fixed(run, "main.py", {"main.py": code, "other.py": other})) == safe


@pytest.mark.parametrize(
    ("then", "stays"),
    [
        ("\n\ndef other() -> 'get':\n    pass\n", True),
        ("\ntimeit('fetch()', 'from __main__ import get as fetch')\n", True),
        ("\nprint('get it')\n", False),
    ],
)
def test_import_that_a_text_names_stays(run: Run, then: str, stays: bool) -> None:
    code = "from requests import get\n\nfor n in range(2):\n    get(f'https://a.test/{n}')\n"
    after = fixed(run, "main.py", {"main.py": code + then})
    assert "Session()" in after
    assert ("import Session, get" in after or "import get, Session" in after) == stays


@pytest.mark.parametrize(
    ("then", "joined"),
    [
        ("pass", True),
        ("global HEADERS; HEADERS = {'Accept': 'b'}", False),
        ("del HEADERS['Accept']", False),
    ],
)
def test_session_that_sends_headers_which_change(run: Run, then: str, joined: bool) -> None:
    code = """\
import requests

HEADERS = {"Accept": "a"}
session = requests.Session()
session.headers.update(HEADERS)


def a(n):
    return session.get(f"https://a.test/a/{n}")


def b(n):
    return requests.get(f"https://a.test/b/{n}", headers=HEADERS)


def main():
    print(a(1))
    THEN
    for n in range(2):
        print(b(n))


main()
"""
    after = fixed(run, "main.py", {"main.py": code.replace("THEN", then)})
    assert (after.count("requests.Session()") == 1 and "requests.get" not in after) == joined


CLOCK = "import time\n\n\nclass Base:\n    def tick(self):\n        time.sleep(3)\n"


JOB = "from clock import Base\n\n\nclass Job(Base):\n    def %s(self):\n        %s\n\n\njob = Job()"
PROPERTY = "import time\n\n\nclass Base:\n    @property\n    def tick(self):\n        time.sleep(3)\n"
STEPS = "import time\n\n\ndef nap():\n    time.sleep(3)\n\n\nSTEPS = {'nap': nap}\n"
SLOW = "import time\n\n\ndef slow():\n    while True:\n        time.sleep(3)\n        yield 1\n\n\nnaps = slow()\n"


@pytest.mark.parametrize(
    ("clock", "imports", "step"),
    [
        (CLOCK, JOB % ("run", "self.tick()"), "job.run()"),
        (CLOCK, JOB % ("tick", "super().tick()"), "job.tick()"),
        (f"{CLOCK}\n\nclass Clock(Base):\n    pass\n", "from clock import Clock\n\nclock = Clock()", "clock.tick()"),
        (f"{CLOCK}\n\nclock = Base()\n", "from clock import clock", "clock.tick()"),
        ("import time\n\ntick = lambda: time.sleep(3)\n", "from clock import tick", "tick()"),
        (STEPS, "from clock import STEPS", "STEPS['nap']()"),
        (PROPERTY, "from clock import Base\n\njob = Base()", "job.tick"),
        (SLOW, "from clock import naps", "next(naps)"),
        ("import time\n\nnaps = map(time.sleep, [3, 3])\n", "from clock import naps", "next(naps)"),
        ("from tenacity import retry\n\n\n@retry\ndef tick():\n    pass\n", "from clock import tick", "tick()"),
        ("def tick(event, interval):\n    event.wait(interval)\n", "from clock import tick", "tick(a, b)"),
        ("def tick(event):\n    event.wait(timeout=60)\n", "from clock import tick", "tick(a)"),
        (
            "import time\ntry:\n    def tick():\n        time.sleep(3)\nfinally:\n    pass\n",
            "from clock import tick",
            "tick()",
        ),
    ],
)
def test_wait_that_another_file_has_by_some_name(run: Run, clock: str, imports: str, step: str) -> None:
    code = f"import requests\n{imports}\n\nfor page in range(3):\n    {step}\n    requests.get(f'https://a.test/{{page}}')\n"
    assert "requests.Session()" not in fixed(run, "main.py", {"main.py": code, "clock.py": clock})
    quiet = re.sub(r"time\.sleep\(3\)|event\.wait\(.*?\)|@retry\n", "", clock).replace("time.sleep", "str")
    quiet = (
        quiet.replace("        \n", "        pass\n").replace("    \n", "    pass\n").replace("lambda: ", "lambda: 1")
    )
    compile(quiet, "clock.py", "exec")
    assert "requests.Session()" in fixed(run, "main.py", {"main.py": code, "clock.py": quiet})


PACER = """\
import time


class Pacer:
    def __enter__(self):
        self.nap()

    def nap(self):
        time.sleep(3)


pacer = Pacer()
"""


@pytest.mark.parametrize(
    ("clock", "imports", "step", "loud", "quiet"),
    [
        ("def tick():\n    for _ in range(60):\n        time.sleep(1)", "", "clock.tick()", "for _", "if _"),
        ("def tick():\n    time.sleep(1)\n    time.sleep(1)", "", "clock.tick()", "    time.sleep(1)\n", ""),
        (
            "class Limiter:\n    def get(self):\n        time.sleep(3)",
            "limiter = clock.Limiter()",
            "limiter.get()",
            "3",
            "1",
        ),
        ("def read():\n    time.sleep(3)", "", "clock.read()", "3", "1"),
        ("def read():\n    time.sleep(3)", "from clock import read", "read()", "3", "1"),
        ("def read():\n    time.sleep(3)", "", "files.read()", "3", "3"),
        ("def tick():\n    time.sleep(3)", "def tick():\n    clock.tick()", "tick()", "time.sleep(3)", "time.time()"),
        ("def tick():\n    time.sleep(3)", "def tick():\n    pass", "tick()", "3", "3"),
        ("LONG = 60\n\n\ndef tick(event):\n    event.wait(LONG)", "", "clock.tick(event)", "60", "0.1"),
        ("LONG = 60\n\n\ndef tick():\n    time.sleep(LONG)", "", "clock.tick()", "60", "0.1"),
        ("rest = time.sleep\n\n\ndef tick():\n    rest(3)", "", "clock.tick()", "time.sleep", "print"),
        ("from time import sleep as rest\n\n\ndef tick():\n    rest(3)", "", "clock.tick()", "rest(3)", "rest(1)"),
        (PACER, "", "with clock.pacer: pass", "3", "1"),
    ],
)
def test_wait_that_another_file_has_in_some_way(
    run: Run, clock: str, imports: str, step: str, loud: str, quiet: str
) -> None:
    """A test for each kind of wait and of name: with the wait the fix is in doubt, with less of it it is not."""
    code = f"import clock, requests\n\n{imports}\n\nfor page in range(3):\n    {step}\n"
    code += "    requests.get(f'https://a.test/{page}')\n"
    for length in (loud, quiet):
        files = {"main.py": code, "clock.py": "import time\n\n\n" + clock.replace(loud, length)}
        after = fixed(run, "main.py", files)
        assert ("requests.Session()" not in after) == (length != quiet), after


@pytest.mark.parametrize(
    ("slow", "step", "doubted"),
    [
        ("def pages():\n    time.sleep(3)\n    yield 1\n", "for page in slow.pages():\n        pass", True),
        ("def pages():\n    time.sleep(1)\n    yield 1\n", "for page in slow.pages():\n        pass", False),
        (PACER, "with slow.pacer:\n        pass", True),
        ("class Base:\n    def __init__(self):\n        time.sleep(3)\n", "Base = slow.Base()", True),
        ("def read():\n    time.sleep(3)\n", "slow.read()", True),
        ("class Base:\n    def __init__(self):\n        time.sleep(3)\n", "super().__init__()", False),
    ],
)
def test_wait_that_no_call_shows_behind_a_function(run: Run, slow: str, step: str, doubted: bool) -> None:
    files = {
        "slow.py": f"import time\n\n\n{slow}",
        "steps.py": f"import slow\n\n\ndef go():\n    {step}\n",
        "main.py": "import requests\nfrom steps import go\n\nfor page in range(3):\n    go()\n"
        "    requests.get('https://a.test')\n",
    }
    assert ("requests.Session()" not in fixed(run, "main.py", files)) == doubted


@pytest.mark.parametrize(
    ("code", "sleeps", "doubted"),
    [
        ("        yield requests.get(f'https://a.test/{n}')\n", True, True),
        ("        yield requests.get(f'https://a.test/{n}')\n", False, False),
        ("        callback(requests.get(f'https://a.test/{n}'))\n", True, True),
        ("        callback(requests.get(f'https://a.test/{n}'))\n", False, False),
        ("        print(requests.get(f'https://a.test/{n}'))\n    callback(3)\n", True, False),
        ("        print(requests.get(f'https://a.test/{n}'))\n", True, False),
    ],
)
def test_code_of_another_file_between_calls(run: Run, code: str, sleeps: bool, doubted: bool) -> None:
    files = {
        "pages.py": f"import requests\n\n\ndef load(callback):\n    for n in range(3):\n{code}",
        "main.py": f"import pages, time\nfor page in pages.load(print):\n    {'time.sleep(9)' if sleeps else 'pass'}",
    }
    assert ("requests.Session()" not in fixed(run, "pages.py", files)) == doubted


@pytest.mark.parametrize(("wait", "doubted"), [("input()", True), ("print()", False)])
def test_question_asked_three_files_away(run: Run, wait: str, doubted: bool) -> None:
    files = {
        "c.py": f"def ask():\n    {wait}\n",
        "b.py": "from c import ask\n\n\ndef step():\n    ask()\n",
        "a.py": "from b import step\n\n\ndef go():\n    step()\n",
        "main.py": "import requests\nfrom a import go\n\nfor page in range(3):\n    go()\n    requests.VERB('https://a.test')\n",
    }
    files["main.py"] = files["main.py"].replace("VERB", "post")
    assert ("requests.Session()" not in fixed(run, "main.py", files)) == doubted
    files["main.py"] = files["main.py"].replace("post", "get")
    assert "requests.Session()" in fixed(run, "main.py", files)


@pytest.mark.parametrize(
    ("wait", "doubted"), [("stop.wait(every)", True), ("wait(jobs)", False), ("stop.wait()", False)]
)
def test_wait_of_a_length_that_is_not_known(run: Run, wait: str, doubted: bool) -> None:
    code = f"import requests\n\nfor page in range(3):\n    {wait}\n    requests.get('https://a.test')\n"
    assert ("requests.Session()" not in fixed(run, "main.py", {"main.py": code})) == doubted


@pytest.mark.parametrize(("wait", "doubted"), [("time.sleep(3)", True), ("time.time()", False)])
@pytest.mark.parametrize("base", ["Job", "job.Job", "Other"])
def test_wait_in_a_class_derived_elsewhere(run: Run, wait: str, doubted: bool, base: str) -> None:
    code = """\
import requests


class Job:
    def run(self):
        for page in range(3):
            self.step()
            requests.get(f"https://a.test/{page}")

    def step(self):
        pass
"""
    derived = f"import job, time\nfrom job import Job\n\n\nclass Slow({base}):\n    def step(self):\n        {wait}\n"
    after = fixed(run, "job.py", {"job.py": code, "slow.py": derived})
    assert ("requests.Session()" not in after) == (doubted and base != "Other")


@pytest.mark.parametrize(("command", "doubted"), [("subprocess.run(['x'])", True), ("subprocess.DEVNULL", False)])
def test_command_in_a_function_of_this_file(run: Run, command: str, doubted: bool) -> None:
    code = f"import requests, subprocess\n\n\ndef work():\n    {command}\n\n\nfor page in range(3):\n    work()\n"
    code += "    requests.post('https://a.test', json=page)\n"
    assert ("requests.Session()" not in fixed(run, "main.py", {"main.py": code})) == doubted


@pytest.mark.parametrize(
    ("files", "keeps"),
    [
        ({"lib.py": "user = 1\n"}, True),
        ({"lib.py": "import os\n\n\ndef become(n):\n    os.environ['NETRC'] = f'rc{n}'\n"}, False),
        ({"lib.py": "def show(reply):\n    print(reply.cookies['sid'])\n"}, False),
        ({"lib.py": "def show(reply):\n    print(reply.headers['Set-Cookie'])\n"}, False),
        ({"lib.py": "def show(reply):\n    print(reply.headers['Server'])\n"}, True),
        (
            {
                "lib.py": "",
                "run.py": "import main, far\n",
                "far.py": "import lib\n\n\ndef show(reply):\n    print(reply.cookies['sid'])\n",
            },
            False,
        ),
        ({"lib.py": "def fill():\n    from main import KINDS\n    KINDS['user'] = 'bob'\n"}, False),
        ({"lib.py": "def fill():\n    from main import HEADERS\n    HEADERS['X-User'] = 'bob'\n"}, False),
        ({"lib.py": "def fill():\n    from main import other\n    user = other\n"}, True),
        ({"lib.py": "def fill():\n    import main\n    main.KIND = '/login?user=bob'\n"}, False),
    ],
)
def test_what_others_may_put_into_reading_calls(run: Run, files: dict[str, str], keeps: bool) -> None:
    code = """\
import requests
import lib

HEADERS = {"Accept": "*/*"}
KINDS = {"kind": "a"}
KIND = "a"
for n in range(3):
    requests.get(f"https://a.test/{KIND}/{n}", headers=HEADERS, params=KINDS)
"""
    after = fixed(run, "main.py", {"main.py": code, "run.py": "import main\n", **files})
    assert "session.get(" in after
    assert ("set_policy" not in after) == keeps


@pytest.mark.parametrize(("nap", "doubted"), [("time.sleep(3)", True), ("time.time()", False)])
def test_wait_under_another_name(run: Run, nap: str, doubted: bool) -> None:
    files = {
        "nap.py": f"import time\n\n\ndef nap():\n    {nap}\n",
        "clock.py": "import time\nfrom nap import nap as tick\n\ntime.time()\n",
        "main.py": "import requests\nfrom clock import tick\n\nfor n in range(3):\n    tick()\n    requests.get('https://a.test')\n",
    }
    assert ("requests.Session()" not in fixed(run, "main.py", files)) == doubted


@pytest.mark.parametrize(
    ("base", "other", "keeps"),
    [
        ("self.base", "user = 1\n", True),
        ("self.base", "import pages\nuser = 1\npages.x.base = '/login?user=bob'\n", False),
        ("self.other", "user = 1\n", False),
        ("base", "user = 1\n", False),
        ("base", "size = 1\n", True),
        ("tenant", "size = 1\n", False),
    ],
)
def test_session_of_one_user_for_urls_of_an_object(run: Run, base: str, other: str, keeps: bool) -> None:
    code = f"""\
import requests

AUTH = ("service", "x")


class Pages:
    def __init__(self, base):
        self.base = base

    def load(self, base, tenant):
        for number in range(3):
            requests.get(f"https://a.test{{{base}}}/{{number}}", auth=AUTH)
"""
    after = fixed(run, "pages.py", {"pages.py": code, "main.py": f"import pages\n{other}"})
    assert ("set_policy" not in after) == keeps


@pytest.mark.parametrize(
    "data",
    [
        b"while x" + b":" * 300_000 + b" handle_request_",
        b"while a: b: c " * 20_000 + b"handle_request_",
        b"import os as a\n" * 10_000 + b"fork",
        b"import x " * 30_000,
        b"from os import x " * 20_000 + b"xfork",
        b"import requests\n" + b"a." * 100_000,
    ],
)
def test_looks_take_linear_time(data: bytes) -> None:
    """Quadratic ones would take minutes."""
    assert [name for name, look in LOOKS.items() if look(data)] == []


def test_code_that_nests_deeply_in_another_file(run: Run) -> None:
    deep = f"import time\n\n\ndef nap():\n    time.sleep(3)\n    return (q{'.f(1)' * 150}).wait(q{'.f(1)' * 150})\n"
    code = "import requests\nfrom deep import other\n\nfor n in range(3):\n    requests.get('https://a.test')\n"
    assert "requests.Session()" in fixed(run, "main.py", {"main.py": code, "deep.py": deep})


LOADER = "import importlib\n\nfor name in ('pages', 'other'):\n    importlib.import_module(f'%s{name}')\n"
FORKING = "import os\n\nos.fork()\n"


@pytest.mark.parametrize(
    ("loader", "folder", "doubted"),
    [
        (LOADER % "plugins.", "plugins", True),
        (LOADER % "plugins.", "others", False),
        (LOADER % "", ".", False),
        ("import glob\n" + LOADER % "", ".", True),
        (LOADER.replace("importlib.import_module", "print") % "plugins.", "plugins", False),
    ],
)
def test_modules_that_are_loaded_by_texts(run: Run, loader: str, folder: str, doubted: bool) -> None:
    code = "import requests\n\n\ndef load():\n    for n in range(3):\n        requests.get(f'https://a.test/{n}')\n"
    files = {"main.py": loader, f"{folder}/pages.py": code, f"{folder}/other.py": FORKING}
    assert ("requests.Session()" not in fixed(run, f"{folder}/pages.py", files)) == doubted
    files = {"main.py": loader + FORKING, f"{folder}/other.py": "", f"{folder}/pages.py": code}
    assert ("requests.Session()" not in fixed(run, f"{folder}/pages.py", files)) == doubted


@pytest.mark.parametrize(("module", "doubted"), [("test_tools", True), ("myconftest", True), ("conftest", False)])
def test_program_that_imports_what_is_named_like_a_test(run: Run, module: str, doubted: bool) -> None:
    code = f"import requests\nimport {module}\nfor n in range(3):\n    print(requests.get(f'https://a.test/{{n}}'))\n"
    assert ("requests.Session()" not in fixed(run, "main.py", {"main.py": code, f"{module}.py": FORKING})) == doubted


def test_tests_are_no_program(run: Run) -> None:
    code = "import requests\nfor n in range(3):\n    print(requests.get(f'https://a.test/{n}'))\n"
    files = {"main.py": code, "test_main.py": "import main, tools\n", "tools.py": FORKING}
    assert "requests.Session()" in fixed(run, "main.py", files)


FORKED = """\
import os
import requests

%s

def load(then):
    %s
        %s
"""


@pytest.mark.parametrize(
    ("code", "loop", "step", "doubted"),
    [
        ("def double():\n    os.fork()", "for n in range(3):", "yield requests.get(f'https://a.test/{n}')", True),
        ("def double():\n    os.fork()", "for n in range(3):", "then(requests.get(f'https://a.test/{n}'))", True),
        ("def double():\n    os.fork()", "for n in range(3):", "print(requests.get(f'https://a.test/{n}'))", False),
        ("def double():\n    os.stat()", "for n in range(3):", "then(requests.get(f'https://a.test/{n}'))", False),
        (
            "class Twice:\n    def __enter__(self):\n        os.fork()",
            "for n in range(3):",
            "print(requests.get(f'https://a.test/{n}'))",
            True,
        ),
    ],
)
def test_fork_in_code_that_is_handed_in(run: Run, code: str, loop: str, step: str, doubted: bool) -> None:
    after = fixed(run, "main.py", {"main.py": FORKED % (code, loop, step)})
    assert ("requests.Session()" not in after) == doubted


@pytest.mark.parametrize(("attr", "doubted"), [("on_page", True), ("keep", False)])
def test_attribute_that_is_called(run: Run, attr: str, doubted: bool) -> None:
    """It may be any code of another file, if it is no method here."""
    code = f"""\
import requests


class Pages:
    def __init__(self, on_page):
        self.on_page = on_page

    def keep(self, page):
        pass

    def load(self):
        for n in range(3):
            self.{attr}(requests.get(f"https://a.test/{{n}}"))
"""
    files = {"pages.py": code, "main.py": "import pages, time\npages.Pages(print).load()\ntime.sleep(5)\n"}
    assert ("requests.Session()" not in fixed(run, "pages.py", files)) == doubted


@pytest.mark.parametrize(
    ("numbers", "doubted"),
    [
        ("def numbers():\n    for n in range(3):\n        yield n\n        time.sleep(9)\n", True),
        ("def numbers():\n    for n in range(3):\n        yield n\n", False),
        ("def numbers():\n    time.sleep(9)\n    return [1, 2, 3]\n", False),
    ],
)
def test_parameter_that_may_be_a_generator_of_another_file(run: Run, numbers: str, doubted: bool) -> None:
    code = (
        "import requests\n\n\ndef load(numbers):\n    for n in numbers:\n        requests.get(f'https://a.test/{n}')\n"
    )
    files = {"pages.py": code, "main.py": f"import pages, time\n\n{numbers}\npages.load(numbers())\n"}
    assert ("requests.Session()" not in fixed(run, "pages.py", files)) == doubted


@pytest.mark.parametrize(("nap", "doubted"), [("time.sleep(9)", True), ("time.time()", False)])
def test_function_of_another_file_that_is_handed_on(run: Run, nap: str, doubted: bool) -> None:
    files = {
        "slow.py": f"import time\n\n\ndef rest(page):\n    {nap}\n",
        "main.py": "import requests, slow\nfor n in range(3):\n"
        "    print(sorted([requests.get(f'https://a.test/{n}')], key=slow.rest))\n",
    }
    assert ("requests.Session()" not in fixed(run, "main.py", files)) == doubted


@pytest.mark.parametrize(("name", "doubted"), [("DELAY", True), ("OTHER", False)])
def test_length_of_a_sleep_that_another_file_sets(run: Run, name: str, doubted: bool) -> None:
    code = "import requests, time\n\nDELAY = 1\n\n\ndef load():\n    for n in range(3):\n"
    code += "        requests.get(f'https://a.test/{n}')\n        time.sleep(DELAY)\n"
    files = {"pages.py": code, "main.py": f"import pages\npages.{name} = 60\npages.load()\n"}
    assert ("requests.Session()" not in fixed(run, "pages.py", files)) == doubted


@pytest.mark.parametrize(("serve", "doubted"), [("serve_forever", True), ("server_close", False)])
def test_server_that_another_file_makes(run: Run, serve: str, doubted: bool) -> None:
    code = f"import requests, serving, threading\nthreading.Thread(target=serving.make().{serve}).start()\n"
    code += "\n\ndef load():\n    for n in range(3):\n        requests.get(f'http://a.test/{n}')\n"
    assert ("requests.Session()" not in fixed(run, "main.py", {"main.py": code})) == doubted


@pytest.mark.parametrize(
    ("other", "verify", "doubted"),
    [
        ("from pathlib import Path\nPath('ca.pem').write_text('')\n", "'ca.pem'", True),
        ("from pathlib import Path\nPath('ca.pem').read_text()\n", "'ca.pem'", False),
        ("from pathlib import Path\nPath('ca.pem').write_text('')\n", "False", False),
        ("with open('ca.pem', 'w') as file:\n    pass\n", "'ca.pem'", True),
    ],
)
def test_certificate_that_another_file_may_write(run: Run, other: str, verify: str, doubted: bool) -> None:
    code = "import requests, trust\n\n\ndef load():\n    for n in range(3):\n"
    code += f"        requests.get(f'https://a.test/{{n}}', verify={verify})\n"
    assert ("requests.Session()" not in fixed(run, "main.py", {"main.py": code, "trust.py": other})) == doubted


@pytest.mark.parametrize(("other", "doubted"), [("pages.http = Fake", True), ("pages.get = Fake", False)])
def test_other_name_of_requests_that_another_file_sets(run: Run, other: str, doubted: bool) -> None:
    code = "import requests as http\n\n\ndef load():\n    for n in range(3):\n        http.get(f'https://a.test/{n}')\n"
    files = {"pages.py": code, "main.py": f"import pages\n{other}\n"}
    assert ("Session()" not in fixed(run, "pages.py", files)) == doubted


NUMBERS = "def numbers():\n    for n in range(3):\n        yield n\n        WAIT\n\n\n"
HANDLER = "def handler(page):\n    WAIT\n\n\n"


@pytest.mark.parametrize(
    ("code", "main"),
    [
        (
            "def load(kind):\n    run = HANDLERS[kind]\n    for n in range(3):\n        run(GET)",
            f"{HANDLER}pages.load('a')",
        ),
        ("def load(kind):\n    for n in range(3):\n        HANDLERS[kind](GET)", f"{HANDLER}pages.load('a')"),
        ("def load():\n    for n in range(3):\n        HOOK(GET)", f"{HANDLER}pages.HOOK = handler"),
        ("def load(source):\n    for n in source():\n        print(GET)", f"{NUMBERS}pages.load(numbers)"),
        (
            "def load(source):\n    for i, n in enumerate(source):\n        print(GET)",
            f"{NUMBERS}pages.load(numbers())",
        ),
        ("def load(source):\n    for n in enumerate(source):\n        print(GET)", f"{NUMBERS}pages.load(numbers())"),
        ("def load(source):\n    while n := next(source):\n        print(GET)", f"{NUMBERS}pages.load(numbers())"),
        (
            "class Pages:\n    def __init__(self, source):\n        self.source = source\n\n"
            "    def load(self):\n        for n in self.source:\n            print(GET)",
            f"{NUMBERS}pages.Pages(numbers()).load()",
        ),
    ],
)
@pytest.mark.parametrize(("wait", "doubted"), [("time.sleep(9)", True), ("time.time()", False)])
def test_what_is_handed_in_may_sleep(run: Run, code: str, main: str, wait: str, doubted: bool) -> None:
    get = "requests.get(f'https://a.test/{n}')"
    files = {
        "pages.py": f"import requests\n\nHANDLERS = {{}}\nHOOK = None\n\n\n{code.replace('GET', get)}\n",
        "main.py": f"import pages, time\n\n\n{main.replace('WAIT', wait)}\n",
    }
    assert ("requests.Session()" not in fixed(run, "pages.py", files)) == doubted


@pytest.mark.parametrize(
    "loop", ["for n in range(numbers):", "for n in (1, 2):", "for n in PAGES:", "for n in sorted(PAGES):"]
)
def test_loops_that_no_generator_gives_its_turns(run: Run, loop: str) -> None:
    code = f"import requests\n\nPAGES = [1, 2]\n\n\ndef load(numbers):\n    {loop}\n"
    code += "        requests.get(f'https://a.test/{n}')\n"
    main = f"import pages, time\n\n\n{NUMBERS.replace('WAIT', 'time.sleep(9)')}pages.load(3)\n"
    assert "requests.Session()" in fixed(run, "pages.py", {"pages.py": code, "main.py": main})
