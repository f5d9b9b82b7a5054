"""Findings for programs that read line by line: the objects of `json`, one a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sessionize.report.formats import Format
from sessionize.report.formats.json import finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine.results import Diagnostic


def render(findings: Sequence[Diagnostic], _failures: Sequence[tuple[str, str]]) -> str:
    return "".join(f"{json.dumps(finding(found))}\n" for found in findings)


FORMAT = Format(render, edits=True)
