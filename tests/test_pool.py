"""Tasks on executors: all come to a result, also when the processes that work on them die."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from tasks import Counting, double, double_or_die, double_or_die_once

from sessionize.run import pool

pytestmark = pytest.mark.slow


def failed(number: int) -> int:
    return -number


def threads(work: Callable[..., int]) -> tuple[Executor, Callable[..., int]]:
    return ThreadPoolExecutor(2), work


def results(work: Callable[..., int], number: int, executors: Any, size: int = 1) -> list[int]:
    """Of tasks in bunches of a size."""
    tasks = [(task,) for task in range(1, number + 1)]
    bunches = [tasks[start : start + size] for start in range(0, number, size)]
    return sorted(pool.run(work, bunches, executors, failed, width=4))


@pytest.mark.parametrize("executors", [partial(pool.processes, 2), threads])
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("number", [0, 1, 20])
def test_any_executor(executors: Any, size: int, number: int) -> None:
    assert results(double, number, executors, size) == [2 * task for task in range(1, number + 1)]


def test_a_worker_keeps_its_work() -> None:
    """It is not sent again with each task, and forgets nothing."""
    assert results(Counting(), 20, partial(pool.processes, 1), 3) == list(range(1, 21))


def test_workers_may_be_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.setattr("sys.platform", "darwin")
    assert results(double, 3, partial(pool.processes, 1)) == [2, 4, 6]


@pytest.mark.parametrize("size", [1, 4])
def test_task_that_ends_its_process_fails_alone(size: int) -> None:
    done = results(partial(double_or_die, (3, 4, 17)), 20, partial(pool.processes, 2), size)
    assert done == [-17, -4, -3, *(2 * task for task in range(1, 21) if task not in (3, 4, 17))]


def test_worker_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    work = partial(double_or_die_once, tmp_path / "died")
    assert results(work, 20, partial(pool.processes, 2), 2) == [2 * task for task in range(1, 21)]


class Closed(Executor):
    """An executor that takes one task and no more."""

    def __init__(self, error: Exception, *, taken: bool = False) -> None:
        self.error = error
        self.taken = taken

    def submit(self, work: Callable[..., Any], /, *args: Any, **_options: Any) -> Future[Any]:
        if self.taken:
            raise self.error
        self.taken = True
        future: Future[Any] = Future()
        future.set_result(work(*args))
        return future


@pytest.mark.parametrize("error", [BrokenExecutor(), BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")])
def test_executor_that_takes_no_more_tasks(error: Exception) -> None:
    assert results(double, 7, lambda work: (Closed(error), work)) == [2, 4, 6, 8, 10, 12, 14]


@pytest.mark.parametrize("error", [BrokenPipeError(errno.EPIPE, "Broken pipe"), OSError("handle is closed")])
def test_task_is_not_done_here_where_a_worker_died_as_another_was_started(error: OSError) -> None:
    """It may be the one that ends its process."""
    work = partial(double_or_die, (5,))
    assert results(work, 7, lambda work: (Closed(error, taken=True), work)) == [-5, 2, 4, 6, 8, 12, 14]


# --- where no pool can be had -----------------------------------------------------------------------------------------


class Fails:
    """A function that raises once it was called so often."""

    def __init__(self, error: Exception, work: Callable[..., Any] | None = None, *, after: int = 0) -> None:
        self.error = error
        self.work = work
        self.left = after

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.left -= 1
        if self.left < 0 or self.work is None:
            raise self.error
        return self.work(*args, **options)


NO_SEMAPHORES = OSError(errno.ENOSYS, "Function not implemented")
NO_PROCESS = BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
NO_THREAD = RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    ("where", "fails"),
    [
        ("multiprocessing.synchronize.SemLock.__init__", Fails(NO_SEMAPHORES)),
        ("multiprocessing.synchronize.SemLock.__init__", Fails(PermissionError(errno.EACCES, "/dev/shm"))),
        ("concurrent.futures.process._check_system_limits", Fails(NotImplementedError("too few semaphores"))),
        ("concurrent.futures.ProcessPoolExecutor", Fails(ImportError("_multiprocessing.SemLock is not implemented"))),
        ("os.pipe", Fails(OSError(errno.EMFILE, "Too many open files"))),
        ("os.fork", Fails(NO_PROCESS)),
        ("os.fork", Fails(NO_PROCESS, os.fork, after=1)),
        ("os.fork", Fails(OSError(errno.ENOMEM, "Cannot allocate memory"))),
        ("threading.Thread.start", Fails(NO_THREAD)),
        ("sessionize.run.pool._make_sure_of", lambda _: Fails(NO_THREAD)()),
        ("sessionize.run.pool._begin", lambda _: os._exit(1)),
    ],
)
def test_without_a_pool_this_process_does_the_work(
    where: str, fails: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # whatever other tests left running
    monkeypatch.setattr(where, fails)
    assert results(lambda task: (os.getpid(), task)[1], 20, partial(pool.processes, 2), 3) == list(range(1, 21))
    monkeypatch.undo()
    assert gone()
    assert capfd.readouterr() == ("", "")


def test_threads_that_do_not_start_leave_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    running = {*threading.enumerate()}
    start = threading.Thread.start
    left = [3]

    def started(thread: threading.Thread) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise NO_THREAD
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", started)
    with pytest.raises(RuntimeError):
        pool._make_sure_of(4)
    assert running.issuperset(threading.enumerate())


def test_python_without_multiprocessing(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.py").write_text("import requests\nwhile True: requests.get(url)\n")
    program = "import sys; sys.modules['_multiprocessing'] = None; from sessionize.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "check", "-j2", "-q", "--output-format=concise", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert [line[:4] for line in done.stdout.splitlines()] == ["a.py", "b.py"]


def test_error_of_the_work_is_raised_and_no_process_left() -> None:
    with pytest.raises(TypeError):
        list(pool.run(double, [[(1, 2)]], partial(pool.processes, 2), failed, width=4))
    assert gone()


def test_closing_ends_the_processes() -> None:
    with closing(pool.run(double, [[(1,)], [(2,)], [(3,)]], partial(pool.processes, 2), failed, width=2)) as done:
        assert next(done) in (2, 4)
        assert active_children()
    assert gone()


def test_work_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "GRACE", 0.1)
    with closing(pool.run(sleep, [[(0,)], [(100,)]], partial(pool.processes, 2), sleep, width=2)) as done:
        next(done)
    assert gone()


def gone() -> bool:
    """Whether all children end soon."""
    late = time.monotonic() + 30
    while active_children() and time.monotonic() < late:
        time.sleep(0.01)
    return not active_children()


def test_what_a_worker_begins_with(monkeypatch: pytest.MonkeyPatch) -> None:
    class Parent:
        def join(self) -> None:
            joined.set()

    joined, ended = threading.Event(), threading.Event()
    handlers: dict[int, Callable[..., None]] = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(os, "_exit", lambda _: ended.set())
    monkeypatch.setattr("multiprocessing.parent_process", Parent)
    monkeypatch.setattr(pool, "_stopped", threading.Event())
    monkeypatch.setattr(pool, "_kept", [])
    pool._begin(double)
    assert ended.wait(30)
    assert joined.is_set()
    assert pool._each(pool._work, [(1,), (2,)]) == [2, 4]
    handlers[signal.SIGINT](signal.SIGINT, None)
    assert pool._each(double, [(1,), (2,)]) == []
