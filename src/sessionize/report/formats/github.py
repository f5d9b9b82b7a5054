"""Findings as GitHub's workflow commands, which it shows at the lines of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionize.report.fingerprint import relative
from sessionize.report.severity import level
from sessionize.report.terminal import printable
from sessionize.report.wording import row_of, with_help

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine.results import Diagnostic


def render(findings: Sequence[Diagnostic], failures: Sequence[tuple[str, str]]) -> str:
    return "".join([*(_command(found) for found in findings), *(_failed(*failure) for failure in failures)])


def _command(found: Diagnostic) -> str:
    path = relative(found.filename)
    properties: dict[str, object] = {"title": f"sessionize ({found.code})", "file": path}
    if found.cell is None:  # the rows of a cell are no rows of its file
        properties |= {"line": found.start.row, "endLine": found.end.row}
        if found.end.row == found.start.row:  # GitHub takes columns within one line only
            properties |= {"col": found.start.column, "endColumn": found.end.column}
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    place = f"{path}:{row_of(found)}"
    return f"::{level(found.code)} {listed}::{_data(f'{place}: {found.code} {with_help(found)}')}\n"


def _failed(filename: str, reason: str) -> str:
    path = relative(filename)
    return f"::error title=sessionize,file={_property(path)}::{_data(f'{path}: {reason}')}\n"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
