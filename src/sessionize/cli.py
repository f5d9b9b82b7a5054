"""The command line: options, and what of the results goes where. It decides nothing.

LibCST and pathspec cost more to import than all of this; what needs them is imported where it is used.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from sessionize import __version__
from sessionize.files.codes import DOUBTS, NAMES, no_such_rule, unknown_selectors
from sessionize.files.settings import ConfigError, Cookies, SessionStyle, Settings, no_such_doubt
from sessionize.files.walk import Unreadable
from sessionize.report import formats
from sessionize.report.terminal import echo, printable
from sessionize.run import work as works
from sessionize.run.files import files, folder_of, loaded
from sessionize.run.options import STDIN, Options, SettingsOptions
from sessionize.run.output import Results, close, show
from sessionize.run.run import Run

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from sessionize.run.interactive import Dialogue

Command = TypeVar("Command", bound=Callable[..., object])


def main() -> int:
    """Runs the command line and returns its exit status. A mistake of the user is told in one line."""
    # A file's tree is many objects with few cycles, which the collector would look through again and again.
    gc.set_threshold(20_000)
    try:
        return int(cli.main(standalone_mode=False))
    except click.ClickException as error:
        echo(f"sessionize: {printable(_message(error))}\n", err=True)
        return 2
    except (ConfigError, OSError) as error:  # the disk is full, say
        echo(f"sessionize: {printable(str(error))}\n", err=True)
        return 2
    except click.Abort:
        echo("sessionize: interrupted\n", err=True)
        return 130


# What users of other tools type, and what it is called here.
_ELSEWHERE = {
    "--fix": "`sessionize fix` rewrites",
    "--in-place": "`sessionize fix` rewrites",
    "--write": "`sessionize fix` rewrites",
    "--check": "`sessionize check` reports, `sessionize fix --diff` shows",
    "--dry-run": "`sessionize fix --diff` shows",
}
_OTHER_COMMANDS = {
    "version": "`sessionize --version`",
    "help": "`sessionize --help`",
    "explain": "`sessionize rule RQS101`",
    "lint": "`sessionize check`",
    "format": "`sessionize fix`",
}


def _message(error: click.ClickException) -> str:
    """The message of a mistake, with a hint where an option is one of another tool or command."""
    option = error.option_name if isinstance(error, click.NoSuchOption) else ""
    owners = [command for command in (*cli.commands.values(), cli) if option in _options_of(command)]
    if option in _ELSEWHERE:
        return f"No such option {option!r}: {_ELSEWHERE[option]}"
    if owners:
        return f"No such option {option!r}: `{_called(owners[0])}` has it"
    return error.format_message()


def _options_of(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


def _called(command: click.Command) -> str:
    return "sessionize" if command is cli else f"sessionize {command.name}"


class _Commands(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; UsageError for a path, which needs a command before it."""
        (name, *_) = args
        if name in _OTHER_COMMANDS:
            raise click.UsageError(f"No such command {name!r}: use {_OTHER_COMMANDS[name]}")
        if name not in self.commands and (os.path.lexists(name) or name.endswith((".py", ".ipynb"))):
            raise click.UsageError(
                f"a command is missing; `sessionize check {name}` reports, `sessionize fix {name}` rewrites"
            )
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="sessionize")
@click.pass_context
def cli(context: click.Context) -> None:
    """Make bare requests.get(...) calls share one requests.Session."""
    if os.environ.get("NO_COLOR"):
        context.color = False
    elif os.environ.get("FORCE_COLOR"):
        context.color = True
    if context.invoked_subcommand is None:
        echo(f"{context.get_help()}\n", err=True)
        context.exit(2)


