"""The only writer: LibCST tree and fixes in, changed text out.

It decides nothing. It must keep every comment, and must not touch a token that a fix does not speak of. Only the
statement around a change is visited and written anew, in the innermost block: that block may have many others.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, filterfalse, pairwise
from typing import NamedTuple, TypeAlias, cast

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from sessionize.files.lines import restore_lines, split_lines
from sessionize.fixes.outcome import Fix, ImportEdit, LostCommentError, Making, Redirect
from sessionize.sharing.facts import Facts
from sessionize.syntax.outline import Part
from sessionize.syntax.read_cst import Nodes
from sessionize.write.arguments import Indent, index, method, without
from sessionize.write.comments import (
    NEXT,
    comment_line,
    comment_lines,
    commented,
    comments,
    is_for_tools,
    loses_comment,
    moves_along,
    trailing_comments,
    without_ignore,
)
from sessionize.write.imports import imported
from sessionize.write.spacing import Blank, blank_end, closed_up, gap, is_import, single_spaced, split, without_blank
from sessionize.write.tree import Block, Line, Statement, lines, small

_Way: TypeAlias = tuple[tuple[Block, int], ...]  # blocks, from the top level in, each with the place of a statement


class Change(NamedTuple):
    """The text from `start` up to `end` becomes `new`."""

    start: int
    end: int
    new: str


class _Run(NamedTuple):
    """Statements of a block, from `start` up to `stop`; `outer`: the way to the statement that the block is of."""

    outer: _Way
    block: Block
    start: int
    stop: int


class Writer:
    """Writes fixes of one text; `module`, `nodes` and `facts` are what was read from it."""

    def __init__(self, text: str, module: cst.Module, nodes: Nodes, facts: Facts) -> None:
        self.text = text
        # LibCST sees no end of line in a final carriage return.
        self.module = module.with_changes(has_trailing_newline=text.endswith(("\n", "\r")))
        self.nodes = nodes
        self.facts = facts
        self._places: dict[Block, dict[cst.CSTNode, int]] = {}
        self._inside: dict[Block, list[int]] = {}

    @cached_property
    def obstacle(self) -> str:
        """Why what LibCST writes can't be put back line by line; empty if it can."""
        if _FORM_FEED.search(self.text):
            return "LibCST does not keep form feeds in indentation"
        if self._read != self.text and len(split_lines(self._read)) != len(split_lines(self.text)):
            return "LibCST does not keep its lines"
        return ""

    def changes(self, fixes: Sequence[Fix], imports: Sequence[ImportEdit]) -> list[Change]:
        """What these fixes change when they are made together, in the order of the text.

        LostCommentError if a comment would go.
        """
        rewriter = _Rewriter(self, fixes, imports)
        runs = _runs(rewriter.ways)
        before = [self._only(run) for run in runs]
        after = [cast("Block", old.visit(rewriter)) for old in before]
        if loses_comment(before, after):  # all runs together: a comment in an option moves along to the session
            raise LostCommentError
        return sorted(self._change(*change) for change in zip(runs, before, after, strict=True))

    def _change(self, run: _Run, old: Block, new: Block) -> Change:
        rows = self._rows(run.outer, run.block)
        start, end = self._offsets[rows[run.start]], self._offsets[rows[run.stop]]
        read = self.text[start:end] if self.text == self._read else self._code(run, old, last=end == len(self.text))
        changed = self._code(run, new, last=end == len(self.text))
        return Change(start, end, restore_lines(self.text[start:end], read, changed))

    def _only(self, run: _Run) -> Block:
        """A block with nothing but a run of its statements, and what follows the last one."""
        body = run.block.body[run.start : run.stop]
        footer = run.block.footer if run.stop == len(run.block.body) else ()
        if isinstance(run.block, cst.Module):
            return self.module.with_changes(header=(), body=body, footer=footer)
        return run.block.with_changes(header=cst.TrailingWhitespace(), body=body, footer=footer)

    def _indented(self, run: _Run, block: Block) -> cst.Module:
        """What became of a block of a run, in as many others as the block of the run: each begins with a line."""
        for around, place in reversed(run.outer):
            suite = cst.ensure_type(block, cst.IndentedBlock)
            if isinstance(match := around.body[place], cst.Match):  # its cases are deeper, and no block
                indents = (self.module.default_indent if i is None else i for i in (match.indent, suite.indent))
                suite = suite.with_changes(indent="".join(indents))
            inside = [cst.If(cst.Name("_"), suite)]
            if isinstance(around, cst.IndentedBlock):
                block = cst.IndentedBlock(inside, indent=around.indent)
            else:
                block = self.module.with_changes(header=(), body=inside, footer=())
        return cst.ensure_type(block, cst.Module)

    def _code(self, run: _Run, block: Block, *, last: bool) -> str:
        """What became of a block of a run as LibCST renders it; `last`: whether the text ends behind it."""
        module = self._indented(run, block)
        code = module.with_changes(has_trailing_newline=self.module.has_trailing_newline or not last).code
        passed = run.outer and not block.body and run.stop - run.start < len(run.block.body)  # LibCST puts a `pass`
        return "".join(split_lines(code)[len(run.outer) + bool(passed) :])

    def _rows(self, outer: _Way, block: Block) -> list[int]:
        """The rows in which the statements of a block begin, and the one behind the block; counted from 0."""
        if isinstance(block, cst.Module):
            return self._top
        if block not in self._inside:
            *outermost, (around, index) = outer
            row = self._rows(tuple(outermost), around)[index]
            hollow = _Hollow(self._unused)
            code = self.module.code_for_node(cast("Statement", around.body[index].visit(hollow)))
            for found, above in zip(hollow.blocks, code.split(self._unused), strict=False):
                row += len(split_lines(above)) - 1
                sizes = (len(split_lines(self.module.code_for_node(node))) for node in found.body)
                rows = list(accumulate(sizes, initial=row))
                rows[-1] += len(found.footer)
                row = rows[-1] - 1
                self._inside[found] = rows
        return self._inside[block]

    def way(self, part: int) -> _Way:
        """The blocks around a part, and in which of their statements it is."""
        inside_out = pairwise(self.around(part))
        return tuple(
            (block, self._place(block, node))
            for node, block in inside_out
            if isinstance(block, cst.Module | cst.IndentedBlock)
        )[::-1]

    def _place(self, block: Block, node: cst.CSTNode) -> int:
        """Which statement of a block a node is; those on one line have one place."""
        if block not in self._places:
            found = self._places[block] = {}
            for place, line in enumerate(block.body):
                found |= dict.fromkeys(line.body if isinstance(line, cst.SimpleStatementLine) else (line,), place)
        return self._places[block][node]

    @cached_property
    def _codes(self) -> list[str]:
        """The statements of the top level as LibCST renders them, with the lines above each."""
        return [self.module.code_for_node(node) for node in self.module.body]

    @cached_property
    def _read(self) -> str:
        """The whole text as LibCST renders it."""
        if not self.module.has_trailing_newline:
            return self.module.code
        header, footer = (map(self.module.code_for_node, lines) for lines in (self.module.header, self.module.footer))
        return "".join((*header, *self._codes, *footer))

    @cached_property
    def _offsets(self) -> list[int]:
        """Where each line of the text begins, and where the last one ends."""
        return list(accumulate(map(len, split_lines(self.text)), initial=0))

    @cached_property
    def _unused(self) -> str:
        """A name that is nowhere in the text."""
        return "_" * (max(map(len, re.findall("_+", self.text)), default=0) + 1)

    @cached_property
    def _top(self) -> list[int]:
        """The rows of the top level."""
        header = "".join(map(self.module.code_for_node, self.module.header))
        *rows, _ = accumulate(len(split_lines(code)) for code in (header, *self._codes))
        return [*rows, len(self._offsets) - 1]

    @cached_property
    def used_in(self) -> dict[int, int]:
        """The part of each use, by its tick."""
        return {use.tick: use.part for use in self.facts.outline.uses}

    def lines_around(self, part: int) -> tuple[Mapping[cst.CSTNode, CodeRange], list[str]]:
        """Where the nodes stand in the lines of the statement around a part; and these lines."""
        *outer, (block, place) = self.way(part)
        run = _Run(tuple(outer), block, place, place + 1)
        only = self._indented(run, self._only(run))
        positions = MetadataWrapper(only, unsafe_skip_copy=True).resolve(PositionProvider)
        return positions, split_lines(only.code)

    def around(self, part: int) -> Iterator[cst.CSTNode]:
        """The nodes of the statements and blocks around a part, from the inside out, through function bodies too."""
        parts, scopes = self.facts.outline.parts, self.facts.outline.scopes
        while part != -1:
            if (node := self.nodes.parts.get(part)) is not None:
                yield node
            part = parts[part].parent if parts[part].parent != -1 else scopes[parts[part].scope].part


