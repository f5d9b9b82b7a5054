"""`fix --verify COMMAND`: only the fixes that a command of the user's, their tests, passes with.

All fixes are made, and the command is run. Where it fails, the fixes that break it are found by halves, each is taken
back, and what is left at the end is what the command passes with. A guard puts the old files back if this ends before.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import click

from sessionize.analysis.grouping import grouped
from sessionize.engine.fix import fix_bytes, offers
from sessionize.engine.results import Report
from sessionize.files import store
from sessionize.files.settings import Settings
from sessionize.files.text import SourceError
from sessionize.fixes.outcome import Fix
from sessionize.report import diff
from sessionize.report.terminal import echo, printable
from sessionize.run import work as works
from sessionize.run.guard import Guard
from sessionize.run.output import Results
from sessionize.run.testpatches import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from sessionize.project.projects import Projects
    from sessionize.run.interactive import Dialogue
    from sessionize.run.run import Run
    from sessionize.run.work import Task

_SHOWN = 12  # lines at the end of what a command wrote


class Unit(NamedTuple):
    """One step that is made or taken back: a fix of a file, or all of them (None) where they hang together.

    place: where it is, for people.
    """

    path: str
    fix: Fix | None
    place: str


class Candidates:
    """The fixes of all files, as a run would make them, and the contents that some of them give."""

    def __init__(self, projects: Projects, dialogue: Dialogue | None) -> None:
        self.projects = projects
        self.dialogue = dialogue
        self.files: dict[str, tuple[bytes, Settings]] = {}
        self.reports: dict[str, Report] = {}  # of all fixes, by path
        self.before: dict[str, bytes] = {}  # the content of the files that they change
        self.units: list[Unit] = []
        self.together = False

    def fix(self, data: bytes, name: str, settings: Settings) -> Report:
        """The report of a file with all its fixes, or those that the user wants."""
        around = self.projects
        if self.dialogue is not None:
            report = self.dialogue.fix(data, name, settings)
        else:
            report = fix_bytes(data, name, settings, surroundings=around)
        if report.change is not None:
            self.files[name], self.reports[name], self.before[name] = (data, settings), report, data
            fixes = [None] if self.dialogue is not None else offers(data, name, settings, surroundings=around)
            self.units += [Unit(name, fix, _place(report, fix)) for fix in fixes]
        return report

    def fix_together(self, tasks: Sequence[Task]) -> Generator[tuple[int, Report | None], None, None]:
        """The reports of files whose fixes move patches in others: each file's fixes are one."""
        self.together = True
        self.files = {path: (store.content(path), settings) for _, path, settings in tasks}
        for number, report in works.fix_together(tasks, self.projects):
            if report is not None and report.change is not None:
                self.reports[report.filename], self.before[report.filename] = report, report.change[0]
                if report.fixed:
                    self.units.append(Unit(report.filename, None, _place(report, None)))
            yield number, report

    def made(self, units: Sequence[Unit]) -> dict[str, Report]:
        """The reports of the files that change, once just these are made."""
        chosen, everything = grouped(units, attrgetter("path")), grouped(self.units, attrgetter("path"))
        if self.together:
            files = {}
            for path, (data, settings) in self.files.items():
                files[path] = data, settings if path in chosen else replace(settings, select=(), extend_select=())
            reports = migrate.fix_together(files, self.projects, self._read)
            return {report.filename: report for report in reports}
        made = {}
        for path, some in chosen.items():
            made[path] = self.reports[path] if some == everything[path] else self._with_only(path, some)
        return made

    def left(self, made: Mapping[str, Report]) -> dict[str, Report]:
        """The reports of the files of which nothing is made."""
        return {path: self._with_only(path, []) for path in self.files if path not in made}

    def _with_only(self, path: str, units: Sequence[Unit]) -> Report:
        data, settings = self.files[path]
        only = [unit.fix for unit in units if unit.fix is not None]
        return fix_bytes(data, path, settings, surroundings=self.projects, only=only)

    def _read(self, file: str) -> bytes:
        """The content of a file before any fix; `file` is its real path."""
        for path, content in self.before.items():
            if os.path.realpath(path) == file:
                return content
        return store.read(file)

    def contents(self, units: Sequence[Unit]) -> dict[str, bytes]:
        """The content of each file that any fix changes, once just these are made."""
        contents = dict(self.before)
        for path, report in self.made(units).items():
            if report.change is not None and path in contents:
                contents[path] = report.change[1]
        return contents


