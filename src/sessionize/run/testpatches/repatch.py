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
from typing import TypeAlias

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider

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


class _Mover:
    """Decides how each patch moves.

    replacements: the code that is to be written.
    refused: why targets can't move.
    """

    def __init__(self, module: cst.Module, text: str, reader: Reader, moves: Mapping[str, bool]) -> None:
        metadata = MetadataWrapper(module, unsafe_skip_copy=True)
        self.parents: Mapping[cst.CSTNode, cst.CSTNode] = metadata.resolve(ParentNodeProvider)
        self.reader = reader
        self.refused: dict[str, str] = dict.fromkeys(moves, _HIDDEN)
        self.replacements = Replacements(self.parents)
        wanted: dict[_Range, Patch] = {}
        for made, patch in reader.sites():
            if patch.target in moves:
                wanted[made.lineno, made.col_offset, made.end_lineno or 0, made.end_col_offset or 0] = patch
                self.refused.pop(patch.target, None)
        lines = bare_lines(text)
        for node, position in metadata.resolve(PositionProvider).items():
            if isinstance(node, cst.Call | cst.Attribute) and (place := _place(position, lines)) in wanted:
                patch = wanted.pop(place)
                if reason := self._move(node, patch.function, alone=moves[patch.target]):
                    self.refused.setdefault(patch.target, reason)
        for patch in wanted.values():
            self.refused[patch.target] = _HIDDEN

    def _move(self, node: cst.Call | cst.Attribute, function: str, *, alone: bool) -> str:
        """Move the patch that a call or the target of an assignment makes, or tell why it can't be moved.

        alone: whether only sessions make the calls now.
        """
        if isinstance(node, cst.Attribute):
            return self._add_assignment(node)
        if not _is_written_out(node, function):
            return "its target is built at run time"
        name = _last(node.func)
        if name not in ("patch", "object", "setattr") or _code(node.func) in ("setattr", "builtins.setattr"):
            return f"`{name}` can't be moved"
        alone = alone and f"requests.{function}" not in self._paths_read
        new = _new_value(node)
        strange = any(arg.star or (arg.keyword and arg.keyword.value in _PARTICULAR) for arg in node.args)
        parent = self.parents[node]
        named = isinstance(parent, cst.WithItem) and parent.asname is not None
        if alone and not strange and not (new is not None and named):
            self.replacements.replaced[node] = _patching_session(node, function, new)
            return ""
        return self._add_patch(node, function)

    def _add_patch(self, call: cst.Call, function: str) -> str:
        """Write `@patch("requests.Session.get", lambda ...: requests.get(...))` beside `@patch("requests.get")`."""
        subject = call.args[0].value
        if isinstance(subject, cst.SimpleString):
            if not self._names_requests():
                return "`requests` is another name in that file"
            caller = f"requests.{function}"
            arguments = [_code(_in_session(subject, function))]
        else:
            caller = f"{_code(subject)}.{function}"
            arguments = [f"{_code(subject)}.Session", _code(call.args[1].value)]
        more = f"{_code(call.func)}({', '.join(arguments)}, {_calling(caller)})"
        parent = self.parents[call]
        effective = "mocker" in _code(call.func) or _last(call.func) == "setattr"
        if isinstance(parent, cst.Decorator | cst.WithItem) and not effective:
            self.replacements.added[parent].append(more)
        elif effective and isinstance(parent, cst.Expr | cst.Assign) and (line := self._line(parent)) is not None:
            self.replacements.added[line].append(more)
        else:
            return "there is no place for a second patch beside it"
        self.replacements.needs_requests |= isinstance(subject, cst.SimpleString)
        return ""

    def _add_assignment(self, target: cst.Attribute) -> str:
        """Write `requests.Session.get = ...` beside `requests.get = fake`; what was kept is put back on both."""
        assign = self.parents.get(self.parents[target])
        if not isinstance(assign, cst.Assign) or len(assign.targets) > 1 or (line := self._line(assign)) is None:
            return "it is assigned together with something else"
        subject = _code(target.value)
        method, function = f"{subject}.Session.{target.attr.value}", f"{subject}.{target.attr.value}"
        value = _code(assign.value)
        if (function, value) in self._kept:
            if "." not in value:
                return "the original is kept in a variable"
            self.replacements.added[line].append(f"{method} = {value}_of_session")
            lines = self._kept[function, value]
            while lines:
                self.replacements.added[lines.pop()].append(f"{value}_of_session = {method}")
        else:
            self.replacements.added[line].append(f"{method} = {_calling(function)}")
        return ""

    def _line(self, statement: cst.CSTNode) -> cst.SimpleStatementLine | None:
        """The line around a small statement that stands alone on it."""
        line = self.parents[statement]
        return line if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None

    @cached_property
    def _kept(self) -> dict[tuple[str, str], list[cst.SimpleStatementLine]]:
        """The lines `self.original = requests.get`, by the value and the target."""
        kept = defaultdict(list)
        for line in self.parents:
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


def _place(place: CodeRange, lines: Sequence[str]) -> _Range:
    """A range as `ast` counts it: columns in bytes."""
    start, end = place.start, place.end
    columns = [len(lines[at.line - 1][: at.column].encode("utf-8", "surrogatepass")) for at in (start, end)]
    return start.line, columns[0], end.line, columns[1]


# --- calls that patch -------------------------------------------------------------------------------------------------


def _is_written_out(call: cst.Call, function: str) -> bool:
    """Tell whether a call is like `patch("requests.get")` or `patch.object(requests, "get")`."""
    if not call.args or call.args[0].star or call.args[0].keyword:
        return False
    subject = call.args[0].value
    if isinstance(subject, cst.SimpleString):
        return re.search(rf"\.{function}[\"']+$", subject.value) is not None
    if len(call.args) > 1 and not call.args[1].keyword and isinstance(call.args[1].value, cst.SimpleString):
        return call.args[1].value.evaluated_value == function and isinstance(subject, cst.Name | cst.Attribute)
    return False


def _new_value(call: cst.Call) -> int | None:
    """The index of the fake in `patch("requests.get", fake)`; None if a mock is made."""
    at = 1 if isinstance(call.args[0].value, cst.SimpleString) else 2
    for number, arg in enumerate(call.args):
        keyword = arg.keyword.value if arg.keyword is not None else ""
        if keyword in ("new", "value") or (number == at and not keyword):
            return number
    return None


def _patching_session(call: cst.Call, function: str, new: int | None) -> cst.Call:
    """The patch of the session's method; a function must not get the session as its first argument."""
    args = list(call.args)
    subject = args[0].value
    if isinstance(subject, cst.SimpleString):
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


def _last(func: cst.CSTNode) -> str:
    return func.attr.value if isinstance(func, cst.Attribute) else func.value if isinstance(func, cst.Name) else ""


def _code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)
