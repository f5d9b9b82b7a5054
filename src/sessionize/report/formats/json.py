"""Findings for programs: a list in the shape of ruff's `json`, with rows and columns from 1."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sessionize.report.formats import Failures, Findings, Format
from sessionize.report.statistics import as_json

if TYPE_CHECKING:
    from sessionize.engine.results import Diagnostic


def render(findings: Findings, _failures: Failures) -> str:
    # ASCII only: names that are no valid text (lone surrogates) and any encoding of the stream are no concern then.
    return json.dumps(list(map(finding, findings)), indent=2) + "\n"


def finding(found: Diagnostic) -> dict[str, object]:
    return _cell(found.cell) | {
        "code": found.code,
        "name": found.name,
        "message": found.message,
        "help": found.help,
        "filename": found.filename,
        "location": found.start._asdict(),
        "end_location": found.end._asdict(),
        "fix": found.applicability and _fix(found),
        "noqa_row": found.start.row,
        "url": None,
    }


def _fix(found: Diagnostic) -> dict[str, object]:
    edits = [
        _cell(edit.cell)
        | {"content": edit.content, "location": edit.start._asdict(), "end_location": edit.end._asdict()}
        for edit in found.edits
    ]
    return {"applicability": found.applicability, "doubts": found.doubts, "message": found.help, "edits": edits}


def _cell(cell: int | None) -> dict[str, object]:
    return {} if cell is None else {"cell": cell}


FORMAT = Format(render, edits=True, statistics=as_json)