def _runs(ways: Sequence[_Way]) -> list[_Run]:
    """The statements at the ends of these ways, but those inside others; neighbours together, inner blocks first."""
    ends = set(ways)
    places: dict[tuple[_Way, Block], set[int]] = defaultdict(set)
    for way in ways:
        *outer, (block, place) = next(way[:depth] for depth in range(1, len(way) + 1) if way[:depth] in ends)
        places[tuple(outer), block].add(place)
    runs: list[_Run] = []
    for (around, block), found in places.items():
        for place in sorted(found):
            if place - 1 in found:
                runs[-1] = runs[-1]._replace(stop=place + 1)
            else:
                runs.append(_Run(around, block, place, place + 1))
    return sorted(runs, key=lambda run: -len(run.outer))


class _Hollow(cst.CSTTransformer):
    """Leaves a name of each block of a statement."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.line = cst.SimpleStatementLine([cst.Expr(cst.Name(name))])
        self.blocks: list[cst.IndentedBlock] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        return isinstance(node, _OWNERS)

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> cst.CSTNodeT:
        if not isinstance(original_node, cst.IndentedBlock):
            return updated_node
        self.blocks.append(original_node)
        return updated_node.with_changes(body=[self.line], footer=())


class _Rewriter(cst.CSTTransformer):
    def __init__(self, writer: Writer, fixes: Sequence[Fix], imports: Sequence[ImportEdit]) -> None:
        super().__init__()
        self.writer = writer
        self.config = writer.module.config_for_parsing
        self.nodes = writer.nodes
        self.facts = writer.facts
        self.parts: Sequence[Part] = self.facts.outline.parts
        self.calls: dict[cst.CSTNode, tuple[Fix, Redirect]] = {}
        self.references: dict[cst.CSTNode, Redirect] = {}
        self.dissolved: dict[cst.CSTNode, Fix] = {}
        self.emptied: set[cst.CSTNode] = set()  # imports of which no name is left
        self.alone: set[cst.CSTNode] = set()  # imports that are all of their block
        # Comments above and behind what moves to the line of a session.
        self.taken: dict[Fix, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        self.sessions: dict[cst.CSTNode, list[Fix]] = defaultdict(list)  # by the statement they go before
        self.comments: dict[cst.CSTNode, list[str]] = defaultdict(list)  # to put above a statement
        self.imports: dict[cst.CSTNode, list[ImportEdit]] = defaultdict(list)
        self.ways: list[_Way] = []  # to the statements that are written anew
        self.prior: dict[cst.CSTNode, Statement] = {}  # what stands before them
        self.dirty: set[cst.CSTNode] = set()  # statements with something to do inside
        self.last: dict[Fix, int] = {}  # of `with` blocks: the last statement inside
        for fix in sorted(fixes, key=lambda fix: min(fix.calls)):
            self.prepare(fix)
        self.nest()
        for fix, last in self.last.items():
            (*outer, (block, start)), (*_, (_, stop)) = map(self.writer.way, (_first(fix), last))
            self.ways += [(*outer, (block, place)) for place in range(start, stop + 1)]
        added: set[tuple[int, str]] = set()  # in a block one line is enough, next to the first import
        for edit in sorted(imports, key=lambda edit: edit.bind.tick):
            if edit.line is not None:
                line = self.parts[edit.bind.part].parent, edit.line
                edit = edit._replace(line=None) if line in added else edit  # noqa: PLW2901
                added.add(line)
            self.imports[self.nodes.imports[edit.bind.tick]].append(edit)
            self.touch(edit.bind.part, following=edit.drop is not None)
            if len(self.ways[-1][-1][0].body) == 1:
                self.alone.add(self.nodes.imports[edit.bind.tick])

    def prepare(self, fix: Fix) -> None:
        for redirect in fix.redirects:
            if redirect.call < 0:
                self.references[self.nodes.references[-redirect.call]] = redirect
            else:
                self.calls[self.nodes.calls[redirect.call]] = fix, redirect
            self.touch(self.part_of(redirect))
        if fix.dissolve is not None:
            self.dissolved[self.nodes.parts[fix.dissolve]] = fix
            self.touch(fix.dissolve, following=True)  # it takes what stood above
        making = fix.making
        if making is None:
            return
        before = self.nodes.parts[making.place.before]
        self.sessions[before].append(fix)
        self.touch(making.place.before, following=making.style == "behind")
        if making.style == "with":
            inside = [self.part_of(redirect) for redirect in fix.redirects]
            inside += [fix.dissolve] if fix.dissolve is not None else []
            self.last[fix] = max(self.statement_in(making.place.block, part) for part in inside)
        elif self.parts[making.place.block].form == "inline":  # no comment can stand there
            for option in making.hoist:
                for moved in self.moved_comments(fix, option):
                    self.comments[self.above(making.place.before)] += moved

    def nest(self) -> None:
        """Makes an outer and an inner one of `with` blocks that would cross."""
        within: list[Fix] = []
        for outer in sorted(self.last, key=lambda fix: (_block(fix), _first(fix), -self.last[fix]), reverse=True):
            while within and _block(within[-1]) == _block(outer) and _first(within[-1]) <= self.last[outer]:
                self.last[outer] = max(self.last[outer], self.last[within.pop()])
            within.append(outer)
        for made in self.sessions.values():
            made.sort(key=lambda fix: -self.last.get(fix, 0))

    def part_of(self, redirect: Redirect) -> int:
        outline = self.facts.outline
        if redirect.call >= 0:
            return outline.calls[redirect.call].part
        return self.writer.used_in[-redirect.call]

    def statement_in(self, block: int, part: int) -> int:
        """The statement of `block` in which a part stands."""
        while self.parts[part].parent != block:
            part = self.parts[part].parent
        return part

    def touch(self, part: int, *, following: bool = False) -> None:
        """Marks the statements around a part; the innermost, and the `following` one if need be, is written anew."""
        way = *outer, (block, place) = self.writer.way(part)
        self.ways.append(way)
        if place:
            self.prior[block.body[place]] = cast("Statement", block.body[place - 1])
        if following and place + 1 < len(block.body):
            self.ways.append((*outer, (block, place + 1)))
        self.dirty.update(self.writer.around(part))

    # --- the traversal ------------------------------------------------------------------------------------------------

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.SimpleStatementLine):
            return not self.dirty.isdisjoint(node.body)
        if isinstance(node, cst.BaseCompoundStatement | cst.BaseSmallStatement):
            return node in self.dirty
        return not isinstance(node, cst.BaseParenthesizableWhitespace | cst.TrailingWhitespace | cst.EmptyLine)

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> cst.CSTNodeT:
        node: cst.CSTNode = updated_node
        if isinstance(original_node, cst.Call) and original_node in self.calls:
            node = self.redirected(cst.ensure_type(node, cst.Call), *self.calls[original_node])
        elif original_node in self.references:
            redirect = self.references[original_node]
            node = method(cast("cst.Attribute | cst.Name", node), redirect)
        elif isinstance(original_node, cst.ImportFrom) and original_node in self.imports:
            changed = imported(original_node, self.imports[original_node])
            if changed is not None:
                node = changed
                gone = Counter(comments(original_node)) - Counter(comments(node))
                self.comments[original_node] += gone.elements()
            elif original_node not in self.alone:
                self.emptied.add(original_node)
        elif isinstance(original_node, cst.Import) and any(edit.drop for edit in self.imports.get(original_node, ())):
            self.emptied.add(original_node)
        elif isinstance(original_node, cst.SimpleStatementLine | cst.SimpleStatementSuite):
            node = self.line(original_node, cast("Line", node))
        elif isinstance(original_node, cst.Module | cst.IndentedBlock):
            body, footer = self.block(original_node, cast("Block", node))
            node = node.with_changes(body=body, footer=footer)
        return cast("cst.CSTNodeT", node)

    # --- calls --------------------------------------------------------------------------------------------------------

    def redirected(self, call: cst.Call, fix: Fix, redirect: Redirect) -> cst.Call:
        func = method(cast("cst.Attribute | cst.Name", call.func), redirect)
        if redirect.name_params:
            equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
            value = call.args[1].value
            if isinstance(value, cst.NamedExpr) and not value.lpar:  # `get(url, p := {})`
                value = value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
            params = call.args[1].with_changes(keyword=cst.Name("params"), equal=equal, value=value)
            call = call.with_changes(args=[call.args[0], params, *call.args[2:]])
        gone = Counter(comments(call.func)) - Counter(comments(func))  # of `requests.Session(  # one for each`
        self.comments[self.above(self.part_of(redirect))] += filterfalse(is_for_tools, gone.elements())
        self.taken[fix][1].extend(filter(is_for_tools, gone))
        for option in fix.hoist:
            call = without(call, index(call, option))
        return call.with_changes(func=func)

    def above(self, part: int) -> cst.CSTNode:
        """The statement around a part that has lines of its own, above which a comment can stand."""
        while part not in self.nodes.parts or self.parts[self.parts[part].parent].form != "lines":
            parent = self.parts[part].parent
            part = parent if parent != -1 else self.facts.outline.scopes[self.parts[part].scope].part
        return self.nodes.parts[part]

    def moved_comments(self, fix: Fix, option: str) -> tuple[list[str], list[str]]:
        """The comments that an option's removal takes from the calls, but those that move with its value: those that
        go above the line where it is set, and those for tools, which stay behind the value."""
        moved: list[str] = []
        behind: list[str] = []
        for number, redirect in enumerate(fix.redirects):
            call = self.nodes.calls[redirect.call]
            for earlier in fix.hoist[: fix.hoist.index(option)]:
                call = without(call, index(call, earlier))
            value = call.args[index(call, option)].value
            left = comments(without(call, index(call, option)))
            if number == 0:
                left += comments(value)
            for comment in comments(call):
                if comment in left:
                    left.remove(comment)
                elif number == 0 and is_for_tools(comment):
                    behind.append(comment)
                else:
                    moved.append(comment)
        return moved, behind

    # --- the session --------------------------------------------------------------------------------------------------

    def made(self, fix: Fix, making: Making) -> list[cst.SimpleStatementLine]:
        """The lines that follow `session = ...`."""
        made: list[cst.SimpleStatementLine] = []
        name = "session" if making.style == "property" else making.target
        if making.policy is not None:
            statement = small(f"{name}.cookies.set_policy({making.policy}(allowed_domains=[]))")
            made.append(cst.SimpleStatementLine([statement]))
        for option in making.hoist:
            call = self.nodes.calls[fix.redirects[0].call]
            value = call.args[index(call, option)].value
            if option == "auth":
                text = f"{name}.auth = "
                statement = small(f"{text}0").with_changes(value=self.moved(value, fix, len(text)))
            else:
                text = f"{name}.{option}.update("
                expr = cst.ensure_type(small(f"{text})"), cst.Expr)
                update = expr.value.with_changes(args=[cst.Arg(self.moved(value, fix, len(text)))])
                statement = expr.with_changes(value=update)
            above, behind = self.moved_comments(fix, option)
            line = cst.SimpleStatementLine([statement], leading_lines=comment_lines(above))
            made.append(cst.ensure_type(commented(line, behind), cst.SimpleStatementLine))
        return made

    def moved(self, value: cst.BaseExpression, fix: Fix, column: int) -> cst.BaseExpression:
        """A value of the first call of a fix; if it spans lines, as deep under its first line, or its bracket, as it
        was."""
        if not re.search(r"[\r\n]", self.writer.module.code_for_node(value)):
            return value
        part = self.part_of(fix.redirects[0])
        positions, lines = self.writer.lines_around(part)
        start = positions[value].start
        indent, block = (
            line[: len(line) - len(line.lstrip())]
            for line in (lines[start.line - 1], lines[positions[next(self.writer.around(part))].start.line - 1])
        )
        return cast("cst.BaseExpression", value.visit(Indent(block, indent, start.column, column)))

    def line(self, original: Line, updated: Line) -> Line:
        """A line of small statements, with what has to stand between them."""
        lines = isinstance(original, cst.SimpleStatementLine)
        whole = self.emptied.issuperset(original.body)  # it goes as a line, and stays as a suite, which can't be empty
        between = not lines or (len(original.body) > 1 and not whole)  # else lines are put around it
        body: list[cst.BaseSmallStatement] = []
        for old, new in zip(original.body, updated.body, strict=True):
            for fix in self.sessions.get(old, ()):
                if fix.making is not None and not lines:
                    body.append(small(f"{fix.making.target} = {fix.making.create}"))
                    body += [small for line in self.made(fix, fix.making) for small in line.body]
            if between:
                body += map(small, self.added([old], "above", "apart"))
            if whole or old not in self.emptied:
                body.append(new)
            if between:
                body += map(small, self.added([old], "behind", "below"))
        if body == list(updated.body):
            return updated
        semicolon = cst.Semicolon(whitespace_after=cst.SimpleWhitespace(" "))
        kept = updated.body[-1].semicolon
        body = [b if isinstance(b.semicolon, cst.Semicolon) else b.with_changes(semicolon=semicolon) for b in body]
        body[-1] = body[-1].with_changes(semicolon=kept)
        return updated.with_changes(body=body)

    def added(self, nodes: Iterable[cst.CSTNode], *where: str) -> list[str]:
        """The lines that go next to imports, on these sides of them."""
        edits = (edit for node in nodes for edit in self.imports.get(node, ()))
        return sorted({edit.line for edit in edits if edit.line is not None and edit.where in where})

    def block(self, original: Block, updated: Block) -> tuple[list[Statement], list[cst.EmptyLine]]:
        """The statements of a block, with the sessions that are made among them; and comments that follow them."""
        indent = original.indent if isinstance(original, cst.IndentedBlock) else None
        body: list[Statement] = []
        carried: list[cst.EmptyLine] = []  # what stood above a statement that is gone
        open_blocks: list[
            tuple[int, cst.CSTNode]
        ] = []  # the `with`s in `body` that are open, and their last statements
        prior = self.prior.get(original.body[0])
        gone = False
        for old, new in zip(original.body, cast("Sequence[Statement]", updated.body), strict=True):
            smalls = old.body if isinstance(old, cst.SimpleStatementLine) else (old,)
            last = body[-1] if body else prior
            moved = [comment for small in smalls for comment in self.comments.get(small, ())]
            if gone and not body and isinstance(original, cst.Module):
                own = closed_up(last, carried, without_ignore(new))
            else:
                own = closed_up(last, carried, new) if gone else [*carried, *new.leading_lines]
            above = [*own, *comment_lines(moved)]
            carried, gone = [], False
            whole = len(smalls) == 1 or self.emptied.issuperset(smalls)
            if whole and (added := self.added(smalls, "above", "apart")):
                kept, above = split(above)
                body += lines(added, kept)
                above = [*(cst.EmptyLine(indent=False) for _ in self.added(smalls, "apart")[:1]), *above]
            wide = 2 if isinstance(original, cst.Module) else 1
            set_off = blank_end(split(above)[0]) or [cst.EmptyLine(indent=False)] * wide
            behind: list[Statement] = []
            for fix in self.sessions.get(smalls[0], ()):
                making = fix.making
                assert making is not None
                if making.style in ("behind", "field"):
                    behind += self.session_lines(fix, making, gap(old) if making.place.block == 0 else [])
                else:
                    blank, above = split(above)
                    if making.style == "with":
                        open_blocks.append((len(body), self.nodes.parts[self.last[fix]]))
                    elif making.style in ("init", "property"):
                        above = [cst.EmptyLine(indent=False), *above]
                    elif isinstance(old, cst.FunctionDef | cst.ClassDef) and fix is self.sessions[old][-1]:
                        blank = single_spaced(blank) if is_import(last) else blank
                        above = [*set_off, *above]
                    body += self.session_lines(fix, making, blank)
            if smalls[0] in self.dissolved and isinstance(new, cst.With):
                inside, header, carried = _left_behind(new, above)
                self.taken[self.dissolved[smalls[0]]][1].extend(header)
                body += inside
                continue
            if smalls[0] in self.dissolved:
                said, trailing = self.taken[self.dissolved[smalls[0]]]
                carried, gone = [line for line in above if not moves_along(line)], True
                said += [line.comment.value for line in above if line.comment is not None and line not in carried]
                trailing += trailing_comments(new)
                continue
            if self.emptied.issuperset(smalls):
                carried = [line for line in above if line.comment is None or not NEXT.match(line.comment.value)]
                carried += comment_lines(trailing_comments(new))
                gone = not behind
                if behind:
                    first, *others = behind
                    body += [first.with_changes(leading_lines=closed_up(last, carried, first)), *others]
                    carried = []
                continue
            body.append(new.with_changes(leading_lines=above))
            if len(smalls) == 1:
                body += lines(self.added(smalls, "behind"), [])
                body += lines(self.added(smalls, "below"), [cst.EmptyLine(indent=False)])
            body += behind
            while open_blocks and open_blocks[-1][1] in smalls:
                start, _ = open_blocks.pop()
                suite = cst.ensure_type(body[start].body, cst.IndentedBlock)
                inside = body[start + 1 :]
                if isinstance(original, cst.Module):
                    spaced = (line.with_changes(leading_lines=single_spaced(line.leading_lines)) for line in inside)
                    inside = [cast("Statement", line.visit(Blank())) for line in spaced]
                suite = suite.with_changes(body=inside, indent=indent)
                body[start:] = [body[start].with_changes(body=suite)]
        if gone and not any(line.comment for line in carried):
            carried = []
        return body, [*carried, *updated.footer]

    def session_lines(self, fix: Fix, making: Making, above: Sequence[cst.EmptyLine]) -> list[Statement]:
        """The lines that make a session; in the `with` style the first is a `with` whose body is yet to be filled."""
        rest = self.made(fix, making)
        text = _MADE[making.style].format(
            target=making.target, create=making.create, session=making.create[:-2], needs=making.needs
        )
        said, trailing = self.taken[fix]
        others = [comment for comment in trailing[1:] if not is_for_tools(comment)]
        above = [*above, *map(comment_line, said), *comment_lines(others)]
        first = commented(cst.parse_statement(text, self.config).with_changes(leading_lines=above), trailing)
        if making.style == "property" and rest:
            text = f"@{making.needs}\ndef {making.target}(self):\n    session = {making.create}\n    return session"
            first = cst.parse_statement(text, self.config).with_changes(leading_lines=above)
            method = cst.ensure_type(first, cst.FunctionDef)
            block = cst.ensure_type(method.body, cst.IndentedBlock)
            return [method.with_changes(body=block.with_changes(body=[block.body[0], *rest, block.body[1]]))]
        if making.style == "init":
            method = cst.ensure_type(first, cst.FunctionDef)
            block = cst.ensure_type(method.body, cst.IndentedBlock)
            return [method.with_changes(body=block.with_changes(body=[block.body[0], *rest]))]
        return [first, *rest]


_OWNERS = (
    cst.BaseCompoundStatement,
    cst.Else,
    cst.ExceptHandler,
    cst.ExceptStarHandler,
    cst.Finally,
    cst.MatchCase,
)
_FORM_FEED = re.compile(r"^[ \t]*\f[ \t\f]+[^\s]", re.MULTILINE)
# How a session is made, in each style.
_MADE = {
    "assign": "{target} = {create}",
    "behind": "{target} = {create}",
    "with": "with {create} as {target}:\n    pass",
    "init": "def __init__(self):\n    {target} = {create}",
    "property": "@{needs}\ndef {target}(self):\n    return {create}",
    "field": "{target}: {session} = {needs}(default_factory={session}, init=False, repr=False, compare=False)",
}


def _first(fix: Fix) -> int:
    return fix.making.place.before if fix.making is not None else -1


def _block(fix: Fix) -> int:
    return fix.making.place.block if fix.making is not None else -1


def _left_behind(node: cst.With, above: list[cst.EmptyLine]) -> tuple[list[Statement], list[str], list[cst.EmptyLine]]:
    """The body of a `with` that goes; the comments of its first line, and those behind the body."""
    if isinstance(node.body, cst.SimpleStatementSuite):
        line = cst.SimpleStatementLine(
            node.body.body, leading_lines=above, trailing_whitespace=node.body.trailing_whitespace
        )
        return [line], [], []
    block = cst.ensure_type(node.body, cst.IndentedBlock)
    header = comments(node.with_changes(leading_lines=[], body=block.with_changes(body=[], footer=[])))
    first, *rest = cast("Sequence[Statement]", block.body)
    inside = [first.with_changes(leading_lines=[*above, *without_blank(first.leading_lines)]), *rest]
    return inside, header, list(block.footer)
