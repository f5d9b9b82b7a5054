"""What a fix promises of every file, whatever it holds, checked without running it."""

from __future__ import annotations

import ast
import io
import tokenize
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyflakes.checker import Checker  # type: ignore[import-untyped, unused-ignore]

from sessionize.engine.check import check_bytes
from sessionize.engine.fix import fix_bytes
from sessionize.engine.results import Edit, Position, Report
from sessionize.files.lines import split_lines
from sessionize.files.settings import Settings
from sessionize.files.text import SourceError, decode
from sessionize.library.surroundings import Surroundings
from sessionize.write.comments import WHY_NO_COOKIES


class _Untaken(Surroundings):
    """No other file takes a name of one: what a fix makes superfluous goes, and pyflakes finds no more."""

    def taken(self, filename: str) -> frozenset[str]:
        return frozenset()


ALONE = _Untaken()
KINDS = {"safe": Settings(), "unsafe": Settings(unsafe_fixes=True)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one kind of fix made of a file: its new content if it changed, how many calls, and which promises broke."""

    after: bytes | None
    fixed: int
    faults: tuple[str, ...]


def verdict(data: bytes, filename: str, settings: Settings) -> Verdict:
    """Fixes a file's content, and holds the result to what is promised. Raises nothing."""
    try:
        found = check_bytes(data, filename, settings, surroundings=ALONE, with_edits=True)
        report = fix_bytes(data, filename, settings, surroundings=ALONE)
        after = None if report.change is None else report.change[1]
        faults = list(_of_the_reading(data, report))
        if after is not None:
            again = fix_bytes(after, filename, settings, surroundings=ALONE)
            faults += ["a second fix changes it"] if again.change is not None else []
    except Exception:  # noqa: BLE001  # that there is none is the first promise
        return Verdict(None, 0, (traceback.format_exc(),))
    if after is not None:
        allowed = ("safe", "unsafe") if settings.unsafe_fixes else ("safe",)
        before, text = decode(data).text, decode(after).text
        edits = {edit for found in found.left if found.applicability in allowed for edit in found.edits}
        edits |= _imports(before)
        faults += _of_the_text(before, text)
        if not _only_changed(split_lines(before), split_lines(text), edits):
            faults.append("lines changed that no finding's edits touch")
    calls = {(found.start.row, found.start.column) for found in report.fixed}
    return Verdict(after, len(calls), tuple(faults))


def _of_the_reading(data: bytes, report: Report) -> Iterator[str]:
    if report.error is not None and not report.error.startswith("not fixed, as LibCST "):
        yield report.error
    refused = [found.message for found in report.left if found.code == "RQS901"]
    try:
        tree = _parsed(decode(data).text) if refused else None
    except SourceError:
        return
    if tree is not None and not _deep(tree):
        yield f"Python reads it, but: {refused[0]}"


def _of_the_text(before: str, after: str) -> Iterator[str]:
    old, new = _parsed(before), _parsed(after)
    if old is None:  # a newer Python's, which LibCST reads
        return
    if new is None:
        yield "does not parse"
        return
    was, now = _comments(before), _comments(after)
    if was is not None and (now is None or was - now or (now - was).keys() - {WHY_NO_COOKIES}):
        yield f"comments: {was} before, {now} after"
    if more := _flaws(new) - _flaws(old):
        yield f"pyflakes: {', '.join(sorted(more))}"


def _parsed(text: str | bytes) -> ast.Module | None:
    """The tree, if Python compiles it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "file.py", "exec", dont_inherit=True)
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _deep(tree: ast.AST) -> bool:
    """Whether it nests so deeply that it may be left alone."""
    level, depth = [tree], 0
    while level and depth < 200:
        level, depth = [child for node in level for child in ast.iter_child_nodes(node)], depth + 1
    return bool(level)


def _comments(text: str) -> Counter[str] | None:
    """How often each comment is there; None where `tokenize`, which is stricter than Python up to 3.11, gives up."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline=None).readline))
    except (tokenize.TokenError, SyntaxError):
        return None
    return Counter(token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT)


def _flaws(tree: ast.Module) -> Counter[str]:
    try:
        found = Checker(tree).messages
    except RecursionError:  # pyflakes' own
        return Counter()
    # Without the line that some name.
    return Counter(f"{type(flaw).__name__} {flaw.message_args[0] if flaw.message_args else ''}" for flaw in found)


def _imports(text: str) -> set[Edit]:
    """The rows of what is imported from requests: names go that only all fixes together leave unused."""
    nodes = [] if (tree := _parsed(text)) is None else ast.walk(tree)
    return {
        Edit("", Position(node.lineno, 1), Position((node.end_lineno or node.lineno) + 1, 1))
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "requests"
    }


def _only_changed(before: list[str], after: list[str], edits: Iterable[Edit]) -> bool:
    """Whether `after` is `before` with other lines where there are edits: what is between them is there, in order."""
    text, end = "".join(after), 0
    kept, done = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        kept.append("".join(before[done : max(edit.start.row - 1, done)]))
        done = max(done, edit.end.row - 1)
    kept.append("".join(before[done:]))
    if not text.startswith(kept[0]) or not text.endswith(kept[-1]):
        return False
    for piece in kept:
        found = text.find(piece, end)
        if found < 0:
            return False
        end = found + len(piece)
    return True
