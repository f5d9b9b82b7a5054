"""What a fix saves its user: two programs of the fixtures, before and after it, against an HTTPS server on 127.0.0.1.

    pip install -e '.[bench]'
    python benchmarks/gain.py [--runs N] [--plot FILE]

The server is uvicorn with a certificate of trustme, behind a relay that adds the round trips; the programs, a download
loop and a client of an API, make 100 calls each. Certificates are read from certifi's bundle with one more, as a
program does that trusts what a browser trusts. Times are those of whole processes, medians of the runs. The claim, or
the command fails: after the fix there are as many connections and handshakes as hosts, that is one.

The plot tells where the time of the loop goes, per call; the round trip of a TCP connection, which the relay adds to
the first bytes, is counted to it. By default it goes to docs/gain.svg.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import certifi
import trustme
import uvicorn
from measure import Cost, cost
from phases import PHASES
from plot import stacked
from relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
CALLS, HOSTS = 100, 1
# Each fixture, and what of it is changed for more calls.
PROGRAMS = {
    "request-in-loop/yearly-download-loop": ("range(2019, 2022)", f"range({2022 - CALLS}, 2022)"),
    "client-without-session/auth-set-once-in-init": (
        'print(registry.tags("base"), registry.remove("base", "old"))',
        f'for tag in range({CALLS // 2}):\n    print(registry.tags("base"), registry.remove("base", f"{{tag}}"))',
    ),
}
ROUND_TRIPS = (0, 10, 40)  # milliseconds
SHOWN = ("reading the certificates", "connecting", "TLS handshake", "waiting for the answer", "Python")


class Run(NamedTuple):
    connections: int
    handshakes: int
    cost: Cost
    phases: dict[str, float]


async def answer(scope: Any, _receive: Any, send: Any) -> None:
    """The server's program: what path was asked for."""
    if scope["type"] == "http":
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({"path": scope["path"]}).encode()})


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """The port of a running server; the environment makes requests trust it."""
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    bundle = folder / "bundle.pem"
    bundle.write_bytes(certifi.contents().encode() + authority.cert_pem.bytes())
    os.environ["REQUESTS_CA_BUNDLE"] = str(bundle)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    server = uvicorn.Server(
        uvicorn.Config(answer, port=0, log_config=None, lifespan="off", ssl_certfile=folder / "server.pem")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise SystemExit("the server does not start")
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def both(fixture: str, folder: Path) -> dict[str, Path]:
    """A program with 100 calls, before and after `sessionize fix`."""
    old, new = PROGRAMS[fixture]
    source = (ROOT / "fixtures" / f"{fixture}.before.py").read_text(encoding="utf-8")
    assert source.count(old) == 1, f"{fixture} has changed"
    programs = {side: folder / f"{Path(fixture).name}_{side}.py" for side in ("bare", "session")}
    for program in programs.values():
        program.write_text(source.replace(old, new), encoding="utf-8")
    fix = [sys.executable, "-m", "sessionize", "fix", "--isolated", "--unsafe-fixes", "-q", str(programs["session"])]
    subprocess.run(fix, check=True)
    assert "Session()" in programs["session"].read_text(encoding="utf-8")
    return programs


def measured(program: Path, relay: Relay) -> Run:
    told = program.with_suffix(".json")
    told.unlink(missing_ok=True)
    relay.connections = relay.handshakes = 0
    # As the server is known by now, other than when the benchmark began.
    took = cost([sys.executable, str(ROOT / "benchmarks" / "phases.py"), str(program), str(told)], os.environ)
    if not told.exists():
        raise SystemExit(f"{program.name} fails: run it with BASE={os.environ['BASE']}")
    phases = json.loads(told.read_text(encoding="utf-8"))
    assert phases["calls"] == CALLS, phases
    connecting = relay.connections * relay.round_trip
    phases["connect"] += connecting
    phases["handshake"] -= connecting
    return Run(relay.connections, relay.handshakes, took, phases)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--plot", type=Path, default=ROOT / "docs" / "gain.svg")
    chosen = options.parse_args()
    runs: dict[tuple[str, int, str], list[Run]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, serving(folder := Path(name)) as port, Relay(port) as relay:
        os.environ["BASE"] = f"https://127.0.0.1:{relay.port}"
        programs = {fixture: both(fixture, folder) for fixture in PROGRAMS}
        for _ in range(chosen.runs):
            for fixture, sides in programs.items():
                for round_trip in ROUND_TRIPS:
                    relay.round_trip = round_trip / 1000
                    for side, program in sides.items():
                        runs[fixture, round_trip, side].append(measured(program, relay))

    print(f"{CALLS} calls{'round trip':>38}{'connections':>18}{'handshakes':>12}{'wall s':>9}{'cpu s':>9}")
    for (fixture, round_trip, side), rows in runs.items():
        wall, cpu = (statistics.median(row.cost[column] for row in rows) for column in (0, 1))
        begin = f"{Path(fixture).name:30}{round_trip:9} ms {side:>10}"
        print(f"{begin}{rows[0].connections:11}{rows[0].handshakes:12}{wall:9.2f}{cpu:9.2f}")

    loop = next(iter(PROGRAMS))
    groups = {
        f"{round_trip} ms away": {side: per_call(runs[loop, round_trip, side]) for side in ("bare", "session")}
        for round_trip in ROUND_TRIPS
    }
    title = "A call of requests over HTTPS, bare and on a session: where its time goes"
    chosen.plot.write_text(stacked(title, SHOWN, groups), encoding="utf-8")
    print(f"\n{'milliseconds per call':25}" + "".join(f"{part:>26}" for part in SHOWN))
    for away, bars in groups.items():
        for side, sizes in bars.items():
            print(f"{away:15}{side:10}" + "".join(f"{size:26.2f}" for size in sizes))

    wrong = {key for key, rows in runs.items() for row in rows if key[2] == "session" and set(row[:2]) != {HOSTS}}
    for key in wrong:
        print("more connections than hosts:", *key)
    return bool(wrong)


def per_call(rows: list[Run]) -> list[float]:
    """The medians of the phases, in milliseconds."""
    return [statistics.median(row.phases[phase] for row in rows) * 1000 / CALLS for phase in PHASES]


if __name__ == "__main__":
    sys.exit(main())
