"""Findings as a Code Quality report of GitLab, which it compares between the branches of a merge request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sessionize.report.concise import row_of
from sessionize.report.fingerprint import fingerprints, relative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine import Diagnostic


def render(entries: Sequence[tuple[Diagnostic, Sequence[str]]]) -> str:
    issues = [_issue(found, name) for (found, _), name in zip(entries, fingerprints(entries), strict=True)]
    return json.dumps(issues, indent=2) + "\n"


def _issue(found: Diagnostic, fingerprint: str) -> dict[str, object]:
    text = f"{found.code} {found.message}"
    begin, end = ({"line": place.row, "column": place.column} for place in (found.start, found.end))
    if found.cell is not None:  # its rows are no rows of the file, and some line has to be there
        text, begin, end = f"{row_of(found)}: {text}", {"line": 1, "column": 1}, {"line": 1, "column": 1}
    return {
        "description": text,
        "check_name": found.name,
        "fingerprint": fingerprint,
        "severity": "minor",
        "location": {
            "path": relative(found.filename),
            "positions": {"begin": begin, "end": end},
        },
    }
