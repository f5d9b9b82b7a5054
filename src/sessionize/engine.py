"""Check and fix of one source: reading, rules, suppression, plan, rewriting, and the proof of what was written.

Nothing here raises for what a file holds: whatever is wrong with it is a diagnostic or an error of its report.
"""

from __future__ import annotations

import ast
import difflib
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from sessionize import source, tabs
from sessionize.config import Settings
from sessionize.facts import Facts
from sessionize.fix import SAFE, UNSAFE, Fix
from sessionize.noqa import unsuppressed
from sessionize.plan import Planner
from sessionize.read_cst import read_cst
from sessionize.rewrite import comments, rewrite
from sessionize.rules import RULES, Finding, selected


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """1-based, in characters."""

    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace what stands from `start` up to `end` by `content`."""

    content: str
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding as it is told. `applicability` is `safe`, `unsafe`, or None where there is no fix; `help` says why."""

    code: str
    name: str
    message: str
    filename: str
    start: Position
    end: Position
    help: str
    applicability: str | None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one file.

    before: its text, None if it could not be read or needed no parsing; after: its new text if a fix changed it.
    change: its content before and after that.
    fixed: what the fix resolved, in `before`. left: the findings in force, in `after` if there is one, else in
    `before`.
    error: why the file could not be read or written.
    """

    filename: str
    before: str | None = None
    after: str | None = None
    fixed: tuple[Diagnostic, ...] = ()
    left: tuple[Diagnostic, ...] = ()
    error: str | None = None
    change: tuple[bytes, bytes] | None = None


def check_source(
    source: str, filename: str = "<stdin>", settings: Settings = Settings(), *, with_edits: bool = False
) -> tuple[Diagnostic, ...]:
    """The findings in a source text, by position. `with_edits` adds the edits of each fix."""
    return _check(source, filename, settings, with_edits=with_edits)


def fix_source(source: str, filename: str = "<stdin>", settings: Settings = Settings()) -> Report:
    """Fixes what can be fixed: safe fixes, and unsafe ones where the settings say so."""
    return _fix(source, filename, settings)


def check_bytes(data: bytes, filename: str, settings: Settings, *, with_edits: bool = False) -> Report:
    """`check_source` of a file's content; files that don't mention requests are not parsed."""
    if not source.may_have_findings(data):
        return Report(filename)
    try:
        text = source.decode(data).text
    except source.SourceError as error:
        return Report(filename, left=_broken(filename, settings, str(error), Position(1, 1)))
    return Report(filename, text, left=_check(text, filename, settings, with_edits=with_edits))


def fix_bytes(data: bytes, filename: str, settings: Settings) -> Report:
    """`fix_source` of a file's content; files that don't mention requests are not parsed."""
    if not source.may_have_findings(data):
        return Report(filename)
    try:
        read = source.decode(data)
    except source.SourceError as error:
        return Report(filename, left=_broken(filename, settings, str(error), Position(1, 1)))
    report = _fix(read.text, filename, settings)
    if report.after is None:
        return report
    try:
        return replace(report, change=(data, source.encode(read, report.after)))
    except source.SourceError as error:
        return Report(filename, error=str(error))


def check_file(path: Path, settings: Settings, *, with_edits: bool = False) -> Report:
    """`check_bytes` of a file."""
    try:
        return check_bytes(source.read(path), str(path), settings, with_edits=with_edits)
    except source.SourceError as error:
        return Report(str(path), error=str(error))


def fix_file(path: Path, settings: Settings, *, write: bool = True) -> Report:
    """`fix_bytes` of a file, written back unless `write` is false."""
    try:
        report = fix_bytes(source.read(path), str(path), settings)
    except source.SourceError as error:
        return Report(str(path), error=str(error))
    return written(report) if write else report


def written(report: Report) -> Report:
    """The report of a fix, once its file holds what it says."""
    if report.change is None:
        return report
    try:
        source.write(report.filename, *report.change)
    except source.SourceError as error:
        return Report(report.filename, error=str(error))
    return report


# --- one source -------------------------------------------------------------------------------------------------------


class _UnreadableError(Exception):
    """A source that is not Python, and where that shows."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.position = position


