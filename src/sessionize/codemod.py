"""sessionize as a LibCST codemod: `python -m libcst.tool codemod -x sessionize.codemod.UseSession PATHS`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import libcst as cst
from libcst.codemod import CodemodCommand, CodemodContext

from sessionize.engine.fix import fix_source
from sessionize.files.settings_files import load
from sessionize.project.projects import Projects


class UseSession(CodemodCommand):
    """Fixes what `sessionize fix` fixes, by the same settings, and warns of what is left."""

    DESCRIPTION = "Make bare requests.get(...) calls share one requests.Session."

    @staticmethod
    def add_args(arg_parser: argparse.ArgumentParser) -> None:
        arg_parser.add_argument("--unsafe-fixes", action="store_true", help="also make unsafe fixes")

    def __init__(self, context: CodemodContext, *, unsafe_fixes: bool = False) -> None:
        super().__init__(context)
        self.unsafe_fixes = unsafe_fixes

    def transform_module_impl(self, tree: cst.Module) -> cst.Module:
        filename = Path(self.context.filename or "<string>")
        settings = load(filename.absolute().parent).settings
        if self.unsafe_fixes:
            settings = replace(settings, unsafe_fixes=True)
        report = fix_source(tree.code, str(filename), settings, surroundings=Projects())
        for left in report.left:
            self.warn(f"{left.start.row}:{left.start.column}: {left.code} {left.message}. {left.help}")
        if report.error is not None:
            self.warn(f"{filename}: {report.error}")
        return tree if report.after is None else cst.parse_module(report.after, tree.config_for_parsing)
