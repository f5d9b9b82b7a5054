"""Findings for programs that read line by line: the objects of `json`, one a line."""

from __future__ import annotations

import json

from sessionize.report.formats import Failures, Findings, Format
from sessionize.report.formats.json import finding


def render(findings: Findings, _failures: Failures) -> str:
    return "".join(f"{json.dumps(finding(found))}\n" for found in findings)


FORMAT = Format(render, edits=True)
