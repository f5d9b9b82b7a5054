"""The other writer: moves what a test replaces by name along with the calls.

`requests.get` becomes `requests.Session.get` where that replaces the same and nothing less. Elsewhere the patch stays,
and the session's method is made to call the patched function: so both kinds of calls meet one fake, with the same
arguments. A place that can take neither is left as it is, and says why.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from sessionize.files.lines import restore_lines
from sessionize.library.patches import Patch, Reader
from sessionize.syntax.parse import UnreadableError, parse_ast, parse_cst
from sessionize.write.comments import comments

# Options of `patch` after which its mock is more than a mock that takes everything.
_PARTICULAR = frozenset({"autospec", "spec", "spec_set", "new_callable", "wraps", "create"})
_HIDDEN = "it is not written where it is made"


def repatched(text: str, file: str, moves: Mapping[str, bool]) -> tuple[str, dict[str, str]]:
    """The text of a test with its patches moved; and the targets that can't be moved, with the reason.

    moves: the targets, each one function of requests; and whether only sessions make these calls now, so that the patch
    need not stay besides.
    """
    try:
        tree, module = parse_ast(text), parse_cst(text)
        writer = _Writer(module, text, Reader(file, tree), moves)
        if writer.refused:
            return text, writer.refused
        after = restore_lines(text, module.code, writer.written())
        kept = Counter(comments(module)) == Counter(comments(parse_cst(after)))
    except (UnreadableError, RecursionError):
        return text, dict.fromkeys(moves, "the file can't be rewritten")
    return (after, {}) if kept else (text, dict.fromkeys(moves, "moving it would lose a comment"))


@dataclass(frozen=True)
class _Site:
    """Where a patch is made: a call, or the target of an assignment; `around`: what it stands in, the nearest last."""

    node: cst.CSTNode
    around: tuple[cst.CSTNode, ...]
    patch: Patch


class _Writer:
    def __init__(self, module: cst.Module, text: str, reader: Reader, moves: Mapping[str, bool]) -> None:
        self.module = module
        self.reader = reader
        self.refused: dict[str, str] = {}
        self.replaced: dict[cst.CSTNode, cst.CSTNode] = {}
        self.added: dict[cst.CSTNode, list[str]] = defaultdict(list)  # code to stand behind a node
        self.needs_import = False
        self.mentioned = {
            path
            for node in reader.nodes
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
            for path in reader.path(node)
        }
        for site in self.sites(text, moves):
            if reason := self.why_not(site, alone=moves[site.patch.target]):
                self.refused[site.patch.target] = reason
        for target in moves.keys() - {patch.target for _, patch in reader.sites()}:
            self.refused[target] = _HIDDEN

    def sites(self, text: str, moves: Mapping[str, bool]) -> Iterator[_Site]:
        """The places of the patches to be moved, in LibCST's tree; what is not found there is refused."""
        lines = re.split(r"\r\n|\r|\n", text)
        wanted: dict[tuple[int, int, int, int], Patch] = {}
        for made, patch in self.reader.sites():
            if patch.target in moves:
                place = (made.lineno, made.col_offset, made.end_lineno or 0, made.end_col_offset or 0)
                wanted[place] = patch
        positions = MetadataWrapper(self.module, unsafe_skip_copy=True).resolve(PositionProvider)
        for node, around in _nodes(self.module):
            if isinstance(node, cst.Call | cst.Attribute):
                patch_here = wanted.pop(_place(positions[node], lines), None)
                if patch_here is not None:
                    yield _Site(node, around, patch_here)
        for patch in wanted.values():
            self.refused[patch.target] = _HIDDEN

    # --- what to do ---------------------------------------------------------------------------------------------------

    def why_not(self, site: _Site, *, alone: bool) -> str:
        """Prepares what is to be written for a patch, or tells why it can't be."""
        function = site.patch.function
        if isinstance(site.node, cst.Attribute):
            return self.assignment(site, site.node)
        call = cst.ensure_type(site.node, cst.Call)
        form = _form(call, function)
        if form is None:
            return "its target is put together"
        name = _last(call.func)
        if name not in ("patch", "object", "setattr") or _code(call.func) in ("setattr", "builtins.setattr"):
            return f"`{name}` can't be moved"
        alone = alone and f"requests.{function}" not in self.mentioned
        new = _new_value(call, form)
        strange = any(arg.star or (arg.keyword and arg.keyword.value in _PARTICULAR) for arg in call.args)
        named = isinstance(site.around[-1], cst.WithItem) and site.around[-1].asname is not None
        if alone and not strange and not (new is not None and named):
            self.replaced[call] = _moved(call, form, function, new)
            return ""
        return self.besides(site, call, form, function)

    def besides(self, site: _Site, call: cst.Call, form: str, function: str) -> str:
        """Leaves a patch, and adds another that makes a session call what is patched."""
        subject = call.args[0]
        if form == "text":
            if not self.names_requests():
                return "`requests` is another name in that file"
            caller = f"requests.{function}"
            arguments = [_code(_in_session(cast("cst.SimpleString", subject.value), function))]
        else:
            caller = f"{_code(subject.value)}.{function}"
            arguments = [f"{_code(subject.value)}.Session", _code(call.args[1].value)]
        more = f"{_code(call.func)}({', '.join(arguments)}, {_calling(caller)})"
        parent = site.around[-1]
        effective = "mocker" in _code(call.func) or _last(call.func) == "setattr"
        if isinstance(parent, cst.Decorator | cst.WithItem) and not effective:
            self.added[parent].append(more)
        elif effective and isinstance(parent, cst.Expr | cst.Assign) and _line(site.around[:-1]) is not None:
            self.added[site.around[-2]].append(more)
        else:
            return "there is no place for a second patch beside it"
        self.needs_import |= form == "text"
        return ""

    def assignment(self, site: _Site, target: cst.Attribute) -> str:
        """`requests.get = fake`, with what is kept before and put back after."""
        line = _line(site.around[:-2]) if len(site.around) > 2 else None
        assign = site.around[-2]
        if line is None or not isinstance(assign, cst.Assign) or len(assign.targets) > 1:
            return "it is assigned together with something else"
        subject = _code(target.value)
        method, function = f"{subject}.Session.{target.attr.value}", f"{subject}.{target.attr.value}"
        value = _code(assign.value)
        if (function, value) in self.kept:
            if "." not in value:
                return "what it was is kept in a variable"
            self.added[line].append(f"{method} = {value}_of_session")
            lines = self.kept[function, value]
            while lines:
                self.added[lines.pop()].append(f"{value}_of_session = {method}")
        else:
            self.added[line].append(f"{method} = {_calling(function)}")
        return ""

    @cached_property
    def kept(self) -> dict[tuple[str, str], list[cst.SimpleStatementLine]]:
        """The lines `self.original = requests.get`, by the value and the target."""
        kept = defaultdict(list)
        for line, _ in _nodes(self.module):
            match line:
                case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=value)]):
                    kept[_code(value), _code(target)].append(line)
        return kept

    def names_requests(self) -> bool:
        """Whether `requests` is, or can be imported as, the module of that name, everywhere in the file."""
        for node in self.reader.nodes:
            match node:
                case ast.arg(arg="requests") | ast.FunctionDef(name="requests") | ast.ExceptHandler(name="requests"):
                    return False
                case ast.Name(id="requests", ctx=ast.Store() | ast.Del()):
                    return False
        return set(self.reader.paths.get("requests", ["requests"])) == {"requests"}

    # --- writing ------------------------------------------------------------------------------------------------------

    def written(self) -> str:
        module = self.module.visit(_Replacing(self.replaced, self.added, self.module.config_for_parsing))
        imported = any(
            isinstance(node, ast.Import) and any(alias.name == "requests" for alias in node.names)
            for node in self.reader.nodes[0].body  # type: ignore[attr-defined]
        )
        if self.needs_import and not imported:
            body = list(module.body)
            at = next(i for i, statement in enumerate(body) if not _first(statement))
            line = cst.parse_statement("import requests", module.config_for_parsing)
            line = line.with_changes(leading_lines=body[at].leading_lines)
            body[at : at + 1] = [line, body[at].with_changes(leading_lines=())]
            module = module.with_changes(body=body)
        return module.code


