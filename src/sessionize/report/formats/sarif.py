"""Findings as SARIF 2.1.0, the standard that code scanning services read.

Written as plain values: the libraries for it are classes around the same names, to be carried by every installation.
"""

from __future__ import annotations

import json
import os
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sessionize import __version__
from sessionize.report.fingerprint import fingerprints, relative
from sessionize.report.formats import Failures, Findings, Format
from sessionize.report.wording import in_cell, with_help
from sessionize.rules import BY_CODE, RULES

if TYPE_CHECKING:
    from sessionize.engine.results import Diagnostic, Position
    from sessionize.rules import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
CODES = list(BY_CODE)


def render(findings: Findings, failures: Failures) -> str:
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "sessionize", "semanticVersion": __version__, "rules": list(map(_rule, RULES))}},
        "columnKind": "unicodeCodePoints",
        "results": list(map(_result, findings, fingerprints(findings))),
    }
    if failures:
        told = list(starmap(_notification, failures))
        run["invocations"] = [{"executionSuccessful": False, "toolExecutionNotifications": told}]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.name.replace("-", " ").capitalize()},
        "fullDescription": {"text": rule.summary},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": rule.level},
    }


def _result(found: Diagnostic, fingerprint: str) -> dict[str, object]:
    artifact = _artifact(found.filename)
    region = {} if found.region is None else {"region": _region(*found.region)}
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": CODES.index(found.code),
        "level": BY_CODE[found.code].level,
        "message": {"text": f"{in_cell(found)}{with_help(found)}"},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, **region}}],
        # Only our own key: services work out theirs, and warn if a tool does.
        "partialFingerprints": {"sessionize/v1": fingerprint},
    }
    if found.edits and found.region is not None:
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


FORMAT = Format(render, edits=True)
