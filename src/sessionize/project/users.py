"""The files of a program that name a user, a key or a session, and may put one into the URLs they hand to others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from sessionize.analysis.memo import memo
from sessionize.library.words import identifier_names_user, text_names_user
from sessionize.project.imports import Imports
from sessionize.syntax.parse import UnreadableError, parse_ast

_PATH = re.compile(r"[^\s<>]*[/?=][^\s<>]*")  # `/login?name=`


class Users:
    def __init__(self, imports: Imports) -> None:
        self.imports = imports

    @memo
    def are_named(self, file: str, *, in_urls: bool) -> bool:
        """Tell whether another file of a file's program names a user; in_urls: in a text that may be part of a URL."""
        others = sorted(self.imports.program(file) - {file})
        return any(self._names(other, in_urls=in_urls) for other in others)

    @memo
    def _names(self, file: str, *, in_urls: bool) -> bool:
        data = self.imports.read(file)
        if not text_names_user(data.decode(errors="replace")):
            return False
        try:
            tree = parse_ast(data)
        except UnreadableError:
            return True
        if in_urls:
            return any(_PATH.fullmatch(text) and text_names_user(text) for text in _texts(tree))
        named = any(map(identifier_names_user, {*_identifiers(tree)} - {"keys"}))
        return named or any(map(text_names_user, _texts(tree)))


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)):
                yield text


def _identifiers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
