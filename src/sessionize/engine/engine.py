"""Check and fix of one source: reading, rules, suppression, plan, rewriting, and the proof of what was written.

Nothing here raises for what a file holds: whatever is wrong with it is a diagnostic or an error of its report.
"""

from __future__ import annotations

import ast
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sessionize.files import source
from sessionize.files.baseline import line_of
from sessionize.files.lines import Matcher, split_lines
from sessionize.files.noqa import Comments, may_silence
from sessionize.files.settings import Settings
from sessionize.fixes.outcome import SAFE, UNSAFE, Fix, LostCommentError
from sessionize.fixes.plan import SHARING, Planner
from sessionize.library.calls import ANY
from sessionize.library.patches import PatchesFor, TakenFrom, find, unknown
from sessionize.library.profile import VERBS
from sessionize.library.timeouts import waits
from sessionize.rules import PATCHED_REQUEST, RULES, SYNTAX_ERROR, Finding, selected
from sessionize.sharing.facts import Facts
from sessionize.syntax.notebook import Notebook, Script
from sessionize.syntax.outline import Outline, Span
from sessionize.syntax.parse import TOO_DEEP, UnreadableError, parse_ast, parse_cst
from sessionize.syntax.read_ast import read_ast

if TYPE_CHECKING:
    import libcst as cst

    from sessionize.syntax.read_cst import Nodes
    from sessionize.write.writer import Change


class Position(NamedTuple):
    """1-based, in characters."""

    row: int
    column: int


class Edit(NamedTuple):
    """Replace what stands from `start` up to `end`, in that cell of a notebook, by `content`."""

    content: str
    start: Position
    end: Position
    cell: int | None = None


class Diagnostic(NamedTuple):
    """A finding as it is told. `applicability` is `safe`, `unsafe`, or None where there is no fix; `help` says why.

    `cell`: the cell of a notebook, counted from 1, in which `start` and `end` are. `line`: what stands in the row of
    `start`, without its end. `fix`: which fix of the file it has; the findings of one fix have the same.
    """

    code: str
    name: str
    message: str
    filename: str
    start: Position
    end: Position
    help: str
    applicability: str | None
    edits: tuple[Edit, ...] = ()
    cell: int | None = None
    line: str = ""
    fix: int | None = None

    @property
    def unreadable(self) -> bool:
        """Whether it says that the file is not Python."""
        return self.code == SYNTAX_ERROR.code


