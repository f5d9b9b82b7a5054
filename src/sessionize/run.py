"""One run over files: which ones with which settings, who works on them, and what is told at the end."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from sessionize import report as results
from sessionize.config import ConfigError, Settings, load
from sessionize.report.terminal import printable
from sessionize.source import SourceError, Unreadable, discover, may_have_findings, read

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from sessionize.engine import Report

    SettingsOf = Callable[[str], tuple[Settings, Path]]
    Work = Callable[[bytes, str, Settings], Report]
    Task = tuple[int, Work, str, Settings]

STDIN = "-"
SETTINGS_FILES = ("sessionize.toml", "pyproject.toml")
SETTINGS = frozenset(field.name for field in fields(Settings))
BYTES_FOR_WORKERS = 200_000  # of files to be parsed; with less, workers cost more time than they save
PATIENCE = 1.5  # seconds without a progress bar


@dataclass
class Run:
    """What `check` and `fix` share. `clean` counts the files of which there is nothing to report."""

    paths: tuple[str, ...]
    jobs: int | None
    cluster: str | None
    files_from: IO[bytes] | None
    stdin_filename: str | None
    config: Path | None
    isolated: bool
    output_format: str
    output_file: IO[str] | None
    quiet: bool
    exit_zero: bool
    overrides: dict[str, Any]
    clean: int = 0

    @classmethod
    def of(cls, options: dict[str, Any]) -> Run:
        overrides = {name: value for name, value in options.items() if name in SETTINGS and value is not None}
        run = cls(overrides=overrides, **{name: value for name, value in options.items() if name not in SETTINGS})
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
        return run

    def stdin(self, work: Work) -> tuple[bytes, Report]:
        """Standard input, and what comes of it."""
        if sys.stdin is None:
            raise click.ClickException("standard input is closed")
        name = self.stdin_filename or "<stdin>"
        settings, _ = self._settings()(os.path.dirname(name))
        data = sys.stdin.buffer.read()
        return data, work(data, name, settings)

    def reports(self, work: Work, done: Callable[[Report], Report] = lambda report: report) -> list[Report]:
        """The reports that tell something, in the order of the files.

        `work` may run in other processes; `done` is given each report in this one, as it comes.
        """
        reports: dict[int, Report] = {}
        tasks: list[Task] = []
        size = number = 0
        # All settings are read before the first file is written: a mistake in them must not stop a fix half way.
        for number, file in enumerate(self._files(self._settings()), 1):
            if isinstance(file, Unreadable):
                reports[number] = _failure(file.path, file.reason)
                continue
            try:
                data = read(file[0])
            except SourceError as error:  # as many as there are files
                reports[number] = _failure(file[0], str(error))
                continue
            if may_have_findings(data):
                tasks.append((number, work, *file))
                size += len(data)
        with closing(self._worked(tasks, size)) as worked:
            for index, report in self._progress(worked, len(tasks)):
                if report is not None:
                    reports[index] = done(report)
        self.clean = number - len(reports)
        return [reports[index] for index in sorted(reports)]

    def show(self, reports: Sequence[Report], *, err: bool = False) -> None:
        text = results.render(self.output_format, reports)
        if self.output_file is not None:
            self.output_file.write(click.unstyle(text))
        else:
            echo(text, err=err)

    def close(self, reports: Sequence[Report], *, fixing: bool = False, written: bool = True) -> int:
        for report in reports:
            if report.error is not None:
                echo(f"{printable(report.filename)}: error: {printable(report.error)}\n", err=True)
        if not self.quiet:
            told = results.summary(reports, clean=self.clean, fixing=fixing, written=written)
            echo(f"{told}\n", err=True)
        status = results.exit_status(reports, written=written)
        return 0 if self.exit_zero and status == 1 else status

    # --- who works on them --------------------------------------------------------------------------------------------

    def _worked(self, tasks: list[Task], size: int) -> Generator[tuple[int, Report | None], None, None]:
        if self.cluster is not None and tasks:
            from sessionize import cluster, pool

            try:
                with cluster.connected(self.cluster) as (executors, workers, lost):
                    width = max(4 * workers, 16)
                    yield from pool.run(_do, map(_sent, tasks), executors, _died, width=width, chunk=4, lost=lost)
            except cluster.ClusterError as error:
                raise click.ClickException(str(error)) from error
            return
        jobs = self.jobs or (_usable_cpus() if size >= BYTES_FOR_WORKERS else 1)
        workers = min(jobs, len(tasks))
        if workers < 2:
            yield from (_do(*task) for task in tasks)
            return
        from sessionize import engine, pool  # noqa: F401  # the engine now, and not in each of the workers

        chunk = max(1, min(8, len(tasks) // (8 * workers)))
        yield from pool.run(_do, tasks, partial(pool.processes, workers), _died, width=2 * workers, chunk=chunk)

    def _progress(self, done: Iterator[tuple[int, Report | None]], number: int) -> Iterator[tuple[int, Report | None]]:
        """Hands on what is done; on a terminal with a bar, if it takes its time."""
        late = time.monotonic() + PATIENCE
        shown = not self.quiet and sys.stderr is not None and sys.stderr.isatty()
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
        """What gives the settings for the files of a folder, and the folder that their patterns are relative to."""
        if self.isolated or self.config is not None:
            same = self._load(Path())[0], Path()
            return lambda _folder: same

        @cache
        def inside(folder: str) -> tuple[Settings, Path]:
            above = os.path.dirname(folder)
            if folder == above or any(os.path.exists(os.path.join(folder, name)) for name in SETTINGS_FILES):
                return self._load(Path(folder))
            return inside(above)

        return cache(lambda folder: inside(os.path.realpath(folder)))

    def _load(self, folder: Path) -> tuple[Settings, Path]:
        try:
            settings, origin = load(folder, config=self.config, isolated=self.isolated)
            if origin is not None and (unknown := unknown_rules(settings)):
                raise click.ClickException(f"{origin}: {unknown}")
            # --extend-... adds to what the file says, anything else takes its place.
            overrides = {
                name: getattr(settings, name) + value if name.startswith("extend_") else value
                for name, value in self.overrides.items()
            }
            return replace(settings, **overrides), Path() if origin is None else origin.parent
        except ConfigError as error:
            raise click.ClickException(str(error)) from error

    def _files(self, settings_of: SettingsOf) -> Iterator[tuple[str, Settings] | Unreadable]:
        """The files that the paths stand for, each once, with their settings."""
        paths = [str(Path(path)) for path in (*self.paths, *_listed(self.files_from))]
        if not paths and self.files_from is None:
            paths = [os.curdir]
        around = [(settings_of(path if os.path.isdir(path) else os.path.dirname(path)), path) for path in paths]
        seen: set[str] = set()
        for (settings, root), group in groupby(around, key=itemgetter(0)):
            for found in discover([path for _, path in group], settings, root=root, seen=seen):
                if isinstance(found, str):
                    folder, slash, _ = found.rpartition(os.sep)
                    yield found, settings_of(folder or slash)[0]
                else:
                    yield found


def check(data: bytes, name: str, settings: Settings, *, with_edits: bool) -> Report:
    from sessionize import engine

    return engine.check_bytes(data, name, settings, with_edits=with_edits)


def fix(data: bytes, name: str, settings: Settings) -> Report:
    """What a fix makes of a file. It is for `write` to write it: a worker may be ended at any moment."""
    from sessionize import engine

    return engine.fix_bytes(data, name, settings)


def write(report: Report) -> Report:
    from sessionize import engine

    return engine.written(report)


def unknown_rules(settings: Settings) -> str:
    """What to say of the rules that the settings name and that do not exist; nothing if there are none."""
    from sessionize.rules import unknown_selectors

    named = [*settings.select, *settings.ignore, *settings.extend_select]
    unknown = unknown_selectors(chain(named, *(codes for _, codes in settings.per_file_ignores)))
    return no_such_rule(unknown) if unknown else ""


def no_such_rule(names: Sequence[str]) -> str:
    return f"there is no rule {', '.join(map(repr, names))}; `sessionize rule --all` tells of all rules"


def echo(text: str, *, err: bool = False) -> None:
    """Writes text, what the stream's encoding lacks as escapes."""
    # A stream that the shell closed is None.
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err, nl=False)


def _do(
    number: int, work: Work, path: str, settings: Settings, data: bytes | SourceError | None = None
) -> tuple[int, Report | None]:
    """The report of one file, None if it tells nothing: its text would cost memory. Without `data` it is read here."""
    try:
        data = read(path) if data is None else data
    except SourceError as error:
        data = error
    if isinstance(data, SourceError):
        return number, _failure(path, str(data))
    report = work(data, path, settings)
    return number, report if report.left or report.error is not None or report.after is not None else None


def _sent(task: Task) -> tuple[Any, ...]:
    """A task with what it takes to do it on another machine."""
    try:
        return *task, read(task[2])
    except SourceError as error:
        return *task, error


def _died(number: int, _work: Work, path: str, *_: object) -> tuple[int, Report]:
    return number, _failure(path, "the process that worked on it died")


def _listed(file: IO[bytes] | None) -> list[str]:
    data = b"" if file is None else file.read()
    names = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [os.fsdecode(name) for name in names if name]


def _failure(filename: str, reason: str) -> Report:
    from sessionize.engine import Report

    return Report(filename, error=reason)


def _usable_cpus() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
