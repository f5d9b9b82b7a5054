"""What is done on sessions: calls, what closes them, and what tells them something for the calls to come."""

from __future__ import annotations

from sessionize.profiles import REQUESTS, Library
from sessionize.syntax.access import Access, call_of

__all__ = ["READING", "REQUESTS", "closing", "methods", "sets_up"]

# Methods that ask for something and change nothing.
READING = frozenset({"get", "head", "options"})
# What tells a session something for the calls to come.
_SETTERS = frozenset({"update", "set", "set_cookie", "set_policy", "setdefault", "pop", "clear"})


def methods(library: Library) -> frozenset[Access]:
    """What is done on a session that is only called: `session.get(url)`."""
    return frozenset(map(call_of, library.functions))


def closing(library: Library) -> frozenset[Access]:
    """What closes a session: `session.close()`."""
    return frozenset({call_of(library.closing)})


def sets_up(access: Access) -> bool:
    """Tell whether an access to a session sets something for the calls to come: `session.headers.update(...)`."""
    if access.rebinds:
        return access.attribute != ""
    return access.calls and (access.method == "mount" or (len(access.steps) == 2 and access.steps[1] in _SETTERS))
