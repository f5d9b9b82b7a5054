"""The flag that alone may rewrite goldens, the servers that all runs of programs share, and the command line."""

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO, TextIOWrapper
from pathlib import Path

import hypothesis
import pytest
from command import Result, Run
from wire import Servers

from sessionize import cli

# The same examples in each run: what else there is to find is for the commands in tests/proof/ to find.
hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens", action="store_true", help="write fixtures/**/*.findings.txt and *.after.py anew"
    )
    parser.addoption("--all-forms", action="store_true", help="try each case in all forms of a session, not in one")


def pytest_configure(config: pytest.Config) -> None:
    """Where Python may write nothing beside sources, pytest's cache has what is compiled: each run would do it anew.

    Workers and programs that tests start find it, too.
    """
    if sys.dont_write_bytecode and hasattr(config, "cache"):
        sys.dont_write_bytecode = False
        sys.pycache_prefix = str(config.cache.mkdir("compiled"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix


@pytest.fixture(scope="session", autouse=True)
def none_compiled_in_vain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests have written is gone after them, and so is what was compiled of it."""
    yield
    if sys.pycache_prefix is not None:
        shutil.rmtree(f"{sys.pycache_prefix}{tmp_path_factory.getbasetemp()}", ignore_errors=True)


@pytest.fixture
def unmeasured() -> Iterator[None]:
    """Coverage looks away from a test that runs again, many times, what others run: to measure costs more than it.

    pytest-cov's marker `no_cover` does not do that in a worker of xdist: there it stops one of two measurements.
    """
    here, in_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    yield
    threading.settrace(in_threads)
    sys.settrace(here)


@pytest.fixture(scope="session")
def update_goldens(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--update-goldens"))


@pytest.fixture(scope="session")
def all_forms(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--all-forms"))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with closing(Servers()) as servers:
        yield servers


@pytest.fixture(scope="session")
def cookie_servers() -> Iterator[Servers]:
    with closing(Servers(cookies=True)) as servers:
        yield servers


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs the command line in an empty folder. Its output is read as latin-1, which shows every byte as it is."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run(*args: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "argv", ["sessionize", *args])
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(stdin)))
        status = cli.main()
        return Result(status, *(text.decode("latin-1") for text in capfdbinary.readouterr()))

    return run
