"""Tasks on an executor of `concurrent.futures`: each comes to a result, also when workers die.

Work and tasks go to other processes, so both have to be picklable. What the work is, nothing here knows.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

Result = TypeVar("Result")
Task = tuple[Any, ...]  # the arguments of the work


def processes(workers: int) -> ProcessPoolExecutor:
    """Workers that leave Ctrl-C to this process."""
    # A fork is quick, and safe where no other thread holds a lock. On macOS the system's libraries start threads.
    fork = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if fork else "spawn")
    return ProcessPoolExecutor(workers, context, signal.signal, (signal.SIGINT, signal.SIG_IGN))


def run(
    work: Callable[..., Result],
    tasks: Iterable[Task],
    executors: Callable[[], Executor],
    failed: Callable[..., Result],
    *,
    width: int,
    chunk: int = 1,
    lost: tuple[type[Exception], ...] = (BrokenExecutor,),
) -> Generator[Result, None, None]:
    """The results of all tasks, as they come; `width` chunks of them are under way. Closed, it ends the workers.

    Tasks that an executor loses with its workers (`lost`) are done again, each alone in a process. Of one that ends
    that process, too, the result is what `failed` says of it.
    """
    rest = iter(tasks)
    chunks = iter(lambda: list(islice(rest, chunk)), [])
    for first in chunks:
        flight: dict[Future[list[Result]], list[Task]] = {}
        missing: list[Task] = []
        with _ended(executors()) as executor:
            for some in chain([first], chunks):
                try:
                    flight[executor.submit(_each, work, some)] = some
                except lost:
                    missing += some
                if len(flight) >= width:
                    yield from _landed(flight, missing, lost)
                if missing:
                    break
            while flight:
                yield from _landed(flight, missing, lost)
        yield from _one_by_one(work, missing, failed)


def _each(work: Callable[..., Result], tasks: list[Task]) -> list[Result]:
    return [work(*task) for task in tasks]


def _landed(
    flight: dict[Future[list[Result]], list[Task]], missing: list[Task], lost: tuple[type[Exception], ...]
) -> Iterator[Result]:
    """The results of what is done, after waiting for some; takes it out of `flight`."""
    for future in wait(flight, return_when=FIRST_COMPLETED).done:
        some = flight.pop(future)
        try:
            yield from future.result()
        except lost:
            missing += some


def _one_by_one(work: Callable[..., Result], tasks: list[Task], failed: Callable[..., Result]) -> Iterator[Result]:
    rest = iter(tasks)
    for first in rest:
        with _ended(processes(1)) as executor:
            task = first
            try:
                for task in chain([first], rest):
                    yield executor.submit(work, *task).result()
            except BrokenExecutor:
                yield failed(*task)


@contextmanager
def _ended(executor: Executor) -> Iterator[Executor]:
    """Ends an executor: at once where there was an exception, as then nobody waits for its workers."""
    try:
        yield executor
    except BaseException:
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        executor.shutdown(wait=False)
        raise
    executor.shutdown()
