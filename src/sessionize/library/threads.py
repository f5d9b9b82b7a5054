"""Calls of a file that other threads or processes may make: those get no session in common.

Only of functions that are handed over by name, and lead by name to others of this file, is it known that they make no
request.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from sessionize.analysis.callgraph import MAPPING, RUNNING
from sessionize.library.program import Program
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import CALL
from sessionize.syntax.values import last_name

_PACKAGES = frozenset(("threading", "concurrent", "multiprocessing", "joblib", "_thread"))
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
_HANDING = _SHOWING | MAPPING | RUNNING
# Where they take what is run, by position (elsewhere: first) or keyword.
_PLACES = {"Thread": 1, "Timer": 1, "Process": 1, "run_in_executor": 1}
_KEYWORDS = frozenset(("target", "function", "func", "fn"))
_TELLING = frozenset(("interval", "name", "daemon"))
# With these a function may call what it does not name.
_BY_TEXT = frozenset(("getattr", "eval", "exec", "globals", "locals", "vars", "import_module", "__import__"))


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
        bases = {last_name(base) for base in self.outline.scopes[owner].bases}
        if bases & {"Thread", "Process"} or self._touches(owner):
            return "its objects are handed to threads or processes; give each of them a session of its own"
        return ""

    def starts(self, taker: o.CallSite) -> bool:
        """Tell whether a call makes other threads or processes run what it is handed."""
        name = last_name(taker.value.func)
        plural = isinstance(taker.value.func, v.Attribute) or name in ("Thread", "Timer", "Process", "delayed")
        return name in _SHOWING or (name in _HANDING and plural and bool(self._starters))

    @cached_property
    def _started_by(self) -> str:
        """The thing by which this file may start threads or processes that make requests; empty if there is none."""
        loud = [package for package, tick in self._starters if tick not in self._quiet.values()]
        names = [last_name(call.value.func) for call in self._handing]
        return next(iter((*loud, *(name for name in names if name in _SHOWING))), "")

    @cached_property
    def _starters(self) -> list[tuple[str, int]]:
        """The starters of threads or processes: the package one is imported from, and the tick of its use, or -1."""
        found = []
        for bind in (*self.facts.origins.imports, *self.facts.names.stars):
            path = bind.value.path if isinstance(bind.value, v.Imported) else ""
            words = path.split(".")
            if bind.form == "star" or not _RUNNING_ALL.isdisjoint(words):
                starts = not (_RUNNING_ALL | _PACKAGES).isdisjoint(words)
                found += [(words[0], -1)] * starts
            elif not _PACKAGES.isdisjoint(words):
                uses = self.facts.names.uses(self.facts.names.owner(bind.name, bind.scope), bind.name)
                named = [(use.tick, use.access.attributes) for use in uses]
                if not uses:  # a comment or a text may name it: `pool: "ThreadPoolExecutor"`
                    named = [(-1, [])]
                found += [(words[0], tick) for tick, chain in named if not _STARTERS.isdisjoint((*words, *chain))]
        return found

    # --- what is handed over ------------------------------------------------------------------------------------------

    @cached_property
    def _handing(self) -> list[o.CallSite]:
        """The calls that hand work to others which may make requests."""
        calls = (call for call in self.outline.calls if last_name(call.value.func) in _HANDING)
        return [call for call in calls if call.tick not in self._quiet]

    @cached_property
    def _quiet(self) -> dict[int, int]:
        """The calls that hand over work which makes no request, by tick, with the tick at which their name begins."""
        calls = (call for call in self.outline.calls if last_name(call.value.func) in _HANDING)
        return {call.tick: call.start + 1 for call in calls if self._is_quiet(call)}

    def _touches(self, owner: int) -> bool:
        """Tell whether what is handed to a thread or pool has to do with the objects of a class."""
        names, owners, done = self._handed
        methods = {self.outline.scopes[scope].name for scope in self.facts.tables.inner.get(owner, ())}
        return owner in owners or self.outline.scopes[owner].name in names or not methods.isdisjoint(done)

    @cached_property
    def _handed(self) -> tuple[set[str], set[int], set[str]]:
        """What is handed to threads and pools: what it is named, or made by; the classes of which it is the object of a
        method; and what is done on it, or in the functions that it names."""
        uses, scopes = self.outline.uses, self.outline.scopes
        ticks = [use.tick for use in uses]
        spans = (range(bisect_right(ticks, call.start), bisect_left(ticks, call.tick)) for call in self._handing)
        handed = [uses[number] for number in set().union(*spans)]
        names = {use.name for use in handed}
        frames = {row.name: row.root for row in scopes if row.kind == "function" and row.name in names}
        inside = set(frames.values())
        done = {use.access for use in (*handed, *(use for use in uses if self.facts.flow.frame[use.part] in inside))}
        variables = {(self.facts.names.owner(use.name, use.scope), use.name) for use in handed}
        values = (bind.value for variable in variables for bind in self.facts.names.binds(*variable))
        names |= {last_name(value.func) for value in values if isinstance(value, v.Call)}
        methods = ((self.facts.graph.method(use.scope), use.name) for use in handed)
        owners = {method.owner for method, name in methods if method is not None and method.instance == name}
        return names, owners, {access.attribute for access in done if len(access.steps) == 1}

    # --- what makes no request ----------------------------------------------------------------------------------------

    def _is_quiet(self, call: o.CallSite) -> bool:
        """Tell whether a call hands over a function of this file, or a method of its own object, that leads to no
        request; and no other object, of which that could make use."""
        match self._handed_by(call):
            case v.Name(name=name):
                binds = self.facts.names.binds(self.facts.names.owner(name, call.scope), name)
                known = {bind.form for bind in binds} == {"def"}
            case v.Attribute(value=v.Name(name=instance), attr=name):
                method = self.facts.graph.method(call.scope)
                known = method is not None and method.instance == instance and name in self._functions
            case _:
                return False
        return known and self._leads_to_no_request(name)

    @staticmethod
    def _handed_by(call: o.CallSite) -> v.Value:
        """The value that a call makes others run, if it hands over nothing else but plain values."""
        args = call.value.args
        run = [arg.value for arg in args if arg.keyword is None][_PLACES.get(last_name(call.value.func), 0) :]
        run += [arg.value for arg in args if arg.keyword in _KEYWORDS]
        run += [arg.value for arg in args if arg.keyword is not None and arg.keyword not in _KEYWORDS | _TELLING]
        others = (part for value in run[1:] for part in v.within(value))
        plain = all(isinstance(part, v.Const | v.Sequence) for part in others)
        return run[0] if run and plain and not any(arg.stars for arg in args) else v.OPAQUE

    def _leads_to_no_request(self, name: str) -> bool:
        """Tell whether no function of that name makes a request, nor one that it names, nor one that those name."""
        seen, todo = {name}, [name]
        while todo:
            for function in self._functions.get(todo.pop(), ()):
                if function in self._speaking:
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
            for scope in self._around(use.scope):
                named[scope].update((use.name, *use.access.attributes))
        for call in self.outline.calls:
            for scope in self._around(call.scope):
                named[scope].update(call.access.attributes)  # `client().get()`
        return named

    @cached_property
    def _speaking(self) -> set[int]:
        """The functions that make a request, or that may call what they do not name."""
        speaking = [call.site.scope for call in self.facts.bare.calls]
        speaking += [reference.use.scope for reference in self.facts.bare.references]
        speaking += [use.scope for use in self.outline.uses if self._may_lead_anywhere(use)]
        return {scope for inner in speaking for scope in self._around(inner)}

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
        binds = self.facts.names.binds(self.facts.names.owner(use.name, use.scope), use.name)
        return not {bind.form for bind in binds} <= {"def", "class", "import"}

    def _around(self, scope: int) -> Iterator[int]:
        """The scope itself and those around it."""
        while scope != -1:
            yield scope
            scope = self.outline.scopes[scope].parent
