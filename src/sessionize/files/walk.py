"""The source files in folders, found as git would find them.

A walk never follows a link to a folder, so it ends; and it gives each file once, under whatever names it has.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sessionize.files.gitignore import Patterns, matches
from sessionize.files.paths import SUFFIXES
from sessionize.files.store import read, reason
from sessionize.files.text import SourceError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from sessionize.files.settings import Settings

_BY_PYTHON = re.compile(
    rb"\A#!.*python|^(?:from[ \t]+[\w.]+[ \t]+import\b|import[ \t]+[\w., ]+(?:#.*)?\r?$)", re.MULTILINE
)
_Rules: TypeAlias = "tuple[Patterns, ...]"  # of the ignore files around a place, the nearest first


class Unreadable(NamedTuple):
    """A path where `discover` could not look."""

    path: str
    reason: str


class _Found(NamedTuple):
    """A file, or a path that leads to none, with its real path; `is_link` if that is another one."""

    real: str
    shown: str | Unreadable
    is_link: bool = False


class _Folder(NamedTuple):
    """A folder that is still to be looked into, with the rules around it."""

    real: str
    shown: str
    rules: _Rules


def discover(
    paths: Sequence[str | Path], settings: Settings, *, seen: set[str] | None = None, programs: bool = False
) -> Iterator[str | Unreadable]:
    """The files to check, each once, named as the user would; Unreadable for a path that leads to none.

    `seen` holds the files that came before, and takes up those that come. `programs` adds what Python runs under other
    names, `.pyw`, and files without a suffix whose first line names it; and files that git ignores one by one.

    A file or folder named outright is taken, unless `force_exclude` has it left out. Folders are walked in the order of
    names, links to folders are not followed. Left out is what `exclude` and the ignore files of git say. Links to files
    come last, and only for files that have not come under their own names.
    """
    excluded = _excluded(settings)
    seen = set() if seen is None else seen
    links: list[_Found] = []
    for path in paths:
        if settings.force_exclude and excluded.hit(os.fspath(path)):
            continue
        for found in _walk(os.fspath(path), excluded, programs=programs):
            if found.is_link:
                links.append(found)
            elif found.real not in seen:
                seen.add(found.real)
                yield found.shown
    for link in links:
        if link.real not in seen:
            seen.add(link.real)
            yield link.shown


def is_excluded(path: str, settings: Settings) -> bool:
    """True if `exclude` names a path or a folder around it."""
    return _excluded(settings).hit(path)


def of_file(path: str, settings: Settings) -> Settings:
    """The settings of one file: what `per_file_ignores` and `per_file_accept` list for its path holds outright."""
    if not (settings.per_file_ignores or settings.per_file_accept):
        return settings

    def listed(by_pattern: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
        for pattern, names in by_pattern:
            if matches(path, pattern, root=settings.root):
                yield from names

    return replace(
        settings,
        ignore=(*settings.ignore, *listed(settings.per_file_ignores)),
        accept=(*settings.accept, *listed(settings.per_file_accept)),
        per_file_ignores=(),
        per_file_accept=(),
    )


def _excluded(settings: Settings) -> Patterns:
    return Patterns(os.path.realpath(settings.root), (*settings.exclude, *settings.extend_exclude))


def _walk(path: str, excluded: Patterns, *, programs: bool) -> Iterator[_Found]:
    """The files that one path stands for: itself, or those in the folder."""
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        yield _Found(path, Unreadable(path, reason(error)))
        return
    real = os.path.realpath(path)
    pending: list[_Found | _Folder] = []  # the next one last
    pending.append(_Folder(real, path, _rules_above(real)) if is_folder else _Found(real, path, os.path.islink(path)))
    while pending:
        found = pending.pop()
        if isinstance(found, _Found):
            yield found
            continue
        try:
            with os.scandir(found.real) as scan:
                entries = {entry.name: entry for entry in scan}
        except OSError as error:
            yield _Found(found.real, Unreadable(found.shown, reason(error)))
            continue
        rules = _rules_inside(found.real, found.rules, entries)
        within = "" if found.shown == os.curdir else os.path.join(found.shown, "")
        taken = _taken(entries.values(), (excluded, *rules), programs=programs)
        for name, entry in sorted(taken, reverse=True):
            if name.endswith("/"):
                pending.append(_Folder(entry.path, within + entry.name, rules))
            else:
                real = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
                pending.append(_Found(real, within + name, real != entry.path))


def _taken(
    entries: Iterable[os.DirEntry[str]], rules: _Rules, *, programs: bool
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """The subfolders and source files that are not left out, by name.

    The name of a folder ends in a slash, and so a folder is sorted as its files are.
    """
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            slash = "/"
        elif _is_file(entry) and (entry.name.endswith(SUFFIXES) or (programs and is_program(entry.path))):
            slash = ""
        else:
            continue
        if not _left_out(entry.name + slash, entry.path + slash, rules if slash or not programs else rules[:1]):
            yield entry.name + slash, entry


def is_program(path: str) -> bool:
    """Tell whether Python may run a file without a usual suffix: by `.pyw`, its first line, or its imports."""
    name = os.path.basename(path)
    if "." in name:
        return name.endswith(".pyw")
    head = b""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        head = file.read(4096)
    return _BY_PYTHON.search(head) is not None


def _is_file(entry: os.DirEntry[str]) -> bool:
    # A link is left to `isfile`, for which one to nowhere or to itself is just no file.
    return entry.is_file(follow_symlinks=False) or os.path.isfile(entry.path)


def _left_out(name: str, path: str, rules: _Rules) -> bool:
    """The verdict of the nearest patterns that speak of an entry."""
    for patterns in rules:
        verdict = patterns.verdict(name, path)
        if verdict is not None:
            return verdict
    return False


# --- ignore files -----------------------------------------------------------------------------------------------------


def _rules_above(folder: str) -> _Rules:
    """The rules from the root of the repository down to `folder`; none outside of a repository."""
    above = []
    while not os.path.lexists(os.path.join(folder, ".git")):
        below, folder = folder, os.path.dirname(folder)
        if folder == below:
            return ()
        above.append(folder)
    rules: _Rules = ()
    for outer in reversed(above):
        here = [name for name in (".git", ".gitignore") if os.path.lexists(os.path.join(outer, name))]
        rules = _rules_inside(outer, rules, here)
    return rules


def _rules_inside(folder: str, rules: _Rules, names: Container[str]) -> _Rules:
    """The rules for the content of a folder, given those around it, which end where another repository begins."""
    files = [".gitignore"] if ".gitignore" in names else []
    if ".git" in names:
        rules, files = (), [".git/info/exclude", *files]
    for name in files:
        with contextlib.suppress(SourceError):  # git, too, goes on without a file that it cannot read
            lines = read(os.path.join(folder, name)).removeprefix(codecs.BOM_UTF8).splitlines()
            rules = (Patterns(folder, [line.decode(errors="surrogateescape") for line in lines]), *rules)
    return rules
