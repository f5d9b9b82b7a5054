"""Findings worded for the user: where each stands, and what a fix does or why there is none. It decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from sessionize.engine.analysis import Analysis, codes_in_force
from sessionize.engine.reading import line_at
from sessionize.engine.results import Diagnostic, Position
from sessionize.files.lines import bare_lines
from sessionize.files.settings import Settings
from sessionize.files.text import SourceError
from sessionize.fixes.outcome import Fix
from sessionize.rules import BY_CODE, SYNTAX_ERROR, Finding
from sessionize.syntax.parse import UnreadableError


def diagnostics(found: Analysis, findings: Iterable[Finding]) -> tuple[Diagnostic, ...]:
    """By position; UnreadableError if only LibCST can tell where a finding stands, and it can't read the text.

    That options or cookies repeat is told once for all calls of a session, at the first.
    """
    once: dict[object, Finding] = {}
    for finding in sorted(findings, key=lambda finding: finding.call):
        outcome = found.decided.get((finding.call, finding.code))
        group = (finding.code, outcome) if BY_CODE[finding.code].once_a_session and outcome is not None else finding
        once.setdefault(group, finding)
    return tuple(sorted(map(partial(_diagnostic, found), once.values()), key=lambda d: (d.start, d.code)))


def _diagnostic(found: Analysis, finding: Finding) -> Diagnostic:
    outcome = found.decided.get((finding.call, finding.code))
    if outcome is None:
        help_, applicability = _why_undecided(found, finding), None
    else:
        help_, applicability = outcome.answer(finding.options)
    start, end = found.reading.span(finding.call)
    return Diagnostic(
        finding.code,
        BY_CODE[finding.code].name,
        finding.message,
        found.filename,
        Position(*start),
        Position(*end),
        help_,
        applicability,
        line=found.reading.lines[start[0] - 1],
        fix=outcome.id if isinstance(outcome, Fix) and applicability is not None else None,
        doubts=outcome.open_doubts if isinstance(outcome, Fix) and applicability is not None else (),
        session=found.library_of(finding).session,
    )


def _why_undecided(found: Analysis, finding: Finding) -> str:
    """Why there is neither a fix nor a refusal, or which rule has to be in force for one."""
    if by_hand := BY_CODE[finding.code].by_hand:
        return f"Not fixed: {by_hand}"
    if finding in found.silenced:
        return "Not fixed: silenced by a comment"
    outcome, codes = found.decided_with_all_rules[finding.call, finding.code]
    help_, applicability = outcome.answer(finding.options)
    if applicability is None:
        return help_
    needed = sorted(codes - found.codes)
    names = " and ".join(f"{BY_CODE[code].name} ({code})" for code in needed)
    return f"Fixed only together with {names}; select {'it' if len(needed) == 1 else 'them'} too"


def unreadable(
    filename: str, settings: Settings, error: UnreadableError | SourceError, text: str = ""
) -> tuple[Diagnostic, ...]:
    """The diagnostic of a file that is not Python, where that rule is in force."""
    if SYNTAX_ERROR.code not in codes_in_force(settings, filename):
        return ()
    place = Position(error.row, error.column)
    line = line_at(bare_lines(text), error.row)
    return (Diagnostic(SYNTAX_ERROR.code, SYNTAX_ERROR.name, str(error), filename, place, place, "", None, line=line),)
