"""The work of a traversal by node: what the fixes and the imports ask of it, before any node is changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

import libcst as cst

from sessionize.fixes.outcome import Fix, ImportEdit, NewSession, Redirect
from sessionize.sharing.shared_headers import Display, SharedHeaders
from sessionize.write.arguments import orphan_comments
from sessionize.write.comments import lost
from sessionize.write.imports import edit_names
from sessionize.write.tree import IMPORT_FROM, BlockPath, Parts, Statement


@dataclass
class WithBlock:
    """Statements of a block that a `with` takes in, from the first to the last, as parts."""

    block: int
    first: int
    last: int


@dataclass
class Orphans:
    """Comments whose place goes; a traversal may find more of them."""

    above: dict[cst.CSTNode, list[str]] = field(default_factory=lambda: defaultdict(list))  # to stand above a statement
    above_session: dict[Fix, list[str]] = field(default_factory=lambda: defaultdict(list))
    behind_session: dict[Fix, list[str]] = field(default_factory=lambda: defaultdict(list))  # on its line


class Worklist:
    """Where each fix and each edit of an import has something to do.

    Nodes are those of the tree that was read: a transformer meets them as the original ones.
    """

    def __init__(self, parts: Parts, fixes: Sequence[Fix], imports: Sequence[ImportEdit]) -> None:
        self.parts = parts
        self.paths: list[BlockPath] = []  # to the statements that are written anew
        self.prior: dict[cst.CSTNode, Statement] = {}  # what stands before them
        self.dirty: set[cst.CSTNode] = set()  # statements with something to do inside
        self.orphans = Orphans()
        self.calls: dict[cst.CSTNode, tuple[Fix, Redirect]] = {}
        self.calls_in: Counter[cst.CSTNode] = Counter()  # by their statement
        self.references: dict[cst.CSTNode, Redirect] = {}
        self.dissolved: dict[cst.CSTNode, Fix] = {}  # what made a session until now
        self.trimmed: dict[cst.CSTNode, Sequence[str]] = {}  # displays of headers, with the keys that leave them
        self.displays: dict[int, tuple[Display, Sequence[str]]] = {}  # the same by call
        self.dropped: set[cst.CSTNode] = set()  # displays of which nothing is left
        # By the statement of their place.
        self.sessions: dict[cst.CSTNode, list[tuple[Fix, NewSession]]] = defaultdict(list)
        self._with_blocks: dict[Fix, WithBlock] = {}
        self.changed_imports: dict[cst.CSTNode, cst.ImportFrom] = {}
        self.emptied: set[cst.CSTNode] = set()  # imports of which no name is left
        self._import_edits: dict[cst.CSTNode, list[ImportEdit]] = defaultdict(list)
        for fix in sorted(fixes, key=lambda fix: min(fix.calls)):
            self._add_fix(fix)
        self._nest_with_blocks()
        self._add_imports(imports)

    def import_lines(self, smalls: Iterable[cst.CSTNode], *where: str) -> list[str]:
        """The imports that go next to others, on these sides of them."""
        lines: set[str] = set()
        for small in smalls:
            for edit in self._import_edits.get(small, ()):
                if edit.line is not None and edit.where in where:
                    lines.add(edit.line)
        return sorted(lines)

    def last_inside(self, fix: Fix) -> cst.CSTNode:
        """The last statement that the `with` of a fix takes in."""
        return self.parts.nodes.parts[self._with_blocks[fix].last]

    def _touch(self, part: int, *, following: bool = False) -> BlockPath:
        """Marks the statements around a part; the innermost, and the `following` one if need be, is written anew."""
        path = *outer, (block, index) = self.parts.path(part)
        self.paths.append(path)
        if index:
            self.prior[block.body[index]] = cast("Statement", block.body[index - 1])
        if following and index + 1 < len(block.body):
            self.paths.append((*outer, (block, index + 1)))
        self.dirty.update(self.parts.nodes_around(part))
        return path

    # --- fixes --------------------------------------------------------------------------------------------------------

    def _add_fix(self, fix: Fix) -> None:
        nodes = self.parts.nodes
        for redirect in fix.redirects:
            node = nodes.sites[redirect.call]
            if isinstance(node, cst.Call):
                self.calls[node] = fix, redirect
                self.calls_in[next(self.parts.nodes_around(self.parts.of(redirect)))] += 1
            else:
                self.references[node] = redirect
            self._touch(self.parts.of(redirect))
        if fix.old_statement is not None:
            self.dissolved[nodes.parts[fix.old_statement]] = fix
            self._touch(fix.old_statement, following=True)  # it takes what stood above
        if fix.new_session is not None:
            self._add_session(fix, fix.new_session)

    def _add_session(self, fix: Fix, new_session: NewSession) -> None:
        home = new_session.home
        block, before, _ = home.place
        self.sessions[self.parts.nodes.parts[before]].append((fix, new_session))
        self._touch(before, following=home.style in ("behind", "threads"))
        if home.shared is not None:
            self._add_displays(home.shared)
        if home.style == "with":
            inside = list(map(self.parts.of, fix.redirects))
            if fix.old_statement is not None:
                inside.append(fix.old_statement)
            last = max(self.parts.outline.statement_in(block, part) for part in inside)
            self._with_blocks[fix] = WithBlock(block, before, last)
        elif self.parts.outline.parts[block].form == "inline":  # no comment can stand there
            for option in home.hoist:
                for found in orphan_comments(self.parts.calls(fix), home.hoist, option):
                    self.orphans.above[self.parts.with_own_line(before)] += found

    def _add_displays(self, shared: SharedHeaders) -> None:
        for display in shared.displays:
            self.displays[display.call] = display, shared.keys
            if display.statement != -1:
                node = self.parts.nodes.parts[display.statement]
                self._touch(display.statement, following=display.goes)
                if display.goes:
                    self.dropped.add(node)
                else:
                    self.trimmed[node] = shared.keys

    def _nest_with_blocks(self) -> None:
        """Makes an outer and an inner one of `with` blocks that would cross."""
        within: list[WithBlock] = []
        blocks = self._with_blocks.values()
        for outer in sorted(blocks, key=lambda found: (found.block, found.first, -found.last), reverse=True):
            while within and within[-1].block == outer.block and within[-1].first <= outer.last:
                outer.last = max(outer.last, within.pop().last)
            within.append(outer)
        last = {fix: block.last for fix, block in self._with_blocks.items()}
        for sessions in self.sessions.values():
            sessions.sort(key=lambda made: -last.get(made[0], 0))
        for found in blocks:
            (*around, (block, start)), (*_, (_, stop)) = map(self.parts.path, (found.first, found.last))
            self.paths += [(*around, (block, index)) for index in range(start, stop + 1)]

    # --- imports ------------------------------------------------------------------------------------------------------

    def _add_imports(self, imports: Sequence[ImportEdit]) -> None:
        alone: set[cst.CSTNode] = set()  # imports that are all of their block
        added: set[tuple[int, str]] = set()  # in a block one line is enough, next to the first import
        for edit in sorted(imports, key=lambda edit: edit.bind.tick):
            if edit.line is not None:
                line = self.parts.outline.parts[edit.bind.part].parent, edit.line
                edit = edit._replace(line=None) if line in added else edit  # noqa: PLW2901
                added.add(line)
            node = self.parts.nodes.imports[edit.bind.tick]
            self._import_edits[node].append(edit)
            *_, (block, _) = self._touch(edit.bind.part, following=edit.drop is not None)
            if len(block.body) == 1:
                alone.add(node)
        for statement, edits in self._import_edits.items():
            if not isinstance(statement, IMPORT_FROM):
                if any(edit.drop for edit in edits):
                    self.emptied.add(statement)
            elif (changed := edit_names(statement, edits)) is not None:
                self.changed_imports[statement] = changed
                self.orphans.above[statement] += lost(statement, changed)
            elif statement not in alone:
                self.emptied.add(statement)
