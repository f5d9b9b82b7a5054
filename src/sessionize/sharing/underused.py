"""Sessions that serve too few calls: made anew in every iteration of a loop, or for a single call."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from sessionize.analysis.memo import memo
from sessionize.library.calls import BareCall
from sessionize.library.program import Program
from sessionize.library.sessions import closing, methods, sets_up
from sessionize.sharing.groups import Groups
from sessionize.sharing.several_calls import ticks
from sessionize.syntax import outline as o, values as v


class UnderusedSession(NamedTuple):
    """A `requests.Session()` that serves too few calls.

    id: of the call that makes it.
    bind: the name it gets, if any.
    loops: those that make it anew.
    calls: those made on it.
    plain: true if nothing is set on it.
    """

    id: int
    site: o.CallSite
    bind: o.Bind | None
    loops: tuple[int, ...]
    calls: tuple[BareCall, ...]
    plain: bool = True


class UnderusedSessions:
    def __init__(self, program: Program, groups: Groups) -> None:
        self.program = program
        self.named = program.sessions
        self.groups = groups
        self.plain_uses = methods(program.library) | closing(program.library)

    @cached_property
    def sessions(self) -> list[UnderusedSession]:
        """The sessions that a loop makes anew, or that serve a single call."""
        found = []
        for number, site in enumerate(self.program.outline.calls):
            if not self.named.is_plain(site.value, site.scope):
                continue
            loops = tuple(self.program.retries.again(site))
            outer = self.program.outline.calls[number - 1] if number else site
            func = outer.value.func
            if isinstance(func, v.Attribute) and func.value == site.value and outer.start == site.start:
                # `requests.Session().get(url)`
                if func.attr in self.program.library.functions:
                    call = self.named.on_session(number - 1, "")
                    if not self.groups.changes_host(call, loops):
                        found.append(UnderusedSession(site.tick, site, None, loops, (call,)))
                continue
            bind = self._bound(site)
            if bind is not None and bind.form in ("assign", "with") and not self._is_busy(bind, loops):
                served = self.named.session_use(bind.scope, bind.name)
                plain = served.done <= self.plain_uses
                found.append(UnderusedSession(site.tick, site, bind, loops, served.calls, plain))
        return found

    def _bound(self, site: o.CallSite) -> o.Bind | None:
        """The name that a session is bound to: `session = requests.Session()`."""
        for bind in self.named.bound.get(site.scope, ()):
            if bind.part == site.part and bind.tick > site.tick:
                return bind
        return None

    def _is_busy(self, bind: o.Bind, loops: tuple[int, ...]) -> bool:
        """Tell whether a session with a name may serve more than one call, or is there for something else."""
        served = self.named.session_use(bind.scope, bind.name)
        if served.handed_on:
            return True
        if loops:
            around = [self.program.outline.parts[part].kind for part in self.program.flow.ancestors(bind.part)]
            sometimes = {"arm", "handler"}.intersection(around[: around.index("turn")])
            later = served.done and self.program.outline.parts[bind.part].parent not in served.around
            return bool(sometimes and later) or self._changes_host(bind.scope, bind.name, loops)
        frame = self.program.flow.frame[bind.part]
        if self.groups.repeated[frame] or served.frames != {frame}:  # calls that may join it, or none
            return True
        if not served.calls or self._serves_several(bind.scope, bind.name):
            return True
        return not served.done <= self.plain_uses and not (self._is_set_up(bind) and self._runs_again(frame))

    @memo
    def _serves_several(self, scope: int, name: str) -> bool:
        """Tell whether one run of a function may make two calls on a session of that name.

        A call that is only retried is one, where the function runs again and again.
        """
        calls = self.named.session_use(scope, name).calls
        if self.groups.runs_together(calls, [None] * len(calls)):
            return True
        if self.program.graph.is_helper(self.program.bare.function(calls[0])):
            return any(self.program.retries.loops(call.site) for call in calls)
        return any(self.program.flow.turns_again(call.site.part, call.site.tick) for call in calls)

    def _is_set_up(self, bind: o.Bind) -> bool:
        """Tell whether a session is only set up, as by `session.headers.update(...)`, before the calls on it."""
        first = min(ticks(self.named.session_use(bind.scope, bind.name).calls))
        for use in self.program.names.uses(bind.scope, bind.name):
            if use.access not in self.plain_uses and not (sets_up(use.access) and use.tick < first):
                return False
        return True

    def _runs_again(self, frame: int) -> bool:
        """Tell whether a function is called again and again.

        By this file, or as a method that reads its object and is not one that Python calls, like `__init__`.
        """
        function = self.program.outline.parts[frame].scope
        special = self.program.outline.scopes[function].name.startswith("__")
        return self.program.graph.is_helper(function) or (not special and self.program.graph.reads_instance(function))

    @memo
    def _changes_host(self, scope: int, name: str, loops: tuple[int, ...]) -> bool:
        """Tell whether one of some loops gives a call on a session of that name another host in every iteration."""
        return any(self.groups.changes_host(call, loops) for call in self.named.session_use(scope, name).calls)
