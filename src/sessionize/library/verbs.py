"""The functions of requests, for what reads the patches of its functions in tests.

Every run loads this, so it must load nothing that takes time.
"""

from __future__ import annotations

from sessionize.profiles.requests import VERBS

__all__ = ["FUNCTIONS", "VERBS"]

# What requests has to offer to `from requests import *`, and what its functions are often called elsewhere.
FUNCTIONS = frozenset(VERBS) | {"Session", "session"}
