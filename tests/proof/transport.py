"""Runs a program in this process, against answers in place of the network, and records all that it does.

What requests does above a connection is real: merging of options, cookies, redirects, authentication, environment. The
fake begins where urllib3 would take a connection, so a run costs a millisecond per request and no socket.
"""

import io
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from http.client import HTTPMessage
from typing import Any, NamedTuple
from unittest.mock import patch

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool

HOSTS = ("a.test", "b.test")
ENVIRON = {"BASE": "http://a.test", "TOKEN": "t0ken", "NETRC": "/nowhere"}
VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
LIMIT = 80  # requests of one run; a loop that goes on for ever ends here


class Sent(NamedTuple):
    """One request as it would go out, and the options that it is sent with."""

    host: str
    method: str
    path: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    options: tuple[tuple[str, str], ...]


class Outcome(NamedTuple):
    """What one run did. `pools`: how many pools of connections it used."""

    sent: tuple[Sent, ...]
    output: str
    error: str
    pools: int


class _Enough(BaseException):
    """Ends a program that no `except Exception` may keep alive."""


class Transport:
    """Stands in for connections while `connected`; runs one program at a time."""

    def __init__(self) -> None:
        self.cookies = False
        self.sent: list[Sent] = []
        self.pools: set[HTTPConnectionPool] = set()
        self.visits: Counter[str] = Counter()
        self._functions = {name: getattr(requests, name) for name in ("Session", *VERBS)}

    @contextmanager
    def connected(self) -> Iterator["Transport"]:
        real = HTTPAdapter.send

        def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            self.record(request, options)
            return real(adapter, request, **options)

        def urlopen(pool: HTTPConnectionPool, method: str, url: str, **options: Any) -> urllib3.HTTPResponse:
            self.pools.add(pool)
            return self.answer(pool, method, url)

        with (
            patch.dict(os.environ, ENVIRON, clear=True),
            patch.object(HTTPAdapter, "send", send),
            patch.object(HTTPConnectionPool, "urlopen", urlopen),
            patch("time.sleep"),
            patch.object(sys, "argv", ["program.py"]),
        ):
            yield self

    def record(self, request: requests.PreparedRequest, options: dict[str, Any]) -> None:
        if len(self.sent) >= LIMIT:
            raise _Enough
        url, body = str(request.url), request.body
        _, _, host, path = [*url.split("/", 3), ""][:4]
        shown = tuple(sorted((name, repr(value)) for name, value in options.items()))
        headers = tuple((str(name), str(value)) for name, value in request.headers.items())
        text = body.decode("latin-1") if isinstance(body, bytes) else repr(body)
        self.sent.append(Sent(host, str(request.method), path.partition("?")[0], url, headers, text, shown))

    def answer(self, pool: HTTPConnectionPool, method: str, path: str) -> urllib3.HTTPResponse:
        """What a path asks for by its first word."""
        word, *rest = path.partition("?")[0].strip("/").split("/")
        self.visits[path] += 1
        status, location = 200, ""
        match word:
            case "down":
                raise urllib3.exceptions.ProtocolError("Connection aborted.")
            case "slow":
                raise urllib3.exceptions.ReadTimeoutError(pool, path, "Read timed out.")
            case "moved":
                other = HOSTS[pool.host == HOSTS[0]]
                status, location = 302, f"{pool.scheme}://{other}/arrived"
            case "again":
                status, location = 307, "/arrived"
            case "status":
                status = int(rest[0])
            case "flaky":
                status = 503 if self.visits[path] % 2 else 200
            case "empty":
                status = 204
        message = HTTPMessage()
        message["Content-Type"] = "application/json"
        if location:
            message["Location"] = location
        if self.cookies:
            message["Set-Cookie"] = f"visit={len(self.sent)}; Path=/"
        body = json.dumps({"path": path, "method": method, "next": None}).encode()
        if method == "HEAD" or status == 204:
            body = b""
        return urllib3.HTTPResponse(
            io.BytesIO(body),
            headers=dict(message.items()),
            status=status,
            reason="Fine",
            preload_content=False,
            original_response=_Original(message),  # type: ignore[arg-type]
        )

    def run(self, program: str, *, cookies: bool = False) -> Outcome:
        """Runs a program as `__main__`; with `cookies` every answer sets a fresh one."""
        self.cookies, self.sent, self.pools = cookies, [], set()
        self.visits.clear()
        error = ""
        output = io.StringIO()
        namespace: dict[str, object] = {"__name__": "__main__", "__file__": "program.py"}
        try:
            with redirect_stdout(output):
                exec(compile(program, "program.py", "exec", dont_inherit=True), namespace)
        except _Enough:
            error = "sends for ever"
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - how a program ends is part of its run
            error = f"{type(raised).__name__}: {raised}"
        finally:
            for name, function in self._functions.items():  # a program may have replaced them
                setattr(requests, name, function)
            if dict(os.environ) != ENVIRON:
                os.environ.clear()
                os.environ.update(ENVIRON)
        return Outcome(tuple(self.sent), _plain(output.getvalue()), _plain(error), len(self.pools))


class _Original:
    """What `http.client` would have answered, as far as a cookie jar looks at it."""

    def __init__(self, message: HTTPMessage) -> None:
        self.msg = message

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        pass


def _plain(text: str) -> str:
    """Without addresses of objects."""
    return re.sub(r"\b0x[0-9a-f]{6,}\b", "0x", text) if "0x" in text else text
