"""The rule by which a session may keep cookies: only where that is harmless, which anyone can check by eye.

A bare call has cookies of its own. A session sends those that a server sets to its later calls, so it keeps them only
where all its calls are plainly made for the same user, or for nobody:

- every call only reads (GET, HEAD, OPTIONS), none carries credentials, and no name in its function or script, and no
  text in it, names a user, a key or a session; or
- every call carries the same steady credentials, in `auth=` or `headers=`, and no cookies of its own;

and nothing else that names a user, a key or a session differs between the calls, or from turn to turn. What is not
known is not harmless: such a session keeps no cookies, which costs a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from sessionize.files.settings import Settings
from sessionize.library.calls import BareCall
from sessionize.library.profile import READING
from sessionize.sharing.facts import Facts
from sessionize.sharing.steady import Steady
from sessionize.syntax import values as v

# The words that name a user, a key, a token, a session or a password: in variables, literal keys and literal URL parts.
_WORDS = re.compile(
    r"user|login|log_on|account|passw|pwd|secret|token|session|cookie|credential|tenant|api_?key|auth(?!or(?!iz))"
    r"|bearer|jwt|customer|client|member|email|e_mail|signature|impersonat|on_behalf"
    r"|(?:^|_)(?:key|keys|sid|uid|pin|pins|otp|id_card|bot|me|owner|usr|pw|pass|phone)(?:_|$)"
)
# The options that say nothing about whom a call is made for.
_SILENT = frozenset(
    {"timeout", "verify", "stream", "allow_redirects", "hooks", "proxies", "auth", "headers", "cookies"}
)


class _Named(NamedTuple):
    """A thing that a call passes and whose name may say for whom: a variable, or the value under a literal key."""

    name: str
    value: v.Value


def may_keep(facts: Facts, settings: Settings, calls: Sequence[BareCall], owner: int | None) -> bool:
    """Tell whether the session of some calls keeps cookies, by the setting or by the rule.

    owner: None for a session of their own function, the class whose objects have it, or 0 for the module.
    """
    if settings.cookies != "auto":
        return settings.cookies == "share"
    return _is_harmless(_Judge(facts, owner), calls)


def _is_harmless(judge: _Judge, calls: Sequence[BareCall]) -> bool:
    carried = {judge.credentials(call) for call in calls}
    if len(carried) != 1 or None in carried:
        return False
    if not any(carried) and (not all(map(_reads, calls)) or any(map(judge.mentions_user, calls))):
        return False
    named = [judge.named(call) for call in calls]
    return None not in named and all(other == named[0] for other in named)


def names_user(text: str) -> bool:
    """Tell whether a word is one that names a user, a key or a session: `api_key`, `X-Auth-Key`, `userName`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", text)
    return _WORDS.search(words.lower()) is not None


def _reads(call: BareCall) -> bool:
    if call.verb != "request":
        return call.verb in READING
    method = call.argument("method", 0)
    return isinstance(method, v.Const) and str(method.value).lower() in READING


