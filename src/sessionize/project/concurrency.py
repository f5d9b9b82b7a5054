"""Files whose functions may run for several threads or visitors at once, as they or their importers show."""

from __future__ import annotations

import re

from sessionize.analysis.memo import memo
from sessionize.library.threads import STARTERS
from sessionize.library.visitors import FRAMEWORKS
from sessionize.project.imports import Imports, is_test, statements

_STARTER = re.compile(rb"\b(%s)\b" % "|".join(sorted(STARTERS)).encode())


class Concurrency:
    def __init__(self, imports: Imports) -> None:
        self.imports = imports

    def reaches(self, file: str) -> bool:
        """Tell whether a file, or one that imports it, names what starts threads, or imports a web framework.

        `ThreadPoolExecutor`, `from flask import Flask`. Tests do not count: they act for nobody.
        """
        loading = {file} | self.imports.importers(file) if file in self.imports.files else set()
        return any(self._starts(each) for each in loading if not is_test(each))

    @memo
    def _starts(self, file: str) -> bool:
        data = self.imports.read(file)
        imported = {statement.path[0] for statement in statements(data) if statement.path and not statement.dots}
        return not imported.isdisjoint(FRAMEWORKS) or _STARTER.search(data) is not None
