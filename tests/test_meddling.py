"""Files that may change requests, or what it is made of, and files that only use it."""

import pytest

from sessionize.project.meddling import meddles

MEDDLING = [
    "import httpcore\nhttpcore.ConnectionPool.__init__ = f",
    "import httpx\nrequests = 3\nhttpx.Client.send = f",
    "import requests\ns = requests.Session()\ntype(s).get = f",
    "import pytest_socket\npytest_socket.disable_socket()",
    "import requests\ndef batch(items):\n    return send(requests)",
    'import mock\nmock.patch("requests.Session.send", f).start()',
    'import wrapt\nwrapt.wrap_function_wrapper("requests", "Session.send", f)',
    "from compat import requests\nrequests.Session.send = f",
    'import sys\nsys.modules["requests"].Session.send = f',
    "import http.client\nhttp.client.HTTPConnection.connect = f",
    "from http import client\nclient.HTTPConnection.connect = f",
    "from requests.sessions import *\nSession.__init__ = f",
    "import requests\ndef f(session):\n    type(session).send = g",
    'from urllib3 import HTTPConnectionPool\nsetattr(HTTPConnectionPool, "urlopen", f)',
    'from urllib3.poolmanager import pool_classes_by_scheme\npool_classes_by_scheme["http"] = P',
    "import urllib3\nurllib3.poolmanager.pool_classes_by_scheme.update(http=P)",
    'import requests\nX = {"a": [requests.Session]}',
    "import requests\ndef f(c=requests.Session):\n    c.send = g",
    "import requests\nc = mine or requests.Session",
    "import requests\ndef f():\n    yield requests.Session",
    'import requests_cache\nrequests_cache.install_cache("x")',
    "import truststore\ntruststore.inject_into_ssl()",
    "import requests\nx = lambda: requests",
    "import requests\nx = requests if a else None",
    "from requests import adapters\nadapters.DEFAULT_RETRIES = 5",
    "import requests\nfor c in (requests.Session, 1): pass",
    "import requests\nfoo(*[requests.sessions])",
    "import requests\nwith foo(requests) as f: pass",
    "import requests\nassert foo(requests)",
    "import requests\n@foo(requests.Session)\ndef g(): pass",
    "import requests as r\nr.Session.send = f",
    'import requests\nvars(requests)["get"] = f',
    "import requests\nmatch requests:\n    case x: pass",
    "import requests\nx = [c for c in [requests.Session]]",
    "import requests\nx: object = requests",
    "import requests\nfoo(session=requests)",
    "import requests\nx = requests.Session.__dict__",
    "import socks, socket\nsocket.socket = socks.socksocket",
    "import socks\nsocks.wrapmodule(x)",
    "import requests\nraise Foo(requests)",
    "import requests\ndel requests.Session.send",
    "import requests\nrequests.Session.send += f",
    "import requests\nprint(foo(requests))",
    'import requests\nx = f"{foo(requests)}"',
    "import requests\nfoo(requests) == 3",
    "import requests\nfoo(requests)",
    "import requests\nimportlib.reload(requests)",
]
USING = [
    "from requests_cache import CachedSession",
    "import requests\nMaybe = requests.Session | None",
    "import requests\nif not requests: pass",
    "import requests\nprint(bool(requests))",
    "import requests\nclass A:\n    def f(self): type(self).get = 3",
    "import requests\nclass Mail:\n    def __init__(self):\n        self.send = True",
    "import requests\ndef batch(requests):\n    return send(requests)",
    "import requests\nx = getattr(requests, method)(url)",
    "import requests\nx = getattr(requests, method.lower())",
    "from dataclasses import field\nimport requests\nclass A:\n    s = field(default_factory=requests.Session)",
    'import requests\ndef f(s: "requests.Session") -> requests.Session | None: pass',
    "import requests\nT = dict[requests.Session, int]",
    "import requests\ndef f(e): return isinstance(e, (requests.Session, requests.Response))",
    "import requests\nprint(requests.__version__)",
    "import requests\nrequests.packages.urllib3.disable_warnings()",
    'import logging\nlogging.getLogger("requests.packages.urllib3").setLevel(1)',
    'import logging\nlogging.getLogger("urllib3.connectionpool").propagate = False',
    "import requests\nerrors = (requests.ConnectionError, requests.exceptions.Timeout)",
    "from requests.auth import HTTPBasicAuth\nx = HTTPBasicAuth(a, b)",
    "from requests.adapters import HTTPAdapter\nclass A(HTTPAdapter):\n    def send(self): pass",
    "import ssl\nssl._create_default_https_context = ssl._create_unverified_context",
    "import http.client\nhttp.client.HTTPConnection.debuglevel = 1",
    "import socket\nsocket.setdefaulttimeout(3)",
    "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "import ssl\nx = ssl.create_default_context()\nx.check_hostname = False",
    "import requests\ns = requests.Session()\ns.headers = {}\ns.auth = x",
    "import requests\ns = requests.Session()\ns.headers.update(a=1)",
    "import requests\nif isinstance(r, requests.models.Response): pass",
    "import requests\ntry: pass\nexcept (requests.Timeout, requests.exceptions.HTTPError): raise",
    "import requests\nfunc = requests.get",
    'import requests\nfunc = {"get": requests.get}',
    "def f(self):\n    self.requests = []\n    self.requests.append(3)",
    "requests = []\nfoo(requests)",
    "import requests\nx = requests.codes.ok",
    'import importlib\nrequests = importlib.import_module("requests")',
    'import requests\nfoo(requests.Request("GET", url))',
    "import requests\nclass A(Base, metaclass=M): session_class = requests.Response",
    "import urllib3\nfoo(urllib3.Retry(3))",
    "from requests.adapters import HTTPAdapter\nfrom urllib3 import Retry\ns.mount(x, HTTPAdapter(Retry()))",
    "import requests\nfoo(requests.get)",
]


@pytest.mark.parametrize("code", MEDDLING)
def test_code_that_may_change_requests(code: str) -> None:
    assert meddles(code.encode())


@pytest.mark.parametrize("code", USING)
def test_code_that_only_uses_requests(code: str) -> None:
    assert not meddles(code.encode())


def test_code_that_is_not_python() -> None:
    assert not meddles(b"import requests\nrequests.Session.send = f\nprint 'old'\n")
