"""What tests replace by name: every form of it, and which calls that concerns."""

from pathlib import Path

import pytest

from sessionize.library.patches import Patch, find, module_of

HEAD = """import sys
import requests
from unittest import mock
from unittest.mock import patch
from pkg import client
from . import sibling
import pkg.deep as deep
import importlib
CLIENT = "pkg.client"
"""


def targets(code: str) -> list[str]:
    return [patch.target for patch in find("tests/test_client.py", HEAD + code)]


@pytest.mark.parametrize(
    ("code", "target"),
    [
        ('mock.patch("requests.get")', "requests.get"),
        ('mock.patch(target="requests.get")', "requests.get"),
        ('@patch("pkg.client.requests.post")\ndef test(post): pass', "pkg.client.requests.post"),
        ('with patch("pkg.client.requests") as r: pass', "pkg.client.requests"),
        ('patch("pkg.client.get")', "pkg.client.get"),
        ('patch.object(requests, "get")', "requests.get"),
        ('patch.object(client.requests, "get")', "pkg.client.requests.get"),
        ('patch.object(client, attribute="requests")', "pkg.client.requests"),
        ('patch.object(sibling.requests, "get")', "sibling.requests.get"),
        ('patch.object(deep, "requests")', "pkg.deep.requests"),
        ('patch.object(self.client.requests, "get")', "?.client.requests.get"),
        ("patch.object(requests, verb)", "requests.?"),
        ('from unittest.mock import patch as replace\nreplace("requests.get", fake)', "requests.get"),
        ('replace = mock.patch\nreplace("requests.get", fake)', "requests.get"),
        ('replace = mock.patch.object\nreplace(requests, "get", fake)', "requests.get"),
        ('for it in ["requests.get"]: mock.patch(it, fake)', "requests.get"),
        ('mock.patch(os.environ.get("A", "pkg.client.requests.get"), fake)', "pkg.client.requests.get"),
        ('patch.dict("requests.__dict__", get=fake)', "requests.get"),
        ("library = client.requests\nlibrary.get = fake", "pkg.client.requests.get"),
        ('patch.object(importlib.import_module("pkg.client"), "requests")', "pkg.client.requests"),
        ('patch.object(sys.modules["pkg.client"], "requests")', "pkg.client.requests"),
        ("patch.multiple(requests, get=fake)", "requests.get"),
        ('patch.multiple("requests", **fakes)', "requests.?"),
        ('monkeypatch.setattr(requests, "get", fake)', "requests.get"),
        ('monkeypatch.setattr("requests.get", fake)', "requests.get"),
        ('monkeypatch.delattr("requests.get")', "requests.get"),
        ('mocker.patch("requests.get")', "requests.get"),
        ('mocker.spy(requests, "get")', "requests.get"),
        ('setattr(requests, "get", fake)', "requests.get"),
        ('wrap_function_wrapper("requests.api", "request", fake)', "requests.api.request"),
        ('@patch_function_wrapper("requests", "get")\ndef fake(): ...', "requests.get"),
        ("flexmock(requests)", "requests.?"),
        ("requests.get = fake", "requests.get"),
        ("client.requests = fake", "pkg.client.requests"),
        ("self.requests.get = fake", "?.requests.get"),
        ("a, requests.get = 1, fake", "requests.get"),
        ("requests.get: object = fake", "requests.get"),
        ("del requests.get", "requests.get"),
        ('sys.modules["requests"] = fake', "sys.modules.requests"),
        ('patch.dict("sys.modules", {"requests": fake, **more})', "sys.modules.requests"),
        ("patch.dict(sys.modules, requests=fake)", "sys.modules.requests"),
        ('monkeypatch.setitem(sys.modules, "requests", fake)', "sys.modules.requests"),
        ('patch(f"{CLIENT}.requests.get")', "pkg.client.requests.get"),
        ('patch(CLIENT + ".requests.get")', "pkg.client.requests.get"),
        ('patch("%s.requests.get" % CLIENT)', "?.requests.get"),
        ('patch("{}.requests.get".format(CLIENT))', "?.requests.get"),
        ('CLIENT = "x"\npatch(CLIENT + ".requests.get")', "?.requests.get"),
        ("patch(1 + CLIENT)", "?pkg.client"),
        ('TARGETS = ["requests.get"]\nfor each in TARGETS: patch(each)', "requests.get"),
        ("import requests as library\nlibrary.get = fake", "requests.get"),
        ("from requests import api\napi.request = fake", "requests.api.request"),
        ("from requests import sessions\nsessions.Session = Loud", "requests.sessions.Session"),
        ('requests.__dict__["get"] = fake', "requests.get"),
        ("vars(requests).update(get=fake)", "requests.get"),
        ('vars(requests).update({"get": fake})', "requests.get"),
        ('vars(requests)["get"] = fake', "requests.get"),
        ('count_calls(requests, "get")', "requests.get"),
        ("partial(mock.patch.object, requests)", "requests.?"),
        ("for requests.get in [fake]: pass", "requests.get"),
        ("with made() as requests.get: pass", "requests.get"),
        ("requests.get += other", "requests.get"),
        ('__import__("requests").get = fake', "requests.get"),
        ('import_module("requests").get = fake', "requests.get"),
        ('library = sys.modules["requests"]\nlibrary.get = fake', "requests.get"),
        ("self.library = requests\nself.library.get = fake", "requests.get"),
        ("requests.get.__code__ = fake.__code__", "requests.get"),
        ("from requests import sessions as s\ns.default_headers = fake", "requests.sessions.default_headers"),
        ('TARGET = "client.requests.get"', "client.requests.get"),
        ('mocked("client.requests.get", "x")', "client.requests.get"),
        ('class Test:\n    target = "client.requests"', "client.requests"),
        ('@pytest.mark.parametrize("where", ["requests.post"])\ndef test(where): ...', "requests.post"),
        ("class Patch:\n    lib = requests\n    def start(self): self.lib.get = fake", "requests.get"),
        ("patch.dict(client.load.__globals__, requests=fake)", "?.requests"),
        ("from requests import Session\nSession.__init__ = fake", "requests.Session.__init__"),
        ("import requests.utils\nrequests.utils.default_user_agent = fake", "requests.utils.default_user_agent"),
    ],
)
def test_forms(code: str, target: str) -> None:
    assert target in targets(code)


