"""A file's content as text to work on, of a notebook its script; and what came of that, told of the cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from sessionize.engine.diagnostics import unreadable
from sessionize.engine.reading import line_at
from sessionize.engine.results import PLEASE_REPORT, Diagnostic, Edit, Position, Report
from sessionize.files.lines import bare_lines
from sessionize.files.paths import NOTEBOOK
from sessionize.files.settings import Settings
from sessionize.files.text import SourceError, decode, encode
from sessionize.library.cheap_look import may_have_findings, names_library
from sessionize.profiles import LIBRARIES
from sessionize.syntax.parse import UnreadableError

if TYPE_CHECKING:
    from sessionize.syntax.notebook import Script


def on_bytes(data: bytes, filename: str, settings: Settings, work: Callable[[str], Report]) -> Report:
    """Hands `work` the text in a file, or a notebook's script, if that can have findings. The report is of the file."""
    if not may_have_findings(data, filename):
        return Report(filename)
    if filename.endswith(NOTEBOOK):
        return _on_notebook(data, filename, settings, work)
    try:
        read = decode(data)
    except SourceError as error:
        return Report(filename, left=unreadable(filename, settings, error))
    report = work(read.text)
    if report.after is None:
        return report
    try:
        return replace(report, change=(data, encode(read, report.after)))
    except SourceError as error:
        return Report(filename, error=str(error))


def _on_notebook(data: bytes, filename: str, settings: Settings, work: Callable[[str], Report]) -> Report:
    """Hands `work` a notebook's script. The report is of its cells."""
    from sessionize.syntax.notebook import Notebook  # noqa: PLC0415  # few files are one

    try:
        notebook = Notebook(data)
    except UnreadableError as error:
        return Report(filename, left=unreadable(filename, settings, error) if names_library(data) else ())
    if not any(notebook.mentions(library.name) for library in LIBRARIES):
        return Report(filename)
    script = notebook.script()
    report = work(script.text)
    old = new = dict(zip(notebook.numbers, notebook.sources, strict=True))
    after = None
    if report.after is not None:
        changed = script.sources(report.after)
        if changed is None:
            wrong = f"the fix would move code between cells; {PLEASE_REPORT}"
            return Report(filename, notebook.text, error=wrong)
        new, after = dict(zip(notebook.numbers, changed, strict=True)), notebook.with_sources(changed)
    left = _in_cells(report.left, script, report.after or script.text, new)
    for cell, mistake in script.mistakes:
        broken = unreadable(filename, settings, mistake, new[cell])
        left += tuple(found._replace(cell=cell) for found in broken)
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
    """Diagnostics of a script as those of its cells. sources: the cells, by number, of which `text` is the script."""
    places = script.places(text)
    lines = cache(lambda cell: bare_lines(sources[cell]))

    def inside(place: Position) -> Position:
        _, row = places(place.row)
        return Position(row, place.column)

    def edit_inside(edit: Edit) -> Edit:
        cell, _ = places(edit.start.row)
        return Edit(script.restored(edit.content), inside(edit.start), inside(edit.end), cell)

    edits: dict[int, tuple[Edit, ...]] = {}  # by the identity of the old ones, which the findings of a fix share
    told = []
    for found in diagnostics:
        if id(found.edits) not in edits:
            edits[id(found.edits)] = tuple(map(edit_inside, found.edits))
        cell, row = places(found.start.row)
        told.append(
            found._replace(
                cell=cell,
                start=inside(found.start),
                end=inside(found.end),
                line=line_at(lines(cell), row),
                edits=edits[id(found.edits)],
            )
        )
    return tuple(told)
