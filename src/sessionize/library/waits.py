"""Waits: `time.sleep(5)`, `input()`, a command, and calls of functions that lead to such."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from sessionize.analysis.memo import memo
from sessionize.library.surroundings import Delaying
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.ipython import CELL
from sessionize.syntax.values import last_name

if TYPE_CHECKING:
    from sessionize.library.program import Program

# Calls that wait for a user, a device, or other threads and processes, by their last name.
_WAITING = frozenset(("input", "getpass", "prompt", "confirm", "ask", "getch", "select", "recv", "accept", "poll")) | {
    *("until", "watch", "wait_for_edge", "readline", "wait", "communicate", "as_completed", "acquire", "result"),
    *("listen", "blpop", "brpop", "receive_message", "get_message", "get_updates", "run_pending", "event_gen"),
    *("consume", "KafkaConsumer", "Consumer", "sigwait", "sigwaitinfo", "sigtimedwait"),
    CELL,  # the user runs the next one, sooner or later
}
_COMMANDS = frozenset(("os.system", "os.popen", "os.waitpid", "signal.pause", "subprocess.run", "subprocess.call")) | {
    *("subprocess.check_call", "subprocess.check_output", "subprocess.getoutput"),
}
_PIPES = frozenset({"stdin", "stdout", "stderr"})
# Decorators from these make a function wait before they call it again.
_RETRYING = frozenset(("tenacity", "backoff", "retrying", "ratelimit"))
# Names of how long something waits.
_LONG = re.compile(r"time|interval|second|secs|delay|every|period|pause|minute", re.IGNORECASE)

SLEEP, SHORT, OTHER = "sleep", "short", "other"


class Wait(NamedTuple):
    """A wait: a `sleep`, which may be as long as a server's keep-alive time each time; a `short` one; or another.

    shown: what waits, `time.sleep`.
    """

    tick: int
    part: int
    kind: str
    shown: str


class Waits:
    def __init__(self, program: Program, delays: Delaying = Delaying()) -> None:  # noqa: B008  # a tuple
        """delays: the names that lead to waits in other files."""
        self.program = program
        self.delays = delays

    @cached_property
    def sleeping_out_of_sight(self) -> str:
        """A `time.sleep` that is handed on, or that is in what is called otherwise than by its name; else empty."""
        for use, path in self.program.origins.imported_uses:
            if path == "time" and not use.access.steps:  # `getattr(time, "sleep")`
                return shown(use.name)
            if use.access.keeps and ".".join((path, *use.access.attributes)) == "time.sleep":
                return shown(f"{use.name}{use.access.path}")
        for call in self.program.outline.calls:
            if self.lengths.get(call.tick) == SLEEP and self.is_called_unnamed(call.scope):
                return shown(v.dotted(call.value.func))
        own = {bind.name for bind in self.program.outline.binds if bind.form != "import"}
        for use in self.program.outline.uses if self.delays != Delaying() else ():
            names = (*({use.name} - own), *use.access.attributes)
            if use.access.keeps and self.delays.sleep.intersection(names[-1:]):  # `sorted(pages, key=slow.rest)`
                return shown(names[-1])
            for name in names:
                if name in self.delays.unseen:
                    return shown(name)
        return ""

    def is_called_unnamed(self, scope: int) -> bool:
        """Tell whether a function is a lambda, a property, a method such as `__next__`, or handed on by its name."""
        row = self.program.outline.scopes[scope]
        if row.kind != "function":
            return row.kind == "lambda"
        by_python = row.name.startswith("__") and row.name not in ("__init__", "__call__")
        uses = self.program.names.uses(self.program.names.owner(row.name, row.parent), row.name)
        return by_python or bool(row.decorators) or any(use.access.keeps for use in uses)

    @cached_property
    def _retried(self) -> set[int]:
        """The functions with a decorator that calls them again after a while."""
        retried = set()
        for scope, row in enumerate(self.program.outline.scopes):
            for decorator in row.decorators:
                func = decorator.func if isinstance(decorator, v.Call) else decorator
                path = self.program.origins.path_of(func, row.parent) or ""
                if path.partition(".")[0] in _RETRYING:
                    retried.add(scope)
        return retried

    @cached_property
    def sleeping(self) -> set[str]:
        """The names of this file's functions that may sleep for more than a second, or lead to one that does."""
        facts = self.program
        scopes = set(self._retried)
        for use in facts.outline.uses if self.delays.unseen else ():
            if not self.delays.unseen.isdisjoint((use.name, *use.access.attributes)):
                scopes.add(facts.tables.function_around(use.part))
        dozing = set()
        for call, named in facts.graph.named:
            length = self.lengths.get(call.tick)
            if length or named in self.dozing:
                scope = facts.tables.function_around(call.part)
                again = scope in dozing or facts.flow.loops(call.part) or named == facts.outline.scopes[scope].name
                if length == SLEEP or again:
                    scopes.add(scope)
                dozing.add(scope)
        return self._leading_to(scopes, SLEEP)

    @cached_property
    def dozing(self) -> set[str]:
        """The names of this file's functions that sleep for a second at most, or lead to one that does."""
        around, calls = self.program.tables.function_around, self.program.outline.calls
        return self._leading_to({around(call.part) for call in calls if call.tick in self.lengths}, SHORT)

    @cached_property
    def waiting(self) -> set[str]:
        """The names of what waits for something else than time, and of this file's functions that lead to it."""
        own = self.program.names_of_functions  # which wait if they lead to a wait
        around, scopes = self.program.tables.function_around, self.program.outline.scopes
        names = {scopes[around(call.part)].name for call in self._commands} - {""}
        return self.program.graph.leading_to(frozenset(_WAITING - own | names | self._elsewhere[OTHER]))

    @cached_property
    def _commands(self) -> list[o.CallSite]:
        """The calls that wait by what they are given: `subprocess.run(command)`, `queue.get(timeout=5)`."""
        commands = []
        for (call, named), path in zip(self.program.graph.named, self.program.origins.paths, strict=True):
            by_path = path in _COMMANDS or (self.delays.other and self._callee(call) in self.delays.other)
            if by_path or _waits_without_a_key(named, call.value.args):
                commands.append(call)
        return commands

    @cached_property
    def _elsewhere(self) -> dict[str, frozenset[str]]:
        """The names that lead to waits in other files, by kinds; but for functions that only this file's calls name."""
        outline = self.program.outline
        own = {row.name for row in outline.scopes if row.kind == "function" and row.parent == 0}
        own -= {call.name for call in outline.calls if isinstance(call.value.func, v.Attribute)}
        sleep, short, other, _ = self.delays
        return {SLEEP: sleep - own, SHORT: short - own, OTHER: other - own}

    def _leading_to(self, scopes: set[int], kind: str) -> set[str]:
        """The names of functions of this file, and of waits elsewhere of a kind, and of what leads to them."""
        names = frozenset(self.program.outline.scopes[scope].name for scope in scopes) - {""}
        return self.program.graph.leading_to(names | self._elsewhere[kind])

    @cached_property
    def lengths(self) -> dict[int, str]:
        """The kinds of the calls that sleep, by their ticks."""
        lengths = {}
        for call, named in self.program.graph.named:
            if named in ("sleep", "wait", "select") and (length := self._length(named, call)):
                lengths[call.tick] = length
            elif self.delays.sleep or self.delays.short:
                callee = self._callee(call)
                if callee in self.delays.sleep | self.delays.short:
                    lengths[call.tick] = SLEEP if callee in self.delays.sleep else SHORT
        return lengths

    @memo
    def _callee(self, call: o.CallSite) -> str:
        """The last two names of what a call calls, if that is known: `Limiter.get`, `slow.read`."""
        path = self.program.path_of_callee(call.value.func, call.scope) or ""
        return ".".join(path.split(".")[-2:])

    def _length(self, named: str, call: o.CallSite) -> str:
        """The kind of `sleep(5)`, `event.wait(60)`, `select(..., 60)`: no server is known to close a connection that is
        idle for one second; empty if it waits otherwise."""
        last = call.value.args[-1].value if call.value.args else None
        if isinstance(last, v.Name) and self.program.is_changed_elsewhere(last.name):
            last = v.OPAQUE
        match self.program.origins.resolve_once(last, call.scope):
            case v.Const(value=int() | float() as seconds):
                return (SLEEP if seconds > 1 else SHORT) if seconds else ""
        return SLEEP if named == "sleep" or _LONG.search(last_name(last or v.NONE)) else ""

    @cached_property
    def by_frame(self) -> dict[int, list[Wait]]:
        """Whatever may take its time, by frame."""
        outline, frame = self.program.outline, self.program.flow.frame
        waits = defaultdict(list)
        for tick, part in outline.pauses:
            waits[frame[part]].append(Wait(tick, part, OTHER, "an `await` or `yield`"))
        waiting = self.waiting
        commands = {call.tick for call in self._commands}
        for call, named in self.program.graph.named:
            waits_for = named in waiting and not _selects_by_text(named, call.value.args)
            kind = SLEEP if named in self.sleeping else self.lengths.get(call.tick, "")
            if not kind and (waits_for or call.tick in commands):
                kind = OTHER
            if kind or named in self.dozing:
                by = "the user of the notebook" if named == CELL else shown(v.dotted(call.value.func))
                waits[frame[call.part]].append(Wait(call.tick, call.part, kind or SHORT, by))
        for scope in self._retried:
            body = outline.scopes[scope].root
            waits[body].append(Wait(outline.parts[body].tick, body, SLEEP, shown(outline.scopes[scope].name)))
        for bind in outline.binds:  # `for line in sys.stdin`, `for change in watch()`
            called = last_name(v.called(bind.value))
            piped = isinstance(bind.value, v.Attribute) and not _PIPES.isdisjoint(v.dotted(bind.value).split("."))
            if bind.form == "for" and (called in self.sleeping or piped or called in waiting):
                kind = SLEEP if called in self.sleeping else OTHER
                by = shown(v.dotted(bind.value) or called)
                waits[frame[bind.part]].append(Wait(bind.tick, bind.part, kind, by))
        return waits


def shown(name: str) -> str:
    """A name in a message; that of a method of what has none, `connect().recv`, by itself."""
    return f"`{name.lstrip('.')}`"


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