def _commas(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    return tuple(filter(None, map(str.strip, ",".join(values).split(",")))) if values else None


def _selectors(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    if option.name != "ignore" and not all(value.strip(", ") for value in values):  # of a variable that is not set, say
        raise click.BadParameter("expected at least one rule")
    selectors = _commas(context, option, values)
    if unknown := unknown_selectors(selectors or ()):
        raise click.BadParameter(no_such_rule(unknown))
    return selectors


def _doubts(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    names = _commas(context, option, values)
    if mistake := no_such_doubt(names or ()):
        raise click.BadParameter(mistake)
    return names


def _offer_rules(_context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The codes and names of rules that what is typed may become; to `rule` the names of doubts, too."""
    known = dict(NAMES)
    if incomplete.rpartition(",")[2]:
        known |= zip(NAMES.values(), NAMES, strict=True)
        known |= {} if isinstance(parameter, click.Option) else dict.fromkeys(DOUBTS, "a doubt")
    return _offered(known, parameter, incomplete)


def _offer_doubts(_context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _offered(dict.fromkeys(DOUBTS, ""), parameter, incomplete)


def _offered(known: Mapping[str, str], parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The known words that what is typed may become, each with what stands beside it; of several typed, the last."""
    from click.shell_completion import CompletionItem

    before, comma, begun = incomplete.rpartition(",") if isinstance(parameter, click.Option) else ("", "", incomplete)
    offered = []
    for name, other in known.items():
        if name.casefold().startswith(begun.casefold()):
            offered.append(CompletionItem(f"{before}{comma}{name}", help=other))
    return offered


def _jobs(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    if value in (None, "auto"):
        return None
    if not (value.isascii() and value.isdigit() and int(value)):
        raise click.BadParameter(f"{value!r} is neither a number of at least 1 nor 'auto'")
    return int(value)


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


_PATH = click.Path(path_type=Path)
_several = partial(click.option, multiple=True)
_selecting = partial(_several, metavar="CODES", callback=_selectors, shell_complete=_offer_rules)
_deciding = _options(
    _selecting("--select", help="Rules to enable: codes, prefixes, names or ALL, comma-separated."),
    _selecting("--ignore", help="Rules to disable."),
    _selecting("--extend-select", help="Rules to enable in addition to those selected."),
    _several(
        "--accept",
        metavar="DOUBTS",
        callback=_doubts,
        shell_complete=_offer_doubts,
        help="Doubts to accept: a fix with no others is safe; comma-separated.",
    ),
    _several("--exclude", metavar="PATTERNS", callback=_commas, help="Files and folders to skip."),
    _several("--extend-exclude", metavar="PATTERNS", callback=_commas, help="More files and folders to skip."),
    click.option("--force-exclude/--no-force-exclude", default=None, help="Skip them even where PATHS name them."),
    click.option("--baseline", metavar="FILE", type=_PATH, help="Skip the findings that this file lists."),
    click.option("--no-baseline", is_flag=True, help="Ignore the baseline of the settings."),
    click.option("--config", metavar="FILE", type=_PATH, help="Take the settings from this file."),
    click.option("--isolated", is_flag=True, help="Read no settings file."),
)
_default = Settings()
_deciding_fixes = _options(
    click.option("--unsafe-fixes/--no-unsafe-fixes", default=None, help="Also make fixes that may change behaviour."),
    click.option(
        "--rewrite-patches", is_flag=True, default=None, help="Update patches in tests along with unsafe fixes."
    ),
    click.option(
        "--session-style",
        type=click.Choice(get_args(SessionStyle)),
        help=f"Create the session by assignment or in a with block.  [default: {_default.session_style}]",
    ),
    click.option(
        "--session-name", metavar="NAME", help=f"Name of the session variable.  [default: {_default.session_name}]"
    ),
    click.option(
        "--cookies",
        type=click.Choice(get_args(Cookies)),
        help=f"Whether sessions keep cookies.  [default: {_default.cookies}]",
    ),
)
_shared = _options(
    click.argument("paths", nargs=-1, metavar="[PATHS]..."),
    _deciding,
    click.option(
        "--files-from",
        metavar="FILE",
        type=click.File("rb"),
        help="Read more paths from FILE, or - for standard input.",
    ),
    click.option("--stdin-filename", metavar="NAME", help="File name to assume for standard input."),
    click.option("--output-format", type=click.Choice(formats.FORMATS), default="full", show_default=True),
    click.option(
        "--output-file",
        metavar="FILE",
        type=click.File("w", encoding="utf-8", lazy=False),
        help="Write the findings to this file.",
    ),
    click.option(
        "-j", "--jobs", metavar="N|auto", callback=_jobs, help="Number of worker processes to use.  [default: auto]"
    ),
    click.option("--cluster", metavar="ADDRESS", help="Run on the workers of this Dask scheduler."),
    click.option("--statistics", is_flag=True, help="Show counts per rule instead of the findings."),
    click.option("-q", "--quiet", is_flag=True, help="Print findings and errors only."),
    click.option("-v", "--verbose", is_flag=True, help="Print for each file whether it is checked."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings."),
)


@cli.command()
@_shared
@click.option("--write-baseline", metavar="FILE", type=_PATH, help="Write the findings to a baseline, for --baseline.")
@click.option("--add-noqa", is_flag=True, help="Add noqa comments to the lines with findings.")
@click.option("--show-files", is_flag=True, help="List the files that would be read, and do nothing else.")
def check(*, add_noqa: bool, show_files: bool, **options: Any) -> int:
    """Report calls that should share a session. Changes no code."""
    given = Options(**options)
    if show_files:
        return _list_files(given)
    run = Run(given)
    if add_noqa or given.write_baseline is not None:
        return _adopt(run, add_noqa=add_noqa)
    with_edits = formats.format_named(given.output_format).edits
    work = partial(works.check, with_edits=with_edits, projects=run.projects)
    results = Results([run.on_stdin(work)[1]]) if given.on_stdin else run.on_files(work)
    show(given, results)
    return close(given, results)


def _list_files(given: Options) -> int:
    """Writes the name of each file, and of each that can't be read an error."""
    failed = False
    for file in files(given):
        if isinstance(file, Unreadable):
            failed = True
            echo(f"{printable(file.path)}: error: {printable(file.reason)}\n", err=True)
        else:
            echo(f"{printable(file[0])}\n")
    return 2 if failed else 0


def _adopt(run: Run, *, add_noqa: bool) -> int:
    given = run.options
    if given.on_stdin:
        raise click.UsageError("--add-noqa and --write-baseline need files, not standard input")
    if given.write_baseline == Path(STDIN):
        raise click.UsageError("--write-baseline needs a file, not standard output")
    if not add_noqa:
        results = run.write_baseline()
    elif given.write_baseline is None:
        from sessionize.run.adopt import noqa_report

        results = run.on_files(partial(noqa_report, surroundings=run.projects), writes=True)
    else:
        raise click.UsageError("--add-noqa and --write-baseline are mutually exclusive")
    show(given, results)
    return close(given, results, doing="silence" if add_noqa else "list")


@cli.command()
@_shared
@_deciding_fixes
@click.option("--diff", is_flag=True, help="Print a diff, and change no file.")
@click.option("-i", "--interactive", is_flag=True, help="Show each fix, and ask whether to make it.")
@click.option("--verify", metavar="COMMAND", help="Keep only fixes that this command passes with, e.g. 'pytest -q'.")
@click.option(
    "--verify-timeout",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    help="Count a run that takes longer as failed.",
)
@click.option("--allow-dirty", is_flag=True, help="Allow --verify with uncommitted changes, or outside git.")
@click.option("--rejected", metavar="FILE", type=_PATH, help="Save the fixes that --verify reverts as a patch.")
def fix(*, verify_timeout: float | None, allow_dirty: bool, rejected: Path | None, **options: Any) -> int:
    """Rewrite files so that calls share a session."""
    given = Options(**options)
    run = Run(given)
    if given.verify is not None:
        return _verify(run, verify_timeout, allow_dirty=allow_dirty, rejected=rejected)
    if verify_timeout is not None or allow_dirty or rejected is not None:
        raise click.UsageError("--verify-timeout, --allow-dirty and --rejected need --verify")
    if given.interactive:
        return _ask(run)
    work = partial(works.fix, projects=run.projects)
    if given.on_stdin:
        data, report = run.on_stdin(work)
        results = Results([report])
        if not given.diff:
            _put(data if report.change is None else report.change[1])
    else:
        results = run.on_files(work, writes=not given.diff, together=partial(works.fix_together, projects=run.projects))
    if given.diff:
        for report in results.reports:
            if report.change is not None:
                _show(report.filename, *report.change)
    # What stands on standard output is a program or a diff, and nothing else. Beside a diff the findings that are left
    # are shown on request only: they stand at rows of files that are not written.
    if not given.diff or given.statistics or given.output_file is not None:
        show(given, results, err=given.diff or given.on_stdin)
    return close(given, results, doing="fix", written=not given.diff)


def _verify(run: Run, timeout: float | None, *, allow_dirty: bool, rejected: Path | None) -> int:
    from sessionize.run.verify import Command, verify

    given = run.options
    assert given.verify is not None
    dialogue = _dialogue(run) if given.interactive else None
    command = Command(given.verify, timeout, quiet=given.quiet)
    results = verify(run, command, allow_dirty=allow_dirty, rejected=rejected, dialogue=dialogue)
    show(given, results)
    return close(given, results, doing="fix")


def _dialogue(run: Run) -> Dialogue:
    """The dialogue of `--interactive`; an error where there is no terminal for it."""
    from sessionize.run.interactive import Dialogue

    for stream, called in ((sys.stdin, "input"), (sys.stderr, "error")):
        if stream is None or not stream.isatty():
            raise click.ClickException(f"--interactive needs a terminal on standard {called}")
    return Dialogue(run.projects)


def _ask(run: Run) -> int:
    given = run.options
    dialogue = _dialogue(run)
    results = run.on_files(dialogue.fix, writes=True)
    show(given, results)
    if dialogue.stopped and not given.quiet:
        written = any(report.change is not None for report in results.reports)
        echo(f"Stopped; {'what was accepted before is' if written else 'nothing was'} written.\n", err=True)
    return close(given, results, doing="fix")


@cli.command()
@click.argument("names", nargs=-1, metavar="[CODE|NAME]...", shell_complete=_offer_rules)
@click.option("--all", "every", is_flag=True, help="Print the pages of all rules and doubts.")
def rule(names: tuple[str, ...], *, every: bool) -> int:
    """Print the pages of rules and doubts, or a list of them."""
    if names and every:
        raise click.UsageError("--all cannot be combined with names")
    if not names and not every:
        echo("".join(f"{code}  {name}\n" for code, name in NAMES.items()))
        echo(f"doubts: {', '.join(DOUBTS)}\n")
        return 0
    from sessionize.doubts import KINDS
    from sessionize.rules import RULES

    pages: dict[str, str] = {}
    for each in RULES:
        pages[each.code.casefold()] = pages[each.name] = each.titled
    for kind in KINDS:
        pages[kind.name] = kind.titled()
    if unknown := [name for name in names if name.casefold() not in pages]:
        raise click.UsageError(no_such_rule(unknown, DOUBTS))
    echo("\n".join(dict.fromkeys(pages.values()) if every else [pages[name.casefold()] for name in names]))
    return 0


@cli.command()
@click.argument("path", default=os.curdir)
@_deciding
@_deciding_fixes
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--schema", is_flag=True, help="Print a JSON schema of the settings file instead.")
def config(path: str, *, schema: bool, output_format: str, **options: Any) -> int:
    """Print the settings for a file or folder, and where each is from."""
    from sessionize.report import settings

    if schema:
        echo(settings.schema())
        return 0
    if not os.path.lexists(path):
        raise click.UsageError(f"{path!r} does not exist")
    echo(settings.render(output_format, loaded(folder_of(path), SettingsOptions(**options))))
    return 0


@cli.command()
@_several("--accept", metavar="DOUBTS", callback=_doubts, shell_complete=_offer_doubts, help="Doubts to accept.")
@click.option("--module", metavar="FILE", help="Write a module that creates sessions, e.g. pkg/_sessions.py.")
@click.option("--shared", is_flag=True, help="Let all files share one session of it.")
@click.option("--per-thread", is_flag=True, help="Let all files share one session of it in each thread.")
@click.option("--retries", type=click.IntRange(0), default=3, show_default=True, help="Retries per request.")
@click.option(
    "--pool", type=click.IntRange(1), default=10, show_default=True, help="Connections to keep open per host."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86400, min_open=True),
    help="Default timeout in seconds, for calls without timeout=.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask; use defaults for what is not given.")
def init(**options: Any) -> int:
    """Write initial settings and, on request, a module for sessions.

    Its sessions retry failed requests, and wait no longer than --timeout.
    """
    from sessionize.init.init import Answers, init as write

    write(Answers(**options))
    return 0


@cli.command()
def server() -> int:
    """Run the language server (LSP) for editors.

    It speaks on standard input and output.
    """
    try:
        from sessionize.server import make
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        raise click.ClickException(f"{missing} is missing: install sessionize with the extra `server`") from error
    make().start_io()
    return 0


def _show(filename: str, before: bytes, after: bytes) -> None:
    from sessionize.report import diff

    lines = diff.unified(filename, before, after)
    if sys.stdout.isatty() or click.get_current_context().color:
        echo(diff.coloured(lines))
    else:
        _put(lines)


def _put(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
