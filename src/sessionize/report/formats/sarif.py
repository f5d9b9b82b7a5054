"""Findings as SARIF 2.1.0, the standard that code scanning services read.

Written as plain values: the libraries for it are classes around the same names, to be carried by every installation.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sessionize import __version__
from sessionize.report.fingerprint import fingerprints, relative
from sessionize.report.severity import level
from sessionize.report.wording import row_of, with_help
from sessionize.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine.results import Diagnostic, Position
    from sessionize.rules import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
INDEX = {rule.code: number for number, rule in enumerate(RULES)}


def render(findings: Sequence[Diagnostic], failures: Sequence[tuple[str, str]]) -> str:
    names = fingerprints(findings)
    run: dict[str, Any] = {
        "tool": {
            "driver": {"name": "sessionize", "semanticVersion": __version__, "rules": [_rule(rule) for rule in RULES]}
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, name) for found, name in zip(findings, names, strict=True)],
    }
    if failures:
        told = [_notification(*failure) for failure in failures]
        run["invocations"] = [{"executionSuccessful": False, "toolExecutionNotifications": told}]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, object]:
    what = rule.page.split("\n\n")[0].partition("\n")[2].replace("\n", " ")
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.name.replace("-", " ").capitalize()},
        "fullDescription": {"text": what},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": level(rule.code)},
    }


def _result(found: Diagnostic, fingerprint: str) -> dict[str, object]:
    artifact = _artifact(found.filename)
    # A notebook's rows are those of a cell, which mean nothing in its file: neither to show nor to change it.
    inside = found.cell is None
    region = {"region": _region(found.start, found.end)} if inside else {}
    place = "" if inside else f"{row_of(found)}: "
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": INDEX[found.code],
        "level": level(found.code),
        "message": {"text": f"{place}{with_help(found)}"},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, **region}}],
        # Only our own key: services work out theirs, and warn if a tool does.
        "partialFingerprints": {"sessionize/v1": fingerprint},
    }
    if found.edits and inside:
        replacements = [
            {"deletedRegion": _region(edit.start, edit.end), "insertedContent": {"text": edit.content}}
            for edit in found.edits
        ]
        change = {"artifactLocation": artifact, "replacements": replacements}
        result["fixes"] = [{"description": {"text": found.help}, "artifactChanges": [change]}]
    return result


def _notification(filename: str, reason: str) -> dict[str, object]:
    location = {"physicalLocation": {"artifactLocation": _artifact(filename)}}
    return {"level": "error", "message": {"text": reason}, "locations": [location]}


def _artifact(filename: str) -> dict[str, str]:
    """A file inside the current folder is told from it; that is where the sources lie for whoever reads this."""
    path = Path(relative(filename))
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(os.fsencode(path.as_posix())), "uriBaseId": "%SRCROOT%"}


def _region(start: Position, end: Position) -> dict[str, int]:
    return {"startLine": start.row, "startColumn": start.column, "endLine": end.row, "endColumn": end.column}
