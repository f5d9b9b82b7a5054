"""The fix of files together with the tests that patch their calls (`--rewrite-patches`).

Calls and patches move in one step or not at all: where a patch can't move, the calls that it reaches stay.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace

from sessionize.analysis.memo import memo
from sessionize.engine.fix import fix_bytes
from sessionize.engine.results import Callee, Report
from sessionize.files import store
from sessionize.files.paths import shown
from sessionize.files.settings import Settings
from sessionize.files.text import SourceError, decode, encode
from sessionize.library.patches import Patch, is_module, module_of
from sessionize.profiles.requests import FUNCTIONS
from sessionize.project.projects import Projects
from sessionize.run.testpatches.repatch import move_patches

Read = Callable[[str], bytes]
_IMPORT = re.compile(rb"^[ \t]*import\b(?:[^\n#]*,)?[ \t]*requests\b(?![ \t]+as\b)", re.MULTILINE)


def fix_together(
    files: Mapping[str, tuple[bytes, Settings]], projects: Projects, read: Read = store.read
) -> list[Report]:
    """The reports of `files` (by name their content and settings), and of the other files whose patches move."""
    return _Migration(files, projects, read).reports()


def fix_alone(data: bytes, name: str, settings: Settings, projects: Projects) -> Report:
    """The report of a content, where no other file can be changed."""

    def read(_file: str) -> bytes:
        raise SourceError("it stands in a file that is not changed")

    return fix_together({name: (data, settings)}, projects, read)[0]


class _Migration:
    def __init__(self, files: Mapping[str, tuple[bytes, Settings]], projects: Projects, read: Read) -> None:
        self.files = files
        self.projects = projects
        self.around = copy(projects)
        vars(self.around)["patches"] = self.patches
        self.read = read
        self.names = {self.real(name): name for name in files}
        self.stuck: dict[tuple[str, str], str] = {}  # by file and target: why a patch can't move
        self.fixed = {name: self.fix(name) for name in files}

    @memo
    def real(self, file: str) -> str:
        return os.path.realpath(file)

    def fix(self, name: str) -> Report:
        data, settings = self.files[name]
        return fix_bytes(data, name, settings, surroundings=self.around)

    def patches(self, filename: str, text: str, names: frozenset[str] = FUNCTIONS) -> Sequence[Patch]:
        """As `Projects.patches`; each patch that can't move says so."""
        return [
            patch._replace(stuck=patch.stuck or self.why_stuck(patch))
            for patch in self.projects.patches(filename, text, names)
        ]

    def why_stuck(self, patch: Patch) -> str:
        by, named, _ = patch.target.rpartition(".requests.")
        if named and not self.imports_requests(by):
            return f"`{by}.requests` is not known to be the library"
        return self.stuck.get((self.real(patch.file), patch.target), "")

    @memo
    def imports_requests(self, by: str) -> bool:
        """Tell whether `requests` of that module is surely the library: `from shop import requests` is another one."""
        for name, (data, _) in self.files.items():
            if is_module(by.split("."), module_of(name)) and _IMPORT.search(data):
                return True
        return False

    def reports(self) -> list[Report]:
        """Fix again without the calls whose patches can't move, until all that is left to move can."""
        while True:
            reached = {name: self.reaching(report) for name, report in self.fixed.items() if report.redirected}
            moved: dict[str, Report] = {}
            refused: dict[tuple[str, str], str] = {}
            for file, targets in self.moves(reached).items():
                report, reasons = self.move(file, targets)
                moved[report.filename] = report
                for target, reason in reasons.items():
                    refused[file, target] = reason
            if not refused:
                return [*{**self.fixed, **moved}.values()]
            self.stuck |= refused
            for name, patches in reached.items():
                if any((self.real(patch.file), patch.target) in refused for patch in patches):
                    self.fixed[name] = self.fix(name)

    def moves(self, reached: Mapping[str, Sequence[Patch]]) -> dict[str, dict[str, bool]]:
        """The targets to move, by file, and whether only sessions make these calls now."""
        moves: dict[str, dict[str, bool]] = defaultdict(dict)
        alone: dict[str, bool] = {}
        for name, patches in reached.items():
            for patch in patches:
                if patch.target not in alone:
                    alone[patch.target] = not self.may_stay_bare(patch, name)
                moves[self.real(patch.file)][patch.target] = alone[patch.target]
        return moves

    def reaching(self, report: Report) -> list[Patch]:
        """The patches that replace calls which now go to a session."""
        patches = self.patches(report.filename, report.before or "")
        return [patch for patch in patches if _reaches(patch, report, report.redirected)]

    def may_stay_bare(self, patch: Patch, name: str) -> bool:
        """Tell whether bare calls are left that a patch reaches, or may be left in files that were not read."""
        known = set()
        for file, report in self.fixed.items():
            if _reaches(patch, report, report.bare):
                return True
            if not report.failed:
                known.add(self.real(file))
        mentions = self.projects.of(name).mentions
        return any(patch.function in mentions[file] for file in mentions.keys() - known)

    def move(self, file: str, targets: Mapping[str, bool]) -> tuple[Report, dict[str, str]]:
        """The report of a file whose patches move, and the targets that can't move, with the reason."""
        report = self.fixed.get(self.names.get(file, ""), Report(shown(file)))
        try:
            data = self.files[report.filename][0] if report.filename in self.files else self.read(file)
            before = decode(data)
            after, refused = move_patches(report.after or before.text, report.filename, targets)
            change = data, encode(before, after)
        except SourceError as error:
            return report, dict.fromkeys(targets, str(error))
        return replace(report, before=before.text, after=after, change=change), refused


def _reaches(patch: Patch, report: Report, callees: Sequence[Callee]) -> bool:
    """Tell whether a patch replaces one of these callees in the file of a report."""
    module = module_of(report.filename)
    return any(patch.reaches(module, *callee) for callee in callees)
