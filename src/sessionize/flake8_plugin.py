"""The findings of `check` inside flake8, which parses the files, selects the codes and reads `# noqa`.

flake8 imports this in every run: nothing here may take time before a file imports requests.
"""

from __future__ import annotations

import argparse
import ast
import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import ClassVar

from sessionize import __version__
from sessionize.files.codes import is_known
from sessionize.files.settings import Settings
from sessionize.files.settings_files import load
from sessionize.library.cheap_look import may_have_findings_in
from sessionize.project.projects import Projects


class Plugin:
    """One file, as flake8 hands it over."""

    name = "sessionize"
    version = __version__
    projects: ClassVar[Projects]
    settings_of: ClassVar[Callable[[Path], Settings]]

    def __init__(self, tree: ast.Module, lines: Sequence[str], filename: str) -> None:
        """ConfigError if the settings around the file can't be used; flake8 shows it and ends."""
        self.tree = tree
        self.text = "".join(lines)
        self.filename = filename
        self.settings = type(self).settings_of(Path(filename).parent) if may_have_findings_in(self.text) else None

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Called once, and once in each process that does not inherit memory."""
        selectors = ("RQS", *(options.select or ()), *(options.extend_select or ()))
        ours = tuple(filter(is_known, selectors))
        cls.settings_of = cache(partial(_settings, ours))
        cls.projects = Projects()

    def run(self) -> Iterator[tuple[int, int, str, type]]:
        """Row, column from 0 on, code and text of each finding."""
        if self.settings is None:
            return
        from sessionize.engine.check import check_tree  # noqa: PLC0415  # most runs meet few files that need it
        from sessionize.report.terminal import printable  # noqa: PLC0415
        from sessionize.report.wording import MARKS  # noqa: PLC0415

        collects = gc.isenabled()
        gc.disable()  # an analysis makes many objects and little garbage, and flake8 keeps the tree of the file
        try:
            diagnostics = check_tree(self.tree, self.text, self.filename, self.settings, surroundings=self.projects)
        finally:
            if collects:
                gc.enable()
        for found in diagnostics:
            text = f"{found.code} {MARKS[found.applicability]}{printable(found.message)}"
            yield found.start.row, found.start.column - 1, text, type(self)


def _settings(selectors: tuple[str, ...], folder: Path) -> Settings:
    """The settings in force in a folder. What flake8 selects takes the place of what they select."""
    settings = load(folder).settings
    return replace(settings, select=selectors, extend_select=(), ignore=(), per_file_ignores=())
