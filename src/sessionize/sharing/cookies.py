"""The rule by which a session may keep cookies: only where that is harmless, which anyone can check by eye.

A bare call has cookies of its own. A session sends those that a server sets to its later calls, so it keeps them only
where all its calls are plainly made for nobody, or for the same user:

- every call only reads (GET, HEAD, OPTIONS), with plain headers such as `Accept` and parameters whose names are seen,
  and no name and no text of the file names a user, a key or a session; or
- every call carries the same steady credentials, in `auth=` or `headers=`; if it writes, a user's own, in `auth=` or
  `Authorization`; and what else it passes names no user that may differ between the calls, or from turn to turn.

Where another file of the program names a user, no part of a URL comes from elsewhere, but for what is the same in all
calls; nor does another file deal with cookies or a netrc file, or change requests. Neither passes cookies of its own,
and no threads, processes or visitors of a web application share the session, as far as this file and those that import
it show. Nor is it one that is safe as the whole project is known, whose other files may name users. What is not known
is not harmless: such a session keeps no cookies, which costs a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeAlias

from sessionize.files.settings import Settings
from sessionize.library.calls import BareCall
from sessionize.library.words import identifier_names_user, text_names_user
from sessionize.sharing.facts import Facts
from sessionize.sharing.several_calls import ids, in_pool, only_read
from sessionize.sharing.steady import is_pair, keys_of_display, known_keys
from sessionize.syntax import values as v

# The headers that say nothing about whom a call is made for.
_PLAIN_HEADERS = re.compile(
    r"accept(-[a-z]+)?|cache-control|connection|content-(type|encoding|language|length)|dnt|host|if-[a-z-]+|origin"
    r"|pragma|range|referer|sec-[a-z-]+|te|upgrade-insecure-requests|user-agent|x-requested-with",
    re.IGNORECASE,
)
# What these give is made of what they are given.
_MADE_OF_ARGUMENTS = frozenset(
    f"builtins.{name}"
    for name in ("range", "enumerate", "zip", "str", "int", "len", "min", "max", "sorted", "reversed", "list", "tuple")
)

# The credentials of a call: its `auth=`, and the headers that are not plain.
_Credentials: TypeAlias = tuple[v.Value | None, frozenset[tuple[str, v.Value]]]


def may_keep(facts: Facts, settings: Settings, calls: Sequence[BareCall], owner: int | None) -> bool:
    """Tell whether the session of some calls keeps cookies, by the setting or by the rule.

    owner: None for a session of their own function, the class whose objects have it, or 0 for the module.
    """
    if settings.cookies != "auto":
        return settings.cookies == "share"
    if in_pool(calls) or (owner is not None and facts.threads.started_by):
        return False
    key = owner, ids(calls)
    if key not in facts.keeping:
        judge = _Judge(facts, owner)
        harmless = judge.are_for_nobody(calls) or judge.are_for_one_user(calls)
        by_others = _is_known_to_others(facts) or (owner is not None and _is_used_by_others(facts, owner))
        facts.keeping[key] = harmless and not by_others
    return facts.keeping[key]


def _is_known_to_others(facts: Facts) -> bool:
    """Tell whether another file of the program may log in, or show who did, by what all requests have in common."""
    other_that = facts.around.other_that
    return other_that("logs-in") != "" or other_that("reads-cookies") != "" or other_that("meddles") != ""


def _is_used_by_others(facts: Facts, owner: int) -> bool:
    """Tell whether a session that outlives its function may serve threads or visitors, or users that others name."""
    return facts.around.runs_at_once() or (owner == 0 and facts.around.is_application())


class _Judge:
    def __init__(self, facts: Facts, owner: int | None) -> None:
        self.facts = facts
        self.steady = facts.steady(owner)

    def are_for_nobody(self, calls: Sequence[BareCall]) -> bool:
        return not self.facts.names_user and all(map(self._is_for_nobody, calls))

    def _is_for_nobody(self, call: BareCall) -> bool:
        if not call.reads or call.unpacks or call.given("auth") or call.given("cookies"):
            return False
        scope = call.site.scope
        given = call.given("headers") or v.Dict(())
        for value in (*self._parameters(call), given):
            if known_keys(self.facts, value, scope) is None or self._is_filled_elsewhere(value, scope):
                return False
        if self._is_told_elsewhere(call):
            return False
        return all(map(_PLAIN_HEADERS.fullmatch, known_keys(self.facts, given, scope) or ()))

    def _is_filled_elsewhere(self, value: v.Value, scope: int) -> bool:
        """Tell whether another file may put something into a dict of the module."""
        own = isinstance(value, v.Name) and self.facts.names.owner(value.name, scope) == 0
        return own and self.facts.is_changed_elsewhere(v.dotted(value))

    def are_for_one_user(self, calls: Sequence[BareCall]) -> bool:
        carried = set(map(self._credentials, calls))
        if len(carried) > 1 or None in carried:
            return False
        passed = set(map(self._naming_user, calls))
        if len(passed) > 1 or None in passed:
            return False
        return only_read(calls) or all(map(_are_of_user, carried))

    def _credentials(self, call: BareCall) -> _Credentials | None:
        """The credentials of a call; None if it has none, if they are not steady, or if it passes cookies."""
        scope = call.site.scope
        auth, headers = call.given("auth"), call.given("headers") or v.Dict(())
        if call.unpacks or call.given("cookies"):
            return None
        if auth is not None and not (self.steady.is_steady(auth, scope) and is_pair(self.facts, auth, scope)):
            return None
        display = self.steady.display(headers, scope)
        names = keys_of_display(display)
        if display is None or names is None or "cookie" in map(str.lower, names):
            return None
        telling = set()
        for name, (_, value) in zip(names, display.items, strict=True):
            if not _PLAIN_HEADERS.fullmatch(name) or self._names_user(value, scope):
                telling.add((name, value))
                if not self.steady.is_steady(value if headers == display else headers, scope):
                    return None
        return (auth, frozenset(telling)) if auth is not None or any(map(text_names_user, names)) else None

    def _parameters(self, call: BareCall) -> list[v.Value]:
        """The parameters and bodies of a call."""
        found = []
        first = 2 if call.verb == "request" else 1  # behind the URL
        for number, arg in enumerate(call.site.value.args):
            counts = arg.keyword not in self.facts.library.plain_options if arg.keyword else number >= first
            if counts and arg.value != v.NONE:
                found.append(arg.value)
        return found

    def _naming_user(self, call: BareCall) -> frozenset[v.Value] | None:
        """The other arguments of a call in which something names a user; None if one is not known, or not steady."""
        scope = call.site.scope
        found = set()
        parameters = self._parameters(call)
        for value in parameters:
            if keys_of_display(self.steady.display(value, scope)) is None:
                return None
        url = call.url or v.NONE
        for value in (*parameters, url):
            if self._names_user(value, scope) or (value is url and self._is_told_elsewhere(call)):
                if not self.steady.is_steady(value, scope):
                    return None
                found.add(value)
        return frozenset(found)

    def _names_user(self, value: v.Value, scope: int) -> bool:
        """Tell whether something in a value names a user.

        What is not known may do so, as may what a function of this file gives.
        """
        for inner, _ in self._followed(value, scope):
            match inner:
                case v.Opaque():
                    return True
                case v.Const(value=text) if text_names_user(str(text)):
                    return True
                case v.Name(name=name) | v.Attribute(attr=name) if identifier_names_user(name):
                    return True
                case v.Call(func=func) if v.last_name(func) in self.facts.names_of_functions:
                    return True
                case v.Call() if any(map(identifier_names_user, inner.keywords)):
                    return True
        return False

    def _is_told_elsewhere(self, call: BareCall) -> bool:
        """Tell whether another file of the program names a user, and may give something in the URL of a call."""
        if not self.facts.around.other_that("names-a-user"):
            return False
        scope = call.site.scope
        parts = [part for part in v.within(call.url or v.NONE) if not isinstance(part, v.Join | v.Binary | v.Hole)]
        followed = chain.from_iterable(self._followed(part, scope) for part in parts if not self._is_same(part, scope))
        return any(self._is_given(value, at) for value, at in followed)

    def _is_same(self, value: v.Value, scope: int) -> bool:
        """Tell whether a part is the same in all calls: an import or an attribute, but no parameter."""
        forms = self.facts.names.forms(self.facts.names.owner(v.dotted(value), scope), v.dotted(value))
        return forms.isdisjoint(("param", "params")) and self.steady.is_steady(value, scope)

    def _is_given(self, value: v.Value, scope: int) -> bool:
        """Tell whether a value may be another file's: a parameter, an import, an attribute, what a call gives."""
        if isinstance(value, v.Call):
            return self.facts.origins.path_of(value.func, scope) not in _MADE_OF_ARGUMENTS
        if not isinstance(value, v.Name):
            return isinstance(value, v.Attribute | v.Item | v.Opaque)
        owner = self.facts.names.owner(value.name, scope)
        method = self.facts.graph.method(owner)
        if method is not None and value.name == method.instance:
            return False
        given = not self.facts.names.forms(owner, value.name).isdisjoint(("import", "param", "params"))
        return given or (owner == 0 and self.facts.is_changed_elsewhere(value.name))

    def _followed(self, value: v.Value, scope: int, depth: int = 0) -> Iterator[tuple[v.Value, int]]:
        """A value and all that it is made of, and that its names and attributes are bound to, each with its scope."""
        for inner in v.within(value):
            yield inner, scope
            if isinstance(inner, v.Name) and depth < 3:
                for bind in self.facts.names.seen(inner.name, scope):
                    if bind.form in ("assign", "augment", "walrus", "for", "with"):
                        yield from self._followed(bind.value, bind.scope, depth + 1)
            elif isinstance(inner, v.Attribute) and depth < 3:
                for store in self.facts.tables.stores_of[inner.attr]:
                    yield from self._followed(store.value, store.scope, depth + 1)


def _are_of_user(credentials: _Credentials | None) -> bool:
    """Tell whether credentials are a user's own; with a key of the program a call may log users in."""
    auth, headers = credentials or (None, ())
    return auth is not None or "authorization" in map(str.lower, dict(headers))
