"""The profile of curl_cffi, of its calls in the sync way: `curl_cffi.requests.get(url)`. Facts are those of 0.17.0.

A bare call makes a `Session(thread, curl_options, debug)` and calls `request` on it (requests/__init__.py), so these
belong to the constructor. All functions take options by name alone, wait for 30 s and follow redirects, on both sides.
A session takes over no cookie of an answer with `discard_cookies`; those of a redirect go on to the next one, and those
of an answer are in it, as before (`_parse_response` in requests/session.py): libcurl forgets its own at each call.

A session has a handle of libcurl for each thread, which tells connections apart by certificates, proxies and what it
verifies, and remembers no `Alt-Svc` and no HSTS. One that nobody closes leaves nothing open. `stream=True` takes a copy
of the handle, with a connection of its own, so such a call stays; and so do those with a proxy or a certificate.

Where a server closes a connection that was used before, and has not answered, libcurl sends the request once more, also
a POST: no option of it turns that off but one that ends each connection.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from sessionize.profiles.library import Library

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_FUNCTIONS = MappingProxyType(dict.fromkeys(_VERBS, ("url",)))
_PLAIN = frozenset(
    (
        *("timeout", "allow_redirects", "max_redirects", "auth", "headers", "cookies", "referer", "url"),
        *("accept_encoding", "impersonate", "default_headers", "default_encoding", "http_version", "discard_cookies"),
    )
)
_IDENTITY = frozenset({"cert", "proxies", "proxy", "proxy_auth", "verify"})
_STAYING = MappingProxyType(
    {
        "stream": "a session would open a connection of its own for it all the same",
        **dict.fromkeys(_IDENTITY, "a connection of its own may be what it is there for"),
    }
)

CURL_CFFI = Library(
    name="curl_cffi",
    modules=frozenset({"curl_cffi", "curl_cffi.requests"}),
    functions=_FUNCTIONS,
    session="curl_cffi.Session",
    word="session",
    makers=(("curl_cffi", "Session"), ("curl_cffi.requests", "Session")),
    sending=frozenset({*_FUNCTIONS, "query", "request", "trace", "upkeep", "ws_connect"}),
    aliases=MappingProxyType(
        {
            "curl_cffi.requests.Session": "curl_cffi.Session",
            "curl_cffi.requests.session.Session": "curl_cffi.Session",
            **{f"curl_cffi.requests.{verb}": f"curl_cffi.{verb}" for verb in _FUNCTIONS},
        }
    ),
    copies=re.compile(r"(?:.*\.)?_?vendor(?:ed)?\.curl_cffi"),
    constructor=frozenset({"thread", "curl_options", "debug"}),
    staying=_STAYING,
    options=MappingProxyType(dict.fromkeys(_FUNCTIONS, _PLAIN | {"params", "data", "json"})),
    plain_options=_PLAIN | _IDENTITY,
    redirects="",
    timeout=("timeout", -1),
    waits=False,
    policy="",
    apart="discard_cookies = True",
    differs="libcurl sends a request once more where a connection that was used before ends without an answer",
    closing="close",
    closes_itself=True,
    adapter="",
    wide="",
    kept=0,
    most=0,
    pair="",
    from_jar="",
    rules=("RQS101", "RQS102"),
    factory=False,
    reads_patches=False,
    reads_environment_once=True,
    beneath=frozenset({"curl_cffi", "cffi"}),
    replacing=frozenset(),
    leaving=frozenset(),
    mocks=frozenset(),
)
