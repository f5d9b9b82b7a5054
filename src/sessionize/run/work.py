"""The work on one file, in whatever process: a report comes of it. Only `write_fix` changes a file."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from sessionize.files.settings import Settings
from sessionize.files.store import read, write
from sessionize.files.text import SourceError
from sessionize.project.projects import Projects

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from sessionize.engine.results import Report

    Work = Callable[[bytes, str, Settings], Report]
    Task = tuple[int, str, Settings]  # the number of a file, its path, and its settings


def check(data: bytes, name: str, settings: Settings, *, with_edits: bool, projects: Projects) -> Report:
    from sessionize.engine.check import check_bytes

    return check_bytes(data, name, settings, with_edits=with_edits, surroundings=projects)


def fix(data: bytes, name: str, settings: Settings, *, projects: Projects) -> Report:
    """The report of a fix. It is for `write_fix` to write it: a worker may be ended at any moment."""
    from sessionize.engine.fix import fix_bytes

    if settings.moves_patches:
        from sessionize.run.testpatches import migrate

        return migrate.fix_alone(data, name, settings, projects)
    return fix_bytes(data, name, settings, surroundings=projects)


def fix_together(tasks: Sequence[Task], projects: Projects) -> Generator[tuple[int, Report | None], None, None]:
    """The reports of files that are fixed, and of the tests that change with them."""
    from sessionize.run.testpatches import migrate

    numbers, files = {}, {}
    for number, path, settings in tasks:
        numbers[path] = number
        try:
            data = read(path)
        except SourceError as error:
            yield number, failure(path, str(error))
            continue
        files[path] = data, settings
    for report in migrate.fix_together(files, projects):
        yield numbers.setdefault(report.filename, sys.maxsize - len(numbers)), _telling(report)


def write_fix(report: Report) -> Report:
    """The report, once the file holds what it says."""
    if report.change is None:
        return report
    try:
        write(report.filename, *report.change)
    except SourceError as error:
        return failure(report.filename, str(error))
    return report


def do(
    work: Work, number: int, path: str, settings: Settings, data: bytes | SourceError | None = None
) -> tuple[int, Report | None]:
    """The report of one file, None if it tells nothing. Without `data` it is read here."""
    try:
        data = read(path) if data is None else data
    except SourceError as error:
        data = error
    if isinstance(data, SourceError):
        return number, failure(path, str(data))
    return number, _telling(work(data, path, settings))


def failure(filename: str, reason: str) -> Report:
    from sessionize.engine.results import Report

    return Report(filename, error=reason)


def _telling(report: Report) -> Report | None:
    telling = report.left or report.known or report.error is not None or report.after is not None
    return replace(report, before=None) if telling else None  # the text costs memory, and time to come from a worker
