"""One run over files: which ones with which settings, who works on them, and what is told at the end."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from sessionize.files.baseline import Baseline
from sessionize.files.settings import KEYS, ConfigError, Settings
from sessionize.files.settings_files import FILES, Loaded, load
from sessionize.files.store import read
from sessionize.files.text import SourceError
from sessionize.files.walk import Unreadable, discover, is_excluded
from sessionize.library.cheap_look import may_have_findings
from sessionize.report import formats
from sessionize.report.summary import exit_status, summary
from sessionize.report.terminal import echo, printable
from sessionize.run.files import folder_of, for_one, in_force, names_in
from sessionize.run.project import Projects, shown
from sessionize.run.work import check, do, failure, write
from sessionize.run.workers import bunched, died, usable_cpus, with_content

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from sessionize.engine.results import Report
    from sessionize.run.work import Task, Work

    SettingsOf = Callable[[str], Settings | ConfigError]
    Together = Callable[[Sequence["Task"]], Generator[tuple[int, Report | None], None, None]]

STDIN = "-"
BYTES_FOR_WORKERS = 200_000  # of files to be parsed; with less, workers cost more time than they save
PATIENCE = 1.5  # seconds without a progress bar


@dataclass
class Run:
    """What `check` and `fix` share.

    `clean` counts the files of which there is nothing to report, `gone` what baselines list and nobody finds any more.
    `write_baseline`: the file to list the findings in. `interactive`: whether the user is asked, in this process.
    """

    paths: tuple[str, ...]
    jobs: int | None
    cluster: str | None
    files_from: IO[bytes] | None
    stdin_filename: str | None
    config: Path | None
    isolated: bool
    no_baseline: bool
    output_format: str
    output_file: IO[str] | None
    statistics: bool
    quiet: bool
    exit_zero: bool
    overrides: dict[str, Any]
    write_baseline: Path | None = None
    interactive: bool = False
    clean: int = 0
    gone: int = 0

    @classmethod
    def of(cls, options: dict[str, Any]) -> Run:
        overrides = overriding(options)
        run = cls(overrides=overrides, **{name: value for name, value in options.items() if _key(name) not in KEYS})
        if "" in run.paths:  # to pathlib that is the current folder
            raise click.UsageError("a path is empty")
        if STDIN in run.paths and (len(run.paths) > 1 or run.files_from is not None):
            raise click.UsageError("- (standard input) cannot be combined with other paths")
        if run.stdin_filename is not None and STDIN not in run.paths:
            raise click.UsageError("--stdin-filename needs - (standard input) as the path")
        if run.config is not None and run.isolated:
            raise click.UsageError("--config and --isolated exclude each other")
        if run.jobs is not None and run.cluster is not None:
            raise click.UsageError("--jobs and --cluster exclude each other")
        if "baseline" in overrides and (run.no_baseline or run.write_baseline is not None):
            raise click.UsageError("--baseline excludes --no-baseline and --write-baseline")
        if run.statistics and formats.format_named(run.output_format).statistics is None:
            raise click.UsageError(f"--statistics has no {run.output_format} format")
        return run

    def stdin(self, work: Work) -> tuple[bytes, Report]:
        """Standard input, and what comes of it."""
        if sys.stdin is None:
            raise click.ClickException("standard input is closed")
        name = self.stdin_filename or "<stdin>"
        settings = self._settings()(os.path.dirname(name))
        if isinstance(settings, ConfigError):
            raise click.ClickException(str(settings))
        if settings.force_exclude and self.stdin_filename is not None and is_excluded(name, settings):
            settings = replace(settings, select=(), extend_select=())
        data = sys.stdin.buffer.read()
        return data, work(data, name, settings)

    @cached_property
    def projects(self) -> Projects:
        """What is known of the projects around the files."""
        return Projects()

    def reports(self, work: Work, *, writes: bool = False, together: Together | None = None) -> list[Report]:
        """The reports that tell something, in the order of the files.

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
        for number, file in enumerate(self._files(self._settings()), 1):
            if isinstance(file, Unreadable):
                reports[number] = failure(file.path, file.reason)
                continue
            if (baseline := file[1].baseline) is not None:
                baselines.add(baseline)
                listed[number] = baseline.count(file[0])
            try:
                data = read(file[0])
            except SourceError as error:
                reports[number] = failure(file[0], str(error))
                continue
            if may_have_findings(data, file[0]):
                tasks.append((number, file[0], for_one(*file)))
                sizes[number] = len(data)
        at_once = together is not None and any(settings.moves_patches for *_, settings in tasks)
        by_file = partial(self._worked, do=partial(do, work), sizes=sizes, writes=writes)
        with closing((together if together is not None and at_once else by_file)(tasks)) as worked:
            for index, report in self._progress(worked, len(tasks)):
                if report is not None:
                    reports[index] = write(report) if writes else report
        self.clean = max(0, number - len(reports))
        self.gone = _gone(listed, baselines, reports)
        return [reports[index] for index in sorted(reports)]

    def listed(self) -> list[Report]:
        """Writes the baseline; the reports of what it cannot list."""
        from sessionize.run import adopt

        assert self.write_baseline is not None
        reports = self.reports(partial(check, with_edits=False, projects=self.projects))
        baseline, rest = adopt.listed(reports, self.write_baseline)
        baseline.write()
        return rest

    def show(self, reports: Sequence[Report], *, err: bool = False) -> None:
        text = formats.render(self.output_format, reports, statistics=self.statistics)
        if self.output_file is not None:
            self.output_file.write(click.unstyle(text))
        else:
            echo(text, err=err)

    def close(self, reports: Sequence[Report], *, doing: str = "check", written: bool = True) -> int:
        for report in reports:
            if report.error is not None:
                echo(f"{printable(report.filename)}: error: {printable(report.error)}\n", err=True)
        if not self.quiet:
            told = summary(reports, clean=self.clean, gone=self.gone, doing=doing, written=written)
            echo(f"{told}\n", err=True)
        status = exit_status(reports, written=written)
        return 0 if self.exit_zero and status == 1 else status

    # --- who works on them --------------------------------------------------------------------------------------------

    def _worked(
        self,
        tasks: Sequence[Task],
        do: Callable[..., tuple[int, Report | None]],
        *,
        sizes: dict[int, int],
        writes: bool,
    ) -> Generator[tuple[int, Report | None], None, None]:
        if self.cluster is not None and tasks:
            from sessionize.run import cluster, pool

            self.projects.read([path for _, path, _ in tasks], whole=True)  # workers may see none of it
            try:
                with cluster.connected(self.cluster) as (executors, workers, lost):
                    sent = ([*map(with_content, bunch)] for bunch in bunched(tasks, sizes, workers))
                    yield from pool.run(do, sent, executors, died, width=max(4 * workers, 16), lost=lost)
            except cluster.ClusterError as error:
                raise click.ClickException(str(error)) from error
            return
        jobs = self.jobs or (usable_cpus() if sum(sizes.values()) >= BYTES_FOR_WORKERS else 1)
        workers = 1 if self.interactive else min(jobs, len(tasks))
        if workers < 2:
            yield from (do(*task) for task in tasks)
            return
        from sessionize.run import pool  # the engine now, and not in each of the workers

        if writes:  # before rows move
            self.projects.read([path for _, path, _ in tasks])
        bunches = bunched(tasks, sizes, workers)
        yield from pool.run(do, bunches, partial(pool.processes, workers), died, width=2 * workers)

    def _progress(self, done: Iterator[tuple[int, Report | None]], number: int) -> Iterator[tuple[int, Report | None]]:
        """Hands on what is done; on a terminal with a bar, if it takes its time."""
        late = time.monotonic() + PATIENCE
        shown = not (self.quiet or self.interactive) and sys.stderr is not None and sys.stderr.isatty()
        with ExitStack() as stack:
            bar = None
            for count, result in enumerate(done, 1):
                if bar is None and shown and time.monotonic() > late:
                    bar = stack.enter_context(click.progressbar(length=number, label="Files", file=sys.stderr))
                if bar is not None:
                    bar.update(count - bar.pos)
                yield result

    # --- which files, which settings ----------------------------------------------------------------------------------

    def _settings(self) -> SettingsOf:
        """What gives the settings for the files of a folder, or tells why the nearest file can't be used."""
        same = self._same
        if self.isolated or self.config is not None:
            return lambda _folder: same

        @cache
        def inside(folder: str) -> Settings | ConfigError:
            above = os.path.dirname(folder)
            if folder == above or any(os.path.exists(os.path.join(folder, name)) for name in FILES):
                try:
                    path = Path(folder)
                    return self._checked(load(path, overrides=self.overrides, baseline=self._baseline))
                except ConfigError as error:
                    return error
            return inside(above)

        return cache(lambda folder: inside(os.path.realpath(folder)))

    @cached_property
    def _same(self) -> Settings:
        """What holds in all folders: the command line, and its `--config FILE`. A mistake in it ends the run."""
        alone = self.config is None
        loaded = in_force(os.curdir, self.config, self.overrides, isolated=alone, baseline=self._baseline)
        return loaded.settings if alone and not self.isolated else self._checked(loaded)

    @property
    def _baseline(self) -> bool:
        return not self.no_baseline and self.write_baseline is None

    def _checked(self, loaded: Loaded) -> Settings:
        if "rewrite-patches" in self.overrides and not loaded.settings.unsafe_fixes:
            raise click.UsageError("--rewrite-patches needs --unsafe-fixes: a fix past what a test patches is unsafe")
        return loaded.settings

    def _files(self, settings_of: SettingsOf) -> Iterator[tuple[str, Settings] | Unreadable]:
        """The files that the paths stand for, each once, with their settings; settings files that can't be used instead
        of those below them."""
        paths = [str(Path(path)) for path in (*self.paths, *names_in(self.files_from))]
        if not paths and self.files_from is None:
            paths = [os.curdir]
        paths.sort(key=os.path.islink)  # a file that is given twice has its own name, and not that of a link to it
        around = [(settings_of(folder_of(path)), path) for path in paths]
        seen: set[str] = set()
        for settings, group in groupby(around, key=itemgetter(0)):
            walking = settings
            if isinstance(settings, ConfigError):
                yield from self._mistake(settings, seen)
                walking = self._same  # what is below may have settings of its own
            for found in discover([path for _, path in group], walking, seen=seen):
                if not isinstance(found, str):
                    yield found
                    continue
                folder, slash, _ = found.rpartition(os.sep)
                own = settings_of(folder or slash)
                if isinstance(own, ConfigError):
                    yield from self._mistake(own, seen)
                else:
                    yield found, own

    def _mistake(self, error: ConfigError, seen: set[str]) -> Iterator[Unreadable]:
        """What to tell of a settings file, once: nothing below it is done."""
        if error.origin not in seen:
            seen.add(error.origin)
            yield Unreadable(shown(error.origin), error.reason)


def overriding(options: dict[str, Any]) -> dict[str, Any]:
    """What of the options of the command line is a setting, by key."""
    return {_key(name): value for name, value in options.items() if _key(name) in KEYS and value is not None}


def _key(name: str) -> str:
    return name.replace("_", "-")


def _gone(listed: dict[int, int], baselines: set[Baseline], reports: dict[int, Report]) -> int:
    """How many findings baselines list that are no longer there; of files that failed nobody knows.

    listed: how many there are for each file.
    """
    failed = {number for number, report in reports.items() if report.failed}
    known = sum(report.known for number, report in reports.items() if number not in failed)
    there = sum(count for number, count in listed.items() if number not in failed)
    return there - known + sum(baseline.count_gone() for baseline in baselines)