Callee: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one file.

    before: its text, None if it could not be read or needed no parsing; after: its new text if a fix changed it.
    change: its content before and after that. redirected: the calls that went to a session, each as the name of its
    callee and the function of requests; bare: those that are left.
    fixed: what the fix resolved, in `before`. left: the findings in force, in `after` if there is one, else in
    `before`.
    error: why the file could not be read or written. known: how many findings the baseline lists. untimed: how many
    calls without a timeout the fix redirected. unsafe_fixes: whether the settings ask for unsafe fixes too.
    """

    filename: str
    before: str | None = None
    after: str | None = None
    fixed: tuple[Diagnostic, ...] = ()
    left: tuple[Diagnostic, ...] = ()
    error: str | None = None
    change: tuple[bytes, bytes] | None = None
    known: int = 0
    untimed: int = 0
    unsafe_fixes: bool = False
    redirected: tuple[Callee, ...] = field(default=(), compare=False)
    bare: tuple[Callee, ...] = field(default=(), compare=False)

    @property
    def failed(self) -> bool:
        """Whether the file could not be read, parsed or written."""
        return self.error is not None or any(found.unreadable for found in self.left)


def check_source(
    source: str,
    filename: str = "<stdin>",
    settings: Settings = Settings(),
    *,
    with_edits: bool = False,
    patches: PatchesFor = find,
    taken: TakenFrom = unknown,
) -> tuple[Diagnostic, ...]:
    r"""The findings in a source text, by position. `with_edits` adds the edits of each fix.

    >>> source = "import requests\nfor url in urls:\n    requests.get(url)\n"
    >>> [found] = check_source(source, with_edits=True)
    >>> found.code, found.name, found.start.row, found.start.column, found.applicability
    ('RQS101', 'request-in-loop', 3, 5, 'safe')
    >>> [edit.content for edit in found.edits]
    ['session = requests.Session()\n', '    session.get(url)\n']

    The name decides what is known about the file, and which of `per_file_ignores` hold.

    >>> from sessionize.files.settings import Settings
    >>> check_source(source, "jobs/a.py", Settings(per_file_ignores=(("jobs/*.py", ("RQS1",)),)))
    ()
    """
    return _check(source, filename, settings, patches, taken, with_edits=with_edits).left


def check_tree(
    tree: ast.Module, text: str, filename: str, settings: Settings, *, patches: PatchesFor = find
) -> tuple[Diagnostic, ...]:
    """`check_source` of a text that Python has parsed already; what flake8 silences by comments is told too."""
    try:
        found = _analysis(text, filename, settings, patches, tree=tree)
        return found.diagnostics([*found.findings, *found.silenced])
    except UnreadableError as error:
        return _broken(filename, settings, error, text)


def fix_source(
    source: str,
    filename: str = "<stdin>",
    settings: Settings = Settings(),
    *,
    patches: PatchesFor = find,
    taken: TakenFrom = unknown,
) -> Report:
    r"""Fixes what can be fixed: safe fixes, and unsafe ones where the settings say so.

    >>> report = fix_source("import requests\nfor url in urls:\n    requests.get(url)\n")
    >>> print(report.after, end="")
    import requests
    session = requests.Session()
    for url in urls:
        session.get(url)
    >>> len(report.fixed), report.left
    (1, ())

    Where nothing is fixed, `after` is None. Where something is left, `left` says what, and why.

    >>> report = fix_source("import requests\nfor url in urls:\n    requests.get(url, proxies=proxies)\n")
    >>> report.after, report.left[0].applicability
    (None, 'unsafe')
    >>> from sessionize.files.settings import Settings
    >>> "session.get" in fix_source(report.before, settings=Settings(unsafe_fixes=True)).after
    True
    """
    return _fix(source, filename, settings, patches, taken)


def check_bytes(
    data: bytes,
    filename: str,
    settings: Settings,
    *,
    with_edits: bool = False,
    patches: PatchesFor = find,
    taken: TakenFrom = unknown,
) -> Report:
    """`check_source` of a file's content; files that don't import requests are not parsed."""
    return on_bytes(
        data, filename, settings, lambda text: _check(text, filename, settings, patches, taken, with_edits=with_edits)
    )


def fix_bytes(
    data: bytes,
    filename: str,
    settings: Settings,
    *,
    patches: PatchesFor = find,
    taken: TakenFrom = unknown,
    only: Container[Fix] | None = None,
) -> Report:
    """`fix_source` of a file's content; files that don't import requests are not parsed.

    only: those of its `offers` to make, all of them if None.
    """
    return on_bytes(data, filename, settings, lambda text: _fix(text, filename, settings, patches, taken, only))


def offers(data: bytes, filename: str, settings: Settings, *, patches: PatchesFor = find) -> list[Fix]:
    """The fixes that `fix_bytes` would make, in the order of their first calls."""
    fixes: list[Fix] = []

    def note(text: str) -> Report:
        with suppress(UnreadableError):  # `fix_bytes` tells that
            found = _Rewriting(_analysis(text, filename, settings, patches)).analysis
            fixes.extend(sorted(_applied(found), key=lambda fix: min(map(found.reading.span, fix.calls))))
        return Report(filename)

    on_bytes(data, filename, settings, note)
    return fixes


def on_bytes(data: bytes, filename: str, settings: Settings, work: Callable[[str], Report]) -> Report:
    """What `work` makes of the text in a file, or of a notebook's script; nothing for what can't have findings."""
    if not source.may_have_findings(data, filename):
        return Report(filename)
    if filename.endswith(source.NOTEBOOK):
        return _of_notebook(data, filename, settings, work)
    try:
        read = source.decode(data)
    except source.SourceError as error:
        return Report(filename, left=_broken(filename, settings, UnreadableError(str(error), error.row, error.column)))
    report = work(read.text)
    if report.after is None:
        return report
    try:
        return replace(report, change=(data, source.encode(read, report.after)))
    except source.SourceError as error:
        return Report(filename, error=str(error))


def check_file(
    path: Path,
    settings: Settings,
    *,
    with_edits: bool = False,
    patches: PatchesFor = find,
    taken: TakenFrom = unknown,
) -> Report:
    """`check_bytes` of a file."""
    try:
        return check_bytes(source.read(path), str(path), settings, with_edits=with_edits, patches=patches, taken=taken)
    except source.SourceError as error:
        return Report(str(path), error=str(error))


def fix_file(
    path: Path,
    settings: Settings,
    *,
    write: bool = True,
    patches: PatchesFor = find,
    taken: TakenFrom = unknown,
) -> Report:
    """`fix_bytes` of a file, written back unless `write` is false."""
    try:
        report = fix_bytes(source.read(path), str(path), settings, patches=patches, taken=taken)
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


# --- notebooks --------------------------------------------------------------------------------------------------------


def _of_notebook(data: bytes, filename: str, settings: Settings, work: Callable[[str], Report]) -> Report:
    """What `work` makes of a notebook's script, told of its cells."""
    try:
        notebook = Notebook(data)
    except UnreadableError as error:
        return Report(filename, left=_broken(filename, settings, error) if b"requests" in data else ())
    if not notebook.mentions("requests"):
        return Report(filename)
    script = notebook.script()
    report = work(script.text)
    old = new = dict(zip(notebook.numbers, notebook.sources, strict=True))
    after = None
    if report.after is not None:
        changed = script.sources(report.after)
        if changed is None:
            wrong = f"the fix would move code from cell to cell; {_PLEASE}"
            return Report(filename, notebook.text, error=wrong)
        new, after = dict(zip(notebook.numbers, changed, strict=True)), notebook.with_sources(changed)
    left = _in_cells(report.left, script, report.after or script.text, new)
    for cell, mistake in script.mistakes:
        left += tuple(broken._replace(cell=cell) for broken in _broken(filename, settings, mistake, new[cell]))
    return replace(
        report,
        before=notebook.text,
        after=after,
        fixed=_in_cells(report.fixed, script, script.text, old),
        left=left,
        change=None if after is None else (data, after.encode()),
    )


