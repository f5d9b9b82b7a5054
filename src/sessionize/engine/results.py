"""Results for one file, as plain values. They are all that reports and editors need of the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from sessionize.rules import SYNTAX_ERROR

PLEASE_REPORT = "please report this file"


class Position(NamedTuple):
    """1-based, in characters."""

    row: int
    column: int


class Edit(NamedTuple):
    """Replaces the text from `start` up to `end`, in that cell of a notebook, by `content`."""

    content: str
    start: Position
    end: Position
    cell: int | None = None


class Diagnostic(NamedTuple):
    """A finding as it is told. `applicability` is `safe`, `unsafe`, or None where there is no fix; `help` says why.

    `cell`: the cell of a notebook, counted from 1, in which `start` and `end` are. `line`: what stands in the row of
    `start`, without its end. `fix`: which fix of the file it has; the findings of one fix have the same. `doubts`: the
    names of those that make that fix unsafe. `session`: the class of sessions that a call could share.
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
    fix: str | None = None
    doubts: tuple[str, ...] = ()
    session: str = ""

    @property
    def place(self) -> tuple[str, int | None, Position]:
        """The file, the cell and the position; several findings may stand at one call."""
        return self.filename, self.cell, self.start

    @property
    def region(self) -> tuple[Position, Position] | None:
        """Its start and end in its file; None in a notebook, as the rows of a cell are no rows of its file."""
        return (self.start, self.end) if self.cell is None else None

    @property
    def unreadable(self) -> bool:
        """True if it says that the file is not Python."""
        return self.code == SYNTAX_ERROR.code


Callee: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check or a fix of one file.

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
        """True if the file could not be read, parsed or written."""
        return self.error is not None or any(found.unreadable for found in self.left)
