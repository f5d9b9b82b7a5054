"""The doubt `idle`: waits between calls, after which a server may have closed the connection."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from sessionize.analysis.exits import CONTINUE
from sessionize.doubts.doubt import Kind, Sharing
from sessionize.library.calls import BareCall
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.ipython import CELL
from sessionize.syntax.values import last_name

# Calls that wait for a user, a device, or other threads and processes, by their last name.
_WAITING = frozenset(("input", "getpass", "prompt", "confirm", "ask", "getch", "select", "recv", "accept", "poll")) | {
    *("until", "watch", "wait_for_edge", "readline", "wait", "communicate", "as_completed", "acquire", "result"),
    *("listen", "blpop", "brpop", "receive_message", "get_message", "get_updates", "run_pending", "event_gen"),
    *("consume", "KafkaConsumer", "Consumer"),
    CELL,  # the user runs the next one, sooner or later
}
_COMMANDS = frozenset(
    (
        *("os.system", "os.popen", "os.waitpid", "signal.pause"),
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "getoutput")),
    )
)
# Decorators from these make a function wait before they call it again.
_RETRYING = frozenset(("tenacity", "backoff", "retrying", "ratelimit"))
_SERVING = ("http.server", "socketserver")


_SLEEP, _SHORT, _OTHER = "sleep", "short", "other"


class _Wait(NamedTuple):
    """A wait: a `sleep`, which may be as long as a server's keep-alive time each time; a `short` one; or another."""

    tick: int
    part: int
    kind: str