def _in_cells(
    diagnostics: Sequence[Diagnostic], script: Script, text: str, sources: Mapping[int, str]
) -> tuple[Diagnostic, ...]:
    places = script.places(text)
    lines = cache(lambda cell: _lines(sources[cell]))

    def moved(place: Position) -> Position:
        return Position(places(place.row)[1], place.column)

    shared = {id(found.edits): found.edits for found in diagnostics}  # the findings of a fix have the same ones
    edits = {
        key: tuple(
            Edit(script.restored(edit.content), moved(edit.start), moved(edit.end), places(edit.start.row)[0])
            for edit in old
        )
        for key, old in shared.items()
    }
    return tuple(
        found._replace(
            cell=(cell := places(found.start.row)[0]),
            start=(start := moved(found.start)),
            end=moved(found.end),
            line=_line(lines(cell), start.row),
            edits=edits[id(found.edits)],
        )
        for found in diagnostics
    )


# --- one source -------------------------------------------------------------------------------------------------------


@contextmanager
def _nesting() -> Iterator[None]:
    """UnreadableError where what is done goes deeper than Python's recursion limit allows."""
    try:
        yield
    except RecursionError:
        raise UnreadableError(TOO_DEEP) from None


class _Reading:
    """A text as an outline: read through Python's own tree, or through LibCST's if that fails or is asked for.

    UnreadableError if neither reads it, RecursionError if it nests too deeply.
    """

    def __init__(self, text: str, tree: ast.Module | None = None, *, by_libcst: bool = False) -> None:
        self.text = text
        self.tree = tree
        self.known: Callable[[int], Span | None] = lambda _: None
        try:
            if not by_libcst:
                self.tree = tree or parse_ast(text)
                self.outline, places = read_ast(self.tree, text)
                self.known = places.span
                return
        except UnreadableError as error:  # a newer Python may read it
            if error.final:
                raise
        _, self.outline, _ = self.concrete

    @cached_property
    def concrete(self) -> tuple[cst.Module, Outline, Nodes]:
        """What LibCST reads."""
        from sessionize.syntax.read_cst import read_cst  # noqa: PLC0415  # LibCST costs more to import than all the rest

        module = parse_cst(self.text, self.tree)
        return module, *read_cst(module)

    def span(self, call: int) -> Span:
        """Where the callee of a call stands, or what a use (minus its tick) names. UnreadableError as `_Rewriting`."""
        return self.known(call) or self._places(call)

    @cached_property
    @_nesting()
    def _places(self) -> Callable[[int], Span]:
        from sessionize.syntax.read_cst import places  # noqa: PLC0415

        module, _, nodes = self.concrete
        return places(module, nodes)


