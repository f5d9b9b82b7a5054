"""The doubt `idle`: waits between calls, after which a server may have closed the connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from sessionize.analysis.exits import CONTINUE
from sessionize.doubts.doubt import Kind, Sharing, Stretch
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
_COMMANDS = frozenset(("os.system", "os.popen", "os.waitpid", "signal.pause", "subprocess.run", "subprocess.call")) | {
    *("subprocess.check_call", "subprocess.check_output", "subprocess.getoutput"),
}
_PIPES = frozenset({"stdin", "stdout", "stderr"})
# Decorators from these make a function wait before they call it again.
_RETRYING = frozenset(("tenacity", "backoff", "retrying", "ratelimit"))
_SERVING = ("http.server", "socketserver")


_SLEEP, _SHORT, _OTHER = "sleep", "short", "other"


class _Wait(NamedTuple):
    """A wait: a `sleep`, which may be as long as a server's keep-alive time each time; a `short` one; or another.

    shown: what waits, `time.sleep`.
    """

    tick: int
    part: int
    kind: str
    shown: str


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
        if waiting := self._sleeping_out_of_sight or self._too_long(sharing):
            return f"{waiting} waits between its calls, and the server may close the connection as the next is sent"
        if any(module.startswith(_SERVING) for module in self.facts.outline.modules):
            return "a server of this program may wait for the session's connection to close"
        return ""

    def _too_long(self, sharing: Sharing) -> str:
        """The first of the waits that may come between two calls, if they are long ones, or add up; else empty."""
        leading = self._leading(sharing)
        waits = self._between(sharing, leading)
        decisive = waits[_SLEEP]
        if not decisive and self._add_up(waits[_SHORT], sharing, leading):
            decisive = waits[_SHORT]
        if not decisive and not all(map(_is_repeatable, sharing.calls)):
            decisive = waits[_OTHER]
        return decisive[0].shown if decisive else ""

    def _add_up(self, waits: Sequence[_Wait], sharing: Sharing, leading: set[tuple[int, int]]) -> bool:
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
        sites = {(call.site.tick, call.site.part) for call in sharing.calls}
        if sharing.owner is not None:
            leading = self._leading_to(set(map(facts.bare.function, sharing.calls)))
            sites.update((call.tick, call.part) for call in facts.calls_of(leading))
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

    def _between(self, sharing: Sharing, leading: set[tuple[int, int]]) -> dict[str, list[_Wait]]:
        """The waits that can come between two calls, by kind: for several functions all in the file.

        What leads to the calls waits where they do.
        """
        calls = sharing.calls
        mapped = any(call.is_mapped for call in calls)  # `map` calls while it is gone through
        stretch = Stretch(self.facts.flow, calls)
        found = defaultdict(list)
        lasting = sharing.owner is not None or calls[0].frame in self.facts.tables.pausing
        for frame in self._waits if lasting else [calls[0].frame]:
            for wait in self._waits.get(frame, ()):
                at = wait.tick, wait.part
                if at not in leading if lasting else mapped or stretch.holds(*at):
                    found[wait.kind].append(wait)
        return found

    @cached_property
    def _sleeping_out_of_sight(self) -> str:
        """A `time.sleep` that is handed on, or that is in what is called otherwise than by its name; else empty."""
        for use, path in self.facts.origins.imported_uses:
            if use.access.keeps and ".".join((path, *use.access.attributes)) == "time.sleep":
                return _shown(f"{use.name}{use.access.path}")
        for call in self.facts.outline.calls:
            if self._lengths.get(call.tick) == _SLEEP and self._is_called_unnamed(call.scope):
                return _shown(v.dotted(call.value.func))
        return ""

    def _is_called_unnamed(self, scope: int) -> bool:
        """Tell whether a function is a lambda, a property, a method such as `__next__`, or handed on by its name."""
        row = self.facts.outline.scopes[scope]
        if row.kind != "function":
            return row.kind == "lambda"
        by_python = row.name.startswith("__") and row.name not in ("__init__", "__call__")
        uses = self.facts.names.uses(self.facts.names.owner(row.name, row.parent), row.name)
        return by_python or bool(row.decorators) or any(use.access.keeps for use in uses)

    @cached_property
    def _retried(self) -> set[int]:
        """The functions with a decorator that calls them again after a while."""
        retried = set()
        for scope, row in enumerate(self.facts.outline.scopes):
            for decorator in row.decorators:
                func = decorator.func if isinstance(decorator, v.Call) else decorator
                path = self.facts.origins.path_of(func, row.parent) or ""
                if path.partition(".")[0] in _RETRYING:
                    retried.add(scope)
        return retried

    @cached_property
    def _sleeping(self) -> set[str]:
        """The names of this file's functions that may sleep for more than a second, or lead to one that does."""
        facts = self.facts
        scopes = set(self._retried)
        dozing = set()
        for call, named in facts.graph.named:
            length = self._lengths.get(call.tick)
            if length or named in self._dozing:
                scope = facts.tables.function_around(call.part)
                again = scope in dozing or facts.flow.loops(call.part) or named == facts.outline.scopes[scope].name
                if length == _SLEEP or again:
                    scopes.add(scope)
                dozing.add(scope)
        return self._leading_to(scopes)

    @cached_property
    def _dozing(self) -> set[str]:
        """The names of this file's functions that sleep for a second at most, or lead to one that does."""
        around, calls = self.facts.tables.function_around, self.facts.outline.calls
        return self._leading_to({around(call.part) for call in calls if call.tick in self._lengths})

    def _leading_to(self, scopes: set[int]) -> set[str]:
        names = frozenset(self.facts.outline.scopes[scope].name for scope in scopes) - {""}
        return self.facts.graph.leading_to(names)

    @cached_property
    def _lengths(self) -> dict[int, str]:
        """The kinds of the calls that sleep, by their ticks."""
        lengths = {}
        for call, named in self.facts.graph.named:
            if named in ("sleep", "wait", "select") and (length := self._length(named, call)):
                lengths[call.tick] = length
        return lengths

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
            waits[frame[part]].append(_Wait(tick, part, _OTHER, "an `await` or `yield`"))
        own = self.facts.names_of_functions  # which wait if they lead to a wait
        waiting = self.facts.graph.leading_to(_WAITING - own)
        for (call, named), path in zip(self.facts.graph.named, self.facts.origins.paths, strict=True):
            args = call.value.args
            waits_for = named in waiting and not _selects_by_text(named, args)
            kind = _SLEEP if named in self._sleeping else self._lengths.get(call.tick, "")
            if not kind and (waits_for or path in _COMMANDS or _waits_without_a_key(named, args)):
                kind = _OTHER
            if kind or named in self._dozing:
                shown = "the user of the notebook" if named == CELL else _shown(v.dotted(call.value.func))
                waits[frame[call.part]].append(_Wait(call.tick, call.part, kind or _SHORT, shown))
        for scope in self._retried:
            body = outline.scopes[scope].root
            waits[body].append(_Wait(outline.parts[body].tick, body, _SLEEP, _shown(outline.scopes[scope].name)))
        for bind in outline.binds:  # `for line in sys.stdin`, `for change in watch()`
            called = last_name(v.called(bind.value))
            piped = isinstance(bind.value, v.Attribute) and not _PIPES.isdisjoint(v.dotted(bind.value).split("."))
            if bind.form == "for" and (called in self._sleeping or piped or called in waiting):
                kind = _SLEEP if called in self._sleeping else _OTHER
                shown = _shown(v.dotted(bind.value) or called)
                waits[frame[bind.part]].append(_Wait(bind.tick, bind.part, kind, shown))
        return waits


def _shown(name: str) -> str:
    """A name in a message; that of a method of what has none, `connect().recv`, by itself."""
    return f"`{name.lstrip('.')}`"


def _is_repeatable(call: BareCall) -> bool:
    """Tell whether a request may be made again by hand where it failed, as no POST or PATCH may."""
    return call.method not in ("post", "patch", "")


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
