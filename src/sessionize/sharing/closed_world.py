"""Scripts that call themselves: all callers of their functions are in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from sessionize.analysis.closure import closure
from sessionize.library.calls import BareCall
from sessionize.library.program import Program
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, CALL, READ, UNPACK, VALUE, Access

# Decorators from these call a function where it is called, or at the end of its module.
_CALLING_AT_ONCE = frozenset(
    {"builtins", "functools", "contextlib", "dataclasses", "abc", "typing", "click", "typer", "tenacity", "backoff"}
)
_PLAIN_BASES = frozenset({"object", "Exception", "ABC", "Generic", "Protocol"})
# With these objects may come from a run of the program before.
_PICKLING = frozenset({"pickle", "shelve", "dill", "joblib", "cloudpickle", "jsonpickle", "marshal", "copyreg"})
# A service calls functions of such names, and keeps the program between two of its events.
CALLED_BY_A_SERVICE = re.compile(r"(.*_)?(handlers?|handle|wsgi|asgi|application|app)")


class ClosedWorld:
    """One file, which is a closed world for some of its calls if nothing else can make them."""

    def __init__(self, facts: Program, calls: Sequence[BareCall]) -> None:
        self.facts = facts
        self.calls = calls
        self.outline = facts.outline

    @cached_property
    def holds(self) -> bool:
        """True for a script that nothing loads, that runs its functions and hands none of them to anything.

        Of its functions and classes those count that lead to one of the calls. They are called by name, by threads of
        this file, and objects by their methods; any other use may hand them to other code.
        """
        opened = (
            self._may_be_called_by_others
            or self._may_be_decorated
            or self._has_strange_base
            or any(map(self._hands_function, self.outline.uses))
            or self._hands_generators
            or self._hands_objects
        )
        return not opened and self._starting != [] and self.facts.around.is_script()

    @cached_property
    def _leading(self) -> set[str]:
        """The names of the functions and classes that lead to one of the calls."""
        tables, callers = self.facts.tables, self.facts.graph.callers
        around: set[str] = set()
        for call in self.calls:
            around |= tables.names_of(tables.scopes_around(call.site.scope))
        return closure(around - {""}, lambda name: callers[name] | tables.classes_with[name])

    @cached_property
    def _starting(self) -> list[o.CallSite]:
        """The module's own calls of one of them: `if __name__ == "__main__": main()`."""
        return self._in_frame(self._calls, 0)

    def _in_frame(self, calls: Iterable[o.CallSite], frame: int) -> list[o.CallSite]:
        return [call for call in calls if self.facts.flow.frame[call.part] == frame]

    def comes_first(self, tick: int, part: int) -> bool:
        """Tell whether a statement runs once, if at all, before anything that leads to one of the calls.

        It stands above that in the module, or in a function that is all the script starts with: `main()`.
        """
        frame = self.facts.flow.frame[part]
        calls = self._in_frame(self._all_calls, frame)
        if self.facts.flow.loops(part) or not calls or tick > min(calls).tick:
            return False
        return frame == 0 or self._is_all_that_starts(self.outline.parts[frame].scope)

    def _is_all_that_starts(self, function: int) -> bool:
        """Tell whether the module calls one function, once, of all that lead to one of the calls: `main()`."""
        row = self.outline.scopes[function]
        running = [call for call in self._calls if call.name == row.name]
        once = len(running) == 1 and not self.facts.flow.loops(running[0].part) and not row.decorators
        return self._starting == running and once

    @property
    def _may_be_called_by_others(self) -> bool:
        """True if Python, a service or a text may call one of the functions, or a lambda, of which nobody knows."""
        if not _PICKLING.isdisjoint(self.facts.packages) or any(map(self._is_called_by_name, self._leading)):
            return True
        forms = self.facts.names.forms
        for scope, row in enumerate(self.outline.scopes):
            if row.name in self._leading and "param" in forms(scope, "event") & forms(scope, "context"):
                return True
        return any(map(self._is_in_lambda, self._all_calls))

    def _is_called_by_name(self, name: str) -> bool:
        """Tell whether Python calls functions of such a name, `__exit__`, or a service does, or a text may."""
        by_python = name.startswith("__") and name != "__init__"
        by_text = self.facts.mutations.reachable_by_string(name)
        return by_python or by_text or CALLED_BY_A_SERVICE.fullmatch(name) is not None

    def _is_in_lambda(self, call: o.CallSite) -> bool:
        return any(self.outline.scopes[scope].kind == "lambda" for scope in self.outline.scopes_around(call.scope))

    @cached_property
    def _calls(self) -> list[o.CallSite]:
        """The calls of functions and classes that lead to one of those calls."""
        return self.facts.calls_of(self._leading)

    @cached_property
    def _all_calls(self) -> list[o.CallSite]:
        return [*self._calls, *(call.site for call in self.calls)]

    @property
    def _may_be_decorated(self) -> bool:
        """True if a decorator may hand a function or class to others: `@app.route("/")`."""
        for row in self.outline.scopes:
            for decorator in row.decorators if row.name in self._leading else ():
                if not self._calls_at_once(decorator, row.parent):
                    return True
        return False

    def _calls_at_once(self, decorator: v.Value, scope: int, depth: int = 0) -> bool:
        func = decorator.func if isinstance(decorator, v.Call) else decorator
        path = self.facts.origins.path_of(func, scope)
        if path is not None or depth > 2:
            return (path or "").partition(".")[0] in _CALLING_AT_ONCE
        root = next(iter(v.names_in(func)), "")  # `cli` of `@cli.command()`, which is made by a decorator, or a call
        binds = self.facts.names.seen(root, scope)
        makers: list[v.Value] = [bind.value for bind in binds if isinstance(bind.value, v.Call)]
        for row in self.outline.scopes:
            makers += row.decorators if row.name == root else ()
        return bool(makers) and all(self._calls_at_once(maker, scope, depth + 1) for maker in makers)

    @property
    def _has_strange_base(self) -> bool:
        """True if a class has a base that is not in this file, and may call its methods."""
        known = self.facts.tables.names_of_classes | _PLAIN_BASES
        for cls in self.facts.tables.classes:
            row = self.outline.scopes[cls]
            if row.name in self._leading and not known.issuperset(map(v.last_name, row.bases)):
                return True
        return False

    def _hands_function(self, use: o.Use) -> bool:
        """Tell whether such a name is used other than in a call: `run(fetch)`, `self.fetch = fetch`, `Fire(Client)`.

        `Thread(target=fetch)` is as good as one.
        """
        steps = use.access.steps
        if not steps:
            return use.name in self._leading and use.access not in (CALL, READ) and not self._is_run(use)
        if self._leading.isdisjoint(steps):
            return False
        return not self._leading.isdisjoint(steps[:-1]) or not (use.access.calls or self._is_run(use))

    def _is_run(self, use: o.Use) -> bool:
        """Tell whether a use hands a function, or a method, to a thread, which calls it."""
        if use.access.end != ARGUMENT.end:
            return False
        run = self.facts.threads.run_by(self.outline.calls[use.call], self.facts.origins.paths[use.call])
        return run is not None and v.dotted(run) == f"{use.name}{use.access.path}"

    @property
    def _hands_generators(self) -> bool:
        """True if a generator is not gone through on the spot: `prefetch(pages())`, `found = (fetch(n) for n in x)`."""
        pausing = self.facts.tables.pausing
        names = self.facts.tables.names_of(map(self.facts.tables.function_around, pausing)) - {""}
        for call in self._calls:
            if call.name in names and not self.facts.bare.is_taken_here(call.access, call.into):
                return True
        return any(is_taken_elsewhere(self.facts, call.part) for call in self._all_calls)

    @property
    def _hands_objects(self) -> bool:
        """True if an object with such methods is used otherwise than to call one: `server.register(it)`, `[it]`."""
        classes = self.facts.tables.names_of_classes & self._leading
        rows: list[o.Store | o.Bind] = [*self.outline.stores, *self.outline.binds]
        named = set()
        for row in rows:
            if isinstance(row, o.Store) or row.form == "assign":
                named.add((row.part, v.called_name(row.value)))
        for call in self.outline.calls:
            is_named = call.access == VALUE and (call.part, call.name) in named
            if call.name in classes and self._hands_on(call.access) and not is_named:
                return True
        return any(self._hands_object(use, classes) for use in self.outline.uses)

    def _hands_object(self, use: o.Use, classes: set[str]) -> bool:
        if self._is_object(use, classes) and self._hands_on(use.access) and not self._is_run(use):
            return True
        first = use.access.attribute
        made = _make_one_of(classes, self.facts.tables.stores_of[first])
        return made and self._hands_on(use.access.after(first))

    def _hands_on(self, access: Access) -> bool:
        """Tell whether an object itself, or a method of it, is used as a value, or given to another object."""
        if not access.steps:
            return access.keeps or access.end == UNPACK.end
        return access.keeps and access.steps[-1] in self._leading

    def _is_object(self, use: o.Use, classes: set[str]) -> bool:
        if own := self.facts.graph.class_of(use.name, use.scope):
            return self.outline.scopes[own].name in classes
        return _make_one_of(classes, self.facts.names.seen(use.name, use.scope))


def _make_one_of(classes: set[str], rows: Iterable[o.Bind | o.Store]) -> bool:
    """Tell whether something is bound, or set, to an object of one of some classes."""
    return any(v.called_name(row.value) in classes for row in rows)


def is_taken_elsewhere(facts: Program, part: int) -> bool:
    """Tell whether a part is in a generator expression that is not taken to its end on the spot."""
    for around in facts.flow.ancestors(part):
        row = facts.outline.parts[around]
        if row.kind == "genexp" and not facts.bare.is_taken_here(row.access, row.call):
            return True
    return False
