"""The files of a run, each with its settings."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from sessionize.files.settings import ConfigError, Settings
from sessionize.files.settings_files import Loaded, load
from sessionize.files.walk import ignored_codes

if TYPE_CHECKING:
    pass


def folder_of(path: str) -> str:
    """The folder whose settings hold for a path."""
    return path if os.path.isdir(path) else os.path.dirname(path)


def in_force(folder: str, config: Path | None, overrides: dict[str, Any], *, isolated: bool, baseline: bool) -> Loaded:
    """The settings for the files of a folder, and where they are from. A mistake in them is told by click."""
    try:
        return load(Path(folder), config=config, isolated=isolated, overrides=overrides, baseline=baseline)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


def for_one(path: str, settings: Settings) -> Settings:
    """The settings that go to a worker with one file. What hangs on the place of the file is settled here."""
    if settings.per_file_ignores:
        ignored = ignored_codes(path, settings)
        settings = replace(settings, ignore=(*settings.ignore, *ignored), per_file_ignores=())
    return settings if settings.baseline is None else replace(settings, baseline=settings.baseline.for_file(path))


def names_in(file: IO[bytes] | None) -> list[str]:
    data = b"" if file is None else file.read()
    names = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [os.fsdecode(name) for name in names if name]
