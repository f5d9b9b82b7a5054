"""A plan as changes of the text, by LibCST's tree. Nothing is written to a file here."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sessionize.engine.analysis import Analysis
from sessionize.engine.reading import Reading, limited_nesting
from sessionize.engine.results import Edit, Position
from sessionize.files.lines import split_lines
from sessionize.fixes.outcome import Fix, LostCommentError
from sessionize.syntax.cst_text import MARK
from sessionize.syntax.parse import UnreadableError

if TYPE_CHECKING:
    from sessionize.write.writer import Change, Writer


class Rewriting:
    """The LibCST side of an analysis; if LibCST does not read what Python reads, the decisions are made anew.

    UnreadableError, here and later, if the text is not for LibCST to read, to visit or to render.
    """

    @limited_nesting()
    def __init__(self, found: Analysis) -> None:
        _, outline, _ = found.reading.concrete
        if outline != found.reading.outline:
            reading = Reading(found.reading.text, by_libcst=True)
            found = Analysis(reading, found.filename, found.settings, found.surroundings)
        self.analysis = found
        self.text = found.reading.text
        self.writer = self._writer()

    def _writer(self) -> Writer:
        from sessionize.write.writer import Writer  # noqa: PLC0415

        module, _, nodes = self.analysis.reading.concrete
        writer = Writer(self.text, module, nodes, self.analysis.reading.outline)
        if writer.obstacle:
            raise UnreadableError(writer.obstacle)
        return writer

    @limited_nesting()
    def changes(self, fixes: Sequence[Fix]) -> list[Change]:
        """The changes that these fixes make together. LostCommentError as `Writer.changes`.

        Where one moves a long literal into a block, LibCST has to read it after all.
        """
        imports = self.analysis.imports(fixes)
        changes = self.writer.changes(fixes, imports)
        if any(MARK in change.new for change in changes):
            self.analysis.reading.read_whole()
            self.writer = self._writer()
            changes = self.writer.changes(fixes, imports)
        return changes

    def text_with(self, fixes: Sequence[Fix]) -> str:
        """The text after these fixes. LostCommentError as `Writer.changes`."""
        pieces, done = [], 0
        for change in self.changes(fixes):
            pieces += [self.text[done : change.start], change.new]
            done = change.end
        return "".join((*pieces, self.text[done:]))

    def edits(self, fix: Fix) -> tuple[Edit, ...]:
        """The changes of a fix that is made alone, as whole lines; none if it can't be made."""
        edits: list[Edit] = []
        try:
            for change in self.changes([fix]):
                row = bisect(self.writer.rendering.line_offsets, change.start)
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
    from sessionize.files.matcher import Matcher  # noqa: PLC0415  # only a change needs it

    old, new = split_lines(before), split_lines(after)
    for tag, i1, i2, j1, j2 in Matcher(old, new).get_opcodes():
        if tag != "equal":
            yield Edit("".join(new[j1:j2]), Position(row + i1, 1), Position(row + i2, 1))