def _place(report: Report, fix: Fix | None) -> str:
    """`src/sync.py:12`, where the first call of a fix stands, or the first of a file."""
    found = next((each for each in report.fixed if fix is None or each.fix == fix.id), None)
    cell = f":cell {found.cell}" if found is not None and found.cell is not None else ""
    return f"{report.filename}{cell}:{found.start.row}" if found is not None else report.filename


class Command:
    """The command that decides. runs: how often it was run."""

    def __init__(self, text: str, timeout: float | None, *, quiet: bool) -> None:
        self.text = text
        self.timeout = timeout
        self.quiet = quiet
        self.runs = 0

    def run(self, doing: str) -> str | None:
        """The end of its output if it fails; None if it passes."""
        self.runs += 1
        start = time.monotonic()
        # Contents change faster than the clock of a file system: no bytecode may be left of one that is tried.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        with tempfile.TemporaryFile() as output:  # a pipe ends with the last process that has it, which may go on
            process = subprocess.Popen(  # noqa: S602  # it is the user's
                self.text,
                shell=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
            try:
                status = process.wait(self.timeout)
                why = f"exit status {status}" if status else ""
            except subprocess.TimeoutExpired:
                _end(process)
                why = f"timed out after {self.timeout:g} s"
            except BaseException:
                _end(process)
                raise
            output.seek(0)
            lines = output.read().decode(errors="replace").splitlines()[-_SHOWN:]
        took = time.monotonic() - start
        if not self.quiet:
            echo(f"Run {self.runs}, {doing}: {why or 'passed'} ({took:.1f} s)\n", err=True)
        return "\n".join([*lines, why]) if why else None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a command with all that it has started."""
    with suppress(OSError, AttributeError):  # it has just ended; Windows knows no groups of processes
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


class Search:
    """Looks for the fixes that a command fails with. taken_back: these, with what it wrote."""

    def __init__(self, candidates: Candidates, command: Command) -> None:
        self.candidates = candidates
        self.command = command
        self.now = dict(candidates.before)
        self.guard = Guard({os.path.realpath(path): content for path, content in self.now.items()})
        self.taken_back: list[tuple[Unit, str]] = []

    def kept(self) -> list[Unit]:
        """The units that the command passes with, all of which are made when this returns."""
        good: list[Unit] = []
        rest = list(self.candidates.units)
        while rest:
            failed = self._failed([*good, *rest])
            if failed is None:
                return [*good, *rest]
            if self._failed([*good, *rest], "once more ") is None:
                told = f"`{self.command.text}` failed once and passed once with the same files; nothing is written"
                raise click.ClickException(told)
            passing, failing = 0, len(rest)  # so many of the rest
            while failing - passing > 1:
                middle = (passing + failing) // 2
                wrote = self._failed([*good, *rest[:middle]])
                if wrote is None:
                    passing = middle
                else:
                    failing, failed = middle, wrote
            self.taken_back.append((rest[passing], failed))
            good, rest = [*good, *rest[:passing]], rest[failing:]
        self._put(good)
        return good

    def _failed(self, units: Sequence[Unit], again: str = "") -> str | None:
        """The end of the command's output if it fails with these; None if it passes.

        again: words for a run that was made before.
        """
        self._put(units)
        wrote = self.command.run(f"{again}with {len(units)} of {len(self.candidates.units)} fixes")
        self.expect_unchanged()
        return wrote

    def expect_unchanged(self) -> None:
        """ClickException if a file does not hold what it should: the command, or somebody else, has changed it."""
        for path, content in self.now.items():
            if store.content(path) != content:
                raise click.ClickException(f"{path} has changed meanwhile and stays as it is; all others are restored")

    def _put(self, units: Sequence[Unit]) -> None:
        for path, content in self.candidates.contents(units).items():
            if self.now[path] != content:
                self.guard.expect(os.path.realpath(path), content)
                try:
                    store.write(path, self.now[path], content)
                except SourceError as error:
                    raise click.ClickException(f"{path}: {error}; all others are as before") from error
                self.now[path] = content


def verify(
    run: Run, command: Command, *, allow_dirty: bool, rejected: Path | None, dialogue: Dialogue | None
) -> Results:
    """The results of a run that makes the fixes which a command passes with. ClickException if it can't be told.

    rejected: a file for a patch of what was taken back.
    """
    if not allow_dirty:
        _expect_unchanged_tree("")  # before anybody is asked
    candidates = Candidates(run.projects, dialogue)
    results = run.on_files(candidates.fix, together=candidates.fix_together)
    if not candidates.units:
        return results
    if not allow_dirty:
        _expect_clean(candidates.reports)
    search = Search(candidates, command)
    keep = False
    try:
        if (wrote := command.run("before any fix")) is not None:
            echo(_indented(wrote), err=True)
            raise click.ClickException(f"`{command.text}` fails already without any fix")
        search.expect_unchanged()
        kept = search.kept()
        keep = True
    finally:
        search.guard.close(keep=keep)
    _tell(search, command)
    if rejected is not None and search.taken_back:
        every = candidates.contents(candidates.units)
        patches = [diff.unified(path, search.now[path], every[path]) for path in sorted(every)]
        rejected.write_bytes(b"".join(patches))
    made = candidates.made(kept)
    made |= candidates.left(made)
    return results._replace(reports=[made.get(report.filename, report) for report in results.reports])


def _tell(search: Search, command: Command) -> None:
    """Says which fixes are taken back, and why."""
    for unit, wrote in search.taken_back:
        title = click.style(f"{printable(unit.place)}: reverted", bold=True)
        what = unit.fix.message if unit.fix is not None else "all fixes of the file"
        echo(f"{title}, because `{printable(command.text)}` fails with it: {printable(what)}\n", err=True)
        echo(_indented(wrote), err=True)
    if not command.quiet:
        number = len(search.taken_back)
        fixes = "1 fix is" if number == 1 else f"{number or 'no'} fixes are"
        echo(f"Verified in {command.runs} runs; {fixes} reverted.\n", err=True)


def _indented(text: str) -> str:
    return "".join(f"    {printable(line)}\n" for line in text.splitlines())


def _expect_clean(paths: Iterable[str]) -> None:
    """ClickException if git does not know one of these files, or if anything that it knows has changed."""
    for folder, inside in groupby(sorted(paths), key=os.path.dirname):
        names = list(map(os.path.basename, inside))
        if _git(folder, "ls-files", "--error-unmatch", "--", *names) is None:
            told = f"--verify needs files tracked by git, and {names[0]!r} is not: commit it, or use --allow-dirty"
            raise click.ClickException(told)
        _expect_unchanged_tree(folder)


def _expect_unchanged_tree(folder: str) -> None:
    """ClickException if anything has changed that git knows in the tree of a folder."""
    if _git(folder, "status", "--porcelain", "--untracked-files=no"):
        told = "--verify needs a clean git tree: commit or stash your changes, or use --allow-dirty"
        raise click.ClickException(told)


def _git(folder: str, *args: str) -> str | None:
    """The output of git; None if it fails."""
    command = ["git", "-C", folder or os.curdir, *args]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # fixed, but for names
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
