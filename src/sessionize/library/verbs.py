"""The functions of requests. Every run loads this, so it must load nothing that takes time."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# What each takes by position (requests/api.py).
VERBS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "get": ("url", "params"),
        "post": ("url", "data", "json"),
        "put": ("url", "data"),
        "patch": ("url", "data"),
        "delete": ("url",),
        "head": ("url",),
        "options": ("url",),
        "request": ("method", "url"),
    }
)
# What requests has to offer to `from requests import *`, and what its functions are often called elsewhere.
FUNCTIONS = frozenset(VERBS) | {"Session", "session"}
