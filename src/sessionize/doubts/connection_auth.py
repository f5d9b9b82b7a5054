"""The doubt `connection-auth`."""

from __future__ import annotations

from functools import cached_property

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.library.calls import BareCall
from sessionize.sharing.steady import is_pair
from sessionize.syntax import values as v

# The kinds of authentication that a server ties to the connection, as `Authorization` begins.
_BINDING = ("ntlm", "negotiate")
# Kinds that stay with their request.
_COMMON = ("bearer", "basic", "token", "oauth", "apikey", "api-key", "key ", "digest", "aws4")
# Packages whose objects authenticate so.
_PACKAGES = frozenset(("requests_ntlm", "requests_ntlm2", "requests_negotiate", "requests_negotiate_sspi")) | {
    *("requests_kerberos", "requests_gssapi", "requests_credssp", "ntlm_auth", "spnego", "sspi", "kerberos", "gssapi")
}


class ConnectionAuth(Kind):
    """A call authenticates in a way that may stay with the connection: `auth=HttpNtlmAuth(user, password)`.

    ## Why it matters
    With NTLM and Negotiate a server authenticates the connection, not the request. A later call on the same connection
    is answered for the same user, with or without credentials of its own. An `Authorization` that begins with a name,
    and no known word such as `Bearer`, may be of these kinds.

    ## How to find out
    A pair, `HTTPBasicAuth` and a token in a header stay with their request. For any other object look whether it is
    NTLM, Negotiate or Kerberos.

    ## What to do
    Accept the doubt where all calls are made for one user anyway: `--accept connection-auth`. Where the file itself
    imports such a kind, or spells it out, calls for different users, or with and without it, are never put on one
    session.
    """

    name = "connection-auth"

    def reason(self, sharing: Sharing) -> str:
        if reason := super().reason(sharing):
            return reason
        silent = any(call.given("headers") is None for call in sharing.calls)
        unknown = any(self._authorizes_unknown(call, silent=silent) for call in sharing.calls)
        if unknown and any(map(self._has_none, sharing.calls)):
            return "a call sends an `Authorization` of unknown kind, which may authenticate a connection for others"
        return ""

    def _authorizes_unknown(self, call: BareCall, *, silent: bool) -> bool:
        """Tell whether an `Authorization` may be of any kind: `{"Authorization": auth}`, not `f"Bearer {token}"`.

        Of headers that are put together elsewhere it may, if the file names that header and no common kind; that counts
        only beside a `silent` call, which has no headers.
        """
        headers = self._headers(call)
        if headers is None or None in dict(headers.items):
            return silent and self._names_header and not self._names_common_kind
        value = _authorization(headers)
        return value is not None and not self.facts.hosts.prefix(value, call.site.scope)

    def _has_none(self, call: BareCall) -> bool:
        """Tell whether a call is known to have no `Authorization`."""
        headers = self._headers(call)
        return headers is not None and _authorization(headers) is None

    def _headers(self, call: BareCall) -> v.Dict | None:
        """The `headers=` of a call as a display, empty if it passes none; None if they are not known."""
        return self.facts.steady(None).display(call.given("headers") or v.Dict(()), call.site.scope)

    @cached_property
    def _names_header(self) -> bool:
        """True if a text of the file, or a keyword, is the name of that header."""
        names = set(self.facts.outline.texts)
        for call in self.facts.outline.calls:
            names |= call.value.keywords
        return "authorization" in map(str.lower, names)

    @cached_property
    def _names_common_kind(self) -> bool:
        """True if a text of the file begins with a kind that stays with its request: `"Bearer "`."""
        return any(text.lower().startswith(_COMMON) for text in self.facts.outline.texts)

    def of_call(self, call: BareCall) -> str:
        auth = call.argument("auth")
        if auth is not None and not is_pair(self.facts, auth, call.site.scope):
            return "passes an `auth=` that may not be a (user, password) pair, and may authenticate the connection"
        if self._header_binds(call):
            return "authenticates its connection, and later calls on it would be answered for the same user"
        return ""

    def _header_binds(self, call: BareCall) -> bool:
        """Tell whether its Authorization may be of a kind that a server ties to the connection: `NTLM ...`."""
        headers = self._headers(call) if self._names_binding else v.Dict(())
        if headers is None:
            return True
        for key, value in headers.items:
            named = str(key.value).lower() if isinstance(key, v.Const) else ""
            prefix = self.facts.hosts.prefix(value, call.site.scope).lower()
            if named in ("", "authorization") and (not prefix or prefix.startswith(_BINDING)):
                return True
        return False

    def is_handed(self, call: BareCall) -> bool:
        """Tell whether its `auth=` is a parameter or an attribute, `self.auth`, or one of two things."""
        auth = call.argument("auth") or v.NONE
        if isinstance(auth, v.Attribute):
            return isinstance(auth.value, v.Name)
        if isinstance(auth, v.Opaque):  # `auth if known else None`
            return True
        variables, named = self.facts.names, v.names_in(auth)
        for name in named:
            if variables.forms(variables.owner(name, call.site.scope), name) != {"param"}:
                return False
        return bool(named) and not any(isinstance(inner, v.Call | v.Item) for inner in v.within(auth))

    @cached_property
    def is_shown(self) -> bool:
        """True if the file shows authentication that binds a connection: imports it, or spells it out."""
        return self._names_binding or not _PACKAGES.isdisjoint(self.facts.packages)

    @cached_property
    def _names_binding(self) -> bool:
        """True if a text of the file begins with the name of such a kind."""
        return not set(map(str.lower, self.facts.outline.attributes)).isdisjoint(_BINDING)


def _authorization(headers: v.Dict) -> v.Value | None:
    """The value of `Authorization` in a display; None without one."""
    for key, value in headers.items:
        if isinstance(key, v.Const) and str(key.value).lower() == "authorization":
            return value
    return None
