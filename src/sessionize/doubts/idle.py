"""The doubt `idle`: waits between calls, after which a server may have closed the connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.library.calls import BareCall
from sessionize.syntax import values as v
from sessionize.syntax.ipython import CELL
from sessionize.syntax.values import last_name

# Calls that wait for a user, a device, or other threads and processes, by their last name.
_WAITING = frozenset(("input", "getpass", "prompt", "confirm", "ask", "getch", "select", "recv", "accept", "poll")) | {
    *("until", "watch", "wait_for_edge", "readline", "wait", "communicate", "as_completed", "acquire", "result"),
    CELL,  # the user runs the next one, sooner or later
}
_COMMANDS = frozenset(
    (
        *("os.system", "os.popen", "os.waitpid", "signal.pause"),
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "getoutput")),
    )
)
_SERVING = ("http.server", "socketserver")


class _Wait(NamedTuple):
    """A wait: a `sleep`, which may be as long as a server's keep-alive time on every turn, or one of any length."""

    tick: int
    part: int
    sleeps: bool


class Idle(Kind):
    """A connection may be idle between two calls: `time.sleep(5)` in the loop, or before a `POST` `input()`, a command.

    Between reads only a `sleep` counts, which comes again and again. One of a second at most never does.

    ## Why it matters
    A server closes a connection on which nothing comes for a while, most often after 5 to 60 seconds. If it does so at
    the moment of the next call, that call fails: with a wait as long as the server's limit, and 40 ms of round trip,
    10 of 20 calls did, `GET` as well as `POST`. A bare call has a connection of its own. A server that serves one
    connection at a time waits for a session to close its.

    ## How to find out
    Compare the wait with the server's keep-alive time; waits well below it, or well above, are harmless.

    ## What to do
    Accept the doubt where the waits are short: `--accept idle`. Or mount an adapter that retries:
    `session.mount("https://", HTTPAdapter(max_retries=1))`.
    """

    name = "idle"

    def reason(self, sharing: Sharing) -> str:
        only_read = all(map(_only_reads, sharing.calls))
        if any(wait.sleeps or not only_read for wait in self._between(sharing)):
            return "a wait lies between its calls, and the next may meet the server as it closes the connection"
        if any(module.startswith(_SERVING) for module in self.facts.outline.modules):
            return "a server of this program may wait for the session's connection to close"
        return ""

    def _between(self, sharing: Sharing) -> list[_Wait]:
        """The waits that can come between two calls: between those of several functions all in the file."""
        calls = sharing.calls
        if sharing.owner is not None:
            return [wait for waits in self._waits.values() for wait in waits]
        waits = self._waits.get(calls[0].frame, [])
        if any(call.is_mapped for call in calls):  # `map` calls while it is gone through
            return waits
        flow = self.facts.flow
        around = {loop for call in calls for loop in flow.loops(call.site.part)}
        ticks = sorted(call.site.tick for call in calls)
        first, last = ticks[0], ticks[-1]
        return [w for w in waits if first < w.tick < last or not around.isdisjoint(flow.loops(w.part))]

    @cached_property
    def _own(self) -> set[str]:
        """The names of this file's functions, which wait only if they lead to a wait."""
        return {row.name for row in self.facts.outline.scopes if row.kind == "function"}

    @cached_property
    def _sleeping(self) -> set[str]:
        """The names of this file's functions that sleep, or lead to one that does."""
        outline, frame = self.facts.outline, self.facts.flow.frame
        calls = zip(outline.calls, self.facts.reaching.called, strict=True)
        scopes = {outline.parts[frame[call.part]].scope for call, named in calls if _sleeps(named, call.value.args)}
        return self.facts.reaching.leading_to(frozenset(outline.scopes[scope].name for scope in scopes) - {""})

    @cached_property
    def _waits(self) -> dict[int, list[_Wait]]:
        """Whatever may take its time, by frame."""
        outline, frame = self.facts.outline, self.facts.flow.frame
        waits = defaultdict(list)
        for tick, part in outline.pauses:
            waits[frame[part]].append(_Wait(tick, part, sleeps=False))
        waiting = self.facts.reaching.leading_to(_WAITING - self._own)
        for call, path, named in zip(outline.calls, self.facts.origins.paths, self.facts.reaching.called, strict=True):
            args = call.value.args
            sleeps = named in self._sleeping or _sleeps(named, args)
            waits_for = named in waiting and not _selects_by_text(named, args)
            if sleeps or waits_for or path in _COMMANDS or _waits_without_a_key(named, args):
                waits[frame[call.part]].append(_Wait(call.tick, call.part, sleeps))
        for bind in outline.binds:  # `for line in sys.stdin`, `for change in watch()`
            called = last_name(v.called(bind.value))
            piped = isinstance(bind.value, v.Attribute) and not {"stdin", "stdout", "stderr"}.isdisjoint(
                v.dotted(bind.value).split(".")
            )
            sleeps = called in self._sleeping
            if bind.form == "for" and (sleeps or piped or called in waiting):
                waits[frame[bind.part]].append(_Wait(bind.tick, bind.part, sleeps))
        return waits


def _only_reads(call: BareCall) -> bool:
    """Tell whether a request may be made again by hand where it failed, as no POST or PATCH may."""
    method: object = call.verb
    if call.verb == "request":
        value = call.argument("method", 0)
        method = value.value if isinstance(value, v.Const) else "post"
    return str(method).lower() not in ("post", "patch")


def _waits_without_a_key(named: str, args: Sequence[v.Argument]) -> bool:
    """Tell whether it is `queue.get(timeout=5)` or `thread.join()`.

    A dict's `get` needs a key, a string's `join` texts.
    """
    first = args[0] if args else None
    given = first.value if first is not None else v.OPAQUE
    kinds = {"get": ("bool",), "join": ("int", "float")}.get(named)
    known = first is None or first.keyword in ("block", "timeout")
    return kinds is not None and (known or (isinstance(given, v.Const) and given.kind in kinds))


def _sleeps(named: str, args: Sequence[v.Argument]) -> bool:
    """Tell whether it is `sleep(5)`; no server is known to close a connection that is idle for one second."""
    match [arg.value for arg in args]:
        case [v.Const(value=int() | float() as seconds)]:
            return named == "sleep" and seconds > 1
    return named == "sleep"


def _selects_by_text(named: str, args: Sequence[v.Argument]) -> bool:
    """Tell whether it is `soup.select("td")`, which waits for nothing."""
    return named == "select" and bool(args) and isinstance(args[0].value, v.Const) and args[0].value.kind == "str"
