"""Output formats, a module each, imported only when it is asked for."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sessionize.engine.results import Diagnostic, Report

FORMATS = ("full", "concise", "json", "jsonl", "github", "gitlab", "sarif", "junit")
WITH_EDITS = ("json", "jsonl", "sarif")
MOST = 100
WITH_FAILURES = ("github", "gitlab", "sarif", "junit")
WITH_STATISTICS = ("full", "concise", "json")


def render(style: str, reports: Iterable[Report], *, statistics: bool = False) -> str:
    """What is left in the files, in their order, then of cells, rows and columns; or how much of it there is.

    Which files failed is told, too, in formats that have a place for it.
    """
    findings, failures = [], []
    for report in reports:
        findings += sorted(report.left, key=lambda found: (found.cell or 0, found.start, found.code))
        failures += [(report.filename, report.error)] if report.error is not None else []
    if statistics:
        return str(import_module("sessionize.report.statistics").render(style, findings))
    if style in WITH_EDITS:
        findings = list(_unrepeated(findings))
    told = (findings, failures) if style in WITH_FAILURES else (findings,)
    return str(import_module(f"sessionize.report.formats.{style}").render(*told))


def _unrepeated(findings: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Findings of which each has the edits of its fix, or, where more than `MOST` share a fix, only the first."""
    shared = Counter(id(found.edits) for found in findings)
    told: set[int] = set()
    for found in findings:
        fix = id(found.edits)
        yield found._replace(edits=()) if fix in told else found
        if shared[fix] > MOST:
            told.add(fix)
