"""The doubt `proxies`."""

from __future__ import annotations

from sessionize.doubts.doubt import Kind
from sessionize.library.calls import BareCall


class Proxies(Kind):
    """A call passes `proxies=`: `requests.get(url, proxies=PROXIES)`.

    ## Why it matters
    A session keeps its connection to the proxy. Where a proxy hands out another address for each connection, five
    calls came from five addresses before, and come from one then.

    ## How to find out
    Does the program rotate proxies, or count on a new address for each call? A company's proxy is harmless.

    ## What to do
    Accept the doubt where the proxy is the same for all calls: `--accept proxies`.
    """

    name = "proxies"

    def of_call(self, call: BareCall) -> str:
        given = call.given("proxies") is not None
        return "passes `proxies=`, and a shared connection keeps its proxy" if given else ""
