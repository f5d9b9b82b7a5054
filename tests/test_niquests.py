"""What makes fixes of niquests' calls unsafe or none; and, where it is installed, the facts that its profile states."""

import gc
import inspect
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
from command import Run
from wire import Servers

from sessionize import check_source, fix_source
from sessionize.files.settings import Settings
from sessionize.profiles import NIQUESTS

PAGES = "import niquests\n\n\ndef load():\n    for n in range(3):\n        niquests.get(f'https://a.test/{n}')\n"
ACCEPTING = Settings(accept=("sessions-differ", "patched"))


def test_a_fix_is_safe_once_its_doubt_is_accepted() -> None:
    (found,) = check_source(PAGES)
    assert (found.applicability, found.help.count("[sessions-differ]")) == ("unsafe", 1)
    after = fix_source(PAGES, settings=ACCEPTING).after
    assert after is not None
    assert "with niquests.Session() as session:" in after


@pytest.mark.parametrize(
    ("name", "text", "safe"),
    [
        ("other.py", "import niquests\nprint(niquests.get('https://a.test/').text)\n", True),
        ("test_pages.py", "import niquests, pages\ndef test_load():\n    assert pages.load() is None\n", True),
        ("test_pages.py", "import pages, niquests_mock\ndef test_load():\n    pages.load()\n", False),
        ("test_pages.py", "import pages\n@mock.patch('pages.niquests.get')\ndef test_load(get): ...\n", False),
        ("other.py", "import niquests\nniquests.get = print\n", False),
        ("other.py", "import pages\nsetattr(pages, 'niquests', print)\n", False),
        ("other.py", "import urllib3_future\nurllib3_future.PoolManager = print\n", True),
        ("pages_2.py", "import pages\npages.niquests = print\n", False),
    ],
)
def test_other_files_that_may_replace_a_call(run: Run, name: str, text: str, safe: bool) -> None:
    for file, content in {"sessionize.toml": 'accept = ["sessions-differ"]', "pages.py": PAGES, name: text}.items():
        Path(file).write_text(content, encoding="utf-8")
    (found,) = json.loads(run("check", "--output-format=json", "pages.py").out)
    assert (found["fix"]["applicability"] == "safe") == safe
    assert safe or "[patched]" in found["fix"]["message"]


@pytest.mark.parametrize("line", ["import niquests as requests", "import requests, niquests as http"])
def test_a_patch_of_its_other_name(run: Run, line: str) -> None:
    name = line.rpartition(" ")[2]
    Path("sessionize.toml").write_text('accept = ["sessions-differ"]')
    Path("pages.py").write_text(PAGES.replace("import niquests", line).replace("niquests.get", f"{name}.get"))
    Path("test_it.py").write_text(f"import pages\n@mock.patch('pages.{name}.get')\ndef test_load(get): ...\n")
    (found,) = json.loads(run("check", "--output-format=json", "pages.py").out)
    assert "[patched]" in found["fix"]["message"]


@pytest.mark.parametrize(
    "text",
    [
        PAGES + "\n\nfor n in range(3):\n    load()\n",
        "import niquests\nfor n in range(3):\n    with niquests.Session() as s:\n        s.get('https://a.test/')\n",
        "import niquests\nsession = niquests.Session()\nsession.get('https://a.test/')\n",
        "import niquests\nfor n in range(3):\n    niquests.request('GET', f'https://a.test/{n}')\n",
    ],
)
def test_rules_that_do_not_know_niquests(text: str) -> None:
    assert {found.code for found in check_source(text, settings=Settings(select=("ALL",)))} <= {"RQS101"}


def test_sessions_that_are_made_otherwise_are_not_joined() -> None:
    text = "import niquests\nsession = niquests.Session(multiplexed=True)\nsession.get('https://a.test/')\n"
    after = fix_source(text + PAGES.partition("\n\n\n")[2], settings=ACCEPTING).after
    assert after is not None
    assert "with niquests.Session() as" in after


# --- facts, by running niquests ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def niquests() -> Any:
    return pytest.importorskip("niquests")


@pytest.fixture
def base(servers: Servers) -> str:
    servers.reset()
    return f"http://127.0.0.1:{servers.ports[0]}"


