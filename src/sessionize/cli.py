"""The command line: reads options, lets the engine work, writes what came of it. It decides nothing.

LibCST and pathspec cost more to import than all of this; what needs them is imported where it is used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar, get_args

import click

from sessionize import __version__, report as results
from sessionize.config import ConfigError, Cookies, SessionStyle, Settings, load
from sessionize.report import diff as diffs
from sessionize.report.terminal import printable

if TYPE_CHECKING:
    from sessionize.engine import Report
    from sessionize.source import Unreadable

Command = TypeVar("Command", bound=Callable[..., object])
SettingsOf = Callable[[Path], tuple[Settings, Path]]

STDIN = "-"
SETTINGS_FILES = ("sessionize.toml", "pyproject.toml")
SETTINGS = frozenset(field.name for field in fields(Settings))


def main() -> int:
    """Runs the command line and returns its exit status. A mistake of the user is told in one line."""
    try:
        return int(cli.main(standalone_mode=False))
    except click.ClickException as error:
        _echo(f"sessionize: {printable(error.format_message())}\n", err=True)
        return 2
    except OSError as error:  # the disk is full, say
        _echo(f"sessionize: {printable(str(error))}\n", err=True)
        return 2
    except click.Abort:
        _echo("sessionize: interrupted\n", err=True)
        return 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__, prog_name="sessionize")
@click.pass_context
def cli(context: click.Context) -> None:
    """Let bare requests.get(...) calls share one requests.Session."""
    if os.environ.get("NO_COLOR"):
        context.color = False


def _commas(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    return tuple(item.strip() for value in values for item in value.split(",") if item.strip()) if values else None


def _selectors(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    selectors = _commas(context, option, values)
    if unknown := _unknown_rules(Settings(select=selectors or ())):
        raise click.BadParameter(unknown)
    return selectors


def _unknown_rules(settings: Settings) -> str:
    """What to say of the rules that the settings name and that do not exist; nothing if there are none."""
    from sessionize.rules import unknown_selectors

    named = [*settings.select, *settings.ignore, *settings.extend_select]
    unknown = unknown_selectors(chain(named, *(codes for _, codes in settings.per_file_ignores)))
    return _no_such_rule(unknown) if unknown else ""


def _no_such_rule(names: Sequence[str]) -> str:
    return f"there is no rule {', '.join(map(repr, names))}; `sessionize rule --all` tells of all rules"


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


_several = partial(click.option, multiple=True)
_shared = _options(
    click.argument("paths", nargs=-1, metavar="[PATHS]..."),
    _several("--select", metavar="CODES", callback=_selectors, help="Rules to use, separated by commas."),
    _several("--ignore", metavar="CODES", callback=_selectors, help="Rules not to use."),
    _several("--extend-select", metavar="CODES", callback=_selectors, help="Rules to use besides."),
    _several("--exclude", metavar="PATTERNS", callback=_commas, help="What to leave out of folders."),
    _several("--extend-exclude", metavar="PATTERNS", callback=_commas, help="What to leave out besides."),
    click.option("--config", metavar="FILE", type=click.Path(path_type=Path), help="Take the settings from this file."),
    click.option("--isolated", is_flag=True, help="Read no settings file."),
    click.option("--files-from", metavar="FILE", type=click.File("rb"), help="Read more paths from a file, or -."),
    click.option("--stdin-filename", metavar="NAME", help="What to call standard input."),
    click.option("--output-format", type=click.Choice(list(results.FORMATS)), default="full", show_default=True),
    click.option(
        "--output-file",
        metavar="FILE",
        type=click.File("w", encoding="utf-8", lazy=False),
        help="Write the findings to this file.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Write findings and errors only."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings."),
)


@cli.command()
@_shared
def check(**options: Any) -> int:
    """Report calls that should share a session. Writes nothing."""
    from sessionize import engine

    run = _Run.of(options)
    edits = run.output_format == "json"
    reports = run.reports(partial(engine.check_file, with_edits=edits), partial(engine.check_bytes, with_edits=edits))
    run.show(reports)
    return run.close(reports)


@cli.command()
@_shared
@click.option("--unsafe-fixes/--no-unsafe-fixes", default=None, help="Make fixes too that may change behaviour.")
@click.option("--diff", is_flag=True, help="Print what would change, write nothing.")
@click.option("--session-style", type=click.Choice(get_args(SessionStyle)), help="An assignment or a with block.")
@click.option("--session-name", metavar="NAME", help="What to call the session.")
@click.option("--cookies", type=click.Choice(get_args(Cookies)), help="Whether the session keeps cookies.")
def fix(*, diff: bool, **options: Any) -> int:
    """Rewrite files so that calls share a session."""
    from sessionize import engine, source

    run = _Run.of(options)
    changes: dict[str, tuple[bytes, bytes]] = {}

    def in_memory(data: bytes, name: str, settings: Settings) -> Report:
        report, after = engine.fix_bytes(data, name, settings), data
        if report.after is not None:
            try:
                after = source.encode(source.decode(data), report.after)
            except source.SourceError as error:
                report = _failure(name, str(error))
        if after != data or not diff:
            changes[name] = data, after
        return report

    def unwritten(path: Path, settings: Settings) -> Report:
        try:
            return in_memory(source.read(path), str(path), settings)
        except source.SourceError as error:
            return _failure(str(path), str(error))

    reports = run.reports(unwritten if diff else engine.fix_file, in_memory)
    for name, (before, after) in changes.items():
        if not diff:
            _put(after)
        elif sys.stdout.isatty():
            _echo(diffs.coloured(diffs.unified(name, before, after)))
        else:
            _put(diffs.unified(name, before, after))
    # What stands on standard output is a program or a diff, and nothing else.
    run.show(reports, err=diff or bool(changes))
    return run.close(reports, fixing=True, written=not diff)


@cli.command()
@click.argument("names", nargs=-1, metavar="[CODE|NAME]...")
@click.option("--all", "every", is_flag=True, help="Print the pages of all rules.")
def rule(names: tuple[str, ...], *, every: bool) -> int:
    """Print the page of a rule."""
    from sessionize.rules import RULES

    if bool(names) == every:
        raise click.UsageError("give the code or the name of a rule, or --all")
    known = {key.casefold(): rule for rule in RULES for key in (rule.code, rule.name)}
    if unknown := [name for name in names if name.casefold() not in known]:
        raise click.UsageError(_no_such_rule(unknown))
    pages = RULES if every else [known[name.casefold()] for name in names]
    _echo("\n".join(f"# {page.name} ({page.code})\n\n{page.page}\n" for page in pages))
    return 0


@dataclass(frozen=True)
class _Run:
    """What `check` and `fix` share: which files with which settings, and what becomes of the reports."""

    paths: tuple[str, ...]
    files_from: IO[bytes] | None
    stdin_filename: str | None
    config: Path | None
    isolated: bool
    output_format: str
    output_file: IO[str] | None
    quiet: bool
    exit_zero: bool
    overrides: dict[str, Any]

    @classmethod
    def of(cls, options: dict[str, Any]) -> _Run:
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
        return run

    def reports(
        self, of_file: Callable[[Path, Settings], Report], of_bytes: Callable[[bytes, str, Settings], Report]
    ) -> list[Report]:
        settings_of = self._settings()
        if self.paths == (STDIN,):
            if sys.stdin is None:
                raise click.ClickException("standard input is closed")
            name = self.stdin_filename or "<stdin>"
            settings, _ = settings_of(Path(name).parent)
            return [of_bytes(sys.stdin.buffer.read(), name, settings)]
        # All settings are read before the first file is written: a mistake in them must not stop a fix half way.
        files = list(self._files(settings_of))
        return [of_file(*file) if isinstance(file, tuple) else _failure(file.path, file.reason) for file in files]

    def show(self, reports: Sequence[Report], *, err: bool = False) -> None:
        text = results.render(self.output_format, reports)
        if self.output_file is not None:
            self.output_file.write(click.unstyle(text))
        else:
            _echo(text, err=err)

    def close(self, reports: Sequence[Report], *, fixing: bool = False, written: bool = True) -> int:
        for report in reports:
            if report.error is not None:
                _echo(f"{printable(report.filename)}: error: {printable(report.error)}\n", err=True)
        if not self.quiet:
            _echo(f"{results.summary(reports, fixing=fixing, written=written)}\n", err=True)
        status = results.exit_status(reports, written=written)
        return 0 if self.exit_zero and status == 1 else status

    def _settings(self) -> SettingsOf:
        """What gives the settings for the files of a folder, and the folder that their patterns are relative to."""
        if self.isolated or self.config is not None:
            settings, _ = self._load(Path())
            return lambda _folder: (settings, Path())

        @cache
        def inside(folder: Path) -> tuple[Settings, Path]:
            if folder == folder.parent or any(map(os.path.exists, (folder / name for name in SETTINGS_FILES))):
                return self._load(folder)
            return inside(folder.parent)

        return cache(lambda folder: inside(Path(os.path.realpath(folder))))

    def _load(self, folder: Path) -> tuple[Settings, Path]:
        try:
            settings, origin = load(folder, config=self.config, isolated=self.isolated)
            if unknown := _unknown_rules(settings):
                raise click.ClickException(f"{origin}: {unknown}")
            # --extend-... adds to what the file says, anything else takes its place.
            overrides = {
                name: getattr(settings, name) + value if name.startswith("extend_") else value
                for name, value in self.overrides.items()
            }
            return replace(settings, **overrides), Path() if origin is None else origin.parent
        except ConfigError as error:
            raise click.ClickException(str(error)) from error

    def _files(self, settings_of: SettingsOf) -> Iterator[tuple[Path, Settings] | Unreadable]:
        """The files that the paths stand for, each once, with their settings."""
        from sessionize.source import discover

        paths = [Path(path) for path in (*self.paths, *_listed(self.files_from))]
        if not paths and self.files_from is None:
            paths = [Path()]
        seen: set[str] = set()
        # Path.is_dir would raise where it may not look (before Python 3.14); `discover` tells such a path from others.
        around = [(settings_of(path if os.path.isdir(path) else path.parent), path) for path in paths]  # noqa: PTH112
        for (settings, root), group in groupby(around, key=itemgetter(0)):
            for found in discover([path for _, path in group], settings, root=root):
                real = os.path.realpath(found if isinstance(found, str) else found.path)
                if real not in seen:
                    seen.add(real)
                    yield (Path(found), settings_of(Path(found).parent)[0]) if isinstance(found, str) else found


def _listed(file: IO[bytes] | None) -> list[str]:
    data = b"" if file is None else file.read()
    names = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [os.fsdecode(name) for name in names if name]


def _failure(filename: str, reason: str) -> Report:
    from sessionize.engine import Report

    return Report(filename=filename, before=None, after=None, fixed=(), left=(), error=reason)


def _echo(text: str, *, err: bool = False) -> None:
    """Writes text, what the stream's encoding lacks as escapes."""
    # A stream that the shell closed is None.
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err, nl=False)


def _put(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
