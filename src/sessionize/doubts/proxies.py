"""The doubt `proxies`."""

from __future__ import annotations

from collections.abc import Sequence

from sessionize.doubts.doubt import Kind, Sharing, Stretch
from sessionize.library.calls import BareCall
from sessionize.syntax.access import ITEM, READ, Access


class Proxies(Kind):
    """A call passes `proxies=`: `requests.get(url, proxies=PROXIES)`.

    ## Why it matters
    A session keeps its connection to the proxy. Where a proxy hands out another address for each connection, five
    calls came from five addresses before, and come from one then.

    A client of httpx takes the proxies of the environment once, when it is made: `os.environ["HTTPS_PROXY"] = ...`
    between two calls has no effect any more. A session of niquests goes on with a connection that was verified by the
    certificates of `REQUESTS_CA_BUNDLE` before.

    ## How to find out
    Does the program rotate proxies, or count on a new address for each call? A company's proxy is harmless.

    ## What to do
    Accept the doubt where the proxy is the same for all calls: `--accept proxies`.
    """

    name = "proxies"

    def reason(self, sharing: Sharing) -> str:
        changed = self._change_between(sharing.calls) if self.facts.library.reads_environment_once else ""
        word = self.facts.library.word
        return super().reason(sharing) or (
            f"`{changed}` changes the environment, which a {word} may take note of only once" if changed else ""
        )

    def _change_between(self, calls: Sequence[BareCall]) -> str:
        """The change of `os.environ` that may come between some calls, or before the first; empty without one."""
        frame, stretch = self.facts.flow.frame, Stretch(self.facts.flow, calls)
        for use, path in self.facts.origins.imported_uses:
            if not _changes_environment(path, use.access):
                continue
            at = frame[use.part]
            if stretch.holds(use.tick, use.part) if at == calls[0].frame else at != 0:
                return f"{use.name}{use.access.path}"
        return ""

    def of_call(self, call: BareCall) -> str:
        return "passes `proxies=`, and a shared connection keeps its proxy" if call.given("proxies") else ""


def _changes_environment(path: str, access: Access) -> bool:
    """Tell whether a use of an import may change the environment: `os.environ["HTTP_PROXY"] = PROXY`."""
    _, *steps = [*path.split("."), *access.steps]
    if path.partition(".")[0] != "os" or steps[:1] != ["environ"]:
        return path.partition(".")[0] == "os" and steps[:1] in (["putenv"], ["unsetenv"])
    looks = steps[1:2] in ([ITEM], ["get"]) or access.end == READ.end
    return access.rebinds or not looks
