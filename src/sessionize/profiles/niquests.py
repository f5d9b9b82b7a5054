"""The profile of niquests, of its calls in the sync way: `niquests.get(url)`. Facts are those of 3.21.2.

A bare call makes a `Session(retries, json_encoder, tls_configuration)` and calls `request` on it (niquests/api.py), so
these belong to the constructor. `request` itself is left out: without `timeout=` it waits for 120 s, where a session's
waits for 30 s to read. All other functions wait as the methods do, and follow redirects as they do. Cookies are kept
and sent as by requests, and the same line keeps none. A session that nobody closes leaves a socket to be found open by
Python, with a ResourceWarning.

A session opens 10 connections to a host, and has those to 10 hosts: for another one a call waits, also for ever and
whatever its timeout, where responses that were not read to their end hold them (`stream=True`). A connection is not
told apart by `verify=` and `cert=` (`cert_verify` in niquests/adapters.py): one that was verified by one file passes
for a call with another, and a call without a certificate shows that of the call before.

Over TLS a connection follows `Alt-Svc: h2=":8443"` of an answer (`_upgrade` in urllib3_future/backend/hface.py): the
next call on it goes to that port, and fails where nothing answers. No option turns off that alone. Bare calls have
forgotten it; they remember only `h3`, as sessions do, and go back to the old port where nothing answers.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from sessionize.profiles.library import Library

_FUNCTIONS = MappingProxyType(
    {
        "get": ("url", "params"),
        "post": ("url", "data", "json"),
        **dict.fromkeys(("put", "patch"), ("url", "data")),
        **dict.fromkeys(("delete", "head", "options"), ("url",)),
    }
)
_CONSTRUCTOR = frozenset({"retries", "json_encoder", "tls_configuration"})
_PLAIN = frozenset({"timeout", "stream", "allow_redirects", "hooks", "proxies", "auth", "headers", "cookies", "url"})
_STAYING = MappingProxyType(
    {
        "cert": "a session would show the certificate of one call in later ones, too",
        "stream": "responses that are not read to their end would let a session wait for ever, once it has ten of them",
        "verify": "a session would use a connection again that was verified otherwise",
    }
)

NIQUESTS = Library(
    name="niquests",
    modules=frozenset({"niquests", "niquests.api"}),
    functions=_FUNCTIONS,
    session="niquests.Session",
    word="session",
    makers=(("niquests", "Session"), ("niquests.api", "sessions.Session")),
    sending=frozenset({*_FUNCTIONS, "query", "request", "send"}),
    aliases=MappingProxyType(
        {
            "niquests.sessions.Session": "niquests.Session",
            "niquests.api.sessions": "niquests.sessions",
            **{f"niquests.api.{verb}": f"niquests.{verb}" for verb in _FUNCTIONS},
        }
    ),
    copies=re.compile(r"(?:.*\.)?_?vendor(?:ed)?\.niquests"),
    constructor=_CONSTRUCTOR,
    staying=_STAYING,
    options=MappingProxyType(dict.fromkeys(_FUNCTIONS, _PLAIN | {"params", "data", "json", "files"})),
    plain_options=_PLAIN | _CONSTRUCTOR | {"cert", "verify"},
    redirects="",
    timeout=("timeout", -1),
    waits=False,
    policy="http.cookiejar.DefaultCookiePolicy",
    apart="cookies.set_policy({policy}(allowed_domains=[]))",
    differs="a session follows the `Alt-Svc` header of an earlier answer to another port",
    closing="close",
    closes_itself=False,
    adapter="",
    wide="",
    kept=10,
    most=10,
    pair="niquests.auth.HTTPBasicAuth",
    from_jar="niquests.utils.dict_from_cookiejar",
    rules=("RQS101", "RQS102"),
    factory=False,
    reads_patches=False,
    reads_environment_once=True,
    beneath=frozenset({"niquests", "urllib3_future", "urllib3", "qh3", "jh2", "wassima", "socket", "ssl"}),
    replacing=frozenset({"httpretty", "pytest_socket"}),
    leaving=frozenset(),
    mocks=frozenset({"niquests_mock", "nimax"}),
)
