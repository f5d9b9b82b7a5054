"""How a finding is named in a line, in whatever format it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sessionize.report.terminal import printable

if TYPE_CHECKING:
    from sessionize.engine.results import Diagnostic

MARKS = {"safe": "[*] ", "unsafe": "[unsafe] ", None: ""}


def headline(found: Diagnostic, mark: str = "") -> str:
    place = f"{click.style(printable(found.filename), bold=True)}:{row_of(found)}"
    return f"{place}: {click.style(found.code, fg='red', bold=True)} {mark}{printable(found.message)}"


def with_help(found: Diagnostic) -> str:
    """The message of a finding, and what to do about it or why nothing was done."""
    return f"{found.message}. {found.help}".removesuffix(" ")


def in_cell(found: Diagnostic) -> str:
    """The beginning of a message in a notebook, the rows of which a report has no place for: its cell and row."""
    return f"{row_of(found)}: " if found.region is None else ""


def row_of(found: Diagnostic) -> str:
    """The row and column of a finding, behind the cell of a notebook."""
    cell = "" if found.cell is None else f"cell {found.cell}:"
    return f"{cell}{found.start.row}:{found.start.column}"


def count(number: int, noun: str, nouns: str = "") -> str:
    """`1 call`, `2 calls`; nouns: where more than an `s` is to be added."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"
