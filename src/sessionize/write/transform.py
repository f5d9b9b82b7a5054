"""The one traversal of what is written anew: each node that has work on the list is changed."""

from __future__ import annotations

from typing import cast

import libcst as cst

from sessionize.fixes.outcome import Fix, Redirect
from sessionize.write.arguments import Reindent, bind_method, name_params, without_options
from sessionize.write.comments import is_for_tools, lost
from sessionize.write.displays import display_of, without_keys, without_shared
from sessionize.write.sessions import SessionCode
from sessionize.write.statements import BlockWriter, write_line
from sessionize.write.tree import Block, Line
from sessionize.write.worklist import Worklist


class Transformer(cst.CSTTransformer):
    def __init__(self, work: Worklist, code: SessionCode) -> None:
        super().__init__()
        self.work = work
        self.code = code

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Goes to where there is something to do, and into no other statement."""
        if isinstance(node, cst.SimpleStatementLine):
            return not self.work.dirty.isdisjoint(node.body)
        if isinstance(node, cst.BaseCompoundStatement | cst.BaseSmallStatement):
            return node in self.work.dirty
        return not isinstance(node, cst.BaseParenthesizableWhitespace | cst.TrailingWhitespace | cst.EmptyLine)

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> cst.CSTNodeT:
        node: cst.CSTNode = updated_node
        if original_node in self.work.calls:
            # `requests.get(url, headers=HEADERS)`
            old, new = cst.ensure_type(original_node, cst.Call), cst.ensure_type(node, cst.Call)
            node = self._align(old, self._redirect(new, *self.work.calls[old]), self.work.calls[old][1])
        elif original_node in self.work.trimmed:
            # `headers = {"X-Api-Key": self.key, "Content-Type": "text/csv"}`
            assigned = cast("cst.Assign | cst.AnnAssign", node)
            node = assigned.with_changes(value=without_keys(display_of(assigned), self.work.trimmed[original_node]))
        elif original_node in self.work.references:
            # the function in `pool.map(requests.get, urls)`
            node = bind_method(cast("cst.Attribute | cst.Name", node), self.work.references[original_node])
        elif original_node in self.work.changed_imports:
            # `from requests import get`
            node = self.work.changed_imports[original_node]
        elif isinstance(original_node, cst.SimpleStatementLine | cst.SimpleStatementSuite):
            # `a = 1; b = 2`, also behind `if a:`
            node = write_line(self.work, self.code, original_node, cast("Line", node))
        elif isinstance(original_node, cst.Module | cst.IndentedBlock):
            node = BlockWriter(self.work, self.code, original_node).write(cast("Block", node))
        return cast("cst.CSTNodeT", node)

    def _redirect(self, call: cst.Call, fix: Fix, redirect: Redirect) -> cst.Call:
        """`session.get(url)`; also for `requests.Session(...).get(url)`, which may have a comment in it."""
        func = bind_method(cast("cst.Attribute | cst.Name", call.func), redirect)
        if redirect.name_params:
            call = name_params(call)
        carried = ("cookies",) if redirect.call in fix.carries else ()
        above = self.work.orphans.above[self.work.parts.with_own_line(self.work.parts.of(redirect))]
        for comment in (*lost(call.func, func), *lost(call, without_options(call, carried))):
            (self.work.orphans.behind_session[fix] if is_for_tools(comment) else above).append(comment)
        set_once = fix.new_session.home.hoist if fix.new_session is not None else ()
        call = without_options(call, (*set_once, *carried)).with_changes(func=func)
        return without_shared(call, *shared) if (shared := self.work.displays.get(redirect.call)) else call

    def _align(self, old: cst.Call, new: cst.Call, redirect: Redirect) -> cst.Call:
        """A call whose lines stand under its first argument, as before, also where that has moved."""
        code = self.code.rendering.module.code_for_node
        shift = len(code(new.func)) - len(code(old.func))
        opens_line = not old.args or isinstance(old.whitespace_before_args, cst.ParenthesizedWhitespace)
        if not shift or opens_line or "\n" not in code(new.with_changes(func=cst.Name("_"))):
            return new
        part = self.work.parts.of(redirect)
        statement = next(self.work.parts.nodes_around(part))
        if self.work.calls_in[statement] > 1:  # which may move each other's lines
            return new
        column, block, _ = self.code.rendering.column(old.args[0], self.work.parts.path(part), statement)
        reindent = Reindent(block, block, column - 1, column - 1 + shift - len(block))
        args = [cst.ensure_type(arg.visit(reindent), cst.Arg) for arg in new.args]
        return new.with_changes(args=args)