@pytest.mark.parametrize(
    "code",
    [
        "patch()",
        "self.requests = []",
        'patch.dict(os.environ, {"requests": "1"})',
        'requests.patch("https://example.org/a.requests.get")',
        "flexmock(client)",
        "requests: object",
        'setup(install_requires=["requests"])',
        'raise ValueError("requests.get is not there")',
    ],
)
def test_what_replaces_nothing(code: str) -> None:
    assert [target for target in targets(code) if "requests" in target.split(".")] == []


@pytest.mark.parametrize(
    "code",
    [
        "import requests as library\nlibrary.get = fake",
        "from requests import api\napi.get = fake",
        "import requests\nvars(requests).update(get=fake)",
        'import requests\ncount_calls(requests, "get")',
        "import requests\nfor requests.get in [fake]: pass",
        '__import__("requests").get = fake',
        'import sys\nlibrary = sys.modules["requests"]\nlibrary.get = fake',
        'TARGET = "client.requests.get"',
        "from requests import Session\nSession.__init__ = fake",
    ],
)
def test_file_that_replaces_what_others_call_by_its_full_name(code: str) -> None:
    assert [patch.stays or patch.target for patch in find("a.py", code, frozenset())]


@pytest.mark.parametrize(
    "code", ["getattr(requests, 'get')", "Client(requests)", "print(requests, 'get')", "f(x, 'get')"]
)
def test_call_that_changes_nothing(code: str) -> None:
    assert find("a.py", f"import requests as library, requests\n{code}\n") == ()


def test_place() -> None:
    (found,) = find("tests/test_client.py", b'import mock\n\nmock.patch("requests.get")\n')
    assert found == Patch("tests/test_client.py", 3, "requests.get")
    assert str(found) == "tests/test_client.py:3"


def test_name_without_an_import_is_taken_for_the_module() -> None:
    (found,) = find("a.py", 'from pkg.client import *\npatch.object(requests, "get")\n')
    assert found.reaches(("b",), "requests.get", "get")


@pytest.mark.parametrize("source", [b"patch requests", b'patch("requests.get\0")', b"nothing", b"patch('x')"])
def test_a_file_that_cannot_be_read_replaces_nothing(source: bytes) -> None:
    assert find("a.py", source) == ()


CLIENT = ("home", "src", "pkg", "client")


