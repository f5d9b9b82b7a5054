"""Output formats, a module each with its `FORMAT`. Only the one that is asked for is imported: some load all rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from sessionize.engine.results import Diagnostic, Report

Findings: TypeAlias = "Sequence[Diagnostic]"
Failures: TypeAlias = "Sequence[tuple[str, str]]"  # the names of files, each with the reason

FORMATS = ("full", "concise", "json", "jsonl", "github", "gitlab", "sarif", "junit")
MOST = 100


class Format(NamedTuple):
    """One way to tell findings.

    render: tells the findings; and the files that failed, each with the reason, if the format has a place for them.
    edits: whether it lists the edits of fixes. statistics: tells how many findings there are, if the format can.
    """

    render: Callable[[Findings, Failures], str]
    edits: bool = False
    statistics: Callable[[Findings], str] | None = None


def format_named(name: str) -> Format:
    """The format of one of the names in `FORMATS`."""
    found: Format = import_module(f"sessionize.report.formats.{name}").FORMAT
    return found


def render(name: str, reports: Iterable[Report], *, statistics: bool = False) -> str:
    """The findings left in the files, in their order, then of cells, rows and columns; or the numbers of them."""
    asked_for = format_named(name)
    findings: list[Diagnostic] = []
    failures: list[tuple[str, str]] = []
    for report in reports:
        findings += sorted(report.left, key=lambda found: (found.cell or 0, found.start, found.code))
        if report.error is not None:
            failures.append((report.filename, report.error))
    if statistics:
        assert asked_for.statistics is not None
        return asked_for.statistics(findings)
    return asked_for.render(list(_unrepeated(findings)) if asked_for.edits else findings, failures)


def _unrepeated(findings: Findings) -> Iterator[Diagnostic]:
    """Findings of which each has the edits of its fix, or, where more than `MOST` share a fix, only the first."""
    shared = Counter(id(found.edits) for found in findings)
    told: set[int] = set()
    for found in findings:
        fix = id(found.edits)
        yield found._replace(edits=()) if fix in told else found
        if shared[fix] > MOST:
            told.add(fix)
