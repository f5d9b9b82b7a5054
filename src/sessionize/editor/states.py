"""Open documents at one moment, and the abilities of the client that shows them. Plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote

from pygls.uris import to_fs_path


class Part(NamedTuple):
    """A text with a version of its own: a file's, or a cell's."""

    uri: str
    version: int
    text: str


class State(NamedTuple):
    """A file, or the Python cells of a notebook, as the client has them at one moment."""

    uri: str
    parts: tuple[Part, ...]
    is_notebook: bool

    @property
    def mark(self) -> str:
        """Tells it from other states, also where a document that is opened again counts its versions anew."""
        return f"{hash(self):x}"


@dataclass(frozen=True, slots=True)
class Client:
    """The abilities of the client.

    units: how long a text is to it. versions: it takes edits for a version. resolves: it asks for the edit of an action
    that is chosen. pulls: it asks for diagnostics. refreshes: it can be told to ask for them again.
    """

    units: Callable[[str], int]
    versions: bool
    resolves: bool
    pulls: bool
    refreshes: bool


def path_of(uri: str) -> str:
    """The path in a URI, any character of which a client may leave unquoted."""
    _, _, path = unquote(uri).partition(":")
    return to_fs_path(f"file:{quote(path)}") or ""
