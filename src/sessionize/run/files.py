"""The files of a run, each with its settings. Nothing is written, and no file of a program is read."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from sessionize.files.paths import shown
from sessionize.files.settings import ConfigError, Settings
from sessionize.files.settings_files import FILES, Loaded, load
from sessionize.files.walk import Unreadable, discover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionize.run.options import Options, SettingsOptions


class FolderSettings:
    """The settings for the files of each folder.

    everywhere: the command line's, with its `--config FILE`. A mistake in them ends the run.
    """

    def __init__(self, options: SettingsOptions) -> None:
        self.options = options
        self.alike = options.isolated or options.config is not None
        if self.alike:
            self.everywhere = self._checked(loaded(os.curdir, options))
        else:
            self.everywhere = loaded(os.curdir, replace(options, isolated=True)).settings
        self._of_real = cache(self._read)
        self._of_named = cache(lambda folder: self._of_real(os.path.realpath(folder)))

    def of(self, folder: str) -> Settings | ConfigError:
        """The settings for the files of a folder, or why the nearest settings file can't be used."""
        return self.everywhere if self.alike else self._of_named(folder)

    def _read(self, folder: str) -> Settings | ConfigError:
        above = os.path.dirname(folder)
        if folder != above and not any(os.path.exists(os.path.join(folder, name)) for name in FILES):
            return self._of_real(above)
        try:
            return self._checked(loaded(folder, self.options))
        except ConfigError as error:
            return error

    def _checked(self, loaded: Loaded) -> Settings:
        if self.options.rewrite_patches and not loaded.settings.moves_patches:
            raise click.UsageError("--rewrite-patches needs --unsafe-fixes or --accept patched")
        return loaded.settings


def files(options: Options) -> Iterator[tuple[str, Settings] | Unreadable]:
    """The files that the paths stand for, each once.

    A settings file that can't be used is told, once, instead of the files below it.
    """
    settings_of = FolderSettings(options)
    paths = [str(Path(path)) for path in (*options.paths, *_names_in(options.files_from))]
    if not paths and options.files_from is None:
        paths = [os.curdir]
    paths.sort(key=os.path.islink)  # a file that is given twice has its own name, and not that of a link to it
    seen: set[str] = set()
    for settings, group in groupby(paths, key=lambda path: settings_of.of(folder_of(path))):
        if isinstance(settings, ConfigError):
            yield from _mistake(settings, seen)
            walking = settings_of.everywhere  # what is below may have settings of its own
        else:
            walking = settings
        for found in discover(list(group), walking, seen=seen):
            if not isinstance(found, str):
                yield found
                continue
            folder, slash, _ = found.rpartition(os.sep)
            own = settings_of.of(folder or slash)
            if isinstance(own, ConfigError):
                yield from _mistake(own, seen)
            else:
                yield found, own


def _mistake(error: ConfigError, seen: set[str]) -> Iterator[Unreadable]:
    if error.origin not in seen:
        seen.add(error.origin)
        yield Unreadable(shown(error.origin), error.reason)


def _names_in(file: IO[bytes] | None) -> list[str]:
    """The names in a file of `--files-from`: a line each, or as `find -print0` writes them."""
    data = b"" if file is None else file.read()
    names = data.split(b"\0") if b"\0" in data else data.splitlines()
    return list(map(os.fsdecode, filter(None, names)))


def folder_of(path: str) -> str:
    """The folder whose settings hold for a path."""
    return path if os.path.isdir(path) else os.path.dirname(path)


def loaded(folder: str, options: SettingsOptions) -> Loaded:
    """The settings for the files of a folder, and where they are from. ConfigError for a mistake in them."""
    return load(
        Path(folder),
        config=options.config,
        isolated=options.isolated,
        overrides=options.overrides,
        baseline=options.uses_baseline,
    )
