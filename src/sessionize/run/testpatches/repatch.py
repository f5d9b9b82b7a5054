"""The other writer: moves what a test replaces by name along with the calls.

`requests.get` becomes `requests.Session.get` where that replaces the same and nothing less. Elsewhere the patch stays,
and the session's method is made to call the patched function: so both kinds of calls meet one fake, with the same
arguments. A place that can take neither is left as it is, and says why.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias, cast

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from sessionize.files.lines import bare_lines
from sessionize.library.patches import Patch, Reader
from sessionize.run.testpatches.replace import Replacements
from sessionize.syntax.cst_text import restore_lines
from sessionize.syntax.parse import UnreadableError, parse_ast, parse_cst
from sessionize.write.comments import comments

# Options of `patch` after which its mock is more than a mock that takes everything.
_PARTICULAR = frozenset({"autospec", "spec", "spec_set", "new_callable", "wraps", "create"})
_HIDDEN = "it is not written where it is made"
_Range: TypeAlias = tuple[int, int, int, int]  # as `ast` counts it: columns in bytes


def move_patches(text: str, file: str, moves: Mapping[str, bool]) -> tuple[str, dict[str, str]]:
    """The text of a test with its patches moved; and the targets that can't be moved, with the reason.

    moves: the targets, each one function of requests; and whether only sessions make these calls now, so that the patch
    need not stay besides.
    """
    try:
        tree, module = parse_ast(text), parse_cst(text)
        mover = _Mover(module, text, Reader(file, tree), moves)
        if mover.refused:
            return text, mover.refused
        after = restore_lines(text, module.code, mover.replacements.render(module))
        kept = Counter(comments(module)) == Counter(comments(parse_cst(after)))
    except (UnreadableError, RecursionError):
        return text, dict.fromkeys(moves, "the file can't be rewritten")
    return (after, {}) if kept else (text, dict.fromkeys(moves, "moving it would lose a comment"))


class _Site(NamedTuple):
    """The place where a patch is made.

    node: a call, or the target of an assignment.
    around: the nodes that it stands in, the nearest last.
    """

    node: cst.CSTNode
    around: tuple[cst.CSTNode, ...]
    patch: Patch


class _Mover:
    """Decides how each patch moves.

    replacements: the code that is to be written.
    refused: why targets can't move.
    """

    def __init__(self, module: cst.Module, text: str, reader: Reader, moves: Mapping[str, bool]) -> None:
        self.module = module
        self.reader = reader
        self.refused: dict[str, str] = dict.fromkeys(moves, _HIDDEN)
        self.replacements = Replacements()
        wanted: dict[_Range, Patch] = {}
        for made, patch in reader.sites():
            if patch.target in moves:
                wanted[made.lineno, made.col_offset, made.end_lineno or 0, made.end_col_offset or 0] = patch
                self.refused.pop(patch.target, None)
        for site in _take_sites(module, text, wanted):
            if reason := self._move(site, alone=moves[site.patch.target]):
                self.refused[site.patch.target] = reason
        for patch in wanted.values():
            self.refused[patch.target] = _HIDDEN

    def _move(self, site: _Site, *, alone: bool) -> str:
        """Move a patch, or tell why it can't be moved.

        alone: whether only sessions make the calls now.
        """
        function = site.patch.function
        if isinstance(site.node, cst.Attribute):
            return self._add_assignment(site, site.node)
        call = cst.ensure_type(site.node, cst.Call)
        form = _form(call, function)
        if form is None:
            return "its target is put together"
        name = _last(call.func)
        if name not in ("patch", "object", "setattr") or _code(call.func) in ("setattr", "builtins.setattr"):
            return f"`{name}` can't be moved"
        alone = alone and f"requests.{function}" not in self._paths_read
        new = _new_value(call, form)
        strange = any(arg.star or (arg.keyword and arg.keyword.value in _PARTICULAR) for arg in call.args)
        named = isinstance(site.around[-1], cst.WithItem) and site.around[-1].asname is not None
        if alone and not strange and not (new is not None and named):
            self.replacements.replaced[call] = _patching_session(call, form, function, new)
            return ""
        return self._add_patch(site, call, form, function)

    def _add_patch(self, site: _Site, call: cst.Call, form: str, function: str) -> str:
        """Write `@patch("requests.Session.get", lambda ...: requests.get(...))` beside `@patch("requests.get")`."""
        subject = call.args[0]
        if form == "text":
            if not self._names_requests():
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
            self.replacements.added[parent].append(more)
        elif effective and isinstance(parent, cst.Expr | cst.Assign) and _line(site.around[:-1]) is not None:
            self.replacements.added[site.around[-2]].append(more)
        else:
            return "there is no place for a second patch beside it"
        self.replacements.needs_requests |= form == "text"
        return ""

    def _add_assignment(self, site: _Site, target: cst.Attribute) -> str:
        """Write `requests.Session.get = ...` beside `requests.get = fake`; what was kept is put back on both."""
        line = _line(site.around[:-2]) if len(site.around) > 2 else None
        assign = site.around[-2]
        if line is None or not isinstance(assign, cst.Assign) or len(assign.targets) > 1:
            return "it is assigned together with something else"
        subject = _code(target.value)
        method, function = f"{subject}.Session.{target.attr.value}", f"{subject}.{target.attr.value}"
        value = _code(assign.value)
        if (function, value) in self._kept:
            if "." not in value:
                return "what it was is kept in a variable"
            self.replacements.added[line].append(f"{method} = {value}_of_session")
            lines = self._kept[function, value]
            while lines:
                self.replacements.added[lines.pop()].append(f"{value}_of_session = {method}")
        else:
            self.replacements.added[line].append(f"{method} = {_calling(function)}")
        return ""

    @cached_property
    def _kept(self) -> dict[tuple[str, str], list[cst.SimpleStatementLine]]:
        """The lines `self.original = requests.get`, by the value and the target."""
        kept = defaultdict(list)
        for line, _ in _nodes(self.module):
            match line:
                case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=value)]):
                    kept[_code(value), _code(target)].append(line)
        return kept

    @cached_property
    def _paths_read(self) -> set[str]:
        """The attributes that the test itself uses: a patch of one must stay."""
        found: set[str] = set()
        for node in self.reader.nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.update(self.reader.path(node))
        return found

    def _names_requests(self) -> bool:
        """Tell whether `requests` is, or can be imported as, the module of that name, everywhere in the file."""
        for node in self.reader.nodes:
            match node:
                case ast.arg(arg="requests") | ast.FunctionDef(name="requests") | ast.ExceptHandler(name="requests"):
                    return False
                case ast.Name(id="requests", ctx=ast.Store() | ast.Del()):
                    return False
        return set(self.reader.paths.get("requests", ["requests"])) == {"requests"}


# --- where patches are made -------------------------------------------------------------------------------------------


def _take_sites(module: cst.Module, text: str, wanted: dict[_Range, Patch]) -> list[_Site]:
    """Takes the patches out of `wanted` that are found in LibCST's tree."""
    lines = bare_lines(text)
    found: list[_Site] = []
    positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    for node, around in _nodes(module):
        if isinstance(node, cst.Call | cst.Attribute):
            here = wanted.pop(_place(positions[node], lines), None)
            if here is not None:
                found.append(_Site(node, around, here))
    return found


