"""The processes that work on the files of a run: this one, others on this machine, or a cluster's."""

from __future__ import annotations

import os
import sys
from functools import partial
from itertools import starmap
from typing import TYPE_CHECKING, Any

from sessionize.files.store import read
from sessionize.files.text import SourceError
from sessionize.run.work import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from sessionize.engine.results import Report
    from sessionize.project.projects import Projects
    from sessionize.run.options import Options
    from sessionize.run.work import Task

    Done = tuple[int, Report | None]
    Do = Callable[..., Done]

BYTES_FOR_WORKERS = 200_000  # of files to be parsed; with less, workers cost more time than they save


def worked(
    options: Options, projects: Projects, tasks: Sequence[Task], do: Do, *, sizes: dict[int, int], writes: bool
) -> Generator[Done, None, None]:
    """The reports of all tasks, as they come. sizes: of the files, by number. writes: whether they are then written."""
    if options.cluster is not None and tasks:
        yield from _on_cluster(options.cluster, projects, tasks, do, sizes)
        return
    jobs = options.jobs or (_usable_cpus() if sum(sizes.values()) >= BYTES_FOR_WORKERS else 1)
    workers = 1 if options.in_one_process else min(jobs, len(tasks))
    if workers < 2:
        yield from starmap(do, tasks)
        return
    from sessionize.run import pool  # the engine now, and not in each of the workers

    if writes:  # before rows move
        projects.read([path for _, path, _ in tasks])
    yield from pool.run(do, _bunches(tasks, sizes, workers), partial(pool.processes, workers), _died, width=2 * workers)


def _on_cluster(
    address: str, projects: Projects, tasks: Sequence[Task], do: Do, sizes: dict[int, int]
) -> Generator[Done, None, None]:
    from sessionize.run import cluster, pool

    projects.read([path for _, path, _ in tasks], whole=True)  # workers may see none of it
    with cluster.connected(address) as (executors, workers, lost):
        sent = ([*map(_with_content, bunch)] for bunch in _bunches(tasks, sizes, workers))
        yield from pool.run(do, sent, executors, _died, width=max(4 * workers, 16), lost=lost)


def _bunches(tasks: Sequence[Task], sizes: dict[int, int], workers: int) -> Iterator[list[Task]]:
    """The tasks in bunches of about as many bytes, large files first: nobody is to wait for one that began last.

    A worker that dies takes its bunch along: that is never many files.
    """
    enough = sum(sizes.values()) / (16 * workers)
    bunch: list[Task] = []
    size = 0
    for task in sorted(tasks, key=lambda task: -sizes[task[0]]):
        bunch.append(task)
        size += sizes[task[0]]
        if size >= enough or len(bunch) == 8:
            yield bunch
            bunch, size = [], 0
    if bunch:
        yield bunch


def _with_content(task: Task) -> tuple[Any, ...]:
    """A task with what it takes to do it on another machine."""
    try:
        return *task, read(task[1])
    except SourceError as error:
        return *task, error


def _died(number: int, path: str, *_: object) -> tuple[int, Report]:
    return number, failure(path, "its worker process died")


def _usable_cpus() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