class _Judge:
    def __init__(self, facts: Facts, owner: int | None) -> None:
        self.facts = facts
        self.steady = Steady(facts, owner)

    def credentials(self, call: BareCall) -> tuple[v.Value | None, v.Value | None] | tuple[()] | None:
        """The credentials that a call passes in `auth=` and `headers=`: empty for none, None if they are not steady.

        None as well where they are not known, or where it passes cookies.
        """
        scope = call.site.scope
        auth, headers = (_given(call.argument(option)) for option in ("auth", "headers"))
        if call.unpacks or _given(call.argument("cookies")) is not None:
            return None
        if headers is not None:
            display = self.steady.display(headers, scope)
            if display is None or any(not isinstance(key, v.Const) for key, _ in display.items):
                return None
            keys = [str(key.value) for key, _ in display.items if isinstance(key, v.Const)]
            if "cookie" in map(str.lower, keys):
                return None
            if not any(map(names_user, keys)):
                headers = None
        if auth is None and headers is None:
            return ()
        if headers is not None and not self.steady.is_steady(headers, scope):
            return None
        if auth is not None and not (self.steady.is_steady(auth, scope) and self.steady.is_pair(auth, scope)):
            return None
        return auth, headers

    def named(self, call: BareCall) -> set[_Named] | None:
        """The things besides credentials that say for whom a call is made; None if one may differ from turn to turn."""
        scope = call.site.scope
        found: set[_Named] = set()
        for number, arg in enumerate(call.site.value.args):
            if arg.keyword in _SILENT:
                continue
            found.update(self._named_in(arg.value, scope, arg.keyword or "", follow=True))
            if arg.keyword == "params" or (number == 1 and call.verb == "get" and not arg.keyword):
                params = self.steady.display(arg.value, scope)
                if _given(arg.value) is not None and (params is None or any(key is None for key, _ in params.items)):
                    return None  # any parameter may be an `api_key`
        steady = all(self.steady.is_steady(each.value, scope) for each in found)
        return found if steady else None

    def _named_in(self, value: v.Value, scope: int, name: str, *, follow: bool) -> Iterator[_Named]:
        """The named things in a value, itself under `name`; those of a name that is bound once are found, too."""
        if name and names_user(name):
            yield _Named(name, value)
        match value:
            case v.Const(value=str(text)):
                yield from _named_in_text(text)
            case v.Name(name=inner) | v.Attribute(attr=inner) | v.Item(key=v.Const(value=str(inner))) if names_user(
                inner
            ):
                yield _Named(inner, value)
            case v.Name() if follow:
                yield from self._named_in(self.facts.origins.resolve_once(value, scope), scope, "", follow=False)
            case v.Call() | v.Item() | v.Attribute():  # `next(tokens)` differs where `tokens` does not
                for word, part in _inside(value):
                    for named in self._named_in(part, scope, word, follow=follow):
                        yield named._replace(value=value)
            case _:
                for word, part in _inside(value):
                    yield from self._named_in(part, scope, word, follow=follow)

    def mentions_user(self, call: BareCall) -> bool:
        """Tell whether a text of a call, or a name or attribute in its function, or script, names a user."""
        for arg in call.site.value.args:
            for inner in v.within(arg.value):
                followed = self.facts.origins.resolve_once(inner, call.site.scope)
                texts = [str(part.value) for part in v.within(followed) if isinstance(part, v.Const)]
                if any(map(_user_word, texts)):
                    return True
        return call.frame in self._frames_of_users

    @cached_property
    def _frames_of_users(self) -> set[int]:
        """The frames in which a name or attribute names a user; those of sessions do not."""
        frame = self.facts.flow.frame
        sessions = {"Session", "session"}
        for binds in self.facts.sessions.bound.values():
            sessions.update(bind.name for bind in binds)
        found = set()
        for use in self.facts.outline.uses:
            if any(map(names_user, {use.name, *use.access.attributes} - sessions)):
                found.add(frame[use.part])
        return found


def _inside(value: v.Value) -> Iterator[tuple[str, v.Value]]:
    """The values that a value is made of, each with the key, the keyword or the text before it that names a user."""
    match value:
        case v.Dict(items=items):
            for key, item in items:
                yield str(key.value) if isinstance(key, v.Const) else "", item
        case v.Join(parts=parts):
            word = ""
            for part in parts:
                word = word or (_user_word(str(part.value)) if isinstance(part, v.Const) else "")
                yield ("", part) if isinstance(part, v.Const) else (word, part.value)
        case v.Binary(left=left, right=right):
            words = [_user_word(str(inner.value)) for inner in v.within(left) if isinstance(inner, v.Const)]
            yield "", left
            yield next(filter(None, words), ""), right
        case v.Call(func=v.Attribute(value=v.Const(value=str(text))), args=args):
            for arg in args:
                yield arg.keyword or _user_word(text), arg.value
        case v.Call(func=func, args=args):
            yield "", func
            for arg in args:
                yield arg.keyword or "", arg.value
        case v.Sequence(items=values):
            yield from (("", item) for item in values)
        case v.Attribute(value=inner) | v.Item(value=inner):
            yield "", inner


def _named_in_text(text: str) -> Iterator[_Named]:
    """The named things that a text spells out: `https://user:word@a.test/bot123/?token=abc`."""
    for user in re.findall(r"://([^/?#]*)@", text):
        yield _Named("@", v.Const(user, "str"))
    for robot in re.findall(r"/bot(\d[^/]*)", text):
        yield _Named("bot", v.Const(robot, "str"))
    for key, given in re.findall(r"[?&]([\w-]+)=([^&#]*)", text):
        if names_user(key):
            yield _Named(key, v.Const(given, "str"))


def _given(value: v.Value | None) -> v.Value | None:
    return None if value == v.NONE else value


def _user_word(text: str) -> str:
    """The first word of a text that names a user, in front of a value: `login` of `/login?name=`; or empty."""
    return next(filter(names_user, re.findall(r"[A-Za-z][\w-]*", text)), "")
