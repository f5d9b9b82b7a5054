"""The doubts `carried` and `sessions-differ`: what a session does by what is left of earlier calls."""

from __future__ import annotations

from sessionize.doubts.doubt import Kind, Sharing


class Carried(Kind):
    """A session carries cookies that the calls handed on by themselves: `cookies=response.cookies` (RQS203).

    ## Why it matters
    It sends more: the cookies of redirects and of later responses, and with calls that passed none. And it may send
    less: only to the domain and path that a cookie is for, where a dict of cookies went to any.

    ## How to find out
    Do all the calls go to one site, for one user? Then this is what its pages expect.

    ## What to do
    Accept the doubt where they do: `--accept carried`.
    """

    name = "carried"

    def reason(self, sharing: Sharing) -> str:
        return "it also sends the cookies that redirects and later responses set" if sharing.carries else ""


class SessionsDiffer(Kind):
    """The sessions of a library do otherwise than its bare calls, and no line keeps them from it: `niquests.Session()`.

    ## Why it matters
    niquests: where a server that speaks HTTP/1.1 over TLS answers with `Alt-Svc: h2=":8443"`, the next call on that
    connection goes to port 8443 of the host, with HTTP/2. If nothing answers there, that call fails. A bare call begins
    at the old port each time. Only `disable_http2=True` turns it off, and HTTP/2 with it. `h3` is remembered by bare
    calls as well. An answer of `sse://` or `wss://` holds a connection as long as it is open, of which a session has
    ten. A server that sends more than it announced makes the next call fail.

    curl_cffi: where a server closes a connection that was used before, and has not answered, libcurl sends the request
    once more, a `POST` as well. The server may have done already what it asks for. A bare call fails.

    ## How to find out
    niquests: look at what servers send: `curl -sI --http1.1 https://api.example.com | grep -i alt-svc`. curl_cffi: do
    the calls only read, or does it do no harm to write twice?

    ## What to do
    Accept the doubt where that is so: `--accept sessions-differ`.
    """

    name = "sessions-differ"

    def reason(self, sharing: Sharing) -> str:  # noqa: ARG002
        return self.facts.library.differs
