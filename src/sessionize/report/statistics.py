"""How many findings there are of each rule, and how many of them have a safe fix; in ruff's shape."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import click

from sessionize.report.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine.results import Diagnostic


def as_json(findings: Sequence[Diagnostic]) -> str:
    import json  # noqa: PLC0415  # most runs need none

    return json.dumps(_counts(findings), indent=2) + "\n"


def as_table(findings: Sequence[Diagnostic]) -> str:
    """A line for each rule, and one about all."""
    counts = _counts(findings)
    if not counts:
        return ""
    width = len(str(counts[0]["count"]))
    lines = []
    for row in counts:
        mark = "[*]" if row["fixable"] else "[-]" if row["fixable_count"] else "[ ]"
        number, shown = click.style(f"{row['count']:{width}}", bold=True), click.style(row["code"], fg="red", bold=True)
        lines.append(f"{number}  {shown}  {mark} {row['name']}\n")
    lines.append(f"{_total(findings)}\n")
    together = 0
    for names, more in unlocking(findings):
        together += more
        if more:
            lines.append(f"`sessionize fix --accept {','.join(names)}` fixes {count(together, 'more call')}\n")
    return "".join(lines)


def _counts(findings: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """For each rule the number of its findings, whether all have a safe fix, and how many; the most frequent first."""
    safe: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for found in findings:
        safe[found.code, found.name].append(found.applicability == "safe")
    keys = ("code", "name", "count", "fixable", "fixable_count")
    counts = [dict(zip(keys, (*rule, len(each), all(each), sum(each)), strict=True)) for rule, each in safe.items()]
    return sorted(counts, key=lambda row: (-row["count"], row["code"]))


def unlocking(findings: Sequence[Diagnostic]) -> list[tuple[list[str], int]]:
    """Doubts to accept, one, then one more, and how many more calls that would fix: the most first, three at most."""
    at_call = {found.place: {*found.doubts} for found in findings if found.applicability == "unsafe"}
    open_doubts = list(at_call.values())
    accepted: list[str] = []
    steps = []
    while open_doubts and len(accepted) < 3:
        counts, alone = Counter[str](), Counter[str]()
        for doubts in open_doubts:
            counts.update(doubts)
            alone.update(doubts if len(doubts) == 1 else ())
        best = max(sorted(counts), key=lambda name: (alone[name], counts[name]))
        accepted = [*accepted, best]
        steps.append((accepted, alone[best]))
        open_doubts = [doubts - {best} for doubts in open_doubts if doubts != {best}]
    return steps


def _total(findings: Sequence[Diagnostic]) -> str:
    """The meaning of the marks; and the number of calls, as several findings may stand at one."""
    marks = "[*] all have a safe fix, [-] some, [ ] none"
    places = [found.place for found in findings if not found.unreadable]
    calls = len(set(places))
    return marks if calls == len(places) else f"{marks}; {len(places)} findings at {count(calls, 'call')}"
