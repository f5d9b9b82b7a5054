"""The finding, its line of source with carets under the call, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sessionize.report.formats import Failures, Findings, Format
from sessionize.report.statistics import as_table
from sessionize.report.terminal import blank, printable, source_line
from sessionize.report.wording import headline

if TYPE_CHECKING:
    from sessionize.engine.results import Diagnostic

_WIDE, _BEFORE = 200, 60  # of a longer line so much is shown, and of it so much before the finding


def render(findings: Findings, _failures: Failures) -> str:
    return "".join(f"{line}\n" for found in findings for line in (headline(found), *_excerpt(found), ""))


def _excerpt(found: Diagnostic) -> list[str]:
    row = str(found.start.row)
    margin = " " * len(row)
    excerpt = []
    line = found.line
    if line.strip():
        start = found.start.column - 1
        end = found.end.column - 1 if found.end.row == found.start.row else len(line)
        if len(line) > _WIDE:
            first = max(0, start - _BEFORE)
            mark = "..." if first else ""
            line = f"{mark}{line[first : first + _WIDE]}{'...' if first + _WIDE < len(line) else ''}"
            start, end = start - first + len(mark), min(end - first, _WIDE) + len(mark)
        # At least one caret: a syntax error is a place without an extent.
        carets = "^" * max(1, len(blank(line[start:end])))
        excerpt = [
            f"{margin}{_blue('|')}",
            f"{_blue(f'{row}|')} {source_line(line)}",
            f"{margin}{_blue('|')} {blank(line[:start])}{click.style(carets, fg='red', bold=True)}",
        ]
    if found.help:
        excerpt.append(f"{margin}{_blue('=')} {click.style('help:', bold=True)} {printable(found.help)}")
    return excerpt


def _blue(text: str) -> str:
    return click.style(text, fg="blue", bold=True)


FORMAT = Format(render, statistics=as_table)
