"""The doubt `idle`: waits between calls, after which a server may have closed the connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter

from sessionize.analysis.exits import CONTINUE
from sessionize.doubts.doubt import Kind, Sharing
from sessionize.library.waits import OTHER, SHORT, SLEEP, Wait, shown
from sessionize.sharing.stretch import Stretch, goes_through_handed_in, runs_code_of_others
from sessionize.syntax import values as v

_SERVERS = frozenset({"serve_forever", "handle_request", "serve_until_stopped"})
_SERVING = ("http.server", "socketserver", "xmlrpc.server", "wsgiref")


class Idle(Kind):
    """A connection may be idle between two calls: `time.sleep(5)` in the loop, or before a `POST` `input()`, a command.

    Where no `POST` or `PATCH` is among the calls, only a `sleep` counts, which comes again and again; not a single one
    of a second at most between two calls.

    ## Why it matters
    A server closes a connection on which nothing comes for a while, most often after 5 to 60 seconds. If it does so at
    the moment of the next call, that call fails: with a wait as long as the server's limit, and 40 ms of round trip,
    10 of 20 calls failed, `GET` as well as `POST`. A bare call has a connection of its own. A server that serves one
    connection at a time waits until the session closes its own.

    ## How to find out
    Compare the wait with the server's keep-alive time; waits well below it, or well above, are harmless.

    ## What to do
    Accept the doubt where the waits are well below that time, or well above: `--accept idle`. For `GET`, `PUT` and
    `DELETE`, but not for `POST`, an adapter that retries helps, too:
    `session.mount("https://", HTTPAdapter(max_retries=1))` ([retries](../guides/retries.md)).
    """

    name = "idle"

    def reason(self, sharing: Sharing) -> str:
        waits = self.facts.waits
        if waiting := waits.sleeping_out_of_sight or self._too_long(sharing) or self._code_of_others(sharing):
            return f"{waiting} waits between its calls, and the server may close the connection as the next is sent"
        if by := self._server or self.facts.around.other_that("serves"):
            return f"a server of this program, by {by}, may wait for the session's connection to close"
        return ""

    @property
    def _server(self) -> str:
        """The module or attribute that this file serves by, `http.server`, `listener.accept`; empty if it does not."""
        for module in sorted(self.facts.outline.modules):
            if module.startswith(_SERVING):
                return shown(module)
        calls = self.facts.calls_of({"accept"})
        accepting = next((shown(v.dotted(call.value.func)) for call in calls if not call.value.args), "")
        return accepting or next(map(shown, sorted(_SERVERS & self.facts.outline.attributes)), "")

    def _code_of_others(self, sharing: Sharing) -> str:
        """The other file that sleeps, if its code may run between the calls; else empty.

        It runs where a function that it handed in is called, `callback(page)`, and where a loop asks its generator for
        the next number: `for number in numbers`.
        """
        if sharing.owner is not None:
            return ""
        around, other = self.facts.around, ""
        if runs_code_of_others(self.facts, sharing.calls):
            other = around.other_that("sleeps")
        elif goes_through_handed_in(self.facts, sharing.calls):
            other = around.other_that("sleeps-in-generators")
        return f"code of {other}" if other else ""

    def _too_long(self, sharing: Sharing) -> str:
        """The first of the waits that may come between two calls, if they are long ones, or add up; else empty."""
        leading = self._leading(sharing)
        waits = self._between(sharing, leading)
        decisive = waits[SLEEP]
        if not decisive and self._add_up(waits[SHORT], sharing, leading):
            decisive = waits[SHORT]
        if not decisive and not all(map(attrgetter("repeatable"), sharing.calls)):
            decisive = waits[OTHER]
        return decisive[0].shown if decisive else ""

    def _add_up(self, waits: Sequence[Wait], sharing: Sharing, leading: set[tuple[int, int]]) -> bool:
        """Tell whether several short waits may come between two calls, or one of them again and again.

        Of several functions any of them may come one after the other.
        """
        turns = [self._turn(wait.part) for wait in waits]
        regular = {self._turn(part) for _, part in leading if self._is_regular(part)}
        several = len(turns) > (1 if sharing.owner is not None else len({*turns}))
        return several or any(turn not in regular for turn in turns if len(turn) > 1)  # in a loop

    def _leading(self, sharing: Sharing) -> set[tuple[int, int]]:
        """(tick, part) of the calls; of those of several functions, also of what leads to them."""
        facts = self.facts
        sites = [call.site for call in sharing.calls]
        if sharing.owner is not None:
            functions = facts.tables.names_of(map(facts.bare.function, sharing.calls)) - {""}
            sites += facts.calls_of(facts.graph.leading_to(frozenset(functions)))
        return {(site.tick, site.part) for site in sites}

    def _turn(self, part: int) -> tuple[int, ...]:
        """The frame in which a part is, and the loops around it."""
        return self.facts.flow.frame[part], *self.facts.flow.loops(part)

    def _is_regular(self, part: int) -> bool:
        """Tell whether what is in a part runs in every iteration of its loop: behind no `if`, and no `continue`."""
        flow = self.facts.flow
        for around in flow.ancestors(part):
            kind = flow.parts[around].kind
            if kind == "turn":
                return not flow.exits.of[around] & CONTINUE
            if kind in ("arm", "handler", "else", "choice", "bool"):
                return False
        return True

    def _between(self, sharing: Sharing, leading: set[tuple[int, int]]) -> dict[str, list[Wait]]:
        """The waits that can come between two calls, by kind: for several functions all in the file.

        What leads to the calls waits where they do.
        """
        calls = sharing.calls
        mapped = any(call.is_mapped for call in calls)  # `map` calls while it is gone through
        stretch = Stretch(self.facts.flow, calls)
        found = defaultdict(list)
        lasting = sharing.owner is not None or calls[0].frame in self.facts.tables.pausing
        for frame in self.facts.waits.by_frame if lasting else [calls[0].frame]:
            for wait in self.facts.waits.by_frame.get(frame, ()):
                at = wait.tick, wait.part
                if at not in leading if lasting else mapped or stretch.holds(*at):
                    found[wait.kind].append(wait)
        return found
