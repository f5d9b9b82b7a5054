"""The profile of requests. Every run loads this, so it must load nothing that takes time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from sessionize.profiles.library import Library

# What each function takes by position (requests/api.py).
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
_SESSION = "requests.Session"

REQUESTS = Library(
    name="requests",
    modules=frozenset({"requests", "requests.api"}),
    functions=VERBS,
    session=_SESSION,
    word="session",
    makers=(("requests", "Session"), ("requests.api", "sessions.Session")),
    sending=frozenset({*VERBS, "send"}),
    aliases=MappingProxyType(
        {
            "requests.session": _SESSION,
            "requests.sessions.Session": _SESSION,
            "requests.api.sessions": "requests.sessions",
            **{f"requests.api.{verb}": f"requests.{verb}" for verb in VERBS},
        }
    ),
    copies=re.compile(r"(?:.*\.)?_?vendor(?:ed)?\.requests"),  # `botocore.vendored.requests`, `pip._vendor.requests`
    constructor=frozenset(),
    staying=MappingProxyType({}),
    options=MappingProxyType({}),
    plain_options=frozenset(
        ("timeout", "verify", "stream", "allow_redirects", "hooks", "proxies", "auth", "headers", "cookies", "method")
    )
    | {"url"},
    redirects="",
    timeout=("timeout", 8),
    waits=True,
    policy="http.cookiejar.DefaultCookiePolicy",
    apart="cookies.set_policy({policy}(allowed_domains=[]))",
    differs="",
    closing="close",
    closes_itself=True,
    adapter="requests.adapters.HTTPAdapter",
    wide="adapters.HTTPAdapter(pool_maxsize={width})",
    kept=10,  # urllib3 throws further ones away, and logs it
    most=0,
    pair="requests.auth.HTTPBasicAuth",
    from_jar="requests.utils.dict_from_cookiejar",
    rules=("RQS",),
    factory=True,
    reads_patches=True,
    reads_environment_once=False,
    beneath=frozenset({"requests", "urllib3", "socket"}),
    replacing=frozenset({"requests_cache", "httpretty", "pytest_socket"}),
    leaving=frozenset(
        (
            *("requests_toolbelt", "requests_oauthlib", "requests_file", "requests_ftp", "requests_futures"),
            *("requests_ntlm", "requests_ntlm2", "requests_negotiate", "requests_negotiate_sspi", "requests_kerberos"),
            *("requests_gssapi", "requests_credssp", "requests_aws4auth", "requests_auth_aws_sigv4", "requests_hawk"),
            *("requests_pkcs12", "requests_html", "requests_ratelimiter", "requests_unixsocket"),
            *("requests_unixsocket2", "requests_ip_rotator", "requests_threads", "requests_tor", "requests_auth"),
            *("requests_http_signature", "requests_testadapter", "requests_pprint", "requests_jwt"),
            *("requests_wsgi_adapter", "requests_httpsig", "requests_mock"),
        )
    ),
    mocks=frozenset({"responses", "requests_mock"}),
)
