"""The files that may give others a part of a URL that names a user, a key or a session: `load(f"/of/{name}")`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from sessionize.analysis.memo import memo
from sessionize.library.words import identifier_names_user, text_names_user
from sessionize.project.imports import Imports
from sessionize.syntax.parse import UnreadableError, parse_ast

_PATH = re.compile(r"[^\s<>]*[/?=][^\s<>]*")  # `/login?name=`
_FAR = 1_000_000  # bytes: what is longer is not looked through
_WORD = re.compile(rb"[\w\x80-\xff]+")


class Users:
    def __init__(self, imports: Imports) -> None:
        self.imports = imports

    @memo
    def are_named_to(self, file: str, functions: frozenset[str]) -> bool:
        """Tell whether a URL that names a user may come to functions and classes of a file, or to the file itself.

        It may from a file of the same program that names one of them, from all that import such a one, and from those
        that the file imports, directly or not.
        """
        program = self.imports.program(file)
        giving = {other for other in program if not functions.isdisjoint(self._words(other))} - {file}
        giving = giving.union(self.imports.needed_by(file), *map(self.imports.importers, giving))
        return any(map(self._names_user, sorted(giving & program - {file})))

    def read(self) -> None:
        """Reads all files at once, for the sake of workers that see none."""
        for file in self.imports.files:
            self._words(file)
            self._names_user(file)

    @memo
    def _words(self, file: str) -> frozenset[str]:
        return frozenset(word.decode(errors="replace") for word in _WORD.findall(self.imports.read(file)))

    @memo
    def _names_user(self, file: str) -> bool:
        """Tell whether a text of a file that may be part of a URL names a user, or what is put into one does."""
        data = self.imports.read(file)
        if len(data) > _FAR:
            return True
        if not text_names_user(data.decode(errors="replace")):
            return False
        try:
            return any(map(text_names_user, _urls(parse_ast(data))))
        except UnreadableError:
            return True


def _urls(tree: ast.Module) -> Iterator[str]:
    """The texts that may be part of a URL, and the names that are put into one."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if _PATH.fullmatch(text):
                yield text
            case ast.JoinedStr(values=parts) if any(map(_is_path, parts)):
                names = [each.attr if isinstance(each, ast.Attribute) else each.id for each in _names(node)]
                yield " ".join(filter(identifier_names_user, names))


def _is_path(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and _PATH.fullmatch(str(part.value)) is not None


def _names(node: ast.JoinedStr) -> Iterator[ast.Name | ast.Attribute]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name | ast.Attribute):
            yield each
