r"""The patterns of gitignore files, read as git reads them.

    # old              a comment
    old                a file or folder of this name, at any depth
    old/               a folder only
    /old  a/old        there, beside the gitignore file; a slash at the start or within ties a pattern to its place
    *.log  o?d         any letters, or one, but no slash
    o[a-z]d  o[!a-z]d  one letter of a set, or outside of it; never a slash
    **/old  a/**/b     through any number of folders
    a/**               all that is inside of a
    !old               not left out after all: the last pattern that hits an entry decides
    \#old  o\*d        the letter itself

Blanks at the end of a line are no part of it, unless a backslash stands before them. `tests/test_source.py` compares
the answers with those of git.
"""

from __future__ import annotations

import contextlib
import os
import re
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def matches(path: str, pattern: str, *, root: Path = Path()) -> bool:
    """True if a pattern, relative to `root`, names a path or a folder around it."""
    return Patterns(os.path.realpath(root), [pattern]).hit(path)


class Patterns:
    """The patterns of one gitignore file, for what is inside `folder`.

    A walk asks about folders, too, and git's answer is the last pattern that hits the folder itself. So `pathspec` is
    asked for its patterns only: its own walk would not enter `data` for `data/**` with `!data/*.py`.
    """

    def __init__(self, folder: str, lines: Iterable[str]) -> None:
        self._base = _with_slash(folder)
        patterns = [_FINAL_BLANKS.sub("", line) for line in lines if not line.startswith("#") and line.strip(" ")]
        # Names without any signs, which most files begin with, are looked up; the others are one expression, of which
        # the first group that hits is that of the last pattern.
        names = list(takewhile(_NAME.fullmatch, patterns))
        self._names = {*names, *map(_with_slash, names)}
        self._others = patterns[len(names) :][::-1]
        self._match = re.compile("|".join(map(_group, self._others)), re.DOTALL).fullmatch if self._others else None

    def verdict(self, name: str, path: str) -> bool | None:
        """Left out (True), kept by a `!` (False), or not spoken of. A folder's name and path end in a slash.

        A path outside of `folder` stays absolute, so that only patterns for names can hit it.
        """
        if self._match and (match := self._match(path.replace(os.sep, "/").removeprefix(self._base))):
            return not self._others[(match.lastindex or 0) - 1].startswith("!")
        return True if name in self._names else None

    def hit(self, path: str) -> bool:
        """True if a path is left out, or a folder around it that is inside of `folder`."""
        if os.path.isdir(path):
            folder = os.path.realpath(path)
        else:
            folder, name = os.path.realpath(os.path.dirname(path)), os.path.basename(path)
            if self.verdict(name, os.path.join(folder, name)):
                return True
        while (inside := _with_slash(folder)).startswith(self._base) and inside != self._base:
            if self.verdict(f"{os.path.basename(folder)}/", inside):
                return True
            folder = os.path.dirname(folder)
        return False


def _with_slash(folder: str) -> str:
    return os.path.join(folder, "").replace(os.sep, "/")


_FINAL_BLANKS = re.compile(r"(?<!\\) +$")
_NAME = re.compile(r"[\w.-]+/?")


# --- one pattern ------------------------------------------------------------------------------------------------------


def _group(pattern: str) -> str:
    """A pattern as a regular expression in parentheses, for the whole path of an entry.

    `pathspec` translates it, with help where it and git differ:

    a/**   it would take `a` itself, too
    *      it would search for any letter
    [a-z]  it would hand it on to `re` as it stands, where that may hit a slash or be an error
    """
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415  # most trees need none

    sets = map(_set, _SET.finditer(pattern))
    pattern = _FINAL_STARS.sub(lambda end: f"{end[1]}{end[2] and '**/'}?*{end[3]}", pattern)
    expression = None
    with contextlib.suppress(ValueError):  # not a pattern: git goes on without it
        expression, _ = GitIgnoreSpecPattern.pattern_to_regex(_SET.sub(r"\1\0", pattern))
    expression = re.sub(r"\(\?P<\w+>", "(?:", expression or "(?!)")
    return "(" + re.sub("\0", lambda _: next(sets, ""), expression) + ")"


def _set(found: re.Match[str]) -> str:
    """`[a-z]` as `(?!/)[/a-z]`, `[!a-z]` as `(?!/)[^/a-z]`; a range that runs backwards is empty."""
    negation, inside = "^" * len(found["negation"]), found["inside"]
    ranges = re.findall(r"\\?(.)(?:-\\?(.))?", inside, re.DOTALL)
    plain = "".join(re.escape(low) + (f"-{re.escape(high)}" if low <= high else "") for low, high in ranges)
    return f"(?!/)[{negation}/{plain}]"


# `*` or `**` as the last part of a pattern: `**`, `a/*`, `a/**/`, `!*`
_FINAL_STARS = re.compile(r"(^!?|/)(\*?)\*(/?)$")
# `[a-z]`, `[!a-z]`, `[]a]`, `[a\]]`, behind an even number of backslashes
_SET = re.compile(
    r"(?<!\\)((?:\\\\)*)\[(?P<negation>[!^]|(?![!^]))(?P<inside>(?:\\.|[^\\/])(?:\\.|[^]\\/])*)\]", re.DOTALL
)
