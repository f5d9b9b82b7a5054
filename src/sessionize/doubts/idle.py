"""The doubt `idle`: waits between calls, after which a server may have closed the connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.library.calls import BareCall
from sessionize.syntax import values as v
from sessionize.syntax.ipython import CELL
from sessionize.syntax.values import last_name

# Calls that wait for something, by their last name.
_WAITING = frozenset(
    (
        "sleep",
        "Timer",
        "input",
        "getpass",
        "prompt",
        "confirm",
        "wait",
        "communicate",
        "as_completed",
        "select",
        "recv",
        "accept",
        "acquire",
        "poll",
        "result",
        "until",
        "ask",
        "getch",
        "watch",
        "wait_for_edge",
        "readline",
        CELL,  # the user runs the next one, sooner or later
    )
)
_COMMANDS = frozenset(
    (
        *("os.system", "os.popen", "os.waitpid", "signal.pause"),
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "getoutput")),
    )
)
_SERVING = ("http.server", "socketserver")


class Idle(Kind):
    """A connection may be idle between two calls: `time.sleep(5)` in the loop, `input()`, a command.

    ## Why it matters
    A server closes a connection on which nothing comes for a while, most often after 5 to 60 seconds. If it does so at
    the moment of the next call, that call fails: with a wait as long as the server's limit, and 40 ms of round trip,
    10 of 20 calls did. A bare call has a connection of its own. A server that serves one connection at a time waits
    for a session to close its.

    ## How to find out
    Compare the wait with the server's keep-alive time; waits well below it, or well above, are harmless.

    ## What to do
    Accept the doubt where the waits are short: `--accept idle`. Or mount an adapter that retries:
    `session.mount("https://", HTTPAdapter(max_retries=1))`.
    """

    name = "idle"

    def reason(self, sharing: Sharing) -> str:
        if not all(map(_repeatable, sharing.calls)) and self._waits_between(sharing):
            return "a wait lies between its calls, and a connection closed meanwhile would fail a POST or PATCH"
        if any(module.startswith(_SERVING) for module in self.facts.outline.modules):
            return "a server of this program may wait for the session's connection to close"
        return ""

    def _waits_between(self, sharing: Sharing) -> bool:
        """Tell whether a sleep, input, command, `await` or `yield` can come between two calls.

        Between those of several functions any in the file can.
        """
        calls = sharing.calls
        if sharing.owner is not None:
            return bool(self._waits)
        waits = self._waits.get(calls[0].frame, [])
        if waits and any(call.is_mapped for call in calls):  # `map` calls while it is gone through
            return True
        flow = self.facts.flow
        around = {loop for call in calls for loop in flow.loops(call.site.part)}
        ticks = sorted(call.site.tick for call in calls)
        first, last = ticks[0], ticks[-1]
        return any(first < tick < last or not around.isdisjoint(flow.loops(part)) for tick, part in waits)

    @cached_property
    def _waits(self) -> dict[int, list[tuple[int, int]]]:
        """(tick, part) of whatever may take its time, by frame."""
        outline, frame = self.facts.outline, self.facts.flow.frame
        waits = defaultdict(list)
        for tick, part in outline.pauses:
            waits[frame[part]].append((tick, part))
        waiting = self.facts.reaching.leading_to(_WAITING)
        for call, path, named in zip(outline.calls, self.facts.origins.paths, self.facts.reaching.called, strict=True):
            waits_for = named in waiting and not _selects_by_text(named, call.value.args)
            if waits_for or _waits_without_a_key(named, call.value.args) or path in _COMMANDS:
                waits[frame[call.part]].append((call.tick, call.part))
        for bind in outline.binds:  # `for line in sys.stdin`, `for change in watch()`
            slow = isinstance(bind.value, v.Call) and last_name(bind.value.func) in waiting
            piped = isinstance(bind.value, v.Attribute) and not {"stdin", "stdout", "stderr"}.isdisjoint(
                v.dotted(bind.value).split(".")
            )
            if bind.form == "for" and (slow or piped):
                waits[frame[bind.part]].append((bind.tick, bind.part))
        return waits


def _repeatable(call: BareCall) -> bool:
    """Tell whether the request is no POST or PATCH, which can't be sent again when its connection was closed."""
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


def _selects_by_text(named: str, args: Sequence[v.Argument]) -> bool:
    """Tell whether it is `soup.select("td")`, which waits for nothing."""
    return named == "select" and bool(args) and isinstance(args[0].value, v.Const) and args[0].value.kind == "str"
