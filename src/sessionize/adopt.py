"""For a code base that begins to use the rules: what is found gets comments, or is listed in a baseline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sessionize import engine, layout, source
from sessionize.baseline import Baseline, line_of
from sessionize.noqa import commented
from sessionize.patches import PatchesFor, find

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sessionize.config import Settings
    from sessionize.engine import Report

SYNTAX_ERROR = "RQS901"


def silence(data: bytes, filename: str, settings: Settings, patches: PatchesFor = find) -> Report:
    """The report of a fix that writes comments: `fixed` are the findings they silence, `left` those that have none."""
    report = engine.check_bytes(data, filename, settings, patches=patches)
    rows: dict[int, set[str]] = {}
    for found in report.left:
        if found.code != SYNTAX_ERROR:  # nothing silences it
            rows.setdefault(found.start.row, set()).add(found.code)
    if report.before is None or not rows:
        return report
    after = commented(report.before, rows)
    left = engine.check_source(after, filename, settings, patches=patches)
    still = {(found.start, found.code) for found in left}  # a comment moves no finding
    fixed = tuple(found for found in report.left if (found.start, found.code) not in still)
    if not fixed:
        return report
    change = data, source.encode(source.decode(data), after)
    return replace(report, after=after, fixed=fixed, left=left, change=change)


def listed(reports: Iterable[Report], path: Path) -> tuple[Baseline, list[Report]]:
    """The baseline that lists all findings, and reports of what is none: errors, and files that cannot be parsed."""
    findings, rest = [], []
    for report in reports:
        lines = layout.lines(report.before or "")
        known = [found for found in report.left if found.code != SYNTAX_ERROR]
        findings += [(report.filename, line_of(found.code, lines, found.start.row)) for found in known]
        left = tuple(found for found in report.left if found.code == SYNTAX_ERROR)
        rest.append(replace(report, left=left, known=len(known)))
    return Baseline.of(path, findings), rest
