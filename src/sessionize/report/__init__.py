"""Results as text for people and programs, and the exit status. Every number is counted from the reports."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from sessionize.report import concise, full, json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sessionize.engine import Diagnostic, Report

FORMATS: dict[str, Callable[[Sequence[tuple[Diagnostic, Sequence[str]]]], str]] = {
    "full": full.render,
    "concise": concise.render,
    "json": json.render,
}
HOW = {"safe": "with `sessionize fix`", "unsafe": "only with `sessionize fix --unsafe-fixes`", None: "by hand"}
SYNTAX_ERROR = "RQS901"


def render(style: str, reports: Iterable[Report]) -> str:
    """What is left in the files, in the order of the files, then of rows and columns."""
    entries = []
    for report in reports:
        # The ends of line that Python knows: form feeds and the like do not begin a new row.
        lines = re.split(r"\r\n|\r|\n", (report.before or "") if report.after is None else report.after)
        left = sorted(report.left, key=lambda found: (found.start.row, found.start.column, found.code))
        entries += [(diagnostic, lines) for diagnostic in left]
    return FORMATS[style](entries)


def summary(reports: Sequence[Report], *, clean: int = 0, fixing: bool = False, written: bool = True) -> str:
    """The closing sentences: what was fixed, what is left and how to fix it, which files failed.

    `clean` is the number of files of which there is nothing to report.
    """
    sentences = []
    if fixed := _calls(diagnostic for report in reports for diagnostic in report.fixed):
        sentences.append(f"{'Fixed' if written else 'Would fix'} {_extent(fixed)}.")
    if left := _calls(diagnostic for report in reports for diagnostic in report.left):
        counts = Counter(left.values())
        ways = ", ".join(f"{counts[kind]} {way}" for kind, way in HOW.items() if counts[kind])
        sentences.append(f"{'Left' if fixing else 'Found'} {_extent(left, ' to fix')}: {ways}.")
    if failed := sum(map(_failed, reports)):
        sentences.append(f"{_count(failed, 'file')} could not be {'fixed' if fixing else 'checked'}.")
    return " ".join(sentences) or ("All checks passed!" if reports or clean else "No Python files found.")


def exit_status(reports: Iterable[Report], *, written: bool = True) -> int:
    """2 if a file failed, 1 if findings are left or a fix was made but not written, 0 else."""
    status = 0
    for report in reports:
        if _failed(report):
            return 2
        if report.left or (report.after is not None and not written):
            status = 1
    return status


def _failed(report: Report) -> bool:
    return report.error is not None or any(diagnostic.code == SYNTAX_ERROR for diagnostic in report.left)


def _calls(diagnostics: Iterable[Diagnostic]) -> dict[tuple[str, int, int], str | None]:
    """The calls found, with their applicability. Several diagnostics may stand at one call."""
    return {
        (diagnostic.filename, diagnostic.start.row, diagnostic.start.column): diagnostic.applicability
        for diagnostic in diagnostics
        if diagnostic.code != SYNTAX_ERROR
    }


def _extent(calls: dict[tuple[str, int, int], str | None], purpose: str = "") -> str:
    return f"{_count(len(calls), 'call')}{purpose} in {_count(len({filename for filename, _, _ in calls}), 'file')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
