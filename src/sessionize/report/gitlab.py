"""Findings as a Code Quality report of GitLab, which it compares between the branches of a merge request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sessionize.report.concise import row_of, with_help
from sessionize.report.fingerprint import fingerprint, fingerprints, relative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine import Diagnostic


TOP = {"line": 1, "column": 1}  # for what is in no line of its file: some line has to be there


def render(entries: Sequence[tuple[Diagnostic, Sequence[str]]], failures: Sequence[tuple[str, str]]) -> str:
    issues = [_of_finding(found, name) for (found, _), name in zip(entries, fingerprints(entries), strict=True)]
    issues += [_issue(reason, "error", fingerprint(relative(name), reason), name) for name, reason in failures]
    return json.dumps(issues, indent=2) + "\n"


def _of_finding(found: Diagnostic, name: str) -> dict[str, object]:
    text = f"{found.code} {with_help(found)}"
    if found.cell is not None:
        return _issue(f"{row_of(found)}: {text}", found.name, name, found.filename)
    ends = ({"line": place.row, "column": place.column} for place in (found.start, found.end))
    return _issue(text, found.name, name, found.filename, *ends)


def _issue(
    text: str, kind: str, name: str, filename: str, begin: dict[str, int] = TOP, end: dict[str, int] = TOP
) -> dict[str, object]:
    return {
        "description": text,
        "check_name": kind,
        "fingerprint": name,
        "severity": "minor",
        "location": {"path": relative(filename), "positions": {"begin": begin, "end": end}},
    }
