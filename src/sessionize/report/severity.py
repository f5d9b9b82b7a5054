"""How grave a finding is, in the words of those who show it: a file that is not read hides what else is wrong in it."""

from __future__ import annotations

from sessionize.rules import SYNTAX_ERROR

GITLAB = {"warning": "minor", "error": "major"}


def level(code: str) -> str:
    """`warning` or `error`, as SARIF and GitHub say."""
    return "error" if code == SYNTAX_ERROR.code else "warning"
