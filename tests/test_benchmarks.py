"""The base of the benchmarks: a relay that adds round trips, a plot."""

import importlib.util
import socket
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def load(name: str) -> ModuleType:
    """Not by the path: one of the benchmarks has the name of a tool."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def echo(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        while piece := connection.recv(1 << 16):
            connection.sendall(piece)


@pytest.mark.skipif(sys.platform == "win32", reason="its clock is too coarse")
def test_the_relay_adds_a_round_trip_to_each_exchange_and_one_for_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=echo, args=(listener,)).start()
        with load("relay").Relay(listener.getsockname()[1], 0.04) as relay:
            took = []
            with socket.create_connection(("127.0.0.1", relay.port), timeout=10) as client:
                for piece in (b"\x16\x03\x01 hello", b"more", b"\x16\x03\x03 more"):
                    begin = time.perf_counter()
                    client.sendall(piece)
                    assert client.recv(1 << 16) == piece
                    took.append(time.perf_counter() - begin)
                client.shutdown(socket.SHUT_WR)
                assert client.recv(1) == b""
    assert (relay.connections, relay.handshakes) == (1, 1)
    assert took[0] >= 0.08
    assert min(took[1:]) >= 0.04


def test_a_plot_is_to_scale_and_says_what_it_shows() -> None:
    plot = load("plot")
    groups = {"far & wide": {"bare": [1, 2, 3, 4, 10], "session": [0, 0, 0, 0, 5]}}
    svg = ET.fromstring(plot.stacked("Time < more", tuple("abcde"), groups))
    bars = [box for box in svg.findall("{*}rect") if box.get("height") == str(plot.BAR)]
    widths = [float(box.get("width", "")) for box in bars]
    assert widths == pytest.approx([size * sum(widths[:5]) / 20 for size in (1, 2, 3, 4, 10, 0, 0, 0, 0, 5)], abs=0.1)
    assert max(float(box.get("x", "")) + float(box.get("width", "")) for box in bars) < plot.WIDTH
    texts = {text.text for text in svg.findall("{*}text")}
    assert {"Time < more", "far & wide", "bare", "session", "20 ms", "5 ms", *"abcde"} == texts
