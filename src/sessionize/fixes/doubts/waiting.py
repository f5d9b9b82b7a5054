"""Waits between calls, after which a server may have closed the connection; and forks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

from sessionize.fixes.doubts.between import Between
from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts
from sessionize.syntax import values as v
from sessionize.syntax.ipython import CELL
from sessionize.syntax.values import last_name

# Calls that wait for something, by their last name.
_WAITING = frozenset(
    (
        "sleep",
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
# After these, two processes may hold one connection, or a closed one.
_FORKING = frozenset({"fork", "forkpty", "closerange", "DaemonContext"})


class Waiting:
    def __init__(self, facts: Facts, between: Between) -> None:
        self.facts = facts
        self.outline = facts.outline
        self.frame = facts.flow.frame
        self.reaching = facts.reaching
        self.between = between

    def waits_between(self, calls: Sequence[BareCall]) -> bool:
        """Tell whether a sleep, input, command, `await` or `yield` can come between two of the calls."""
        waits = self._waits.get(calls[0].frame, [])
        if waits and any(call.is_mapped for call in calls):  # `map` calls while it is gone through
            return True
        return self.between.holds(self.between.span(calls), waits)

    @cached_property
    def _waits(self) -> dict[int, list[tuple[int, int]]]:
        """(tick, part) of whatever may take its time, by frame."""
        waits = defaultdict(list)
        for tick, part in self.outline.pauses:
            waits[self.frame[part]].append((tick, part))
        waiting = self.reaching.leading_to(_WAITING)
        for call, path, named in zip(self.outline.calls, self.facts.origins.paths, self.reaching.called, strict=True):
            waits_for = named in waiting and not _selects_by_text(named, call.value.args)
            if waits_for or _waits_without_a_key(named, call.value.args) or path in _COMMANDS:
                waits[self.frame[call.part]].append((call.tick, call.part))
        for bind in self.outline.binds:  # `for line in sys.stdin`, `for change in watch()`
            slow = isinstance(bind.value, v.Call) and last_name(bind.value.func) in waiting
            if bind.form == "for" and (slow or self.facts.origins.path_of(bind.value, bind.scope) == "sys.stdin"):
                waits[self.frame[bind.part]].append((bind.tick, bind.part))
        return waits

    @cached_property
    def forking(self) -> set[int]:
        """The frames that fork, directly or through a function of this file."""
        forking = self.reaching.leading_to(_FORKING)
        called = zip(self.outline.calls, self.reaching.called, strict=True)
        return {self.frame[call.part] for call, named in called if named in forking}


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