class Idle(Kind):
    """A connection may be idle between two calls: `time.sleep(5)` in the loop, or before a `POST` `input()`, a command.

    Where no `POST` or `PATCH` is among the calls, only a `sleep` counts, which comes again and again; not a single one
    of a second at most between two calls.

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
        repeatable = all(map(_is_repeatable, sharing.calls))
        leading = self._leading(sharing)
        waits = self._between(sharing, leading)
        short = [wait for wait in waits if wait.kind == _SHORT]
        kinds = {wait.kind for wait in waits}
        if _SLEEP in kinds or self._add_up(short, sharing, leading) or (_OTHER in kinds and not repeatable):
            return "a wait lies between its calls, and the next may meet the server as it closes the connection"
        if any(module.startswith(_SERVING) for module in self.facts.outline.modules):
            return "a server of this program may wait for the session's connection to close"
        return ""

    def _add_up(self, short: Sequence[_Wait], sharing: Sharing, leading: set[tuple[int, int]]) -> bool:
        """Tell whether several short waits may come between two calls, or one of them again and again.

        Of several functions any of them may come one after the other.
        """
        turns = [self._turn(wait.part) for wait in short]
        regular = {self._turn(part) for _, part in leading if self._is_regular(part)}
        several = len(turns) > (1 if sharing.owner is not None else len({*turns}))
        return several or any(turn not in regular for turn in turns if len(turn) > 1)  # in a loop

    def _leading(self, sharing: Sharing) -> set[tuple[int, int]]:
        """(tick, part) of the calls; of those of several functions, also of what leads to them."""
        facts = self.facts
        sites = {(call.site.tick, call.site.part) for call in sharing.calls}
        if sharing.owner is not None:
            names = {facts.outline.scopes[facts.bare.function(call)].name for call in sharing.calls}
            leading = facts.reaching.leading_to(frozenset(names - {""}))
            called = zip(facts.outline.calls, facts.reaching.called, strict=True)
            sites |= {(call.tick, call.part) for call, named in called if named in leading}
        return sites

    def _turn(self, part: int) -> tuple[int, ...]:
        """The frame in which a part is, and the loops around it."""
        return self.facts.flow.frame[part], *self.facts.flow.loops(part)

    def _is_regular(self, part: int) -> bool:
        """Tell whether what is in a part runs on every turn of its loop: behind no `if`, and no `continue`."""
        flow = self.facts.flow
        for around in flow.ancestors(part):
            kind = flow.parts[around].kind
            if kind == "turn":
                return not flow.exits.of[around] & CONTINUE
            if kind in ("arm", "handler", "else", "choice", "bool"):
                return False
        return True

    def _between(self, sharing: Sharing, leading: set[tuple[int, int]]) -> list[_Wait]:
        """The waits that can come between two calls: between those of several functions all in the file.

        What leads to the calls waits where they do.
        """
        calls = sharing.calls
        if sharing.owner is not None:
            waits = [wait for waits in self._waits.values() for wait in waits]
            return [wait for wait in waits if (wait.tick, wait.part) not in leading]
        waits = self._waits.get(calls[0].frame, [])
        if any(call.is_mapped for call in calls):  # `map` calls while it is gone through
            return waits
        loops = self.facts.flow.loops
        around = {loop for call in calls for loop in loops(call.site.part)}
        ticks = sorted(call.site.tick for call in calls)
        first, last = ticks[0], ticks[-1]
        return [wait for wait in waits if first < wait.tick < last or not around.isdisjoint(loops(wait.part))]

    @cached_property
    def _own(self) -> set[str]:
        """The names of this file's functions, which wait only if they lead to a wait."""
        return {row.name for row in self.facts.outline.scopes if row.kind == "function"}

    @cached_property
    def _retried(self) -> list[int]:
        """The functions with a decorator that calls them again after a while."""
        rows = enumerate(self.facts.outline.scopes)
        return [scope for scope, row in rows if any(map(_retries, self._paths(row, scope)))]

    @cached_property
    def _sleeping(self) -> set[str]:
        """The names of this file's functions that may sleep for more than a second, or lead to one that does."""
        outline, flow = self.facts.outline, self.facts.flow
        scopes = set(self._retried)
        for call, length in self._lengths:
            if length == _SLEEP or (length == _SHORT and flow.loops(call.part)):
                scopes.add(outline.parts[flow.frame[call.part]].scope)
        lengths = {call.tick for call, _ in self._lengths}
        short: Counter[int] = Counter()  # in each function
        for call, named in zip(outline.calls, self.facts.reaching.called, strict=True):
            scope = outline.parts[flow.frame[call.part]].scope
            short[scope] += named in self._dozing or call.tick in lengths
            if named in self._dozing and (flow.loops(call.part) or named == outline.scopes[scope].name):
                scopes.add(scope)
        return self._leading_to(scopes | {scope for scope, count in short.items() if count > 1})

    @cached_property
    def _dozing(self) -> set[str]:
        """The names of this file's functions that sleep for a second at most, or lead to one that does."""
        frame = self.facts.flow.frame
        return self._leading_to({self.facts.outline.parts[frame[call.part]].scope for call, _ in self._lengths})

    def _leading_to(self, scopes: set[int]) -> set[str]:
        names = frozenset(self.facts.outline.scopes[scope].name for scope in scopes) - {""}
        return self.facts.reaching.leading_to(names)

    def _paths(self, row: o.Scope, scope: int) -> list[str]:
        """The paths of the decorators of a function."""
        around = self.facts.outline.scopes[scope].parent
        called = [each.func if isinstance(each, v.Call) else each for each in row.decorators]
        return [self.facts.origins.path_of(func, around) or "" for func in called]

    @cached_property
    def _lengths(self) -> list[tuple[o.CallSite, str]]:
        """The calls that sleep, with how long."""
        calls = zip(self.facts.outline.calls, self.facts.reaching.called, strict=True)
        lengths = [(call, self._length(named, call)) for call, named in calls if named in ("sleep", "wait", "select")]
        return [(call, length) for call, length in lengths if length]

    def _length(self, named: str, call: o.CallSite) -> str:
        """The kind of `sleep(5)`, `event.wait(60)`, `select(..., 60)`: no server is known to close a connection that is
        idle for one second; empty if it waits otherwise."""
        last = call.value.args[-1].value if call.value.args else None
        match self.facts.origins.resolve_once(last, call.scope):
            case v.Const(value=int() | float() as seconds):
                return (_SLEEP if seconds > 1 else _SHORT) if seconds else ""
        return _SLEEP if named == "sleep" else ""

    @cached_property
    def _waits(self) -> dict[int, list[_Wait]]:
        """Whatever may take its time, by frame."""
        outline, frame = self.facts.outline, self.facts.flow.frame
        waits = defaultdict(list)
        for tick, part in outline.pauses:
            waits[frame[part]].append(_Wait(tick, part, _OTHER))
        waiting = self.facts.reaching.leading_to(_WAITING - self._own)
        lengths = {call.tick: length for call, length in self._lengths}
        for call, path, named in zip(outline.calls, self.facts.origins.paths, self.facts.reaching.called, strict=True):
            args = call.value.args
            waits_for = named in waiting and not _selects_by_text(named, args)
            kind = _SLEEP if named in self._sleeping else lengths.get(call.tick, "")
            if not kind and (waits_for or path in _COMMANDS or _waits_without_a_key(named, args)):
                kind = _OTHER
            if kind or named in self._dozing:
                waits[frame[call.part]].append(_Wait(call.tick, call.part, kind or _SHORT))
        for scope in self._retried:
            body = outline.scopes[scope].root
            waits[body].append(_Wait(outline.parts[body].tick, body, _SLEEP))
        for bind in outline.binds:  # `for line in sys.stdin`, `for change in watch()`
            called = last_name(v.called(bind.value))
            piped = isinstance(bind.value, v.Attribute) and not {"stdin", "stdout", "stderr"}.isdisjoint(
                v.dotted(bind.value).split(".")
            )
            if bind.form == "for" and (called in self._sleeping or piped or called in waiting):
                kind = _SLEEP if called in self._sleeping else _OTHER
                waits[frame[bind.part]].append(_Wait(bind.tick, bind.part, kind))
        return waits


def _retries(path: str) -> bool:
    return path.partition(".")[0] in _RETRYING


def _is_repeatable(call: BareCall) -> bool:
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


def _selects_by_text(named: str, args: Sequence[v.Argument]) -> bool:
    """Tell whether it is `soup.select("td")`, which waits for nothing."""
    return named == "select" and bool(args) and isinstance(args[0].value, v.Const) and args[0].value.kind == "str"
