"""The results of a run on their way to the user: findings, errors, closing sentences and a bar while it lasts."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import click

from sessionize.report.formats import render
from sessionize.report.summary import exit_status, summary
from sessionize.report.terminal import echo, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionize.engine.results import Report
    from sessionize.run.options import Options
    from sessionize.run.workers import Done

PATIENCE = 1.5  # seconds without a progress bar


class Results(NamedTuple):
    """The reports that tell something, in the order of the files.

    clean: how many files there are besides; gone: how many findings baselines list that nobody finds any more.
    """

    reports: Sequence[Report]
    clean: int = 0
    gone: int = 0


def show(options: Options, results: Results, *, err: bool = False) -> None:
    """Writes the findings to the file of `--output-file`, or to a stream."""
    text = render(options.output_format, results.reports, statistics=options.statistics)
    if options.output_file is not None:
        options.output_file.write(click.unstyle(text))
    else:
        echo(text, err=err)


def close(options: Options, results: Results, *, doing: str = "check", written: bool = True) -> int:
    """Writes errors and the closing sentences, and returns the exit status."""
    reports = results.reports
    for report in reports:
        if report.error is not None:
            echo(f"{printable(report.filename)}: error: {printable(report.error)}\n", err=True)
    if not options.quiet:
        for report in reports:
            if report.after is not None and written and not options.on_stdin:
                echo(f"Rewrote {printable(report.filename)}\n", err=True)
        told = summary(
            reports,
            clean=results.clean,
            gone=results.gone,
            doing=doing,
            written=written,
            advise=not options.statistics,  # they say it, too
        )
        echo(f"{told}\n", err=True)
    status = exit_status(reports, written=written)
    return 0 if options.exit_zero and status == 1 else status


def progress(options: Options, done: Iterator[Done], number: int) -> Iterator[Done]:
    """Hands on what is done; on a terminal with a bar, if it takes its time."""
    late = time.monotonic() + PATIENCE
    shown = not (options.quiet or options.interactive) and sys.stderr is not None and sys.stderr.isatty()
    with ExitStack() as stack:
        bar = None
        for count, result in enumerate(done, 1):
            if bar is None and shown and time.monotonic() > late:
                bar = stack.enter_context(click.progressbar(length=number, label="Files", file=sys.stderr))
            if bar is not None:
                bar.update(count - bar.pos)
            yield result
