"""For a code base that begins to use the rules: what is found gets comments, or is listed in a baseline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sessionize.engine.check import check_source
from sessionize.engine.notebooks import on_bytes
from sessionize.engine.results import Report
from sessionize.files.baseline import Baseline, line_of
from sessionize.files.noqa import add_noqa
from sessionize.library.surroundings import UNKNOWN, Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sessionize.files.settings import Settings


def noqa_report(data: bytes, filename: str, settings: Settings, surroundings: Surroundings = UNKNOWN) -> Report:
    """The report of a fix that writes comments: `fixed` are the findings they silence, `left` those that have none."""
    return on_bytes(data, filename, settings, lambda text: _silenced(text, filename, settings, surroundings))


def _silenced(text: str, filename: str, settings: Settings, surroundings: Surroundings) -> Report:
    found = check_source(text, filename, settings, surroundings=surroundings)
    rows: dict[int, set[str]] = {}
    for finding in found:
        if not finding.unreadable:  # nothing silences it
            rows.setdefault(finding.start.row, set()).add(finding.code)
    after = add_noqa(text, rows)
    left = check_source(after, filename, settings, surroundings=surroundings) if after != text else found
    still = {(finding.start, finding.code) for finding in left}  # a comment moves no finding
    fixed = tuple(finding for finding in found if (finding.start, finding.code) not in still)
    return Report(filename, text, after if fixed else None, fixed, left)


def baseline_of(reports: Iterable[Report], path: Path) -> tuple[Baseline, list[Report]]:
    """The baseline that lists all findings, and reports of what is none: errors, and files that cannot be parsed."""
    findings, rest = [], []
    for report in reports:
        left = tuple(found for found in report.left if found.unreadable)
        listed = [line_of(found.code, found.line) for found in report.left if not found.unreadable]
        findings += [(report.filename, line) for line in listed]
        rest.append(replace(report, left=left, known=len(listed)))
    return Baseline.of(path, findings), rest
