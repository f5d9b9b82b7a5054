"""Findings as a Code Quality report of GitLab, which it compares between the branches of a merge request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sessionize.report.fingerprint import fingerprints, relative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine import Diagnostic


def render(entries: Sequence[tuple[Diagnostic, Sequence[str]]]) -> str:
    issues = [_issue(found, name) for (found, _), name in zip(entries, fingerprints(entries), strict=True)]
    return json.dumps(issues, indent=2) + "\n"


def _issue(found: Diagnostic, fingerprint: str) -> dict[str, object]:
    places = {"begin": found.start, "end": found.end}
    return {
        "description": f"{found.code} {found.message}",
        "check_name": found.name,
        "fingerprint": fingerprint,
        "severity": "minor",
        "location": {
            "path": relative(found.filename),
            "positions": {name: {"line": place.row, "column": place.column} for name, place in places.items()},
        },
    }