class _Analysis:
    """What is found in a text, apart from what comments silence, and the plan for it."""

    def __init__(
        self, reading: _Reading, filename: str, settings: Settings, patches: PatchesFor, taken: TakenFrom
    ) -> None:
        self.reading = reading
        self.patches = patches
        self.taken = taken
        self.filename = filename
        self.settings = settings
        self.facts = Facts(
            reading.outline, filename, lambda names: patches(filename, reading.text, names), lambda: taken(filename)
        )
        self.codes = selected(*_selectors(settings, filename))
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
        return _lines(self.reading.text)

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
        decided = _resolving(self.fixes)
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
            decided |= dict.fromkeys(_resolving([fix]), (fix, codes))
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


def _resolving(fixes: Iterable[Fix]) -> dict[tuple[int, str], Fix]:
    """What is decided about each finding, by its call and its code."""
    return {(call, code): fix for fix in fixes for call in fix.calls for code in fix.resolves}


def _analysis(
    text: str,
    filename: str,
    settings: Settings,
    patches: PatchesFor,
    taken: TakenFrom = unknown,
    tree: ast.Module | None = None,
) -> _Analysis:
    """UnreadableError if the text can't be read."""
    with _nesting():
        return _Analysis(_Reading(text, tree), filename, settings, patches, taken)


class _Rewriting:
    """The LibCST side of an analysis; if LibCST does not read what Python reads, the decisions are made anew.

    UnreadableError, here and later, if the text is not for LibCST to read, to visit or to render.
    """

    @_nesting()
    def __init__(self, found: _Analysis) -> None:
        from sessionize.write.writer import Writer  # noqa: PLC0415

        module, outline, nodes = found.reading.concrete
        if outline != found.reading.outline:
            reading = _Reading(found.reading.text, by_libcst=True)
            found = _Analysis(reading, found.filename, found.settings, found.patches, found.taken)
        self.analysis = found
        self.text = found.reading.text
        self.writer = Writer(self.text, module, nodes, found.facts)
        if self.writer.obstacle:
            raise UnreadableError(self.writer.obstacle)

    @_nesting()
    def changes(self, fixes: Sequence[Fix]) -> list[Change]:
        """What the fixes change together. LostCommentError as `Writer.changes`."""
        return self.writer.changes(fixes, self.analysis.planner.imports(fixes))

    def written(self, fixes: Sequence[Fix]) -> str:
        """The text with these fixes made. LostCommentError as `Writer.changes`."""
        pieces, done = [], 0
        for change in self.changes(fixes):
            pieces += [self.text[done : change.start], change.new]
            done = change.end
        return "".join((*pieces, self.text[done:]))

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins."""
        return list(accumulate(map(len, split_lines(self.text)), initial=0))

    def edits(self, fix: Fix) -> tuple[Edit, ...]:
        """What a fix changes when it is made alone, as whole lines; nothing if it can't be made."""
        edits: list[Edit] = []
        try:
            for change in self.changes([fix]):
                row = bisect(self.starts, change.start)
                for edit in line_edits(self.text[change.start : change.end], change.new, row):
                    if edits and edits[-1].end == edit.start:
                        before = edits.pop()
                        edit = edit._replace(content=before.content + edit.content, start=before.start)  # noqa: PLW2901
                    edits.append(edit)
        except (LostCommentError, UnreadableError):
            return ()
        return tuple(edits)


def line_edits(before: str, after: str, row: int = 1) -> Iterator[Edit]:
    """From a text that begins in `row` to another, as whole lines."""
    old, new = split_lines(before), split_lines(after)
    for tag, i1, i2, j1, j2 in Matcher(old, new).get_opcodes():
        if tag != "equal":
            yield Edit("".join(new[j1:j2]), Position(row + i1, 1), Position(row + i2, 1))


_RULES = {rule.code: rule for rule in RULES}
_PLEASE = "please report this file"


