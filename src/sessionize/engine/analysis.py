"""From a text to findings and a plan: reading, rules, suppression. Nothing is rewritten here."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from sessionize.engine.reading import Reading, limited_nesting
from sessionize.engine.results import Callee, Diagnostic, Edit, Position
from sessionize.files import source
from sessionize.files.baseline import line_of
from sessionize.files.lines import split_lines
from sessionize.files.noqa import Comments, may_silence
from sessionize.files.settings import Settings
from sessionize.fixes.outcome import Fix
from sessionize.fixes.plan import SHARING, Planner
from sessionize.library.calls import ANY
from sessionize.library.profile import VERBS
from sessionize.sharing.facts import Facts
from sessionize.library.surroundings import Surroundings
from sessionize.rules import RULES, SYNTAX_ERROR, Finding, selected
from sessionize.syntax.parse import UnreadableError

_RULES = {rule.code: rule for rule in RULES}


class Analysis:
    """What is found in a text, apart from what comments silence, and the plan for it."""

    def __init__(self, reading: Reading, filename: str, settings: Settings, surroundings: Surroundings) -> None:
        self.reading = reading
        self.surroundings = surroundings
        self.filename = filename
        self.settings = settings
        self.facts = Facts(
            reading.outline,
            filename,
            lambda names: surroundings.patches(filename, reading.text, names),
            lambda: surroundings.taken(filename),
        )
        self.codes = selected(*selectors(settings, filename))
        rules = [rule for rule in RULES if rule.code in self.codes]
        self.findings = [finding for rule in rules for finding in rule.check(self.facts, settings)]
        self.silenced: set[Finding] = set()
        self.known = 0
        if self.findings and (settings.baseline is not None or may_silence(reading.text)):
            self._silence()
        self.planner = Planner(self.facts, settings)
        self.fixes = self.planner.plan(self.findings)

    @cached_property
    def lines(self) -> list[str]:
        return lines_of(self.reading.text)

    def _silence(self) -> None:
        """Takes out what comments silence, and then what the baseline lists."""
        baseline = self.settings.baseline
        rows = {finding: self.reading.span(finding.call)[0][0] for finding in self.findings}
        comments = Comments(self.reading.text if may_silence(self.reading.text) else "")
        self.silenced = {finding for finding in rows if comments.for_flake8(finding.code, rows[finding])}
        silent = {*self.silenced, *(finding for finding in rows if comments.for_ruff(finding.code, rows[finding]))}
        self.findings = [finding for finding in self.findings if finding not in silent]
        if baseline is not None:
            told = baseline.unlisted(self.filename, self.findings, lambda f: line_of(f.code, self.lines[rows[f] - 1]))
            self.known = len(self.findings) - len(told)
            self.findings = told

    def diagnostics(
        self, findings: Iterable[Finding], edits: Mapping[int, tuple[Edit, ...]] = MappingProxyType({})
    ) -> tuple[Diagnostic, ...]:
        """`edits`: of each fix, by its first call."""
        decided = by_finding(self.fixes)
        diagnostics = []
        for finding in findings:
            fix = decided.get((finding.call, finding.code))
            help_, applicability = (self._undecided(finding), None) if fix is None else fix.told(finding.options)
            own = fix if applicability is not None else None
            start, end = self.reading.span(finding.call)
            diagnostics.append(
                Diagnostic(
                    finding.code,
                    _RULES[finding.code].name,
                    finding.message,
                    self.filename,
                    Position(*start),
                    Position(*end),
                    help_,
                    applicability,
                    edits.get(own.calls[0], ()) if own is not None else (),
                    line=self.lines[start[0] - 1],
                    fix=own.calls[0] if own is not None else None,
                )
            )
        return tuple(sorted(diagnostics, key=lambda d: (d.start, d.code)))

    def _undecided(self, finding: Finding) -> str:
        """Why nothing is decided about a finding, or which rule has to be in force for that."""
        if by_hand := _RULES[finding.code].by_hand:
            return f"Not fixed: {by_hand}"
        if finding in self.silenced:
            return "Not fixed: it is silenced"
        fix, codes = self._if_all_were_in_force[finding.call, finding.code]
        help_, applicability = fix.told(finding.options)
        if applicability is None:
            return help_
        off = codes - self.codes
        needed = sorted(off or {silenced.code for silenced in self._sharing[finding.call]})
        names = " and ".join(f"{_RULES[code].name} ({code})" for code in needed)
        select = f"select {'it' if len(needed) == 1 else 'them'} too"
        return f"Fixed together with {names}; {select if off else 'silenced here'}"

    @cached_property
    def _if_all_were_in_force(self) -> dict[tuple[int, str], tuple[Fix, set[str]]]:
        """What would be decided with all the rules that a session is shared for, and which of them find its calls."""
        found = [finding for at_call in self._sharing.values() for finding in at_call]
        decided: dict[tuple[int, str], tuple[Fix, set[str]]] = {}
        for fix in Planner(self.facts, self.settings).plan([*self.findings, *found]):
            codes = {finding.code for call in fix.calls for finding in self._sharing[call]}
            decided |= dict.fromkeys(by_finding([fix]), (fix, codes))
        return decided

    @cached_property
    def _sharing(self) -> dict[int, list[Finding]]:
        """What the rules find that a session is shared for, in force or not, by call."""
        sharing: dict[int, list[Finding]] = defaultdict(list)
        for rule in RULES:
            for finding in rule.check(self.facts, self.settings) if rule.code in SHARING else ():
                sharing[finding.call].append(finding)
        return sharing

    def callees(self, among: Container[int] | None = None) -> tuple[Callee, ...]:
        """The bare calls, those that are handed on included: all, or of these numbers."""
        found = [(call.id, call.shown, call.verb) for call in self.facts.bare.calls]
        found += [(-reference.use.tick, reference.shown, reference.verb) for reference in self.facts.bare.references]
        named = [(shown, verb) for number, shown, verb in found if among is None or number in among]
        return tuple((shown, one) for shown, verb in named for one in ([verb] if verb != ANY else VERBS))


def by_finding(fixes: Iterable[Fix]) -> dict[tuple[int, str], Fix]:
    """What is decided about each finding, by its call and its code."""
    return {(call, code): fix for fix in fixes for call in fix.calls for code in fix.resolves}


def analyse(
    text: str,
    filename: str,
    settings: Settings,
    surroundings: Surroundings,
    tree: ast.Module | None = None,
) -> Analysis:
    """UnreadableError if the text can't be read."""
    with limited_nesting():
        return Analysis(Reading(text, tree), filename, settings, surroundings)


def broken(filename: str, settings: Settings, error: UnreadableError, text: str = "") -> tuple[Diagnostic, ...]:
    if SYNTAX_ERROR.code not in selected(*selectors(settings, filename)):
        return ()
    place = Position(error.row, error.column)
    line = line_at(lines_of(text), error.row)
    return (Diagnostic(SYNTAX_ERROR.code, SYNTAX_ERROR.name, str(error), filename, place, place, "", None, line=line),)


def lines_of(text: str) -> list[str]:
    """The lines without their ends."""
    return [line.rstrip("\r\n") for line in split_lines(text)]


def line_at(lines: Sequence[str], row: int) -> str:
    """A line; empty behind the last one, or where no text could be read."""
    return lines[row - 1] if row <= len(lines) else ""


def selectors(settings: Settings, filename: str) -> tuple[Sequence[str], Sequence[str]]:
    select = (*settings.select, *settings.extend_select)
    return select, (*settings.ignore, *source.ignored_codes(filename, settings))
