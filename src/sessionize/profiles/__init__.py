"""The libraries whose calls are looked for, each as a value: its names, and how a session of it is made and used."""

from __future__ import annotations

from sessionize.profiles.library import Library
from sessionize.profiles.requests import REQUESTS

LIBRARIES: tuple[Library, ...] = (REQUESTS,)

__all__ = ["LIBRARIES", "REQUESTS", "Library"]
