"""Blocks and lines of statements: sessions are made among them, imports come and go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import libcst as cst

from sessionize.fixes.outcome import Fix
from sessionize.write.comments import (
    comment_lines,
    comment_of,
    comments_inside,
    speaks_of_next,
    speaks_of_statement,
    without_type_ignore,
)
from sessionize.write.sessions import SessionCode
from sessionize.write.spacing import (
    blank_end,
    close_up,
    is_import,
    move_into_block,
    single_spaced,
    split_above,
    without_blank_start,
)
from sessionize.write.tree import Block, Line, Statement, parse_lines, parse_small
from sessionize.write.worklist import Worklist


class BlockWriter:
    """Writes the statements of one block anew, one after the other.

    In LibCST's tree the lines above a statement are part of it. Those that are left where a statement goes are kept for
    what is written next.
    """

    def __init__(self, work: Worklist, code: SessionCode, block: Block) -> None:
        self.work = work
        self.code = code
        self.block = block
        self.is_top = isinstance(block, cst.Module)
        self.body: list[Statement] = []
        self.above: list[cst.EmptyLine] = []  # the lines above what is written next
        self.closes_up = False  # the statement before has gone
        self.last = work.prior.get(block.body[0])  # what stands before the statement that is written
        self.open_withs: list[tuple[int, cst.CSTNode]] = []  # where in `body`, and the last statement inside

    def write(self, updated: Block) -> Block:
        for old, new in zip(self.block.body, cast("Sequence[Statement]", updated.body), strict=True):
            self._write_statement(old, new)
        if self.closes_up and not any(map(comment_of, self.above)):
            self.above = []
        return updated.with_changes(body=self.body, footer=[*self.above, *updated.footer])

    def _write_statement(self, old: cst.CSTNode, new: Statement) -> None:
        smalls = old.body if isinstance(old, cst.SimpleStatementLine) else (old,)
        if self.body:
            self.last = self.body[-1]
        self._take_lines_above(smalls, new)
        self._put_imports_above(smalls)
        behind = self._put_sessions(old, smalls[0])
        dissolved = self.work.dissolved.get(smalls[0])
        if dissolved is not None and isinstance(new, cst.With):
            self._dissolve_with(dissolved, new)
        elif dissolved is not None:
            self._dissolve_assignment(dissolved, new)
        elif smalls[0] in self.work.dropped:
            self._drop_line()
        elif self.work.emptied.issuperset(smalls):
            self._drop_import(smalls, new, behind)
        else:
            self._keep(smalls, new, behind)

    # --- above a statement --------------------------------------------------------------------------------------------

    def _take_lines_above(self, smalls: Sequence[cst.CSTNode], new: Statement) -> None:
        """Comments and blank lines above a statement, and comments from inside it that have no place any more."""
        if self.closes_up:
            first = self.is_top and not self.body
            self.above = close_up(self.last, self.above, without_type_ignore(new) if first else new)
        else:
            self.above += new.leading_lines
        self.closes_up = False
        for small in smalls:
            self.above += comment_lines(self.work.orphans.above.get(small, ()))

    def _put_imports_above(self, smalls: Sequence[cst.CSTNode]) -> None:
        """`from http.cookiejar import DefaultCookiePolicy` above `import requests`."""
        added = self.work.import_lines(smalls, "above", "apart")
        if added and (len(smalls) == 1 or self.work.emptied.issuperset(smalls)):
            blank, self.above = split_above(self.above)
            self.body += parse_lines(added, blank)
            if self.work.import_lines(smalls, "apart"):
                self.above = [cst.EmptyLine(indent=False), *self.above]

    def _put_sessions(self, old: cst.CSTNode, small: cst.CSTNode) -> list[Statement]:
        """Writes the sessions that are made before a statement; gives back those that are made behind it."""
        sessions = self.work.sessions.get(small, ())
        set_off = blank_end(split_above(self.above)[0]) or [cst.EmptyLine(indent=False)] * (2 if self.is_top else 1)
        behind: list[Statement] = []
        for number, (fix, new_session) in enumerate(sessions, 1):
            place, style = new_session.home.place, new_session.home.style
            if style in ("behind", "field", "threads"):
                # `session = requests.Session()` behind `import requests`, a field behind the docstring of a class
                blank = [cst.EmptyLine(indent=False)] if place.block == 0 else []
                behind += self.code.statements(fix, new_session, blank)
                continue
            blank, self.above = split_above(self.above)
            if style == "with":
                # `with requests.Session() as session:`, which is filled once the last statement inside is written
                self.open_withs.append((len(self.body), self.work.last_inside(fix)))
            elif style in ("init", "property"):
                # `def __init__(self):` above another method
                self.above = [cst.EmptyLine(indent=False), *self.above]
            elif isinstance(old, cst.FunctionDef | cst.ClassDef) and number == len(sessions):
                # `session = requests.Session()` above `def pages():`, which stays set off as it was
                blank = single_spaced(blank) if is_import(self.last) else blank
                self.above = [*set_off, *self.above]
            self.body += self.code.statements(fix, new_session, blank)
        return behind

    # --- the statement itself -----------------------------------------------------------------------------------------

    def _keep(self, smalls: Sequence[cst.CSTNode], new: Statement, behind: Sequence[Statement]) -> None:
        self.body.append(new.with_changes(leading_lines=self.above))
        self.above = []
        if len(smalls) == 1:
            self.body += parse_lines(self.work.import_lines(smalls, "behind"), [])
            self.body += parse_lines(self.work.import_lines(smalls, "below"), [cst.EmptyLine(indent=False)])
        self.body += behind
        while self.open_withs and self.open_withs[-1][1] in smalls:
            self._fill_with()

    def _fill_with(self) -> None:
        """Moves what has been written since the innermost open `with` into its body."""
        start, _ = self.open_withs.pop()
        inside = self.body[start + 1 :]
        if self.is_top:
            inside = list(map(move_into_block, inside))
        indent = self.block.indent if isinstance(self.block, cst.IndentedBlock) else None
        suite = cst.ensure_type(self.body[start].body, cst.IndentedBlock).with_changes(body=inside, indent=indent)
        self.body[start:] = [self.body[start].with_changes(body=suite)]

    def _drop_import(self, smalls: Sequence[cst.CSTNode], new: Statement, behind: Sequence[Statement]) -> None:
        """`from requests import get`, of which no name is left; comments stay."""
        self.above = [line for line in self.above if not speaks_of_next(comment_of(line))]
        self.above += comment_lines(comments_inside(new))
        behind = [*parse_lines(self.work.import_lines(smalls, "behind", "below"), []), *behind]
        if behind:
            first, *others = behind
            self.body += [first.with_changes(leading_lines=close_up(self.last, self.above, first)), *others]
            self.above = []
        else:
            self.closes_up = True

    def _dissolve_assignment(self, fix: Fix, new: Statement) -> None:
        """`session = requests.Session()`, which goes; comments on it move to the new session."""
        orphans = self.work.orphans
        orphans.above_session[fix] += filter(speaks_of_statement, map(comment_of, self.above))
        orphans.behind_session[fix] += comments_inside(new)
        self._drop_line()

    def _drop_line(self) -> None:
        """A statement that goes with the comments above it, as `headers = {...}`, all of which its session sends."""
        self.above = [line for line in self.above if not speaks_of_statement(comment_of(line))]
        self.closes_up = True

    def _dissolve_with(self, fix: Fix, node: cst.With) -> None:
        """`with requests.Session() as session:`, whose body stays; comments on its line move to the new session."""
        if isinstance(node.body, cst.SimpleStatementSuite):
            line = cst.SimpleStatementLine(node.body.body, trailing_whitespace=node.body.trailing_whitespace)
            self.body.append(line.with_changes(leading_lines=self.above))
            self.above = []
            return
        block = cst.ensure_type(node.body, cst.IndentedBlock)
        header = node.with_changes(body=block.with_changes(body=[], footer=[]))
        self.work.orphans.behind_session[fix] += comments_inside(header)
        first, *rest = cast("Sequence[Statement]", block.body)
        above = [*self.above, *without_blank_start(first.leading_lines)]
        self.body += [first.with_changes(leading_lines=above), *rest]
        self.above = list(block.footer)


def write_line(work: Worklist, code: SessionCode, original: Line, updated: Line) -> Line:
    """`import json; import requests`, or what stands behind `if url:`, with imports and sessions in between.

    What goes above or behind a line of its own is written by the block around it.
    """
    is_suite = isinstance(original, cst.SimpleStatementSuite)
    goes = work.emptied.issuperset(original.body)  # but a suite stays, as it can't be empty
    has_lines = is_suite or (len(original.body) > 1 and not goes)  # else the block puts lines around it
    body: list[cst.BaseSmallStatement] = []
    for old, new in zip(original.body, updated.body, strict=True):
        if is_suite:
            body += _inline_sessions(work, code, old)
        if has_lines:
            body += map(parse_small, work.import_lines([old], "above", "apart"))
        if goes or old not in work.emptied:
            body.append(new)
        if has_lines:
            body += map(parse_small, work.import_lines([old], "behind", "below"))
    if body == list(updated.body):
        return updated
    semicolon = cst.Semicolon(whitespace_after=cst.SimpleWhitespace(" "))
    for index, small in enumerate(body):
        if not isinstance(small.semicolon, cst.Semicolon):
            body[index] = small.with_changes(semicolon=semicolon)
    body[-1] = body[-1].with_changes(semicolon=updated.body[-1].semicolon)
    return updated.with_changes(body=body)


def _inline_sessions(work: Worklist, code: SessionCode, small: cst.BaseSmallStatement) -> list[cst.BaseSmallStatement]:
    found: list[cst.BaseSmallStatement] = []
    for fix, new_session in work.sessions.get(small, ()):
        found.append(parse_small(f"{new_session.target} = {new_session.create}"))
        for line in code.setup_lines(fix, new_session):
            found += line.body
    return found
