"""Calls of a file that other threads or processes may make: those get no session in common.

Only of functions that are handed over by name, and lead by name to others of this file, is it known that they make no
request.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from sessionize.analysis.callgraph import MAPPING, RUNNING
from sessionize.library.program import Program
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import CALL
from sessionize.syntax.values import last_name

_PACKAGES = frozenset(("threading", "concurrent", "multiprocessing", "joblib", "_thread")) | {
    *("billiard", "multiprocess", "mpire", "loky", "pathos")
}
# These run what they find of a program in threads, processes or the like of their own.
_RUNNING_ALL = frozenset(("gevent", "eventlet", "celery"))
# What of those packages makes others run something, or waits for them. Nothing else of them does: `Lock`, `Event`,
# `local`, `current_thread`, `Future`, `TimeoutError`, `Queue`.
_STARTERS = frozenset(
    (
        *("Thread", "Timer", "start_new_thread"),
        *("Executor", "ThreadPoolExecutor", "ProcessPoolExecutor", "InterpreterPoolExecutor", "as_completed", "wait"),
        *("Process", "Pool", "ThreadPool", "get_context", "Manager", "BaseManager", "SyncManager"),
        *("Parallel", "delayed", "thread_map", "process_map"),
    )
)
# Calls that make other threads or processes run what they are handed; these show that without an import.
_SHOWING = frozenset(("run_in_executor", "to_thread", "fork", "forkpty"))
_HANDOVERS = _SHOWING | MAPPING | RUNNING
# Where they take what is run, by position (elsewhere: first) or keyword.
_PLACES = {"Thread": 1, "Timer": 1, "Process": 1, "run_in_executor": 1}
_KEYWORDS = frozenset(("target", "function", "func", "fn"))
_TELLING = frozenset(("interval", "name", "daemon"))
# With these a function may call what it does not name.
_BY_TEXT = frozenset(("getattr", "eval", "exec", "globals", "locals", "vars", "import_module", "__import__"))


class _Given(NamedTuple):
    """The values that are handed to threads and pools.

    names: those of the values, and of what made them.
    owners: the classes that hand over their own object, in a method.
    methods: done on the values, or in the functions that they name.
    """

    names: set[str]
    owners: set[int]
    methods: set[str]


class Threads:
    """The threads and processes of one file."""

    def __init__(self, facts: Program) -> None:
        self.facts = facts
        self.outline = facts.outline

    def about(self, owner: int) -> str:
        """The reason why several threads or processes may use a session of a class, or of the module (0); or empty."""
        if not self._started_by:
            return ""
        if owner == 0:
            return f"this module uses `{self._started_by}`; give each thread or process a session of its own"
        bases = map(last_name, self.outline.scopes[owner].bases)
        if not {"Thread", "Process"}.isdisjoint(bases) or self._touches(owner):
            return "its objects are handed to threads or processes; give each of them a session of its own"
        return ""

    def starts(self, taker: o.CallSite) -> bool:
        """Tell whether a call makes other threads or processes run what it is handed."""
        name = last_name(taker.value.func)
        plural = isinstance(taker.value.func, v.Attribute) or name in ("Thread", "Timer", "Process", "delayed")
        return name in _SHOWING or (name in _HANDOVERS and plural and bool(self._starters))

    @cached_property
    def _started_by(self) -> str:
        """The thing by which this file may start threads or processes that make requests; empty if there is none."""
        for package, tick in self._starters:
            if tick not in self._quiet.values():
                return package
        for call in self._loud:
            if last_name(call.value.func) in _SHOWING:
                return last_name(call.value.func)
        return ""

    @cached_property
    def _starters(self) -> list[tuple[str, int]]:
        """The starters of threads or processes: the package one is imported from, and the tick of its use, or -1."""
        found: list[tuple[str, int]] = []
        for bind in (*self.facts.origins.imports, *self.facts.names.stars):
            path = bind.value.path if isinstance(bind.value, v.Imported) else ""
            package, *inner = path.split(".")
            words = {package, *inner}
            if bind.form == "star" or words & _RUNNING_ALL:
                if words & (_RUNNING_ALL | _PACKAGES):
                    found.append((package, -1))
            elif words & _PACKAGES:
                found += [(package, tick) for tick in self._starting_uses(bind, words)]
        return found

    def _starting_uses(self, bind: o.Bind, words: set[str]) -> Iterator[int]:
        """The ticks of the uses of an import that start something: `words` name it, or what is used of it."""
        uses = self.facts.names.uses(self.facts.names.owner(bind.name, bind.scope), bind.name)
        for use in uses:
            if not _STARTERS.isdisjoint((*words, *use.access.attributes)):
                yield use.tick
        if not uses and words & _STARTERS:  # a comment or a text may name it: `pool: "ThreadPoolExecutor"`
            yield -1

    # --- what is handed over ------------------------------------------------------------------------------------------

    @cached_property
    def _loud(self) -> list[o.CallSite]:
        """The calls that hand work to others which may make requests."""
        return [call for call in self._handovers if call.tick not in self._quiet]

    @cached_property
    def _quiet(self) -> dict[int, int]:
        """The calls that hand over work which makes no request, by tick, with the tick at which their name begins."""
        return {call.tick: call.start + 1 for call in self._handovers if self._is_quiet(call)}

    @cached_property
    def _handovers(self) -> list[o.CallSite]:
        return [call for call in self.outline.calls if last_name(call.value.func) in _HANDOVERS]

    def _touches(self, owner: int) -> bool:
        """Tell whether what is handed to a thread or pool has to do with the objects of a class."""
        names, owners, done = self._given
        methods = {self.outline.scopes[scope].name for scope in self.facts.tables.inner.get(owner, ())}
        return owner in owners or self.outline.scopes[owner].name in names or not methods.isdisjoint(done)

    @cached_property
    def _given(self) -> _Given:
        handed = self._given_uses
        names = {use.name for use in handed}
        bodies = {row.name: row.root for row in self.outline.scopes if row.kind == "function" and row.name in names}
        frames = set(bodies.values())
        inside = [use for use in self.outline.uses if self.facts.flow.frame[use.part] in frames]
        done = {use.access.attribute for use in (*handed, *inside) if len(use.access.steps) == 1}
        owners = set()
        for use in handed:
            for bind in self.facts.names.binds(self.facts.names.owner(use.name, use.scope), use.name):
                if isinstance(bind.value, v.Call):
                    names.add(last_name(bind.value.func))
            method = self.facts.graph.method(use.scope)
            if method is not None and method.instance == use.name:
                owners.add(method.owner)
        return _Given(names, owners, done)

    @cached_property
    def _given_uses(self) -> list[o.Use]:
        """The names that stand in calls which hand over work."""
        ticks = [use.tick for use in self.outline.uses]
        numbers: set[int] = set()
        for call in self._loud:
            numbers.update(range(bisect_right(ticks, call.start), bisect_left(ticks, call.tick)))
        return [self.outline.uses[number] for number in numbers]

    # --- what makes no request ----------------------------------------------------------------------------------------

    def _is_quiet(self, call: o.CallSite) -> bool:
        """Tell whether a call hands over a function of this file, or a method of its own object, that leads to no
        request; and no other object, of which that could make use."""
        match self._given_by(call):
            case v.Name(name=name):
                known = self.facts.names.forms(self.facts.names.owner(name, call.scope), name) == {"def"}
            case v.Attribute(value=v.Name(name=instance), attr=name):
                method = self.facts.graph.method(call.scope)
                known = method is not None and method.instance == instance and name in self._functions
            case _:
                return False
        return known and self._leads_to_no_request(name)

    @staticmethod
    def _given_by(call: o.CallSite) -> v.Value:
        """The value that a call makes others run, if it hands over nothing else but plain values."""
        placed, named, others = [], [], []
        for arg in call.value.args:
            if arg.stars:
                return v.OPAQUE
            if arg.keyword is None:
                placed.append(arg.value)
            elif arg.keyword in _KEYWORDS:
                named.append(arg.value)
            elif arg.keyword not in _TELLING:
                others.append(arg.value)
        place = _PLACES.get(last_name(call.value.func), 0)
        run, *others = [*placed[place:], *named, *others] or [v.OPAQUE]
        plain = all(isinstance(part, v.Const | v.Sequence) for value in others for part in v.within(value))
        return run if plain else v.OPAQUE

    def _leads_to_no_request(self, name: str) -> bool:
        """Tell whether no function of that name makes a request, nor one that it names, nor one that those name."""
        seen, todo = {name}, [name]
        while todo:
            for function in self._functions.get(todo.pop(), ()):
                if function in self._requesting:
                    return False
                new = self._named[function] - seen
                seen |= new
                todo += new
        return True

    @cached_property
    def _functions(self) -> dict[str, set[int]]:
        """The functions of this file by their name, and methods by that of their class; and by names that are bound to
        one, or to what one makes: `client = Client()`."""
        functions = defaultdict(set)
        for scope, row in enumerate(self.outline.scopes):
            if row.kind == "function":
                functions[row.name].add(scope)
                functions[self.outline.scopes[row.parent].name].add(scope)
        functions.pop("", None)  # the module's
        bound = [(bind.name, bind.value) for bind in self.outline.binds]
        bound += [(store.attr, store.value) for store in self.outline.stores]
        for name, value in bound:
            named = last_name(value.func if isinstance(value, v.Call) else value)
            if named in functions:
                functions[name] |= functions[named]
        return functions

    @cached_property
    def _named(self) -> dict[int, set[str]]:
        """The names and attributes that each function, or one inside it, mentions."""
        named: dict[int, set[str]] = defaultdict(set)
        for use in self.outline.uses:
            for scope in self.facts.tables.scopes_around(use.scope):
                named[scope].update((use.name, *use.access.attributes))
        for call in self.outline.calls:
            for scope in self.facts.tables.scopes_around(call.scope):
                named[scope].update(call.access.attributes)  # `client().get()`
        return named

    @cached_property
    def _requesting(self) -> set[int]:
        """The functions that make a request, or that may call what they do not name."""
        speaking = [call.site.scope for call in self.facts.bare.calls]
        speaking += [reference.use.scope for reference in self.facts.bare.references]
        speaking += [use.scope for use in self.outline.uses if self._may_lead_anywhere(use)]
        return {scope for inner in speaking for scope in self.facts.tables.scopes_around(inner)}

    def _may_lead_anywhere(self, use: o.Use) -> bool:
        """Tell whether a use calls what the file does not show, or hands the object of its method on."""
        if use.name in _BY_TEXT:
            return True
        method = self.facts.graph.method(use.scope)
        if method is not None and use.name == method.instance:
            called = use.access.method
            return not use.access.attribute or (called != "" and called not in self._functions)
        if use.access != CALL:
            return False
        forms = self.facts.names.forms(self.facts.names.owner(use.name, use.scope), use.name)
        return not forms <= {"def", "class", "import"}
