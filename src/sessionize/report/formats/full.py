"""The findings of each fix together: their lines of source with carets under the calls, and what to do about them."""

from __future__ import annotations

import re
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import click

from sessionize.report.formats import Failures, Findings, Format
from sessionize.report.statistics import as_table
from sessionize.report.terminal import blank, printable, source_line
from sessionize.report.wording import MARKS, headline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionize.engine.results import Diagnostic

_NEXT_DOUBT = re.compile(r"(?<=\]); ")
_WIDE, _BEFORE = 200, 60  # of a longer line so much is shown, and of it so much before the finding


def render(findings: Findings, _failures: Failures) -> str:
    return "".join(f"{line}\n" for group in _together(findings) for line in (*_lines(group), ""))


def _together(findings: Findings) -> list[list[Diagnostic]]:
    """The findings of each fix, in the order of their first ones; those without a fix one by one."""
    groups: dict[object, list[Diagnostic]] = {}
    for number, found in enumerate(findings):
        key = number if found.fix is None else (found.filename, found.fix, found.help)
        groups.setdefault(key, []).append(found)
    return list(groups.values())


def _lines(group: Sequence[Diagnostic]) -> Iterator[str]:
    """The findings of one fix: each place once, below what is found there, and the help at the end."""
    for _, at_place in groupby(group, key=attrgetter("place")):
        first, *others = at_place
        yield _marked(first)
        yield from map(_marked, others)
        yield from _excerpt(first)
    last = group[-1]
    if last.help:
        told, *doubts = _NEXT_DOUBT.split(printable(last.help))
        yield f"{_margin(last)}{_blue('=')} {click.style('help:', bold=True)} {told}"
        for doubt in doubts:
            yield f"{_margin(last)}{_blue('=')}       {doubt}"


def _marked(found: Diagnostic) -> str:
    return headline(found, MARKS[found.applicability])


def _margin(found: Diagnostic) -> str:
    return " " * len(str(found.start.row))


def _excerpt(found: Diagnostic) -> list[str]:
    row = str(found.start.row)
    margin, line = _margin(found), found.line
    if not line.strip():
        return []
    start = found.start.column - 1
    end = found.end.column - 1 if found.end.row == found.start.row else len(line)
    if len(line) > _WIDE:
        first = max(0, start - _BEFORE)
        mark = "..." if first else ""
        line = f"{mark}{line[first : first + _WIDE]}{'...' if first + _WIDE < len(line) else ''}"
        start, end = start - first + len(mark), min(end - first, _WIDE) + len(mark)
    # At least one caret: a syntax error is a place without an extent.
    carets = "^" * max(1, len(blank(line[start:end])))
    return [
        f"{margin}{_blue('|')}",
        f"{_blue(f'{row}|')} {source_line(line)}",
        f"{margin}{_blue('|')} {blank(line[:start])}{click.style(carets, fg='red', bold=True)}",
    ]


def _blue(text: str) -> str:
    return click.style(text, fg="blue", bold=True)


FORMAT = Format(render, statistics=as_table)
