"""Findings as GitHub's workflow commands, which it shows at the lines of a pull request."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING

from sessionize.report.fingerprint import relative
from sessionize.report.formats import Failures, Findings, Format
from sessionize.report.terminal import printable
from sessionize.report.wording import row_of, with_help
from sessionize.rules import BY_CODE

if TYPE_CHECKING:
    from sessionize.engine.results import Diagnostic


def render(findings: Findings, failures: Failures) -> str:
    return "".join([*map(_command, findings), *starmap(_failed, failures)])


def _command(found: Diagnostic) -> str:
    path = relative(found.filename)
    properties: dict[str, object] = {"title": f"sessionize ({found.code})", "file": path}
    if found.region is not None:
        start, end = found.region
        properties |= {"line": start.row, "endLine": end.row}
        if end.row == start.row:  # GitHub takes columns within one line only
            properties |= {"col": start.column, "endColumn": end.column}
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    place = f"{path}:{row_of(found)}"
    return f"::{BY_CODE[found.code].level} {listed}::{_data(f'{place}: {found.code} {with_help(found)}')}\n"


def _failed(filename: str, reason: str) -> str:
    path = relative(filename)
    return f"::error title=sessionize,file={_property(path)}::{_data(f'{path}: {reason}')}\n"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMAT = Format(render)
