"""Where sessions live that outlive a function: what fixtures do not show."""

import pytest
from wire import Servers, run

from sessionize.engine.check import check_source
from sessionize.engine.fix import fix_source
from sessionize.files.settings import Settings

UNSAFE = Settings(unsafe_fixes=True)

CLIENT = """\
import requests
class {}:
    def a(self): return requests.get(self.x)
    def b(self): return requests.get(self.y)
"""


def test_a_function_that_calls_itself_is_a_helper() -> None:
    source = "import requests\ndef f(n):\n    requests.get(n)\n    if n: f(n - 1)\n"
    assert [finding.code for finding in check_source(source)] == ["RQS103"]


def test_a_function_that_only_a_helper_calls_is_one() -> None:
    source = "import requests\ndef f(): requests.get(a)\ndef g(): f()\nfor x in y: g()\n"
    assert [finding.code for finding in check_source(source)] == ["RQS103"]


def test_classes_that_have_nothing_to_do_with_each_other_use_one_name() -> None:
    after = fix_source(CLIENT.format("A") + CLIENT.format("B") + "A(), B()\n", settings=UNSAFE).after
    assert after is not None
    assert after.count("self._session = requests.Session()") == 2


def test_classes_of_one_family_share_that_of_the_base() -> None:
    after = fix_source(CLIENT.format("A") + CLIENT.format("B(A)"), settings=UNSAFE).after
    assert after is not None
    assert after.count("self._session.get") == 4
    assert after.count("requests.Session()") == 1


def test_classes_of_two_families_in_one_do_not() -> None:
    after = fix_source("".join(map(CLIENT.format, ("A", "B", "C(A, B)"))), settings=UNSAFE).after
    assert after is not None
    assert after.count("requests.Session()") == 3


OBJECT = "import http.server, requests\nclass A{}:\n {}\n def g(self): requests.post(self.x, verify=self.x)\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f():\n requests.get(a)\ndef g():\n requests.get(b)\nimport requests\n", "not imported at the top"),
        (
            "from dataclasses import dataclass\nimport requests\n@dataclass(frozen=True)\nclass A:\n x: int\n"
            " def __init__(self): pass\n def f(self): requests.post(self.x, verify=self.x)\n",
            "takes no attributes",
        ),
        (OBJECT.format("", "__init__ = f"), "no plain method"),
        (OBJECT.format("", "def __init__(*args):\n  pass"), "does not name the object"),
        (OBJECT.format("", "def __init__(self): self.x = 1"), "stands on one line"),
        (OBJECT.format("", "__slots__ = ('x',)"), "its `__slots__` have no place"),
        (OBJECT.format("", "def __getattribute__(self, name): return 1"), "its `__getattribute__` decides"),
        (OBJECT.format("(Enum)", "x = 1"), "made from `Enum`"),
        (OBJECT.format("(http.server.BaseHTTPRequestHandler)", "x = 1"), "made from `BaseHTTPRequestHandler`"),
        (f"{OBJECT.format('', 'x = 1')}print(vars(a))\n", "`vars()` is used in this file"),
        (f"{OBJECT.format('', 'x = 1')}print([A() for _ in a])\n", "makes its objects in a loop"),
        (f"{OBJECT.format('', 'x = 1')}a = [A()]\n", "makes lists of its objects"),
        (f"{OBJECT.format('', 'def f(self): return type(self)()')}", "make others like them"),
        (f"{OBJECT.format('', 'def f(self): return __class__()')}", "make others like them"),
    ],
)
def test_refused(source: str, reason: str) -> None:
    findings = check_source(source)
    assert findings
    assert all(reason in finding.help and finding.applicability is None for finding in findings)


PACKAGE = """\
import os
import requests
BASE = os.environ["BASE"]
class Package:
    def __init__(self, name):
        self.name = name
    def versions(self): return requests.get(f"{BASE}/{self.name}").json()["path"]
"""
SIZE = """\
    def size(self): return requests.head(BASE).ok
"""
SHOWN = "print([package.versions() for package in packages])\n"
MANY = [
    "packages = [Package(name) for name in range(10)]\n",
    "packages = list(map(Package, range(10)))\n",
    "packages = {name: Package(name) for name in range(10)}.values()\n",
    "packages = []\nfor name in range(10):\n package = Package(name)\n packages.append(package)\n",
    "def make(name): return Package(name)\npackages = list(map(make, range(10)))\n",
    "def make(name):\n package = Package(name)\n return package\npackages = [make(name) for name in range(10)]\n",
    "def new(name): return Package(name)\ndef make(name): return new(name)\npackages = list(map(make, range(10)))\n",
    "packages = []\ndef add(name): packages.append(Package(name))\nfor name in range(10): add(name)\n",
]


@pytest.mark.parametrize("made", MANY)
@pytest.mark.parametrize("methods", ["", SIZE])
def test_many_objects_hold_one_connection(methods: str, made: str, servers: Servers) -> None:
    source = PACKAGE + methods + made + SHOWN
    after = fix_source(source, settings=UNSAFE).after
    assert after is not None
    was, now = run(source, servers), run(after, servers)
    assert (was.output, was.error) == (now.output, now.error)
    assert (was.connections, now.connections) == ([10, 0], [1, 0])


@pytest.mark.parametrize(
    "made",
    [
        "package = Package(1)\nfor _ in range(50): package.size()\n",
        "def make(): return Package(1)\ndef show():\n package = make()\n package.size()\nfor _ in a: show()\n",
        "for name in a:\n package = Package(name)\n package.size()\n",
        "for name in a: Package(name).size()\n",
        "class Archive:\n kept = None\n def package(self):\n  self.kept = self.kept or Package(1)\n"
        "  return self.kept\narchive = Archive()\nfor _ in a: archive.package().size()\n",
        "class Archive:\n def open(self):\n  self.package = Package(1)\nfor _ in a: archive.open()\n",
    ],
)
def test_objects_of_which_few_are_there_at_once_hold_one_each(made: str) -> None:
    after = fix_source(PACKAGE + SIZE + made, settings=UNSAFE).after
    assert after is not None
    assert after.count("self._session") == 3


def test_local_sessions_are_tried_to_join_a_few_times() -> None:
    one = "def one{0}(): return requests.get(BASE + '/{0}')\n"
    loop = "def loop{0}():\n    for name in NAMES: requests.get(BASE + name, hooks=SEEN)\n"
    source = "import requests\n" + one.format(1) + one.format(2) + "".join(map(loop.format, range(30)))
    after = fix_source(source, settings=UNSAFE).after
    assert after is not None
    assert after.count("session = requests.Session()") == 1 + 30