class _Replacing(cst.CSTTransformer):
    def __init__(
        self,
        replaced: Mapping[cst.CSTNode, cst.CSTNode],
        added: Mapping[cst.CSTNode, Sequence[str]],
        config: cst.PartialParserConfig,
    ) -> None:
        super().__init__()
        self.replaced = replaced
        self.added = added
        self.config = config
        self.blocks: list[cst.With] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.With):
            self.blocks.append(node)
        return True

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.FlattenSentinel[cst.CSTNodeT] | cst.RemovalSentinel:
        node: cst.CSTNode = self.replaced.get(original_node, updated_node)
        if isinstance(original_node, cst.With):
            self.blocks.pop()
        more = self.added.get(original_node)
        if not more:
            return cast("cst.CSTNodeT", node)
        if isinstance(node, cst.Decorator):
            new = [cst.Decorator(cst.parse_expression(code, self.config)) for code in more]
            return cast("cst.FlattenSentinel[cst.CSTNodeT]", cst.FlattenSentinel([node, *new]))
        if isinstance(node, cst.WithItem):
            items = self.items(node, cst.ensure_type(original_node, cst.WithItem), more)
            return cast("cst.FlattenSentinel[cst.CSTNodeT]", cst.FlattenSentinel(items))
        lines = [cst.parse_statement(code, self.config) for code in more]
        return cast("cst.FlattenSentinel[cst.CSTNodeT]", cst.FlattenSentinel([node, *lines]))

    def items(self, node: cst.WithItem, original: cst.WithItem, more: Sequence[str]) -> list[cst.WithItem]:
        block = self.blocks[-1]
        last = original is block.items[-1]
        space: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
        if isinstance(block.lpar, cst.LeftParen) and isinstance(
            block.lpar.whitespace_after, cst.ParenthesizedWhitespace
        ):
            space = block.lpar.whitespace_after.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
        elif not last and isinstance(node.comma, cst.Comma):
            space = node.comma.whitespace_after
        new = [cst.WithItem(cst.parse_expression(code, self.config)) for code in more]
        new[-1] = new[-1].with_changes(comma=node.comma)
        between = cst.Comma(whitespace_after=space)
        return [node.with_changes(comma=between), *(item.with_changes(comma=between) for item in new[:-1]), new[-1]]


