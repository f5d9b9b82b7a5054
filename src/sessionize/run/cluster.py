"""A Dask cluster as the executor of a run. Its workers see no disk of ours: they get bytes, and send back reports."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib import import_module
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from sessionize import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionize.run.pool import Executors

ANSWER = 3  # seconds until the scheduler has to answer, and as many to look up its host
PATIENCE = 60  # seconds until the first worker has to answer


class ClusterError(click.ClickException):
    """Why a cluster cannot be used, told in one line."""


@contextmanager
def connected(address: str) -> Iterator[tuple[Executors[Any], int, tuple[type[Exception], ...]]]:
    """A maker of executors, the number of workers, and the exceptions that tell of a lost task."""
    try:
        distributed = import_module("distributed")
    except ImportError as error:
        raise ClusterError("--cluster needs Dask; install sessionize with its extra `cluster`") from error
    _ask_scheduler(distributed, address)
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"--cluster {address}: {error}") from error
    with client:
        try:
            theirs = client.submit(_version, pure=False).result(timeout=PATIENCE)
        except Exception as error:  # whatever a worker may raise that cannot import us
            raise ClusterError(f"--cluster {address}: no worker runs sessionize: {error!r}") from error
        if theirs != __version__:
            raise ClusterError(f"--cluster {address}: its workers have sessionize {theirs}, this is {__version__}")
        yield (
            lambda work: (client.get_executor(pure=False), work),
            len(client.nthreads()),
            (distributed.KilledWorker, CancelledError),
        )


def _ask_scheduler(distributed: Any, address: str) -> None:
    """ClusterError if no scheduler answers at this address.

    Dask's client would retry for long, and where it cannot connect its thread keeps the program from ending. The
    thread here is one that nobody waits for, as looking up a host cannot be stopped.
    """

    async def identity() -> Any:
        socket.getaddrinfo(*distributed.comm.get_address_host_port(address))
        options = distributed.Security().get_connection_args("client")
        async with distributed.rpc(address, connection_args=options) as scheduler:
            return await asyncio.wait_for(scheduler.identity(), ANSWER)

    async def ask() -> None:  # what speaks something else may lead to any exception
        answers.put(*await asyncio.gather(identity(), return_exceptions=True))

    answers: SimpleQueue[Any] = SimpleQueue()
    Thread(target=asyncio.run, args=[ask()], daemon=True).start()
    try:
        answer = answers.get(timeout=2 * ANSWER)
    except Empty:
        answer = TimeoutError()
    if isinstance(answer, ValueError | TypeError | socket.gaierror):  # a wrong form, TLS without a key, an unknown host
        raise ClusterError(f"--cluster {address}: {answer}")
    if isinstance(answer, Exception) or answer["type"] != "Scheduler":
        raise ClusterError(f"--cluster {address}: no scheduler answers there")


def _version() -> str:
    return __version__
