"""One run over files or standard input, from options to results. What is told of them, others say."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from sessionize.files.settings import ConfigError, Settings
from sessionize.files.store import read
from sessionize.files.text import SourceError
from sessionize.files.walk import Unreadable, is_excluded, of_file
from sessionize.library.cheap_look import may_have_findings
from sessionize.profiles import LIBRARIES
from sessionize.project.projects import Projects
from sessionize.report.terminal import echo, printable
from sessionize.run.files import FolderSettings, files
from sessionize.run.output import Results, progress
from sessionize.run.work import check, do, failure, write_fix
from sessionize.run.workers import worked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from sessionize.engine.results import Report
    from sessionize.files.baseline import Baseline
    from sessionize.run.options import Options
    from sessionize.run.work import Task, Work

    Together = Callable[[Sequence[Task]], Generator[tuple[int, Report | None], None, None]]


# What `--verbose` tells of a file that the cheap look leaves out.
_NOT_CHECKED = f"does not import {' or '.join(library.name for library in LIBRARIES)}"


class Run:
    """A run of `check` or `fix`. projects: the projects around the files."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.projects = Projects()

    def on_stdin(self, work: Work) -> tuple[bytes, Report]:
        """Standard input, and the report of it."""
        if sys.stdin is None:
            raise click.ClickException("standard input is closed")
        name = self.options.stdin_filename or "<stdin>"
        settings = FolderSettings(self.options).of(os.path.dirname(name))
        if isinstance(settings, ConfigError):
            raise settings
        if settings.force_exclude and self.options.stdin_filename is not None and is_excluded(name, settings):
            settings = replace(settings, select=(), extend_select=())
        data = sys.stdin.buffer.read()
        return data, work(data, name, settings)

    def on_files(self, work: Work, *, writes: bool = False, together: Together | None = None) -> Results:
        """The reports of all files.

        `work` may run in other processes. writes: whether the files then get what their reports say, in this one, as
        they come. `together` works instead of it on all files at once, where patches move.
        """
        reports: dict[int, Report] = {}
        tasks: list[Task] = []
        baselines: set[Baseline] = set()
        listed: dict[int, int] = {}
        sizes: dict[int, int] = {}
        number = 0
        # All settings are read before the first file is written: a wrong command line must not stop a fix half way.
        for number, file in enumerate(files(self.options), 1):
            if isinstance(file, Unreadable):
                reports[number] = failure(file.path, file.reason)
                continue
            path, settings = file
            if settings.baseline is not None:
                baselines.add(settings.baseline)
                listed[number] = settings.baseline.count(path)
            try:
                data = read(path)
            except SourceError as error:
                reports[number] = failure(path, str(error))
                continue
            looked_at = may_have_findings(data, path)
            if self.options.verbose:
                echo(f"{printable(path)}: {'checked' if looked_at else _NOT_CHECKED}\n", err=True)
            if looked_at:
                tasks.append((number, path, _for_one(path, settings)))
                sizes[number] = len(data)
        at_once = any(settings.moves_patches for *_, settings in tasks)
        by_file = partial(worked, self.options, self.projects, do=partial(do, work), sizes=sizes, writes=writes)
        with closing((together if together is not None and at_once else by_file)(tasks)) as done:
            for index, report in progress(self.options, done, len(tasks)):
                if report is not None:
                    reports[index] = write_fix(report) if writes else report
        clean = max(0, number - len(reports))
        return Results([reports[index] for index in sorted(reports)], clean, _gone(listed, baselines, reports))

    def write_baseline(self) -> Results:
        """Lists all findings in the file of `--write-baseline`. The reports are of what it cannot list."""
        from sessionize.run import adopt

        assert self.options.write_baseline is not None
        results = self.on_files(partial(check, with_edits=False, projects=self.projects))
        baseline, rest = adopt.baseline_of(results.reports, self.options.write_baseline)
        baseline.write()
        return results._replace(reports=rest)


def _for_one(path: str, settings: Settings) -> Settings:
    """The settings that go to a worker with one file. What hangs on the place of the file is settled here."""
    settings = of_file(path, settings)
    return settings if settings.baseline is None else replace(settings, baseline=settings.baseline.for_file(path))


def _gone(listed: dict[int, int], baselines: set[Baseline], reports: dict[int, Report]) -> int:
    """How many findings baselines list that are no longer there; of files that failed nobody knows.

    listed: how many there are for each file.
    """
    gone = sum(listed.values()) + sum(baseline.count_gone() for baseline in baselines)
    for number, report in reports.items():
        gone -= listed.get(number, 0) if report.failed else report.known
    return gone
