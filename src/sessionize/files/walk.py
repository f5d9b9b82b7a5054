"""The files in folders, found as git would find them."""

from __future__ import annotations

import codecs
import contextlib
import os
import stat
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sessionize.files.gitignore import Patterns, matches
from sessionize.files.paths import SUFFIXES
from sessionize.files.store import read, reason
from sessionize.files.text import SourceError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from sessionize.files.settings import Settings


class Unreadable(NamedTuple):
    """A path where `discover` could not look."""

    path: str
    reason: str


def discover(
    paths: Sequence[str | Path], settings: Settings, *, seen: set[str] | None = None
) -> Iterator[str | Unreadable]:
    """The files to check, each once, named as the user would; Unreadable for a path that leads to none.

    `seen` holds the files that came before, and takes up those that come.

    A file or folder named outright is taken, unless `force_exclude` has it left out. Folders are walked in the order of
    names, links to folders are not followed. Left out is what `exclude` and the ignore files of git say. Links to files
    come last, and only for files that have not come under their own names.
    """
    excluded = _excluded(settings)
    seen = set() if seen is None else seen
    links: list[tuple[str, str | Unreadable]] = []
    for path in paths:
        if settings.force_exclude and excluded.hit(os.fspath(path)):
            continue
        for real, found, is_link in _found(os.fspath(path), excluded):
            if is_link:
                links.append((real, found))
            elif real not in seen:
                seen.add(real)
                yield found
    for real, found in links:
        if real not in seen:
            seen.add(real)
            yield found


def ignored_codes(path: str, settings: Settings) -> list[str]:
    """What `per_file_ignores` says about a path."""
    ignores = settings.per_file_ignores
    return [code for pattern, codes in ignores if matches(path, pattern, root=settings.root) for code in codes]


def is_excluded(path: str, settings: Settings) -> bool:
    """Whether `exclude` names a path or a folder around it."""
    return _excluded(settings).hit(path)


def _excluded(settings: Settings) -> Patterns:
    return Patterns(os.path.realpath(settings.root), chain(settings.exclude, settings.extend_exclude))


def _found(path: str, excluded: Patterns) -> Iterator[tuple[str, str | Unreadable, bool]]:
    """What one path stands for, each with its real path, and whether it is a link to a file."""
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        yield path, Unreadable(path, reason(error)), False
        return
    real = os.path.realpath(path)
    # With a folder go the rules around it, the nearest first; with a file none.
    pending: list[tuple[str, str, tuple[Patterns, ...] | None, bool]] = [
        (real, path, _rules_above(real) if is_folder else None, os.path.islink(path))
    ]
    while pending:
        folder, shown, rules, is_link = pending.pop()
        if rules is None:
            yield folder, shown, is_link
            continue
        try:
            with os.scandir(folder) as scan:
                entries = {entry.name: entry for entry in scan}
        except OSError as error:
            yield folder, Unreadable(shown, reason(error)), False
            continue
        rules = _rules_inside(folder, rules, entries)
        within = "" if shown == os.curdir else os.path.join(shown, "")
        for name, real, is_folder in sorted(_taken(entries.values(), (excluded, *rules)), reverse=True):
            is_link = not is_folder and real != os.path.join(folder, name)
            pending.append((real, within + name.rstrip("/"), rules if is_folder else None, is_link))


def _taken(entries: Iterable[os.DirEntry[str]], rules: Iterable[Patterns]) -> Iterator[tuple[str, str, bool]]:
    """The subfolders and source files that are not left out: name, real path, whether it is a folder.

    The name of a folder ends in a slash, and so a folder is sorted as its files are.
    """
    for entry in entries:
        is_folder = entry.is_dir(follow_symlinks=False)
        if not is_folder and not (entry.name.endswith(SUFFIXES) and _is_file(entry)):
            continue
        slash = "/" if is_folder else ""
        name, path = entry.name + slash, entry.path
        for patterns in rules:
            left_out = patterns.verdict(name, path + slash)
            if left_out is not None:
                break
        if not left_out:
            yield name, os.path.realpath(path) if entry.is_symlink() else path, is_folder


def _is_file(entry: os.DirEntry[str]) -> bool:
    # A link is left to `isfile`, for which one to nowhere or to itself is just no file.
    return entry.is_file(follow_symlinks=False) or os.path.isfile(entry.path)


def _rules_above(folder: str) -> tuple[Patterns, ...]:
    """What the ignore files from the root of the repository down to `folder` say; nothing outside of a repository."""
    above = []
    while not os.path.lexists(os.path.join(folder, ".git")):
        below, folder = folder, os.path.dirname(folder)
        if folder == below:
            return ()
        above.append(folder)
    rules: tuple[Patterns, ...] = ()
    for outer in reversed(above):
        here = [name for name in (".git", ".gitignore") if os.path.lexists(os.path.join(outer, name))]
        rules = _rules_inside(outer, rules, here)
    return rules


def _rules_inside(folder: str, rules: tuple[Patterns, ...], names: Container[str]) -> tuple[Patterns, ...]:
    """The rules for what is in a folder, given those around it, which end where another repository begins."""
    files = [".gitignore"] if ".gitignore" in names else []
    if ".git" in names:
        rules, files = (), [".git/info/exclude", *files]
    for name in files:
        with contextlib.suppress(SourceError):  # git, too, goes on without a file that it cannot read
            lines = read(os.path.join(folder, name)).removeprefix(codecs.BOM_UTF8).splitlines()
            rules = (Patterns(folder, (line.decode(errors="surrogateescape") for line in lines)), *rules)
    return rules
