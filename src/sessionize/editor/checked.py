"""A document, checked in one of its states. Nothing here knows the protocol, and all of it takes time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from sessionize.editor.states import State, path_of
from sessionize.engine.check import check_source
from sessionize.engine.fix import fix_source
from sessionize.engine.notebooks import on_bytes
from sessionize.engine.results import Diagnostic, Edit, Position, Report
from sessionize.engine.rewriting import line_edits
from sessionize.files.lines import bare_lines, split_lines
from sessionize.files.noqa import add_noqa
from sessionize.files.paths import NOTEBOOK
from sessionize.files.settings import ConfigError, Settings
from sessionize.files.walk import is_excluded
from sessionize.library.cheap_look import may_have_findings_in
from sessionize.library.surroundings import Surroundings
from sessionize.project.projects import Projects
from sessionize.run.files import loaded
from sessionize.run.options import SettingsOptions
from sessionize.syntax.notebook import Notebook


class HowToCheck(NamedTuple):
    """By which name and settings. name: None if it is not to be checked, and trouble is why if its settings are."""

    name: str | None
    settings: Settings = Settings()
    trouble: str = ""


def how_to_check(state: State, root: str | None) -> HowToCheck:
    """root: the folder that is open in the editor."""
    path = Path(root or "", path_of(state.uri))
    try:
        around = loaded(str(path.parent), SettingsOptions())
    except ConfigError as error:
        return HowToCheck(None, trouble=str(error))
    settings = around.settings
    if around.file is None:  # patterns are relative to what is open
        settings = replace(settings, root=Path(root or path.parent))
    excluded = is_excluded(str(path), settings)
    name = str(path)
    if state.is_notebook:
        name = name.removesuffix(NOTEBOOK) + NOTEBOOK
    elif name.endswith(NOTEBOOK):  # its JSON
        excluded = True
    return HowToCheck(None if excluded else name, settings)


class Checked:
    """The findings in a state, and the edits that can be made.

    around: the project, as it was read; read: reads it again.
    """

    def __init__(self, state: State, around: Surroundings, read: Callable[[], Surroundings], how: HowToCheck) -> None:
        self.state, self.around, self.read = state, around, read
        self.name, self.settings, self.trouble = how.name or "", how.settings, how.trouble
        self.texts = [part.text for part in state.parts]
        self.lines = list(map(bare_lines, self.texts))
        self._codes: dict[int, set[str]] = {}  # by row, of a notebook's script
        self.found = self._report(self._check).left if how.name is not None else ()
        # Up to Python 3.11 a `cached_property` would let one thread at a time in, whatever document it works on.
        self.fixes, self.comments = cache(self._fixes), cache(self._comments)

    def edits(self, what: Any) -> Iterable[Edit]:
        """The edits of a fix by its name, those of a comment by its part and row, or of all safe fixes."""
        match what:
            case "all":
                return self._all_fixes()
            case [cell, row]:
                return [self.comments()[cell, row]]
            case _:
                return self.fixes().get(what, ())

    def _report(self, work: Callable[[str], Report]) -> Report:
        """Hands the text to some work; of a notebook one script."""
        if self.state.is_notebook:
            cells = [{"cell_type": "code", "metadata": {}, "source": text} for text in self.texts]
            data = json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()
            return on_bytes(data, self.name, self.settings, work)
        (text,) = self.texts
        return work(text) if may_have_findings_in(text) else Report(self.name)

    def _texts(self, report: Report) -> list[str]:
        """The texts of all parts after a change."""
        if report.after is None:
            return self.texts
        return Notebook(report.after.encode()).sources if self.state.is_notebook else [report.after]

    def _check(self, text: str, *, with_edits: bool = False) -> Report:
        found = check_source(text, self.name, self.settings, with_edits=with_edits, surroundings=self.around)
        for each in found:
            self._codes.setdefault(each.start.row, set()).add(each.code)
        return Report(self.name, text, left=found)

    def _fixes(self) -> dict[str | None, tuple[Edit, ...]]:
        """The edits of each fix."""
        found = self._report(lambda text: self._check(text, with_edits=True)).left
        return {each.fix: each.edits for each in found}

    def _comments(self) -> dict[tuple[int, int], Edit]:
        """By part and row, the edit that silences what is found there; none where no comment can stand."""
        after = self._texts(self._report(lambda text: Report(self.name, text, add_noqa(text, self._codes))))
        edits = {}
        for cell, (old, new) in enumerate(zip(self.texts, after, strict=True), 1):
            for row, (line, silent) in enumerate(zip(split_lines(old), split_lines(new), strict=True), 1):
                if line != silent:
                    edits[cell, row] = Edit(silent, Position(row, 1), Position(row + 1, 1), cell)
        return edits

    def _all_fixes(self) -> Iterator[Edit]:
        settings, around = replace(self.settings, unsafe_fixes=False), self.read()
        after = self._texts(self._report(lambda text: fix_source(text, self.name, settings, surroundings=around)))
        for cell, (old, new) in enumerate(zip(self.texts, after, strict=True), 1):
            for edit in line_edits(old, new):
                yield edit._replace(cell=cell)


def part_of(found: Diagnostic | Edit) -> int:
    """The number of the part in which something stands, from 1 on."""
    return found.cell or 1


def read_surroundings() -> Surroundings:
    """The projects of files as they are now, each read when it is first asked for; several threads may ask."""
    projects, around, one = Projects(), Surroundings(), threading.Lock()
    for question in vars(Surroundings):
        if not question.startswith("_"):
            setattr(around, question, partial(_alone, one, getattr(projects, question)))
    return around


def _alone(one: threading.Lock, ask: Callable[..., Any], *args: Any, **options: Any) -> Any:
    with one:
        return ask(*args, **options)
