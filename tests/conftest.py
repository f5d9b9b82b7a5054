"""The flag that alone may rewrite goldens, and the servers that all runs of programs share."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from wire import Servers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write fixtures/**/*.findings.txt anew")


@pytest.fixture(scope="session")
def update_goldens(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--update-goldens"))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with closing(Servers()) as servers:
        yield servers


@pytest.fixture(scope="session")
def cookie_servers() -> Iterator[Servers]:
    with closing(Servers(cookies=True)) as servers:
        yield servers
