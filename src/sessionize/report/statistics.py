"""How many findings there are of each rule, and how many of them have a safe fix; in ruff's shape."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine.results import Diagnostic


class _Count(NamedTuple):
    """One rule: the number of its findings, and of those with a safe fix."""

    code: str
    name: str
    findings: int
    fixable: int


def as_json(findings: Sequence[Diagnostic]) -> str:
    rows = [
        {
            "code": row.code,
            "name": row.name,
            "count": row.findings,
            "fixable": row.fixable == row.findings,
            "fixable_count": row.fixable,
        }
        for row in _counts(findings)
    ]
    return json.dumps(rows, indent=2) + "\n"


def as_table(findings: Sequence[Diagnostic]) -> str:
    """A line for each rule, and one about all."""
    counts = _counts(findings)
    if not counts:
        return ""
    width = max(len(str(row.findings)) for row in counts)
    lines = []
    for row in counts:
        mark = "[*]" if row.fixable == row.findings else "[-]" if row.fixable else "[ ]"
        number, shown = click.style(f"{row.findings:{width}}", bold=True), click.style(row.code, fg="red", bold=True)
        lines.append(f"{number}  {shown}  {mark} {row.name}\n")
    lines.append(f"{_total(findings)}\n")
    for names, more in unlocking(findings):
        lines.append(f"--accept {','.join(names)} would fix {more} more call{'s' if more != 1 else ''}\n")
    return "".join(lines)


def _counts(findings: Sequence[Diagnostic]) -> list[_Count]:
    """The most frequent rule first."""
    counts = Counter((found.code, found.name) for found in findings)
    fixable = Counter(found.code for found in findings if found.applicability == "safe")
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [_Count(code, name, count, fixable[code]) for (code, name), count in ranked]


def unlocking(findings: Sequence[Diagnostic]) -> list[tuple[list[str], int]]:
    """Doubts to accept, one, then one more, and how many more calls that would fix: the most first, three at most."""
    open_doubts = {found.place: {*found.doubts} for found in findings if found.applicability == "unsafe"}
    accepted: list[str] = []
    steps = []
    while open_doubts and len(accepted) < 3:
        counts = Counter(name for doubts in open_doubts.values() for name in doubts.difference(accepted))
        alone = Counter(name for doubts in open_doubts.values() for name in doubts if doubts <= {*accepted, name})
        accepted = [*accepted, max(sorted(counts), key=lambda name: (alone[name], counts[name]))]
        left = {place: doubts for place, doubts in open_doubts.items() if not doubts.issubset(accepted)}
        steps.append((accepted, len(open_doubts) - len(left)))
        open_doubts = left
    return steps


def _total(findings: Sequence[Diagnostic]) -> str:
    """The meaning of the marks; and the number of calls, as several findings may stand at one."""
    marks = "[*] all, [-] some, [ ] none with a safe fix"
    readable = [found for found in findings if not found.unreadable]
    calls = {found.place for found in readable}
    counted = f"; {len(readable)} findings at {len(calls)} call{'s' if len(calls) > 1 else ''}"
    return marks if len(calls) == len(readable) else marks + counted
