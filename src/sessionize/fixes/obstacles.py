"""Obstacles: the reasons to refuse a fix, as no rewrite is known to be right."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import product

from sessionize.doubts.connection_auth import ConnectionAuth
from sessionize.doubts.mixed_verify import tls_identities
from sessionize.doubts.patched import unread_patch
from sessionize.files.settings import Settings
from sessionize.library.calls import ANY, BareCall
from sessionize.profiles import Library
from sessionize.sharing.cookies import may_keep
from sessionize.sharing.facts import Facts
from sessionize.sharing.several_calls import in_pool
from sessionize.sharing.steady import Steady
from sessionize.syntax import values as v

_FALSE = v.Const(value=False, kind="bool")
CHOSEN = "the function is chosen at run time; choose a method of one session instead, as in `getattr(session, name)`"


class Obstacles:
    """The obstacles of one file."""

    def __init__(self, facts: Facts, settings: Settings) -> None:
        self.facts = facts
        self.settings = settings
        self._auth = ConnectionAuth(facts, settings)

    def of_call(self, call: BareCall) -> str:
        """The reason why no session can take a call: of its arguments, or of patches that are to move along."""
        library = self.facts.library
        if reason := _of_arguments(library, call) or _of_options(library, call) or self._of_patches(call):
            return reason
        return self._of_redirects([call], None)

    def _of_redirects(self, calls: Sequence[BareCall], owner: int | None) -> str:
        """The reason why a session that keeps no cookies would lose those that a redirect sets; else empty."""
        option = self.facts.library.redirects
        follows = [call for call in calls if option and call.argument(option) not in (None, _FALSE)]
        if not follows or may_keep(self.facts, self.settings, calls, owner):
            return ""
        word = self.facts.library.word
        return f"a redirect sends the cookies of the answer before it, which a {word} that keeps none would not"

    def _of_patches(self, call: BareCall) -> str:
        """The reason why a call must stay whose patches are to move along: one can't, or would get other arguments."""
        if self.settings.moves_patches and (file := unread_patch(self.facts, call)):
            return f"{file} may replace `{call.shown}`, and such a patch can't be moved"
        patches = self.facts.patches_of(call) if self.settings.moves_patches else []
        for patch in patches:
            if patch.obstacle:
                return f"{patch} replaces `{patch.target}` by name, and {patch.obstacle}"
        if patches and call.verb == "get" and call.argument("params", 1) is not call.argument("params"):
            return f"{patches[0]} replaces `{patches[0].target}` by name, which would then get `params` as a keyword"
        return ""

    def of_sharing(self, calls: Sequence[BareCall], owner: int | None = None) -> str:
        """The reason why a session would carry one call's credentials to another, which no fix may do; else empty.

        owner: as for `Steady`.
        """
        if calls and self._replaced and not self.settings.moves_patches:
            return f"`{self._replaced}` is replaced in this file, and a session would bypass the replacement"
        if calls and (reason := self._of_redirects(calls, owner)):
            return reason
        most = self.facts.library.most
        if in_pool(calls) and 0 < most <= self.facts.threads.width:
            return (
                f"a pool of as many threads would wait for one of the {most} connections of a {self.facts.library.word}"
            )
        steady = self.facts.steady(owner)
        bound = list(filter(self._may_bind, calls))
        for call, option in product(calls if bound else (), ("auth", "headers")):
            if call.argument(option) != bound[0].argument(option):
                return "some of the calls may authenticate the connection itself, as NTLM does, and others do not"
        for option, concerned in (("auth", bound), ("headers", bound), ("cert", calls)):
            for call in concerned:
                if not self._is_one_user(call.argument(option), call.site.scope, steady):
                    return "a connection stays authenticated for one user, and the next call on it may be for another"
        if len({cert for _, cert in tls_identities(self.facts, calls)}) > 1:
            return "the calls differ in `cert=`, and requests before 2.32 would send one call's certificate for another"
        return ""

    def _may_bind(self, call: BareCall) -> bool:
        """Tell whether a call authenticates its connection; by what the function, or object, was handed is a doubt."""
        return self._auth.of_call(call) != "" and (self._auth.is_shown or not self._auth.is_handed(call))

    def _is_one_user(self, value: v.Value | None, scope: int, steady: Steady) -> bool:
        """Tell whether a value is steady, or an object made from such values: `HttpNtlmAuth(USER, PASSWORD)`."""
        if isinstance(value, v.Call) and self._makes_object(value.func, scope):
            return not value.unpacks and all(steady.is_steady(arg.value, scope) for arg in value.args)
        return value is None or steady.is_steady(value, scope)

    def _makes_object(self, func: v.Value, scope: int) -> bool:
        """Tell whether it is a class of this file, or something imported that is named like one."""
        if self.facts.origins.path_of(func, scope) is not None:
            return v.last_name(func)[:1].isupper()
        forms = self.facts.names.forms(self.facts.names.owner(v.last_name(func), scope), v.last_name(func))
        return isinstance(func, v.Name) and forms == {"class"}

    @cached_property
    def _replaced(self) -> str:
        """The function of requests that this file puts another in the place of; empty if there is none."""
        library = self.facts.library
        for use, path in self.facts.origins.imported_uses:
            replaced = f"{path}{use.access.path}" if use.access.assigns else ""
            if library.function(library.aliases.get(replaced, replaced)) is not None:
                return f"{use.name}{use.access.path}"
        return ""

    def for_all_objects(self, calls: Sequence[BareCall]) -> bool:
        """Tell whether one session can serve the calls of all objects: its connections depend on no object."""
        for call in calls:
            for option in ("cert", "verify", "proxies"):
                names = v.names_in(call.argument(option) or v.NONE)
                if any(self.facts.names.owner(name, call.site.scope) not in (-1, 0) for name in names):
                    return False
        return True


def _of_options(library: Library, call: BareCall) -> str:
    """The reason that a session's method may not take an option of a call, as `verify=False`; empty if it takes all."""
    for option in sorted(library.constructor):
        if call.argument(option) is not None:
            return f"`{option}=` is for the constructor of a {library.word}; make one with it, and call that"
    named = call.site.value.keywords
    if staying := named & library.staying.keys():
        return f"it passes `{min(staying)}=`, and {library.staying[min(staying)]}"
    taken = library.options.get(call.verb)
    if taken is not None and (others := named - taken - {*library.functions[call.verb]}):
        return f"`{library.name}.{call.verb}` does not take `{min(others)}=`"
    if library.constructor and call.unpacks:
        return f"its `*` or `**` arguments may hold what only the constructor of a {library.word} takes"
    return ""


def _of_arguments(library: Library, call: BareCall) -> str:
    """The reason that a session's method can't take a call's arguments; empty if it can."""
    if call.verb == ANY:
        return CHOSEN
    names, number = library.functions[call.verb], call.by_position
    if number > len(names):
        return f"it passes more positional arguments than `{library.name}.{call.verb}` takes"
    named = call.site.value.keywords
    given = ({"method"} - {*names}).union(names[:number])
    if twice := sorted(given & named):
        return f"it passes `{twice[0]}` twice"
    for name in names[number:] if not call.unpacks and not call.is_mapped else ():  # `map` passes the URL
        if name in ("method", "url") and name not in named:
            return f"it does not pass `{name}`"
    return ""
