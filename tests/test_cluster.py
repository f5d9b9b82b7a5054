"""A run on a Dask cluster, with a scheduler and workers that are processes of this machine."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from sessionize import cli
from sessionize.run import cluster

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # what Dask leaves open is not ours
LOOP = "import requests\nfor name in names:\n    requests.get(name)\n"


@contextmanager
def process(module: str, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of Dask's programs, ended in the end."""
    command = [sys.executable, "-m", module, "--no-dashboard", *args]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a cluster, and its two workers."""
    pytest.importorskip("distributed")
    with ExitStack() as stack:
        file = tmp_path_factory.mktemp("dask") / "scheduler.json"
        scheduler = ("--host=127.0.0.1", "--port=0", f"--scheduler-file={file}")
        stack.enter_context(process("distributed.cli.dask_scheduler", *scheduler))
        while not file.exists() or not file.read_text():
            time.sleep(0.05)
        address: str = json.loads(file.read_text())["address"]
        options = (address, "--host=127.0.0.1", "--no-nanny", "--nthreads=1", f"--local-directory={file.parent}")
        yield address, [stack.enter_context(process("distributed.cli.dask_worker", *options)) for _ in range(2)]


@pytest.fixture
def address(started: tuple[str, list[subprocess.Popen[bytes]]]) -> str:
    return started[0]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    kinds = [LOOP, "import requests\nfor\n", "import requests\n", "import os\n"]
    for number in range(20):
        Path(f"{number:02}.py").write_text(kinds[number % len(kinds)])
    return tmp_path


def sessionize(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["sessionize", *args])
    return cli.main(), *capsys.readouterr()


@pytest.mark.parametrize("args", [["check", "--output-format=json"], ["fix", "--diff"]], ids=" ".join)
def test_same_as_here(
    tree: Path, address: str, args: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = sessionize(capsys, monkeypatch, *args, "-j1")
    assert here[0] == 2
    assert sessionize(capsys, monkeypatch, *args, "--cluster", address) == here


def test_fix_is_written_here(
    tree: Path, address: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 20, 4):
        Path(f"{number:02}.py").unlink()
    rewritten = [f"Rewrote {number:02}.py\n" for number in range(0, 20, 4)]
    said = "Fixed 5 calls in 5 files. They have no `timeout=`; `--extend-select RQS302` finds them.\n"
    assert sessionize(capsys, monkeypatch, "fix", "--cluster", address) == (0, "", "".join((*rewritten, said)))
    assert "session.get" in Path("00.py").read_text()


def test_worker_killed_in_the_middle(
    tree: Path,
    started: tuple[str, list[subprocess.Popen[bytes]]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, workers = started
    sessionize(capsys, monkeypatch, "check", "--cluster", address)  # both have started then
    for number in range(48):
        (tree / f"{number:02}.py").write_text(LOOP + "requests.get(name)\n" * 150)
    command = [sys.executable, "-m", "sessionize", "check", "--output-format=concise", str(tree)]
    here = subprocess.run(command, capture_output=True)
    idle = cpu_seconds(workers[0])
    with (tree / "output").open("wb") as output:
        running = subprocess.Popen([*command, "--cluster", address], stdout=output, stderr=subprocess.DEVNULL)
        while cpu_seconds(workers[0]) < idle + 0.1 and running.poll() is None:  # all of it takes many times that
            time.sleep(0.01)
        workers[0].kill()
        assert running.poll() is None
        status = running.wait(timeout=300)
    assert (status, (tree / "output").read_bytes()) == (here.returncode, here.stdout)
    assert here.stdout.count(b"\n") > 48


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def port(says: bytes | None) -> Iterator[str]:
    """The address of something that is no scheduler: it says this to everybody, or hangs up."""

    def serve() -> None:
        with suppress(OSError), ExitStack() as open_ones:
            while True:
                connection, _ = server.accept()
                if says is None:
                    connection.close()
                else:
                    open_ones.enter_context(connection).sendall(says)

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("nonsense", "missing port number"),
        ("tcp://", "missing port number"),
        ("127.0.0.1:x", "invalid literal"),
        ("http://127.0.0.1:1", "unknown address scheme"),
        ("inproc://127.0.0.1:1", "don't know how to extract host and port"),
        ("tls://127.0.0.1:1", "TLS expects"),
        ("tcp://127.0.0.1:1", "no scheduler answers there$"),
    ],
)
def test_no_such_cluster(where: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "ANSWER", 0.5)
    with pytest.raises(cluster.ClusterError, match=f"^--cluster {where}: .*{said}"), cluster.connected(where):
        pass


@pytest.mark.parametrize("says", [None, b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(99), b"\xff" * 99])
def test_port_of_something_else(says: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "ANSWER", 0.5)
    with (
        port(says) as where,
        pytest.raises(cluster.ClusterError, match=f"^--cluster {where}: no scheduler answers"),
        cluster.connected(where),
    ):
        pass


@pytest.mark.parametrize("form", ["nonsense", "{}"])
def test_without_a_scheduler_a_run_ends(tree: Path, form: str) -> None:
    """Nothing that Dask leaves behind keeps it from that, or has something to say."""
    pytest.importorskip("distributed")
    imports = "from sessionize import cli; from sessionize.run import cluster"
    program = f"{imports}; cluster.ANSWER = 0.5; raise SystemExit(cli.main())"
    with port(b"") as silent:
        where = form.format(silent)
        command = [sys.executable, "-c", program, "check", "--cluster", where]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"sessionize: --cluster {where}: ")


# --- without Dask -----------------------------------------------------------------------------------------------------


class Client(ThreadPoolExecutor):
    """What we use of Dask's."""

    def __init__(self, address: str, **_options: object) -> None:
        if address != "here":
            raise OSError("Timed out")
        super().__init__(2)

    def submit(self, work: Callable[..., Any], /, *args: Any, **_options: Any) -> Future[Any]:
        return super().submit(work, *args)

    def nthreads(self) -> dict[str, int]:
        return {"one": 1, "two": 1}

    def get_executor(self, **_options: object) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(2)


