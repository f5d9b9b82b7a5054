"""A file's content as text to work on, of a notebook its script; and what came of that, told of the cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from sessionize.engine.analysis import broken, line_at, lines_of
from sessionize.engine.results import PLEASE_REPORT, Diagnostic, Edit, Position, Report
from sessionize.files import source
from sessionize.files.settings import Settings
from sessionize.syntax.notebook import Notebook, Script
from sessionize.syntax.parse import UnreadableError


def on_bytes(data: bytes, filename: str, settings: Settings, work: Callable[[str], Report]) -> Report:
    """What `work` makes of the text in a file, or of a notebook's script; nothing for what can't have findings."""
    if not source.may_have_findings(data, filename):
        return Report(filename)
    if filename.endswith(source.NOTEBOOK):
        return on_notebook(data, filename, settings, work)
    try:
        read = source.decode(data)
    except source.SourceError as error:
        return Report(filename, left=broken(filename, settings, UnreadableError(str(error), error.row, error.column)))
    report = work(read.text)
    if report.after is None:
        return report
    try:
        return replace(report, change=(data, source.encode(read, report.after)))
    except source.SourceError as error:
        return Report(filename, error=str(error))


def on_notebook(data: bytes, filename: str, settings: Settings, work: Callable[[str], Report]) -> Report:
    """What `work` makes of a notebook's script, told of its cells."""
    try:
        notebook = Notebook(data)
    except UnreadableError as error:
        return Report(filename, left=broken(filename, settings, error) if b"requests" in data else ())
    if not notebook.mentions("requests"):
        return Report(filename)
    script = notebook.script()
    report = work(script.text)
    old = new = dict(zip(notebook.numbers, notebook.sources, strict=True))
    after = None
    if report.after is not None:
        changed = script.sources(report.after)
        if changed is None:
            wrong = f"the fix would move code from cell to cell; {PLEASE_REPORT}"
            return Report(filename, notebook.text, error=wrong)
        new, after = dict(zip(notebook.numbers, changed, strict=True)), notebook.with_sources(changed)
    left = _in_cells(report.left, script, report.after or script.text, new)
    for cell, mistake in script.mistakes:
        left += tuple(broken._replace(cell=cell) for broken in broken(filename, settings, mistake, new[cell]))
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
    lines = cache(lambda cell: lines_of(sources[cell]))

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
            line=line_at(lines(cell), start.row),
            edits=edits[id(found.edits)],
        )
        for found in diagnostics
    )
