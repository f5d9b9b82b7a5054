"""One line a finding, for editors and grep."""

from __future__ import annotations

from sessionize.report.formats import Failures, Findings, Format
from sessionize.report.statistics import as_table
from sessionize.report.wording import MARKS, headline


def render(findings: Findings, _failures: Failures) -> str:
    return "".join(f"{headline(found, MARKS[found.applicability])}\n" for found in findings)


FORMAT = Format(render, statistics=as_table)