class Security:
    def get_connection_args(self, _role: str) -> dict[str, object]:
        return {}


class Scheduler:
    def __init__(self, address: str, **_options: object) -> None:
        self.address = address

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def identity(self) -> dict[str, str]:
        return {"type": "Worker" if self.address == "a worker" else "Scheduler"}


@pytest.fixture
def dask(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(Client=Client, KilledWorker=ArithmeticError, Security=Security, rpc=Scheduler)
    module.comm = SimpleNamespace(get_address_host_port=lambda _: ("127.0.0.1", 1))
    monkeypatch.setitem(sys.modules, "distributed", module)


def test_what_a_run_gets(dask: None) -> None:
    with cluster.connected("here") as (executors, workers, lost):
        assert (workers, lost) == (2, (ArithmeticError, CancelledError))
        executor, work = executors(abs)
        with executor:
            assert executor.submit(work, -1).result() == 1


def test_run(tree: Path, dask: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    here = sessionize(capsys, monkeypatch, "check", "-j1")
    assert sessionize(capsys, monkeypatch, "check", "--cluster", "here") == here
    said = "sessionize: --cluster there: Timed out\n"
    assert sessionize(capsys, monkeypatch, "check", "--cluster", "there") == (2, "", said)


def test_worker_is_no_scheduler(dask: None) -> None:
    with pytest.raises(cluster.ClusterError, match=r"no scheduler answers there$"), cluster.connected("a worker"):
        pass


def test_host_that_nobody_tells_of(dask: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that gets no answer is not waited for."""
    monkeypatch.setattr(cluster, "ANSWER", 0.1)
    answered = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answered.wait())
    with pytest.raises(cluster.ClusterError, match=r"no scheduler answers there$"), cluster.connected("here"):
        pass
    answered.set()


def test_host_that_is_not_known(dask: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(cluster.ClusterError, match=r"Name or service not known$"), cluster.connected("here"):
        pass


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("__version__", "0.0", "its workers have sessionize "),
        ("_version", lambda: 1 / 0, "no worker runs sessionize: ZeroDivisionError"),
    ],
)
def test_workers_without_this_sessionize(
    dask: None, name: str, value: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "__version__":
        monkeypatch.setattr(cluster, "_version", lambda: "0.1.0")
    monkeypatch.setattr(cluster, name, value)
    with pytest.raises(cluster.ClusterError, match=f"^--cluster here: {said}"), cluster.connected("here"):
        pass
