"""The files of a program that name a user, a key or a session: they may say for whom the calls of another are made."""

from __future__ import annotations

import re

from sessionize.analysis.memo import memo
from sessionize.library.words import text_names_user
from sessionize.project.imports import Imports

_FAR = 1_000_000  # bytes: what is longer is not looked through
# What names no user: a comment, a decorator, `pass`, a `session` of requests, and the keys of a dict.
_INNOCENT = re.compile(
    r"^[ \t]*[#@][^\n]*|\bpass(?=\s*$)|\b_*(?:(?:http|requests|make|get|create|new)_)?(?:[Ss]essions?|keys?)\b|^import operator$",
    re.MULTILINE,
)


class Users:
    def __init__(self, imports: Imports) -> None:
        self.imports = imports

    @memo
    def are_named_beside(self, file: str) -> bool:
        """Tell whether another file of a file's program names a user."""
        return any(map(self._names_user, sorted(self.imports.program(file) - {file})))

    def read(self) -> None:
        """Reads all files at once, for the sake of workers that see none."""
        for file in self.imports.files:
            self._names_user(file)

    @memo
    def _names_user(self, file: str) -> bool:
        data = self.imports.read(file)
        return len(data) > _FAR or text_names_user(_INNOCENT.sub("", data.decode(errors="replace")))
