"""How many findings there are of each rule, and how many of them have a safe fix; in ruff's shape."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine.results import Diagnostic


def render(style: str, findings: Sequence[Diagnostic]) -> str:
    """A line for each rule and one about all, or an object for each if `style` is `json`; the most frequent first."""
    counts = Counter((found.code, found.name) for found in findings)
    fixable = Counter(found.code for found in findings if found.applicability == "safe")
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if style == "json":
        rows = [
            {
                "code": code,
                "name": name,
                "count": count,
                "fixable": fixable[code] == count,
                "fixable_count": fixable[code],
            }
            for (code, name), count in ranked
        ]
        return json.dumps(rows, indent=2) + "\n"
    width = max((len(str(count)) for count in counts.values()), default=0)
    lines = []
    for (code, name), count in ranked:
        mark = "[*]" if fixable[code] == count else "[-]" if fixable[code] else "[ ]"
        number, shown = click.style(f"{count:{width}}", bold=True), click.style(code, fg="red", bold=True)
        lines.append(f"{number}  {shown}  {mark} {name}\n")
    return "".join([*lines, f"{_total(findings)}\n"]) if lines else ""


def _total(findings: Sequence[Diagnostic]) -> str:
    """What the marks mean; and how many calls there are, as several findings may stand at one."""
    marks = "[*] all, [-] some, [ ] none with a safe fix"
    readable = [found for found in findings if not found.unreadable]
    calls = {(found.filename, found.cell, found.start) for found in readable}
    counted = f"; {len(readable)} findings at {len(calls)} call{'s' if len(calls) > 1 else ''}"
    return marks if len(calls) == len(readable) else marks + counted