@pytest.mark.parametrize(
    ("target", "shown", "verb", "reached"),
    [
        ("requests.get", "requests.get", "get", True),
        ("requests.get", "requests.post", "post", False),
        ("requests.?", "requests.post", "post", True),
        ("pkg.other.requests.get", "requests.get", "get", True),  # one attribute, by another way
        ("pkg.client.requests", "requests.get", "get", True),
        ("client.requests", "requests.get", "get", True),
        ("pkg.other.requests", "requests.get", "get", False),
        ("?.requests", "requests.get", "get", True),
        ("__main__.requests", "requests.get", "get", True),
        ("sys.modules.requests", "requests.get", "get", True),
        ("pkg.client.get", "get", "get", True),
        ("pkg.other.get", "get", "get", False),
        ("pkg.client.http.get", "http.get", "get", True),
        ("requests.api.get", "requests.get", "get", False),
        ("requests.api.get", "requests.api.get", "get", True),
        ("requests.api.get", "get", "get", True),
        ("requests.api.post", "api.get", "get", False),
        ("requests.api.request", "requests.get", "get", True),
        ("requests.api.request", "requests.request", "request", False),
        ("requests.request", "requests.get", "get", False),
        ("requests.api.sessions", "requests.get", "get", True),
        ("requests.sessions.Session", "requests.get", "get", True),
        ("requests.utils.default_user_agent", "requests.get", "get", True),
        ("requests.adapters.HTTPAdapter.__init__", "requests.get", "get", True),
        ("requests.Session", "requests.get", "get", True),
        ("requests.session", "requests.get", "get", True),
        ("pkg.client.Session", "get", "get", True),
        ("?.session", "requests.get", "get", False),
        ("requests.Session.get", "requests.get", "get", True),
        ("requests.Session.post", "requests.get", "get", False),
        ("requests.sessions.Session.request", "requests.get", "get", False),
        ("requests.Session.request", "requests.request", "request", False),
        ("pkg.client.requests.Session.request", "requests.get", "get", False),
        ("requests.Session.?", "requests.get", "get", True),
        ("requests.adapters.HTTPAdapter", "requests.get", "get", False),
        ("requests.Session.__init__", "requests.get", "get", True),
        ("requests.api.sessions.Session.send", "requests.get", "get", False),
        ("requests.adapters.HTTPAdapter.send", "requests.get", "get", False),
        ("requests.codes", "requests.get", "get", False),
    ],
)
def test_reach(target: str, shown: str, verb: str, reached: bool) -> None:
    assert Patch("tests/test_client.py", 1, target).reaches(CLIENT, shown, verb) is reached


@pytest.mark.parametrize(
    ("target", "caught"),
    [
        ("requests.Session.post", True),
        ("pkg.client.Session", True),
        ("requests.sessions.Session", False),
        ("requests.get", False),
    ],
)
def test_what_only_a_call_on_a_session_meets(target: str, caught: bool) -> None:
    assert Patch("tests/test_client.py", 1, target).catches_sessions is caught


def test_what_is_taken_away_fails_in_either_form() -> None:
    assert not Patch("conftest.py", 1, "requests.Session.request", deleted=True).reaches(CLIENT, "requests.get", "get")
    assert Patch("conftest.py", 1, "requests.get", deleted=True).reaches(CLIENT, "requests.get", "get")


def test_module() -> None:
    assert module_of("/home/pkg/client.py") == ("/", "home", "pkg", "client")
    assert module_of("/home/pkg/__init__.py")[-1] == "pkg"


@pytest.mark.parametrize("target", ["get", "a.get", "a.requests", "requests.codes", "requests.?", "?.requests.get"])
def test_what_is_not_one_function_can_not_move(target: str) -> None:
    assert Patch("a.py", 1, target).obstacle == "it does not replace one function of requests"


def test_one_function_can_move() -> None:
    assert Patch("a.py", 1, "a.requests.get").obstacle == ""
    assert Patch("a.py", 1, "a.requests.get", deleted=True).obstacle
    assert Patch("a.py", 1, "a.requests.get", stuck="no").obstacle == "no"
    assert Patch("a.py", 1, "requests.request").obstacle.startswith("`Session.request` is behind")


def test_the_current_folder_may_be_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    assert module_of("pkg/client.py") == ("pkg", "client")


def test_a_name_of_very_many_modules_may_be_any_module_of_that_name() -> None:
    made = "    from app.m{} import api\n    patch.object(api, 'requests')\n"
    source = "from unittest.mock import patch\n" + "".join(f"def test_{n}():\n{made.format(n)}" for n in range(30))
    assert {patch.target for patch in find("test_a.py", source)} == {"?.api.requests"}


@pytest.mark.parametrize(
    ("source", "stays"),
    [
        ("import requests\nrequests.get = fake", True),
        ("from unittest.mock import patch\n@patch('requests.get')\ndef test(get): ...", False),
        ("from unittest.mock import patch\npatch('requests.get').start()", True),
        ("@fixture(scope='session')\ndef get():\n with patch('requests.get'): yield", True),
        ("@fixture(scope='module')\ndef get():\n with patch('requests.get'): yield", False),
        ("from unittest.mock import patch\np = patch('requests.get')\np.start()\np.stop()", False),
        ("from unittest.mock import patch\np = patch('requests.get')\np.start()\nself.addCleanup(p.stop)", False),
    ],
)
def test_patches_that_stay(source: str, *, stays: bool) -> None:
    assert [patch.stays for patch in find("test_a.py", source)] == [stays]