def _nodes(module: cst.Module) -> list[tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]]:
    """All nodes, each with those around it, the nearest last."""
    found = []
    todo: list[tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]] = [(module, ())]
    while todo:
        node, around = todo.pop()
        found.append((node, around))
        todo += [(child, (*around[-3:], node)) for child in node.children]
    return found


def _place(place: CodeRange, lines: Sequence[str]) -> _Range:
    """A range as `ast` counts it: columns in bytes."""
    start, end = place.start, place.end
    columns = [len(lines[at.line - 1][: at.column].encode("utf-8", "surrogatepass")) for at in (start, end)]
    return start.line, columns[0], end.line, columns[1]


# --- calls that patch -------------------------------------------------------------------------------------------------


def _form(call: cst.Call, function: str) -> str | None:
    """`text` for `patch("requests.get")`, `object` for `patch.object(requests, "get")`; None for neither."""
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
    """The index of the fake in `patch("requests.get", fake)`; None if a mock is made."""
    at = 1 if form == "text" else 2
    for number, arg in enumerate(call.args):
        keyword = arg.keyword.value if arg.keyword is not None else ""
        if keyword in ("new", "value") or (number == at and not keyword):
            return number
    return None


def _patching_session(call: cst.Call, form: str, function: str, new: int | None) -> cst.Call:
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
    """The line around a small statement that stands alone on it."""
    line = around[-1]
    return line if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None


def _last(func: cst.CSTNode) -> str:
    return func.attr.value if isinstance(func, cst.Attribute) else func.value if isinstance(func, cst.Name) else ""


def _code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)
