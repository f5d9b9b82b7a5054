"""The doubt `mixed-verify`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.library.calls import BareCall
from sessionize.sharing.closed_world import ClosedWorld
from sessionize.sharing.facts import Facts
from sessionize.sharing.hoisting import is_lazy
from sessionize.sharing.several_calls import owners
from sessionize.sharing.stretch import Stretch
from sessionize.syntax import values as v

# From this version on a session tells connections by `verify=` apart (see `get_connection_with_tls_context`).
_UNMIXING = (2, 32)
# Calls that may write a file, or run what does.
_WRITING = re.compile(r"(.*\.)?(write(_text|_bytes)?|dump)|(shutil|subprocess)\..*|os\.(replace|rename|system|symlink)")


class MixedVerify(Kind):
    """Calls may differ in `verify=` or `cert=`: `requests.get(url, verify=check)`.

    ## Why it matters
    Before requests 2.32 a session takes the first connection to a host for all calls to it (CVE-2024-35195): a call
    with `verify=True` behind one with `verify=False` was not verified. A path object, or a number, is mixed up in
    later versions, too. A certificate is read when a connection is made: a file that is replaced meanwhile counts for
    the next one only.

    ## How to find out
    Is the value the same for all calls of the session, as long as it lives? One and the same expression that is bound
    once is, and is no doubt.

    ## What to do
    Pass the same value everywhere, or a constant. Texts, True and False may differ where all that the project says
    about requests requires 2.32 or later (`requests>=2.32`). Else accept the doubt: `--accept mixed-verify`.
    """

    name = "mixed-verify"

    def reason(self, sharing: Sharing) -> str:
        for option in ("verify", "cert"):
            if not self._stays_the_same(option, sharing):
                for call in sharing.calls:
                    if reason := self._unlike_constants(option, call):
                        return f"`{call.shown}` {reason}"
        if any(map(self._names_file, sharing.calls)):
            if self._may_replace_files:
                return "the file behind `cert=` or `verify=` may be replaced between its calls"
            if other := self.facts.around.other_that("writes-files"):
                return f"{other} may replace the file behind `cert=` or `verify=` between its calls"
        mixing = self.facts.around.oldest() < _UNMIXING
        if mixing and len(tls_identities(self.facts, sharing.calls)) > 1:
            return "its calls differ in `verify=` or `cert=`, which requests before 2.32 mixes up on one session"
        return ""

    @cached_property
    def _may_replace_files(self) -> bool:
        """True if the file makes a call that may write a file: `shutil.copy("new.pem", "client.pem")`."""
        calls = zip(self.facts.graph.named, self.facts.origins.paths, strict=True)
        return any(_WRITING.fullmatch(path or named) for (_, named), path in calls)

    def _names_file(self, call: BareCall) -> bool:
        """Tell whether a call has a `cert=`, or a text as its `verify=`."""
        verify = _resolved(self.facts, call, "verify")
        is_text = isinstance(verify, v.Const) and verify.kind == "str"
        return is_text or _resolved(self.facts, call, "cert") != v.NONE

    def _stays_the_same(self, option: str, sharing: Sharing) -> bool:
        """Tell whether all calls pass one expression, which stays the same as long as their session lives."""
        (first, *others) = sharing.calls
        value = first.argument(option)
        if value is None or any(call.argument(option) != value for call in others):
            return False
        if isinstance(value, v.Name) and self._is_decided(value.name, sharing.calls):
            return True
        if sharing.owner is None:
            return all(self._keeps(inner, sharing.calls) for inner in _parts(value))
        return self._is_steady(value, sharing.calls, sharing.owner)

    def _is_steady(self, value: v.Value, calls: Sequence[BareCall], owner: int | None) -> bool:
        steady = self.facts.steady(owner)
        return all(steady.is_steady(value, call.site.scope) for call in calls)

    def _is_decided(self, name: str, calls: Sequence[BareCall]) -> bool:
        """Tell whether a script binds a variable of its module before anything leads to one of the calls, and never
        again."""
        closed = ClosedWorld(self.facts, calls)
        if owners(self.facts, name, calls) != {0} or self.facts.mutations.reflection or not closed.holds:
            return False
        binds = self.facts.names.binds(0, name)
        return bool(binds) and all(closed.comes_first(bind.tick, bind.part) for bind in binds)

    def _keeps(self, value: v.Value, calls: Sequence[BareCall]) -> bool:
        """Tell whether a part of that expression is the same for calls of one function, each time that it runs."""
        match value:
            case v.Const():
                return True
            case v.Name(name=name):
                owner, *others = owners(self.facts, name, calls)
                return not others and self._is_bound_before(owner, name, calls)
            case v.Attribute():
                return self._is_steady(value, calls, owner=None)
        return False

    def _is_bound_before(self, owner: int, name: str, calls: Sequence[BareCall]) -> bool:
        """Tell whether nothing binds a variable from the first call to the last.

        A function that runs is not interrupted by the statements of its module.
        """
        flow, frame = self.facts.flow, calls[0].frame
        binds = self.facts.names.binds(owner, name)
        stretch = Stretch(flow, calls)
        if len(binds) > 1 and any(is_lazy(self.facts, call) for call in calls):  # gone through while they change it
            return False
        for bind in binds:
            here = flow.frame[bind.part] == frame
            if here and stretch.holds(bind.tick, bind.part):
                return False
            if not here and (self.facts.tables.function_around(bind.part) != 0 or frame in self.facts.tables.pausing):
                return False
        return bool(binds) and not self.facts.mutations.reflection

    def of_call(self, call: BareCall) -> str:
        return self._unlike_constants("verify", call) or self._unlike_constants("cert", call)

    def _unlike_constants(self, option: str, call: BareCall) -> str:
        """The reason why a call's `verify=` or `cert=` may be anything."""
        value = _resolved(self.facts, call, option)
        items = value.items if isinstance(value, v.Sequence) and option == "cert" else (value,)
        known = all(isinstance(item, v.Const) and item.kind in ("bool", "str", "NoneType") for item in items)
        return "" if known else f"passes a `{option}=` that is not known to stay the same"


def _parts(value: v.Value) -> tuple[v.Value, ...]:
    """A value, or the items of a pair."""
    return value.items if isinstance(value, v.Sequence) and value.kind == "tuple" else (value,)


def _resolved(facts: Facts, call: BareCall, option: str) -> v.Value:
    return facts.origins.resolve_once(call.argument(option), call.site.scope)


def tls_identities(facts: Facts, calls: Sequence[BareCall]) -> set[tuple[v.Value, v.Value]]:
    """The connections that some calls would use, by what TLS tells them apart: `verify=` and `cert=`."""
    identities = set()
    for call in calls:
        verify = _resolved(facts, call, "verify")
        default = verify in (v.NONE, v.Const(value=True, kind="bool"))
        cert = _resolved(facts, call, "cert")
        if isinstance(cert, v.Opaque):
            cert = call.argument("cert") or v.NONE
        identities.add((v.NONE if default else verify, cert))
    return identities
