"""Tells whether threads may share one `requests.Session` that keeps no cookies and whose options never change.

    python tests/proof/threads.py                                # 100,000 calls from 64 threads
    python tests/proof/threads.py --plain                        # on a session that keeps cookies: what differs
    python tests/proof/threads.py --bare                         # without a session: what fails here is not its fault
    python tests/proof/threads.py --versions --requests 20000

Calls of many kinds, at random, go to a server on several ports of the loopback, which looks at what it is sent. Each
must end as one by bare `requests` did before, alone: the same statuses, bodies, history, cookies, all that was sent on
each hop, or the same exception. `--versions` fetches packages, with uv; nothing else leaves this machine. Exits 1 if a
call ends otherwise (but for `--plain`), or the server is sent a text, cookie or password not of the call at hand.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from itertools import product
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

NAMES = ("127.0.0.1", "localhost", "127.0.0.2")  # as long as each other: their lengths are told, too
LATE = 5.0  # seconds until a late answer: far more than a client waits, and than a thread is kept from its turn
SWITCH = 0.0001  # seconds until another thread has its turn: fifty times as often as is usual
# The words of paths that redirect: the status, whether to the other host, and the word there.
MOVES = {
    "same": (302, False, "echo"), "again": (307, False, "echo"), "loop": (302, False, "loop"),
    "cross": (302, True, "echo"), "away": (308, True, "echo"), "chain": (302, False, "second"),
    "second": (307, True, "third"), "third": (303, True, "fourth"), "fourth": (301, False, "echo"),
}  # fmt: skip
# Another outcome than a bare call's; a text, cookie or password of another call; a lost connection; another exception.
FAULTS = ("differ", "mixed", "cookies", "credentials", "lost", "raised")
# Made: on what the calls were made. Sent: with those of redirects.
COLUMNS = ("requests", "urllib3", "Python", "made", "hosts", "calls", "seconds", "sent", "connections", *FAULTS)
# Until urllib3 1.26.16, pools for more than ten hosts were closed while in use, now and then: that run may fail.
KNOWN = ("==2.31.0", "==1.26.15", 40)
VERSIONS = (  # of requests and urllib3, and how many hosts
    ("==2.25.1", "<2", 12), ("==2.31.0", "<2", 12), ("==2.31.0", ">=2", 12), ("==2.32.*", "<2", 12),
    ("==2.32.*", ">=2", 12), ("", "<2", 12), ("", ">=2", 12), ("==2.31.0", "==1.26.15", 8), KNOWN,
    ("==2.31.0", "==1.26.16", 40),
)  # fmt: skip


class Kind(NamedTuple):
    """One kind of call. `given`: one more option; `read`: how much it reads of an answer; `weight`: how often it is."""

    verb: str
    word: str
    options: dict[str, Any] | None = None
    given: str = ""
    read: str = "all"
    weight: int = 10


STREAM: dict[str, Any] = {"stream": True}
KINDS = (
    Kind("get", "echo", weight=60),
    *(Kind("get", word) for word in ("404", "500", "204", "empty", "chunked", "bye", "large")),
    *(Kind("get", word) for word in ("same", "cross", "chain", "fourth", "cut", "cutchunked")),
    *(Kind("post", word, given="data") for word in ("echo", "chunked", "bye", "again", "cross", "away")),
    *(Kind(verb, word, given="json") for verb, word in (("post", "chain"), ("put", "echo"))),
    *(Kind("get", word, given="proxies") for word in ("echo", "cross")),
    Kind("patch", "404", given="parts"),
    *(Kind(verb, "echo") for verb in ("delete", "options")),
    *(Kind("head", word) for word in ("echo", "large", "bye", "same")),
    Kind("head", "chain", {"allow_redirects": True}),
    Kind("get", "chain", {"allow_redirects": False}),
    *(Kind("get", word, STREAM, read=read) for word in ("large", "largechunked") for read in ("all", "part", "none")),
    Kind("get", "chain", STREAM, read="part"),
    *(Kind(verb, "late", {"timeout": (60, 0.05)}, given) for verb, given in (("get", ""), ("post", "data"))),
    Kind("get", "stall", {"timeout": (60, 0.5)}, weight=1),
    Kind("get", "loop", weight=1),
)

Shape = tuple[int, tuple[bool, ...], bool]  # the index of a kind, which extras, and if it is sent on to a like name


class Server:
    """Answers as the path says, `/WORD/NAME/OTHER-HOST`, and counts what it is sent."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen["connections"] += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self.answer(reader, writer):
                await writer.drain()
        writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays open: it is closed only where the answer says so, or within a body."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        body = await reader.readexactly(int(headers.get("Content-Length", 0)))
        if "Transfer-Encoding" in headers:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readuntil(b"\r\n")
        _, word, name, other = urlsplit(target).path.split("/")
        if user := headers.get("Authorization", "").removeprefix("Basic "):
            headers["Authorization"] = base64.b64decode(user).decode()
            self.seen["credentials"] += headers["Authorization"] != f"user-{name}:secret-{name}"
        self.seen["cookies"] += any(name not in cookie for cookie in headers.get("Cookie", name).split("; "))
        texts = (headers["X-Call"], headers.get("X-Extra", name), target, body.decode() or name)
        self.seen["mixed"] += any(name not in text for text in texts)
        self.seen["sent"] += 1
        status, away, goal = MOVES.get(word, (int(word) if word.isdigit() else 200, False, ""))
        told = [f"HTTP/1.1 {status} Fine", f"X-Seen: {json.dumps([first, headers, body.decode(), len(lines)])}"]
        cookies = (("visit", "/"), ("last", "/echo"), (word, f"/{word}"))
        told += [f"Set-Cookie: {cookie}={name}.{self.seen['sent']}; Path={path}" for cookie, path in cookies]
        if goal:
            there, back = (f"http://{other}", headers["Host"]) if away else ("", other)
            told.append(f"Location: {there}/{goal}/{name}/{back}")
        told += ["Connection: close"] * (word == "bye")
        content = b"" if word in {"empty", "204"} else f"{name:<15}\n".encode() * (8192 if "large" in word else 8)
        if "chunked" in word:
            told.append("Transfer-Encoding: chunked")
            parts = [content[at : at + 4096] for at in range(0, len(content), 4096)]
            content = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))
        elif word != "204":
            told.append(f"Content-Length: {len(content)}")
        content = b"" if method == "HEAD" else content
        if word == "late":
            await asyncio.sleep(LATE)
        writer.write("\r\n".join([*told, "", ""]).encode() + content[: len(content) // 2])
        if word == "stall":
            await asyncio.sleep(LATE)
        if "cut" not in word:
            writer.write(content[len(content) // 2 :])
        return word != "bye" and "cut" not in word

    async def run(self, pipe: Connection, count: int) -> None:
        """Sends its hosts; then, as often as it is sent True, what it saw since."""
        self.seen: Counter[str] = Counter()
        names = [NAMES[at % len(NAMES)] for at in range(count)]
        listening = [await asyncio.start_server(self.talk, name, 0, backlog=1024) for name in names]
        ports = [server.sockets[0].getsockname()[1] for server in listening]
        pipe.send([f"{name}:{port}" for name, port in zip(names, ports, strict=True)])
        while await asyncio.to_thread(pipe.recv):
            pipe.send(self.seen)
            self.seen = Counter()
        os._exit(0)  # with late answers under way


def serve(pipe: Connection, count: int) -> None:
    """Runs a server, in a process of its own."""
    asyncio.run(Server().run(pipe, count))


def outcome(source: Any, shape: Shape, name: str, here: str, there: str) -> tuple[str, str]:
    """Makes one call on a session or on requests: how it ended, without names, and the message of its exception."""
    kind, (header, auth, params, cookies) = KINDS[shape[0]], shape[1]
    options: dict[str, Any] = {"timeout": 60, "headers": {"X-Call": name}, **(kind.options or {})}
    options |= {"headers": {"X-Call": name, "X-Extra": name}} if header else {}
    options |= {"auth": (f"user-{name}", f"secret-{name}")} if auth else {}
    options |= {"params": {"page": 1, "id": name}} if params else {}
    options |= {"cookies": {"own": name}} if cookies else {}
    if kind.given == "parts":
        options["data"] = iter([b"id=", name.encode()])
    elif kind.given:
        options[kind.given] = {"http": f"http://{there}"} if kind.given == "proxies" else {"id": name}
    text = b""
    try:
        answer = getattr(source, kind.verb)(f"http://{here}/{kind.word}/{name}/{there}", **options)
        if kind.read == "part":
            text = next(answer.iter_content(1024))
            answer.close()
        elif kind.read == "all":
            text = answer.content
    except Exception as error:  # noqa: BLE001 - how a call ends is what is compared
        return type(error).__name__, f"{type(error).__name__}: {error}"
    hops = [(hop.status_code, hop.url, hop.headers, hop.cookies.items()) for hop in (*answer.history, answer)]
    told = str((hops, len(answer.history), Counter(text.splitlines())))
    told = told.replace(here, "HERE").replace(there, "THERE").replace(name, "ID")
    return re.sub(r"ID\.\d+", "ID.N", told), ""


def expectations(hosts: list[str]) -> dict[Shape, str]:
    """How bare calls of each shape end, one after another."""
    expected: dict[Shape, str] = {}
    for at, extras, alike in product(range(len(KINDS)), product((False, True), repeat=4), (False, True)):
        if not alike or KINDS[at].word in MOVES:
            shape, there = (at, extras, alike), hosts[len(NAMES) if alike else 1]
            expected[shape], _ = outcome(requests, shape, f"q{len(expected):07}q", hosts[0], there)
    return expected


def fault(kind: Kind, expected: str, told: str, message: str) -> tuple[str, str]:
    """The column that another outcome than the expected one counts in, and a note on it."""
    if message:
        column = "lost" if re.search("RemoteDisconnected|ConnectionReset|BrokenPipe", message) else "raised"
        return column, re.sub(r"0x\w+|q\d{7}q|(localhost|127[\d.]+|port=)[':,\d]*", "*", message)[:300]
    at = next((at for at in range(len(told)) if not expected.startswith(told[: at + 1])), 0)
    plain = re.sub(r"q\d{7}q[.\d]*", "OTHER", told[max(0, at - 30) :])
    return "differ", f"{kind.verb} {kind.word}: {plain[:80]!r}, not {expected[max(0, at - 30) :][:80]!r}"


def run(options: argparse.Namespace) -> int:
    """Makes the calls, prints a row and what is amiss; gives the exit status."""
    session = requests.Session()
    if options.made != "plain":
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    source = requests if options.made == "bare" else session
    os.environ.update(NO_PROXY="*", NETRC=os.devnull)
    pipe, far = multiprocessing.Pipe()
    multiprocessing.get_context("spawn").Process(target=serve, args=(far, options.hosts), daemon=True).start()
    hosts = pipe.recv()
    expected = expectations(hosts)
    pipe.send(True)
    before = pipe.recv()
    assert before["sent"] > len(expected), before
    assert not any(before[column] for column in FAULTS), before

    def share(first: int) -> Counter[tuple[str, str]]:
        """The faults of those calls that one thread makes."""
        found: Counter[tuple[str, str]] = Counter()
        for number in range(first, options.requests, options.threads):
            chance = random.Random(f"{options.seed} {number}")
            here, there = chance.sample(hosts, 2)
            at = chance.choices(range(len(KINDS)), [kind.weight for kind in KINDS])[0]
            extras = tuple(chance.random() < 0.3 for _ in range(4))
            shape = (at, extras, KINDS[at].word in MOVES and here.split(":")[0] == there.split(":")[0])
            told, message = outcome(source, shape, f"q{number:07}q", here, there)
            if told != expected[shape]:
                found[fault(KINDS[at], expected[shape], told, message)] += 1
        return found

    sys.setswitchinterval(SWITCH)
    begun = time.perf_counter()
    with ThreadPoolExecutor(options.threads) as pool:
        found = sum(pool.map(share, range(options.threads)), Counter[tuple[str, str]]())
    pipe.send(True)
    counts: Counter[str] = pipe.recv()
    pipe.send(False)
    counts["cookies"] += len(session.cookies)
    for (column, _), count in found.items():
        counts[column] += count
    python = sys.version.split()[0] + "t" * ("free-threading" in sys.version)
    row: list[Any] = [version("requests"), version("urllib3"), python, options.made]
    row += [options.hosts, options.requests, round(time.perf_counter() - begun)]
    row += [counts[column] for column in COLUMNS[len(row) :]]
    print(*(f"{column:>8}" for column in COLUMNS))
    print(*(f"{cell:>{max(len(column), 8)}}" for column, cell in zip(COLUMNS, row, strict=True)))
    for (column, note), count in found.most_common(5):
        print(f"    {count} x {column}: {note}")
    return int(options.made != "plain" and any(counts[column] for column in FAULTS))


def run_versions(options: argparse.Namespace) -> int:
    """Runs this with each of the versions; gives the exit status."""
    status = 0
    runs = [*((sys.executable, *versions) for versions in VERSIONS), ("3.13t", "", "", 12), ("3.14t", "", "", 12)]
    same = [f"--{name}={value}" for name, value in vars(options).items() if name != "made"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(UV_CACHE_DIR=f"{folder}/cache", UV_PYTHON_INSTALL_DIR=f"{folder}/pythons")
        for at, (python, one, other, hosts) in enumerate(runs):
            packages = (f"--with=requests{one}", f"--with=urllib3{other}")
            command = ["uv", "run", "-q", "--no-project", "--isolated", f"--python={python}", *packages]
            command += ["python", __file__, *same, f"--hosts={hosts}"]
            done = subprocess.run(command, capture_output=True, text=True)
            reason = done.stderr.strip().rpartition("\n")[2]
            rows = done.stdout.splitlines() or ["", f"not run: {python} {' '.join(packages)}: {reason}"]
            print(*rows[bool(at) :], sep="\n", flush=True)
            may_fail = (one, other, hosts) == KNOWN or (python != sys.executable and not done.stdout)
            status |= bool(done.returncode and not may_fail)
    return status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000, help="how many calls are made")
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--hosts", type=int, default=12, help="four or more; a session keeps pools for ten")
    parser.add_argument("--seed", type=int, default=1)
    made = parser.add_mutually_exclusive_group()
    for name, told in (("plain", "on one that keeps cookies"), ("bare", "on none"), ("versions", "with each version")):
        made.add_argument(f"--{name}", action="store_const", dest="made", const=name, default="shared", help=told)
    options = parser.parse_args()
    return run_versions(options) if options.made == "versions" else run(options)


if __name__ == "__main__":
    sys.exit(main())
