"""The libraries whose calls are looked for, each as a value: its names, and how a session of it is made and used."""

from __future__ import annotations

from collections.abc import Iterable

from sessionize.profiles.curl_cffi import CURL_CFFI
from sessionize.profiles.httpx import HTTPX
from sessionize.profiles.library import Library
from sessionize.profiles.niquests import NIQUESTS
from sessionize.profiles.requests import REQUESTS

LIBRARIES: tuple[Library, ...] = (REQUESTS, HTTPX, NIQUESTS, CURL_CFFI)

__all__ = ["CURL_CFFI", "HTTPX", "LIBRARIES", "NIQUESTS", "REQUESTS", "Library", "imported"]


def imported(modules: Iterable[str]) -> list[Library]:
    """The libraries that a file imports, of which all modules are given; requests where that shows none."""
    packages = {module.partition(".")[0] for module in modules}
    return [library for library in LIBRARIES if library.name in packages] or [REQUESTS]
