"""One line a finding, for editors and grep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionize.report.wording import MARKS, headline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine.results import Diagnostic


def render(findings: Sequence[Diagnostic]) -> str:
    return "".join(f"{headline(found, MARKS[found.applicability])}\n" for found in findings)
