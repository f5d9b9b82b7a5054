"""From a text to its findings and the plan for them. Nothing is rewritten here, and nothing is worded."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Sequence
from functools import cached_property
from itertools import chain, product
from operator import attrgetter

from sessionize.analysis.grouping import grouped
from sessionize.engine.reading import Reading, limited_nesting
from sessionize.engine.results import Callee
from sessionize.files.baseline import line_of
from sessionize.files.noqa import Comments, may_silence
from sessionize.files.settings import Settings
from sessionize.files.walk import of_file
from sessionize.fixes.context import SHARING
from sessionize.fixes.naming import NewNames
from sessionize.fixes.outcome import SAFE, UNSAFE, Fix, ImportEdit, Outcome
from sessionize.fixes.plan import Planner
from sessionize.library.calls import ANY, BareCall, Reference
from sessionize.library.surroundings import Around, Surroundings
from sessionize.profiles import Library, imported
from sessionize.rules import RULES, Finding, selected
from sessionize.sharing.facts import Facts
from sessionize.syntax.parse import UnreadableError

# Files that people wrote have hundreds at most; what decides about calls may take the square of their number.
MOST_CALLS = 2000


class Analysis:
    """The findings of a text that are in force, and the fixes planned for them.

    codes: the rules in force. silenced: findings that a `# noqa` takes out; known: how many the baseline takes out.
    """

    def __init__(self, reading: Reading, filename: str, settings: Settings, surroundings: Surroundings) -> None:
        self.reading = reading
        self.filename = filename
        self.settings = settings
        self.surroundings = surroundings
        around = Around(surroundings, filename, reading.text, settings.closed)
        self.views = [_view(reading, around, settings, library) for library in imported(reading.outline.modules)]
        for facts in self.views:
            if len(facts.bare.calls) > MOST_CALLS:
                raise UnreadableError(
                    f"more than {MOST_CALLS:,} calls of {facts.library.name} in one file are not analysed"
                )
        self._view_of: dict[int, Facts] = {}  # by the calls of findings
        self.codes = codes_in_force(settings, filename)
        self.findings = list(self._found_by(self.codes))
        self.silenced: set[Finding] = set()
        self.known = 0
        if self.findings and (settings.baseline is not None or may_silence(reading.text)):
            self._silence()
        self.planners = self._planners(of_file(filename, settings))
        self.outcomes = self._plan(self.planners, self.findings)
        self.fixes = [outcome for outcome in self.outcomes if isinstance(outcome, Fix)]

    def _found_by(self, codes: Container[str]) -> Iterator[Finding]:
        for facts in self.views:
            for rule in RULES:
                if rule.code in codes and facts.library.knows(rule.code):
                    for finding in rule.check(facts, self.settings):
                        self._view_of[finding.call] = facts
                        yield finding

    def library_of(self, finding: Finding) -> Library:
        """The library whose call a finding is about."""
        return self._view_of[finding.call].library

    def _planners(self, settings: Settings) -> list[Planner]:
        """A planner for each library, which give no name twice."""
        names = NewNames()
        return [Planner(facts, settings, names) for facts in self.views]

    def _plan(
        self, planners: Sequence[Planner], findings: Sequence[Finding], *, of_all_rules: bool = False
    ) -> list[Outcome]:
        """The outcomes for findings, each planned among those of its own library."""
        outcomes: list[Outcome] = []
        for planner in planners:
            own = [finding for finding in findings if self._view_of[finding.call] is planner.facts]
            outcomes += planner.plan(own, of_all_rules=of_all_rules)
        return outcomes

    def imports(self, fixes: Sequence[Fix]) -> list[ImportEdit]:
        """The changes of import statements that go with these fixes, applied together."""
        unused = (planner.unused(fixes) for planner in self.planners)
        return [*chain.from_iterable(fix.imports for fix in fixes), *chain.from_iterable(unused)]

    def _silence(self) -> None:
        """Takes out what comments silence, and then what the baseline lists."""
        baseline = self.settings.baseline
        comments = Comments(self.reading.text if may_silence(self.reading.text) else "")
        rows: dict[Finding, int] = {}
        told = []
        for finding in self.findings:
            row = rows[finding] = self.reading.span(finding.call)[0][0]
            if comments.flake8.silence(finding.code, row):
                self.silenced.add(finding)
            elif not comments.ruff.silence(finding.code, row):
                told.append(finding)
        left = told
        if baseline is not None:
            lines = self.reading.lines
            left = baseline.unlisted(self.filename, told, lambda f: line_of(f.code, lines[rows[f] - 1]))
            self.known = len(told) - len(left)
        # What else a session would be good for, or who replaces a call, does not matter where it stays as it is.
        staying = {finding.call for finding in {*self.findings} - {*left} if finding.code in SHARING}
        self.findings = [finding for finding in left if finding.code in SHARING or finding.call not in staying]

    @property
    def wanted_fixes(self) -> list[Fix]:
        """The fixes that the settings allow to make."""
        allowed = (SAFE, UNSAFE) if self.settings.unsafe_fixes else (SAFE,)
        return [fix for fix in self.fixes if fix.applicability in allowed]

    @cached_property
    def decided(self) -> dict[tuple[int, str], Outcome]:
        """The fix or refusal for each finding, by its call and its code."""
        decided: dict[tuple[int, str], Outcome] = {}
        for outcome in self.outcomes:
            decided |= dict.fromkeys(product(outcome.calls, outcome.resolves), outcome)
        return decided

    @cached_property
    def decided_with_all_rules(self) -> dict[tuple[int, str], tuple[Outcome, set[str]]]:
        """`decided`, were all rules that a session is shared for in force; with those of them that find its calls."""
        findings = [*self.findings, *chain.from_iterable(self.sharing.values())]
        decided: dict[tuple[int, str], tuple[Outcome, set[str]]] = {}
        for outcome in self._plan(self._planners(self.settings), findings, of_all_rules=True):
            codes = {finding.code for call in outcome.calls for finding in self.sharing[call]}
            decided |= dict.fromkeys(product(outcome.calls, outcome.resolves), (outcome, codes))
        return decided

    @cached_property
    def sharing(self) -> dict[int, list[Finding]]:
        """The findings that a session is shared for, in force or not, by call."""
        return grouped(self._found_by(SHARING), attrgetter("call"))

    def callees(self, among: Container[int] | None = None) -> tuple[Callee, ...]:
        """The bare calls, and the functions that are handed on: all, or of these numbers.

        They are wanted for the patches of tests, so of libraries whose patches are read.
        """
        callees: list[Callee] = []
        for facts in self.views:
            sites: list[BareCall | Reference] = [*facts.bare.calls, *facts.bare.references]
            for site in sites if facts.library.reads_patches else ():
                if among is None or site.id in among:
                    callees += product([site.shown], facts.library.functions if site.verb == ANY else [site.verb])
        return tuple(callees)


def _view(reading: Reading, around: Around, settings: Settings, library: Library) -> Facts:
    """All that is known of a file as a program of one library."""
    factory = settings.session_factory.replace(":", ".") if library.factory else ""
    return Facts(reading.outline, around, factory, shared=settings.session_factory_shared, library=library)


def analyse(
    text: str, filename: str, settings: Settings, surroundings: Surroundings, tree: ast.Module | None = None
) -> Analysis:
    """UnreadableError if the text can't be read. tree: the text as Python has parsed it, where that was done."""
    with limited_nesting():
        return Analysis(Reading(text, tree), filename, settings, surroundings)


def codes_in_force(settings: Settings, filename: str) -> frozenset[str]:
    """The rules that the settings select for a file."""
    settings = of_file(filename, settings)
    return selected((*settings.select, *settings.extend_select), settings.ignore)
