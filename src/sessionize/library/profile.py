"""The names of requests: its functions, its class of sessions, and other paths to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from sessionize.analysis.origins import Library
from sessionize.library.verbs import VERBS
from sessionize.syntax.access import Access, call_of

# The class of sessions.
SESSION = "requests.Session"
# Other paths to the functions of requests and to its class of sessions.
SAME: Mapping[str, str] = MappingProxyType(
    {
        "requests.session": SESSION,
        "requests.sessions.Session": SESSION,
        "requests.api.sessions": "requests.sessions",
        **{f"requests.api.{verb}": f"requests.{verb}" for verb in VERBS},
    }
)
# A copy of requests in another package: `botocore.vendored.requests`, `pip._vendor.requests`.
_COPY = re.compile(r"(?:.*\.)?_?vendor(?:ed)?\.requests")
REQUESTS = Library("requests", frozenset(VERBS), SAME, _COPY)


def with_factory(path: str) -> Library:
    """Requests with another function that makes sessions: `shop.http.make_session`."""
    return REQUESTS._replace(aliases={**SAME, path: SESSION})


MODULES = frozenset({"requests", "requests.api"})
# Those that ask for something and change nothing.
READING = frozenset({"get", "head", "options"})
# What is done on a session that is only called.
METHODS = frozenset(map(call_of, VERBS))
CLOSING = frozenset({call_of("close")})
# What tells a session something for the calls to come.
_SETTERS = frozenset({"update", "set", "set_cookie", "set_policy", "setdefault", "pop", "clear"})


def sets_up(access: Access) -> bool:
    """Tell whether an access to a session sets something for the calls to come: `session.headers.update(...)`."""
    if access.rebinds:
        return access.attribute != ""
    return access.calls and (access.method == "mount" or (len(access.steps) == 2 and access.steps[1] in _SETTERS))