def test_which_options_are_for_the_constructor(niquests: ModuleType) -> None:
    taken = set(inspect.signature(niquests.api.request).parameters)
    method = set(inspect.signature(niquests.Session.request).parameters)
    assert taken - method == NIQUESTS.constructor
    (options,) = set(NIQUESTS.options.values())
    assert taken - {"method"} == options | NIQUESTS.constructor | set(NIQUESTS.staying)


def test_calls_wait_as_those_of_sessions_do_but_for_request(niquests: Any, base: str) -> None:
    waits: list[float] = []
    send = niquests.adapters.HTTPAdapter.send

    def noted(self: object, request: object, **options: Any) -> object:
        waits.append(options["timeout"])
        return send(self, request, **options)

    with mock.patch.object(niquests.adapters.HTTPAdapter, "send", noted), niquests.Session() as session:
        for verb in NIQUESTS.functions:
            for options in ({}, {"timeout": None}, {"timeout": 0}, {"timeout": 5}):
                getattr(niquests, verb)(base, **options)
                getattr(session, verb)(base, **options)
        assert waits[::2] == waits[1::2]
        waits.clear()
        niquests.request("GET", base)
        session.request("GET", base)
    assert waits == [120, 30]


def test_a_session_that_nobody_closes_leaves_a_socket(niquests: Any, base: str) -> None:
    def leave() -> None:
        niquests.Session().get(base)
        gc.collect()

    with pytest.warns(ResourceWarning, match="unclosed <socket"):
        leave()


@pytest.mark.parametrize(("closed", "expected"), [(False, 10), (True, 12)])
def test_unread_responses_hold_the_ten_connections(niquests: Any, base: str, closed: bool, expected: int) -> None:
    kept = []
    session = niquests.Session()

    def load() -> None:
        for _ in range(12):
            response = session.get(base, stream=True, timeout=1)
            if closed:
                response.close()
            kept.append(response)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(3)  # longer than the timeout, which does not help
    assert len(kept) == expected
    for response in kept:
        response.close()
    thread.join()
    for response in kept:
        response.close()
    session.close()


@contextmanager
def tls_server(folder: Path, headers: dict[str, str]) -> Iterator[tuple[int, list[bool]]]:
    """The port of a server on 127.0.0.1, and whether each of its connections showed a certificate."""
    shown: list[bool] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            shown.append(bool(self.request.getpeercert()))

        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in {"Content-Length": "2", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            pass

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "own.pem")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1], shown
        server.shutdown()
        thread.join()


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "own.pem"))
    return tmp_path


def test_alternative_services_are_remembered(niquests: Any, certificates: Path) -> None:
    verify = str(certificates / "ca.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as gone:
        dead = gone.server_address[1]
    with tls_server(certificates, {"Alt-Svc": f'h2=":{dead}"'}) as (port, _), niquests.Session() as session:
        url = f"https://127.0.0.1:{port}/"
        assert [niquests.get(url, verify=verify).status_code for _ in range(2)] == [200, 200]
        assert session.get(url, verify=verify).status_code == 200
        with pytest.raises(niquests.ConnectionError):
            session.get(url, verify=verify)


def test_certificates_are_confused(niquests: Any, certificates: Path) -> None:
    verify, cert = str(certificates / "ca.pem"), str(certificates / "own.pem")
    with tls_server(certificates, {"Connection": "close"}) as (port, shown), niquests.Session() as session:
        url = f"https://127.0.0.1:{port}/"
        niquests.get(url, verify=verify, cert=cert)
        niquests.get(url, verify=verify)
        assert shown == [True, False]
        session.get(url, verify=verify, cert=cert)
        session.get(url, verify=verify)
        assert shown[2:] == [True, True]


def test_connections_that_were_verified_otherwise_are_used(niquests: Any, certificates: Path) -> None:
    with tls_server(certificates, {}) as (port, _), niquests.Session() as session:
        url = f"https://127.0.0.1:{port}/"
        session.get(url, verify=str(certificates / "ca.pem"))
        assert session.get(url).status_code == 200
        with pytest.raises(niquests.exceptions.SSLError):
            niquests.get(url)
