"""The calls that should share a session: a loop repeats them, or they run one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from itertools import chain, filterfalse
from operator import attrgetter

from sessionize.analysis.chains import Event, chained
from sessionize.analysis.flow import Place
from sessionize.analysis.grouping import grouped
from sessionize.analysis.memo import memo
from sessionize.library.calls import BareCall, Reference
from sessionize.library.program import Program
from sessionize.library.surroundings import CallElsewhere
from sessionize.library.threads import EACH
from sessionize.sharing.requests_sent import RequestsSent
from sessionize.sharing.several_calls import ids, parts
from sessionize.syntax import values as v
from sessionize.syntax.access import CALL

# Methods that run once for each object.
_INITIAL = frozenset({"__init__", "__post_init__", "__attrs_post_init__"})


class Groups:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.library = program.library
        self.outline = program.outline
        self.flow = program.flow
        self.graph = program.graph
        self.visitors = program.visitors
        self.bare = program.bare
        self.sent = RequestsSent(program)

    @cached_property
    def calls(self) -> list[BareCall]:
        """The bare calls, but those in functions that are `@deprecated`."""
        return list(filterfalse(self._is_deprecated, self.bare.calls))

    def _is_deprecated(self, call: BareCall) -> bool:
        """Tell whether the function of a call, or one or a class around it, has such a decorator."""
        for scope in self.outline.scopes_around(self.bare.function(call)):
            for decorator in self.outline.scopes[scope].decorators:
                if (v.called_name(decorator) or v.last_name(decorator)).startswith("deprecated"):
                    return True
        return False

    @cached_property
    def by_frame(self) -> dict[int, list[BareCall]]:
        """The bare calls of each frame in the order in which they run."""
        return grouped(sorted(self.calls, key=lambda call: call.site.tick), attrgetter("frame"))

    @cached_property
    def loops(self) -> dict[int, int]:
        """The innermost loop that repeats each call; calls that no loop repeats are left out."""
        return {call.id: loop for call in self.calls if (loop := self._loop(call))}

    def _loop(self, call: BareCall) -> int:
        """The innermost loop that repeats a call, not to another host in each iteration; 0 without one."""
        for loop in self.program.retries.loops(call.site):
            if not self.program.hosts.changes_each_turn(call, loop):
                return loop
        return 0

    @cached_property
    def chained(self) -> set[int]:
        """The calls that no loop repeats but that run before or after another bare call of their frame."""
        return set().union(*map(self.chained_among, self.by_frame.values()))

    def chained_among(self, calls: Sequence[BareCall]) -> set[int]:
        """Those of some calls of one frame that no loop repeats but that run before or after another of them."""
        return self.runs_together(calls, map(self._host, calls)) - self.loops.keys()

    def _host(self, call: BareCall) -> str | None:
        """The host of a call, None if it is not known; no other has that of one which changes its own."""
        changes = self.changes_host(call, self.flow.loops(call.site.part))
        return f"{call.id}" if changes else self.program.hosts.host(call)

    def changes_host(self, call: BareCall, loops: Iterable[int]) -> bool:
        """Tell whether one of some loops gives a call another host in every iteration."""
        return any(self.program.hosts.changes_each_turn(call, loop) for loop in loops)

    def runs_together(self, calls: Sequence[BareCall], keys: Iterable[str | None]) -> set[int]:
        """The calls of one frame that can run before or after another one with a matching key."""
        if len(calls) < 2:
            return set()
        events = []
        again: dict[int, list[Event]] = defaultdict(list)
        for call, key in zip(calls, keys, strict=True):
            events.append(Event(call.site.tick, call.site.part, call.id, key))
            for loop in self.flow.loops(call.site.part) if call.id in self.loops else ():
                again[loop].append(events[-1])
        found_in = partial(chained, frame=calls[0].frame, events=events, again=again)
        found = found_in(self.flow)
        for flows in self.program.retries.alternatives(parts(calls)) if found else ():
            found &= set().union(*map(found_in, flows))
        urls = {call.url or v.OPAQUE for call in calls if call.id in found}
        same = len(urls) == 1 and all(map(v.is_known, urls))
        if same and not found_in(self.program.retries.good):
            return set()  # `if r.status_code == 400: r = requests.post(url)` behind `r = requests.get(url)`
        return found

    @cached_property
    def repeated(self) -> dict[int, list[BareCall]]:
        """The calls of each frame that should share a session."""
        repeated: dict[int, list[BareCall]] = defaultdict(list)
        for frame, calls in self.by_frame.items():
            repeated[frame] = list(filter(self._is_repeated, calls))
        for call in self.mapped:
            repeated[call.frame].append(call)
        return repeated

    @cached_property
    def mapped(self) -> list[BareCall]:
        """The functions that are handed to what calls them for each item: to `map`, or to `submit` in a loop."""
        return [call for call in self.bare.mapped if call.each or self._loop(call)]

    def is_for_each(self, reference: Reference) -> bool:
        """Tell whether a function of requests is handed to what calls it for each item."""
        if reference.taker == -1:
            return False
        by_name = self.outline.calls[reference.taker].name in EACH
        return by_name or reference.id in ids(self.mapped)

    def _is_repeated(self, call: BareCall) -> bool:
        return call.id in self.loops or call.id in self.chained

    def _is_seldom(self, call: BareCall) -> bool:
        """Tell whether a call is made once, as far as its own function and all that is known to call it show."""
        return not self._is_repeated(call) and not self.is_helper(call)

    def is_helper(self, call: BareCall) -> bool:
        """Tell whether a call stands in a function that this file, or its project, calls again and again."""
        return self.graph.is_helper(self.bare.function(call)) or bool(self.elsewhere(call))

    def elsewhere(self, call: BareCall) -> Sequence[CallElsewhere]:
        """The calls in other files that make a call again and again: one that repeats its function, or two of it.

        None where this file does so by itself.
        """
        function = self.bare.function(call)
        return () if self.graph.is_helper(function) else self._elsewhere(function)

    @memo
    def _elsewhere(self, function: int) -> Sequence[CallElsewhere]:
        for caller in self.graph.only_callers(function):
            name = self.program.tables.qualified_name(caller)
            calls = self.program.around.calls(name) if name else ()
            repeating = list(filter(attrgetter("repeats"), calls))
            if repeating or len(calls) + len(self.graph.calls_of(caller)) > 1:
                return repeating[:1] or calls[:2]
        return ()

    @cached_property
    def helpers(self) -> list[BareCall]:
        """The single calls in functions that are called again and again, in this file or in others."""
        single = [call for call in self.calls if not self._is_repeated(call)]
        return [call for call in single if self.is_helper(call) and not self.visitors.gave(call)]

    @cached_property
    def clients(self) -> list[BareCall]:
        """The single calls of objects: in methods of a class that make two calls or more, or that read their object.

        Calls on sessions count, too, so no fix of some calls changes what is found at others.
        """
        clients = set()
        for owner, calls in grouped(filterfalse(self._is_deprecated, self.sent.calls), self.owner).items():
            alone = len(calls) == 1 and owner not in self._with_session
            unread = alone and not self.graph.reads_instance(calls[0].site.scope)
            if owner and not unread and not all(map(self._is_in_init, map(self.bare.function, calls))):
                clients.add(owner)
        return [call for call in self.calls if self.owner(call) in clients and self._has_company(call)]

    def _has_company(self, call: BareCall) -> bool:
        """Tell whether a call that is made once may share a session with those of other functions.

        None does that is made for one visitor of a web application.
        """
        private = self.visitors.gave(call) or self.visitors.is_short_lived(self.owner(call))
        return self._is_seldom(call) and not private and self.sent.has_neighbour(call)

    def is_initial(self, call: BareCall) -> bool:
        """Tell whether a call runs once for each object: in its `__init__`, or in a private method called nowhere else.

        No call does of an object that has a session to make it on.
        """
        return self._is_seldom(call) and self._is_in_init(self.bare.function(call))

    @memo
    def _is_in_init(self, function: int, seen: frozenset[int] = frozenset()) -> bool:
        """Tell whether a function is a method that runs once for each object."""
        method = self.graph.method(function)
        if method is None or method.scope != function or function in seen or method.owner in self._with_session:
            return False
        name = self.outline.scopes[function].name
        if name in _INITIAL:
            return True
        uses = list(self.program.mutations.done_on(name)) if name.startswith("_") else []
        for done, use in uses:
            if use is None or done != CALL:
                return False
            if not self._is_in_init(self.program.tables.function_around(use.part), seen | {function}):
                return False
        return bool(uses)

    @cached_property
    def _with_session(self) -> set[int]:
        """The classes whose methods make calls like `self._session.get(url)`, as a fix leaves them."""
        found = set()
        for site in self.outline.calls:
            match site.value.func:
                case v.Attribute(value=v.Attribute(value=v.Name(name=name), attr=attr), attr=verb):
                    if verb in self.library.functions and self.library.word in attr:
                        found.add(self.graph.class_of(name, site.scope))
        return found - {0}

    @cached_property
    def scattered(self) -> list[BareCall]:
        """The single calls of a module of which two functions or more send requests.

        Of methods those count that run once for each object. It is all the same whether a call is on a session: so no
        fix of some calls changes what is found at others.
        """
        functions = set()
        for call in self.sent.calls:
            function = self.bare.function(call)
            if function and (not self.owner(call) or self._is_in_init(function)):
                functions.add(function)
        if len(functions) < 2:
            return []
        clients = {*ids(self.clients)}
        others = [call for call in self.calls if call.id not in clients and self.bare.function(call) != 0]
        return list(filter(self._has_company, others))

    def owner(self, call: BareCall) -> int:
        """The class in whose method a call stands; 0 if in none."""
        return self.graph.owner(call.site.scope)

    @cached_property
    def sharing(self) -> list[BareCall]:
        """All calls that should share a session, in the order of their ids."""
        calls = chain(*self.repeated.values(), self.helpers, self.clients, self.scattered)
        return sorted(calls, key=attrgetter("id"))

    @cached_property
    def lasting(self) -> dict[int, list[BareCall]]:
        """The calls whose session would outlive their function, by the scope of their class; 0 for the module."""
        calls = sorted((*self.helpers, *self.clients, *self.scattered), key=attrgetter("id"))
        return grouped(calls, self.owner)

    def place(self, calls: Sequence[BareCall]) -> Place | None:
        """The place where one session for the calls can be made (see `Flow.place`)."""
        return self.flow.place(parts(calls), self.bare.function(calls[0]))
