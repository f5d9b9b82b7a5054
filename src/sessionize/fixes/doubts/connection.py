"""One call: what it passes may behave otherwise on a connection that is shared."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from functools import cached_property

from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts
from sessionize.sharing.steady import Steady, is_pair
from sessionize.syntax import values as v

# The kinds of authentication that a server ties to the connection, as `Authorization` begins.
_BINDING = ("ntlm", "negotiate")


class Connection:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.outline = facts.outline

    def unsafe_call(self, call: BareCall) -> str:
        """The reason why a call may behave otherwise on any session, as the rest of a sentence about it."""
        scope = call.site.scope
        if call.unpacks:
            return "passes `**` arguments that are not known"
        if call.argument("proxies") not in (None, v.NONE):
            return "passes `proxies=`, and a shared connection keeps its proxy"
        if call.argument("hooks") not in (None, v.NONE):
            return "passes `hooks=`, which may send requests of their own"
        auth = call.argument("auth")
        if auth is not None and not is_pair(self.facts, auth, scope):
            return "passes an `auth=` that is not known to be a pair, and may stay with the connection"
        if self.header_binds(call):
            return "authorizes its connection, and later calls on it would be answered for the same user"
        for text in self._spelled.get(call.site.tick, ()):
            if all(word in text for word in call.shown.split(".")):
                return "is spelled out by `=` in an f-string, and would read otherwise"
        verify = self.facts.origins.resolve_once(call.argument("verify"), scope)
        if not isinstance(verify, v.Const) or verify.kind not in ("bool", "str", "NoneType"):
            return "passes a `verify=` that is not True, False or a string"
        cert = self.facts.origins.resolve_once(call.argument("cert"), scope)
        if not all(isinstance(item, v.Const) for item in (cert.items if isinstance(cert, v.Sequence) else (cert,))):
            return "passes a `cert=` that is not a literal"
        return ""

    @cached_property
    def _spelled(self) -> dict[int, list[str]]:
        """The f-strings with `=` that show a call, by its tick."""
        ticks = sorted(call.tick for call in self.outline.calls) if self.outline.spelled else []
        spelled = defaultdict(list)
        for start, end, text in self.outline.spelled:
            for tick in ticks[bisect_right(ticks, start) : bisect_right(ticks, end)]:
                spelled[tick].append(text)
        return spelled

    def identity(self, call: BareCall) -> tuple[v.Value, v.Value]:
        """The two things that decide whether calls may use one TLS connection: `verify=` and `cert=`."""
        verify = self.facts.origins.resolve_once(call.argument("verify"), call.site.scope)
        default = verify in (v.NONE, v.Const(value=True, kind="bool"))
        cert = self.facts.origins.resolve_once(call.argument("cert"), call.site.scope)
        if isinstance(cert, v.Opaque):
            cert = call.argument("cert") or v.NONE
        return (v.NONE if default else verify), cert

    def auth_binds(self, call: BareCall) -> bool:
        auth = call.argument("auth")
        return auth is not None and not is_pair(self.facts, auth, call.site.scope)

    def header_binds(self, call: BareCall) -> bool:
        """Tell whether its Authorization may be of a kind that a server ties to the connection: `NTLM ...`."""
        headers = call.argument("headers")
        if headers in (None, v.NONE) or not self._names_binding:
            return False
        display = Steady(self.facts, None).display(headers, call.site.scope)
        if display is None:
            return True
        for key, value in display.items:
            named = str(key.value).lower() if isinstance(key, v.Const) else ""
            prefix = self.facts.hosts.prefix(value, call.site.scope).lower()
            if named in ("", "authorization") and (not prefix or prefix.startswith(_BINDING)):
                return True
        return False

    @cached_property
    def _names_binding(self) -> bool:
        """True if a text of the file begins with the name of such a kind."""
        return any(word.lower() in _BINDING for word in self.facts.outline.attributes)

    def may_bind(self, call: BareCall) -> bool:
        return self.auth_binds(call) or self.header_binds(call)
