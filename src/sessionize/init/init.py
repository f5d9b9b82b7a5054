"""Questions and files of `sessionize init`: `[tool.sessionize]`, and a module with a function for sessions."""

from __future__ import annotations

import json
import keyword
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import click

from sessionize.files.settings_files import load
from sessionize.report.statistics import unlocking
from sessionize.report.terminal import echo
from sessionize.report.wording import count
from sessionize.run import work as works
from sessionize.run.options import Options
from sessionize.run.run import Run

if TYPE_CHECKING:
    from sessionize.engine.results import Diagnostic

_TABLE = "[tool.sessionize]"
# What the module has besides, if all are to share one session.
_SHARED = '''

_shared = make_session()


def get_session():
    """The session of the whole project. What is set on it holds for all calls."""
    return _shared
'''
_PER_THREAD = '''

_local = threading.local()


def get_session():
    """The session of this thread. What is set on it holds for its other calls."""
    if not hasattr(_local, "session"):
        _local.session = make_session()
    return _local.session
'''


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers that were given on the command line; None where that is still to be asked.

    module: the file for the function that makes sessions; empty for none.
    shared: whether it has one session for everybody; per_thread: one for each thread.
    """

    accept: tuple[str, ...] | None
    module: str | None
    shared: bool
    per_thread: bool
    retries: int
    pool: int
    timeout: float | None
    yes: bool

    def __post_init__(self) -> None:
        if self.shared and self.per_thread:
            raise click.UsageError("give --shared or --per-thread, not both")
        if self.yes and self.module is None and (self.gives_one or self.timeout is not None):
            raise click.UsageError("--shared, --per-thread and --timeout need --module")
        if self.timeout is not None and math.isnan(self.timeout):
            raise click.UsageError("--timeout: expected a number of seconds, got nan")

    @property
    def gives_one(self) -> bool:
        """True if the module gives everybody a session that is there, and does not make one for each that asks."""
        return self.shared or self.per_thread


def init(answers: Answers) -> None:
    """Asks what is not answered yet, and writes. ClickException or ConfigError where it can't.

    A file that has settings already is left to the user, who is told what to put there.
    """
    there = load(Path.cwd())
    project = _project() if there.file is None else None
    accept = answers.accept
    if accept is None:
        accept = () if answers.yes else tuple(_ask_about_doubts(_findings()))
    module = answers.module
    if module is None:
        module = "" if answers.yes else _ask_about_module()
    settings: dict[str, object] = {"accept": list(dict.fromkeys((*there.settings.accept, *accept)))} if accept else {}
    if "patched" in accept:
        settings["rewrite-patches"] = True  # or the tests would go to the network
    if module:
        settings["session-factory"] = _write_module(Path(module), answers)
        settings["cookies"] = "factory"  # the module sees to it that none are kept
        if answers.gives_one:
            settings["session-factory-shared"] = True
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    if not lines:
        echo(f"Nothing to write: the {'defaults' if there.file is None else 'settings'} apply.\n")
    elif there.file is None:
        _write_settings(project, lines)
    else:
        table = f" below {_TABLE}" if there.file.name == "pyproject.toml" else ""
        echo(f"{there.file} has settings already. Put this there{table}, in place of lines with the same key:\n\n")
        echo("".join(f"    {line}\n" for line in lines) + "\n")
    echo("Now try `sessionize check`, or `sessionize fix --diff`.\n")


# --- questions --------------------------------------------------------------------------------------------------------


def _findings() -> list[Diagnostic]:
    """The findings in the current folder that only an unsafe fix resolves."""
    run = Run(Options())
    reports = run.on_files(partial(works.check, with_edits=False, projects=run.projects)).reports
    return [found for report in reports for found in report.left if found.applicability == "unsafe"]


def _ask_about_doubts(findings: Sequence[Diagnostic]) -> Iterable[str]:
    """The doubts that the user accepts, asked about as long as one of them alone would fix more."""
    declined: set[str] = set()
    accepted: set[str] = set()
    while True:
        left = []
        for found in findings:
            doubts = tuple(doubt for doubt in found.doubts if doubt not in accepted)
            if doubts and declined.isdisjoint(doubts):
                left.append(found._replace(doubts=doubts))
        steps = unlocking(left)
        if not steps or not steps[0][1]:  # none fixes more by itself
            return
        ((name,), more), *_ = steps
        fixing = f"fix {count(more, 'more call')}"
        if click.confirm(f"Accept `{name}` and {fixing}? `sessionize rule {name}` says what to check", err=True):
            accepted.add(name)
            yield name
        else:
            declined.add(name)


def _ask_about_module() -> str:
    if not click.confirm("Write a module that creates sessions with retries?", err=True):
        return ""
    return str(click.prompt("File of the module", default=str(_default_module()), err=True))


def _default_module() -> Path:
    """`_sessions.py` in the one package of the current folder, or of `src`; else in the folder itself."""
    packages = sorted(path.parent for folder in (".", "src") for path in Path(folder).glob("*/__init__.py"))
    packages = [package for package in packages if package.name not in ("tests", "test", "docs")]
    return (packages[0] if len(packages) == 1 else Path()) / "_sessions.py"


# --- files ------------------------------------------------------------------------------------------------------------


def _project() -> str | None:
    """The text of pyproject.toml, behind which a table can be written; None without the file."""
    path = Path("pyproject.toml")
    if not path.exists():
        return None
    try:
        text = path.read_bytes().decode()  # with its line ends
        import_module("tomllib" if sys.version_info >= (3, 11) else "tomli").loads(f"{text}\n{_TABLE}\n")
    except ValueError as error:  # no UTF-8, no TOML, or `tool` is no table
        raise click.ClickException(f"{path} can't be written to: {error}") from error
    return text


def _write_settings(project: str | None, lines: Sequence[str]) -> None:
    """Writes settings behind what is in pyproject.toml; where that is not there, to sessionize.toml."""
    if project is not None:
        target = Path("pyproject.toml")
        end = "\r\n" if "\r\n" in project else "\n"
        text = end.join([project.rstrip("\r\n"), "", _TABLE, *lines, ""])
    else:
        target = Path("sessionize.toml")
        text = "\n".join([*lines, ""])
    target.write_bytes(text.encode())
    echo(f"Wrote {target}.\n")


def _write_module(file: Path, answers: Answers) -> str:
    """Writes the module, and tests of it where there is a folder for them; the path of its function."""
    module = _module_of(file)
    tests = Path("tests") / f"test_{file.stem.lstrip('_')}.py"
    texts = {file: "sessions.txt"} | ({tests: "test_sessions.txt"} if tests.parent.is_dir() else {})
    for path in texts:
        if path.exists():
            raise click.ClickException(f"{path} already exists")
    given = {"retries": answers.retries, "pool": answers.pool, "timeout": answers.timeout, "module": module}
    given["threading"] = "import threading\n" if answers.per_thread else ""
    given["shared"] = _SHARED if answers.shared else _PER_THREAD if answers.per_thread else ""
    for path, name in texts.items():
        template = Template(files(__package__).joinpath(name).read_text(encoding="utf-8"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template.substitute(given), encoding="utf-8")
        echo(f"Wrote {path}.\n")
    return f"{module}:{'get_session' if answers.gives_one else 'make_session'}"


def _module_of(file: Path) -> str:
    """`shop._sessions` for `src/shop/_sessions.py`. ClickException for a name that would hide another module."""
    parts = file.with_suffix("").parts
    named = all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)
    if file.suffix != ".py" or file.is_absolute() or not named:
        raise click.ClickException(f"{file} cannot be imported as a module of this project")
    parts = parts[1:] if parts[0] == "src" and len(parts) > 1 else parts
    if len(parts) == 1 and (parts[0] in sys.stdlib_module_names or find_spec(parts[0])):
        raise click.ClickException(f"{file} would hide the module {parts[0]}; give another name")
    return ".".join(parts)
