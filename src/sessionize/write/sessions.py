"""The statements that make a session and set it up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import filterfalse
from typing import cast

import libcst as cst

from sessionize.fixes.outcome import Fix, NewSession
from sessionize.sharing.shared_headers import SharedHeaders
from sessionize.write.arguments import Reindent, option_value, orphan_comments
from sessionize.write.comments import WHY_NO_COOKIES, comment_line, comment_lines, comments, is_for_tools, with_comments
from sessionize.write.displays import displays_comments, first_display, only_keys
from sessionize.write.rendering import Rendering
from sessionize.write.tree import Parts, Statement, parse_small
from sessionize.write.worklist import Orphans

# By style of making; setup lines go behind the first statement, or the first one of a method.
_CODE = {
    "assign": "{target} = {create}",
    "behind": "{target} = {create}",
    "with": "with {create} as {target}:\n    pass",
    "init": "def __init__(self):\n    {target} = {create}",
    "property": "@{helper}\ndef {target}(self):\n    return {create}",
    "field": "{target}: {session} = {helper}(default_factory={session}, init=False, repr=False, compare=False)",
}
_FOR_THREADS = """\
def {target}():
    if not hasattr({local}, "session"):
        {local}.session = {create}
    return {local}.session"""
_PROPERTY_WITH_SETUP = "@{helper}\ndef {target}(self):\n    session = {create}\n    return session"

# A display that becomes shorter stands on one line up to here.
_WIDTH = 80


class SessionCode:
    """Code for the sessions of fixes; `orphans` are the comments that move to it."""

    def __init__(self, rendering: Rendering, parts: Parts, orphans: Orphans) -> None:
        self.rendering = rendering
        self.parts = parts
        self.orphans = orphans

    def statements(self, fix: Fix, new_session: NewSession, above: Sequence[cst.EmptyLine]) -> list[Statement]:
        """The statements that make a session, with `above` over the first; a `with` has a body yet to be filled."""
        setup, style = self.setup_lines(fix, new_session), new_session.home.style
        if style == "threads":
            return self._for_threads(new_session, setup, above)
        code = _PROPERTY_WITH_SETUP if style == "property" and setup else _CODE[style]
        session = new_session.create.removesuffix("()")
        text = code.format(
            target=new_session.target, create=new_session.create, session=session, helper=new_session.helper
        )
        behind = self.orphans.behind_session[fix]
        others = filterfalse(is_for_tools, behind[1:])
        above = [*above, *map(comment_line, self.orphans.above_session[fix]), *comment_lines(others)]
        made = cst.parse_statement(text, self.rendering.module.config_for_parsing).with_changes(leading_lines=above)
        made = with_comments(made, behind)
        if not isinstance(made, cst.FunctionDef):
            return [made, *setup]
        # In a method the setup stands behind its first line: `def __init__(self): self.session = requests.Session()`.
        block = cst.ensure_type(made.body, cst.IndentedBlock)
        first, *rest = block.body
        return [made.with_changes(body=block.with_changes(body=[first, *setup, *rest]))]

    def _for_threads(
        self, new_session: NewSession, setup: Sequence[cst.SimpleStatementLine], above: Sequence[cst.EmptyLine]
    ) -> list[Statement]:
        """`_local = threading.local()`, and a function `_session()` that gives each thread a session of its own."""
        config = self.rendering.module.config_for_parsing
        local = new_session.home.instance
        kept = cst.parse_statement(f"{local} = {new_session.helper}()", config).with_changes(leading_lines=above)
        text = _FOR_THREADS.format(target=new_session.target, local=local, create=new_session.create)
        made = cst.ensure_type(cst.parse_statement(text, config), cst.FunctionDef)
        first, last = made.body.body
        once = cst.ensure_type(cst.ensure_type(first, cst.If).body, cst.IndentedBlock)
        first = first.with_changes(body=once.with_changes(body=[*once.body, *setup]))
        body = made.body.with_changes(body=[first, last])
        return [kept, made.with_changes(body=body, leading_lines=[cst.EmptyLine(indent=False)] * 2)]

    def setup_lines(self, fix: Fix, new_session: NewSession) -> list[cst.SimpleStatementLine]:
        """The lines that follow `session = ...`."""
        home = new_session.home
        lines: list[cst.SimpleStatementLine] = []
        name = {"property": "session", "threads": f"{home.instance}.session"}.get(home.style, new_session.target)
        if new_session.apart:
            statement = parse_small(f"{name}.{new_session.apart}")
            lines.append(cst.SimpleStatementLine([statement], leading_lines=[comment_line(WHY_NO_COOKIES)]))
        for scheme in ("https://", "http://") if new_session.adapter else ():
            statement = parse_small(f'{name}.mount("{scheme}", {new_session.adapter})')
            lines.append(cst.SimpleStatementLine([statement]))
        for option in home.hoist:
            above, behind = orphan_comments(self.parts.calls(fix), home.hoist, option)
            line = cst.SimpleStatementLine([self._set_option(fix, name, option)], leading_lines=comment_lines(above))
            lines.append(cst.ensure_type(with_comments(line, behind), cst.SimpleStatementLine))
        if home.shared is not None:
            lines.append(self._share_headers(fix, home.hoist, home.shared, name))
        return lines

    def _share_headers(
        self, fix: Fix, hoist: Sequence[str], shared: SharedHeaders, name: str
    ) -> cst.SimpleStatementLine:
        """`session.headers.update({"X-Api-Key": self.key})`, with what stood in the display of the first call."""
        text = f"{name}.headers.update("
        part, first = first_display(self.parts, fix, shared)
        moved = cst.ensure_type(self._reindent(first, part, len(text)), cst.Dict)
        if len(shared.keys) < len(moved.elements):
            indent = self.rendering.module.default_indent
            code = self.rendering.module.code_for_node(only_keys(moved, shared.keys))
            fits = "\n" not in code and len(text) + len(code) < _WIDTH
            moved = only_keys(moved, shared.keys, None if fits else indent)
        orphans = Counter(displays_comments(self.parts, fix, hoist, shared)) - Counter(comments(moved))
        above = comment_lines(orphans.elements())
        return cst.SimpleStatementLine([_with_argument(text, moved)], leading_lines=above)

    def _set_option(self, fix: Fix, name: str, option: str) -> cst.BaseSmallStatement:
        """`session.auth = ("me", "secret")` or `session.headers.update({"Accept": "text/csv"})`."""
        value = option_value(self.parts.calls(fix)[0], option)
        part = self.parts.of(fix.redirects[0])
        if option == "auth":
            text = f"{name}.auth = "
            return parse_small(f"{text}0").with_changes(value=self._reindent(value, part, len(text)))
        value = _uncopied(value)
        text = f"{name}.{option}.update("
        return _with_argument(text, self._reindent(value, part, len(text)))

    def _reindent(self, value: cst.BaseExpression, part: int, column: int) -> cst.BaseExpression:
        """A value of a call in `part` that moves to `column`; its other lines keep their offset."""
        if not re.search(r"[\r\n]", self.rendering.module.code_for_node(value)):
            return value
        start, block, indent = self.rendering.column(value, self.parts.path(part), next(self.parts.nodes_around(part)))
        return cast("cst.BaseExpression", value.visit(Reindent(block, indent, start, column)))


def _with_argument(text: str, value: cst.BaseExpression) -> cst.Expr:
    """`session.headers.update(HEADERS)` of its beginning, up to the bracket, and its argument."""
    line = cst.ensure_type(parse_small(f"{text})"), cst.Expr)
    return line.with_changes(value=line.value.with_changes(args=[cst.Arg(value)]))


def _uncopied(value: cst.BaseExpression) -> cst.BaseExpression:
    """The dict that an expression copies: `HEADERS` of `dict(HEADERS)`, `HEADERS.copy()`, `{**HEADERS}`."""
    match value:
        case (
            cst.Call(func=cst.Name("dict"), args=[cst.Arg(value=inner, keyword=None, star="")])
            | cst.Call(func=cst.Attribute(value=inner, attr=cst.Name("copy")), args=[])
            | cst.Dict(elements=[cst.StarredDictElement(value=inner)])
        ):
            return inner
    return value
