"""Tasks on an executor of `concurrent.futures`: each comes to a result, also when workers die.

Work and tasks go to other processes, so both have to be picklable. What the work is, nothing here knows.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from multiprocessing.process import BaseProcess

Result = TypeVar("Result")
Task = tuple[Any, ...]  # the arguments of the work
# For some work an executor, and what to submit to it in its place.
Executors: TypeAlias = Callable[[Callable[..., Result]], tuple[Executor, Callable[..., Result]]]

GRACE = 1.0  # seconds; one that is killed while it sends a result would leave us waiting for the rest of it

_NO_POOL = (
    OSError,  # no semaphores (AWS Lambda, Termux), no access to /dev/shm, no further process
    ImportError,  # a Python that was built without them
    RuntimeError,  # too few semaphores (NotImplementedError), no further thread, a worker that does not start
)

_stopped = threading.Event()  # set in a worker that is to take up no more
_kept: list[Callable[..., Any]] = []  # in a worker: the work that it was started for


class Here(Executor):
    """Does each task at once, in this process."""

    def submit(self, work: Callable[..., Result], /, *args: Any, **options: Any) -> Future[Result]:
        future: Future[Result] = Future()
        future.set_result(work(*args, **options))
        return future


def processes(workers: int, work: Callable[..., Result]) -> tuple[Executor, Callable[..., Result]]:
    """Workers that end with this process, and that Ctrl-C stops between two tasks.

    Each gets the work once, as it starts: what the work reads for itself on the way, it reads once.
    Where no worker can be had, the tasks are done in this process.
    """
    try:
        return _pool(workers, work), _work
    except _NO_POOL:
        return Here(), work


def _pool(workers: int, work: Callable[..., Any]) -> Executor:
    """A pool of which one worker has answered."""
    _make_sure_of(2 * workers + 3)  # each with a thread; two threads here, and a process that cleans up behind them
    # A fork is quick, and safe where no other thread holds a lock. On macOS the system's libraries start threads.
    fork = sys.platform == "linux" and threading.active_count() == 1
    if not fork:  # a new Python looks for modules in the current folder first, which may hold what must not be run
        os.environ.setdefault("PYTHONSAFEPATH", "1")
    context = multiprocessing.get_context("fork" if fork else "spawn")
    executor = futures.ProcessPoolExecutor(workers, context, _begin, (work,))
    try:
        executor.submit(os.getpid).result()
    except BaseException:
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        executor.shutdown(wait=False)
        raise
    return executor


def _make_sure_of(number: int) -> None:
    """RuntimeError if the system does not allow so many threads, which it counts together with processes.

    A pool whose own thread cannot start another would wait for ever.
    """
    enough = threading.Event()
    threads: list[threading.Thread] = []
    try:
        while len(threads) < number:
            thread = threading.Thread(target=enough.wait)
            thread.start()
            threads.append(thread)
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def _begin(work: Callable[..., Any]) -> None:
    _kept.append(work)
    signal.signal(signal.SIGINT, lambda *_: _stopped.set())
    threading.Thread(target=_end_with, args=[multiprocessing.parent_process()], daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _work(*task: Any) -> Any:
    return _kept[-1](*task)


def run(
    work: Callable[..., Result],
    bunches: Iterable[list[Task]],
    executors: Executors[Result],
    failed: Callable[..., Result],
    *,
    width: int,
    lost: tuple[type[Exception], ...] = (BrokenExecutor,),
) -> Generator[Result, None, None]:
    """The results of all tasks, as they come; `width` bunches of them are under way. Closed, it ends the workers.

    Tasks that an executor loses with its workers (`lost`) are done again, each alone in a process. Of one that ends
    that process, too, the result is what `failed` says of it.
    """
    rest = iter(bunches)
    for first in rest:
        flight: dict[Future[list[Result]], list[Task]] = {}
        missing: list[Task] = []
        executor, do = executors(work)
        with _ended(executor):
            for some in chain([first], rest):
                try:
                    flight[executor.submit(_each, do, some)] = some
                except lost:
                    missing += some
                except OSError as error:
                    if error.errno in (None, errno.EPIPE):  # a worker died while another was started
                        missing += some
                    else:  # no further process to be had
                        yield from _each(work, some)
                if len(flight) >= width:
                    yield from _landed(flight, missing, lost)
                if missing:
                    break
            while flight:
                yield from _landed(flight, missing, lost)
            if missing:
                _kill_workers()
        yield from _one_by_one(work, missing, failed)


def _each(work: Callable[..., Result], tasks: list[Task]) -> list[Result]:
    return [work(*task) for task in tasks if not _stopped.is_set()]


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
        executor, do = processes(1, work)
        with _ended(executor):
            task = first
            try:
                for task in chain([first], rest):
                    yield executor.submit(do, *task).result()
            except BrokenExecutor:
                _kill_workers()
                yield failed(*task)


def _kill_workers() -> None:
    """Ends what is left of a pool that lost a worker.

    One that was just being started then may have been passed over, and the pool would wait for it (before Python 3.12).
    """
    for child in multiprocessing.active_children():
        child.kill()


@contextmanager
def _ended(executor: Executor) -> Iterator[None]:
    """Ends an executor: soon where there was an exception, as then nobody waits for its workers."""
    try:
        yield
    except BaseException:
        children = multiprocessing.active_children()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child.pid or 0, signal.SIGINT)
        # Its own thread must be gone before Python ends, which would meet it half way; but it may never be.
        ending = threading.Thread(target=executor.shutdown, daemon=True)
        ending.start()
        late = time.monotonic() + GRACE
        for child in children:
            child.join(max(0, late - time.monotonic()))
            child.kill()
        ending.join(GRACE)
        raise
    executor.shutdown()
