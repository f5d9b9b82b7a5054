"""A Dask cluster as the executor of a run. Its workers see no disk of ours: they get bytes, and send back reports."""

from __future__ import annotations

from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sessionize import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionize.pool import Executors

PATIENCE = 60  # seconds until the scheduler and the first worker have to answer


class ClusterError(Exception):
    """Why a cluster cannot be used, told in one line."""


@contextmanager
def connected(address: str) -> Iterator[tuple[Executors[Any], int, tuple[type[Exception], ...]]]:
    """What makes executors, how many workers there are, and what tells that a task was lost."""
    try:
        distributed = import_module("distributed")
    except ImportError as error:
        raise ClusterError("--cluster needs Dask; install sessionize with its extra `cluster`") from error
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


def _version() -> str:
    return __version__