@dataclass
class _Analysis:
    """A source with its findings and the plan for them."""

    text: str
    filename: str
    settings: Settings
    module: cst.Module = field(init=False)
    facts: Facts = field(init=False)
    findings: list[Finding] = field(init=False)

    def __post_init__(self) -> None:
        self.module, self.expanded = _parsed(self.text)
        outline, self.nodes = read_cst(self.module)
        self.facts = Facts(outline, self.filename)
        codes = selected(*_selectors(self.settings, self.filename))
        found = [finding for rule in RULES for finding in rule.check(self.facts, self.settings)]
        self.findings = [finding for finding in found if finding.code in codes]
        if self.findings and "noqa" in self.text:
            self.findings = unsuppressed(self.findings, lambda f: f.code, lambda f: self.span(f)[0].row, self.text)
        self.planner = Planner(self.facts, self.settings)
        self.fixes = self.planner.plan(self.findings)
        self.fix_of = {call: fix for fix in self.fixes for call in fix.calls}

    @cached_property
    def positions(self) -> Mapping[cst.CSTNode, CodeRange]:
        wrapper = MetadataWrapper(self.module, unsafe_skip_copy=True)
        return wrapper.resolve(PositionProvider)

    def span(self, finding: Finding) -> tuple[Position, Position]:
        """Where the callee of a finding stands in the text."""
        handed_on = finding.call < 0
        callee = self.nodes.references[-finding.call] if handed_on else self.nodes.calls[finding.call].func
        place = self.positions[callee]
        shift = tabs.removed_before(self.text, place.start.line) if self.expanded else 0
        start, end = place.start, place.end
        return Position(start.line, start.column + 1 - shift), Position(end.line, end.column + 1 - shift)

    def diagnostics(self, findings: Iterable[Finding], *, with_edits: bool = False) -> tuple[Diagnostic, ...]:
        edits = {fix: self.edits(fix) for fix in self.fixes if fix.applicability is not None} if with_edits else {}
        diagnostics = []
        for finding in findings:
            fix = self.fix_of.get(finding.call)
            own = fix is not None and set(finding.options) <= set(fix.hoist)
            diagnostics.append(
                Diagnostic(
                    finding.code,
                    _NAMES[finding.code],
                    finding.message,
                    self.filename,
                    *self.span(finding),
                    fix.help if fix is not None and own else _without_fix(fix),
                    fix.applicability if fix is not None and own else None,
                    edits.get(fix, ()) if fix is not None and own else (),
                )
            )
        return tuple(sorted(diagnostics, key=lambda d: (d.start, d.code)))

    def rewritten(self, fixes: Sequence[Fix]) -> str:
        imports = self.planner.imports(fixes)
        code = rewrite(self.module, self.nodes, self.facts, fixes, imports, self.positions).code
        return tabs.restored(self.text, code) if self.expanded else code

    def edits(self, fix: Fix) -> tuple[Edit, ...]:
        """What a fix changes when it is made alone, as whole lines."""
        old, new = _lines(self.text), _lines(self.rewritten([fix]))
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        return tuple(
            Edit("".join(new[j1:j2]), Position(i1 + 1, 1), Position(i2 + 1, 1))
            for tag, i1, i2, j1, j2 in matcher.get_opcodes()
            if tag != "equal"
        )


def _parsed(text: str) -> tuple[cst.Module, bool]:
    """The tree of a text, and whether its indentation had to be expanded for LibCST to read it."""
    refused = _refused_by_python(text)
    module = _tree(text)
    if isinstance(module, cst.Module):
        return module, False
    if refused is not None:
        raise refused
    again = _tree(tabs.expanded(text)) if "\t" in text else module
    if isinstance(again, cst.Module):
        return again, True
    raise _UnreadableError(f"LibCST cannot read it: {module}", Position(1, 1))


def _tree(text: str) -> cst.Module | str:
    """The tree of a text, or why LibCST can't make one."""
    try:
        return cst.parse_module(text)
    except (cst.ParserSyntaxError, cst.CSTValidationError, cst.CSTLogicError, UnicodeEncodeError) as error:
        return str(error).partition("\n")[0]


