"""The doubt `proxies`."""

from __future__ import annotations

from collections.abc import Sequence

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.library.calls import BareCall
from sessionize.sharing.stretch import Stretch
from sessionize.syntax.access import ITEM, READ, VALUE, Access


class Proxies(Kind):
    """A call passes `proxies=`: `requests.get(url, proxies=PROXIES)`.

    ## Why it matters
    A session keeps its connection to the proxy. Where a proxy hands out another address for each connection, five
    calls came from five addresses before, and come from one then.

    A client of httpx takes the proxies of the environment once, when it is made: `os.environ["HTTPS_PROXY"] = ...`
    between two calls has no effect any more. One that it cannot use raises an error there, before the first call. A
    session of niquests goes on with a connection that was verified by the certificates of `REQUESTS_CA_BUNDLE` before.

    ## How to find out
    Does the program rotate proxies, or count on a new address for each call? A company's proxy is harmless.

    ## What to do
    Accept the doubt where the proxy is the same for all calls: `--accept proxies`.
    """

    name = "proxies"

    def reason(self, sharing: Sharing) -> str:
        if reason := super().reason(sharing):
            return reason
        if not self.facts.library.reads_environment_once:
            return ""
        word = self.facts.library.word
        if changed := self._change_between(sharing.calls):
            return f"`{changed}` changes the environment, which a {word} may take note of only once"
        if other := self.facts.around.other_that("changes-the-environment"):
            return f"{other} may change the environment, which a {word} may take note of only once"
        if self._leaves_try(sharing):
            return f"an error in making the {word}, as proxies of the environment may cause, is not caught any more"
        return ""

    def _leaves_try(self, sharing: Sharing) -> bool:
        """Tell whether a `try` is around a call, not around the place, and may catch more than the library's errors."""
        flow = self.facts.flow
        around = set(flow.ancestors(sharing.place.block)) if sharing.place is not None else set()
        for call in sharing.calls:
            for part in set(flow.ancestors(call.site.part)) - around:
                if flow.parts[part].kind == "try" and any(map(self._catches_others, flow.children[part])):
                    return True
        return False

    def _catches_others(self, part: int) -> bool:
        """Tell whether a part is a handler of other errors than those of the library, `except httpx.HTTPError`."""
        facts = self.facts
        if facts.flow.parts[part].kind != "handler":
            return False
        caught = [use for use in facts.outline.uses if use.part == part]
        paths = (facts.origins.path_of_name(use.name, use.scope) or "" for use in caught)
        return not caught or any(path.partition(".")[0] != facts.library.name for path in paths)

    def _change_between(self, calls: Sequence[BareCall]) -> str:
        """The change of `os.environ` that may come between some calls, or before the first; empty without one."""
        frame, stretch = self.facts.flow.frame, Stretch(self.facts.flow, calls)
        pausing = calls[0].frame in self.facts.tables.pausing
        for use, path in self.facts.origins.imported_uses:
            if use.access.end == VALUE.end and f"{path}{use.access.path}" == "os.environ":  # `ENV = os.environ`
                return "os.environ"
            if not _changes_environment(path, use.access):
                continue
            at = frame[use.part]
            if stretch.holds(use.tick, use.part) if at == calls[0].frame else at != 0 or pausing:
                return f"{use.name}{use.access.path}"
        return ""

    def of_call(self, call: BareCall) -> str:
        return "passes `proxies=`, and a shared connection keeps its proxy" if call.given("proxies") else ""


def _changes_environment(path: str, access: Access) -> bool:
    """Tell whether a use of an import may change the environment: `os.environ["NO_PROXY"] = HOST`, `load_dotenv()`."""
    if path.partition(".")[0] == "dotenv":
        return True
    _, *steps = [*path.split("."), *access.steps]
    if path.partition(".")[0] != "os" or steps[:1] != ["environ"]:
        return path.partition(".")[0] == "os" and steps[:1] in (["putenv"], ["unsetenv"])
    looks = steps[1:2] in ([ITEM], ["get"]) or access.end == READ.end
    return access.rebinds or not looks
