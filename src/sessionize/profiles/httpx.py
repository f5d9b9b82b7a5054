"""The profile of httpx, of its calls in the sync way: `httpx.get(url)`. Facts are those of 0.28.1.

A bare call makes `Client(cookies, proxy, verify, timeout, trust_env)` and calls `request` on it (httpx/_api.py), so
these belong to the constructor; only the timeout may be given to the call as well. Redirects are off, and the timeout
is 5 s, on both sides. On a client that keeps no cookies a redirect does not send those of the answer before it, as a
bare call does (`_build_redirect_request` in httpx/_client.py takes them of the client). A client that nobody closes
leaves sockets to be found open by Python, with a ResourceWarning; its `with` block closes them.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from sessionize.profiles.library import Library

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_FUNCTIONS = MappingProxyType({**dict.fromkeys(_VERBS, ("url",)), "request": ("method", "url")})
_COMMON = frozenset({"params", "headers", "auth", "follow_redirects", "timeout"})
_BODY = frozenset({"content", "data", "files", "json"})
_WRITING = ("post", "put", "patch", "request")
_CONSTRUCTOR = frozenset({"cookies", "proxy", "proxies", "verify", "cert", "trust_env"})  # two are those of 0.27

HTTPX = Library(
    name="httpx",
    modules=frozenset({"httpx"}),
    functions=_FUNCTIONS,
    session="httpx.Client",
    word="client",
    makers=(("httpx", "Client"),),
    sending=frozenset({*_FUNCTIONS, "send", "stream"}),
    aliases=MappingProxyType({f"httpx._api.{verb}": f"httpx.{verb}" for verb in _FUNCTIONS}),
    copies=re.compile(r"(?:.*\.)?_?vendor(?:ed)?\.httpx"),
    constructor=_CONSTRUCTOR,
    staying=MappingProxyType({}),
    options=MappingProxyType({verb: _COMMON | (_BODY if verb in _WRITING else set()) for verb in _FUNCTIONS}),
    plain_options=_CONSTRUCTOR | {"timeout", "follow_redirects", "auth", "headers", "method", "url"},
    redirects="follow_redirects",
    timeout=("timeout", -1),
    waits=False,
    policy="http.cookiejar.DefaultCookiePolicy",
    apart="cookies.jar.set_policy({policy}(allowed_domains=[]))",
    differs="",
    closing="close",
    closes_itself=False,
    adapter="",
    wide="",
    kept=100,
    most=100,
    pair="httpx.BasicAuth",
    from_jar="",
    rules=("RQS101", "RQS102"),
    factory=False,
    reads_patches=False,
    reads_environment_once=True,
    beneath=frozenset({"httpx", "httpcore", "h11", "socket", "ssl"}),
    replacing=frozenset({"httpretty", "pytest_socket", "hishel"}),
    leaving=frozenset({"httpx_sse", "httpx_ws", "httpx_auth", "httpx_oauth", "httpx_ntlm", "httpx_gssapi"}),
    mocks=frozenset({"respx", "pytest_httpx"}),
)
