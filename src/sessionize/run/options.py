"""The options of the command line as typed values. Those that contradict each other are refused here, nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import click

from sessionize.files.settings import KEYS
from sessionize.report.formats import format_named

if TYPE_CHECKING:
    from pathlib import Path

    from sessionize.files.settings import Cookies, SessionStyle

STDIN = "-"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SettingsOptions:
    """Where settings are read from, and the settings that are given themselves; None: nothing is said."""

    config: Path | None = None
    isolated: bool = False
    no_baseline: bool = False
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    extend_exclude: tuple[str, ...] | None = None
    force_exclude: bool | None = None
    baseline: Path | None = None
    unsafe_fixes: bool | None = None
    rewrite_patches: bool | None = None
    session_style: SessionStyle | None = None
    session_name: str | None = None
    cookies: Cookies | None = None
    accept: tuple[str, ...] | None = None

    @property
    def overrides(self) -> dict[str, object]:
        """The settings that are given, by key."""
        given: dict[str, object] = {}
        for key, field in KEYS.items():
            value = getattr(self, field.name, None)
            if value is not None:
                given[key] = value
        return given

    @property
    def uses_baseline(self) -> bool:
        return not self.no_baseline


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Options(SettingsOptions):
    """The options of `check` and `fix`.

    write_baseline: the file to list the findings in. interactive: whether the user is asked. verify: the command that
    the fixed files are to pass.
    """

    paths: tuple[str, ...] = ()
    files_from: IO[bytes] | None = None
    stdin_filename: str | None = None
    output_format: str = "full"
    output_file: IO[str] | None = None
    jobs: int | None = None
    cluster: str | None = None
    statistics: bool = False
    quiet: bool = False
    verbose: bool = False
    exit_zero: bool = False
    write_baseline: Path | None = None
    diff: bool = False
    interactive: bool = False
    verify: str | None = None

    def __post_init__(self) -> None:
        if "" in self.paths:  # to pathlib that is the current folder
            raise click.UsageError("empty path")
        if STDIN in self.paths and (len(self.paths) > 1 or self.files_from is not None):
            raise click.UsageError("- (standard input) cannot be combined with other paths")
        if self.stdin_filename is not None and STDIN not in self.paths:
            raise click.UsageError("--stdin-filename needs - (standard input) as the path")
        if self.config is not None and self.isolated:
            raise click.UsageError("--config and --isolated are mutually exclusive")
        if self.jobs is not None and self.cluster is not None:
            raise click.UsageError("--jobs and --cluster are mutually exclusive")
        if self.baseline is not None and not self.uses_baseline:
            raise click.UsageError("--baseline cannot be combined with --no-baseline or --write-baseline")
        if self.quiet and self.verbose:
            raise click.UsageError("--quiet and --verbose are mutually exclusive")
        if self.statistics and format_named(self.output_format).statistics is None:
            raise click.UsageError(f"--statistics has no {self.output_format} format")
        if self.in_one_process:
            alone = "--interactive" if self.verify is None else "--verify"
            others = {"--diff": self.diff, "--cluster": self.cluster, "- (standard input)": self.on_stdin}
            for other, chosen in others.items():
                if chosen:
                    raise click.UsageError(f"{alone} and {other} are mutually exclusive")
        if self.interactive and self.rewrite_patches:
            raise click.UsageError("--interactive and --rewrite-patches are mutually exclusive")

    @property
    def in_one_process(self) -> bool:
        """True if the work is to be done in this process, which talks with the user or remembers the fixes."""
        return self.interactive or self.verify is not None

    @property
    def on_stdin(self) -> bool:
        return self.paths == (STDIN,)

    @property
    def uses_baseline(self) -> bool:
        return not self.no_baseline and self.write_baseline is None
