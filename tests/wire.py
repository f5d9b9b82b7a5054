"""What a program sends: two recording servers, a way to run a program against them, and the comparison of two runs.

The proof of a fix is made here. Whatever a rewrite changes on the wire or in the output must show; the only things
left out are what differs between two runs of the same program: ports, multipart boundaries, addresses of objects.
"""

import difflib
import gc
import io
import json
import os
import random
import re
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from http.client import responses
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, NamedTuple
from unittest.mock import patch

BASES = ("BASE", "BASE2")  # the variables that tell a program its hosts
PATIENCE = 10.0  # seconds that a connection may stay open after its program; only a broken program uses them

_STARTING_THREADS = re.compile(r"[Tt]hread|[Ee]xecutor|Timer")


class Request(NamedTuple):
    """One request as received; `host` is the index of the server."""

    host: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did: all requests in order of arrival, the connections to each host, what was printed and raised.

    Those of threads arrive in any order; where a program may start some, all its requests are sorted.
    """

    requests: list[Request]
    connections: list[int]
    output: str
    error: tuple[str, str] | None  # type and text of what ended the program, sys.exit included


class Servers:
    """HTTP/1.1 servers on 127.0.0.1 that record what they get; with `cookies` every answer sets a fresh one."""

    def __init__(self, *, cookies: bool = False) -> None:
        self._cookies = cookies
        self._lock = threading.Lock()
        self._listeners = [socket.create_server(("127.0.0.1", 0)) for _ in BASES]
        self.ports: list[int] = [listener.getsockname()[1] for listener in self._listeners]
        self.reset()
        for host in range(len(BASES)):
            threading.Thread(target=self._accept, args=(host,), daemon=True).start()

    def close(self) -> None:
        for listener in self._listeners:
            with suppress(OSError):  # wakes `accept` on Linux; elsewhere `close` does and this is an error
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def reset(self) -> None:
        """Forget everything recorded."""
        self.requests: list[Request] = []
        self.connections = [0] * len(BASES)
        self._open: dict[threading.Thread, socket.socket] = {}

    def settle(self) -> None:
        """Wait until all that was sent is recorded: until the client's end of every connection is closed."""
        with self._lock:
            started = list(self._open.items())
        for thread, connection in started:
            thread.join(PATIENCE)
            if thread.is_alive():
                connection.shutdown(socket.SHUT_RDWR)
                raise TimeoutError("the program has ended, but a connection of it is still open")

    def _accept(self, host: int) -> None:
        while True:
            try:
                connection, _ = self._listeners[host].accept()
            except OSError:  # closed
                return
            thread = threading.Thread(target=self._serve, args=(host, connection), daemon=True)
            with self._lock:
                self.connections[host] += 1
                self._open[thread] = connection
                thread.start()

    def _serve(self, host: int, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError), connection, connection.makefile("rb") as stream:
            while request := _read(stream, host):
                with self._lock:
                    self.requests.append(request)
                    answer = self.answer(request)
                connection.sendall(answer)

    def answer(self, request: Request) -> bytes:
        """The answer to a request, the last that was recorded."""
        return _answer(request, {"Set-Cookie": f"visit={len(self.requests)}; Path=/"} if self._cookies else {})


