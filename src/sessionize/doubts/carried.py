"""The doubt `carried`."""

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
