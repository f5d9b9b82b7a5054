"""The doubt `threads`."""

from __future__ import annotations

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.sharing.several_calls import in_pool


class Threads(Kind):
    """Several threads may use a session that keeps cookies, with `--cookies share`.

    ## Why it matters
    The session sends the cookies of one thread's responses with the calls of all others: with 20 threads, 232 of 300
    calls sent the cookie of another call. Without that option a session keeps no cookies where the file, or one that
    imports it, starts threads, and nothing of it changes once it is made. Of 100,000 calls by 64 threads on such a
    session none had a response, a cookie or a password of another, nor failed (`python tests/proof/threads.py`,
    requests 2.25 to 2.34). Only urllib3 before 1.26.16 loses a call now and then where one session calls more than ten
    hosts.

    ## How to find out
    Which threads use the session? Does a server set cookies that matter: a login, a basket, a language?

    ## What to do
    Leave `--cookies share` out; or give each thread a session of its own, in `threading.local()`
    ([threads](../guides/threads.md)), as a fix does for the functions of a module. Where the cookies don't matter,
    accept the doubt: `--accept threads`.
    """

    name = "threads"

    def reason(self, sharing: Sharing) -> str:
        by = self.facts.threads.started_by if in_pool(sharing.calls) or sharing.owner is not None else ""
        if by and self.settings.cookies == "share":
            return f"`{by}` starts threads, which would share the cookies of the session"
        return ""
