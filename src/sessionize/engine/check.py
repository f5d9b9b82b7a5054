"""Check of one source. Nothing here raises for what a file holds, and nothing changes it."""

from __future__ import annotations

import ast
from contextlib import suppress
from dataclasses import replace

from sessionize.engine.analysis import Analysis, analyse
from sessionize.engine.diagnostics import diagnostics, unreadable
from sessionize.engine.notebooks import on_bytes
from sessionize.engine.results import Diagnostic, Edit, Report
from sessionize.engine.rewriting import Rewriting
from sessionize.files.settings import Settings
from sessionize.library.surroundings import UNKNOWN, Surroundings
from sessionize.syntax.parse import UnreadableError


def check_source(
    source: str,
    filename: str = "<stdin>",
    settings: Settings = Settings(),
    *,
    with_edits: bool = False,
    surroundings: Surroundings = UNKNOWN,
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
    return _check(source, filename, settings, surroundings, with_edits=with_edits).left


def check_tree(
    tree: ast.Module, text: str, filename: str, settings: Settings, *, surroundings: Surroundings = UNKNOWN
) -> tuple[Diagnostic, ...]:
    """`check_source` of a text that Python has parsed already; what flake8 silences by comments is told too."""
    try:
        found = analyse(text, filename, settings, surroundings, tree=tree)
        return diagnostics(found, [*found.findings, *found.silenced])
    except UnreadableError as error:
        return unreadable(filename, settings, error, text)


def check_bytes(
    data: bytes,
    filename: str,
    settings: Settings,
    *,
    with_edits: bool = False,
    surroundings: Surroundings = UNKNOWN,
) -> Report:
    """`check_source` of a file's content; files that don't import requests are not parsed."""
    return on_bytes(
        data, filename, settings, lambda text: _check(text, filename, settings, surroundings, with_edits=with_edits)
    )


def examine(text: str, filename: str, settings: Settings, surroundings: Surroundings) -> tuple[Report, Analysis | None]:
    """The report of a check without edits, and the analysis behind it; None if the text can't be read."""
    try:
        found = analyse(text, filename, settings, surroundings)
        left = diagnostics(found, found.findings)
    except UnreadableError as error:
        return Report(filename, text, left=unreadable(filename, settings, error, text)), None
    return Report(filename, text, left=left, known=found.known), found


def _check(text: str, filename: str, settings: Settings, surroundings: Surroundings, *, with_edits: bool) -> Report:
    report, found = examine(text, filename, settings, surroundings)
    if with_edits and found is not None and found.fixes:
        with suppress(UnreadableError):  # the finding holds, but can't be fixed
            report = _with_edits(report, Rewriting(found))
    return replace(report, unsafe_fixes=settings.unsafe_fixes)


def _with_edits(report: Report, rewriting: Rewriting) -> Report:
    found = rewriting.analysis
    edits: dict[str | None, tuple[Edit, ...]] = {fix.id: rewriting.edits(fix) for fix in found.fixes}
    told = diagnostics(found, found.findings)
    left = tuple(finding._replace(edits=edits.get(finding.fix, ())) for finding in told)
    return replace(report, left=left, known=found.known)
