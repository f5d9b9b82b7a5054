"""The facts that the profile of curl_cffi states, by running it; and which fixes it gives."""

import gc
import socket
import threading
import warnings
from collections.abc import Iterator

import pytest
from curl_cffi import requests
from wire import Servers

from sessionize import check_source, fix_source
from sessionize.files.settings import Settings

LOOP = "from curl_cffi import requests\nfor n in range(3):\n    requests.{call}\n"
ACCEPTING = Settings(accept=("sessions-differ", "patched"))


@pytest.mark.parametrize(
    ("call", "fixed"),
    [
        ("get(f'https://a.test/{n}')", True),
        ("get(f'https://a.test/{n}', impersonate='chrome')", True),
        ("get(f'https://a.test/{n}', verify=False)", False),
        ("get(f'https://a.test/{n}', proxies=PROXIES)", False),
        ("get(f'https://a.test/{n}', stream=True)", False),
        ("get(f'https://a.test/{n}', thread='gevent')", False),
        ("get(f'https://a.test/{n}', **options)", False),
    ],
)
def test_calls_that_move(call: str, fixed: bool) -> None:
    text = LOOP.replace("{call}", call)
    (found,) = check_source(text)
    assert found.applicability == ("unsafe" if fixed else None)
    assert (fix_source(text, settings=ACCEPTING).after is not None) == fixed


def test_requests_and_async_sessions_are_left_alone() -> None:
    assert check_source(LOOP.replace("{call}", "request('GET', f'https://a.test/{n}')")) == ()
    assert check_source(LOOP.replace("{call}", "AsyncSession().get(f'https://a.test/{n}')")) == ()


@pytest.fixture
def closing() -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers the first request of a connection and closes it at the second; the starts of all."""
    got: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed
                return
            with connection, connection.makefile("rb") as stream:
                while line := stream.readline():
                    got.append(line)
                    while stream.readline().strip():
                        pass
                    if line.startswith(b"POST"):
                        break
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", got
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_requests_are_sent_once_more(closing: tuple[str, list[bytes]]) -> None:
    url, got = closing
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.post(url)
    assert len(got) == 1
    with requests.Session() as session:
        session.get(url)
        got.clear()
        with pytest.raises(requests.exceptions.ConnectionError):
            session.post(url)
    assert len(got) == 2


def test_a_session_that_nobody_closes_leaves_nothing_open(servers: Servers) -> None:
    servers.reset()

    def leave() -> None:
        requests.Session().get(f"http://127.0.0.1:{servers.ports[0]}/")
        gc.collect()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        leave()
    servers.settle()
