"""Which processes work on which files."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from sessionize.files.store import read
from sessionize.files.text import SourceError
from sessionize.run.work import failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionize.engine.results import Report
    from sessionize.run.work import Task


def bunched(tasks: Sequence[Task], sizes: dict[int, int], workers: int) -> Iterator[list[Task]]:
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


def with_content(task: Task) -> tuple[Any, ...]:
    """A task with what it takes to do it on another machine."""
    try:
        return *task, read(task[1])
    except SourceError as error:
        return *task, error


def died(number: int, path: str, *_: object) -> tuple[int, Report]:
    return number, failure(path, "the process that worked on it died")


def usable_cpus() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