def _read(stream: BinaryIO, host: int) -> Request | None:
    """The next request of a connection, cut short where the client gave up; None at its end."""
    start = stream.readline().decode("latin-1")
    if not start:
        return None
    method, path, _ = start.split()
    headers = []
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    fields = {name.lower(): value for name, value in headers}
    if fields.get("transfer-encoding") == "chunked":
        body = b"".join(_chunks(stream))
    else:
        body = stream.read(int(fields.get("content-length", 0)))
    return Request(host, method, path, tuple(headers), body)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while size := int(stream.readline() or b"0", 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()


def _answer(request: Request, extra: dict[str, str]) -> bytes:
    """200 with a JSON body, but `/status/N` answers that status and `/redirect/N` leads to `/redirect/0`."""
    status, headers = 200, {"Content-Type": "application/json"} | extra
    if wanted := re.match(r"/status/([2-5]\d\d)(?!\d)", request.path):
        status = int(wanted[1])
    elif turns := re.match(r"/redirect/0*([1-9]\d*)", request.path):
        status, headers["Location"] = 302, f"/redirect/{int(turns[1]) - 1}"
    body = json.dumps({"method": request.method, "path": request.path}).encode()
    if status in (204, 304):
        body = b""
    else:
        headers["Content-Length"] = str(len(body))
    head = [f"HTTP/1.1 {status} {responses.get(status, 'Other')}", *map(": ".join, headers.items()), "", ""]
    return "\r\n".join(head).encode() + (b"" if request.method == "HEAD" else body)


def run(program: Path | str, servers: Servers) -> Run:
    """Run a program, a file or its source, as `__main__` of this process, with the servers in `BASE` and `BASE2`."""
    name = str(program) if isinstance(program, Path) else "program.py"
    source = program.read_bytes() if isinstance(program, Path) else program
    printed, error = io.BytesIO(), None
    stdout = io.TextIOWrapper(printed, encoding="utf-8", newline="\n", write_through=True)
    servers.reset()
    with _started(name, servers.ports) as namespace, redirect_stdout(stdout):
        code = compile(source, name, "exec", dont_inherit=True)
        try:
            exec(code, namespace)
        except (Exception, SystemExit) as exception:  # noqa: BLE001 - how a program ends is part of its run
            error = type(exception).__name__, str(exception)
    servers.settle()
    plain = _normaliser(servers.ports)
    requests = [_normalised(request, plain) for request in servers.requests]
    if _STARTING_THREADS.search(source if isinstance(source, str) else source.decode(errors="replace")):
        requests.sort()
    addressless = re.compile(r"\b0x[0-9a-f]{6,}\b")
    return Run(
        requests=requests,
        connections=servers.connections,
        output=addressless.sub("0x...", plain(printed.getvalue().decode(errors="backslashreplace"))),
        error=error and (error[0], addressless.sub("0x...", plain(error[1]))),
    )


@contextmanager
def _started(name: str, ports: list[int]) -> Iterator[dict[str, object]]:
    """The namespace of a new `__main__`, in a process that looks as for a program just started; undone at the end."""
    main = ModuleType("__main__")
    main.__file__ = name
    environ = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environ |= {base: f"http://127.0.0.1:{port}" for base, port in zip(BASES, ports, strict=True)}
    environ |= {"NO_PROXY": "127.0.0.1", "NETRC": os.devnull}
    before = sys.modules["__main__"]
    random.seed(0)
    gc.freeze()  # what is here already need not be looked through below: 1 ms instead of 50
    try:
        with (
            patch.object(os, "environ", environ),  # a plain dict: no program starts another that would inherit it
            patch.object(sys, "argv", [name]),
            patch.object(sys, "stdin", io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            sys.modules["__main__"] = main
            yield vars(main)
            vars(main).clear()
            gc.collect()  # closes what the program has left open
    finally:
        sys.modules["__main__"] = before
        gc.unfreeze()


def _normaliser(ports: list[int]) -> Callable[[str], str]:
    """Write `host0` and `host1` for the addresses of the servers, also where a query has quoted the colon."""
    address = re.compile(rf"127\.0\.0\.1(?::|%3A)({'|'.join(map(str, ports))})\b", re.IGNORECASE)
    return lambda text: address.sub(lambda match: f"host{ports.index(int(match[1]))}", text)


def _normalised(request: Request, plain: Callable[[str], str]) -> Request:
    body, headers = plain(request.body.decode("latin-1")), [(name, plain(value)) for name, value in request.headers]
    for index, (name, value) in enumerate(headers):
        if name.lower() == "content-type" and (boundary := re.search("boundary=([0-9a-f]{32})", value)):
            body = body.replace(boundary[1], "BOUNDARY")
            headers[index] = name, value.replace(boundary[1], "BOUNDARY")
    return request._replace(path=plain(request.path), headers=tuple(headers), body=body.encode("latin-1"))


def differences(before: Run, after: Run) -> list[str]:
    """What a user or a server could tell the two runs apart by, a line each; connections are meant to differ."""
    lines = difflib.unified_diff(_lines(before), _lines(after), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _lines(run: Run) -> list[str]:
    """All that is compared; each line names its place and quotes what it shows, so that no two runs look alike."""
    lines = []
    for number, request in enumerate(run.requests, 1):
        place = f" request {number}:"
        lines.append(f"{place} {request.method!r} {request.path!r} at host{request.host}")
        lines += [f"{place} header {name!r}: {value!r}" for name, value in request.headers]
        lines.append(f"{place} body {request.body!r}")
    lines += [f" output: {line!r}" for line in run.output.splitlines(keepends=True)]
    return [*lines, f" error: {run.error!r}"]