def _check(
    text: str, filename: str, settings: Settings, patches: PatchesFor, taken: TakenFrom, *, with_edits: bool
) -> Report:
    try:
        found = _analysis(text, filename, settings, patches, taken)
        left = found.diagnostics(found.findings)
    except UnreadableError as error:
        return Report(filename, text, left=_broken(filename, settings, error, text))
    if with_edits and any(fix.applicability is not None for fix in found.fixes):
        with suppress(UnreadableError):  # the finding holds, but can't be fixed
            rewriting = _Rewriting(found)
            found = rewriting.analysis
            edits = {f.calls[0]: rewriting.edits(f) for f in found.fixes if f.applicability is not None}
            left = found.diagnostics(found.findings, edits)
    return Report(filename, text, left=left, known=found.known, unsafe_fixes=settings.unsafe_fixes)


def _fix(
    text: str,
    filename: str,
    settings: Settings,
    patches: PatchesFor,
    taken: TakenFrom,
    only: Container[Fix] | None = None,
) -> Report:
    try:
        found = _analysis(text, filename, settings, patches, taken)
        left = found.diagnostics(found.findings)
    except UnreadableError as error:
        return Report(filename, text, left=_broken(filename, settings, error, text))
    unfixed = Report(filename, text, left=left, known=found.known, bare=found.callees())
    if not _applied(found):
        return unfixed
    try:
        rewriting = _Rewriting(found)
        found = rewriting.analysis
        fixes = [fix for fix in _applied(found) if only is None or fix in only]
        if not fixes:
            return unfixed
        decided = _resolving(fixes)
        answered = found.diagnostics(finding for finding in found.findings if (finding.call, finding.code) in decided)
        fixed = tuple(told for told in answered if told.applicability is not None)
        after = rewriting.written(fixes)
    except UnreadableError as error:
        return replace(unfixed, error=f"not fixed, as {error}")
    except LostCommentError:
        return replace(unfixed, error=f"the fix would lose a comment; {_PLEASE}")
    try:
        again = _analysis(after, filename, settings, patches)
        left = again.diagnostics(again.findings)
    except UnreadableError as error:
        return replace(unfixed, error=f"the fix would break it: {error}; {_PLEASE}")
    left_out = [fix for fix in _applied(found) if only is not None and fix not in only]
    if not _codes(again, _applied(again)) <= _codes(found, left_out):
        return replace(unfixed, error=f"the fix would not come to rest; {_PLEASE}")
    untimed = {call.id for call in found.facts.bare.calls if waits(call)}
    return Report(
        filename,
        text,
        after,
        fixed,
        left,
        known=again.known,
        redirected=found.callees({call for fix in fixes for call in fix.calls}),
        bare=again.callees(),
        untimed=sum(redirect.call in untimed for fix in fixes for redirect in fix.redirects),
    )


def _applied(found: _Analysis) -> list[Fix]:
    """The fixes that the settings allow to make."""
    allowed = (SAFE, UNSAFE) if found.settings.unsafe_fixes else (SAFE,)
    return [fix for fix in found.fixes if fix.applicability in allowed]


def _codes(found: _Analysis, fixes: Iterable[Fix]) -> Counter[str]:
    """How many findings of each rule these fixes are for; what stands once a file goes on to the next call."""
    calls = {call for fix in fixes for call in fix.calls}
    codes = (finding.code for finding in found.findings if finding.call in calls)
    return Counter(code for code in codes if code != PATCHED_REQUEST.code)


def _broken(filename: str, settings: Settings, error: UnreadableError, text: str = "") -> tuple[Diagnostic, ...]:
    if SYNTAX_ERROR.code not in selected(*_selectors(settings, filename)):
        return ()
    place = Position(error.row, error.column)
    line = _line(_lines(text), error.row)
    return (Diagnostic(SYNTAX_ERROR.code, SYNTAX_ERROR.name, str(error), filename, place, place, "", None, line=line),)


def _lines(text: str) -> list[str]:
    """The lines without their ends."""
    return [line.rstrip("\r\n") for line in split_lines(text)]


def _line(lines: Sequence[str], row: int) -> str:
    """A line; empty behind the last one, or where no text could be read."""
    return lines[row - 1] if row <= len(lines) else ""


# --- selection and suppression ----------------------------------------------------------------------------------------


def _selectors(settings: Settings, filename: str) -> tuple[Sequence[str], Sequence[str]]:
    select = (*settings.select, *settings.extend_select)
    return select, (*settings.ignore, *source.ignored_codes(filename, settings))