def _refused_by_python(text: str) -> _UnreadableError | None:
    """What this Python says against a text; a newer one may accept it. Raises it where the nesting would end LibCST."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nested = _levels(ast.parse(text)) > _LEVELS
    except SyntaxError as error:
        refused = _UnreadableError(error.msg, Position(max(error.lineno or 1, 1), max(error.offset or 1, 1)))
        if "too many" in error.msg or "too complex" in error.msg:
            raise refused from None
        return refused
    except (RecursionError, MemoryError):
        nested = True
    except ValueError as error:  # lone surrogates
        return _UnreadableError(str(error), Position(1, 1))
    if nested:
        raise _UnreadableError(_TOO_DEEP, Position(1, 1))
    return None


def _levels(tree: ast.AST) -> int:
    """How deep a tree is, up to a level beyond `_LEVELS`."""
    level: list[ast.AST] = [tree]
    depth = 0
    while level and depth <= _LEVELS:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth


_LEVELS = 1000  # at about 3,000 LibCST's parser, which is not in Python, overflows the stack
_TOO_DEEP = "the code nests too deeply to be read"
_NAMES = {rule.code: rule.name for rule in RULES}


def _without_fix(fix: Fix | None) -> str:
    if fix is None:
        return "Fixed together with request-in-loop (RQS101) or repeated-requests (RQS102); select them too"
    if fix.applicability is None:
        return fix.help
    return "Not fixed: the session that is there makes calls that must not get it"


def _check(text: str, filename: str, settings: Settings, *, with_edits: bool) -> tuple[Diagnostic, ...]:
    try:
        analysis = _Analysis(text, filename, settings)
        return analysis.diagnostics(analysis.findings, with_edits=with_edits)
    except _UnreadableError as error:
        return _broken(filename, settings, str(error), error.position)
    except RecursionError:
        return _broken(filename, settings, _TOO_DEEP, Position(1, 1))


def _fix(text: str, filename: str, settings: Settings) -> Report:
    try:
        return _fixed(_Analysis(text, filename, settings))
    except _UnreadableError as error:
        return Report(filename, text, left=_broken(filename, settings, str(error), error.position))
    except RecursionError:
        return Report(filename, text, left=_broken(filename, settings, _TOO_DEEP, Position(1, 1)))


def _fixed(analysis: _Analysis) -> Report:
    text, filename, settings = analysis.text, analysis.filename, analysis.settings
    allowed = (SAFE, UNSAFE) if settings.unsafe_fixes else (SAFE,)
    fixes = [fix for fix in analysis.fixes if fix.applicability in allowed]
    if not fixes:
        return Report(filename, text, left=analysis.diagnostics(analysis.findings))
    done = {call: set(fix.hoist) for fix in fixes for call in fix.calls}
    after = analysis.rewritten(fixes)
    try:
        again = _Analysis(after, filename, settings)
        wrong = _proof(analysis, again, allowed)
    except _UnreadableError as error:
        wrong = f"the fix would break it: {error}; please report this file"
    if wrong is not None:
        return Report(filename, text, left=analysis.diagnostics(analysis.findings), error=wrong)
    fixed = analysis.diagnostics(f for f in analysis.findings if f.call in done and set(f.options) <= done[f.call])
    return Report(filename, text, after, fixed, again.diagnostics(again.findings))


def _proof(before: _Analysis, again: _Analysis, allowed: tuple[str, ...]) -> str | None:
    """What is wrong with a fixed source: it must hold every comment, and nothing more that could be fixed."""
    old, new = ([comment.value for comment in comments(analysis.module)] for analysis in (before, again))
    if sorted(old) != sorted(new):
        return "the fix would lose a comment; please report this file"
    if any(fix.applicability in allowed for fix in again.fixes):
        return "the fix would not come to rest; please report this file"
    return None


def _broken(filename: str, settings: Settings, message: str, position: Position) -> tuple[Diagnostic, ...]:
    if "RQS901" not in selected(*_selectors(settings, filename)):
        return ()
    return (Diagnostic("RQS901", _NAMES["RQS901"], message, filename, position, position, "", None),)


def _lines(text: str) -> list[str]:
    """The lines as Python counts them: other than `str.splitlines`, not by form feeds and the like."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


# --- selection and suppression ----------------------------------------------------------------------------------------


def _selectors(settings: Settings, filename: str) -> tuple[Sequence[str], Sequence[str]]:
    ignore = list(settings.ignore)
    for pattern, codes in settings.per_file_ignores:
        if source.matches(filename, pattern):
            ignore += codes
    return (*settings.select, *settings.extend_select), ignore
