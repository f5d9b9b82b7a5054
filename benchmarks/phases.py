"""Runs a program and writes where the time of its requests went, as JSON.

    python benchmarks/phases.py PROGRAM JSON

Nothing is written if the program fails.
"""

from __future__ import annotations

import functools
import json
import runpy
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import requests
import requests.api

PHASES = ("certificates", "connect", "handshake", "answer", "rest")
_spent = {**dict.fromkeys(PHASES, 0.0), "calls": 0}
_open: list[str] = []  # the phases that are being timed, the inner ones last


def timed(owner: Any, name: str, phase: str) -> None:
    """Adds what a function takes to a phase, minus what is timed within it; what lies in no call does not count."""
    function = getattr(owner, name)

    @functools.wraps(function)
    def timing(*args: Any, **kwargs: Any) -> Any:
        if phase == (_open[-1] if _open else None) or not (_open or phase == "rest"):
            return function(*args, **kwargs)
        outer = _open[-1] if _open else None
        _spent["calls"] += outer is None
        _open.append(phase)
        begin = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            took = time.perf_counter() - begin
            _open.pop()
            _spent[phase] += took
            if outer is not None:
                _spent[outer] -= took

    setattr(owner, name, timing)


def main() -> None:
    program, written = sys.argv[1:]
    timed(requests.api, "request", "rest")
    timed(requests.Session, "request", "rest")
    timed(ssl.SSLContext, "load_verify_locations", "certificates")
    timed(socket.socket, "connect", "connect")
    timed(ssl.SSLSocket, "do_handshake", "handshake")
    timed(ssl.SSLSocket, "recv_into", "answer")
    runpy.run_path(program, run_name="__main__")
    Path(written).write_text(json.dumps(_spent), encoding="utf-8")


if __name__ == "__main__":
    main()
