"""The patterns of gitignore files."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path


def matches(path: str, pattern: str, *, root: Path = Path()) -> bool:
    """Whether a pattern, relative to `root`, names a path or a folder around it."""
    return Patterns(os.path.realpath(root), [pattern]).hit(path)


class Patterns:
    """The patterns of one gitignore file, for what is inside `folder`.

    A walk asks about folders, too, and git's answer is the last pattern that hits the folder itself. So `pathspec` is
    asked for its patterns only: its own walk would not enter `data` for `data/**` with `!data/*.py`.
    """

    def __init__(self, folder: str, lines: Iterable[str]) -> None:
        self._base = os.path.join(folder, "").replace(os.sep, "/")
        stripped = (re.sub(r"(?<!\\) +$", "", line) for line in lines if not line.startswith("#"))
        patterns = [line for line in stripped if line]
        names = list(takewhile(re.compile(r"[\w.-]+/?").fullmatch, patterns))
        others = patterns[len(names) :][::-1]
        self._names = {*names, *(f"{name}/" for name in names)}
        self._verdicts = [None, *(not line.startswith("!") for line in others)]
        expression = "|".join(f"({_expression(line)})" for line in others)
        self._match = re.compile(expression, re.DOTALL).fullmatch if others else None

    def verdict(self, name: str, path: str) -> bool | None:
        """Left out (True), kept by a `!` (False), or not spoken of. A folder's name and path end in a slash.

        A path outside of `folder` stays absolute, so that only patterns for names can hit it.
        """
        if self._match and (match := self._match(path.replace(os.sep, "/").removeprefix(self._base))):
            return self._verdicts[match.lastindex or 0]
        return True if name in self._names else None

    def hit(self, path: str) -> bool:
        """Whether a path is left out, or a folder around it that is inside of `folder`."""
        entries = []
        if os.path.isdir(path):
            folder = os.path.realpath(path)
        else:
            folder, name = os.path.realpath(os.path.dirname(path)), os.path.basename(path)
            entries.append((name, os.path.join(folder, name)))
        while (inside := os.path.join(folder, "").replace(os.sep, "/")).startswith(self._base) and inside != self._base:
            entries.append((f"{os.path.basename(folder)}/", inside))
            folder = os.path.dirname(folder)
        return any(self.verdict(*entry) for entry in entries)


def _expression(line: str) -> str:
    """A gitignore pattern as a regular expression for the whole path of an entry.

    What `pathspec` has to be helped with: it takes a final `**` for the folder itself, too, and `*` alone for a search
    for any letter. A set it hands on to `re` as it stands, where that may hit a slash or be an error.
    """
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415  # most trees need none

    sets = map(_set, _SET.finditer(line))
    line = re.sub(r"(^!?|/)(\*?)\*(/?)$", lambda end: f"{end[1]}{end[2] and '**/'}?*{end[3]}", line)
    expression = None
    with contextlib.suppress(ValueError):  # not a pattern: git goes on without it
        expression, _ = GitIgnoreSpecPattern.pattern_to_regex(_SET.sub(r"\1\0", line))
    expression = re.sub(r"\(\?P<\w+>", "(?:", expression or "(?!)")
    return re.sub("\0", lambda _: next(sets, ""), expression)


_SET = re.compile(r"(?<!\\)((?:\\\\)*)\[([!^]|(?![!^]))((?:\\.|[^\\/])(?:\\.|[^]\\/])*)\]", re.DOTALL)


def _set(found: re.Match[str]) -> str:
    ranges = re.findall(r"\\?(.)(?:-\\?(.))?", found[3], re.DOTALL)
    plain = "".join(re.escape(low) + (f"-{re.escape(high)}" if low <= high else "") for low, high in ranges)
    return f"(?!/)[{'^' * len(found[2])}/{plain}]"
