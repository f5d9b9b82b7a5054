"""Findings as a Code Quality report of GitLab, which it compares between the branches of a merge request."""

from __future__ import annotations

import json
from itertools import starmap
from typing import TYPE_CHECKING

from sessionize.report.fingerprint import fingerprint, fingerprints, relative
from sessionize.report.formats import Failures, Findings, Format
from sessionize.report.wording import in_cell, with_help
from sessionize.rules import BY_CODE

if TYPE_CHECKING:
    from sessionize.engine.results import Diagnostic

SEVERITIES = {"warning": "minor", "error": "major"}  # by the levels of rules
TOP = {"line": 1, "column": 1}  # for what is in no line of its file: some line has to be there


def render(findings: Findings, failures: Failures) -> str:
    issues = [*map(_finding, findings, fingerprints(findings)), *starmap(_failure, failures)]
    return json.dumps(issues, indent=2) + "\n"


def _finding(found: Diagnostic, name: str) -> dict[str, object]:
    begin = end = TOP
    if found.region is not None:
        begin, end = ({"line": place.row, "column": place.column} for place in found.region)
    return {
        "description": f"{in_cell(found)}{found.code} {with_help(found)}",
        "check_name": found.name,
        "fingerprint": name,
        "severity": SEVERITIES[BY_CODE[found.code].level],
        "location": {"path": relative(found.filename), "positions": {"begin": begin, "end": end}},
    }


def _failure(filename: str, reason: str) -> dict[str, object]:
    path = relative(filename)
    return {
        "description": reason,
        "check_name": "error",
        "fingerprint": fingerprint(path, reason),
        "severity": SEVERITIES["error"],
        "location": {"path": path, "positions": {"begin": TOP, "end": TOP}},
    }


FORMAT = Format(render)
