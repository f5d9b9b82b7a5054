"""One line a finding, for editors and grep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionize.report.formats import Format
from sessionize.report.statistics import as_table
from sessionize.report.wording import MARKS, headline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine.results import Diagnostic


def render(findings: Sequence[Diagnostic], _failures: Sequence[tuple[str, str]]) -> str:
    return "".join(f"{headline(found, MARKS[found.applicability])}\n" for found in findings)


FORMAT = Format(render, statistics=as_table)
