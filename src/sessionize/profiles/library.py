"""`Library`: all that is known of one library. Every run loads this, so it must load nothing that takes time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Library(NamedTuple):
    """A library whose functions open a connection for each call, and whose sessions keep it.

    name: of its module, by which the cheap look finds its imports. modules: those that have its functions.
    functions: what each of them takes by position: `get` takes `url` and `params`.
    session: the path of the class of sessions, `requests.Session`. word: what one is called, `session`.
    makers: by what names of modules sessions are made: `Session` of `requests`, `sessions.Session` of `requests.api`.
    sending: the methods by which a session sends requests: those named after the functions, and others.
    aliases: other paths to all these. copies: the paths of copies of the library in other packages.

    constructor: the options of a call that only the constructor of a session takes.
    staying: other options with which a call stays as it is, and why: `{"verify": "a session has one"}`.
    options: those that each function takes, and the method of its name with it; empty where others fail alike.
    plain_options: those that are neither parameters nor a body.
    redirects: the option that lets a call follow redirects, of a library whose sessions then send a redirect only the
    cookies that they keep, where a bare call sends those of the answer before it; empty for another.
    timeout: the option that limits a call, and its place in `request`. waits: whether one without it waits for ever.

    policy: the path of the policy by which a session keeps no cookies, empty where it takes none;
    apart: the rest of the line that says so.
    differs: what each session does otherwise than bare calls, beside cookies, and no line turns off; empty for nothing.
    closing: the method that closes a session; closes_itself: whether one that nobody closes leaves nothing open.
    adapter: the path of the class of connections that a session has anyway; wide: how one for more threads is made.
    kept: so many connections to a host a session keeps; most: so many it opens at once, 0 for any number.
    pair: the path of the class that a pair of user and password becomes; from_jar: what makes a dict of cookies.

    rules: the beginnings of the codes of the rules that know it. factory: whether `session-factory` is about it.
    reads_patches: whether what tests put in the place of its functions is read; else a file that names it, and patches
    something, makes a fix unsafe. reads_environment_once: whether a session takes proxies and the like when it is made.
    beneath: the library and what it is made of; replacing: the packages that put something in its place; leaving: those
    named after it that leave it as it is; mocks: those that only tests import.
    """

    name: str
    modules: frozenset[str]
    functions: Mapping[str, tuple[str, ...]]
    session: str
    word: str
    makers: tuple[tuple[str, str], ...]
    sending: frozenset[str]
    aliases: Mapping[str, str]
    copies: re.Pattern[str]
    constructor: frozenset[str]
    staying: Mapping[str, str]
    options: Mapping[str, frozenset[str]]
    plain_options: frozenset[str]
    redirects: str
    timeout: tuple[str, int]
    waits: bool
    policy: str
    apart: str
    differs: str
    closing: str
    closes_itself: bool
    adapter: str
    wide: str
    kept: int
    most: int
    pair: str
    from_jar: str
    rules: tuple[str, ...]
    factory: bool
    reads_patches: bool
    reads_environment_once: bool
    beneath: frozenset[str]
    replacing: frozenset[str]
    leaving: frozenset[str]
    mocks: frozenset[str]

    @property
    def session_class(self) -> str:
        """The name of the class of sessions: `Session`."""
        return self.session.rpartition(".")[2]

    @property
    def named_in_tests(self) -> frozenset[str]:
        """The names of which one stands in a test that is about the library: its own, and those of mocks."""
        return self.mocks | {self.name}

    def function(self, path: str | None) -> str | None:
        """The function that a path names: `get` of `requests.get`; None for any other path."""
        module, _, name = (path or "").rpartition(".")
        return name if module == self.name and name in self.functions else None

    def owns(self, path: str | None) -> bool:
        """Tell whether a path names something inside of the library."""
        return path is not None and path.startswith(f"{self.name}.")

    def knows(self, code: str) -> bool:
        """Tell whether a rule of that code is one for this library."""
        return code.startswith(self.rules)

    def named(self, wanted: str) -> str:
        """A name for a session, as the settings want it, in the library's own word: `_session`, `_client`."""
        return wanted.replace("session", self.word)

    def with_factory(self, path: str) -> Library:
        """The library with another function that makes sessions: `shop.http.make_session`."""
        return self._replace(aliases={**self.aliases, path: self.session})