# --- small pieces -----------------------------------------------------------------------------------------------------


def _nodes(module: cst.Module) -> list[tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]]:
    """All nodes, each with what is around it."""
    found: list[tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]] = []
    todo: list[tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]] = [(module, ())]
    while todo:
        node, around = todo.pop()
        found.append((node, around))
        todo += [(child, (*around[-3:], node)) for child in node.children]
    return found


def _place(place: CodeRange, lines: Sequence[str]) -> tuple[int, int, int, int]:
    """A range as `ast` counts it: columns in bytes."""
    start, end = place.start, place.end
    columns = [len(lines[at.line - 1][: at.column].encode("utf-8", "surrogatepass")) for at in (start, end)]
    return start.line, columns[0], end.line, columns[1]


def _form(call: cst.Call, function: str) -> str | None:
    """How a call names what it replaces: as `text` or as an `object` and a name; None if not in so many words."""
    if not call.args or call.args[0].star or call.args[0].keyword:
        return None
    subject = call.args[0].value
    if isinstance(subject, cst.SimpleString):
        return "text" if re.search(rf"\.{function}[\"']+$", subject.value) else None
    if len(call.args) > 1 and not call.args[1].keyword and isinstance(call.args[1].value, cst.SimpleString):
        named = call.args[1].value.evaluated_value == function
        return "object" if named and isinstance(subject, cst.Name | cst.Attribute) else None
    return None


def _new_value(call: cst.Call, form: str) -> int | None:
    """Which argument is the fake that takes the function's place; None if it is a mock that is made."""
    at = 1 if form == "text" else 2
    for number, arg in enumerate(call.args):
        if (arg.keyword is None and number == at) or (
            arg.keyword is not None and arg.keyword.value in ("new", "value")
        ):
            return number
    return None


def _moved(call: cst.Call, form: str, function: str, new: int | None) -> cst.Call:
    """The patch of the session's method; a function must not get the session as its first argument."""
    args = list(call.args)
    subject = args[0].value
    if isinstance(subject, cst.SimpleString) and form == "text":
        args[0] = args[0].with_changes(value=_in_session(subject, function))
    else:
        args[0] = args[0].with_changes(value=cst.Attribute(subject, cst.Name("Session")))
    if new is not None:
        fake = cst.Call(cst.Name("staticmethod"), [cst.Arg(args[new].value)])
        args[new] = args[new].with_changes(value=fake)
    return call.with_changes(args=args)


def _in_session(target: cst.SimpleString, function: str) -> cst.SimpleString:
    return target.with_changes(value=re.sub(rf"{function}([\"']+)$", rf"Session.{function}\1", target.value))


def _calling(function: str) -> str:
    return f"lambda _, *args, **kwargs: {function}(*args, **kwargs)"


def _line(around: Sequence[cst.CSTNode]) -> cst.SimpleStatementLine | None:
    """The line of its own that a small statement is, if it is one."""
    line = around[-1]
    return line if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None


def _first(statement: cst.CSTNode) -> bool:
    """Whether nothing may stand before it: a docstring, an import from the future."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString())]):
            return True
        case cst.SimpleStatementLine(body=[cst.ImportFrom(module=cst.Name(value="__future__"))]):
            return True
    return False


def _last(func: cst.CSTNode) -> str:
    return func.attr.value if isinstance(func, cst.Attribute) else func.value if isinstance(func, cst.Name) else ""


def _code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)
