"""Which findings `# noqa` and `# flake8: noqa` comments silence: flake8's grammar (flake8/defaults.py)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

_CODES = r"[a-z]+[0-9]+(?:[,\s]+[a-z]+[0-9]+)*"
_LINE = re.compile(rf"# noqa(?::\s?(?P<codes>{_CODES}))?", re.IGNORECASE)
_FILE = re.compile(rf"\s*# flake8[:=]\s*noqa(?::\s?(?P<codes>{_CODES}|[a-z]+))?\s*$", re.IGNORECASE)

_Finding = TypeVar("_Finding")


def unsuppressed(
    findings: list[_Finding], code: Callable[[_Finding], str], row: Callable[[_Finding], int], text: str
) -> list[_Finding]:
    """The findings that no comment silences: one on the finding's row, or one for the whole file.

    A comment without codes silences all; else a code silences what begins with it.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    whole_file = [found for found in map(_FILE.match, lines) if found is not None]
    kept = []
    for finding in findings:
        own = _LINE.search(lines[row(finding) - 1])
        if not any(_silences(comment, code(finding)) for comment in (*whole_file, own)):
            kept.append(finding)
    return kept


def _silences(comment: re.Match[str] | None, code: str) -> bool:
    if comment is None:
        return False
    codes = comment["codes"]
    return codes is None or code.startswith(tuple(re.split(r"[,\s]+", codes.upper())))
